// Makes src/generated.ts from the schemas of lookout's documents, so that the types are what lookout
// promises and not what somebody once typed by hand. With `--check` it writes nothing and fails when
// the file that is checked in differs.
//
// Schemas are compiled together with what they refer to written out, because each brings its own
// definition of a time, which would become one type for every place that uses it. Titles are
// sentences for people; types are named after the files.

import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const SCHEMAS = new URL("../../../schemas/", import.meta.url);
const OUT = new URL("../src/generated.ts", import.meta.url);

/** The documents that a client meets. */
const DOCUMENTS = [
  "cascading_failure_prevented",
  "circuit_breaker",
  "direct_answer",
  "health",
  "infrastructure_error",
  "infrastructure_recovered",
  "observer",
  "pair_deaf",
  "remedy_action",
  "service_degraded",
  "service_recovered",
  "service_unavailable",
  "service_verdict",
];

const BANNER = `// Made by \`npm run types\` from ../../schemas; do not edit. It exists so that the types of documents
// follow the schemas: \`npm run types:check\` fails when this file is older than they are.`;

const pascal = (name) => name.replace(/(^|_)([a-z])/g, (_, __, letter) => letter.toUpperCase());

/** The schema with references to its own definitions written out; what stands beside one wins. */
function inlined(schema, definitions) {
  if (Array.isArray(schema)) return schema.map((it) => inlined(it, definitions));
  if (schema === null || typeof schema !== "object") return schema;
  const { $ref, ...rest } = schema;
  const target = $ref === undefined ? {} : definitions[$ref.replace("#/$defs/", "")];
  if (target === undefined) throw new Error(`${$ref} is defined nowhere`);
  const whole = Object.entries({ ...target, ...rest });
  // Members have no order that means anything; a fixed one keeps changes of this file small.
  whole.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(whole.map(([key, value]) => [key, inlined(value, definitions)]));
}

/** The document's schema under the name of its type. */
function named(name) {
  const read = JSON.parse(readFileSync(new URL(`${name}.json`, SCHEMAS)));
  const { $defs = {}, $id: _, $schema: __, ...schema } = read;
  const description = [schema.title, schema.description].filter(Boolean).join(".\n\n");
  return [pascal(name), { ...inlined(schema, $defs), title: pascal(name), description }];
}

const all = { title: "Documents", type: "object", $defs: Object.fromEntries(DOCUMENTS.map(named)) };
const compiled = await compile(all, "Documents", { bannerComment: BANNER, unreachableDefinitions: true });
// That a definition was referred to by the whole is true of each, and tells nothing.
const made = compiled
  .replaceAll(
    / \*\n \* This interface was referenced by `Documents`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/g,
    "",
  )
  .replace(/export interface Documents \{[^}]*\}\n/, "");

if (!process.argv.includes("--check")) {
  writeFileSync(OUT, made);
} else if (readFileSync(OUT, "utf8") !== made) {
  console.error("src/generated.ts is not what the schemas say; run: npm run types");
  process.exitCode = 1;
}

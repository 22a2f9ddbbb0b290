// Makes src/generated.ts from the schemas of what lookout publishes, so that a document that changes
// shows as a type that changes. With --check it only says whether the file is as it should be.

import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const schemas = new URL("../../../schemas/", import.meta.url);
const file = new URL("../src/generated.ts", import.meta.url);

/** The documents that are read here. */
const documents = {
  ServiceVerdict: "service_verdict",
  CircuitBreaker: "circuit_breaker",
  ServiceUnavailable: "service_unavailable",
  InfrastructureError: "infrastructure_error",
  InfrastructureRecovered: "infrastructure_recovered",
  Health: "health",
  Observer: "observer",
};

/** Puts definitions where they are referred to: documents that share one would each declare it. */
function inline(node, definitions) {
  if (Array.isArray(node)) return node.map((item) => inline(item, definitions));
  if (node === null || typeof node !== "object") return node;
  const { $ref, $defs, $id, ...rest } = node;
  const own = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inline(value, definitions)]));
  const name = typeof $ref === "string" ? $ref.replace("#/$defs/", "") : undefined;
  return name === undefined ? own : { ...inline(definitions[name], definitions), ...own };
}

let text = "// Made from the schemas by `npm run types`; do not edit.\n";
for (const [name, schema] of Object.entries(documents)) {
  const parsed = JSON.parse(readFileSync(new URL(`${schema}.json`, schemas), "utf8"));
  const whole = { ...inline(parsed, parsed.$defs ?? {}), title: name };
  text += `\n${await compile(whole, name, { bannerComment: "" })}`;
}

if (process.argv.includes("--check")) {
  if (readFileSync(file, "utf8") !== text) {
    console.error("src/generated.ts is not what the schemas make: run npm run types");
    process.exit(1);
  }
} else {
  writeFileSync(file, text);
}

// Parses an AsyncAPI document and prints what the parser finds wrong with it, as JSON.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

// Nothing may be fetched: the document has to hold all that it needs.
const parser = new Parser({ __unstable: { resolver: { cache: false, resolvers: [] } } });
const text = await readFile(process.argv[2], "utf8");
const { document, diagnostics } = await parser.parse(text, { source: process.argv[2] });
const found = diagnostics.map(({ severity, code, path, message }) => ({
  severity,
  code: String(code),
  path: path.join("/"),
  message,
}));
const channels = document ? document.channels().all().length : 0;
const operations = document ? document.operations().all().length : 0;
console.log(JSON.stringify({ parsed: Boolean(document), channels, operations, found }));

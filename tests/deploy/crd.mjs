// Holds manifests of Prometheus Operator, a line of JSON each on stdin, to its definitions.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// The packages are not beside this file, but where scripts/deploy-tools put them.
const packages = pathToFileURL(process.argv[2] + "/node_modules/@kubernetes-models/");
const operator = await import(new URL("prometheus-operator/monitoring.coreos.com/v1/index.js", packages));
for await (const line of createInterface({ input: process.stdin })) {
  const document = JSON.parse(line);
  const Kind = operator[document.kind];
  if (!Kind) throw new Error(`no kind ${document.kind}`);
  new Kind(document).validate();
  console.error(`${document.kind} ${document.metadata.name} is as it should be`);
}

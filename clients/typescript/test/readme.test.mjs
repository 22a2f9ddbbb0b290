// The examples of the README: the first one runs, all of them have the right types.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Broker, service } from "./kit.mjs";

const run = promisify(execFile);
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/```(js|ts)\n([\s\S]*?)```/g)].map(([, language, code]) => ({
  language,
  code,
}));
/** Inside the package, so that it can be imported by its name. */
const place = new URL("../dist/readme/", import.meta.url);

test("the first example runs", async (t) => {
  const broker = await Broker.start(t);
  const served = await service(t, broker, ({ params }) => ({ result: { id: params.id, name: "Ana" } }));
  mkdirSync(place, { recursive: true });
  const file = fileURLToPath(new URL("first.mjs", place));
  const url = "mqtt://localhost:1883";
  assert.ok(blocks[0].language === "js" && blocks[0].code.includes(url));
  const first = async () => {
    writeFileSync(file, blocks[0].code.replace(url, broker.tcp));
    return (await run(process.execPath, [file])).stdout;
  };
  assert.equal(await first(), "{ id: 'u-12', name: 'Ana' }\n");
  assert.equal(served.packets[0].properties.responseTopic, "session/web-1/response");
  served.how = () => ({ error: { code: -32001, message: "no", data: { details: { field: "id" } } } });
  assert.equal(await first(), "[ { field: 'id' } ]\n");
});

test("all examples have the right types", async () => {
  const folder = new URL("types/", place);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  assert.equal(blocks.length, 3);
  blocks.forEach(({ code }, at) => writeFileSync(new URL(`block-${at}.ts`, folder), code));
  const options = { rootDir: ".", noEmit: true, types: [] };
  writeFileSync(
    new URL("tsconfig.json", folder),
    JSON.stringify({
      extends: "../../../tsconfig.json",
      compilerOptions: options,
      include: ["*.ts"],
      exclude: [],
    }),
  );
  const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  await run(process.execPath, [tsc, "-p", fileURLToPath(folder)]).catch((error) =>
    assert.fail(error.stdout + error.stderr),
  );
});

// Builds the example page into dist/example: its script with all it needs in one file, and the rest
// as it is. It needs dist/index.js, as everybody who uses the package does.

import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

await build({
  entryPoints: [here("example/main.ts")],
  outfile: here("dist/example/main.js"),
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  sourcemap: true,
  legalComments: "linked",
  logLevel: "warning",
});
for (const file of ["index.html", "style.css"])
  copyFileSync(here(`example/${file}`), here(`dist/example/${file}`));

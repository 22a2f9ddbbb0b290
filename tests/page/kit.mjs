// A browser that lets nothing pass: no message of the console (a breach of the content policy is one),
// no request to anywhere else, no dialog.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.BROWSER_TOOLS}/`);
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The window of a desk, and of a phone. */
export const [DESK, PHONE] = [
  { width: 1360, height: 800 },
  { width: 360, height: 740 },
];

/** Opens the page in a browser; `problems` is what must stay empty, less what `allowed` lets pass. */
export async function open(base, { allowed = () => false, ...options } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
  });
  const page = await browser.newPage({ viewport: DESK, colorScheme: "light", ...options });
  const problems = [];
  const problem = (what) => allowed(what) || problems.push(what);
  // What a busy machine misses in one round of the demo comes again in the next.
  page.setDefaultTimeout(100_000);
  page.on("console", (message) => problem(`console: ${message.text()}`));
  page.on("pageerror", (error) => problem(`error: ${error.message}`));
  page.on("dialog", (dialog) => problem(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== new URL(base).origin) problem(`request: ${url}`);
  });
  await page.goto(base);
  return { browser, page, problems };
}

/** Waits until a text of the page is as wanted, and gives it. */
export async function says(page, selector, wanted) {
  const found = page.locator(selector).filter({ hasText: wanted }).first();
  await found.waitFor({ state: "attached" });
  return found.innerText();
}

/** Waits until there are so many. */
export async function counts(page, selector, wanted) {
  await page.waitForFunction(
    ([of, count]) => document.querySelectorAll(of).length === count,
    [selector, wanted],
  );
}

/** No rule of accessibility is broken, in either theme; on the whole page, or in a part of it. */
export async function accessible(page, what, part = "html") {
  await page.evaluate(AXE);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate(
      (of) =>
        globalThis.axe.run(of === "html" ? document : of, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
        }),
      part,
    );
    const told = violations.map(
      (it) =>
        `${it.id}: ${it.nodes
          .slice(0, 3)
          .map((node) => node.html.slice(0, 200))
          .join(" | ")}`,
    );
    assert.deepEqual(told, [], `${what}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/** Nothing is wider than the window, and no row of the list than itself. */
export async function fits(page, what) {
  const [wide, window, rows] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
    [...document.querySelectorAll(".row[data-rank]")].filter((row) => row.scrollWidth > row.clientWidth + 1)
      .length,
  ]);
  assert.ok(wide <= window, `${what}: ${wide} px in a window of ${window}`);
  assert.equal(rows, 0, `${what}: rows that are cut`);
}

// A service that does not answer and whose name means harm: its runbook is shown, and the name is text
// in it, in a command one word.

import assert from "node:assert/strict";
import { PHONE, accessible, fits, open, says } from "./kit.mjs";

const [base, service, word] = process.argv.slice(2);
const { browser, page, problems } = await open(base);
const harmless = async () => {
  assert.equal(await page.evaluate(() => globalThis.harm), undefined);
  assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
};
await says(page, '.row[data-rank="0"] .c-verdict', /^unavailable$/);
await page.locator('.row[data-rank="0"] .c-name a').first().click();
const book = page.locator("#service .runbook");
await book.waitFor();
assert.ok((await book.locator("summary strong").innerText()).startsWith(service), "its title has the name");
const commands = await book.locator("pre").allTextContents();
const selects = commands.filter((it) => it.includes("rollout restart"));
assert.ok(selects.length === 1 && selects[0].endsWith(`=${word}`), selects.join("\n"));
await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
await book.locator(".copy").last().click();
await says(page, "#service .runbook .copy", /^Copied$/);
assert.equal(await page.evaluate(() => navigator.clipboard.readText()), commands.at(-1));
await harmless();
if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/runbook.png`, fullPage: true });
await accessible(page, "a runbook");
await page.setViewportSize(PHONE);
await fits(page, "a runbook on a phone");
await page.locator('.part-incidents a[href*="incident"]').first().click();
await page.locator("#incident .runbook summary strong").waitFor();
await fits(page, "a runbook beside an incident on a phone");
await harmless();
assert.deepEqual(problems, []);
await browser.close();

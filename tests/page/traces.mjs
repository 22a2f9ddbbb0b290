// A service whose errors are told in traces: each error and the incident name theirs, short, to be taken
// along with a click or a key, and with a link where there is one to be had.

import assert from "node:assert/strict";
import { PHONE, accessible, fits, open, says } from "./kit.mjs";

const [linked, plain, service, traceId, traceUrl] = process.argv.slice(2);
const at = `#/service/${encodeURIComponent(service)}`;

/** Opens the page of the service, and gives the last column of its errors. */
async function shown(base) {
  const opened = await open(base);
  await opened.page.goto(`${base}${at}`);
  const cells = opened.page.locator('.part-recent td[data-title="trace"]');
  await cells.first().waitFor();
  assert.equal(await cells.count(), 20);
  return { ...opened, cells };
}

const { browser, page, problems, cells } = await shown(linked);
const copied = () => page.evaluate(() => navigator.clipboard.readText());
await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);

// By a click, and by a key.
const button = cells.first().locator("button");
assert.equal(await button.innerText(), traceId.slice(0, 8));
assert.equal(await button.getAttribute("title"), `Copy ${traceId}`);
await button.click();
await says(page, ".part-recent .trace button", /^Copied$/);
assert.equal(await copied(), traceId);
await page.evaluate(() => navigator.clipboard.writeText(""));
await cells.nth(1).locator("button").focus();
await page.keyboard.press("Enter");
await page.waitForFunction(async (id) => (await navigator.clipboard.readText()) === id, traceId);

/** A link leads where the operator said, and tells that place nothing of this one. */
async function leads(link) {
  assert.equal(await link.getAttribute("href"), traceUrl);
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  assert.equal(await link.getAttribute("target"), "_blank");
}
await leads(cells.first().locator("a"));
if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/traces.png`, fullPage: true });
await accessible(page, "errors with traces");
await page.setViewportSize(PHONE);
await fits(page, "errors with traces on a phone");

await page.locator('.part-incidents a[href*="incident"]').first().click();
await says(page, "#incident .facts .trace button", traceId);
await leads(page.locator("#incident .facts .trace a"));
await says(page, "#incident .story .trace button", traceId.slice(0, 8));
await leads(page.locator("#incident .story .trace a").first());
await accessible(page, "an incident with traces");
await fits(page, "an incident with traces on a phone");
if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/incident.png`, fullPage: true });
assert.equal(await page.evaluate(() => globalThis.harm), undefined);
assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
assert.deepEqual(problems, []);
await browser.close();

// Without a link there is none, and where nothing can be copied the id can be marked.
const other = await shown(plain);
assert.equal(await other.cells.locator("a").count(), 0);
await other.page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
await other.page.reload();
await says(other.page, ".part-recent .trace code", traceId);
await other.page.setViewportSize(PHONE);
await fits(other.page, "whole ids on a phone");
assert.deepEqual(other.problems, []);
await other.browser.close();

// The demo's script on the page: all is well, an outage appears, evolves and ends, lookout loses its
// link and finds it again; and every view meanwhile, by keys alone.

import assert from "node:assert/strict";
import { DESK, PHONE, accessible, counts, fits, open, says } from "./kit.mjs";

const { browser, page, problems } = await open(process.argv[2]);
const pictures = process.env.PICTURES;
const picture = async (name, options = {}) => {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, ...options });
};
const row = (name) => page.locator(".row").filter({ has: page.locator(`.c-name a[title="${name}"]`) });
const cell = (name, which) => row(name).locator(which).innerText();
const state = (wanted) => says(page, "#state-text", wanted);
const press = (key) => page.keyboard.press(key);

// All is well, for as long as lookout has run.
await state(/^All well$/);
await says(page, "#state-more", /since \d\d:\d\d:\d\d, for \d+/);
await counts(page, '.row[data-rank="3"]', 5);
assert.equal(await page.title(), "all well · lookout");
await says(page, "#figures div", /services\s*5/);
await says(page, "#incidents", /None is open/);
assert.ok(await page.locator("#badges").isHidden());
await accessible(page, "all is well");

// It appears: what, since when, for whom, and what lookout does about it.
await state(/1 service unavailable/);
await says(page, "#list .head + .row", /UserManagement/);
await says(page, '.row[data-rank="0"] .c-verdict', /^unavailable$/);
const told = await says(page, '.row[data-rank="0"] .c-why', /cascade held off at OrderService and Billing/);
assert.match(told, /not responding for \d+\ss/);
assert.match(told, /\d+ callers affected/);
assert.match(told, /circuit open: callers warned off, next trial in \d+\ss/);
assert.equal(await cell("UserManagement", ".c-circuit"), "open");
for (const held of ["OrderService", "Billing"])
  assert.match(await cell(held, ".c-why"), /waits for\s+UserManagement/);
const more = await page.locator("#state-more").innerText();
assert.match(more, /since \d\d:\d\d:\d\d, for \d+\ss/);
assert.match(more, /UserManagement/);
assert.match(more, /\d+ callers affected/);
assert.match(more, /lookout warns callers: 3 circuits not closed, next trial in \d+\ss/);
assert.match(await page.title(), /^● 1 down/);
assert.match(await page.locator("#icon").getAttribute("href"), /d3202c/);
await says(page, ".card .story", /unavailable: not responding/);
await says(page, ".card .story", /OrderService circuit closed → open: dependency unavailable/);
await says(page, "#feed li", /UserManagement unavailable: not responding/);
await says(page, "#alerts li", /^critical since .* UserManagement is unavailable LookoutServiceUnavailable$/);
await page.locator("#alerts li a").first().waitFor();
await says(
  page,
  "#feed li",
  /UserManagement cascade held off: circuits opened ahead for OrderService and Billing/,
);

// A flood of invalid calls speaks against nobody: tier 1 is high, the service healthy.
assert.equal(await cell("Inventory", ".c-verdict"), "healthy");
assert.ok(Number(await cell("Inventory", ".c-2")) > 30 && (await cell("Inventory", ".c-3")) === "0");

// The spans and the count down go on by themselves.
const left = () =>
  page.evaluate(() =>
    Number(document.querySelector('.row[data-rank="0"] [data-until]')?.textContent.match(/\d+/)?.[0]),
  );
const before = await left();
await page.waitForFunction(
  (was) =>
    !(
      Number(document.querySelector('.row[data-rank="0"] [data-until]')?.textContent.match(/\d+/)?.[0]) >= was
    ),
  before,
);

await picture("overview");
await page.emulateMedia({ colorScheme: "dark" });
await picture("overview-dark");
await page.emulateMedia({ colorScheme: "light" });
await page.setViewportSize(PHONE);
await fits(page, "the list on a phone");
await picture("phone");
await page.setViewportSize(DESK);

// By keys alone: filter, the first of what was found, its own view, along the graph, and back.
await press("/");
await page.keyboard.type("order");
await counts(page, "#list .row:not(.head)", 1);
await press("ArrowDown");
await press("Enter");
await says(page, "h1", /^OrderService$/);
await says(page, ".graph .self", /OrderService/);
await page.locator('.graph [aria-label="Calls"] a').filter({ hasText: "UserManagement" }).focus();
await press("Enter");
await says(page, "#service h1", /^UserManagement$/);
for (const method of ["getUser", "login", "updateUser"]) await says(page, ".part-methods tbody th", method);
for (const caller of ["OrderService", "Billing"])
  await says(page, '.graph [aria-label="Called by"] a', caller);
await counts(page, ".graph .edge", 2);
await page
  .locator('.heat rect.reply[data-count]:not([data-count="0"])')
  .first()
  .waitFor({ state: "attached" });
await says(page, ".part-recent tbody tr", /(getUser|login|updateUser)\s*unanswered/);
await says(page, ".part-errors tbody tr", /unanswered\s*2/);
await says(page, ".part-incidents .rail", /circuit closed → open/);
await says(page, ".part-facts", /service\/UserManagement/);
await page.locator(".heat rect.lost, .traffic .bad[d^=M]").first().waitFor({ state: "attached" });

// What to do about it, with its name filled in.
await says(page, "#service .runbook summary", /Runbook\s*UserManagement is there and does not answer\s*5 steps/);
await says(page, "#service .runbook pre", /^mosquitto_sub -h \S+ -t service\/UserManagement -v -W 15$/);
await says(page, "#service .runbook .facts", /time limit\s*2 min/);
await says(page, "#service .runbook li:last-child h3", /Start it anew\s*needs approval/);
await says(page, "#service .runbook li:last-child .facts", /impact\s*calls in progress are lost/);
await picture("service", { fullPage: true });
await accessible(page, "a service");
await page.setViewportSize(PHONE);
await fits(page, "a service on a phone");
await page.setViewportSize(DESK);
await page.locator('.part-incidents a[href*="incident"]').first().focus();
await press("Enter");
await says(page, "#incident h1", /Incident of UserManagement/);
await says(page, "#incident .runbook pre", /kubectl/);
await accessible(page, "an incident");
const address = page.url();
// The browser's way back is the way one came, Escape leads to the list as it was left.
await page.goBack();
await page.locator("#service").waitFor({ state: "visible" });
await says(page, "#service h1", /^UserManagement$/);
await press("Escape");
await page.locator("#overview").waitFor({ state: "visible" });
await counts(page, "#list .row:not(.head)", 1);
await press("/");
await press("Escape");
await counts(page, "#list .row:not(.head)", 5);
await press("Escape");
await press("j");
await press("j");
await press("k");
const focused = () => page.evaluate(() => document.activeElement.textContent);
assert.equal(await focused(), await page.locator("#list .head + .row .c-name a").innerText());
await press("f");
assert.equal(
  await page
    .locator('#verdicts [aria-pressed="true"]')
    .innerText()
    .then((it) => it.split(" ")[0]),
  "unavailable",
);
for (let at = 0; at < 4; at += 1) await press("f");
await counts(page, "#list .row:not(.head)", 5);
await press("?");
await says(page, "dialog[open]", /next service/);
await press("Escape");
await page.locator("dialog").waitFor({ state: "hidden" });
await press("t");
await press("t");
assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
await page.reload();
assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
await press("t");
assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "auto");

// It evolves and ends. A page that came later is told what was said before.
await says(page, "#feed li", /UserManagement unavailable: not responding/);
await says(page, "#feed li", /UserManagement circuit open → half-open: open timeout/);
await says(page, "#feed li", /UserManagement circuit half-open → closed: trial succeeded/);
await says(page, "#feed li", /UserManagement healthy again after \d+\ss; \d+ calls unanswered/);
await state(/^All well$/);
await says(page, "#incidents", /None is open/);
await says(page, "#incidents .over li", /UserManagement over after \d+\ss/);
const times = await page
  .locator("#feed time")
  .evaluateAll((all) => all.map((it) => it.getAttribute("datetime")));
assert.deepEqual(times, [...times].sort().reverse(), "the latest is first");
await accessible(page, "after the outage");
await page.goto(address);
await says(page, "#incident h1", /Incident of UserManagement is over/);
await says(page, "#incident .facts", /lasted\s*\d+\ss/);
await says(page, "#incident .story li:last-child", /circuit half open → closed: trial succeeded/);
await says(page, "#incident .story", /\+1\d\ss/);
await page.locator("#incident .runbook").waitFor({ state: "hidden" });
await picture("incident");
await page.setViewportSize(PHONE);
await fits(page, "an incident on a phone");
await page.setViewportSize(DESK);

// lookout's own link is cut: it blames nobody, and says so until its doubt is over.
await says(page, "#badges", /no link to the broker/);
await state(/^Cut off from the broker/);
assert.match(await page.title(), /^\? no link/);
await says(page, "#badges", /in doubt/);
await state(/^All well$/);
await page.locator("#badges").waitFor({ state: "hidden" });

assert.deepEqual(problems, []);
await browser.close();

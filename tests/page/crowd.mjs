// A thousand services, some with names that mean harm; and a lookout that ends and comes back.

import assert from "node:assert/strict";
import { DESK, PHONE, accessible, counts, fits, open, says } from "./kit.mjs";

const [base, services] = [process.argv[2], Number(process.argv[3])];
// That a connection was refused is what the browser says of its own when lookout is gone.
const allowed = (what) =>
  /Failed to load resource: net::ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET/.test(
    what,
  );
const { browser, page, problems } = await open(base, { allowed });
const rows = "#list .row:not(.head)";
await counts(page, rows, services);

// How long it takes from the first byte until the first rows are there, and all of them; and the
// longest task, then and while calls go on. These are figures to look at, not to pass or fail by.
await page.addInitScript((count) => {
  globalThis.tasks = [];
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) globalThis.tasks.push(task.duration);
  }).observe({ type: "longtask", buffered: true });
  const watch = () => {
    const here = document.querySelectorAll("#list .row[data-rank]").length;
    if (here > 0) globalThis.usable ??= performance.now();
    if (document.querySelectorAll("#list .row:not(.head)").length === count)
      globalThis.whole = performance.now();
    else requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
}, services);
await page.reload();
await page.waitForFunction(() => globalThis.whole);
const ms = async (of) => Math.round(await page.evaluate(of));
const [usable, whole, first] = [
  await ms(() => globalThis.usable),
  await ms(() => globalThis.whole),
  await ms(() => Math.max(0, ...globalThis.tasks.splice(0))),
];
const cell = await page.evaluate(async () => (await import("/page/store.js")).store.overview.cell);
await page.waitForFunction(
  async (was) => (await import("/page/store.js")).store.overview.cell > was + 1,
  cell,
  { polling: 500 },
);
const later = await ms(() => Math.max(0, ...globalThis.tasks));
console.log(
  `usable ${usable} ms, all rows ${whole} ms, longest task ${first} ms, longest while calls go on ${later} ms`,
);

// A component that is not well, as the API would tell of it: the program that runs here looks at none.
const said = "<b>disk</b>\u202e 97 % full";
const finding = {
  severity: "critical",
  message: said,
  recommendations: ["<i>du</i> -xh"],
  affectedServices: ["<b>A</b>"],
  estimatedResolution: "unknown",
  since: new Date().toISOString(),
  incident: "incident-1",
};
const component = { name: "disk_<i>data</i>", kind: "disk", critical: true, condition: "unhealthy", checks: 3, finding };
await page.route("**/api/v1/components", (route) =>
  route.fulfill({ json: { at: finding.since, components: [component] } }),
);
await page.reload();
await says(
  page,
  "#components li",
  "disk_<i>data</i> disk, critical, unhealthycritical: <b>disk</b>⟨U+202E⟩ 97 % full, for ",
);
await says(page, "#components .advice li", "<i>du</i> -xh");
await says(page, "#components .found", "explains <b>A</b>");
await page.unroute("**/api/v1/components");

// Alerts, with names that mean harm, and more than are shown.
const told = (severity, summary, inhibited = false, status = "firing") => ({
  alert: "LookoutServiceUnavailable",
  status,
  severity,
  labels: { service: summary },
  summary,
  description: "",
  startsAt: finding.since,
  inhibited,
  likelyCauses: [],
  suggestedActions: [],
  correlationId: "incident-1",
});
const firing = [told("critical", "<img src=x onerror=globalThis.harm=7>\u202e is unavailable")];
for (let at = 0; at < 9; at += 1) firing.push(told("warning", `w${at} is degraded`));
firing.push(told("warning", "silent", true), told("error", "past", false, "resolved"));
await page.route("**/api/v1/alerts?most=200", (route) =>
  route.fulfill({ json: { at: finding.since, alerts: firing, leftOut: 0 } }),
);
await page.reload();
await counts(page, "#alerts li", 8);
await says(page, "#alerts li", /^critical since .+ <img src=x onerror=globalThis.harm=7>⟨U\+202E⟩ is unavailable LookoutServiceUnavailable$/);
await says(page, "#alerts-more", /^and 2 more: \/api\/v1\/alerts; 1 alert silent, as these say enough$/);
await accessible(page, "alerts", "#alerts-section");
await page.setViewportSize(PHONE);
await fits(page, "alerts on a phone");
await page.setViewportSize(DESK);
await page.unroute("**/api/v1/alerts?most=200");

// Advice, as the API would tell of it after half an hour; with names that mean harm, and more than are shown.
assert.ok(await page.locator("#advice-section").isHidden(), "nothing to advise yet");
const piece = (service, method) => ({
  kind: "slow_replies",
  service,
  method,
  priority: "medium",
  score: 2.5,
  from: finding.since,
  hours: 2.5,
  evidence: [{ name: "p95", value: 3000, unit: "ms" }],
  impact: "one reply in <b>twenty</b> is slow",
  suggestion: "be quick\u202e",
});
const pieces = [piece("s0001", "<img src=x onerror=globalThis.harm=6>"), piece("\u202ex".repeat(60))];
for (let at = 2; at < 8; at += 1) pieces.push(piece(`gone-${at}`));
await page.route("**/api/v1/advice?most=8", (route) =>
  route.fulfill({
    json: { at: finding.since, judged: 10, tooLittle: 0, troubled: 0, leftOut: 5, findings: pieces },
  }),
);
await page.reload();
await counts(page, "#advice li", 8);
await says(
  page,
  "#advice li",
  /s0001 <img src=x onerror=globalThis.harm=6> medium: slow replies, from 2.5\sh of callsone reply in <b>twenty<\/b> is slowTry: be quick⟨U\+202E⟩/,
);
await page.locator("#advice li a").filter({ hasText: "s0001" }).waitFor();
await says(page, "#advice-more", /^and 5 more: lookout advise$/);
await accessible(page, "advice", "#advice-section");
await page.setViewportSize(PHONE);
await fits(page, "advice on a phone");
await page.setViewportSize(DESK);
await page.unroute("**/api/v1/advice?most=8");
await page.reload();
await counts(page, rows, services);

// Names are texts: nothing of them runs, turns what is beside them, or bursts the page.
const harmless = async () => {
  assert.equal(await page.evaluate(() => globalThis.harm), undefined);
  assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
};
await harmless();
const names = await page.locator(".row .c-name a").allTextContents();
assert.ok(
  names.some((name) => name.includes("<img src=x onerror=")),
  "it is shown as it is",
);
assert.ok(names.includes("⟨U+202E⟩gnp.exe⟨U+200F⟩"), "what turns text is made visible");
await page.locator("#filter").fill("img src");
await counts(page, rows, 1);
await page.locator(`${rows} a`).first().click();
await says(page, "#service h1", /^<img src=x onerror=/);
await says(page, ".part-methods tbody th", /^m$/);
await harmless();
await page.goBack();
await page.locator("#filter").fill("xxxxxxxx");
const long = page.locator(`${rows} .c-name a[title="${"x".repeat(250)}"]`);
await long.waitFor();
await counts(page, rows, 1);
const [width, list] = [
  await long.evaluate((it) => it.getBoundingClientRect().width),
  await page.locator("#list").evaluate((it) => it.clientWidth),
];
assert.ok(width < list / 2, "a long name is cut");
await page.setViewportSize(PHONE);
await fits(page, "a long name on a phone");
await long.click();
await says(page, "#service h1", /^x{250}$/);
await fits(page, "the view of a long name on a phone");
await page.goBack();
await page.locator("#filter").fill("");
for (const width of [320, 360, 600, 900, 901, 1024, 1300, 1301, 1920]) {
  await page.setViewportSize({ width, height: 800 });
  await fits(page, `all names in ${width} px`);
}
await page.setViewportSize(DESK);

// The last one can be reached by key, and is drawn when it is; Tab leads to the rows.
await page.keyboard.press("Escape");
await counts(page, rows, services);
await page.locator("#filter").fill("s0999");
await counts(page, rows, 1);
await page.keyboard.press("ArrowDown");
await says(page, ".row:not(.head) .c-4", /^\d/);
await page.locator("#filter").fill("");
await counts(page, rows, services);
await page.reload();
await counts(page, rows, services);
await page.keyboard.press("Tab");
await page.keyboard.press("Enter");
assert.ok(
  await page.evaluate(() => document.activeElement.closest(".row")),
  "the first Tab offers the services",
);

// A lookout that ends: what is shown is old, and says so, and its spans stand still.
assert.deepEqual(problems, []);
console.log("ready");
await says(page, "#state-text", /^No contact to lookout$/);
await says(page, "#badges", /shown as it was [3-9]\ss ago: /);
assert.ok(await page.evaluate(() => document.body.classList.contains("stale")));
await accessible(page, "old figures");
assert.equal(await page.title(), "? no contact · lookout");
assert.equal(await page.locator(rows).count(), services, "what was known is still there");
console.log("stale");

// One that comes back knows other services: the page knows no others then.
await page.locator("#badges .badge-stale").waitFor({ state: "detached" });
await page.waitForFunction(() => !document.body.classList.contains("stale"));
await counts(page, rows, services);
assert.deepEqual(problems, []);
await browser.close();

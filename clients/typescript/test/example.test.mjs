// The example page in a real browser: the banner comes when the service becomes unavailable, says
// when it will be back, and goes when it is; and nothing is said on the console.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { open, says } from "./browser.mjs";
import { Broker, CLUSTER, observer, service } from "./kit.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** No rule of accessibility is broken, in either theme. */
async function accessible(page) {
  await page.evaluate(AXE);
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
    const { violations } = await page.evaluate(
      (runOnly) => globalThis.axe.run(document, { runOnly }),
      runOnly,
    );
    assert.deepEqual(
      violations.map((it) => `${it.id}: ${it.nodes[0]?.html}`),
      [],
      colorScheme,
    );
  }
}

test("the banner of the example comes and goes with the outage", async (t) => {
  const broker = await Broker.start(t);
  const billing = await service(t, broker, () => ({ result: { balance: "<b>12.50</b>" } }));
  const lookout = await observer(t, broker);
  await lookout.online();
  const { page, problems } = await open(t, broker, CLUSTER, "Billing");
  const banner = page.locator("#banner");
  const call = () => page.getByRole("button", { name: "Call" }).click();

  await says(page, "#link", "connected, lookout is there");
  assert.equal(await banner.isVisible(), false);
  await call();
  await says(page, "#answer", '"balance": "<b>12.50</b>"');
  assert.equal(billing.calls.length, 1);

  const now = Date.now();
  await lookout.event("service_unavailable", {
    service: "Billing",
    reason: "no_running_pods",
    estimatedRecovery: "2-5 minutes",
  });
  await lookout.verdict("Billing", "unavailable", { reason: "no_running_pods" });
  await lookout.circuit("Billing", "open", {
    reason: "failure_rate",
    timestamp: lookout.stamp(now),
    retryAfter: lookout.stamp(now + 120_000),
  });
  await says(page, "#banner", "Billing is temporarily unavailable, back in about 2 minutes");
  assert.equal(await banner.isVisible(), true);
  await call();
  await says(page, "#answer", /^CircuitOpen: the circuit of Billing is open; try again in 1[0-9]{2} s$/);
  assert.equal(billing.calls.length, 1, "it was not called");
  await accessible(page);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });

  await lookout.circuit("Billing", "closed", {
    reason: "trial_succeeded",
    timestamp: lookout.stamp(Date.now() + 1_000),
  });
  await lookout.verdict("Billing", "healthy");
  await banner.waitFor({ state: "hidden" });
  await call();
  await says(page, "#answer", '"balance"');

  const harm = "<img src=x onerror=globalThis.harm=1>";
  await page.getByLabel("Service").fill(harm);
  await lookout.circuit(harm, "open");
  await says(page, "#banner", `${harm} is temporarily unavailable, back soon`);
  assert.equal(await page.evaluate(() => globalThis.harm), undefined);

  broker.kill();
  await says(page, "#banner", "No connection at the moment");
  // A browser itself says so when it cannot connect; everything else is a mistake of the page.
  const ours = problems.filter((it) => !/WebSocket connection to '[^']*' failed/.test(it));
  assert.deepEqual(ours, []);
});

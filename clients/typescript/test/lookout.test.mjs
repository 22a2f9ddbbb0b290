// With the real lookout: a service is killed, the next call fails at once and says why, in Node over TCP
// and over a WebSocket, and in a page in Chromium; it is started again, and the calls of these clients
// alone bring it back.
//
// `LOOKOUT` names the program; without it these tests are left out, which is said.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { open, says, timedCall } from "./browser.mjs";
import { AT_ONCE, Broker, PATIENCE, client, failsAtOnce, service, until } from "./kit.mjs";

const program = process.env.LOOKOUT;
/** Answers before anything happens, so that lookout knows how long this service takes. */
const BEFORE = 60;

/** lookout with short spans. */
async function lookout(t, broker) {
  const settings = [
    ["cluster", "test"],
    ["id", "lookout-1"],
    ["http.listen", "127.0.0.1:0"],
    ["patience.min", "1s"],
    ["verdict.min_silence", "2s"],
    ["verdict.clear_after", "2s"],
    ["circuit.min_silence", "2s"],
    ["circuit.open_timeout", "8s"],
    ["doubt.after", "1s"],
  ];
  const file = join(broker.directory, "lookout.toml");
  writeFileSync(file, `[broker]\nurl = "${broker.tcp}"\n`);
  const set = settings.flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith("LOOKOUT"));
  const child = spawn(program, ["run", "--config", file, "--json", ...set], {
    stdio: ["ignore", "pipe", "pipe"],
    env: Object.fromEntries(clean),
  });
  let said = "";
  for (const output of [child.stdout, child.stderr])
    output.on("data", (data) => (said = (said + data).slice(-100_000)));
  let over = false;
  child.on("exit", () => (over = true));
  child.on("error", (error) => ((over = true), (said += error.message)));
  t.after(() => child.kill("SIGKILL"));
  await until("lookout", () => over || said.includes("subscribed to "));
  assert.ok(!over, said);
}

test(
  "a killed service fails calls at once until it is back",
  { skip: program ? false : "LOOKOUT names no program" },
  async (t) => {
    const broker = await Broker.start(t);
    await lookout(t, broker);
    const of = { cluster: "test", trialEvery: 1_000, timeout: 5_000 };
    const [tcp, web] = [await client(t, broker.tcp, of), await client(t, broker.web, { ...of, version: 4 })];
    const both = [tcp, web];
    // Somebody who knows nothing of lookout and goes on calling.
    const deaf = await client(t, broker.tcp, { cluster: "nobody", ownTimeouts: 1e9 });
    let served = await service(t, broker, () => ({ result: "ok" }), "service/Billing");
    const { page, problems } = await open(t, broker, "test", "Billing");
    await until("a lookout", () => both.every((it) => it.observed));
    await says(page, "#link", "connected, lookout is there");
    // Slowly enough for lookout to hear all of it, whatever the machine does besides.
    for (let count = 0; count < BEFORE; count += 1) assert.equal(await deaf.call("Billing", "pay"), "ok");
    await until(
      "a verdict",
      async () =>
        (await tcp.call("Billing", "pay")) && both.every((it) => it.service("Billing").verdict === "healthy"),
    );

    assert.equal((await timedCall(page)).told, '"ok"');

    served.client.end(true);
    const calls = [];
    await until("the outage", async () => {
      calls.push(deaf.call("Billing", "pay", {}, { timeout: 500 }).catch(() => {}));
      await new Promise((then) => setTimeout(then, 50));
      return both.every((it) => it.service("Billing").circuit === "open");
    });
    for (const platform of both) {
      const error = await failsAtOnce(platform, "Billing");
      assert.deepEqual([error.kind, error.by], ["CircuitOpen", "lookout"]);
      // Which of the two is first depends on how fast the calls ran out.
      assert.ok(["consecutive_unanswered", "failure_rate"].includes(error.reason), error.reason);
      assert.ok(error.retryAfter > 0 && error.retryAfter < 9_000, `${error.retryAfter}`);
    }
    // The page, in Chromium over the WebSocket: it says so by itself, and does not wait either.
    await says(page, "#banner", /^Billing is temporarily unavailable, back (soon|in about )/);
    const inPage = [await timedCall(page), await timedCall(page), await timedCall(page)];
    for (const { told } of inPage)
      assert.match(told, /^CircuitOpen: the circuit of Billing is open; try again in [1-9] s$/);
    assert.ok(Math.min(...inPage.map((it) => it.took)) < AT_ONCE, JSON.stringify(inPage));
    await Promise.all(calls);
    const strategy = tcp.strategy("Billing");
    assert.ok(
      strategy.preferCache && strategy.deferWrites && strategy.because.includes("service_unavailable"),
      JSON.stringify(strategy),
    );

    served = await service(t, broker, () => ({ result: "back" }), "service/Billing");
    await until("recovery", async () => {
      for (const it of both) await it.call("Billing", "pay").catch(() => {});
      await new Promise((then) => setTimeout(then, 50));
      return both.every(
        (it) => it.service("Billing").circuit === "closed" && it.service("Billing").verdict === "healthy",
      );
    });
    for (const platform of both)
      assert.equal(await platform.call("Billing", "pay", {}, { timeout: PATIENCE }), "back");
    assert.deepEqual(tcp.strategy("Billing").because, []);
    await page.locator("#banner").waitFor({ state: "hidden" });
    assert.equal((await timedCall(page)).told, '"back"');
    assert.deepEqual(problems, []);
  },
);

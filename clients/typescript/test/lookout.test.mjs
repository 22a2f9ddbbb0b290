// The whole thing: a real Mosquitto, a real lookout (its path is in LOOKOUT), a service that dies and
// returns; the client in Node, and the example page in headless Chromium over WebSocket.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { caller, hand, Mosquitto, outcome, teller, until } from "./kit.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** lookout with spans of some seconds where the defaults are longer. */
function lookout(test, broker) {
  const program = process.env.LOOKOUT;
  assert.ok(program, "LOOKOUT is the path of lookout");
  const directory = mkdtempSync(join(tmpdir(), "lookout-"));
  const file = join(directory, "lookout.toml");
  writeFileSync(
    file,
    `cluster = "test"
id = "lookout-typescript"
[broker]
url = "${broker.tcp}"
[http]
listen = "127.0.0.1:0"
[patience]
initial = "1s"
min = "1s"
[verdict]
min_silence = "2s"
clear_after = "2s"
[circuit]
min_silence = "60s"
[doubt]
after = "1s"
`,
  );
  const child = spawn(program, ["run", "--config", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  test.after(() => {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  });
  return { kill: () => child.kill("SIGKILL"), said: () => said };
}

/** Calls until lookout knows the service, and how long its answers take. */
async function warmUp(client) {
  let calls = 0;
  await until("health", async () => {
    assert.equal(await client.call("Billing", "ok", 7), 7);
    calls += 1;
    return calls >= 30 && client.service("Billing").verdict === "healthy";
  });
}

/** Has calls fail, one in 200 ms, until lookout says that the service is away; nobody waits for these. */
async function wearDown(client) {
  const calls = setInterval(() => void outcome(client.call("Billing", "silent", 0)), 200);
  try {
    await until("verdict", () => client.service("Billing").verdict === "unavailable");
  } finally {
    clearInterval(calls);
  }
}

test("a service that dies costs callers milliseconds, and its return is noticed", async (t) => {
  const broker = await Mosquitto.start(t);
  const running = lookout(t, broker);
  let service = await hand(t, broker.tcp, "Billing");
  const client = await caller(t, broker.tcp, "s-1", { trialEvery: 1_000 });
  await until(`lookout; it said: ${running.said()}`, () => client.lookout);
  await warmUp(client);
  await service.client.endAsync(true);
  await wearDown(client);
  const fast = async () => {
    const begin = performance.now();
    const error = await client.call("Billing", "ok", 7).catch((error) => error);
    const took = performance.now() - begin;
    assert.ok(took < 50, `${took} ms: ${error}`);
    return error;
  };
  const error = await fast();
  assert.deepEqual([error.kind, error.facts.reason, error.facts.source], ["unavailable", "not_responding", "lookout"]);
  assert.ok(error.retryAfter > 0 && error.facts.incident.startsWith("incident-"));
  assert.ok(client.strategy("Billing").preferCache);

  service = await hand(t, broker.tcp, "Billing");
  await until("recovery", async () => {
    const came = await outcome(client.call("Billing", "ok", 7));
    assert.ok([7, "unavailable", "circuit-open"].includes(came), `${came}`);
    return client.service("Billing").verdict === "healthy";
  });
  assert.deepEqual(client.strategy("Billing").because, []);

  running.kill();
  await until("absence", () => !client.lookout);
  assert.equal(await client.call("Billing", "ok", 7), 7);
  for (let call = 0; call < 3; call += 1) {
    assert.equal(await outcome(client.call("Billing", "silent", 0, { deadline: 50 })), "timeout");
  }
  assert.equal((await fast()).facts.source, "own");
});

/** The example's files, as any web server has them. */
async function serve(test) {
  const example = new URL("../example/", import.meta.url);
  const types = { html: "text/html; charset=utf-8", js: "text/javascript" };
  const server = createServer((request, answer) => {
    const name = request.url === "/" || request.url.startsWith("/?") ? "index.html" : request.url.slice(1);
    const type = types[name.split(".").pop()];
    if (name !== "index.html" && name !== "main.js") return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": type }).end(readFileSync(new URL(name, example)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

async function browser(test, url) {
  const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  test.after(() => chrome.close());
  const page = await chrome.newPage({ viewport: { width: 900, height: 520 } });
  const problems = [];
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  return { page, problems };
}

test("the example in Chromium says that the service is away, for how long, and that it is back", async (t) => {
  const broker = await Mosquitto.start(t);
  const service = await hand(t, broker.tcp, "Billing");
  const said = await teller(t, broker.tcp);
  await said.present(true);
  await said.verdict("Billing", "healthy");
  const base = await serve(t);
  const name = encodeURIComponent("<img src=x onerror=alert(1)>");
  const { page, problems } = await browser(t, `${base}/?broker=${encodeURIComponent(broker.websocket)}&cluster=test&service=Billing&method=ok&user=${name}`);
  const banner = page.getByRole("alert");
  await page.getByRole("button", { name: "Charge" }).click();
  await page.getByText("Charged 7").waitFor();
  assert.equal(await banner.isVisible(), false);

  await said.document("errors", false, "service_unavailable", { service: "Billing", reason: "not_responding", estimatedRecovery: "2-5 minutes" });
  await said.verdict("Billing", "unavailable", "not_responding");
  await banner.filter({ hasText: "Billing is temporarily unavailable, back in about 2 minutes." }).waitFor();
  service.taken();
  await page.getByRole("button", { name: "Charge" }).click();
  await page.getByText("Not charged").waitFor();
  assert.equal(service.taken(), 0, "nothing was sent");
  if (process.env.PICTURE !== undefined) await page.screenshot({ path: process.env.PICTURE });

  await said.verdict("Billing", "healthy");
  await banner.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Charge" }).click();
  await page.getByText("Charged 7").waitFor();
  broker.kill();
  await banner.filter({ hasText: "You are offline." }).waitFor();
  // The browser itself says that it cannot reach the broker any more.
  assert.deepEqual(problems.filter((problem) => !problem.includes("WebSocket connection")), []);
});

test("the example follows a real lookout", async (t) => {
  const broker = await Mosquitto.start(t);
  lookout(t, broker);
  let service = await hand(t, broker.tcp, "Billing");
  const client = await caller(t, broker.tcp, "s-1", { trialEvery: 1_000 });
  await until("lookout", () => client.lookout);
  await warmUp(client);
  const base = await serve(t);
  const { page, problems } = await browser(t, `${base}/?broker=${encodeURIComponent(broker.websocket)}&cluster=test&service=Billing&method=ok`);
  const banner = page.getByRole("alert");
  await page.getByRole("button", { name: "Charge" }).click();
  await page.getByText("Charged 7").waitFor();
  await service.client.endAsync(true);
  await wearDown(client);
  await banner.filter({ hasText: "Billing is temporarily unavailable, back soon." }).waitFor();
  service = await hand(t, broker.tcp, "Billing");
  await until("recovery", async () => {
    await outcome(client.call("Billing", "ok", 7));
    return client.service("Billing").verdict === "healthy";
  });
  await banner.waitFor({ state: "hidden" });
  assert.deepEqual(problems, []);
});

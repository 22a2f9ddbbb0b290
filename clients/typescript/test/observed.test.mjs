// Calls on a platform that is observed: what lookout says is heeded at once, by all clients together.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Broker,
  HandClock,
  PATIENCE,
  change,
  client,
  failsAtOnce,
  failure,
  line,
  observer,
  service,
  until,
} from "./kit.mjs";

async function setting(t, options = {}, how = () => ({ result: "ok" })) {
  const broker = await Broker.start(t);
  const served = await service(t, broker, how);
  const lookout = await observer(t, broker);
  await lookout.online();
  const platform = await client(t, broker.tcp, options);
  await until("a lookout", () => platform.observed);
  return { broker, served, lookout, platform };
}

for (const [name, way] of [
  ["MQTT 5 over TCP", (broker) => [broker.tcp, 5]],
  ["MQTT 3.1.1 over TCP", (broker) => [broker.tcp, 4]],
  ["MQTT 5 over a WebSocket", (broker) => [broker.web, 5]],
]) {
  test(`an open circuit fails calls at once, ${name}`, async (t) => {
    const broker = await Broker.start(t);
    const [url, version] = way(broker);
    const served = await service(t, broker, () => ({ result: "ok" }));
    const lookout = await observer(t, broker);
    await lookout.online();
    const platform = await client(t, url, { version });
    await until("a lookout", () => platform.observed);
    assert.equal(await platform.call("a/b", "m"), "ok");

    const opened = change(platform, "open", (it) => it.what === "circuit" && it.state === "open");
    const now = Date.now();
    await lookout.circuit("a/b", "open", {
      reason: "failure_rate",
      timestamp: lookout.stamp(now),
      retryAfter: lookout.stamp(now + 300_000),
    });
    assert.deepEqual(await opened, {
      what: "circuit",
      service: "a/b",
      state: "open",
      reason: "failure_rate",
    });
    const error = await failsAtOnce(platform, "a/b");
    assert.deepEqual([error.kind, error.by, error.reason], ["CircuitOpen", "lookout", "failure_rate"]);
    assert.ok(error.retryAfter > 200_000 && error.retryAfter <= 300_000, `${error.retryAfter}`);
    assert.equal(await platform.call("other", "m"), "ok");
    assert.deepEqual(platform.strategy("a/b").because, ["circuit_open"]);

    // One who joins late knows it from what is retained.
    const late = await client(t, url, { version });
    await until("the circuit", () => late.observed && late.service("a/b").circuit === "open");
    const told = await failure(late.call("a/b", "m"));
    assert.ok(told.kind === "CircuitOpen" && told.retryAfter <= 300_000 && told.retryAfter > 200_000);

    const closed = change(platform, "closed", (it) => it.what === "circuit" && it.state === "closed");
    await lookout.circuit("a/b", "closed", { reason: "trial_succeeded" });
    await closed;
    assert.equal(await platform.call("a/b", "m"), "ok");
    assert.deepEqual(
      served.calls.map((it) => it.topic),
      ["service/a/b", "service/other", "service/a/b"],
    );
  });
}

test("the first call knows what is retained", async (t) => {
  const broker = await Broker.start(t);
  const lookout = await observer(t, broker);
  await lookout.online();
  for (const name of ["A", "B", "C"]) await lookout.circuit(name, "open");
  for (const [url, version] of [
    [broker.tcp, 5],
    [broker.tcp, 4],
    [broker.web, 5],
  ]) {
    const platform = await client(t, url, { version });
    assert.equal((await failure(platform.call("C", "m"))).kind, "CircuitOpen");
  }
});

test("half-open lets exactly three calls of ten clients through", async (t) => {
  const { broker, served, lookout } = await setting(t);
  await lookout.circuit("A", "half_open", { trialCalls: 3 });
  const options = { claimWait: PATIENCE, trialEvery: 3_600_000, timeout: 2 * PATIENCE };
  const ways = [
    [broker.tcp, 5],
    [broker.tcp, 4],
    [broker.web, 5],
  ];
  const platforms = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      client(t, ways[at % 3][0], { ...options, version: ways[at % 3][1] }),
    ),
  );
  await until("all know", () =>
    platforms.every((it) => it.observed && it.service("A").circuit === "half_open"),
  );
  const outcome = (call) =>
    call.then(
      (value) => value,
      (error) => error.kind,
    );
  const outcomes = await Promise.all(
    platforms.flatMap((it) => [1, 2, 3, 4].map(() => outcome(it.call("A", "m")))),
  );
  assert.deepEqual(
    [outcomes.filter((it) => it === "ok").length, outcomes.filter((it) => it === "CircuitOpen").length],
    [3, 37],
  );
  assert.equal(served.calls.length, 3);
  const later = await failure(platforms[0].call("A", "m"));
  assert.ok(later.kind === "CircuitOpen" && later.retryAfter > 3_000_000);
  assert.deepEqual(platforms[0].strategy("A").because, ["circuit_half_open"]);
});

test("an open circuit whose time is over lets one call a round through", async (t) => {
  const clock = new HandClock();
  const { served, lookout, platform } = await setting(t, { clock, claimWait: PATIENCE });
  const now = Date.now();
  await lookout.circuit("A", "open", {
    timestamp: lookout.stamp(now),
    retryAfter: lookout.stamp(now + 10_000),
  });
  await until("open", () => platform.service("A").circuit === "open");
  assert.equal((await failure(platform.call("A", "m"))).retryAfter, 10_000);
  await clock.go(10_000);
  assert.equal(await platform.call("A", "m"), "ok");
  assert.equal((await failure(platform.call("A", "m"))).retryAfter, 30_000);
  await clock.go(30_000);
  assert.equal(await platform.call("A", "m"), "ok");
  assert.equal((await failure(platform.call("A", "m"))).kind, "CircuitOpen");
  assert.equal(served.calls.length, 2);
});

test("an unavailable service with a closed circuit is tried by a few, and called again once it closed", async (t) => {
  const clock = new HandClock();
  const { served, lookout, platform } = await setting(t, { clock, claimWait: PATIENCE });
  await lookout.event("service_unavailable", { service: "A", estimatedRecovery: "2-5 minutes" });
  await lookout.verdict("A", "unavailable", { reason: "not_responding", correlationId: "incident-7" });
  await until("the verdict", () => platform.service("A").verdict === "unavailable");
  const { kind, by, reason, incident, estimate, retryAfter } = await failure(platform.call("A", "m"));
  assert.deepEqual(
    [kind, by, reason, incident, estimate, retryAfter],
    ["Unavailable", "lookout", "not_responding", "incident-7", "2-5 minutes", 30_000],
  );
  await clock.go(30_000);
  const outcomes = await Promise.all(
    [1, 2, 3, 4, 5].map(() => platform.call("A", "m").catch((error) => error.kind)),
  );
  assert.deepEqual(outcomes, ["ok", "ok", "ok", "Unavailable", "Unavailable"]);
  assert.equal(served.calls.length, 3);
  await lookout.circuit("A", "closed", { timestamp: lookout.stamp(Date.now() + 60_000) });
  await until("closed", () => platform.service("A").retryAfter === undefined);
  for (let count = 0; count < 5; count += 1) assert.equal(await platform.call("A", "m"), "ok");
});

test("without a lookout the client counts time-outs itself", async (t) => {
  const clock = new HandClock();
  const { served, lookout, platform } = await setting(t, { clock }, () => undefined);
  await lookout.circuit("A", "open", { retryAfter: lookout.stamp(Date.now() + 300_000) });
  await until("open", () => platform.service("A").circuit === "open");
  const gone = change(platform, "gone", (it) => it.what === "lookout" && !it.present);
  await lookout.online(false);
  await gone;

  const timesOut = async (ms) => {
    const seen = served.calls.length;
    const open = failure(platform.call("A", "m", {}, { timeout: ms }));
    await until("the call", () => served.calls.length === seen + 1);
    await clock.go(ms);
    assert.equal((await open).kind, "Timeout");
  };
  const refused = async () => {
    const seen = served.calls.length;
    const { kind, by, retryAfter } = await failure(platform.call("A", "m"));
    assert.deepEqual([kind, by, served.calls.length], ["CircuitOpen", "own", seen]);
    return retryAfter;
  };
  for (let count = 0; count < 3; count += 1) await timesOut(1_000);
  assert.equal(await refused(), 30_000);
  assert.deepEqual(platform.strategy("A").because, ["circuit_open"]);
  await clock.go(30_000);
  await timesOut(1_000);
  assert.equal(await refused(), 60_000);
  await clock.go(60_000);
  served.how = () => ({ error: { code: -32004, message: "an error is an answer" } });
  assert.equal((await failure(platform.call("A", "m"))).kind, "NotFound");
  served.how = () => ({ result: "ok" });
  assert.equal(await platform.call("A", "m"), "ok");

  // And what lookout says counts again as soon as it is there.
  const back = change(platform, "back", (it) => it.what === "lookout" && it.present);
  await lookout.online();
  await back;
  assert.equal((await failure(platform.call("A", "m"))).by, "lookout");
});

test("whatever is published on these topics, calls go on", async (t) => {
  const { broker, platform } = await setting(t);
  const other = await line(t, broker.tcp, []);
  const topics = [
    "errors",
    "emergency",
    "circuit-breaker",
    "circuit-breaker/A",
    "services/A",
    "health",
    "observer/x",
    "observer/x/y",
  ];
  const bodies = [
    "",
    "{",
    "null",
    "[]",
    '{"type":1}',
    '{"jsonrpc":"2.0","method":"circuit_breaker","params":[]}',
    "\u0000",
    "[".repeat(50_000),
  ];
  for (const topic of topics
    .map((it) => `system/production-us-east/${it}`)
    .concat(["trials/production-us-east/A"])) {
    for (const body of bodies) await other.publishAsync(topic, body, { qos: 1 });
    await other.publishAsync(topic, Buffer.from([0xc3, 0x28, 0xff]), { qos: 1 });
  }
  assert.equal(await platform.call("A", "m"), "ok");
  assert.ok(platform.observed);
});

test("an emergency is told, and so is trouble of a component", async (t) => {
  const { lookout, platform } = await setting(t);
  const told = change(platform, "component", (it) => it.what === "component");
  const emergency = change(platform, "emergency", (it) => it.what === "emergency");
  const document = {
    component: "db-1",
    kind: "postgresql",
    severity: "critical",
    message: "gone",
    affectedServices: ["A"],
  };
  await lookout.event("infrastructure_error", document, "emergency");
  assert.deepEqual(await emergency, { what: "emergency", type: "infrastructure_error", message: "gone" });
  assert.equal((await told).trouble, true);
  const { readOnly, because } = platform.strategy("A");
  assert.deepEqual([readOnly, because], [true, ["component:db-1"]]);
  await lookout.event("infrastructure_recovered", { component: "db-1" });
  await until("recovery", () => platform.components.size === 0);
});

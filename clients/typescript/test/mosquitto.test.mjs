// The client in Node against a real Mosquitto, over TCP with both versions of MQTT and over WebSocket;
// lookout is played by the test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Platform } from "../dist/index.js";
import { caller, freePort, hand, Mosquitto, outcome, teller, until } from "./kit.mjs";

const WAYS = [
  ["TCP, MQTT 5", "tcp", 5],
  ["TCP, MQTT 3.1.1", "tcp", 4],
  ["WebSocket, MQTT 5", "websocket", 5],
  ["WebSocket, MQTT 3.1.1", "websocket", 4],
];

for (const [name, way, protocolVersion] of WAYS) {
  test(`every answer ends its call: ${name}`, async (t) => {
    const broker = await Mosquitto.start(t);
    const service = await hand(t, broker.tcp, "Test");
    const client = await caller(t, broker[way], "s-1", { protocolVersion });
    assert.deepEqual(await client.call("Test", "ok", { a: [1, 2] }), { a: [1, 2] });
    assert.equal((await client.call("Test", "large")).length, 300_000);
    for (const [method, kind] of [["reject", "validation"], ["fail", "failed"], ["garbage", "malformed"]]) {
      assert.equal(await outcome(client.call("Test", method)), kind);
    }
    for (const bad of ["", "a/#", "+"]) assert.equal(await outcome(client.call(bad, "ok")), "unsendable");
    assert.equal(await client.call("Test", "foreign", 1), 1);
    assert.equal(await client.call("Test", "twice", 2), 2);
    assert.equal(await outcome(client.call("Test", "silent", 3, { deadline: 50 })), "timeout");
    const late = service.calls.at(-1);
    service.answer(late, { id: late.body.id, result: "late" });
    assert.equal(await client.call("Test", "ok", 4), 4);
    assert.deepEqual([client.strays, client.openCalls], [7, 0]);

    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const told = { deadline: 8_500, traceparent: trace, correlationId: "order-9", user: "u-12" };
    await client.call("Test", "ok", 7, told);
    const { body, properties } = service.calls.at(-1);
    const expected = { jsonrpc: "2.0", id: body.id, method: "ok", params: 7, replyTo: "session/s-1/response", correlationId: "order-9", sessionId: "s-1", userContext: { userId: "u-12" } };
    if (protocolVersion === 5) {
      assert.deepEqual(body, expected);
      assert.equal(properties.responseTopic, "session/s-1/response");
      assert.equal(String(properties.correlationData), String(body.id));
      assert.equal(properties.messageExpiryInterval, 9);
      assert.equal(properties.userProperties.traceparent, trace);
    } else {
      assert.deepEqual(body, { ...expected, traceparent: trace });
    }
    await client.call("Test", "ok", 8);
    assert.equal(service.calls.at(-1).properties.messageExpiryInterval, undefined);
  });
}

test("a link that breaks in mid-call ends it at once, and nothing is sent twice", async (t) => {
  for (const qos of [0, 1]) {
    const broker = await Mosquitto.start(t);
    const service = await hand(t, broker.tcp, "Test");
    const client = await caller(t, broker.tcp, `s-${qos}`, { qos });
    const open = client.call("Test", "silent", 1);
    await until("call", () => service.calls.length === 1);
    broker.kill();
    await assert.rejects(open, { kind: "link-down", facts: { sent: true } });
    assert.deepEqual([client.linkUp, client.openCalls, client.lookout], [false, 0, false]);
    await assert.rejects(client.request("Test", "ok", 2, { deadline: 100 }), { kind: "link-down", facts: { sent: false } });
    service.taken();
    await broker.launch();
    await until("service", () => service.client.connected);
    await client.ready(60_000);
    assert.equal(await client.call("Test", "ok", 3), 3);
    assert.deepEqual(service.calls.map((call) => call.body.params), [3]);
  }
});

test("without a broker the reason is said", async (t) => {
  const client = Platform.connect(`mqtt://127.0.0.1:${await freePort()}`, { linkWait: 300 });
  t.after(() => client.close());
  await assert.rejects(client.call("Test", "ok"), /no connection to the broker.*ECONNREFUSED/);
});

test("what is known to be away is not called, and says when to come back", async (t) => {
  const broker = await Mosquitto.start(t);
  const service = await hand(t, broker.tcp, "Test");
  const lookout = await teller(t, broker.tcp);
  await lookout.present(true);
  for (let number = 0; number < 100; number += 1) await lookout.verdict(`S${number}`, "healthy");
  await lookout.verdict("Test", "unavailable", "not_responding");
  const client = await caller(t, broker.websocket, "s-1");
  const changes = [];
  client.onChange((change) => changes.push(change));
  // Known from the first call, as Mosquitto sends what it keeps before it grants the next subscription.
  const refused = await client.call("Test", "ok").catch((error) => error);
  assert.deepEqual([refused.kind, refused.facts.reason, refused.facts.source], ["unavailable", "not_responding", "lookout"]);
  assert.ok(refused.retryAfter > 0 && refused.retryAfter <= 30_000, `${refused.retryAfter}`);
  await lookout.document("errors", false, "service_unavailable", { service: "Test", reason: "not_responding", estimatedRecovery: "2-5 minutes" });
  await until("estimate", () => client.strategy("Test").estimate === "2-5 minutes");

  await lookout.circuit("Test", "open", { retryAfter: lookout.time(20) });
  await until("circuit", () => client.service("Test").circuit === "open");
  const open = await client.call("Test", "ok").catch((error) => error);
  assert.equal(open.kind, "circuit-open");
  assert.ok(open.retryAfter > 15_000 && open.retryAfter <= 20_000, `${open.retryAfter}`);
  assert.equal(service.taken(), 0);
  const eager = await caller(t, broker.tcp, "s-2", { failFast: false });
  assert.equal(await eager.call("Test", "ok", 7), 7);

  await lookout.publish("circuit-breaker/Test", "", true);
  await lookout.verdict("Test", "healthy");
  await until("recovery", () => client.service("Test").verdict === "healthy" && client.service("Test").circuit === "closed");
  assert.equal(await client.call("Test", "ok", 7), 7);
  assert.deepEqual(changes.map((change) => change.what), ["circuit", "service"]);
});

test("ten clients share the few calls of a half-open circuit", async (t) => {
  const broker = await Mosquitto.start(t);
  const service = await hand(t, broker.tcp, "Test");
  const lookout = await teller(t, broker.tcp);
  await lookout.present(true);
  await lookout.verdict("Test", "healthy");
  const clients = [];
  for (let number = 0; number < 10; number += 1) clients.push(await caller(t, broker[number % 2 ? "tcp" : "websocket"], `s-${number}`));
  await lookout.circuit("Test", "half_open", { trialCalls: 3 });
  for (const client of clients) await until("circuit", () => client.service("Test").circuit === "half_open");
  const rush = async () => {
    const all = await Promise.all([...clients, ...clients, ...clients, ...clients].map((client) => outcome(client.call("Test", "ok", 7))));
    return [all.filter((it) => it === 7).length, all.filter((it) => it === "circuit-open").length, service.taken()];
  };
  assert.deepEqual(await rush(), [3, 37, 3]);
  assert.deepEqual(await rush(), [0, 40, 0]);
  await lookout.circuit("Test", "closed");
  for (const client of clients) await until("circuit", () => client.service("Test").circuit === "closed");
  assert.deepEqual(await rush(), [40, 0, 40]);
});

test("without lookout each caller counts for itself", async (t) => {
  const broker = await Mosquitto.start(t);
  const service = await hand(t, broker.tcp, "Test");
  const lookout = await teller(t, broker.tcp);
  await lookout.present(true);
  await lookout.circuit("Test", "open", { retryAfter: lookout.time(20) });
  const client = await caller(t, broker.tcp, "s-1");
  await until("circuit", () => client.service("Test").circuit === "open");
  await lookout.present(false);
  await until("absence", () => !client.lookout);
  assert.equal(await client.call("Test", "ok", 7), 7);
  for (let call = 0; call < 3; call += 1) {
    assert.equal(await outcome(client.call("Test", "silent", 0, { deadline: 30 })), "timeout");
  }
  service.taken();
  const refused = await client.call("Test", "ok").catch((error) => error);
  assert.deepEqual([refused.kind, refused.facts.source, service.taken()], ["circuit-open", "own", 0]);
  assert.ok(refused.retryAfter > 20_000);
  await lookout.circuit("Test", "closed");
  await lookout.present(true);
  await until("lookout", () => client.lookout && client.service("Test").circuit === "closed");
  assert.equal(await client.call("Test", "ok", 7), 7);
});

test("idempotent calls are made again, and an older answer is better than none", async (t) => {
  const broker = await Mosquitto.start(t);
  let [failures, calls] = [2, 0];
  const service = await hand(t, broker.tcp, "Moody");
  service.client.on("message", (_, payload) => {
    calls += 1;
    const { id } = JSON.parse(payload);
    const error = { code: -32603, message: "oh" };
    service.answer(service.calls.at(-1), calls <= failures ? { id, error } : { id, result: "done" });
  });
  const shelf = new Map();
  const cache = { get: (key) => shelf.get(JSON.stringify(key)), put: (key, value) => shelf.set(JSON.stringify(key), value) };
  const client = await caller(t, broker.tcp, "s-1", { retry: { first: 1, most: 1 }, cache });
  assert.equal(await client.call("Moody", "work", 1, { idempotent: true }), "done");
  assert.equal(calls, 3);
  [failures, calls] = [1, 0];
  assert.equal(await outcome(client.call("Moody", "work", 2)), "failed");
  assert.equal(calls, 1);
  broker.kill();
  await until("loss", () => !client.linkUp);
  const soon = { idempotent: true, deadline: 50 };
  assert.deepEqual(await client.request("Moody", "work", 1, soon), { value: "done", origin: "cache" });
  const instead = { ...soon, fallback: (error) => (error.unreachable ? "instead" : undefined) };
  assert.deepEqual(await client.request("Moody", "work", 3, instead), { value: "instead", origin: "fallback" });
  assert.equal(await outcome(client.call("Moody", "work", 3, soon)), "link-down");
});

// Calls over a real broker, in every way of reaching it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Broker, HandClock, client, failure, line, service, settled, until } from "./kit.mjs";

const WAYS = [
  ["MQTT 5 over TCP", (broker) => [broker.tcp, { version: 5 }]],
  ["MQTT 3.1.1 over TCP", (broker) => [broker.tcp, { version: 4 }]],
  ["MQTT 5 over a WebSocket", (broker) => [broker.web, { version: 5 }]],
  ["MQTT 3.1.1 over a WebSocket", (broker) => [broker.web, { version: 4 }]],
];

const ERRORS = [
  [{ code: -32001, message: "no", data: { details: { field: "email" } } }, "Validation"],
  [{ code: -32002, message: "no", data: { details: { rule: "r" } } }, "BusinessRule"],
  [{ code: -32003, message: "no" }, "Authorization"],
  [{ code: -32004, message: "no" }, "NotFound"],
  [{ code: -32005, message: "no" }, "Conflict"],
  [{ code: -32006, message: "no", data: { retryAfter: 2 } }, "RateLimited"],
  [{ code: -32007, message: "no" }, "ExecutionTimeout"],
  [{ code: -32503, message: "no" }, "Unavailable"],
  [{ code: -32603, message: "no" }, "Failed"],
  [{ code: -32601, message: "no" }, "Rejected"],
  ["text", "Rejected"],
];

for (const [name, way] of WAYS) {
  test(`calls and their answers, ${name}`, async (t) => {
    const broker = await Broker.start(t);
    const [url, options] = way(broker);
    const served = await service(t, broker, ({ params }) => ({ result: { got: params } }));
    const platform = await client(t, url, { ...options, session: "s-1" });

    assert.deepEqual(await platform.call("a/b", "m", { x: [1, "ü"] }), { got: { x: [1, "ü"] } });
    const { topic, request } = served.calls[0];
    assert.equal(topic, "service/a/b");
    const { jsonrpc, method, params, replyTo, sessionId, correlationId, id, traceparent, tracestate } = request;
    assert.deepEqual(
      [jsonrpc, method, params, replyTo, sessionId],
      ["2.0", "m", { x: [1, "ü"] }, "session/s-1/response", "s-1"],
    );
    assert.ok(Number.isSafeInteger(id) && correlationId.length > 0);
    const trace = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;
    const { properties } = served.packets[0];
    if (options.version === 5) {
      assert.equal(properties.responseTopic, "session/s-1/response");
      assert.equal(properties.correlationData.toString(), `s-1-${id}`);
      assert.equal(properties.messageExpiryInterval, undefined, "lookout would take it for the caller's patience");
      assert.match(properties.userProperties.traceparent, trace);
      assert.equal(properties.userProperties.tracestate, "lookout=begun", "nobody else records that span");
      assert.equal(traceparent, undefined);
    } else {
      assert.match(traceparent, trace);
      assert.equal(tracestate, "lookout=begun");
      assert.equal(properties?.responseTopic, undefined);
    }

    await platform.call("Billing", "pay", {}, { timeout: 8_500 });
    const expiry = served.packets[1].properties?.messageExpiryInterval;
    assert.equal(expiry, options.version === 5 ? 9 : undefined, "a deadline of its own, rounded up");

    for (const [error, kind] of ERRORS) {
      served.how = () => ({ error });
      const failed = await failure(platform.call("Billing", "pay"));
      assert.equal(failed.kind, kind, JSON.stringify(error));
      if (kind === "RateLimited") assert.equal(failed.retryAfter, 2_000);
    }
    served.how = () => ({ result: null, error: null });
    assert.equal(await platform.call("Billing", "pay"), null);
    assert.deepEqual([platform.openCalls, platform.strays], [0, 0]);
  });
}

describe("answers that are none", () => {
  test("late, duplicate, foreign, retained and wrong ones are counted and harm nobody", async (t) => {
    const broker = await Broker.start(t);
    const served = await service(t, broker, () => undefined);
    const other = await line(t, broker.tcp, []);
    const mine = "session/s-1/response";
    // A retained answer to whatever is called first must not be taken for one.
    await other.publishAsync(mine, JSON.stringify({ jsonrpc: "2.0", id: 1, result: "old" }), {
      qos: 1,
      retain: true,
    });
    const platform = await client(t, broker.tcp, { session: "s-1" });

    const late = await failure(platform.call("A", "m", {}, { timeout: 50 }));
    assert.equal(late.kind, "Timeout");
    const [{ request }] = await until("the call", () => served.calls.length && served.calls);
    for (const body of [
      JSON.stringify({ jsonrpc: "2.0", id: request.id, result: 1 }),
      JSON.stringify({ jsonrpc: "2.0", id: 12, result: 1 }),
      JSON.stringify({ jsonrpc: "2.0", id: { a: 1 }, result: 1 }),
      JSON.stringify([{ id: request.id, result: 1 }]),
      "not json",
      '"text"',
      "null",
      "[".repeat(100_000),
      "",
    ]) {
      await other.publishAsync(mine, body, { qos: 1 });
    }
    await other.publishAsync(mine, Buffer.from([0xff, 0xfe, 0x00]), { qos: 1 });
    await until("all of them", () => platform.strays === 10);

    served.how = ({ id }) => [{ id: id + 1, result: "wrong" }, { result: "right" }, { result: "twice" }];
    assert.equal(await platform.call("A", "m"), "right");
    await until("the wrong and the second one", () => platform.strays === 12);

    served.how = ({ id }) => ({ id: String(id), result: "an id as a text" });
    assert.equal(await platform.call("A", "m"), "an id as a text");
    for (const body of [{}, { result: 1, error: { code: 1 } }]) {
      served.how = () => body;
      assert.equal((await failure(platform.call("A", "m"))).kind, "Malformed");
    }
    assert.equal(platform.openCalls, 0);
  });

  test("an answer that names no id belongs to the call of its Correlation Data", async (t) => {
    const broker = await Broker.start(t);
    const served = await service(t, broker, (_, __, { properties }) => {
      const body = JSON.stringify({
        jsonrpc: "2.0",
        id: null,
        error: { code: -32503, message: "m", data: { source: "lookout-1" } },
      });
      served.client.publish(properties.responseTopic, body, {
        qos: 1,
        properties: { correlationData: properties.correlationData },
      });
    });
    const platform = await client(t, broker.tcp);
    const failed = await failure(platform.call("A", "m"));
    assert.deepEqual([failed.kind, failed.source], ["Unavailable", "lookout-1"]);
  });

  test("an answer whose id and Correlation Data name different calls is nobody's", async (t) => {
    const broker = await Broker.start(t);
    const served = await service(t, broker, ({ id }, _, { properties }) => {
      const { responseTopic, correlationData } = properties;
      for (const [named, data, result] of [
        [id + 1, correlationData, "a wrong id"],
        [id, Buffer.from("another's"), "wrong data"],
        [id, correlationData, "right"],
      ]) {
        const body = JSON.stringify({ jsonrpc: "2.0", id: named, result });
        served.client.publish(responseTopic, body, { qos: 1, properties: { correlationData: data } });
      }
    });
    const platform = await client(t, broker.tcp);
    assert.equal(await platform.call("A", "m"), "right");
    assert.equal(platform.strays, 2);
  });
});

test("calls that cannot be made fail before they are sent", async (t) => {
  const broker = await Broker.start(t);
  const platform = await client(t, broker.tcp, { maxPending: 3 });
  for (const name of ["", "a+", "#", "a\u0000b", "x".repeat(257)]) {
    assert.equal((await failure(platform.call(name, "m"))).kind, "InvalidCall", name);
  }
  const circle = {};
  circle.circle = circle;
  assert.equal((await failure(platform.call("A", "m", circle))).kind, "InvalidCall");
  const open = [1, 2, 3].map(() => failure(platform.call("A", "m")));
  const beyond = await failure(platform.call("A", "m"));
  assert.equal(beyond.kind, "TooManyCalls");
  assert.match(beyond.message, /3 calls are under way/);
  platform.close();
  assert.deepEqual(
    (await Promise.all(open)).map((it) => it.kind),
    ["LinkDown", "LinkDown", "LinkDown"],
  );
});

test("a thousand calls at once find their answers", async (t) => {
  const broker = await Broker.start(t);
  await service(t, broker, ({ params }) => ({ result: params }));
  const platform = await client(t, broker.tcp);
  const numbers = Array.from({ length: 1_000 }, (_, at) => at);
  assert.deepEqual(await Promise.all(numbers.map((at) => platform.call("Echo", "m", at))), numbers);
});

test("idempotent calls are made again, cached, and replaced", async (t) => {
  const broker = await Broker.start(t);
  let failures = 2;
  const served = await service(t, broker, () =>
    failures-- > 0 ? { error: { code: -32603, message: "oh" } } : { result: "good" },
  );
  const kept = new Map();
  const cache = {
    get: (...key) => kept.get(key.join()),
    put: (s, m, p, value) => kept.set([s, m, p].join(), value),
  };
  const platform = await client(t, broker.tcp, { cache, timeout: 20_000, ownTimeouts: 100 });
  const again = { idempotent: true };
  assert.deepEqual(await platform.request("A", "get", 1, again), { value: "good", from: "service" });
  assert.equal(served.calls.length, 3);
  failures = 1;
  assert.equal((await failure(platform.call("A", "get", 1))).kind, "Failed");
  assert.equal(served.calls.length, 4);

  served.how = () => undefined;
  assert.deepEqual(await platform.request("A", "get", 1, { ...again, timeout: 60 }), {
    value: "good",
    from: "cache",
  });
  const fallback = (error, { method }) => `${method}: ${error.kind}`;
  assert.deepEqual(await platform.request("A", "get", 2, { fallback, timeout: 20 }), {
    value: "get: Timeout",
    from: "fallback",
  });
});

test("all calls together make no more than a tenth of them again, after the first ten", async (t) => {
  const broker = await Broker.start(t);
  const served = await service(t, broker, () => ({ error: { code: -32603, message: "oh" } }));
  const platform = await client(t, broker.tcp, { random: () => 0 });
  const call = () => failure(platform.call("A", "get", {}, { idempotent: true }));
  for (const { kind } of await Promise.all(Array.from({ length: 100 }, call))) assert.equal(kind, "Failed");
  const calls = served.calls.length;
  assert.ok(calls >= 110 && calls <= 120, `${calls}; 300 without a budget`);
});

test("a call is made again after a part of the wait that chance decides", async (t) => {
  const broker = await Broker.start(t);
  let answered = 0;
  const served = await service(t, broker, () => ({ error: { code: -32603, message: "oh" } }));
  const clock = new HandClock();
  const platform = await client(t, broker.tcp, { clock, random: () => 0.25 });
  const call = failure(platform.call("A", "get", {}, { idempotent: true })).then(() => (answered += 1));
  for (const [made, wait] of [
    [1, 25],
    [2, 50],
  ]) {
    await until("a call", () => served.calls.length === made && platform.openCalls === 0);
    await settled();
    await clock.go(wait - 1);
    assert.deepEqual([served.calls.length, platform.openCalls], [made, 0]);
    await clock.go(1);
  }
  await call;
  assert.deepEqual([served.calls.length, answered], [3, 1]);
});

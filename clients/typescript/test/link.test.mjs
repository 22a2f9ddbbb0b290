// The link: what happens to calls when it breaks, and which subscriptions it needs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Platform } from "../dist/index.js";
import { FakeBroker } from "./fake-broker.mjs";
import {
  Broker,
  HandClock,
  PATIENCE,
  change,
  client,
  failure,
  observer,
  service,
  settled,
  until,
} from "./kit.mjs";

const run = promisify(execFile);

test("a broker that is killed ends open calls, and nothing is sent again", async (t) => {
  const broker = await Broker.start(t);
  const served = await service(t, broker, () => undefined);
  const platform = await client(t, broker.tcp);
  const open = failure(platform.call("A", "first"));
  await until("the call", () => served.calls.length === 1);
  const down = change(platform, "down", (it) => it.what === "link" && !it.up);
  broker.kill();
  const error = await open;
  assert.deepEqual([error.kind, error.sent], ["LinkDown", true]);
  await down;
  assert.equal(platform.linkUp, false);

  // A call waits for the link to come back.
  served.how = () => ({ result: "back" });
  const resubscribed = new Promise((then) =>
    served.client.once("packetreceive", function again(packet) {
      if (packet.cmd === "suback") then();
      else served.client.once("packetreceive", again);
    }),
  );
  await broker.run();
  await resubscribed;
  assert.equal(await platform.call("A", "second", {}, { timeout: PATIENCE }), "back");
  assert.deepEqual(
    served.calls.map((it) => it.request.method),
    ["first", "second"],
  );
});

test("an idempotent call outlives a break, as a call of its own", async (t) => {
  const broker = await FakeBroker.start(t);
  const platform = await client(t, broker.url, { linkWait: PATIENCE });
  const answer = platform.call("A", "m", {}, { idempotent: true, timeout: 3 * PATIENCE });
  await until("the call", () => broker.published.length === 1);
  broker.answer = ({ request }) => ({ jsonrpc: "2.0", id: request.id, result: "good" });
  broker.cut();
  assert.equal(await answer, "good");
  const [first, second] = broker.published;
  assert.deepEqual([broker.published.length, second.dup], [2, false]);
  assert.notEqual(first.request.id, second.request.id);
});

for (const [version, qos] of [[4, 1], [5, 1], [5, 0]]) {
  test(`what was under way over MQTT ${version} with QoS ${qos} stays on its connection`, async (t) => {
    const broker = await FakeBroker.start(t);
    broker.acknowledges = false;
    const platform = await client(t, broker.url, { version, qos });
    const open = [1, 2, 3].map((at) => failure(platform.call("A", `old ${at}`)));
    await until("the calls", () => broker.published.length === 3);
    broker.cut();
    for (const error of await Promise.all(open))
      assert.deepEqual([error.kind, error.sent], ["LinkDown", true]);
    broker.acknowledges = true;
    broker.answer = ({ request }) => ({ jsonrpc: "2.0", id: request.id, result: "new" });
    assert.equal(await platform.call("A", "new", {}, { timeout: PATIENCE }), "new");
    const seen = broker.published.map((it) => [it.connection, it.request.method, it.dup]);
    assert.deepEqual(seen.slice(3), [[2, "new", false]]);
  });
}

for (const version of [4, 5]) {
  test(`system topics that are refused over MQTT ${version} leave calls alone`, async (t) => {
    const broker = await FakeBroker.start(t);
    broker.grants = (topic) => (topic.startsWith("session/") ? 1 : version === 5 ? 135 : 128);
    broker.answer = ({ request }) => ({ jsonrpc: "2.0", id: request.id, result: 1 });
    const platform = await client(t, broker.url, { version });
    assert.equal(platform.observed, false);
    assert.equal(await platform.call("A", "m"), 1);
  });

  test(`a reply topic that is refused over MQTT ${version} is an error`, async (t) => {
    const broker = await FakeBroker.start(t);
    broker.grants = (topic) => (topic.startsWith("session/") ? (version === 5 ? 135 : 128) : 1);
    const clock = new HandClock();
    const platform = Platform.connect(broker.url, { version, session: "s-1", clock, reconnectMin: 20 });
    t.after(() => platform.close());
    const open = failure(platform.call("A", "m"));
    const ready = failure(platform.ready());
    broker.greets = [["system/default/observer/x", { online: true }]];
    await until("several attempts", () => broker.connections >= 3);
    await clock.go(5_000);
    for (const error of [await open, await ready]) {
      assert.deepEqual([error.kind, error.sent], ["LinkDown", false]);
      assert.match(error.message, /refuses the subscription to session\/s-1\/response/);
    }
    assert.equal(broker.published.length, 0);
    // What came on the way is forgotten with each attempt.
    platform.close();
    assert.equal(platform.observed, false);
  });
}

test("closing says goodbye or not, and leaves nothing behind", async (t) => {
  const broker = await Broker.start(t);
  const url = new URL("../dist/index.js", import.meta.url).href;
  for (const [address, before] of [
    [broker.tcp, "await platform.ready();"],
    [broker.tcp, ""],
    [broker.tcp, "await platform.ready(); platform.call('A', 'm').catch(() => {});"],
    ["mqtt://127.0.0.1:9", "await platform.ready(300).catch(() => {});"],
    [broker.web, "await platform.ready();"],
  ]) {
    const script = `import { Platform } from "${url}"; const platform = Platform.connect("${address}"); ${before} platform.close();`;
    await run(process.execPath, ["--input-type=module", "-e", script], { timeout: PATIENCE });
  }
});

test("no more is under way than the broker takes; the rest is told that it was not sent", async (t) => {
  const broker = await FakeBroker.start(t);
  broker.properties = { receiveMaximum: 2 };
  broker.acknowledges = false;
  const platform = await client(t, broker.url, { qos: 1 });
  const open = [1, 2, 3, 4, 5].map((at) => failure(platform.call("A", `${at}`)));
  await until("two", () => broker.published.length === 2);
  broker.acknowledge();
  await until("three", () => broker.published.length === 3);
  broker.cut();
  assert.deepEqual(
    (await Promise.all(open)).map((it) => it.sent),
    [true, true, true, false, false],
  );
});

test("a call larger than the broker takes fails alone", async (t) => {
  const broker = await FakeBroker.start(t);
  broker.properties = { maximumPacketSize: 10_000 };
  broker.answer = ({ request }) => ({ jsonrpc: "2.0", id: request.id, result: 1 });
  const platform = await client(t, broker.url);
  assert.equal((await failure(platform.call("A", "m", "x".repeat(9_000)))).kind, "InvalidCall");
  assert.equal(await platform.call("A", "m", "x".repeat(5_000)), 1);
});

test("without a broker calls fail after the wait for the link, at most their deadline", async (t) => {
  const clock = new HandClock();
  // Nobody listens on this port of the discard service.
  const platform = Platform.connect("mqtt://127.0.0.1:9", { clock });
  t.after(() => platform.close());
  const calls = [platform.call("A", "m"), platform.call("A", "m", {}, { timeout: 1_000 })].map(failure);
  let over = 0;
  for (const call of calls) call.then(() => (over += 1));
  await clock.go(999);
  assert.equal(over, 0);
  await clock.go(1);
  assert.equal(over, 1);
  await clock.go(3_999);
  assert.equal(over, 1);
  await clock.go(1);
  for (const error of await Promise.all(calls))
    assert.deepEqual([error.kind, error.sent], ["LinkDown", false]);
  assert.deepEqual(platform.strategy("A").because, ["link_down"]);
});

test("addresses and options that cannot be are refused at once", () => {
  for (const [url, options] of [
    ["", {}],
    ["http://x", {}],
    ["mqtt://", {}],
    ["mqtt://x", { session: "a/b" }],
    ["mqtt://x", { cluster: "#" }],
    ["mqtt://x", { version: 3 }],
    ["mqtt://x", { timeout: 0 }],
    ["mqtt://x", { maxPending: Number.NaN }],
  ]) {
    assert.throws(
      () => Platform.connect(url, options),
      { kind: "InvalidCall" },
      `${url} ${JSON.stringify(options)}`,
    );
  }
});

test("a lost link takes with it what lookout said, and brings back what is retained", async (t) => {
  const real = await Broker.start(t);
  const lookout = await observer(t, real);
  await lookout.online();
  await lookout.circuit("A", "open", { retryAfter: lookout.stamp(Date.now() + 600_000) });
  const platform = await client(t, real.tcp);
  await until("the circuit", () => platform.observed && platform.service("A").circuit === "open");
  const gone = change(platform, "lookout gone", (it) => it.what === "lookout" && !it.present);
  real.kill();
  await gone;
  await settled();
  assert.deepEqual(
    [platform.service("A").circuit, platform.strategy("A").because],
    ["closed", ["link_down"]],
  );
  await real.run();
  // This broker keeps nothing over its end, so lookout says it anew.
  await until("a link", () => platform.linkUp && lookout.client.connected);
  await lookout.online();
  await lookout.circuit("A", "half_open");
  await until("the circuit again", () => platform.observed && platform.service("A").circuit === "half_open");
});

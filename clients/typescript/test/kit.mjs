// What the tests share: a clock that is moved by hand, a real Mosquitto that ends with the test, a
// service and a lookout that say what they are told to, and waiting for conditions with a deadline.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "mqtt";
import { Platform } from "../dist/index.js";

/** How long anything may take that takes a fraction of a second on an idle machine. */
export const PATIENCE = 60_000;
export const CLUSTER = "production-us-east";

/** Waits until the condition gives something true, and gives that. */
export async function until(what, condition, patience = PATIENCE) {
  const end = performance.now() + patience;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${patience} ms`);
    await new Promise((then) => setTimeout(then, 5));
  }
}

/** Time that stands still until it is told to go on. */
export class HandClock {
  #now = 1_000;
  #timers = new Set();
  constructor(wall = Date.parse("2026-01-15T10:30:00.000Z")) {
    this.epoch = wall - this.#now;
  }
  now() {
    return this.#now;
  }
  wall() {
    return this.epoch + this.#now;
  }
  after(ms, then) {
    const timer = { at: this.#now + ms, then };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  /** Goes on by so many milliseconds, and lets what waits for timers run. */
  async go(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter((it) => it.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.then();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets everything run that waits for nothing. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A document of src/schema/samples, as bytes. */
export function sample(name) {
  return readFileSync(new URL(`../../../src/schema/samples/${name}.json`, import.meta.url));
}

/** A port that nobody listens on now. */
async function freePort() {
  const server = createServer();
  await new Promise((then) => server.listen(0, "127.0.0.1", then));
  const { port } = server.address();
  await new Promise((then) => server.close(then));
  return port;
}

/** A real broker with a listener for TCP and one for WebSocket. */
export class Broker {
  #child;
  static async start(test) {
    const broker = new Broker();
    broker.directory = mkdtempSync(join(tmpdir(), "lookout-client-"));
    // Somebody else may take a port before the broker does.
    for (let attempt = 1; ; attempt += 1) {
      [broker.port, broker.webPort] = [await freePort(), await freePort()];
      try {
        await broker.run();
        break;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
    test.after(() => {
      broker.kill();
      rmSync(broker.directory, { recursive: true });
    });
    return broker;
  }
  get tcp() {
    return `mqtt://127.0.0.1:${this.port}`;
  }
  get web() {
    return `ws://127.0.0.1:${this.webPort}`;
  }
  async run() {
    const file = join(this.directory, "mosquitto.conf");
    const lines = [
      "user root",
      `listener ${this.port} 127.0.0.1`,
      `listener ${this.webPort} 127.0.0.1`,
      "protocol websockets",
      "allow_anonymous true",
      "log_dest stderr",
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    const path = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;
    const child = spawn("mosquitto", ["-c", file], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, PATH: path },
    });
    let said = "";
    let over = false;
    child.stderr.on("data", (data) => (said = (said + data).slice(-10_000)));
    child.on("exit", () => (over = true));
    child.on("error", (error) => ((over = true), (said += error.message)));
    this.#child = child;
    await until("a broker", () => over || said.includes(" running"));
    if (over) throw new Error(`mosquitto ended: ${said}`);
    await new Promise((then, fail) => {
      const socket = dial(this.port, "127.0.0.1", () => then(socket.destroy()));
      socket.on("error", fail);
    });
  }
  /** Ends it without a word. */
  kill() {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }
}

/** A connection of the test's own; it comes back after a break and subscribes again. */
export async function line(test, url, filters, heard = () => {}) {
  const client = connect(url, { protocolVersion: 5, reconnectPeriod: 50, connectTimeout: 5_000 });
  client.on("error", () => {});
  client.on("message", (topic, payload, packet) => heard(topic, payload, packet));
  test.after(() => client.end(true));
  await new Promise((then) => client.once("connect", then));
  if (filters.length > 0) await client.subscribeAsync(filters, { qos: 1 });
  return client;
}

/** A service that answers as `how` says: it is given the request and gives the answer's members, a list of whole answers, or nothing. */
export async function service(test, broker, how, filter = "service/#") {
  const it = { calls: [], packets: [], how };
  it.client = await line(test, broker.tcp, [filter], (topic, payload, packet) => {
    const request = JSON.parse(payload);
    it.calls.push({ topic, request });
    it.packets.push(packet);
    const answers = it.how(request, topic, packet);
    if (answers === undefined) return;
    for (const answer of Array.isArray(answers) ? answers : [answers]) {
      const body =
        typeof answer === "string" ? answer : JSON.stringify({ jsonrpc: "2.0", id: request.id, ...answer });
      it.client.publish(request.replyTo, body, { qos: 1 });
    }
  });
  return it;
}

/** Says what lookout says. */
export async function observer(test, broker, cluster = CLUSTER) {
  const client = await line(test, broker.tcp, []);
  const say = (topic, document, retain = false) =>
    client.publishAsync(
      `system/${cluster}/${topic}`,
      typeof document === "string" ? document : JSON.stringify(document),
      {
        qos: 1,
        retain,
      },
    );
  const stamp = (at = Date.now()) => new Date(at).toISOString();
  const wrapped = (type, params) => ({
    jsonrpc: "2.0",
    method: type,
    params: { type, clusterId: cluster, timestamp: stamp(), ...params },
  });
  return {
    say,
    stamp,
    client,
    online: (online = true) => say("observer/lookout-1", { online, timestamp: Date.now() }, true),
    /** A transition, on both topics, as lookout does. */
    async circuit(service, state, of = {}) {
      const document = wrapped("circuit_breaker", {
        topic: `service/${service}`,
        service,
        state,
        correlationId: "incident-1",
        ...of,
      });
      await say("circuit-breaker", document);
      await say(`circuit-breaker/${service}`, document, true);
    },
    verdict: (service, verdict, of = {}) =>
      say(
        `services/${service}`,
        wrapped("service_verdict", { service, verdict, since: stamp(), ...of }),
        true,
      ),
    event: (type, of, topic = "errors") => say(topic, wrapped(type, { correlationId: "incident-1", ...of })),
  };
}

/** A client of the platform that is up. */
export async function client(test, url, options = {}) {
  const platform = Platform.connect(url, {
    cluster: CLUSTER,
    reconnectMin: 20,
    reconnectMax: 200,
    ...options,
  });
  test.after(() => platform.close());
  await platform.ready(PATIENCE);
  return platform;
}

/** Waits for a change that is as wanted; call it before what causes the change. */
export function change(platform, what, wanted) {
  return new Promise((then, fail) => {
    const timer = setTimeout(() => fail(new Error(`no change: ${what}`)), PATIENCE);
    const off = platform.on("change", (it) => {
      if (!wanted(it)) return;
      off();
      clearTimeout(timer);
      then(it);
    });
  });
}

/** The error of a call that must fail. */
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("the call did not fail");
}

/** How long a call that is not sent may take, in milliseconds. */
export const AT_ONCE = 50;

/** The error of a call that must fail without being sent. A busy machine may stop anybody for a while, so the best of three counts. */
export async function failsAtOnce(platform, name) {
  const took = [];
  let error;
  for (let count = 0; count < 3; count += 1) {
    const began = performance.now();
    error = await failure(platform.call(name, "m"));
    took.push(performance.now() - began);
  }
  if (Math.min(...took) >= AT_ONCE) throw new Error(`the call took ${took.join(", ")} ms to fail`);
  return error;
}

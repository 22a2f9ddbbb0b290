// What the end-to-end tests share: a real Mosquitto on ports of its own, a service that answers by hand,
// and somebody who says in lookout's place exactly what a test needs.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { Platform } from "../dist/index.js";

/** Longer than anything here takes; only a hang gets there. */
const PATIENCE = 60_000;

/** Waits until a condition holds. */
export async function until(what, holds) {
  const end = performance.now() + PATIENCE;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`no ${what} in ${PATIENCE} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A port that nobody listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A real Mosquitto that lets everybody do everything, over TCP and over WebSocket. */
export class Mosquitto {
  static async start(test) {
    const broker = new Mosquitto();
    broker.directory = mkdtempSync(join(tmpdir(), "mosquitto-"));
    [broker.port, broker.web] = [await freePort(), await freePort()];
    const lines = [
      "user root",
      "allow_anonymous true",
      "set_tcp_nodelay true",
      `listener ${broker.port} 127.0.0.1`,
      `listener ${broker.web} 127.0.0.1`,
      "protocol websockets",
    ];
    writeFileSync(join(broker.directory, "mosquitto.conf"), `${lines.join("\n")}\n`);
    await broker.launch();
    test.after(() => {
      broker.kill();
      rmSync(broker.directory, { recursive: true });
    });
    return broker;
  }

  /** Starts it, and waits until it says that it runs. */
  launch() {
    const program = existsSync("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
    this.child = spawn(program, ["-c", join(this.directory, "mosquitto.conf")], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    return new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("exit", () => reject(new Error(`mosquitto ended: ${said}`)));
      this.child.stderr.on("data", (text) => {
        said += text;
        if (said.includes(" running")) resolve();
      });
    });
  }

  /** Ends it without a word, as `kill -9` does. */
  kill() {
    this.child.removeAllListeners("exit");
    this.child.kill("SIGKILL");
  }

  get tcp() {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  get websocket() {
    return `ws://127.0.0.1:${this.web}`;
  }
}

/** A client of the test's own, subscribed. */
export async function line(test, url, filter, hear) {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 100 });
  test.after(() => client.endAsync(true));
  if (filter !== undefined) await client.subscribeAsync(filter);
  client.on("message", (topic, payload, packet) => hear?.(topic, payload, packet));
  return client;
}

/** A service that answers by hand, in the way that the method's name asks for. */
export async function hand(test, url, name) {
  const service = { calls: [], client: undefined };
  service.answer = (call, answer) => {
    const properties = call.correlation === undefined ? {} : { properties: { correlationData: call.correlation } };
    service.client.publish(call.body.replyTo, typeof answer === "string" ? answer : JSON.stringify(answer), properties);
  };
  service.client = await line(test, url, `service/${name}`, (_, payload, packet) => {
    const body = JSON.parse(payload);
    const call = { body, correlation: packet.properties?.correlationData, properties: packet.properties ?? {} };
    service.calls.push(call);
    const { id, method, params } = body;
    const ok = { jsonrpc: "2.0", id, result: params };
    const error = { code: -32001, message: "bad", data: { details: { field: "email", message: "no address" } } };
    const answers = {
      ok: [ok],
      twice: [ok, ok],
      large: [{ id, result: "x".repeat(300_000) }],
      reject: [{ id, error }],
      fail: [{ id, error: { code: -32603, message: "oh" } }],
      garbage: [{ id }],
      foreign: [{ ...ok, id: id + 1_000 }, { ...ok, id: String(id) }, { ...ok, id: null }, "no JSON", "", ok],
    };
    for (const answer of answers[method] ?? []) service.answer(call, answer);
  });
  service.taken = () => service.calls.splice(0).length;
  return service;
}

/** Says in lookout's place what it says. */
export async function teller(test, url, cluster = "test") {
  const client = await line(test, url);
  const time = (seconds = 0) => new Date(Date.now() + seconds * 1_000).toISOString();
  const publish = (topic, payload, retain) => client.publishAsync(`system/${cluster}/${topic}`, payload, { qos: 1, retain });
  const document = (topic, retain, type, more) => {
    const params = { type, clusterId: cluster, timestamp: time(), correlationId: "incident-1", ...more };
    return publish(topic, JSON.stringify({ jsonrpc: "2.0", method: type, params }), retain);
  };
  return {
    time,
    publish,
    document,
    present: (online) => publish("observer/x", JSON.stringify({ online, timestamp: 1 }), true),
    verdict: (service, verdict, reason) =>
      document(`services/${service}`, true, "service_verdict", { service, verdict, reason, since: time(), circuit: "closed" }),
    circuit: async (service, state, more = {}) => {
      const all = { service, topic: `service/${service}`, state, previous: "closed", reason: "failure_rate", timestamp: time(), ...more };
      await document("circuit-breaker", false, "circuit_breaker", all);
      await document(`circuit-breaker/${service}`, true, "circuit_breaker", all);
    },
  };
}

/** A caller that is connected. */
export async function caller(test, url, session, options = {}) {
  const client = Platform.connect(url, { session, cluster: "test", deadline: PATIENCE, ...options });
  test.after(() => client.close());
  await client.ready(PATIENCE);
  return client;
}

/** What a call comes to: its result, or the kind of its error. */
export async function outcome(call) {
  try {
    return await call;
  } catch (error) {
    return error.kind ?? error;
  }
}

// Reading documents: every sample, in both envelopes, and everything that is none.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { MAX_DOCUMENT, escaped, read, unescaped } from "../dist/documents.js";
import { readClaim } from "../dist/trials.js";
import { CLUSTER, sample } from "./kit.mjs";

const bytes = (it) => new TextEncoder().encode(typeof it === "string" ? it : JSON.stringify(it));
const says = (topic, it) =>
  read(CLUSTER, `system/${CLUSTER}/${topic}`, it instanceof Uint8Array ? it : bytes(it));

const NOON = Date.parse("2026-01-15T10:30:00.000Z");
const SAMPLES = {
  "event.cascading_failure_prevented": ["errors", undefined],
  "event.circuit.closed": [
    "circuit-breaker",
    {
      what: "circuit",
      service: "UserManagement",
      circuit: {
        state: "closed",
        reason: "trial_succeeded",
        timestamp: NOON + 31_400,
        round: "2026-01-15T10:30:31.400Z",
      },
    },
  ],
  "event.circuit.half_open": [
    "circuit-breaker/UserManagement",
    {
      what: "circuit",
      service: "UserManagement",
      circuit: {
        state: "half_open",
        reason: "open_timeout",
        trialCalls: 3,
        timestamp: NOON + 30_000,
        round: "2026-01-15T10:30:30.000Z",
      },
    },
  ],
  "event.circuit.open": [
    "circuit-breaker",
    {
      what: "circuit",
      service: "UserManagement",
      circuit: {
        state: "open",
        reason: "failure_rate",
        retryAfter: NOON + 30_000,
        timestamp: NOON,
        round: "2026-01-15T10:30:00.000Z",
      },
    },
  ],
  "event.health": ["health", { what: "health", health: { status: "degraded", judged: 5, unavailable: 0 } }],
  "event.infrastructure_error": [
    "errors",
    {
      what: "trouble",
      component: "emqx_cluster",
      trouble: {
        severity: "critical",
        message: "EMQX node emqx-2 left the cluster",
        affectedServices: [],
        estimate: "5-15 minutes",
      },
    },
  ],
  "event.infrastructure_recovered": [
    "errors",
    { what: "trouble", component: "emqx_cluster", trouble: undefined },
  ],
  // What people are told says callers nothing but that there is an emergency.
  "event.alert.firing": ["errors", undefined],
  "event.alert.resolved": ["errors", undefined],
  "event.pair_deaf": ["errors", undefined],
  "event.remedy_action": ["errors", undefined],
  "event.security_alert": ["errors", undefined],
  "event.security_action.done": ["errors", undefined],
  "event.security_action.proposed": ["errors", undefined],
  "event.service_degraded": ["errors", undefined],
  "event.service_recovered": ["errors", { what: "recovery", service: "UserManagement" }],
  "event.service_unavailable": [
    "errors",
    { what: "outage", service: "UserManagement", estimate: "2-5 minutes" },
  ],
  "event.service_verdict": [
    "services/OrderManagement",
    {
      what: "verdict",
      service: "OrderManagement",
      verdict: {
        verdict: "degraded",
        reason: "poor_response_rate",
        since: NOON,
        timestamp: NOON,
        round: "2026-01-15T10:30:00.000Z",
        incident: "incident-0192f8",
      },
    },
  ],
};

test("every sample is known to this test", () => {
  const files = readdirSync(new URL("../../../src/schema/samples/", import.meta.url));
  const events = files.filter((it) => it.startsWith("event.")).map((it) => it.replace(".json", ""));
  assert.deepEqual(events.sort(), Object.keys(SAMPLES).sort());
});

for (const [name, [topic, wanted]] of Object.entries(SAMPLES)) {
  test(`${name} reads the same in its envelope and bare`, () => {
    const whole = JSON.parse(sample(name));
    assert.deepEqual(says(topic, whole), wanted);
    assert.deepEqual(says(topic, whole.params), wanted);
    const { type: _, ...untyped } = whole.params;
    assert.deepEqual(says(topic, { ...whole, params: untyped }), wanted);
    const emergency = says("emergency", whole);
    if (whole.params.status === "resolved") {
      assert.equal(emergency, undefined, "good news");
      return;
    }
    assert.deepEqual(
      [emergency.what, emergency.type, emergency.said],
      ["emergency", whole.params.type, wanted],
    );
  });
}

test("an alert is an emergency by its summary", () => {
  const { message } = says("emergency", JSON.parse(sample("event.alert.firing")));
  assert.equal(message, "UserManagement is unavailable");
});

test("every kind of member may be of the wrong kind", () => {
  const wrong = [
    null,
    0,
    -1,
    1e300,
    true,
    "",
    "x",
    "2026-99-99T99:99:99Z",
    [],
    [[]],
    {},
    { a: 1 },
    "\u0000",
    "x".repeat(5_000),
  ];
  for (const [name, [topic]] of Object.entries(SAMPLES)) {
    const whole = JSON.parse(sample(name));
    for (const member of Object.keys(whole.params)) {
      for (const value of wrong) {
        says(topic, { ...whole, params: { ...whole.params, [member]: value } });
        says("emergency", { ...whole.params, [member]: value });
      }
    }
    for (const value of wrong) {
      says(topic, value);
      says(topic, { ...whole, params: value });
      says(topic, { ...whole, method: value });
    }
    // Cut anywhere, it is no document.
    const text = JSON.stringify(whole);
    for (let at = 1; at < text.length; at += 7) assert.equal(says(topic, text.slice(0, at)), undefined);
  }
});

const circuit = (of) => ({
  type: "circuit_breaker",
  service: "A",
  state: "half_open",
  timestamp: "2026-01-15T10:30:00.000Z",
  ...of,
});

test("what is bounded is bounded", () => {
  const name = "n".repeat(256);
  assert.equal(says("circuit-breaker", circuit({ service: name })).service, name);
  assert.equal(says("circuit-breaker", circuit({ service: `${name}n` })), undefined);
  assert.equal(says("circuit-breaker", circuit({ reason: "r".repeat(9_999) })).circuit.reason.length, 1_000);
  for (const [said, wanted] of [
    [0, undefined],
    [-3, undefined],
    [2.7, 2],
    [1e9, 100],
    ["3", undefined],
  ]) {
    assert.equal(
      says("circuit-breaker", circuit({ trialCalls: said })).circuit.trialCalls,
      wanted,
      `${said}`,
    );
  }
  const affectedServices = Array.from({ length: 10_000 }, (_, at) => (at % 2 ? at : `s${at}`));
  const { trouble } = says("errors", { type: "infrastructure_error", component: "db", affectedServices });
  assert.equal(trouble.affectedServices.length, 50);
  const fits = JSON.stringify(circuit({})).replace("}", `,"x":"${"x".repeat(MAX_DOCUMENT - 200)}"}`);
  assert.ok(says("circuit-breaker", fits));
  assert.equal(says("circuit-breaker", fits + " ".repeat(300)), undefined);
});

test("names that mean something to JavaScript are names", () => {
  for (const service of ["__proto__", "constructor", "hasOwnProperty", "toString"]) {
    assert.equal(says("circuit-breaker", circuit({ service })).service, service);
  }
  const poisoned = says(
    "circuit-breaker",
    '{"type":"circuit_breaker","service":"A","state":"open","__proto__":{"reason":"x"}}',
  );
  assert.deepEqual(poisoned.circuit, { state: "open", round: "" });
});

test("whatever else is on these topics says nothing", () => {
  for (const payload of [
    "[".repeat(500_000),
    "\ufeff{}",
    "nul",
    "{}",
    '{"type":"health_of_nobody"}',
    '{"type":"toString"}',
  ]) {
    for (const topic of [
      "errors",
      "emergency",
      "circuit-breaker/A",
      "services/A",
      "health",
      "observer/x",
      "observer/x/canary",
      "",
      "x/y",
    ]) {
      const said = says(topic, payload);
      assert.ok(said === undefined || said.what === "emergency", `${topic} ${payload.slice(0, 20)}`);
    }
  }
  assert.equal(says("errors", new Uint8Array([0x7b, 0xff, 0x7d])), undefined);
  assert.equal(read("other", `system/${CLUSTER}/health`, sample("event.health")), undefined);
  assert.equal(says("observer/x/canary", { online: true }), undefined);
  assert.equal(says("observer/x", { online: "yes" }), undefined);
  assert.deepEqual(says("observer/x", { online: true, timestamp: 1 }), {
    what: "presence",
    id: "x",
    online: true,
  });
});

test("an empty payload clears what its topic names", () => {
  assert.deepEqual(says("circuit-breaker/a/b%2B%25", ""), {
    what: "circuit",
    service: "a/b+%",
    circuit: undefined,
  });
  assert.deepEqual(says("services/A", ""), { what: "verdict", service: "A", verdict: undefined });
  assert.deepEqual(says("observer/x", ""), { what: "presence", id: "x", online: false });
  assert.deepEqual(says("health", ""), { what: "health", health: undefined });
  for (const topic of ["errors", "circuit-breaker", "services", "services/", "observer/x/canary"])
    assert.equal(says(topic, ""), undefined);
});

test("names survive being part of a topic", () => {
  for (const service of ["A", "a/b", "100 %", "+#", "\u0001ü\u0085", "%41", "%"])
    assert.equal(unescaped(escaped(service)), service);
  assert.equal(escaped("a+\u0001ü%"), "a%2B%01ü%25");
  assert.equal(unescaped("%FF%"), "%FF%");
});

test("claims of trials are read as tolerantly", () => {
  assert.deepEqual(readClaim(bytes({ service: "A", round: "t/0", claim: "c", more: 1 })), {
    service: "A",
    round: "t/0",
    claim: "c",
  });
  for (const it of [
    "",
    "null",
    "[]",
    { service: "A", round: "t/0" },
    { service: 1, round: "t", claim: "c" },
    { service: "A", round: "t", claim: "c".repeat(257) },
  ]) {
    assert.equal(readClaim(bytes(it)), undefined);
  }
});

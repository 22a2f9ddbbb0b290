// What a user interface is advised to do, and the words for it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { back, banner, bounds, span } from "../dist/index.js";
import { read } from "../dist/documents.js";
import { State } from "../dist/state.js";
import { conclude } from "../dist/strategy.js";
import { CLUSTER } from "./kit.mjs";

const CLOSED = { state: "closed" };

/** The strategy for service A after documents, in short: what is true, and why. */
function after(documents, { link = true, own = CLOSED, retryAfter } = {}) {
  const state = new State();
  for (const [topic, document] of [["observer/x", { online: true }], ...documents]) {
    const it = read(
      CLUSTER,
      `system/${CLUSTER}/${topic}`,
      new TextEncoder().encode(JSON.stringify(document)),
    );
    if (it) state.take(it, { now: 0, wall: 0, retained: false });
  }
  return conclude(link, state, "A", own, retryAfter);
}
function short(it) {
  const set = Object.entries(it).filter(([, value]) => value === true);
  return [set.map(([name]) => name).join(" "), it.because.join(" ")];
}

const circuit = (state) => ["circuit-breaker", { type: "circuit_breaker", service: "A", state }];
const verdict = (verdict, of = {}) => [
  "services/A",
  { type: "service_verdict", service: "A", verdict, ...of },
];
const trouble = (component, kind, of = {}) => [
  "errors",
  { type: "infrastructure_error", component, kind, severity: "error", ...of },
];
const health = (healthy, unavailable, unknown = 0) => [
  "health",
  { type: "health", status: "s", services: { healthy, unavailable, unknown } },
];
const AWAY = "preferCache deferWrites";

const CASES = [
  ["all is well", [verdict("healthy"), circuit("closed"), health(4, 0)], "", ""],
  ["open", [circuit("open")], AWAY, "circuit_open"],
  ["forced open", [circuit("forced_open")], AWAY, "circuit_open"],
  ["half-open", [circuit("half_open")], AWAY, "circuit_half_open"],
  ["unavailable", [verdict("unavailable")], AWAY, "service_unavailable"],
  [
    "unavailable and open",
    [verdict("unavailable"), circuit("open")],
    AWAY,
    "circuit_open service_unavailable",
  ],
  [
    "unavailable with half of the platform",
    [verdict("unavailable"), health(2, 2)],
    AWAY,
    "service_unavailable",
  ],
  [
    "unavailable with most of the platform",
    [verdict("unavailable"), health(1, 2, 50)],
    `offline ${AWAY}`,
    "service_unavailable",
  ],
  ["well in a platform that is not", [health(0, 9)], "", ""],
  ["slow", [verdict("degraded", { reason: "slow_responses" })], "longerTimeouts", "service_degraded"],
  ["degraded", [verdict("degraded", { reason: "high_failure_rate" })], "preferCache", "service_degraded"],
  [
    "the broker in trouble",
    [trouble("emqx_cluster", "emqx", { severity: "warning" })],
    "longerTimeouts",
    "component:emqx_cluster",
  ],
  ["Mosquitto in trouble", [trouble("m", "mosquitto")], "longerTimeouts", "component:m"],
  ["the loopback in trouble", [trouble("l", "loopback")], "longerTimeouts", "component:l"],
  [
    "its database in trouble",
    [trouble("db", "postgresql", { affectedServices: ["A"] })],
    "readOnly deferWrites",
    "component:db",
  ],
  [
    "its database, which the verdict names",
    [
      trouble("db", "mongodb", { severity: "critical" }),
      verdict("degraded", { reason: "r", causedBy: { component: "db", correlationId: "i" } }),
    ],
    "preferCache readOnly deferWrites",
    "service_degraded component:db",
  ],
  ["the database of another", [trouble("db", "redis", { affectedServices: ["B"] })], "", ""],
  [
    "a database that only warns",
    [trouble("db", "redis", { severity: "warning", affectedServices: ["A"] })],
    "",
    "",
  ],
  ["another component", [trouble("disk", "disk", { affectedServices: ["A"] })], "", ""],
  [
    "a component that recovered",
    [trouble("m", "mosquitto"), ["errors", { type: "infrastructure_recovered", component: "m" }]],
    "",
    "",
  ],
  ["no lookout", [trouble("m", "mosquitto"), circuit("open"), ["observer/x", { online: false }]], "", ""],
];
for (const [name, documents, does, because] of CASES) {
  test(name, () => assert.deepEqual(short(after(documents)), [does, because]));
}

test("without a link or a lookout", () => {
  assert.deepEqual(short(after([circuit("open")], { link: false })), [`offline ${AWAY}`, "link_down"]);
  const gone = [["observer/x", { online: false }]];
  assert.deepEqual(short(after(gone, { own: { state: "open", left: 1 } })), [AWAY, "circuit_open"]);
  assert.deepEqual(short(after(gone, { own: { state: "trial" } })), [AWAY, "circuit_half_open"]);
});

test("the estimate lasts as long as the outage", () => {
  const said = ["errors", { type: "service_unavailable", service: "A", estimatedRecovery: "2-5 minutes" }];
  assert.equal(after([said, verdict("unavailable")]).estimate, "2-5 minutes");
  assert.equal(after([said, circuit("open")], { retryAfter: 5 }).retryAfter, 5);
  assert.equal(
    after([said, verdict("unavailable"), verdict("healthy"), verdict("unavailable")]).estimate,
    undefined,
  );
  assert.equal(
    after([said, ["errors", { type: "service_recovered", service: "A" }], verdict("unavailable")]).estimate,
    undefined,
  );
});

test("estimates are read", () => {
  for (const [text, lower, upper] of [
    ["2-5 minutes", 120_000, 300_000],
    ["1 minute", 60_000, 60_000],
    ["20-40 seconds", 20_000, 40_000],
    ["1 – 2 hours", 3_600_000, 7_200_000],
    ["5-2 minutes", 120_000, 300_000],
  ]) {
    assert.deepEqual(bounds(text), { lower, upper }, text);
  }
  for (const text of [
    undefined,
    "",
    "unknown",
    "soon",
    "minutes",
    "9999999999 minutes",
    "2-5",
    "-1 minutes",
    "1e3 minutes",
  ])
    assert.equal(bounds(text), undefined, text);
});

test("words for durations, and for when it is back", () => {
  for (const [ms, words] of [
    [0, "1 second"],
    [20_400, "20 seconds"],
    [44_000, "44 seconds"],
    [50_000, "1 minute"],
    [110_000, "2 minutes"],
    [5_000_000, "83 minutes"],
    [7_200_000, "2 hours"],
  ]) {
    assert.equal(span(ms), words);
  }
  for (const [it, words] of [
    [{}, "back soon"],
    [{ retryAfter: 20_000 }, "back soon"],
    [{ retryAfter: 20_000, estimate: "2-5 minutes" }, "back in about 2 minutes"],
    [{ retryAfter: 61_000, estimate: "20-40 minutes" }, "back in about 1 minute"],
    [{ retryAfter: 290_000 }, "back in about 5 minutes"],
    [{ estimate: "unknown" }, "back soon"],
  ]) {
    assert.equal(back(it), words);
  }
});

test("the banner", () => {
  const words = (...given) => banner("Billing", after(...given));
  assert.equal(words([verdict("healthy")]), undefined);
  assert.equal(words([verdict("degraded", { reason: "high_failure_rate" })]), undefined);
  assert.equal(
    words([circuit("open")], { retryAfter: 120_000 }),
    "Billing is temporarily unavailable, back in about 2 minutes",
  );
  assert.equal(words([circuit("half_open")]), "Billing is temporarily unavailable, back soon");
  assert.equal(words([verdict("degraded", { reason: "slow_responses" })]), "Billing is slower than usual");
  assert.equal(
    words([trouble("db", "redis", { affectedServices: ["A"] })]),
    "Billing cannot save changes at the moment",
  );
  assert.equal(words([], { link: false }), "No connection at the moment");
});

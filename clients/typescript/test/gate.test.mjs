// Whether a call may be sent, for everything that can be known and at every time that matters.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gate } from "../dist/gate.js";
import { State } from "../dist/state.js";
import { read } from "../dist/documents.js";
import { CLUSTER } from "./kit.mjs";

const SETTINGS = { trialEvery: 30_000, trialCalls: 3 };
const CLOSED = { state: "closed" };
const NOON = Date.parse("2026-01-15T10:30:00.000Z");
const stamp = (at) => new Date(NOON + at).toISOString();

/** What is known after documents, each said at its own time: [at, topic, document, retained]. */
function known(...said) {
  const state = new State();
  for (const [at, topic, document, retained = false] of said) {
    const bytes = document === "" ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(document));
    const it = read(CLUSTER, `system/${CLUSTER}/${topic}`, bytes);
    if (it) state.take(it, { now: 1_000 + at, wall: NOON + at, retained });
  }
  return state;
}
const online = (at = 0, on = true) => [at, "observer/x", { online: on, timestamp: 1 }];
const circuit = (at, state, of = {}, retained = false, timestamp = at) => [
  at,
  "circuit-breaker/A",
  { type: "circuit_breaker", service: "A", state, reason: `r_${state}`, timestamp: stamp(timestamp), ...of },
  retained,
];
const verdict = (at, verdict, of = {}, retained = false, since = at) => [
  at,
  "services/A",
  { type: "service_verdict", service: "A", verdict, since: stamp(since), timestamp: stamp(at), ...of },
  retained,
];
const at = (state, when, own = CLOSED) =>
  gate(state.present, state.service("A"), own, SETTINGS, 1_000 + when);

/** A decision in short. */
function short(it) {
  if ("go" in it) return "go";
  if ("ownTrial" in it) return "own trial";
  const told = ({ kind, by, retryAfter }) =>
    [kind, by === "own" ? "own" : "", retryAfter].filter((it) => it !== "").join(" ");
  if ("refuse" in it) return `refused ${told(it.refuse)}`;
  return `trial ${it.trial.name.replace(/^.*T/, "")} of ${it.trial.limit}, else ${told(it.trial.refusal)}`;
}

const open = (when) => circuit(when, "open", { retryAfter: stamp(when + 30_000) });
const CASES = [
  ["nothing is known", [online()], [[0, "go"]]],
  ["closed and healthy", [online(), circuit(0, "closed"), verdict(0, "healthy")], [[0, "go"]]],
  ["degraded", [online(), verdict(0, "degraded")], [[0, "go"]]],
  ["unknown", [online(), verdict(0, "unknown")], [[0, "go"]]],
  [
    "open until it is time, then one trial a round",
    [online(), open(0)],
    [
      [0, "refused circuit_open 30000"],
      [29_999, "refused circuit_open 1"],
      [30_000, "trial 10:30:00.000Z/0 of 1, else circuit_open 30000"],
      [59_000, "trial 10:30:00.000Z/0 of 1, else circuit_open 1000"],
      [60_000, "trial 10:30:00.000Z/1 of 1, else circuit_open 30000"],
    ],
  ],
  [
    "open without a time",
    [online(), circuit(0, "open")],
    [
      [0, "refused circuit_open "],
      [1e9, "refused circuit_open "],
    ],
  ],
  ["forced open", [online(), circuit(0, "forced_open")], [[1e9, "refused circuit_open "]]],
  [
    "disabled, though unavailable",
    [online(), circuit(0, "disabled"), verdict(0, "unavailable")],
    [[0, "go"]],
  ],
  [
    "observe only, though unavailable",
    [online(), circuit(0, "observe_only"), verdict(0, "unavailable")],
    [[0, "go"]],
  ],
  [
    "half-open in rounds",
    [online(), circuit(0, "half_open", { trialCalls: 2 })],
    [
      [0, "trial 10:30:00.000Z/0 of 2, else circuit_open 30000"],
      [29_999, "trial 10:30:00.000Z/0 of 2, else circuit_open 1"],
      [30_000, "trial 10:30:00.000Z/1 of 2, else circuit_open 30000"],
      [95_000, "trial 10:30:00.000Z/3 of 2, else circuit_open 25000"],
    ],
  ],
  [
    "half-open without a number",
    [online(), circuit(0, "half_open")],
    [[0, "trial 10:30:00.000Z/0 of 3, else circuit_open 30000"]],
  ],
  [
    "a retained open circuit counts by the wall clock",
    [online(), circuit(20_000, "open", { retryAfter: stamp(30_000) }, true, 0)],
    [
      [20_000, "refused circuit_open 10000"],
      [30_000, "trial 10:30:00.000Z/0 of 1, else circuit_open 30000"],
    ],
  ],
  [
    "a retained one of a clock that is ahead waits no longer than a live one",
    [online(), circuit(0, "open", { retryAfter: stamp(3_630_000) }, true, 3_600_000)],
    [[0, "refused circuit_open 30000"]],
  ],
  [
    "a live one of a clock that is wrong counts from its receipt",
    [online(), circuit(0, "open", { retryAfter: stamp(-3_570_000) }, false, -3_600_000)],
    [[0, "refused circuit_open 30000"]],
  ],
  [
    "a retained one that is over",
    [online(), circuit(90_000, "open", { retryAfter: stamp(30_000) }, true, 0)],
    [[90_000, "trial 10:30:00.000Z/0 of 1, else circuit_open 30000"]],
  ],
  [
    "a retained half-open is in its round",
    [online(), circuit(40_000, "half_open", {}, true, 0)],
    [[40_000, "trial 10:30:00.000Z/1 of 3, else circuit_open 20000"]],
  ],
  [
    "the same document again does not begin anew",
    [online(), open(0), [9_000, "circuit-breaker", { ...open(0)[2] }]],
    [[10_000, "refused circuit_open 20000"]],
  ],
  [
    "unavailable with a closed circuit: first nobody, then rounds",
    [online(), circuit(-99_000, "closed"), verdict(0, "unavailable", { reason: "not_responding" })],
    [
      [0, "refused unavailable 30000"],
      [29_999, "refused unavailable 1"],
      [30_000, "trial 10:30:00.000Z/1 of 3, else unavailable 30000"],
      [60_000, "trial 10:30:00.000Z/2 of 3, else unavailable 30000"],
    ],
  ],
  [
    "unavailable without a circuit",
    [online(), verdict(0, "unavailable")],
    [[0, "refused unavailable 30000"]],
  ],
  [
    "a retained verdict counts by the wall clock",
    [online(), verdict(20_000, "unavailable", {}, true, 0)],
    [[20_000, "refused unavailable 10000"]],
  ],
  [
    "the verdict said again does not begin anew",
    [online(), verdict(0, "unavailable"), verdict(9_000, "unavailable", {}, false, 0)],
    [[10_000, "refused unavailable 20000"]],
  ],
  [
    "closed since the verdict",
    [online(), verdict(0, "unavailable"), circuit(5_000, "closed")],
    [[5_000, "go"]],
  ],
  [
    "closed at the very time of the verdict",
    [online(), circuit(0, "closed"), verdict(0, "unavailable")],
    [[1, "refused unavailable 29999"]],
  ],
  [
    "an open circuit comes before the verdict",
    [online(), verdict(0, "unavailable"), open(0)],
    [[0, "refused circuit_open 30000"]],
  ],
  ["a circuit that is cleared", [online(), open(0), [1, "circuit-breaker/A", ""]], [[1, "go"]]],
  ["a verdict that is cleared", [online(), verdict(0, "unavailable"), [1, "services/A", ""]], [[1, "go"]]],
  ["no lookout", [open(0), verdict(0, "unavailable")], [[0, "go"]]],
  ["no lookout any more", [online(), open(0), online(1, false)], [[1, "go"]]],
  ["a lookout again", [online(), open(0), online(1, false), online(2)], [[2, "refused circuit_open 29998"]]],
];

for (const [name, said, moments] of CASES) {
  test(name, () => {
    const state = known(...said);
    for (const [when, wanted] of moments) assert.equal(short(at(state, when)), wanted, `at ${when}`);
  });
}

test("who was answered goes on for as long as a round, until a call is not", () => {
  const state = known(online(), verdict(0, "unavailable"));
  state.answered("A", 31_000);
  assert.equal(short(at(state, 60_000)), "go");
  assert.equal(short(at(state, 60_001)), "trial 10:30:00.000Z/2 of 3, else unavailable 29999");
  state.answered("A", 61_001);
  state.unanswered("A");
  assert.equal(short(at(state, 60_001)), "trial 10:30:00.000Z/2 of 3, else unavailable 29999");
  // An open circuit is lookout's word on many calls.
  const opened = known(online(), verdict(0, "unavailable"), open(0));
  opened.answered("A", 1_001);
  assert.equal(short(at(opened, 1)), "refused circuit_open 29999");
  for (const standing of ["healthy", "degraded"]) {
    const well = known(online(), verdict(0, standing));
    well.answered("A", 0);
    assert.equal(well.service("A").answered, undefined, "kept only where it decides");
  }
});

test("what is refused says why", () => {
  const state = known(
    online(),
    [0, "errors", { type: "service_unavailable", service: "A", estimatedRecovery: "2-5 minutes" }],
    verdict(0, "unavailable", { reason: "no_running_pods", correlationId: "incident-1" }),
  );
  assert.deepEqual(at(state, 0).refuse, {
    kind: "unavailable",
    by: "lookout",
    reason: "no_running_pods",
    incident: "incident-1",
    estimate: "2-5 minutes",
    retryAfter: 30_000,
  });
  const opened = known(online(), open(0));
  assert.deepEqual(at(opened, 0).refuse, {
    kind: "circuit_open",
    by: "lookout",
    reason: "r_open",
    retryAfter: 30_000,
  });
});

test("the own circuit counts only without a lookout", () => {
  const own = { state: "open", left: 7 };
  assert.equal(short(at(known(), 0, own)), "refused circuit_open own 7");
  assert.equal(short(at(known(), 0, { state: "trial" })), "own trial");
  assert.equal(short(at(known(online()), 0, own)), "go");
});

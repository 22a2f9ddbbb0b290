// The parts that decide, without a broker and under a made-up clock.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { about, banner, bounds, CallError } from "../dist/index.js";
import { begin, end, object, online, read } from "../dist/documents.js";
import { fault } from "../dist/errors.js";
import { settle } from "../dist/options.js";
import { Own } from "../dist/own.js";
import { Budget, RETRY } from "../dist/retry.js";
import { Rounds } from "../dist/rounds.js";
import { Standing } from "../dist/standing.js";
import { State } from "../dist/state.js";
import { strategyOf } from "../dist/strategy.js";

const bytes = (value) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const WALL = Date.parse("2026-01-15T10:30:00Z");
const fixed = (now, wall = WALL) => ({ now: () => now, wall: () => wall });

test("every sample is read, in both envelopes, and garbage is not", () => {
  const samples = new URL("../../../src/schema/samples/", import.meta.url);
  const names = readdirSync(samples).filter((name) => name.startsWith("event."));
  assert.ok(names.length > 10);
  for (const name of names) {
    const whole = JSON.parse(readFileSync(new URL(name, samples), "utf8"));
    assert.deepEqual(read(bytes(whole)), whole.params, name);
    assert.deepEqual(read(bytes(whole.params)), whole.params, name);
  }
  const large = { type: "x".repeat(1 << 18) };
  for (const bad of ["", "{", "[]", "7", "null", '{"type":7}', '{"params":{}}', "\u{feff}{}", large]) {
    assert.equal(read(bytes(bad)), undefined);
  }
  assert.equal(object(Uint8Array.of(0xff, 0xfe)), undefined);
  assert.ok(online(bytes({ online: true })) && !online(bytes({ online: 1 })) && !online(bytes("")));
});

test("a clock that is wrong does no more harm than the document's own span", () => {
  const document = { timestamp: "2026-01-15T10:30:00Z", retryAfter: "2026-01-15T10:30:30Z" };
  for (const [kept, late, left] of [
    [false, -9e6, 30_000],
    [false, 9e6, 30_000],
    [true, 0, 30_000],
    [true, 10_000, 20_000],
    [true, -9e6, 30_000],
    [true, 9e6, 0],
  ]) {
    assert.equal(end(document, kept, fixed(5, WALL + late)), 5 + left, `${kept} ${late}`);
  }
  assert.equal(end({}, true, fixed(5)), undefined);
  assert.equal(begin(WALL - 7, true, fixed(100)), 93);
  assert.equal(begin(WALL + 7, true, fixed(100)), 100);
  assert.equal(begin(WALL - 7, false, fixed(100)), 100);
});

test("codes become kinds that ask for different things", () => {
  const data = (more) => ({ code: -32503, message: "later", data: more });
  for (const [error, kind, facts, transient] of [
    [{ code: -32001, message: "no", data: { details: { field: "a", message: "b", value: null } } }, "validation", { fields: [{ field: "a", message: "b", value: null }] }, false],
    [{ code: -32001, message: "no", data: { details: [{ field: "a" }, 7, {}] } }, "validation", { fields: [{ field: "a", message: "" }] }, false],
    [{ code: -32002, data: { details: { rule: "r", conflictingResource: { type: "User", id: "u" } } } }, "business-rule", { rule: "r", resource: { type: "User", id: "u" } }, false],
    [{ code: -32003 }, "authorization", {}, false],
    [{ code: -32004 }, "not-found", {}, false],
    [{ code: -32005, data: { details: { resource: { id: 7 } } } }, "conflict", { resource: { type: "", id: "7" } }, false],
    [{ code: -32006, data: { retryAfter: 1.5 } }, "rate-limited", { retryAfter: 1_500 }, true],
    [{ code: -32007 }, "execution-timeout", {}, true],
    [{ code: -32603 }, "failed", {}, true],
    [{ code: -32601 }, "rejected", {}, false],
    [{ code: 7 }, "rejected", { code: 7 }, false],
    [{ code: "E" }, "rejected", { code: undefined }, false],
    ["plain", "rejected", {}, false],
    [null, "rejected", {}, false],
    [data({ errorType: "ServiceUnavailable", reason: "x", retryAfter: "2026-01-15T10:30:10Z" }), "unavailable", { reason: "x", retryAfter: 10_000, source: "answer" }, true],
    [data({ errorType: "CircuitBreakerOpen", estimatedRecovery: "2-5 minutes" }), "circuit-open", { reason: "later", estimate: "2-5 minutes" }, true],
    [data({ retryAfter: "yesterday", estimatedRecovery: "unknown" }), "unavailable", { retryAfter: undefined, estimate: undefined }, true],
  ]) {
    const read = fault(error, "Test", fixed(0));
    assert.ok(read instanceof CallError);
    assert.equal(read.kind, kind, JSON.stringify(error));
    assert.equal(read.transient, transient, kind);
    for (const [name, value] of Object.entries(facts)) assert.deepEqual(read.facts[name], value, `${kind} ${name}`);
  }
});

test("the own circuit opens after time-outs in a row, waits longer each time, and one call decides", () => {
  const own = new Own();
  const late = (now, trial = false) => own.timedOut(now, 3, trial, 0.5);
  assert.deepEqual([late(0), late(1), own.answered(), late(2), late(3)], [false, false, false, false, false]);
  assert.ok(late(4));
  let now = 4;
  for (const wait of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
    assert.equal(own.left(now), wait);
    assert.deepEqual(own.ask(now + 1), { go: false, left: wait - 1 });
    assert.ok(!late(now + 1), "a straggler");
    now += wait;
    assert.deepEqual(own.ask(now), { go: true, trial: true });
    assert.deepEqual(own.ask(now), { go: false, left: undefined });
    own.abandoned();
    assert.deepEqual(own.ask(now), { go: true, trial: true });
    assert.ok(late(now, true));
  }
  assert.ok(own.answered() && own.clear);
});

test("the first few claims of all have the round, and memory is bounded", () => {
  const rounds = new Rounds();
  assert.deepEqual([rounds.ask("a", 3), rounds.ask("a", 3), rounds.ask("a", 2)], [true, true, false]);
  assert.deepEqual([rounds.heard("a"), rounds.heard("a"), rounds.heard("a")], [0, 1, 2]);
  assert.ok(!rounds.ask("a", 3) && rounds.ask("b", 3));
  for (let round = 0; round < 10; round += 1) rounds.heard(`c${round}`);
  assert.equal(rounds.heard("a"), 0, "long forgotten");
  assert.ok(rounds.heard("x".repeat(100)) > 3);
});

test("whether to call follows from circuit and verdict", () => {
  const every = 30_000;
  const circuit = (state, until, at = 100) => ({ state, reason: "failure_rate", stamp: "T", at, begun: 100, until, trials: 2, incident: undefined });
  const judged = { verdict: "unavailable", reason: "not_responding", since: "S", at: 100, begun: 100, incident: "i", causedBy: undefined };
  const said = (standing, now, present = true) => {
    const pass = standing.ask("A", now, present, every);
    if (pass.go === "trial") return `trial ${pass.round} of ${pass.limit}`;
    return pass.go === "no" ? `${pass.refusal.kind} ${pass.refusal.facts.reason} ${pass.refusal.retryAfter}` : pass.go;
  };
  const story = (more, steps) => {
    const standing = Object.assign(new Standing(), more);
    for (const [now, expected] of steps) assert.equal(said(standing, now), expected, `${now}`);
  };
  story({ circuit: circuit("open", 30_100) }, [
    [100, "circuit-open failure_rate 30000"],
    [30_100, "trial T/0 of 1"],
    [30_101, "circuit-open failure_rate 29999"],
    [60_100, "trial T/1 of 1"],
  ]);
  story({ circuit: circuit("open", undefined) }, [[9e9, "circuit-open failure_rate undefined"]]);
  story({ circuit: circuit("forced_open", 5) }, [[9e9, "circuit-open failure_rate undefined"]]);
  story({ circuit: circuit("half_open") }, [
    [100, "trial T/0 of 2"],
    [100, "trial T/0 of 2"],
    [101, "circuit-open half_open 29999"],
    [30_100, "trial T/1 of 2"],
  ]);
  story({ judged }, [
    [100, "unavailable not_responding 30000"],
    [30_100, "trial S/0 of 3"],
    [30_100, "trial S/0 of 3"],
    [30_100, "trial S/0 of 3"],
    [30_101, "unavailable not_responding 29999"],
  ]);
  story({ judged, circuit: circuit("closed", undefined, 101) }, [[100, "yes"]]);
  story({ judged, circuit: circuit("closed", undefined, 99) }, [[100, "unavailable not_responding 30000"]]);
  story({ judged, circuit: circuit("disabled") }, [[100, "yes"]]);
  story({ judged: { ...judged, verdict: "degraded" } }, [[100, "yes"]]);

  const alone = Object.assign(new Standing(), { circuit: circuit("open", undefined) });
  assert.equal(said(alone, 0, false), "yes", "nobody keeps that circuit");
  for (const now of [0, 1, 2]) alone.own.timedOut(now, 3, false, 0.5);
  assert.equal(said(alone, 10_002, false), "circuit-open consecutive_timeouts 20000");
  assert.equal(said(alone, 30_002, false), "own-trial");
});

test("each trouble has its strategy and its sentence", () => {
  const none = { name: "A", verdict: "healthy", reason: undefined, circuit: "closed", retryAfter: undefined, estimate: undefined, incident: undefined, causedBy: undefined };
  const component = (kind, severity, affected) => ({ name: "c", kind, severity, message: "", affected });
  const [one, all] = [{ judged: 4, unavailable: 1 }, { judged: 4, unavailable: 3 }];
  for (const [up, service, components, tally, flags, sentence] of [
    [true, {}, [], one, "", undefined],
    [false, {}, [], one, "offline preferCache deferWrites", "You are offline. What you see may be out of date."],
    [true, { circuit: "open", retryAfter: 240_000, estimate: "2-5 minutes" }, [], one, "preferCache deferWrites", "A is temporarily unavailable, back in about 4 minutes."],
    [true, { verdict: "unavailable", retryAfter: 9_000, estimate: "2-5 minutes" }, [], all, "offline preferCache deferWrites", "A is temporarily unavailable, back in about 2 minutes."],
    [true, { verdict: "unavailable", estimate: "0-30 seconds" }, [], one, "preferCache deferWrites", "A is temporarily unavailable, back in about 30 seconds."],
    [true, { circuit: "half_open" }, [], all, "preferCache deferWrites", "A is temporarily unavailable, back soon."],
    [true, { circuit: "disabled" }, [], all, "", undefined],
    [true, { verdict: "degraded", reason: "slow_responses" }, [], one, "longerTimeouts", "A is slower than usual."],
    [true, { verdict: "degraded", reason: "high_failure_rate" }, [], one, "preferCache", "A has trouble at the moment."],
    [true, {}, [component("emqx", "error", [])], one, "longerTimeouts", "A is slower than usual."],
    [true, {}, [component("postgresql", "critical", ["A"])], one, "readOnly deferWrites", "A can be read but not changed at the moment."],
    [true, { causedBy: "c" }, [component("redis", "error", [])], one, "readOnly deferWrites", "A can be read but not changed at the moment."],
    [true, {}, [component("redis", "warning", ["A"])], one, "", undefined],
    [true, {}, [component("disk", "critical", ["A"])], one, "", undefined],
  ]) {
    const plan = strategyOf(up, { ...none, ...service }, components, tally);
    const names = ["offline", "preferCache", "longerTimeouts", "readOnly", "deferWrites"];
    assert.equal(names.filter((name) => plan[name]).join(" "), flags);
    assert.equal(banner("A", plan), sentence);
  }
});

test("times are said as people say them", () => {
  for (const [estimate, expected] of [
    ["2-5 minutes", [120_000, 300_000]],
    ["3 minutes", [180_000, 180_000]],
    ["30-40 seconds", [30_000, 40_000]],
    ["unknown", undefined],
    ["<b>1</b> minutes", undefined],
    [undefined, undefined],
  ]) {
    assert.deepEqual(bounds(estimate), expected);
  }
  const said = [0, 11_000, 55_000, 89_000, 100_000, 3_600_000].map(about);
  assert.deepEqual(said, ["about 10 seconds", "about 20 seconds", "about a minute", "about a minute", "about 2 minutes", "about 60 minutes"]);
});

test("retries are a tenth of the calls after the first few, and wait as long as they are asked to", () => {
  const budget = new Budget(RETRY);
  const takes = () => Array.from({ length: 100 }, () => budget.take()).filter(Boolean).length;
  assert.equal(takes(), 10);
  for (let call = 0; call < 95; call += 1) budget.pay();
  assert.equal(takes(), 9);
  for (let call = 0; call < 10_000; call += 1) budget.pay();
  assert.equal(takes(), 10);
  assert.deepEqual([1, 2, 3, 40].map((attempt) => budget.wait(attempt, undefined, 1)), [100, 200, 400, 5_000]);
  assert.equal(budget.wait(1, 2_000, 0.5), 2_050);
});

test("hostile documents change nothing, and memory is bounded", () => {
  const state = new State("test", fixed(0), () => undefined);
  const long = "x".repeat(300);
  const verdict = (service) => ({ type: "service_verdict", service, verdict: "healthy", since: "s", timestamp: "t" });
  for (const topic of ["services/A", "services/A", "circuit-breaker/A", "circuit-breaker", "errors", "emergency", "health", "observer/x", "z/z"]) {
    for (const payload of ["", "{", "[]", "7", "null", '{"params":7}', { type: [] }, { type: "service_verdict", service: 7 }, verdict(long), verdict("__proto__"),
      { type: "circuit_breaker", service: "A", state: "ajar" }, { type: "infrastructure_error", component: long },
      { type: "health", services: { healthy: "many" } }]) {
      assert.ok(state.hear(`system/test/${topic}`, bytes(payload), false));
    }
  }
  assert.ok(!state.hear("system/tester/errors", bytes("{}"), false));
  for (let number = 0; number < 10_100; number += 1) state.hear("system/test/services/x", bytes(verdict(`S${number}`)), true);
  for (let number = 0; number < 1_100; number += 1) {
    state.hear("system/test/errors", bytes({ type: "infrastructure_error", component: `c${number}` }), false);
    state.hear(`system/test/observer/o${number}`, bytes({ online: true }), true);
  }
  assert.deepEqual([state.names().length, state.components().length, state.present], [10_000, 1_000, true]);
  assert.ok(state.names().includes("__proto__") && !state.names().includes(long));
});

test("options that cannot be meant are refused with their names", () => {
  for (const [name, value] of [["session", "a/b"], ["session", ""], ["cluster", "+"], ["trialTopic", "#"], ["trialEvery", 0], ["maxOpen", -1], ["deadline", Number.NaN]]) {
    assert.throws(() => settle({ [name]: value }), new RegExp(name), `${name} ${value}`);
  }
  const settled = settle({ random: () => 0 });
  assert.equal(settled.session, "s-0000000000000001");
  assert.equal(settled.trialTopic, "trials/default");
});

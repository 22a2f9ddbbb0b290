// The client's own circuits and the budget of retries, under simulated time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnCircuits } from "../dist/own.js";
import { Budget, retryIn } from "../dist/retry.js";
import * as errors from "../dist/errors.js";

const make = () => new OwnCircuits({ ownTimeouts: 3, ownOpen: 30_000, ownOpenMax: 300_000 });

test("time-outs in a row open, an answer between them does not", () => {
  const own = make();
  for (const at of [1, 2]) own.timedOut("A", 0, at);
  own.answered("A");
  for (const at of [3, 4]) own.timedOut("A", 0, at);
  assert.deepEqual(own.look("A", 5), { state: "closed" });
  own.timedOut("A", 0, 5);
  assert.deepEqual(own.look("A", 5), { state: "open", left: 30_000 });
  assert.deepEqual(own.look("B", 5), { state: "closed" });
});

test("each trial that fails doubles the wait, up to its limit", () => {
  const own = make();
  let now = 0;
  for (let count = 0; count < 3; count += 1) own.timedOut("A", 0, now);
  for (const wait of [30, 60, 120, 240, 300, 300]) {
    assert.deepEqual(own.look("A", now), { state: "open", left: wait * 1_000 });
    assert.deepEqual(own.look("A", now + wait * 1_000 - 1), { state: "open", left: 1 });
    now += wait * 1_000;
    assert.deepEqual(own.look("A", now), { state: "trial" });
    const end = own.begin("A");
    assert.deepEqual(own.look("A", now), { state: "open", left: undefined }, "one trial at a time");
    own.timedOut("A", now, now + 5);
    end();
    now += 5;
  }
  now += 300_000;
  own.begin("A");
  own.answered("A");
  assert.deepEqual(own.look("A", now), { state: "closed" });
});

test("a trial without an outcome makes way for the next", () => {
  const own = make();
  for (let count = 0; count < 3; count += 1) own.timedOut("A", 0, 0);
  const end = own.begin("A");
  end();
  assert.deepEqual(own.look("A", 30_000), { state: "trial" });
});

test("time-outs of calls from before it opened say nothing new", () => {
  const own = make();
  for (let count = 0; count < 20; count += 1) own.timedOut("A", 0, count);
  assert.deepEqual(own.look("A", 2), { state: "open", left: 30_000 });
  own.timedOut("A", 0, 31_000);
  assert.deepEqual(own.look("A", 31_000), { state: "trial" });
});

test("it remembers only so many services", () => {
  const own = make();
  for (let at = 0; at < 10_001; at += 1)
    for (let count = 0; count < 3; count += 1) own.timedOut(`s${at}`, 0, 0);
  assert.equal(own.look("s9999", 0).state, "open");
  assert.equal(own.look("s10000", 0).state, "closed");
});

test("the budget begins with ten, gains a tenth a call, and saves no more", () => {
  const budget = new Budget();
  for (let count = 0; count < 1_000; count += 1) budget.call();
  for (let count = 0; count < 10; count += 1) assert.ok(budget.take());
  assert.ok(!budget.take());
  for (let count = 0; count < 9; count += 1) budget.call();
  assert.ok(!budget.take());
  budget.call();
  assert.ok(budget.take());
  assert.ok(!budget.take());
});

test("which errors are tried again, and when", () => {
  const fault = (kind, retryAfter) => new errors.ServiceError(kind, { message: "m" }, retryAfter);
  const half = () => 0.5;
  for (const error of [
    new errors.Timeout(1),
    fault("ExecutionTimeout"),
    fault("Failed"),
    fault("Unavailable"),
    new errors.LinkDown(true, "w"),
  ]) {
    assert.equal(retryIn(error, 1, 1e9, half), 50, error.kind);
    assert.equal(retryIn(error, 2, 1e9, half), 100, error.kind);
    assert.equal(retryIn(error, 3, 1e9, half), undefined, "three attempts are all");
  }
  const never = [
    "Validation",
    "BusinessRule",
    "Authorization",
    "NotFound",
    "Conflict",
    "RateLimited",
    "Rejected",
  ];
  for (const error of [
    ...never.map((it) => fault(it)),
    new errors.CircuitOpen("own", "A"),
    new errors.Malformed("w"),
    new Error("w"),
  ]) {
    assert.equal(retryIn(error, 1, 1e9, half), undefined, error.name);
  }
  assert.equal(retryIn(fault("Unavailable", 7_000), 1, 8_000, half), 7_000, "not before it was told");
  assert.equal(retryIn(fault("Unavailable", 7_000), 1, 7_000, half), undefined, "not beyond the deadline");
  assert.equal(retryIn(new errors.Timeout(1), 1, 50, half), undefined, "not beyond the deadline");
});

// Who gets a trial call, under simulated time and a broker that is a list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Trials } from "../dist/trials.js";
import { HandClock, settled } from "./kit.mjs";

/** Clients of one broker that delivers claims in the order in which they were made, when it is told to. */
function clients(count, clock = new HandClock()) {
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const all = Array.from({ length: count }, () => new Trials(clock, random));
  const queue = [];
  const publish = async (claim) => {
    queue.push(claim);
    return true;
  };
  const deliver = () => {
    for (const claim of queue.splice(0)) for (const it of all) it.heard(claim);
  };
  return { all, clock, publish, deliver, queue };
}

test("of ten clients with three calls each, three calls go", async () => {
  const { all, publish, deliver } = clients(10);
  const calls = all.flatMap((it) => [1, 2, 3].map(() => it.take("A", "t/0", 3, 500, publish)));
  await settled();
  deliver();
  const went = (await Promise.all(calls)).filter(Boolean);
  assert.equal(went.length, 3);
  for (const it of all) assert.equal(await it.take("A", "t/0", 3, 500, publish), false);
  const next = all.map((it) => it.take("A", "t/1", 3, 500, publish));
  await settled();
  deliver();
  assert.equal((await Promise.all(next)).filter(Boolean).length, 3, "the next round begins anew");
});

test("a claim that does not come back leaves the client's own limit", async () => {
  const { all, clock, publish } = clients(1);
  const calls = [1, 2, 3, 4, 5].map(() => all[0].take("A", "t/0", 3, 500, publish));
  await clock.go(499);
  let decided = 0;
  for (const call of calls) call.then(() => (decided += 1));
  await settled();
  assert.equal(decided, 2, "those beyond the limit know at once");
  await clock.go(1);
  assert.deepEqual(await Promise.all(calls), [true, true, true, false, false]);
});

test("so does a claim that is refused, and where claims are not heard", async () => {
  const { all } = clients(1);
  for (const [round, publish] of [
    ["t/0", async () => false],
    ["t/1", () => Promise.reject(new Error("no"))],
    ["t/2", undefined],
  ]) {
    const calls = [1, 2, 3].map(() => all[0].take("A", round, 2, 500, publish));
    assert.deepEqual(await Promise.all(calls), [true, true, false]);
  }
});

test("a claim that is delivered twice counts once", async () => {
  const { all } = clients(1);
  const claim = { service: "A", round: "t/0", claim: "other" };
  for (let count = 0; count < 5; count += 1) all[0].heard(claim);
  assert.equal(await all[0].take("A", "t/0", 2, 500, undefined), true);
  all[0].heard({ ...claim, claim: "another" });
  assert.equal(await all[0].take("A", "t/0", 2, 500, undefined), false);
});

test("what somebody invents displaces itself", async () => {
  const { all } = clients(1);
  const [it] = all;
  for (let at = 0; at < 300; at += 1) it.heard({ service: "A", round: "t/0", claim: `c${at}` });
  assert.equal(await it.take("A", "t/0", 100, 500, undefined), false);
  for (let at = 0; at < 100; at += 1) it.heard({ service: "A", round: `r${at}`, claim: "c" });
  for (let at = 0; at < 20_000; at += 1) it.heard({ service: `s${at}`, round: "t/0", claim: "c" });
  assert.equal(await it.take("A", "t/0", 3, 500, undefined), true, "the oldest is forgotten");
});

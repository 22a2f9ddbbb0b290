// What is remembered, what is told, and how much of either there may be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "../dist/documents.js";
import { State } from "../dist/state.js";
import { CLUSTER, sample } from "./kit.mjs";

const AT = { now: 0, wall: Date.parse("2026-01-15T10:30:00.000Z"), retained: false };
function take(state, topic, document) {
  const bytes =
    document instanceof Uint8Array
      ? document
      : new TextEncoder().encode(document === "" ? "" : JSON.stringify(document));
  const said = read(CLUSTER, `system/${CLUSTER}/${topic}`, bytes);
  return said ? state.take(said, AT) : [];
}

test("each change is told once", () => {
  const state = new State();
  const online = (id, online) => take(state, `observer/${id}`, { online });
  assert.deepEqual(online("a", true), [{ what: "lookout", present: true }]);
  assert.deepEqual(online("b", true), []);
  assert.deepEqual(online("a", false), []);
  const open = sample("event.circuit.open");
  const told = { what: "circuit", service: "UserManagement", state: "open", reason: "failure_rate" };
  assert.deepEqual(take(state, "circuit-breaker", open), [told]);
  assert.deepEqual(take(state, "circuit-breaker/UserManagement", open), []);
  const verdict = sample("event.service_verdict");
  assert.deepEqual(take(state, "services/OrderManagement", verdict), [
    { what: "service", service: "OrderManagement", verdict: "degraded", reason: "poor_response_rate" },
  ]);
  assert.deepEqual(take(state, "services/OrderManagement", verdict), []);
  const broken = sample("event.infrastructure_error");
  const component = {
    what: "component",
    component: "emqx_cluster",
    trouble: true,
    severity: "critical",
    message: "EMQX node emqx-2 left the cluster",
  };
  assert.deepEqual(take(state, "errors", broken), [component]);
  assert.deepEqual(take(state, "emergency", broken), [
    { what: "emergency", type: "infrastructure_error", message: component.message },
  ]);
  assert.deepEqual(take(state, "errors", sample("event.infrastructure_recovered")), [
    { what: "component", component: "emqx_cluster", trouble: false },
  ]);
  assert.deepEqual(take(state, "circuit-breaker/UserManagement", ""), [
    { what: "circuit", service: "UserManagement", state: "closed" },
  ]);
  assert.deepEqual(take(state, "services/OrderManagement", ""), [
    { what: "service", service: "OrderManagement", verdict: "unknown" },
  ]);
  assert.deepEqual(take(state, "services/OrderManagement", ""), []);
  assert.deepEqual(state.forget(), [{ what: "lookout", present: false }]);
  assert.deepEqual(state.forget(), []);
});

test("a lost link and a lookout that went take with them what nobody would take back", () => {
  const state = new State();
  const fill = () => {
    take(state, "observer/a", { online: true });
    take(state, "errors", sample("event.infrastructure_error"));
    take(state, "circuit-breaker", sample("event.circuit.open"));
    take(state, "health", sample("event.health"));
  };
  fill();
  take(state, "observer/a", { online: false });
  assert.equal(state.components.size, 0);
  assert.equal(state.service("UserManagement").circuit.state, "open");
  fill();
  state.forget();
  assert.deepEqual(
    [state.present, state.components.size, state.service("UserManagement"), state.health],
    [false, 0, undefined, undefined],
  );
});

test("there is room for so many, and what is known stays", () => {
  const state = new State();
  const service = (at) =>
    take(state, "circuit-breaker", { type: "circuit_breaker", service: `s${at}`, state: "open" });
  for (let at = 0; at < 10_000; at += 1) assert.equal(service(at).length, 1);
  assert.deepEqual(service(10_000), []);
  assert.equal(state.service("s10000"), undefined);
  assert.equal(
    take(state, "services/s7", { type: "service_verdict", service: "s7", verdict: "unavailable" }).length,
    1,
  );
  take(state, "circuit-breaker/s9", "");
  assert.equal(service(10_000).length, 1);
  for (let at = 0; at < 1_001; at += 1)
    take(state, "errors", { type: "infrastructure_error", component: `c${at}` });
  assert.equal(state.components.size, 1_000);
  for (let at = 0; at < 2_000; at += 1) take(state, `observer/o${at}`, { online: true });
  for (let at = 0; at < 1_000; at += 1) take(state, `observer/o${at}`, { online: false });
  assert.equal(state.present, false);
});

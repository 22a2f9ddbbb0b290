// What an error answer means, by its code and whatever form its data has.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as api from "../dist/index.js";
import { answered } from "../dist/errors.js";
import { sample } from "./kit.mjs";

const WALL = Date.parse("2026-01-15T10:30:00.000Z");
const of = (code, data) => answered({ code, message: "m", ...(data === undefined ? {} : { data }) }, WALL);

test("each code is an error of its own", () => {
  const wanted = {
    Validation: [-32001],
    BusinessRule: [-32002],
    Authorization: [-32003],
    NotFound: [-32004],
    Conflict: [-32005],
    RateLimited: [-32006],
    ExecutionTimeout: [-32007],
    Unavailable: [-32503],
    Failed: [-32000, -32008, -32603, -32768, -32699],
    Rejected: [-32700, -32600, -32601, -32602, -31999, -32769, 0, 1, 404],
  };
  for (const [kind, codes] of Object.entries(wanted)) {
    for (const code of codes) {
      const error = of(code);
      assert.equal(error.kind, kind, `${code}`);
      assert.equal(error.name, kind);
      assert.equal(error.code, code);
      assert.ok(error instanceof api[kind] && error instanceof api.ServiceError && error instanceof Error);
    }
  }
});

test("the samples", () => {
  const error = (name) => answered(JSON.parse(sample(name)).error, WALL);
  const validation = error("reply.validation");
  assert.deepEqual(validation.fields, [
    { field: "email", message: "not an address", value: "ana@", constraint: "format: email" },
  ]);
  const business = error("reply.business");
  assert.deepEqual(
    [business.rule, business.detail, business.conflictingResource],
    ["duplicate_email", "address already taken", { type: "User", id: "u-77" }],
  );
  const direct = error("direct-answer");
  assert.deepEqual(
    [direct.by, direct.reason, direct.estimate, direct.source, direct.retryAfter],
    ["answer", "no_running_pods", "2-5 minutes", "lookout-1", 120_000],
  );
});

test("fields are one or a list", () => {
  const fields = [{ field: "a" }, { field: "b", message: "n", value: null, constraint: "c" }];
  assert.deepEqual(of(-32001, { details: fields }).fields, fields);
  assert.deepEqual(of(-32001, { details: fields[0] }).fields, [{ field: "a" }]);
  for (const details of [undefined, null, "x", [1, null, {}], { field: 1 }])
    assert.deepEqual(of(-32001, { details }).fields, []);
  assert.deepEqual(of(-32005, { details: { resource: { id: 1 } } }).resource, { id: 1 });
});

test("retryAfter is a moment or seconds", () => {
  for (const [data, wanted] of [
    [{ retryAfter: 1.5 }, 1_500],
    [{ retryAfter: "20" }, 20_000],
    [{ retryAfter: 0 }, 0],
    [{ retryAfter: "2026-01-15T10:30:07.000Z" }, 7_000],
    [{ retryAfter: "2026-01-15T11:30:07+01:00" }, 7_000],
    [{ retryAfter: "2026-01-15T10:31:00.000Z", timestamp: "2026-01-15T10:30:50.000Z" }, 10_000],
    [{ retryAfter: "2026-01-15T10:29:00.000Z" }, 0],
    [{ retryAfter: -1 }, undefined],
    [{ retryAfter: "soon" }, undefined],
    [{ retryAfter: {} }, undefined],
    [[], undefined],
    ["x", undefined],
  ]) {
    for (const code of [-32006, -32503])
      assert.equal(of(code, data).retryAfter, wanted, JSON.stringify(data));
  }
});

test("errors in any form that servers send", () => {
  for (const error of [
    "text",
    7,
    true,
    [],
    {},
    { code: "E1", message: "text" },
    { code: 1.5 },
    { code: 1e99 },
    { message: {} },
  ]) {
    const it = answered(error, WALL);
    assert.ok(it.kind === "Rejected" && it.message.length > 0, JSON.stringify(error));
  }
  assert.equal(answered("text", WALL).message, "text");
  assert.equal(answered({ message: "x".repeat(9_999) }, WALL).message.length, 1_000);
});

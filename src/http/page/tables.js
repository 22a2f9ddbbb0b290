// The tables in a service's view. Figures change in place, so that a reader can mark and copy what
// stands beside them; rows are made anew only when there are others.

import { fill, h, sign, text } from "./dom.js";
import { NONE, lasting, millis, name, number, percent, visible, whole } from "./format.js";
import { trace } from "./trace.js";
import { moment, replicas } from "./words.js";

/** A table of columns (title and kind) and rows. */
function table(label, columns, rows, empty) {
  if (rows.length === 0) return h("p", { class: "empty" }, empty);
  const head = columns.map(([title, kind]) => h("th", { scope: "col", class: kind }, title));
  const cell = (value, at) => {
    const [title, kind] = columns[at];
    const first = at === 0;
    return h(first ? "th" : "td", { class: kind, scope: first ? "row" : null, "data-title": title }, value);
  };
  const body = rows.map((row) => h("tr", {}, row.map(cell)));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)),
  );
}

const METHOD = [
  ["calls/s", (it) => number(it.requestRate)],
  ["answered %", (it) => percent(it.responseRate)],
  ["errors %", (it) => percent(it.errorRate)],
  ["p50 ms", (it) => millis(it.p50Ms)],
  ["p95 ms", (it) => millis(it.p95Ms)],
  ["p99 ms", (it) => millis(it.p99Ms)],
  ["waiting", (it) => whole(it.totals.open)],
  ["queue", (it) => whole(it.queueDepth)],
  ["in all", (it) => whole(it.totals.calls)],
];

const method = (wire) => h("bdi", { title: visible(wire) }, name(wire));

/** Shows the methods of a service in a node. */
export function methods(node, { methods: all }) {
  const columns = [["method", "name"], ...METHOD.map(([title]) => [title, "num"])];
  const values = (it) => METHOD.map(([, read]) => read(it));
  fill(
    node,
    all.map((it) => it.name),
    () =>
      table(
        "Methods",
        columns,
        all.map((it) => [method(it.name), ...values(it)]),
        "None is known.",
      ),
  );
  const rows = node.querySelectorAll("tbody tr");
  rows.forEach((row, at) =>
    values(all[at]).forEach((value, column) => text(row.children[column + 1], value)),
  );
}

const OUTCOMES = { failed: "degraded", unanswered: "unavailable" };

function outcome(kind) {
  return h("span", { class: "outcome" }, OUTCOMES[kind] ? sign(OUTCOMES[kind]) : "", kind);
}

/** Shows the last errors of a service in a node. */
export function recent(node, { recentErrors: all }) {
  const columns = [
    ["when", ""],
    ["method", "name"],
    ["what", ""],
    ["code", "num"],
    ["waited", "num"],
  ];
  // Where nothing is traced there is no column for it.
  const traced = all.some((it) => it.traceId !== undefined);
  if (traced) columns.push(["trace", ""]);
  const row = (it) => [
    moment(it.at),
    method(it.method),
    outcome(it.outcome),
    it.code ?? NONE,
    lasting(it.waitedMs),
    ...(traced ? [it.traceId === undefined ? NONE : trace(it)] : []),
  ];
  fill(node, all, () => table("Recent errors", columns, all.map(row), "None was seen."));
}

/** Shows the errors of a service by code in a node. */
export function errors(node, { errors: all }) {
  const columns = [
    ["what", ""],
    ["tier", "num"],
    ["code", "num"],
    ["count", "num"],
  ];
  const code = (it) => (it.other ? "others" : (it.code ?? NONE));
  const row = (it) => [outcome(it.outcome), it.tier, code(it), whole(it.count)];
  fill(
    node,
    all.map((it) => [it.outcome, it.tier, code(it)]),
    () => table("Errors by code", columns, all.map(row), "None was seen."),
  );
  node.querySelectorAll("tbody tr").forEach((it, at) => text(it.lastElementChild, whole(all[at].count)));
}

const TOTALS = [
  ["calls in all", "calls"],
  ["ok", "ok"],
  ["rejected (the caller's doing)", "rejected"],
  ["failed (the service's doing)", "failed"],
  ["unanswered", "unanswered"],
  ["void (lookout could not have heard)", "void"],
  ["answered late", "late"],
  ["one-way, no reply awaited", "oneway"],
];

/** Shows what else is known of a service in a node. */
export function facts(node, { topic, called, service, totals }) {
  fill(node, [topic, service.replicas], () => {
    const known = replicas(service);
    return h(
      "dl",
      { class: "facts" },
      h("dt", {}, "topic"),
      h("dd", {}, h("code", {}, visible(topic))),
      known === null ? null : [h("dt", {}, "replicas"), h("dd", {}, known)],
      h("dt", {}, "last called"),
      h("dd", { class: "called" }),
      TOTALS.map(([title, kind]) => [h("dt", {}, title), h("dd", { "data-total": kind })]).flat(),
    );
  });
  fill(node.querySelector(".called"), called, () => moment(called));
  for (const [, kind] of TOTALS) text(node.querySelector(`[data-total="${kind}"]`), whole(totals[kind]));
}

// Who calls a service and whom it calls, drawn: callers to the left, the called to the right. The
// nodes are links, so the drawing can be walked with the keyboard; only the lines are a drawing.

import { h, s, sign } from "./dom.js";
import { name, plural, visible } from "./format.js";
import { rank, signOf } from "./words.js";
import { serviceHref } from "./route.js";
import { store } from "./store.js";

/** Nodes on either side; the rest is counted. */
const MOST = 12;
/** The height of a node with its gap, in pixels, as in the style. */
const STEP = 44;

const BAD = new Set(["unavailable", "degraded"]);

function node(it, kind) {
  const row = store.rows.get(it.name) ?? { verdict: it.verdict };
  const mark = signOf(row);
  const seen = it.seen === undefined ? "configured" : `seen ${plural(it.seen, "time")}`;
  const hint = `${visible(it.name)}, ${row.verdict ?? "unknown"}${kind === "self" ? "" : `, ${seen}`}`;
  const inner = [
    sign(mark),
    h("bdi", {}, name(it.name)),
    h("span", { class: "unseen" }, `, ${row.verdict ?? "unknown"}`),
  ];
  const attributes = { class: `node is-${row.verdict ?? "unknown"}`, title: hint };
  return kind === "self"
    ? h("div", { ...attributes, "aria-current": "true" }, inner)
    : h("a", { ...attributes, href: serviceHref(it.name) }, inner);
}

function side(label, services, height) {
  const shown = services.slice(0, services.length > MOST ? MOST - 1 : MOST);
  const more = services.length - shown.length;
  const nodes = shown.map((it) => h("li", {}, node(it)));
  if (more > 0) nodes.push(h("li", {}, h("span", { class: "node more" }, `and ${more} more`)));
  if (nodes.length === 0) nodes.push(h("li", {}, h("span", { class: "node none" }, "none known")));
  const list = h("ul", { "aria-label": label }, nodes);
  list.style.height = `${height}px`;
  return list;
}

/** Lines from one side to the middle, or from the middle to the other side. */
function lines(services, height, inward, broken) {
  const count = Math.min(services.length, MOST);
  const y = (at) => height / 2 + (at - (count - 1) / 2) * STEP;
  const drawing = s("svg", {
    class: "edges",
    viewBox: `0 0 100 ${height}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  const heads = [];
  for (let at = 0; at < count; at += 1) {
    const [from, to] = inward ? [y(at), height / 2] : [height / 2, y(at)];
    const bad = broken(services[at]);
    drawing.append(
      s("path", { class: bad ? "edge bad" : "edge", d: `M0 ${from}C55 ${from} 45 ${to} 100 ${to}` }),
    );
    heads.push([to, bad]);
  }
  const place = h("div", { class: "gap" }, drawing);
  for (const [to, bad] of inward ? heads.sort((a, b) => a[1] - b[1]).slice(-1) : heads) {
    const tip = s(
      "svg",
      { class: bad ? "tip bad" : "tip", viewBox: "0 0 8 8", "aria-hidden": "true" },
      s("path", { d: "M0 0l8 4-8 4z" }),
    );
    tip.style.top = `${to - 4}px`;
    place.append(tip);
  }
  return place;
}

/** The whole drawing of what the API tells of a service. */
export function graph({ service, calls, calledBy }) {
  const rows = Math.max(1, Math.min(MOST, Math.max(calls.length, calledBy.length)));
  const height = rows * STEP;
  const verdict = (it) => store.rows.get(it.name)?.verdict ?? it?.verdict;
  const self = BAD.has(service.verdict);
  const middle = h("div", { class: "self" }, node(service, "self"));
  middle.style.height = `${height}px`;
  return h(
    "div",
    { class: "graph", role: "group", "aria-label": `Who calls ${name(service.name)}, and whom it calls` },
    h("p", { class: "dim callers" }, "called by"),
    h("p", { class: "dim called" }, "calls"),
    side("Called by", calledBy, height),
    lines(calledBy, height, true, () => self),
    middle,
    lines(calls, height, false, (it) => BAD.has(verdict(it))),
    side("Calls", calls, height),
  );
}

/** What the drawing depends on beside what the API tells. */
export function graphKey({ service, calls, calledBy }) {
  return [
    service.name,
    service.verdict,
    [...calls, ...calledBy].map((it) => [
      it.name,
      rank(store.rows.get(it.name) ?? it),
      store.rows.get(it.name)?.circuit,
      it.seen,
    ]),
  ];
}

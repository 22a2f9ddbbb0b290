// One service in the list. Its nodes are made once, by copying a template, and only what changed is
// touched; a thousand of them must cost little.

import { attribute, fill, h, sign, text } from "./dom.js";
import { millis, name, number, percent, plural, visible } from "./format.js";
import { bars, spark } from "./bars.js";
import { heldFor, store } from "./store.js";
import { circuit, doing, rank, remedy, replicas, signOf, since, verdict, words } from "./words.js";
import { incidentHref, serviceHref } from "./route.js";

/** The columns after name, verdict and circuit: title, unit on a phone, what it means, how it reads. */
export const COLUMNS = [
  ["calls/s", "/s", "Calls per second over the last 5 min", (row) => number(row.requestRate)],
  [
    "answered %",
    "% answered",
    "Answered calls of those settled in the last 5 min",
    (row) => percent(row.responseRate),
  ],
  [
    "tier 1 %",
    "% tier 1",
    "Errors of the function itself, as a share of the calls settled in the last 5 min",
    (row) => percent(row.tier1Rate),
  ],
  [
    "tier 2 %",
    "% tier 2",
    "Calls that found the service unavailable: unanswered, or answered so, as a share of the calls settled in the last 5 min",
    (row) => percent(row.tier2Rate),
  ],
  [
    "p50 ms",
    "ms p50",
    "Half of the replies of the last 5 min took at most so long",
    (row) => millis(row.p50Ms),
  ],
  [
    "p95 ms",
    "ms p95",
    "95 % of the replies of the last 5 min took at most so long",
    (row) => millis(row.p95Ms),
  ],
  [
    "p99 ms",
    "ms p99",
    "99 % of the replies of the last 5 min took at most so long",
    (row) => millis(row.p99Ms),
  ],
];

/** The column that speaks against a service. */
const TIER_2 = 3;

const template = h(
  "div",
  { class: "row", role: "row" },
  h(
    "div",
    { class: "c-name", role: "rowheader" },
    h("span", { class: "mark" }),
    h("a", { class: "name" }, h("bdi")),
  ),
  h("div", { class: "c-verdict", role: "cell" }),
  h("div", { class: "c-circuit", role: "cell" }),
  h(
    "div",
    { class: "nums" },
    COLUMNS.map(([, unit], at) => h("div", { class: `num c-${at}`, role: "cell", "data-unit": unit })),
  ),
  h("div", { class: "c-spark", role: "cell" }, spark()),
  h("div", { class: "c-why", role: "cell" }),
);

/** The head of the list. */
export function head() {
  const column = (title, hint, kind = "") =>
    h("div", { role: "columnheader", class: kind, title: hint }, title);
  return h(
    "div",
    { class: "row head", role: "row" },
    column("service", "Its name"),
    column("verdict", "What lookout says of it"),
    column("circuit", "What callers are told: closed is go ahead"),
    ...COLUMNS.map(([title, , hint]) => column(title, hint, "num")),
    column("last 10 min", "Calls upwards, failed or unanswered ones downwards, each bar ten seconds"),
  );
}

/** What is said of a row beyond its figures, as nodes; without the way to its story where that is `told`. */
export function why(row, told = false) {
  const by = store.heldBy.get(row.name);
  const parts = [];
  const part = (kind, ...nodes) => parts.push(h("span", { class: kind }, ...nodes));
  if (rank(row) < 2) {
    part("reason", `${words(row.reason ?? row.verdict)} for `, since(Date.parse(row.since)));
    if (row.causedBy)
      part(
        "",
        `because of ${visible(row.causedBy.component)} `,
        h("a", { href: incidentHref(row.causedBy.incident) }, "story"),
      );
    if (row.replicas) part("", replicas(row));
    if (row.remedy) part("", remedy(row.remedy));
    part("", `${plural(row.callers, "caller")} affected`);
  }
  if (rank(row) === 2 && row.verdict === "unknown")
    part("reason", "unknown for ", since(Date.parse(row.since)));
  part("doing", ...doing(row, heldFor(row.name), by));
  if (row.incident && !told) part("", h("a", { href: incidentHref(row.incident) }, "story"));
  return parts;
}

/** A service in the list. */
export class Row {
  constructor(service) {
    this.node = template.cloneNode(true);
    this.name = service;
    this.seen = false;
    const [title, verdictCell, circuitCell, numbers, sparkCell, whyCell] = this.node.children;
    Object.assign(this, { title, verdict: verdictCell, circuit: circuitCell, why: whyCell });
    this.numbers = [...numbers.children];
    this.spark = sparkCell.firstChild;
    const link = this.title.lastChild;
    link.setAttribute("href", serviceHref(service));
    link.setAttribute("title", visible(service));
    text(link.firstChild, name(service));
    this.node.row = this;
  }

  /** The link that has the focus when the row has it. */
  get link() {
    return this.title.lastChild;
  }

  /** Shows how the service stands. */
  show(row) {
    const level = rank(row);
    attribute(this.node, "data-rank", level);
    const mark = signOf(row);
    fill(this.title.firstChild, mark, () => sign(mark));
    text(this.verdict, verdict(row));
    text(this.circuit, circuit(row.circuit));
    attribute(this.circuit, "data-state", row.circuit);
    COLUMNS.forEach(([, , , read], at) => text(this.numbers[at], read(row)));
    attribute(this.numbers[TIER_2], "data-some", row.tier2Rate > 0 ? "" : null);
    const held = heldFor(row.name);
    const key =
      level > 2
        ? ""
        : [
            row.verdict,
            row.reason,
            row.since,
            row.circuit,
            row.retryAfter,
            row.callers,
            row.incident,
            row.replicas,
            held,
            store.heldBy.get(row.name),
          ];
    fill(this.why, key, () => (level > 2 ? [] : why(row)));
    this.draw(row);
  }

  draw(row) {
    const cells = store.cells.get(row.name) ?? [];
    const current = store.overview?.cell ?? (cells.at(-1)?.[0] ?? 0) + 1;
    const key = `${current} ${cells.length} ${cells.at(-1)?.[0]}`;
    if (this.drawn === key) return;
    this.drawn = key;
    const { up, down, calls, bad } = bars(cells, current);
    attribute(this.spark.children[1], "d", up);
    attribute(this.spark.children[2], "d", down);
    const label = `last 10 min: ${plural(calls, "call")}, ${bad} failed or unanswered`;
    attribute(this.spark, "aria-label", label);
  }
}

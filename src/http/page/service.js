// The view of one service: how it stands, its figures, ten minutes of calls and reply times, methods,
// who calls it and whom it calls, its last errors. Read from the API once a second while it is seen;
// each part is drawn anew only when what it shows has changed.

import { fill, h, s, sign, text } from "./dom.js";
import { lasting, name, number, percent, plural, visible, whole } from "./format.js";
import { bars } from "./bars.js";
import { graph, graphKey } from "./graph.js";
import { heat } from "./heat.js";
import { on, store, CELLS } from "./store.js";
import { circuit, isBad, moment, rank, signOf, since, verdict, words } from "./words.js";
import { errors, facts, methods, recent } from "./tables.js";
import { story } from "./incidents.js";
import { why } from "./row.js";
import * as runbook from "./runbook.js";
import { read } from "./load.js";
import { incidentHref } from "./route.js";
import { tick } from "./clock.js";

/** Lines of the latest story that are shown. */
const STORY = 10;

const place = document.getElementById("service");

let shown = null;
let parts = null;
let absent = false;
let busy = false;

const FIGURES = [
  ["calls/s", (it) => number(it.service.requestRate)],
  ["answered", (it) => share(it.service.responseRate)],
  ["tier 1 errors", (it) => share(it.service.tier1Rate)],
  ["tier 2 errors", (it) => share(it.service.tier2Rate)],
  ["p50", (it) => lasting(it.service.p50Ms)],
  ["p95", (it) => lasting(it.service.p95Ms)],
  ["p99", (it) => lasting(it.service.p99Ms)],
  ["waiting", (it) => whole(it.service.openCalls)],
  ["oldest waits", (it) => lasting(it.oldestOpenMs)],
  ["callers", (it) => whole(it.service.callers)],
];

const share = (value) => (value === undefined ? "–" : `${percent(value)}\u202f%`);

/** The empty view, and its parts by name. */
function frame(service) {
  const made = Object.fromEntries(
    ["head", "facts", "traffic", "heat", "graph", "methods", "recent", "errors", "stories"].map((it) => [
      it,
      h("div"),
    ]),
  );
  const part = (title, node, note) =>
    h(
      "section",
      { class: `part part-${title.split(" ")[0].toLowerCase()}` },
      h("h2", {}, title, note ? h("small", {}, note) : ""),
      node,
    );
  made.guide = runbook.place();
  made.figures = FIGURES.map(() => h("dd", {}, "–"));
  place.replaceChildren(
    h("p", { class: "back" }, h("a", { href: "#/" }, "← Overview")),
    h(
      "h1",
      { tabindex: "-1", title: visible(service) },
      h("span", { class: "mark" }),
      h("bdi", {}, name(service)),
    ),
    made.head,
    h(
      "dl",
      { class: "tiles", "aria-label": "Figures" },
      FIGURES.map(([title], at) => h("div", {}, h("dt", {}, title), made.figures[at])),
    ),
    h(
      "div",
      { class: "parts" },
      part("Calls", made.traffic, "last 10 min"),
      part("Reply times", made.heat, "last 10 min"),
      made.guide,
      part("Dependencies", made.graph),
      part("Methods", made.methods),
      part("Recent errors", made.recent),
      h(
        "div",
        { class: "stack" },
        part("Errors by code", made.errors, "since lookout started"),
        part("Incidents", made.stories),
        part("Facts", made.facts),
      ),
    ),
  );
  made.mark = place.querySelector("h1 .mark");
  return made;
}

function traffic(cells, current) {
  const { up, down, calls, bad, most } = bars(cells, current);
  const label = `Calls of the last 10 min: ${calls}, of which ${bad} failed or went unanswered`;
  return h(
    "figure",
    { class: "traffic", role: "img", "aria-label": label },
    s(
      "svg",
      { class: "spark", viewBox: `0 0 ${CELLS} 22`, preserveAspectRatio: "none" },
      s("path", { class: "base", d: `M0 14H${CELLS}` }),
      s("path", { class: "calls", d: up }),
      s("path", { class: "bad", d: down }),
    ),
    h(
      "p",
      { class: "axis", "aria-hidden": "true" },
      h("span", {}, "10 min ago"),
      h("span", {}, "5 min"),
      h("span", {}, "now"),
    ),
    h(
      "p",
      { class: "dim" },
      `upwards ${plural(calls, "call")}, at most ${number(most / 10)} per second; downwards ${whole(bad)} failed or unanswered; a bar is 10 s`,
    ),
  );
}

function stories(service) {
  const own = (store.incidents ?? []).filter(
    (it) => it.subject === service || it.story.some((line) => line.subject === service),
  );
  if (own.length === 0) return h("p", { class: "empty" }, "None is known.");
  const entry = (it) =>
    h(
      "li",
      {},
      sign(it.ended ? "healthy" : "unavailable"),
      moment(it.began),
      h(
        "a",
        { href: incidentHref(it.id) },
        it.subject === service ? "" : `of ${name(it.subject)}, `,
        it.ended ? "over" : "under way",
      ),
    );
  return [h("ol", { class: "story" }, own.slice(0, 10).map(entry)), story(own[0], STORY)];
}

function head(row) {
  const circuitText = h(
    "span",
    { class: "circuit", "data-state": row.circuit },
    `circuit ${circuit(row.circuit)}`,
  );
  const judged = h("span", { class: `verdict is-${row.verdict ?? "unknown"}` }, verdict(row));
  const line = [
    judged,
    h("span", {}, row.reason ? `${words(row.reason)}, ` : "", "for ", since(Date.parse(row.since))),
  ];
  return rank(row) < 3
    ? [h("p", { class: "why" }, judged, why(row))]
    : [h("p", { class: "why" }, line, circuitText)];
}

/** Draws what the API told. */
function draw(it) {
  absent = false;
  parts ??= frame(it.service.name);
  const row = it.service;
  const current = store.overview?.cell ?? 0;
  const standing = [
    row.verdict,
    row.reason,
    row.since,
    row.circuit,
    row.retryAfter,
    row.callers,
    row.incident,
    row.replicas,
    row.causedBy,
    row.remedy,
  ];
  fill(parts.mark, signOf(row), () => sign(signOf(row)));
  fill(parts.head, [standing, [...store.heldBy]], () => head(row));
  const cause = [row.verdict, row.reason, row.circuit, row.causedBy];
  runbook.show(parts.guide, isBad(row) ? row.name : null, cause);
  FIGURES.forEach(([, value], at) => text(parts.figures[at], value(it)));
  const { cells } = it.history;
  const brief = cells.map((cell) => [cell.number, cell.calls, cell.failed + cell.unanswered]);
  fill(parts.traffic, [current, brief.length], () => traffic(brief, current));
  fill(parts.heat, [current, cells.length, cells.at(-1)], () => heat(it.history, current));
  fill(parts.graph, graphKey(it), () => graph(it));
  methods(parts.methods, it);
  recent(parts.recent, it);
  errors(parts.errors, it);
  fill(
    parts.stories,
    (store.incidents ?? []).filter(
      (one) => one.story.some((said) => said.subject === row.name) || one.subject === row.name,
    ),
    () => stories(row.name),
  );
  facts(parts.facts, it);
  tick(place);
}

/** Says that there is no such service; once, as it is asked for again each second. */
function missing() {
  if (absent) return;
  [parts, absent] = [null, true];
  place.replaceChildren(
    h("p", { class: "back" }, h("a", { href: "#/" }, "← Overview")),
    h("h1", { tabindex: "-1" }, h("bdi", {}, name(shown))),
    h("p", { class: "empty" }, "lookout does not know this service, or no longer."),
  );
}

async function refresh() {
  if (shown === null || busy || document.hidden) return;
  busy = true;
  const asked = shown;
  // Without a connection nothing is drawn; the first line says that there is no contact.
  const answer = await read(`/api/v1/services/${encodeURIComponent(asked)}`).catch(() => undefined);
  busy = false;
  if (asked !== shown) return refresh();
  if (answer === null) missing();
  else if (answer) draw(answer.body);
}

/** Shows a service; null shows none. */
export function show(service) {
  if (shown !== service) {
    [parts, absent] = [null, false];
    place.replaceChildren();
    if (service !== null) parts = frame(service);
  }
  shown = service;
  refresh();
}

/** Keeps the view up to date. */
export function start() {
  on("overview", refresh);
  document.addEventListener("visibilitychange", refresh);
}

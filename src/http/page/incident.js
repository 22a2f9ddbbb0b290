// The view of one incident: what happened from the first sign to the end.

import { attribute, fill, h, sign } from "./dom.js";
import { name, plural, span, visible } from "./format.js";
import { on, store } from "./store.js";
import { level, story, subject } from "./incidents.js";
import { isBad, moment, since } from "./words.js";
import { why } from "./row.js";
import * as runbook from "./runbook.js";
import { trace } from "./trace.js";

const place = document.getElementById("incident");
const guide = runbook.place();
let shown = null;

function facts(incident) {
  const began = Date.parse(incident.began);
  const lasts = !incident.ended;
  const end = lasts
    ? [h("dt", {}, "lasts for"), h("dd", {}, since(began))]
    : [
        h("dt", {}, "ended"),
        h("dd", {}, moment(incident.ended)),
        h("dt", {}, "lasted"),
        h("dd", {}, span(Date.parse(incident.ended) - began)),
      ];
  const others = [...new Set(incident.story.map((it) => it.subject))].filter((it) => it !== incident.subject);
  const also =
    others.length > 0
      ? [
          h("dt", {}, "also concerned"),
          h(
            "dd",
            {},
            others.flatMap((it, at) => [at > 0 ? ", " : "", subject(it)]),
          ),
        ]
      : [];
  return h(
    "dl",
    { class: "facts" },
    h("dt", {}, "began"),
    h("dd", {}, moment(incident.began)),
    ...end,
    ...also,
    h("dt", {}, "id"),
    h("dd", {}, h("code", {}, incident.id)),
    ...(incident.traceId === undefined ? [] : [h("dt", {}, "trace"), h("dd", {}, trace(incident, true))]),
  );
}

function draw(incident, row) {
  const title = incident.ended ? "is over" : "is under way";
  const now = !incident.ended && row ? h("p", { class: "why" }, why(row, true)) : "";
  return [
    h("p", { class: "back" }, h("a", { href: "#/" }, "← Overview")),
    h(
      "h1",
      { tabindex: "-1" },
      sign(incident.ended ? "healthy" : level(incident)),
      h("span", {}, "Incident of ", subject(incident.subject), h("span", { class: "dim" }, ` ${title}`)),
    ),
    now,
    facts(incident),
    h("h2", {}, "Story"),
    incident.leftOut > 0
      ? h("p", { class: "dim" }, `${plural(incident.leftOut, "line")} in the middle were left out.`)
      : "",
    story(incident, Infinity, true),
    guide,
  ];
}

function missing(id) {
  const said =
    store.incidents === null
      ? "Reading …"
      : "lookout does not know this incident; it keeps the last 200 of its run.";
  return [
    h("p", { class: "back" }, h("a", { href: "#/" }, "← Overview")),
    h("h1", { tabindex: "-1" }, `Incident ${visible(id)}`),
    h("p", { class: "empty" }, said),
  ];
}

function refresh() {
  if (shown === null) return;
  const incident = store.incidents?.find((it) => it.id === shown);
  const row = incident && store.rows.get(incident.subject);
  const part = row && [row.verdict, row.reason, row.since, row.circuit, row.retryAfter, row.callers];
  attribute(place, "aria-label", incident ? `Incident of ${name(incident.subject)}` : "Incident");
  fill(place, [shown, store.incidents === null, incident, part], () =>
    incident ? draw(incident, row) : missing(shown),
  );
  // What is over needs nothing done.
  const lasts = incident && !incident.ended && (!row || isBad(row));
  runbook.show(guide, lasts ? incident.subject : null, lasts ? [row?.verdict, row?.reason, row?.circuit] : null);
}

/** Shows an incident; null shows none. */
export function show(id) {
  shown = id;
  refresh();
}

/** Keeps the view up to date. */
export function start() {
  on("incidents", refresh);
  on("rows", refresh);
}

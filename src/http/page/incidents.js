// Incidents beside the list: those under way with their story, and the last ones that are over.

import { fill, h, sign } from "./dom.js";
import { name, plural, span, visible } from "./format.js";
import { on, store } from "./store.js";
import { eventSign, moment, since } from "./words.js";
import { incidentHref, serviceLink } from "./route.js";
import { trace } from "./trace.js";

/** Lines of a story that are shown here; all of them are in the incident's own view. */
const LINES = 8;
/** Incidents under way that are shown, and such as are over. */
const [OPEN, OVER] = [10, 8];

/** A service as a link, a component by its name. */
export function subject(of) {
  return store.rows.has(of) ? serviceLink(of) : h("bdi", { class: "name", title: visible(of) }, name(of));
}

/** The lines of a story as a time line; `most` of them, the first and the latest. `exact` adds how long after the first sign. */
export function story(incident, most = Infinity, exact = false) {
  const lines = incident.story;
  const cut = lines.length > most;
  const shown = cut ? [...lines.slice(0, 2), null, ...lines.slice(2 - most)] : lines;
  const left = lines.length - most + (incident.leftOut ?? 0);
  const entry = (it) => {
    if (it === null)
      return h(
        "li",
        { class: "gap" },
        h("a", { href: incidentHref(incident.id) }, `${plural(left, "line")} between`),
      );
    const mark = eventSign(it.type, it.severity, it.severity === "info" ? "closed" : undefined);
    const other = it.subject !== incident.subject;
    const after = exact
      ? h("span", { class: "after" }, `+${span(Date.parse(it.at) - Date.parse(incident.began))}`)
      : "";
    return h(
      "li",
      {},
      sign(mark),
      moment(it.at),
      after,
      h("span", {}, other ? [subject(it.subject), " "] : "", visible(it.text), exact ? trace(it) : ""),
    );
  };
  return h("ol", { class: exact ? "story rail exact" : "story rail" }, shown.map(entry));
}

/** How bad an incident is, or was. */
export function level(incident) {
  const types = new Set(incident.story.map((it) => it.type));
  const row = store.rows.get(incident.subject);
  if (!incident.ended && (row?.verdict === "unavailable" || row?.verdict === "degraded")) return row.verdict;
  if (types.has("service_unavailable") || types.has("infrastructure_error")) return "unavailable";
  return types.has("service_degraded") ? "degraded" : "circuit";
}

function open(incident) {
  const began = Date.parse(incident.began);
  return h(
    "article",
    { class: `card is-${level(incident)}` },
    h("h3", {}, sign(level(incident)), subject(incident.subject)),
    h(
      "p",
      { class: "dim" },
      "since ",
      moment(incident.began),
      ", for ",
      since(began),
      ", ",
      h("a", { href: incidentHref(incident.id) }, "whole story"),
    ),
    story(incident, LINES),
  );
}

function over(incident) {
  const length = span(Date.parse(incident.ended) - Date.parse(incident.began));
  return h(
    "li",
    {},
    sign("healthy"),
    moment(incident.ended),
    h(
      "span",
      {},
      subject(incident.subject),
      " over after ",
      h("a", { href: incidentHref(incident.id) }, length),
    ),
  );
}

function draw() {
  const all = store.incidents ?? [];
  const lasting = all.filter((it) => !it.ended);
  const ended = all.filter((it) => it.ended).sort((a, b) => (a.ended < b.ended ? 1 : -1));
  const more = (list, most) =>
    list.length > most ? h("p", { class: "dim" }, `and ${list.length - most} more`) : "";
  return [
    lasting.slice(0, OPEN).map(open),
    more(lasting, OPEN),
    lasting.length === 0 ? h("p", { class: "empty" }, "None is open.") : "",
    ended.length > 0
      ? h("ol", { class: "story over", "aria-label": "Over" }, ended.slice(0, OVER).map(over))
      : "",
    more(ended, OVER),
  ].flat();
}

/** Keeps the incidents up to date. */
export function start() {
  const place = document.getElementById("incidents");
  // Rows change each second, stories only when something happens.
  let told = "";
  const refresh = () => {
    const named = (store.incidents ?? []).map((it) => [
      it.ended ? "" : level(it),
      store.rows.has(it.subject),
    ]);
    fill(place, `${told} ${JSON.stringify(named)}`, draw);
  };
  on("incidents", () => {
    told = JSON.stringify(store.incidents);
    refresh();
  });
  on("rows", refresh);
}

// The first line: what is broken, since when, for whom, and what lookout does about it. Also said by
// the title and the icon, for those who look elsewhere.

import { fill, h, sign, text } from "./dom.js";
import { plural, span, visible } from "./format.js";
import { on, store } from "./store.js";
import { moment, rank, since, until } from "./words.js";
import { serviceLink } from "./route.js";
import * as clock from "./clock.js";

const $ = (id) => document.getElementById(id);

/** Names that are listed in the second line. */
const NAMED = 3;

/** What the first line says: its level, sign and text, and the short form for the title. */
export function state(overview) {
  const { services, components } = overview;
  const { unavailable, degraded, healthy, unknown } = services;
  const bad = [];
  if (unavailable > 0) bad.push(`${plural(unavailable, "service")} unavailable`);
  if (degraded > 0)
    bad.push(unavailable > 0 ? `${degraded} degraded` : `${plural(degraded, "service")} degraded`);
  if (components.unhealthy > 0) bad.push(`${plural(components.unhealthy, "component")} failing`);
  if (components.degraded > 0) bad.push(`${plural(components.degraded, "component")} degraded`);
  const down = unavailable + components.unhealthy;
  if (bad.length > 0) {
    const short = [
      down > 0 ? `${down} down` : "",
      degraded + components.degraded > 0 ? `${degraded + components.degraded} degraded` : "",
    ];
    return {
      level: down > 0 ? "unavailable" : "degraded",
      text: bad.join(", "),
      short: short.filter(Boolean).join(", "),
    };
  }
  if (!overview.linked)
    return { level: "unknown", text: "Cut off from the broker: nothing can be said", short: "no link" };
  if (overview.inDoubt) return { level: "unknown", text: "In doubt: no verdicts for now", short: "in doubt" };
  if (healthy + unknown === 0) return { level: "unknown", text: "No call heard yet", short: "no calls" };
  if (overview.openIncidents > 0) {
    return {
      level: "circuit",
      text: `Recovering: ${plural(overview.openIncidents, "incident")} not over yet`,
      short: "recovering",
    };
  }
  if (overview.openCircuits > 0)
    return {
      level: "circuit",
      text: `${plural(overview.openCircuits, "circuit")} not closed`,
      short: "circuits",
    };
  if (healthy === 0)
    return {
      level: "unknown",
      text: `${plural(unknown, "service")}, too little heard of any to judge`,
      short: "unknown",
    };
  return { level: "healthy", text: "All well", short: "all well" };
}

/** Since when it is so, as far as rows and incidents tell. */
function begun(level) {
  const times = [];
  if (level === "unavailable" || level === "degraded") {
    for (const row of store.rows.values()) if (rank(row) < 2) times.push(Date.parse(row.since));
    for (const component of store.components)
      if (component.finding) times.push(Date.parse(component.finding.since));
    return times.length > 0 ? Math.min(...times) : null;
  }
  if (level !== "healthy" || store.incidents === null) return null;
  for (const incident of store.incidents) if (incident.ended) times.push(Date.parse(incident.ended));
  return Math.max(Date.parse(store.overview.startedAt), ...times);
}

/** The second line, as nodes. */
function more(level, from) {
  const parts = [];
  const part = (...nodes) => parts.push(h("span", {}, ...nodes));
  if (from !== null) part("since ", moment(new Date(from).toISOString()), ", for ", since(from));
  if (level !== "unavailable" && level !== "degraded") return parts;
  const rows = [...store.rows.values()].filter((row) => rank(row) < 2);
  rows.sort((a, b) => rank(a) - rank(b) || (a.since < b.since ? -1 : 1));
  const names = rows.slice(0, NAMED).flatMap((row, at) => [at > 0 ? ", " : "", serviceLink(row.name)]);
  if (rows.length > NAMED) names.push(` and ${rows.length - NAMED} more`);
  if (names.length > 0) part(...names);
  const callers = Math.max(0, ...rows.map((row) => row.callers));
  if (callers > 0) part(`${rows.length > 1 ? "at least " : ""}${plural(callers, "caller")} affected`);
  const trials = [...store.rows.values()]
    .filter((row) => row.circuit === "open" && row.retryAfter)
    .map((row) => Date.parse(row.retryAfter));
  const circuits = store.overview.openCircuits;
  if (circuits > 0) {
    const next = trials.length > 0 ? [", next trial ", until(Math.min(...trials))] : [];
    part(`lookout warns callers: ${plural(circuits, "circuit")} not closed`, ...next);
  }
  return parts;
}

/** Marks beside the state: what is wrong with lookout itself. */
function badges(overview, stale) {
  const marks = [];
  if (stale) marks.push(["stale", state(overview).text]);
  if (!overview.linked)
    marks.push([
      "link",
      `no link to the broker${overview.linkProblem ? `: ${visible(overview.linkProblem)}` : ""}`,
    ]);
  if (overview.inDoubt)
    marks.push(["doubt", "in doubt: lookout may not have heard everything, so it blames nobody"]);
  return marks;
}

function badge([kind, said]) {
  // How old it is grows by itself.
  const age = kind === "stale" ? ["shown as it was ", h("span", { class: "age" }), " ago: "] : [];
  return h("li", { class: `badge-${kind}` }, sign("unknown"), h("span", {}, age, said));
}

const ICONS = {
  unavailable:
    '<circle cx="8" cy="8" r="8" fill="#d3202c"/><path d="M5 5l6 6M11 5l-6 6" stroke="#fff" stroke-width="2.4"/>',
  degraded:
    '<path d="M8 .5 16 15.5H0z" fill="#e79a12"/><path d="M8 6v4.6M8 12v1.8" stroke="#000" stroke-width="2"/>',
  circuit: '<circle cx="8" cy="8" r="6" fill="none" stroke="#e79a12" stroke-width="3"/>',
  healthy: '<circle cx="8" cy="8" r="6" fill="none" stroke="#7a828c" stroke-width="2.4"/>',
  unknown:
    '<circle cx="8" cy="8" r="6" fill="none" stroke="#7a828c" stroke-width="2.4" stroke-dasharray="3 2.4"/>',
};

let icon = "";
let lost = false;

/** The browser's tab. */
function tab(level, short) {
  const mark = level === "healthy" ? "" : level === "unknown" ? "? " : "● ";
  const title = `${mark}${short} · lookout`;
  if (document.title !== title) document.title = title;
  if (icon === level) return;
  icon = level;
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${ICONS[level]}</svg>`;
  $("icon").href = `data:image/svg+xml,${encodeURIComponent(drawing)}`;
}

/** What is said when nothing new is known: never that all is well. */
const silent = () =>
  lost
    ? { level: "unknown", text: "No contact to lookout", short: "no contact" }
    : { level: "unknown", text: "lookout sends no figures", short: "stale" };

/** Shows the state anew, with spans as they are now. */
export function refresh() {
  const overview = store.overview;
  if (overview === null) {
    if (lost) text($("state-text"), silent().text);
    return tab("unknown", lost ? "no contact" : "…");
  }
  const stale = lost || clock.age() > clock.STALE;
  const said = stale ? silent() : state(overview);
  document.body.classList.toggle("stale", stale);
  document.body.dataset.level = said.level;
  fill($("state-sign"), said.level, () => sign(said.level));
  text($("state-text"), said.text);
  const marks = badges(overview, stale);
  $("badges").hidden = marks.length === 0;
  fill($("badges"), marks, () => marks.map(badge));
  const age = $("badges").querySelector(".age");
  if (age) text(age, span(clock.age()));
  const from = stale ? null : begun(said.level);
  const key = [
    said.level,
    from,
    overview.openCircuits,
    [...store.rows.values()]
      .filter((row) => rank(row) < 3)
      .map((row) => [row.name, row.verdict, row.since, row.callers, row.circuit, row.retryAfter]),
  ];
  fill($("state-more"), key, () => more(said.level, from));
  clock.tick($("top"));
  tab(said.level, said.short);
}

/** Whether there is a connection to lookout. */
export function connection(up) {
  lost = !up;
  refresh();
}

/** Keeps the state up to date, hidden or not: the title is read most when the page is not. */
export function start() {
  for (const topic of ["overview", "rows", "incidents", "components"]) on(topic, refresh);
  on("overview", (overview) => text($("cluster"), visible(overview.cluster)));
  setInterval(refresh, 1000);
  refresh();
}

// The platform's figures in one line, and lookout's own name and version.

import { h, text } from "./dom.js";
import { number, percent, plural, span, visible, whole } from "./format.js";
import { on } from "./store.js";
import { now } from "./clock.js";

const FIGURES = [
  [
    "services",
    "Services that were called",
    (it) => whole(Object.values(it.services).reduce((sum, count) => sum + count, 0)),
  ],
  ["calls/s", "Calls per second over the last 5 min", (it) => number(it.requestRate)],
  [
    "answered",
    "Answered calls of those settled in the last 5 min",
    (it) => `${percent(it.responseRate)}\u202f%`,
  ],
  [
    "errors",
    "Calls rejected, failed or unanswered, of those settled in the last 5 min",
    (it) => `${percent(it.errorRate)}\u202f%`,
  ],
  ["waiting", "Calls that wait for a reply", (it) => whole(it.openCalls)],
  ["circuits not closed", "Circuits that are open, half-open or forced open", (it) => whole(it.openCircuits)],
  ["open incidents", "Incidents under way", (it) => whole(it.openIncidents)],
];

/** Makes the line, which then keeps itself up to date. */
export function start() {
  const line = document.getElementById("figures");
  const values = FIGURES.map(([title, hint]) => {
    const value = h("dd", {}, "–");
    line.append(h("div", { title: hint }, h("dt", {}, title), value));
    return value;
  });
  const own = h("dd", {}, "–");
  line.append(h("div", { class: "own" }, h("dt", {}, "lookout"), own));
  on("overview", (overview) => {
    FIGURES.forEach(([, , read], at) => text(values[at], read(overview)));
    const up = span(now() - Date.parse(overview.startedAt)).split(" ")[0];
    text(own, `${visible(overview.id)}, ${overview.version}, up ${up}`);
    own.parentNode.title = `${plural(overview.services.unknown, "service")} cannot be judged`;
  });
}

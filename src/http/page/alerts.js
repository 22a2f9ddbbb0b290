// Alerts beside the list: what people are told now, the worst first. Those that something worse says
// already are counted.

import { fill, h, sign } from "./dom.js";
import { plural, visible } from "./format.js";
import { on, store } from "./store.js";
import { incidentHref } from "./route.js";
import { moment } from "./words.js";

/** Alerts that are shown. */
const SHOWN = 8;
/** The sign of a severity. */
const SIGNS = { emergency: "unavailable", critical: "unavailable", error: "degraded", warning: "degraded" };

/** Whether an incident is known to the page. */
const incident = (id) => store.incidents?.some((it) => it.id === id) ?? false;

function entry({ alert, severity, summary, startsAt, correlationId }) {
  const known = incident(correlationId);
  const text = visible(summary);
  return h(
    "li",
    {},
    sign(SIGNS[severity] ?? "info"),
    h(
      "span",
      {},
      h("span", { class: "dim" }, `${severity} since `),
      moment(startsAt),
      " ",
      known ? h("a", { href: incidentHref(correlationId) }, text) : h("span", {}, text),
      h("span", { class: "dim" }, ` ${alert}`),
    ),
  );
}

/** Keeps alerts up to date; without any there is no such part of the page. */
export function start() {
  const list = document.getElementById("alerts");
  const part = document.getElementById("alerts-section");
  const more = document.getElementById("alerts-more");
  part.hidden = true;
  const refresh = () => {
    const firing = store.alerts.alerts.filter((it) => it.status === "firing");
    const told = firing.filter((it) => !it.inhibited);
    const shown = told.slice(0, SHOWN);
    part.hidden = told.length === 0;
    // An incident that is known by now is a link.
    fill(list, [shown, shown.map((it) => incident(it.correlationId))], () => shown.map(entry));
    const rest = told.length - shown.length;
    const silent = firing.length - told.length;
    const notes = [
      rest > 0 ? `and ${rest} more: /api/v1/alerts` : "",
      silent > 0 ? `${plural(silent, "alert")} silent, as these say enough` : "",
    ];
    more.textContent = notes.filter(Boolean).join("; ");
  };
  on("alerts", refresh);
  on("incidents", refresh);
}

// The ground under the services: brokers, databases, hosts.

import { fill, h, sign } from "./dom.js";
import { lasting, listed, visible } from "./format.js";
import { on, store } from "./store.js";
import { since } from "./words.js";
import { incidentHref } from "./route.js";

const SIGNS = { healthy: "healthy", degraded: "degraded", unhealthy: "unavailable", starting: "unknown" };
const ORDER = ["unhealthy", "degraded", "starting", "healthy"];

/** What is wrong, since when, whom it explains and what to do. */
function found(finding) {
  const explains = finding.affectedServices.map(visible);
  return h(
    "span",
    { class: "found" },
    `${finding.severity}: ${visible(finding.message)}, for `,
    since(Date.parse(finding.since)),
    explains.length > 0 ? `; explains ${listed(explains)} ` : " ",
    h("a", { href: incidentHref(finding.incident) }, "story"),
    finding.recommendations.length > 0
      ? h("ul", { class: "advice" }, finding.recommendations.map((text) => h("li", {}, visible(text))))
      : null,
  );
}

function entry({ name, kind, condition, critical, finding, tookMs }) {
  const details = finding ? found(finding) : null;
  const facts = [visible(kind), critical ? "critical" : "", condition, tookMs ? lasting(tookMs) : ""];
  return h(
    "li",
    { class: `is-${SIGNS[condition]}` },
    sign(SIGNS[condition]),
    h(
      "span",
      {},
      h("bdi", { class: "name", title: visible(name) }, visible(name)),
      h("span", { class: "dim" }, ` ${facts.filter(Boolean).join(", ")}`),
      details,
    ),
  );
}

/** Keeps the components up to date; without any there is no such part of the page. */
export function start() {
  const list = document.getElementById("components");
  const part = document.getElementById("components-section");
  part.hidden = true;
  on("components", () => {
    part.hidden = store.components.length === 0;
    const urgency = (it) => ORDER.indexOf(it.condition);
    const sorted = [...store.components].sort((a, b) => urgency(a) - urgency(b));
    fill(list, sorted, () => sorted.map(entry));
  });
}

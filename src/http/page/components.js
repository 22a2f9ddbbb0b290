// The ground under the services: brokers, databases, hosts.

import { fill, h, sign } from "./dom.js";
import { visible } from "./format.js";
import { on, store } from "./store.js";
import { since } from "./words.js";
import { incidentHref } from "./route.js";

const SIGNS = { healthy: "healthy", degraded: "degraded", unhealthy: "unavailable" };
const ORDER = ["unhealthy", "degraded", "healthy"];

function entry({ name, kind, condition, finding }) {
  const details = finding
    ? h(
        "span",
        { class: "found" },
        `${finding.severity}: ${visible(finding.message)}, for `,
        since(Date.parse(finding.since)),
        " ",
        h("a", { href: incidentHref(finding.incident) }, "story"),
      )
    : null;
  return h(
    "li",
    { class: `is-${SIGNS[condition]}` },
    sign(SIGNS[condition]),
    h(
      "span",
      {},
      h("bdi", { class: "name", title: visible(name) }, visible(name)),
      h("span", { class: "dim" }, ` ${visible(kind)}, ${condition}`),
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

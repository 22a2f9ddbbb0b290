// Advice beside the list: what the last day says about services, the most urgent first. It changes
// every five minutes, and there is none for the first half hour.

import { fill, h, sign } from "./dom.js";
import { name, visible } from "./format.js";
import { on, store } from "./store.js";
import { words } from "./words.js";
import { subject } from "./incidents.js";

function entry({ kind, service, method, priority, hours, impact, suggestion }) {
  const of = method ? [" ", h("bdi", { class: "name", title: visible(method) }, name(method))] : [];
  return h(
    "li",
    {},
    sign("info"),
    h(
      "span",
      {},
      subject(service),
      of,
      h("span", { class: "dim" }, ` ${priority}: ${words(kind)}, from ${hours}\u00a0h of calls`),
      h("span", { class: "means" }, visible(impact)),
      h("span", { class: "dim" }, `Try: ${visible(suggestion)}`),
    ),
  );
}

/** Keeps advice up to date; without any there is no such part of the page. */
export function start() {
  const list = document.getElementById("advice");
  const part = document.getElementById("advice-section");
  const more = document.getElementById("advice-more");
  part.hidden = true;
  const refresh = () => {
    const { findings, leftOut } = store.advice;
    part.hidden = findings.length === 0;
    // A service that is known by now is a link.
    fill(list, [findings, findings.map((it) => store.rows.has(it.service))], () => findings.map(entry));
    // `lookout advise` and the API have all of them.
    more.textContent = leftOut > 0 ? `and ${leftOut} more: lookout advise` : "";
  };
  on("advice", refresh);
  on("rows", refresh);
}

// The keyboard: everything the mouse can do.

import { h } from "./dom.js";
import { links, nextChoice } from "./list.js";
import { leave } from "./route.js";

const field = document.getElementById("filter");
const help = document.getElementById("help");

const KEYS = [
  ["/", "filter services by name"],
  ["j or ↓", "next service"],
  ["k or ↑", "previous service"],
  ["Enter", "open the service"],
  ["Escape", "back to the overview; empties the filter"],
  ["f", "show only services of one verdict, the next one each time"],
  ["t", "light, dark, or as the system is"],
  ["?", "this list"],
];

function step(by) {
  const all = links();
  if (all.length === 0) return;
  const at = all.findIndex((link) => link.closest(".row").contains(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
  all[next].focus();
  all[next].closest(".row").scrollIntoView({ block: "nearest" });
}

function escape() {
  if (document.getElementById("overview").hidden) {
    leave();
  } else if (field.value !== "") {
    field.value = "";
    field.dispatchEvent(new Event("input"));
  } else {
    document.activeElement?.blur();
  }
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || help.open) return;
  const typing = event.target === field;
  const overview = !document.getElementById("overview").hidden;
  const scrolls = event.target.closest?.("#feed, .scroll");
  const does = {
    Escape: escape,
    ArrowDown: overview && !scrolls && (() => step(1)),
    ArrowUp: overview && !scrolls && !typing && (() => step(-1)),
    j: overview && !typing && (() => step(1)),
    k: overview && !typing && (() => step(-1)),
    "/": overview && !typing && (() => field.select()),
    f: overview && !typing && nextChoice,
    "?": !typing && (() => help.showModal()),
    t: !typing && (() => document.getElementById("theme-button").click()),
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}

/** Listens to the keyboard. */
export function start() {
  document
    .getElementById("help-keys")
    .append(...KEYS.flatMap(([key, does]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)]));
  document.getElementById("keys-button").addEventListener("click", () => help.showModal());
  document.getElementById("skip").addEventListener("click", () => {
    if (links().length > 0) links()[0].focus();
    else document.getElementById("main").focus();
  });
  document.addEventListener("keydown", pressed);
}

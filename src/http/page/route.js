// Views have addresses, so that they can be linked and the back button works: `#/`,
// `#/service/NAME`, `#/incident/ID`. An address that cannot be read is the overview.

import { h } from "./dom.js";
import { name as shownName, visible } from "./format.js";

/** The address of a service's view. */
export function serviceHref(name) {
  return `#/service/${encodeURIComponent(name)}`;
}

/** The address of an incident's view. */
export function incidentHref(id) {
  return `#/incident/${encodeURIComponent(id)}`;
}

/** A link to a service, with its whole name as a hint. */
export function serviceLink(name) {
  return h(
    "a",
    { href: serviceHref(name), class: "name", title: visible(name) },
    h("bdi", {}, shownName(name)),
  );
}

/** Which view an address means. */
function read(hash) {
  const [, kind, ...rest] = hash.split("/");
  if (kind !== "service" && kind !== "incident") return { view: "overview", name: "" };
  try {
    return { view: kind, name: decodeURIComponent(rest.join("/")) };
  } catch {
    return { view: "overview", name: "" };
  }
}

/** Calls `show` with each view that is gone to, the first one now. */
export function follow(show) {
  addEventListener("hashchange", () => show(read(location.hash), false));
  show(read(location.hash), true);
}

/** Goes to the overview. Whoever wants the view before has the browser's own way back. */
export function leave() {
  location.hash = "#/";
}

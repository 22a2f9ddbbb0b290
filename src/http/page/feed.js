// What lookout said, the latest first, as it says it.

import { h, sign } from "./dom.js";
import { visible } from "./format.js";
import { moment } from "./words.js";
import { incidentHref, serviceLink } from "./route.js";
import { on, store } from "./store.js";

/** Lines that are shown. */
const SHOWN = 100;

const feed = document.getElementById("feed");
let scheduled = false;
let drawn = [];

function entry(it) {
  const who =
    it.service === null ? h("bdi", { class: "name" }, visible(it.subject)) : serviceLink(it.service);
  const what = it.incident
    ? h("a", { href: incidentHref(it.incident), class: "what" }, it.text)
    : h("span", { class: "what" }, it.text);
  return h("li", {}, sign(it.sign), moment(it.at), h("span", {}, who, " ", what));
}

function draw() {
  scheduled = false;
  const wanted = store.feed.slice(0, SHOWN);
  const known = drawn.length > 0 ? wanted.indexOf(drawn[0]) : -1;
  const fresh = known < 0 ? wanted : wanted.slice(0, known);
  if (known < 0) feed.replaceChildren();
  feed.prepend(...fresh.map(entry));
  while (feed.childElementCount > wanted.length) feed.lastElementChild.remove();
  drawn = wanted;
}

/** Keeps the feed up to date. */
export function start() {
  feed.replaceChildren(h("li", { class: "empty" }, "Nothing was said yet."));
  on("feed", () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  });
}

// The time at lookout. Its clock and the browser's may differ, so all ages are reckoned from the time
// that its last figures bear. When no figures come, time stands still with them: a span that went on
// would claim that things still are as they were.

import { text } from "./dom.js";
import { clock, span } from "./format.js";

/** Figures come once a second; without any for so long they are stale. */
export const STALE = 3000;

let at = 0;
let heard = 0;

/** Figures of this moment (milliseconds since the epoch) came, this much late. */
export function tell(moment, late = 0) {
  at = moment;
  heard = performance.now() - late;
}

/** How old the last figures are, in milliseconds. */
export function age() {
  return heard === 0 ? Infinity : performance.now() - heard;
}

/** What the time is at lookout, or was when it was last heard of. */
export function now() {
  return heard === 0 ? Date.now() : at + Math.min(age(), STALE);
}

/** Writes all spans anew that lie in a node: `data-since` grow, `data-until` shrink. */
export function tick(node = document) {
  const moment = now();
  for (const it of node.querySelectorAll("[data-since]")) text(it, span(moment - Number(it.dataset.since)));
  for (const it of node.querySelectorAll("[data-until]")) {
    const left = Number(it.dataset.until) - moment;
    text(it, left > 0 ? `in ${span(left + 999)}` : "now");
  }
}

/** A moment by the reader's clock. */
export function shown(moment) {
  return clock(moment, now());
}

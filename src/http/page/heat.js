// How long replies took over the last ten minutes: a column for each ten seconds, a row for each
// class of times, darker where there were more. Calls without a reply have a row of their own, with
// its own colour and its own name.

import { CELLS } from "./store.js";
import { h, s } from "./dom.js";
import { clock, plural } from "./format.js";
import { now } from "./clock.js";

/** Rows that are shown at least, so that a steady service is no single stripe. */
const LEAST = 5;

/** The name of a class of times. */
function range(bounds, at) {
  const words = (ms) => (ms >= 1000 ? `${ms / 1000}\u00a0s` : `${ms}\u00a0ms`);
  if (at === 0) return `up to ${words(bounds[0])}`;
  return at === bounds.length
    ? `over ${words(bounds[at - 1])}`
    : `${words(bounds[at - 1])} to ${words(bounds[at])}`;
}

/** The classes that are shown: those with replies, and some around them. */
function extent(cells, classes) {
  let [low, high] = [classes, -1];
  for (const { times } of cells) {
    times.forEach((count, at) => {
      if (count > 0) [low, high] = [Math.min(low, at), Math.max(high, at)];
    });
  }
  if (high < 0) return [0, LEAST - 1];
  [low, high] = [Math.max(0, low - 1), Math.min(classes - 1, high + 1)];
  while (high - low + 1 < LEAST) [low, high] = low > 0 ? [low - 1, high] : [low, high + 1];
  return [low, high];
}

/** The whole drawing. `current` is the cell under way. */
export function heat({ cellSeconds, boundsMs, cells }, current) {
  const first = current - CELLS;
  const seen = cells.filter((cell) => cell.number >= first && cell.number < current);
  const [low, high] = extent(seen, boundsMs.length + 1);
  const most = Math.max(1, ...seen.flatMap((cell) => cell.times));
  const mostLost = Math.max(1, ...seen.map((cell) => cell.unanswered));
  const rows = high - low + 2;
  const drawing = s("svg", { class: "cells", viewBox: `0 0 ${CELLS} ${rows}`, preserveAspectRatio: "none" });
  const block = (cell, y, count, share, kind, what) => {
    const at = clock(cell.number * cellSeconds * 1000, now());
    const place = { x: cell.number - first, y, width: 0.92, height: 0.9, class: kind, "data-count": count };
    drawing.append(
      s(
        "rect",
        { ...place, "fill-opacity": (0.14 + 0.86 * Math.sqrt(share)).toFixed(2) },
        s("title", {}, `${at}: ${count} ${what}`),
      ),
    );
  };
  for (const cell of seen) {
    for (let at = low; at <= high; at += 1) {
      if (cell.times[at] > 0)
        block(cell, high - at, cell.times[at], cell.times[at] / most, "reply", `in ${range(boundsMs, at)}`);
    }
    if (cell.unanswered > 0)
      block(cell, rows - 1, cell.unanswered, cell.unanswered / mostLost, "lost", "unanswered");
  }
  const labels = [];
  for (let at = high; at >= low; at -= 1) labels.push(h("li", {}, range(boundsMs, at)));
  labels.push(h("li", { class: "lost" }, "unanswered"));
  return h(
    "figure",
    { class: "heat", role: "img", "aria-label": summary(seen, boundsMs) },
    h("ul", { "aria-hidden": "true" }, labels),
    drawing,
    h(
      "p",
      { class: "axis", "aria-hidden": "true" },
      h("span", {}, "10 min ago"),
      h("span", {}, "5 min"),
      h("span", {}, "now"),
    ),
  );
}

/** What the drawing shows, for those who do not see it. */
function summary(cells, bounds) {
  const sums = new Array(bounds.length + 1).fill(0);
  let lost = 0;
  for (const cell of cells) {
    lost += cell.unanswered;
    cell.times.forEach((count, at) => (sums[at] += count));
  }
  const all = sums.reduce((sum, count) => sum + count, 0);
  const parts = sums
    .map((count, at) => (count > 0 ? `${count} in ${range(bounds, at)}` : ""))
    .filter(Boolean);
  return `Reply times of the last 10 min: ${plural(all, "reply", "replies")}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}; ${lost} calls unanswered`;
}

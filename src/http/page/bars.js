// Ten minutes of a service as bars: calls above the line, those that failed or went unanswered below
// it, so that colour is not all that tells them apart.

import { CELLS } from "./store.js";
import { s } from "./dom.js";

const UP = 14;
const DOWN = 8;
const HEIGHT = UP + DOWN;

/** A small drawing; its two paths are filled by `draw`. */
export function spark() {
  return s(
    "svg",
    { class: "spark", viewBox: `0 0 ${CELLS} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
    s("path", { class: "base", d: `M0 ${UP}H${CELLS}` }),
    s("path", { class: "calls" }),
    s("path", { class: "bad" }),
  );
}

/**
 * The bars up to the cell under way. `cells` are [number, calls, bad]; the result has the paths,
 * the sums of both, and the most there was in a cell.
 */
export function bars(cells, current) {
  const first = current - CELLS;
  const seen = cells.filter(([number]) => number >= first && number < current);
  const most = Math.max(1, ...seen.map(([, calls, bad]) => Math.max(calls, bad)));
  let [calls, bad, up, down] = [0, 0, "", ""];
  for (const [number, made, failed] of seen) {
    const x = number - first;
    calls += made;
    bad += failed;
    if (made > 0) up += bar(x, -Math.max(1, (made / most) * (UP - 1)));
    if (failed > 0) down += bar(x, Math.max(2, (failed / most) * DOWN));
  }
  return { up, down, calls, bad, most };
}

function bar(x, height) {
  return `M${x} ${UP}v${height.toFixed(1)}h.8V${UP}z`;
}

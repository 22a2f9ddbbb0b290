// Drawings: the last ten minutes of a service, how its reply times were spread, whom it calls.

import { h, s } from './dom.js';
import { clock, count, millis, tame } from './format.js';
import { sign } from './verdict.js';

const CELLS = 60;

/** Calls of the last ten minutes as bars of ten seconds, those that failed within them. */
export function spark(svg, cells, current) {
  const first = current - CELLS;
  const shown = cells.filter(([number]) => number >= first);
  const most = Math.max(1, ...shown.map(([, calls]) => calls));
  let all = '';
  let bad = '';
  for (const [number, calls, failed] of shown) {
    const x = (number - first) * 2;
    const bar = (height) => `M${x} 20v-${(Math.max(height, 0.06) * 18).toFixed(1)}h1.6V20z`;
    if (calls > 0) all += bar(calls / most);
    if (failed > 0) bad += bar(Math.min(1, failed / most));
  }
  svg.firstChild.setAttribute('d', all);
  svg.lastChild.setAttribute('d', bad);
}

export function sparkElement() {
  return s('svg', { viewBox: '0 0 120 20', class: 'spark', 'aria-hidden': 'true', preserveAspectRatio: 'none' }, s('path', { class: 'all' }), s('path', { class: 'bad' }));
}

/** How reply times were spread over the last ten minutes: darker is more. */
export function heatMap(history, now) {
  const { bounds, cells } = { bounds: history.boundsMs, cells: history.cells };
  const current = Math.floor(now / 1000 / history.cellSeconds);
  const first = current - CELLS;
  const classes = bounds.length + 1;
  const used = cells.flatMap((cell) => cell.times.map((times, at) => (times > 0 ? at : -1))).filter((at) => at >= 0);
  if (used.length === 0) return h('p', { class: 'quiet' }, 'No reply in the last ten minutes.');
  const [low, high] = [Math.max(0, Math.min(...used) - 1), Math.min(classes - 1, Math.max(...used) + 1)];
  const rows = high - low + 1;
  const most = Math.max(...cells.flatMap((cell) => cell.times));
  const [left, width, height] = [64, 10, 16];
  const svg = s('svg', { viewBox: `0 0 ${left + CELLS * width} ${rows * height + 22}`, class: 'heat', role: 'img', 'aria-label': 'Reply times over the last ten minutes' });
  for (let at = low; at <= high; at += 1) {
    const y = (high - at) * height;
    const label = at < bounds.length ? `≤ ${millis(bounds[at])}` : `> ${millis(bounds.at(-1))}`;
    svg.append(s('text', { x: left - 6, y: y + height - 4, 'text-anchor': 'end' }, label));
  }
  for (const cell of cells.filter((it) => it.number >= first)) {
    const x = left + (cell.number - first) * width;
    for (let at = low; at <= high; at += 1) {
      const times = cell.times[at];
      if (times === 0) continue;
      const depth = 0.15 + 0.85 * (Math.log1p(times) / Math.log1p(most));
      const title = `${clock(cell.number * history.cellSeconds * 1000)}: ${count(times, 'reply', 'replies')}`;
      svg.append(s('rect', { x, y: (high - at) * height, width: width - 1, height: height - 1, 'fill-opacity': depth.toFixed(2) }, s('title', {}, title)));
    }
  }
  for (let minute = 10; minute >= 0; minute -= 2) {
    const x = left + CELLS * width * (1 - minute / 10);
    const anchor = minute === 0 ? 'end' : minute === 10 ? 'start' : 'middle';
    svg.append(s('text', { x, y: rows * height + 16, 'text-anchor': anchor }, minute ? `−${minute} min` : 'now'));
  }
  return svg;
}

/** Who calls a service and whom it calls. */
export function graph(name, verdict, callers, called) {
  if (callers.length + called.length === 0) {
    return h('p', { class: 'quiet' }, 'None is configured (`dependencies`) or was learned (`cascade.learn`).');
  }
  const [box, gap, line] = [190, 90, 44];
  const rows = Math.max(callers.length, called.length, 1);
  const tall = rows * line;
  const columns = [callers, [{ name, verdict }], called];
  const width = box * 3 + gap * 2;
  const svg = s('svg', { viewBox: `0 0 ${width} ${tall}`, class: 'graph', role: 'group', 'aria-label': 'Who calls it, and whom it calls' });
  const place = (column, at) => [column * (box + gap), (tall - columns[column].length * line) / 2 + at * line + line / 2];
  const edge = (from, to) => s('path', { class: 'edge', d: `M${from[0] + box} ${from[1]}C${from[0] + box + gap / 2} ${from[1]} ${to[0] - gap / 2} ${to[1]} ${to[0] - 4} ${to[1]}`, 'marker-end': 'url(#arrow)' });
  svg.append(s('defs', {}, s('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto' }, s('path', { d: 'M0 0L8 4L0 8z' }))));
  callers.forEach((_, at) => svg.append(edge(place(0, at), place(1, 0))));
  called.forEach((_, at) => svg.append(edge(place(1, 0), place(2, at))));
  columns.forEach((list, column) => list.forEach((it, at) => {
    const [x, y] = place(column, at);
    const shown = tame(it.name).length > 22 ? `${tame(it.name).slice(0, 21)}…` : tame(it.name);
    const tone = { unavailable: 'bad', degraded: 'warn', healthy: 'good' }[it.verdict] ?? 'unsure';
    const node = [
      s('title', {}, `${tame(it.name)}: ${it.verdict ?? 'never heard'}${it.seen ? `, seen ${count(it.seen, 'time')}` : ''}`),
      s('rect', { x: x + 1, y: y - 15, width: box - 2, height: 30, rx: 5, class: `node ${tone}` }),
      s('text', { x: x + 12, y: y + 5, class: tone }, sign(it.verdict)),
      s('text', { x: x + 30, y: y + 5 }, shown),
    ];
    svg.append(column === 1 ? s('g', {}, node) : s('a', { href: `#/service/${encodeURIComponent(it.name)}` }, node));
  }));
  return svg;
}

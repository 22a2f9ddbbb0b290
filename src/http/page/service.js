// One service: how it stands, its methods, how its reply times were spread, whom it calls, its errors.

import { graph, heatMap } from './charts.js';
import { h } from './dom.js';
import { clock, length, millis, rate, share, tame } from './format.js';
import { age, story } from './incident.js';
import { ask, now, on, store } from './store.js';
import { circuit, sign, tone, urgency, why } from './verdict.js';

/** Methods and errors are shown up to so many. */
const MOST = 100;
/** Its incidents, the one under way and the last ones, up to so many. */
const INCIDENTS = 3;

function figure(label, value, title) {
  return h('div', { title }, h('dt', {}, label), h('dd', {}, value));
}

function head(row, facts) {
  const time = now();
  const waits = facts.oldestOpenMs === undefined ? '' : `, the oldest for ${millis(facts.oldestOpenMs)}`;
  return [
    h('h1', { title: tame(row.name) }, tame(row.name)),
    h('p', { class: `lead ${tone(row)}`, role: 'status' }, `${sign(row.verdict)} ${row.verdict ?? 'not judged'}`,
      urgency(row) < 4 ? ` for ${length((time - Date.parse(row.since)) / 1000)}` : '', why(row) ? `: ${why(row)}` : '', circuit(row, time) ? ` · ${circuit(row, time)}` : ''),
    h('dl', { class: 'figures' },
      figure('calls', rate(row.requestRate), 'over the last 5 min'),
      figure('answered', share(row.responseRate)),
      figure('own errors', share(row.tier1Rate), 'errors of the function itself (tier 1)'),
      figure('unavailable', share(row.tier2Rate), 'not answered, or answered that it is unavailable (tier 2)'),
      figure('p50', millis(row.p50Ms)), figure('p95', millis(row.p95Ms)), figure('p99', millis(row.p99Ms)),
      figure('waiting', `${row.openCalls}${waits}`),
      figure('callers', row.callers || '–', 'of the last 5 to 10 min, estimated'),
      figure('topic', tame(facts.topic))),
  ];
}

function table(caption, columns, rows, kind = 'numbers') {
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', { class: kind }, h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell, at) => (at === 0 ? h('th', { scope: 'row' }, cell) : h('td', {}, cell))))))));
}

function methods(facts) {
  const rows = facts.methods.slice(0, MOST).map((it) => [tame(it.name), rate(it.requestRate), share(it.responseRate), share(it.errorRate),
    millis(it.p50Ms), millis(it.p95Ms), millis(it.p99Ms), `${it.totals.open}`, `${it.queueDepth}`, `${it.totals.calls + it.totals.oneway}`]);
  return table('Methods', ['method', 'calls', 'answered', 'errors', 'p50', 'p95', 'p99', 'waiting', 'queue', 'calls in all'], rows);
}

function codes(facts) {
  if (facts.errors.length === 0) return '';
  const rows = facts.errors.map((it) => [it.other ? 'others' : `${it.code ?? 'no code'}`, it.outcome, it.tier === 1 ? '1, the function' : '2, unavailable', `${it.count}`]);
  return table('Errors by code', ['code', 'outcome', 'tier', 'count'], rows, 'text');
}

function errors(facts) {
  if (facts.recentErrors.length === 0) return h('p', { class: 'quiet' }, 'None since lookout started.');
  const rows = facts.recentErrors.map((it) => [clock(it.at), tame(it.method), it.outcome, it.code === undefined ? '–' : `${it.code}`, millis(it.waitedMs)]);
  return table('Recent errors', ['at', 'method', 'outcome', 'code', 'waited'], rows, 'text');
}

/** Shows one in `view`; gives what ends it. */
export function show(view, name) {
  let ended = false;
  let facts;
  const parts = ['head', 'incident', 'methods', 'heat', 'graph', 'errors'].map((kind) => h('section', { id: `of-${kind}` }));
  const [top, incident, ofMethods, heat, dependencies, ofErrors] = parts;
  view.replaceChildren(h('div', { class: 'single' }, parts));
  top.append(h('p', { class: 'quiet' }, 'loading …'));

  function paintHead() {
    if (!facts) return;
    const row = store.rows.get(name) ?? facts.service;
    top.replaceChildren(...head(row, facts));
  }
  function paint() {
    paintHead();
    const own = store.incidents.filter((it) => it.id === facts.service.incident || it.subject === name).slice(0, INCIDENTS);
    incident.replaceChildren(...(own.length ? [h('h2', {}, own.length > 1 ? 'Incidents' : 'Incident'), ...own.map(story)] : []));
    ofMethods.replaceChildren(h('h2', {}, 'Methods'), methods(facts));
    heat.replaceChildren(h('h2', {}, 'Reply times, last ten minutes'), heatMap(facts.history, now()));
    dependencies.replaceChildren(h('h2', {}, 'Who calls it, and whom it calls'), graph(name, facts.service.verdict, facts.calledBy, facts.calls));
    ofErrors.replaceChildren(h('h2', {}, 'Errors'), codes(facts), h('h3', {}, 'The last ones'), errors(facts));
  }
  async function refresh() {
    if (document.hidden && facts) return;
    try {
      facts = await ask(`/api/v1/services/${encodeURIComponent(name)}`);
      if (!ended) paint();
    } catch (error) {
      if (ended) return;
      if (error.status === 404) top.replaceChildren(h('h1', {}, tame(name)), h('p', { class: 'quiet' }, `No service of this name is known${facts ? ' any more' : ''}.`));
    }
  }
  refresh();
  const again = setInterval(refresh, 2000);
  const tick = setInterval(() => {
    paintHead();
    age(incident);
  }, 1000);
  const end = on('stories', () => facts && paint());
  return () => {
    ended = true;
    clearInterval(again);
    clearInterval(tick);
    end();
  };
}



// All services by urgency, what is wrong beside them, and what was said.

import { spark, sparkElement } from './charts.js';
import { arrange, attribute, h, text } from './dom.js';
import { clock, length, millis, rate, share, tame, words } from './format.js';
import { now, on, store } from './store.js';
import { circuit, event, sign, tone, urgency, why } from './verdict.js';
import { age, story } from './incident.js';

export const FILTERS = [['all', 'all'], ['bad', 'not well'], ['circuits', 'open circuits'], ['unknown', 'unknown']];

/** What is looked for; it stays when one comes back. */
export const wanted = { search: '', filter: 'all' };

const FIGURES = [
  ['rate', 'calls', (row) => rate(row.requestRate)],
  ['answered', 'answered', (row) => share(row.responseRate)],
  ['tier1', 'own errors', (row) => share(row.tier1Rate)],
  ['tier2', 'unavailable', (row) => share(row.tier2Rate)],
  ['p50', 'p50', (row) => millis(row.p50Ms)],
  ['p95', 'p95', (row) => millis(row.p95Ms)],
  ['p99', 'p99', (row) => millis(row.p99Ms)],
];

function makeRow(name) {
  const figures = FIGURES.map(([kind, label]) => h('span', { class: `figure ${kind}`, 'data-label': label }));
  const parts = {
    sign: h('span', { class: 'sign', 'aria-hidden': 'true' }),
    name: h('span', { class: 'name' }),
    verdict: h('span', { class: 'verdict' }),
    since: h('span', { class: 'since' }),
    why: h('span', { class: 'why' }),
    spark: sparkElement(),
    figures,
  };
  const link = h('a', { class: 'row', href: `#/service/${encodeURIComponent(name)}` },
    h('span', { class: 'who' }, parts.sign, parts.name, h('span', { class: 'says' }, parts.verdict, ' ', parts.since, parts.why)),
    figures, h('span', { class: 'graphs', 'data-label': 'last 10 min' }, parts.spark));
  return { name, element: h('li', {}, link), link, parts, seen: false, drawn: undefined };
}

function paint(entry) {
  const row = store.rows.get(entry.name);
  if (!row) return;
  const { parts, link } = entry;
  const time = now();
  const kind = tone(row);
  attribute(link, 'class', `row ${kind}`);
  text(parts.sign, sign(row.verdict));
  text(parts.name, tame(row.name));
  attribute(parts.name, 'title', tame(row.name));
  text(parts.verdict, row.verdict ?? 'not judged');
  text(parts.since, urgency(row) < 4 ? `for ${length((time - Date.parse(row.since)) / 1000)}` : '');
  text(parts.why, ['', why(row), circuit(row, time)].filter((part, at) => part || at === 0).join(' · '));
  FIGURES.forEach(([, , say], at) => text(parts.figures[at], say(row)));
  const cell = store.overview?.cell ?? row.cell?.[0] ?? 0;
  if (entry.seen && entry.drawn !== cell) {
    spark(parts.spark, store.cells.get(entry.name) ?? [], cell);
    entry.drawn = cell;
  }
}

function isWanted(row) {
  const found = row.name.toLowerCase().includes(wanted.search.toLowerCase());
  const fits = {
    all: true,
    bad: ['unavailable', 'degraded'].includes(row.verdict),
    circuits: Boolean(row.circuit) && row.circuit !== 'closed',
    unknown: row.verdict === 'unknown',
  }[wanted.filter];
  return found && fits;
}

function feedLine(entry) {
  const said = event(entry);
  const name = h('strong', { title: said.subject }, said.subject);
  const line = [h('time', {}, said.at ? clock(said.at) : ''), h('span', {}, said.emergency ? 'EMERGENCY ' : '', name, ` ${said.text}`)];
  const tag = said.incident ? h('a', { href: `#/incident/${encodeURIComponent(said.incident)}` }, line) : h('span', {}, line);
  return h('li', { class: said.tone }, tag);
}

/** Shows it in `view`; gives what ends it. */
export function show(view) {
  const entries = new Map();
  const list = h('ul', { id: 'services', 'aria-label': 'Services by urgency' });
  const shown = h('p', { id: 'shown', role: 'status' });
  const search = h('input', { id: 'search', type: 'search', placeholder: 'search (/)', 'aria-label': 'Search for a service', autocomplete: 'off', spellcheck: 'false' });
  search.value = wanted.search;
  const buttons = FILTERS.map(([kind, label]) => h('button', { type: 'button', 'data-filter': kind, 'aria-pressed': String(kind === wanted.filter) }, label));
  const incidents = h('div', { id: 'incidents' });
  const components = h('ul', { id: 'components' });
  const feed = h('ol', { id: 'feed' });
  const columns = h('p', { class: 'columns', 'aria-hidden': 'true' }, h('span', { class: 'who' }, 'service'), FIGURES.map(([kind, label]) => h('span', { class: `figure ${kind}` }, label)), h('span', { class: 'graphs' }, 'last 10 min'));
  view.replaceChildren(
    h('section', { class: 'services', 'aria-label': 'Services' },
      h('div', { class: 'tools' }, search, h('span', { class: 'filters', role: 'group', 'aria-label': 'Which services' }, buttons), shown), columns, list),
    h('aside', {},
      h('section', {}, h('h2', {}, 'Incidents'), incidents),
      h('section', {}, h('h2', {}, 'Components'), components),
      h('section', {}, h('h2', {}, 'What lookout said'), feed)));

  // Only what can be seen is kept up to date each second, and drawn at all.
  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      const entry = entries.get(target.name);
      if (!entry) continue;
      entry.seen = isIntersecting;
      if (isIntersecting) paint(entry);
    }
  }, { rootMargin: '200px' });

  function order() {
    const rows = [...store.rows.values()].filter(isWanted);
    rows.sort((a, b) => urgency(a) - urgency(b) || (a.name < b.name ? -1 : 1));
    const focus = document.activeElement;
    arrange(list, rows.map((row) => {
      let entry = entries.get(row.name);
      if (!entry) {
        entry = makeRow(row.name);
        entry.element.name = row.name;
        entries.set(row.name, entry);
        paint(entry);
        watcher.observe(entry.element);
      }
      return entry.element;
    }));
    for (const [name, entry] of entries) {
      if (!store.rows.has(name)) {
        watcher.unobserve(entry.element);
        entries.delete(name);
      }
    }
    if (focus && focus !== document.activeElement && focus.isConnected) focus.focus();
    const all = store.rows.size;
    text(shown, rows.length === all ? '' : `${rows.length} of ${all}`);
    list.classList.toggle('empty', rows.length === 0);
  }

  const ranks = new Map();
  let due = false;
  const changed = new Set();
  function rowsChanged(names) {
    names.forEach((name) => changed.add(name));
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      let moved = false;
      for (const name of changed) {
        const row = store.rows.get(name);
        const rank = row && `${urgency(row)}${isWanted(row)}`;
        if (ranks.get(name) !== rank) moved = true;
        if (row) ranks.set(name, rank);
        else ranks.delete(name);
        const entry = entries.get(name);
        if (entry?.seen) paint(entry);
      }
      changed.clear();
      if (moved) order();
    });
  }

  function paintStories() {
    const open = store.incidents.filter((it) => !it.ended);
    const over = store.incidents.filter((it) => it.ended).slice(0, 5);
    const unfolded = incidents.querySelector('details')?.open;
    incidents.replaceChildren(
      open.length ? h('ul', { class: 'stories' }, open.slice(0, 20).map((it) => h('li', {}, story(it)))) : h('p', { class: 'quiet' }, 'None under way.'),
      over.length ? h('details', { open: unfolded }, h('summary', {}, 'Lately over'), h('ul', {}, over.map((it) => h('li', {}, h('a', { href: `#/incident/${it.id}` }, `${tame(it.subject)}, ${clock(it.began)}, ${length((Date.parse(it.ended) - Date.parse(it.began)) / 1000)}`))))) : '');
    components.replaceChildren(...(store.components.length ? store.components.map((it) => {
      const kind = { healthy: 'good', degraded: 'warn', unhealthy: 'bad' }[it.condition];
      return h('li', { class: kind }, h('strong', {}, `${{ good: '✓', warn: '▲', bad: '✕' }[kind]} ${tame(it.name)}`), ` ${words(it.kind)}: ${it.condition}`, it.finding ? `, ${tame(it.finding.message)}` : '');
    }) : [h('li', { class: 'quiet' }, 'None is checked.')]));
  }

  function paintFeed() {
    const lines = store.feed.slice(0, 60).map(feedLine);
    feed.replaceChildren(...(lines.length ? lines : [h('li', { class: 'quiet' }, 'Nothing yet.')]));
  }

  search.addEventListener('input', () => {
    wanted.search = search.value.trim();
    order();
  });
  for (const button of buttons) {
    button.addEventListener('click', () => {
      wanted.filter = button.dataset.filter;
      buttons.forEach((it) => attribute(it, 'aria-pressed', String(it === button)));
      order();
    });
  }
  const tick = setInterval(() => {
    age(incidents);
    for (const entry of entries.values()) if (entry.seen) paint(entry);
  }, 1000);
  const ends = [on('rows', rowsChanged), on('stories', paintStories), on('feed', paintFeed)];
  for (const row of store.rows.values()) ranks.set(row.name, `${urgency(row)}${isWanted(row)}`);
  order();
  paintStories();
  paintFeed();
  return () => {
    clearInterval(tick);
    watcher.disconnect();
    ends.forEach((end) => end());
  };
}

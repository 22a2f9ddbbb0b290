// The frame: the platform in a line, which view is shown, and the keys.

import { attribute, h, text } from './dom.js';
import { count, length } from './format.js';
import * as incident from './incident.js';
import * as overview from './overview.js';
import * as service from './service.js';
import { connect, now, on, staleFor, store } from './store.js';
import { platform, platformTone } from './verdict.js';

const $ = (id) => document.getElementById(id);
const view = $('view');
const COLOURS = { bad: '#c62f2f', warn: '#b06a00', good: '#2c7a4b', unsure: '#5b7083' };
let end = () => {};

function route() {
  end();
  const [, kind, rest] = location.hash.split('/');
  let name;
  try {
    name = decodeURIComponent(rest ?? '');
  } catch {
    name = rest;
  }
  window.scrollTo(0, 0);
  if (kind === 'service' && name) end = service.show(view, name);
  else if (kind === 'incident' && name) end = incident.show(view, name);
  else end = overview.show(view);
  document.body.dataset.view = kind || 'overview';
}

function since(overview) {
  const bad = [...store.rows.values()].filter((row) => ['unavailable', 'degraded'].includes(row.verdict));
  const first = Math.min(...bad.map((row) => Date.parse(row.since)));
  return Number.isFinite(first) && overview.status !== 'healthy' ? `, for ${length((now() - first) / 1000)}` : '';
}

function icon(tone, down) {
  const dot = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${COLOURS[tone]}"/></svg>`;
  const link = document.querySelector('link[rel=icon]');
  attribute(link, 'href', `data:image/svg+xml,${encodeURIComponent(dot)}`);
  document.title = down ? `● ${down} · lookout` : 'lookout';
}

function badges(overview) {
  const all = [];
  if (!overview.linked) all.push(['bad', `no link to the broker${overview.linkProblem ? `: ${overview.linkProblem}` : ''}`]);
  else if (overview.inDoubt) all.push(['unsure', 'lookout doubts its own ears: nobody is blamed']);
  if (overview.openCircuits) all.push(['warn', `${overview.openCircuits} open ${overview.openCircuits === 1 ? 'circuit' : 'circuits'}`]);
  return all;
}

let shownBadges = '';
function frame() {
  const it = store.overview;
  const stale = staleFor();
  const lost = stale !== undefined || (it && !store.linked);
  document.body.classList.toggle('stale', Boolean(lost));
  $('stale').hidden = !lost;
  if (lost) text($('stale'), `No word from lookout for ${length(stale ?? 0)}: what is shown is old.`);
  if (!it) return;
  const tone = lost ? 'unsure' : platformTone(it);
  const { unavailable, degraded } = it.services;
  attribute($('state'), 'class', tone);
  text($('state'), `${{ bad: '✕', warn: '▲', good: '✓', unsure: '?' }[tone]} ${platform(it)}${since(it)}`);
  const list = badges(it);
  const key = JSON.stringify(list);
  if (key !== shownBadges) {
    shownBadges = key;
    $('badges').replaceChildren(...list.map(([kind, words]) => h('span', { class: `badge ${kind}` }, words)));
  }
  icon(tone, lost ? 'no data' : [unavailable && `${unavailable} down`, degraded && `${degraded} degraded`].filter(Boolean).join(', '));
  text($('foot'), `cluster ${it.cluster} · ${it.id} · lookout ${it.version} · ${count(it.openCalls, 'call')} waiting · ${it.requestRate} calls/s`);
}

function theme(next) {
  const root = document.documentElement;
  if (next) {
    root.dataset.theme = next;
    localStorage.setItem('theme', next);
  }
}

function toggleTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  theme(dark ? 'light' : 'dark');
}

function step(by) {
  const rows = [...document.querySelectorAll('#services .row')];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  rows[next].focus();
}

function press(pressed) {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
  const typing = pressed.target.matches('input');
  if (pressed.key === 'Escape' && !$('keys').open) {
    if (typing) {
      pressed.target.value = '';
      pressed.target.dispatchEvent(new Event('input'));
      pressed.target.blur();
    } else if (location.hash.length > 2) location.hash = '#/';
    return;
  }
  if (typing && pressed.key === 'ArrowDown') return step(1);
  if (typing || $('keys').open) return undefined;
  const act = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    '/': () => $('search')?.focus(), t: toggleTheme, '?': () => $('keys').showModal(),
    f: () => {
      const buttons = [...document.querySelectorAll('[data-filter]')];
      const at = buttons.findIndex((it) => it.getAttribute('aria-pressed') === 'true');
      buttons[(at + 1) % buttons.length]?.click();
    },
  }[pressed.key];
  const inList = document.body.dataset.view === 'overview';
  if (!act || (pressed.key.startsWith('Arrow') && !inList)) return undefined;
  pressed.preventDefault();
  return act();
}

try {
  theme(localStorage.getItem('theme'));
} catch {
  // Without storage the system's choice holds.
}
$('theme').addEventListener('click', toggleTheme);
$('help').addEventListener('click', () => $('keys').showModal());
document.addEventListener('keydown', press);
window.addEventListener('hashchange', route);
on('overview', frame);
on('rows', frame);
setInterval(frame, 1000);
route();
connect();



// What the page knows, and how it learns of it: one stream, and a fetch when it begins.
//
// Rows come whole, so one that comes twice does no harm. Time is lookout's: the moment of its last word
// and what has passed here since, so that a wrong clock on this side shifts nothing.

const STALE = 3500;
const FEED = 200;
const STORIES = 300;
const CELLS = 60;

export const store = {
  overview: undefined,
  rows: new Map(),
  cells: new Map(),
  feed: [],
  incidents: [],
  components: [],
  linked: false,
  heard: undefined,
};

const listeners = new Map();

/** Has a function called when something of this kind changed. */
export function on(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
  return () => listeners.get(kind).delete(listener);
}

function tell(kind, what) {
  for (const listener of listeners.get(kind) ?? []) listener(what);
}

/** lookout's time, in milliseconds. */
export function now() {
  if (!store.overview) return Date.now();
  return Date.parse(store.overview.at) + (performance.now() - store.heard);
}

/** How old what is shown is, in seconds, if it is too old. */
export function staleFor() {
  if (store.heard === undefined) return undefined;
  const age = performance.now() - store.heard;
  return age > STALE ? age / 1000 : undefined;
}

export async function ask(path) {
  const answer = await fetch(path, { headers: { accept: 'application/json' } });
  if (!answer.ok) throw Object.assign(new Error(`${answer.status}`), { status: answer.status });
  return answer.json();
}

function keepCell(name, cell) {
  if (!cell) return;
  const cells = store.cells.get(name) ?? [];
  const last = cells.at(-1);
  if (last && last[0] >= cell[0]) return;
  cells.push(cell);
  while (cells.length > 0 && cells[0][0] + CELLS < cell[0]) cells.shift();
  store.cells.set(name, cells);
}

function takeRows(rows, whole) {
  if (whole) {
    const names = new Set(rows.map((row) => row.name));
    for (const name of store.rows.keys()) if (!names.has(name)) store.rows.delete(name);
  }
  for (const row of rows) {
    if (row.cells) store.cells.set(row.name, row.cells);
    delete row.cells;
    keepCell(row.name, row.cell);
    store.rows.set(row.name, row);
  }
}

let asking = false;
async function refresh() {
  if (asking) return;
  asking = true;
  try {
    const { services } = await ask('/api/v1/services?history=true');
    takeRows(services, true);
    tell('rows', services.map((row) => row.name));
    await refreshStories();
  } catch {
    // The stream comes back by itself, and asks again.
  } finally {
    asking = false;
  }
}

let stories = 0;
async function refreshStories() {
  const mine = ++stories;
  try {
    const [incidents, components] = await Promise.all([ask('/api/v1/incidents'), ask('/api/v1/components')]);
    if (mine !== stories) return;
    store.incidents = incidents.incidents;
    store.components = components.components;
    tell('stories');
  } catch {
    // As above.
  }
}

function takeOverview(overview) {
  const before = store.overview;
  store.overview = overview;
  store.heard = performance.now();
  const sign = (it) => it && [it.openIncidents, JSON.stringify(it.components)].join();
  tell('overview', overview);
  if (sign(before) !== sign(overview)) refreshStories();
}

// A cascade is a thousand events in a second: what follows from them is done once for many.
let storiesDue = false;
let feedDue = false;

function takeEvent(id, event) {
  if (store.feed.some((known) => known.id === id)) return;
  store.feed.unshift({ id, ...event });
  store.feed.length = Math.min(store.feed.length, FEED);
  if (!feedDue) {
    feedDue = true;
    requestAnimationFrame(() => {
      feedDue = false;
      tell('feed');
    });
  }
  if (!storiesDue) {
    storiesDue = true;
    setTimeout(() => {
      storiesDue = false;
      refreshStories();
    }, STORIES);
  }
}

/** Begins to listen. */
export function connect() {
  const stream = new EventSource(`/api/v1/events?with=overview,services&recent=${FEED}`);
  stream.onopen = () => {
    store.linked = true;
    refresh();
  };
  stream.onerror = () => {
    store.linked = false;
    tell('overview', store.overview);
    // Where the server refused it, the browser does not come back by itself.
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
  stream.onmessage = (message) => takeEvent(message.lastEventId, JSON.parse(message.data));
  stream.addEventListener('overview', (message) => takeOverview(JSON.parse(message.data)));
  stream.addEventListener('services', (message) => {
    const { changed, gone } = JSON.parse(message.data);
    takeRows(changed, false);
    for (const name of gone) {
      store.rows.delete(name);
      store.cells.delete(name);
    }
    tell('rows', [...changed.map((row) => row.name), ...gone]);
  });
}

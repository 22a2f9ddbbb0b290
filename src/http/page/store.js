// What the page knows: the last overview, rows and their ten minutes, incidents, components, advice, events.
// It draws nothing; who shows something is told what changed.

import { line } from "./words.js";

/** Cells of ten seconds that are kept: ten minutes. */
export const CELLS = 60;
/** Events that are kept. */
const EVENTS = 200;

const listeners = new Map();

/** Has `told` called whenever `topic` changes: overview, rows, incidents, components, advice, alerts, feed. */
export function on(topic, told) {
  listeners.set(topic, [...(listeners.get(topic) ?? []), told]);
}

function tell(topic, ...news) {
  for (const told of listeners.get(topic) ?? []) told(...news);
}

export const store = {
  /** The last overview; null before the first. */
  overview: null,
  /** Rows by name. */
  rows: new Map(),
  /** Their finished cells, oldest first: [number, calls, bad]. */
  cells: new Map(),
  /** Incidents, the latest first; null before they were read. */
  incidents: null,
  /** Whose circuit was opened ahead, by the service that it waits for. */
  heldBy: new Map(),
  components: [],
  /** What the last day says about services, and how much of it is not told. */
  advice: { findings: [], leftOut: 0 },
  alerts: { alerts: [], leftOut: 0 },
  /** Lines of events, the latest first. */
  feed: [],
};

/** How the platform stands. */
export function takeOverview(overview) {
  const before = store.overview;
  store.overview = overview;
  tell("overview", overview, before);
}

/** All rows, each with its history. */
export function takeAll(rows) {
  const names = new Set(rows.map((row) => row.name));
  const gone = [...store.rows.keys()].filter((name) => !names.has(name));
  takeRows(rows, gone);
}

/** Rows that changed, and names of services that are gone. */
export function takeRows(changed, gone) {
  for (const name of gone) {
    store.rows.delete(name);
    store.cells.delete(name);
  }
  for (const row of changed) {
    if (row.cells) store.cells.set(row.name, row.cells);
    else if (row.cell) addCell(row.name, row.cell);
    const { cells: _, ...bare } = row;
    store.rows.set(row.name, bare);
  }
  tell(
    "rows",
    changed.map((row) => row.name),
    gone,
  );
}

function addCell(name, cell) {
  const cells = store.cells.get(name) ?? [];
  if (cells.length > 0 && cells.at(-1)[0] >= cell[0]) return;
  cells.push(cell);
  while (cells[0][0] <= cell[0] - CELLS) cells.shift();
  store.cells.set(name, cells);
}

/** All incidents, the latest first. */
export function takeIncidents(incidents) {
  store.incidents = incidents;
  store.heldBy.clear();
  for (const incident of incidents.filter((it) => !it.ended)) {
    for (const it of incident.story) {
      const other = it.type === "circuit_breaker" && it.subject !== incident.subject;
      if (other) store.heldBy.set(it.subject, incident.subject);
    }
  }
  tell("incidents");
}

/** Services whose circuits were opened ahead for this one and are not closed yet. */
export function heldFor(name) {
  const held = [...store.heldBy].filter(([, by]) => by === name).map(([service]) => service);
  return held.filter((service) => ["open", "half_open"].includes(store.rows.get(service)?.circuit));
}

/** All components. */
export function takeComponents(components) {
  store.components = components;
  tell("components");
}

/** What people are told. */
export function takeAlerts(alerts) {
  store.alerts = alerts;
  tell("alerts");
}

/** What the last day says. */
export function takeAdvice(advice) {
  store.advice = advice;
  tell("advice");
}

/** Something that lookout said; the same on another topic is no news. */
export function takeEvent({ topic, document }) {
  const said = line(topic, document);
  const known = store.feed.find((it) => it.key === said.key);
  if (known) {
    known.emergency ||= said.emergency;
    return;
  }
  store.feed.unshift(said);
  store.feed.length = Math.min(store.feed.length, EVENTS);
  tell("feed", said);
}

// Reading from the API, and when to read again what the stream does not carry: incidents and
// components follow events and the overview's counts. A hidden page reads nothing until it is seen.

import { store, takeAdvice, takeAlerts, takeAll, takeComponents, takeIncidents, takeOverview } from "./store.js";
import * as clock from "./clock.js";

/** The least time between two readings of the same, in milliseconds. */
const PAUSE = 300;
/** How often components are read anew while there are some. */
const COMPONENTS = 10_000;
/** How often advice is read anew: it is drawn up every five minutes. */
const ADVICE = 60_000;

/** Reads a path; null if there is no such thing. */
export async function read(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return { body: await response.json(), date: Date.parse(response.headers.get("date")) };
}

/** Reads how everything stands, at the start and after each reconnection. */
export function all() {
  return Promise.all([read("/api/v1/overview"), read("/api/v1/services?history=true")]);
}

/** Takes what `all` has read. */
export function take([overview, services]) {
  const at = Date.parse(overview.body.at);
  // A lookout that stands still answers with what it knew when it stopped.
  const late = overview.date - at;
  clock.tell(at, late > clock.STALE ? late : 0);
  takeOverview(overview.body);
  takeAll(services.body.services);
  incidents();
  components();
  advice();
  alerts();
}

/** A reading that is wanted at times: at most one is under way, and none is forgotten. */
function paced(path, then) {
  let [wanted, busy] = [false, false];
  return async function want() {
    wanted = true;
    if (busy || document.hidden) return;
    busy = true;
    while (wanted && !document.hidden) {
      wanted = false;
      // Without a connection there is nothing to read; the stream tells when it is back.
      const answer = await read(path).catch(() => null);
      if (answer) then(answer.body);
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    busy = false;
  };
}

/** Has incidents read anew. */
export const incidents = paced("/api/v1/incidents", (it) => takeIncidents(it.incidents));
/** Has components read anew. */
export const components = paced("/api/v1/components", (it) => takeComponents(it.components));

/** Has alerts read anew. */
export const alerts = paced("/api/v1/alerts?most=200", takeAlerts);
/** Has advice read anew. */
export const advice = paced("/api/v1/advice?most=8", takeAdvice);

let fresh = false;
let [componentsAt, adviceAt] = [0, 0];

/** An event came: it is part of a story. That an incident ended is seen a second later. */
export function afterEvent() {
  fresh = true;
  incidents();
  alerts();
}

/** An overview came. */
export function afterOverview(overview, before) {
  if (fresh || overview.openIncidents !== before?.openIncidents) {
    incidents();
    alerts();
  }
  fresh = false;
  const count = (it) => JSON.stringify(it?.components);
  const some = store.components.length > 0 && performance.now() - componentsAt > COMPONENTS;
  if (some || count(overview) !== count(before)) {
    componentsAt = performance.now();
    components();
  }
  if (performance.now() - adviceAt > ADVICE) {
    adviceAt = performance.now();
    advice();
  }
}

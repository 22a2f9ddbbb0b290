// The live page of lookout: it joins the stream, what is known, and the views. It decides nothing;
// all judgements come from lookout.

import * as advice from "./advice.js";
import * as alerts from "./alerts.js";
import * as clock from "./clock.js";
import * as components from "./components.js";
import * as feed from "./feed.js";
import * as figures from "./figures.js";
import * as incident from "./incident.js";
import * as incidents from "./incidents.js";
import * as keys from "./keys.js";
import * as list from "./list.js";
import * as load from "./load.js";
import * as service from "./service.js";
import * as state from "./state.js";
import { follow } from "./route.js";
import { listen } from "./stream.js";
import { store, takeEvent, takeOverview, takeRows } from "./store.js";

const views = ["overview", "service", "incident"];
let scrolled = 0;
let left = null;

/** Goes to a view, and back to where one was. */
function show({ view, name }, first) {
  const $ = (id) => document.getElementById(id);
  if (!$("overview").hidden && view !== "overview") [scrolled, left] = [scrollY, document.activeElement];
  const came = $("overview").hidden;
  for (const it of views) $(it).hidden = it !== view;
  service.show(view === "service" ? name : null);
  incident.show(view === "incident" ? name : null);
  if (view !== "overview") {
    scrollTo(0, 0);
    $(view).querySelector("h1")?.focus({ preventScroll: true });
  } else if (came && !first) {
    scrollTo(0, scrolled);
    if (left?.isConnected) left.focus({ preventScroll: true });
  }
}

/** What comes before everything was read waits: it is newer than what is read, or the same. */
let waiting = [];
let ready = false;

function take(kind, json) {
  if (kind === "event") {
    takeEvent(json);
    load.afterEvent();
  } else if (!ready) {
    waiting.push([kind, json]);
  } else if (kind === "overview") {
    clock.tell(Date.parse(json.at));
    const before = store.overview;
    takeOverview(json);
    load.afterOverview(json, before);
    state.connection(true);
  } else {
    takeRows(json.changed, json.gone);
  }
}

/** When to read again what could not be read, in milliseconds. */
const AGAIN = 2000;
let attempt = 0;

async function opened() {
  attempt += 1;
  const mine = attempt;
  [ready, waiting] = [false, []];
  const everything = await load.all().catch(() => null);
  if (mine !== attempt) return;
  if (everything === null || everything.includes(null)) {
    setTimeout(() => mine === attempt && opened(), AGAIN);
    return;
  }
  load.take(everything);
  ready = true;
  state.connection(true);
  for (const [kind, json] of waiting.splice(0)) take(kind, json);
}

for (const part of [figures, list, incidents, components, advice, alerts, feed, incident, service, state, keys]) part.start();
follow(show);
listen({ opened, heard: take, lost: () => state.connection(false) });

setInterval(() => {
  if (document.hidden) return;
  list.refresh();
  clock.tick(document.getElementById("incidents"));
  clock.tick(document.getElementById("components"));
  clock.tick(document.getElementById("service"));
  clock.tick(document.getElementById("incident"));
}, 1000);
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !ready) return;
  load.incidents();
  load.components();
  load.advice();
  load.alerts();
});

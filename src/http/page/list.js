// The services by urgency, for a thousand of them and more.
//
// Rows are ordered by how urgent they are, then by since when, then by name: figures never move a
// row, only a verdict or a circuit does. Only rows in sight are touched at once; the others follow
// when the browser has time, or when they come into sight.

import { h, text } from "./dom.js";
import { COLUMNS, Row, head } from "./row.js";
import { on, store } from "./store.js";
import { plural, visible, whole } from "./format.js";
import { rank } from "./words.js";
import { tick } from "./clock.js";

/** Rows that are drawn at most; beyond, the filter finds them. */
const MOST = 2_000;
/** Rows that are made in one go, so that a reader's key press never waits long. */
const BATCH = 80;

const VERDICTS = ["unavailable", "degraded", "unknown", "healthy"];

const list = document.getElementById("list");
const note = document.getElementById("list-note");
const field = document.getElementById("filter");

const rows = new Map();
const keys = new Map();
const dirty = new Set();
let order = [];
let [moved, scheduled, idle, only] = [true, false, false, null];

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      target.row.seen = isIntersecting;
      if (isIntersecting && dirty.has(target.row.name)) schedule();
    }
  },
  { rootMargin: "300px" },
);

/** What a row is ordered by. */
function keyOf(row) {
  const level = rank(row);
  return level < 3 ? `${level} ${row.since} ${row.name}` : `${level} ${row.name}`;
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(draw);
}

function draw() {
  scheduled = false;
  if (moved) arrange();
  let rest = false;
  for (const service of dirty) {
    const row = rows.get(service);
    if (row?.seen) show(row);
    else rest = true;
  }
  if (rest) catchUp();
}

function show(row) {
  dirty.delete(row.name);
  const known = store.rows.get(row.name);
  if (known) row.show(known);
}

/** Rows out of sight, a few at a time. */
function catchUp() {
  if (idle) return;
  idle = true;
  const later =
    globalThis.requestIdleCallback ?? ((run) => setTimeout(() => run({ timeRemaining: () => 8 }), 50));
  later((deadline) => {
    idle = false;
    for (const service of dirty) {
      if (deadline.timeRemaining() < 2) return catchUp();
      const row = rows.get(service);
      if (row) show(row);
      else dirty.delete(service);
    }
  });
}

/** Whether a row is wanted by filter and verdict. */
function wanted(row) {
  if (only && row.verdict !== only && !(only === "unknown" && !row.verdict)) return false;
  const words = field.value.trim().toLowerCase();
  return (
    words === "" || row.name.toLowerCase().includes(words) || visible(row.name).toLowerCase().includes(words)
  );
}

/** Puts the rows that moved where they belong; the others stay untouched. */
function arrange() {
  moved = false;
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const all = [...store.rows.values()].filter(wanted);
  const next = new Map(all.map((row) => [row.name, keyOf(row)]));
  order = all.map((row) => row.name).sort((a, b) => (next.get(a) < next.get(b) ? -1 : 1));
  const left = order.length - MOST;
  order = order.slice(0, MOST);
  const here = new Set(order);
  for (const [service, row] of rows) {
    if (!here.has(service)) forget(service, row);
    else if (keys.get(service) !== next.get(service)) row.node.remove();
  }
  let [place, made] = [list.firstElementChild.nextElementSibling, 0];
  for (const service of order) {
    let row = rows.get(service);
    if (!row && made === BATCH) {
      // The rest in the next frame.
      moved = true;
      schedule();
      break;
    }
    if (!row) {
      row = new Row(service);
      rows.set(service, row);
      dirty.add(service);
      made += 1;
      // The first ones are in sight for sure.
      row.seen = rows.size <= BATCH;
      if (row.seen) show(row);
      watcher.observe(row.node);
    }
    keys.set(service, next.get(service));
    if (place === row.node) place = place.nextElementSibling;
    else list.insertBefore(row.node, place);
  }
  list.setAttribute("aria-rowcount", order.length + 1);
  if (focused && document.activeElement !== focused && focused.isConnected)
    focused.focus({ preventScroll: true });
  tell(left, all.length);
}

function forget(service, row) {
  watcher.unobserve(row.node);
  row.node.remove();
  rows.delete(service);
  keys.delete(service);
  dirty.delete(service);
}

function tell(left, count) {
  let said = "";
  if (left > 0) said = `${whole(left)} more: the filter finds them.`;
  else if (store.rows.size === 0) said = "No call was heard yet. When services are called, they appear here.";
  else if (count === 0) said = `None of ${plural(store.rows.size, "service")} is meant.`;
  text(note, said);
  note.hidden = said === "";
}

const buttons = new Map();

function choose(verdict) {
  only = verdict;
  for (const [of, button] of buttons) button.setAttribute("aria-pressed", String(of === verdict));
  moved = true;
  schedule();
}

function addButton(verdict, label) {
  const button = h(
    "button",
    { type: "button", "aria-pressed": String(verdict === null) },
    label,
    " ",
    h("span", { class: "count" }),
  );
  button.addEventListener("click", () => choose(verdict));
  buttons.set(verdict, button);
  document.getElementById("verdicts").append(button);
}

/** Goes on to the next choice of verdicts. */
export function nextChoice() {
  const all = [...buttons.keys()];
  choose(all[(all.indexOf(only) + 1) % all.length]);
}

/** Makes the list, which then keeps itself up to date. */
export function start() {
  list.append(head());
  list.setAttribute("aria-colcount", COLUMNS.length + 5);
  addButton(null, "all");
  for (const verdict of VERDICTS) addButton(verdict, verdict);
  field.addEventListener("input", () => {
    moved = true;
    schedule();
  });
  on("rows", (changed, gone) => {
    for (const service of changed) {
      const row = store.rows.get(service);
      if (keys.get(service) !== keyOf(row)) moved = true;
      dirty.add(service);
    }
    if (gone.length > 0) moved = true;
    schedule();
  });
  on("overview", (overview, before) => {
    const counts = overview.services;
    const all = VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 0);
    for (const [verdict, button] of buttons) text(button.lastChild, whole(verdict ? counts[verdict] : all));
    if (overview.cell !== before?.cell) redrawAll();
  });
  on("incidents", () => {
    for (const row of store.rows.values()) if (rank(row) < 3) dirty.add(row.name);
    schedule();
  });
}

/** Every row's bars have moved on by one. */
function redrawAll() {
  for (const service of rows.keys()) dirty.add(service);
  schedule();
}

/** Brings spans up to date, in rows that have some. */
export function refresh() {
  tick(list);
}

/** The links of the rows, in order. */
export function links() {
  return order.map((service) => rows.get(service)?.link).filter(Boolean);
}

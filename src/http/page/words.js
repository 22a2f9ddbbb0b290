// What states, reasons and events are called, and how bad each is.

import { h } from "./dom.js";
import { listed, name, plural, span, visible, whole } from "./format.js";
import { now, shown } from "./clock.js";
import { serviceLink } from "./route.js";

/** A name on the wire as words. */
export function words(wire) {
  return visible(wire).replaceAll("_", " ");
}

/** How urgent a row is, the smallest first: 0 unavailable, 1 degraded, 2 something is under way, 3 healthy, 4 unknown. */
export function rank(row) {
  if (row.verdict === "unavailable") return 0;
  if (row.verdict === "degraded") return 1;
  if (row.incident || ["open", "half_open", "forced_open"].includes(row.circuit)) return 2;
  return row.verdict === "healthy" ? 3 : 4;
}

/** Whether something is wrong with a service now, and not only with what it is a part of. */
export function isBad(row) {
  const bad = row.verdict === "unavailable" || row.verdict === "degraded";
  return bad || ["open", "half_open", "forced_open"].includes(row.circuit);
}

/** A verdict as it is read; `_other` has none. */
export function verdict(row) {
  return row.verdict ?? "not judged";
}

/** The sign of a row. */
export function signOf(row) {
  if (rank(row) === 2) return row.verdict === "unknown" ? "unknown" : "circuit";
  return row.verdict ?? "unknown";
}

const CIRCUITS = {
  closed: "closed",
  open: "open",
  half_open: "half-open",
  forced_open: "forced open",
  disabled: "disabled",
  observe_only: "observe only",
};

/** How a circuit stands. */
export function circuit(state) {
  return state === undefined ? "–" : (CIRCUITS[state] ?? words(state));
}

/** A span that grows from a moment on, kept up by the clock. */
export function since(moment) {
  const title = `since ${new Date(moment).toISOString()}`;
  return h("span", { class: "live", "data-since": moment, title }, span(now() - moment));
}

/** A span that shrinks towards a moment: "in 12 s". */
export function until(moment) {
  const left = moment - now();
  return h("span", { class: "live", "data-until": moment }, left > 0 ? `in ${span(left + 999)}` : "now");
}

/** A moment by the reader's clock, with the whole of it as a hint. */
export function moment(at) {
  const parsed = Date.parse(at);
  return h("time", { datetime: at, title: at }, Number.isNaN(parsed) ? "–" : shown(parsed));
}

/** Replicas in words; nothing if they are not known. */
export function replicas(row) {
  if (!row.replicas) return null;
  const { running, ready, total, restarts, cause } = row.replicas;
  const again = restarts > 0 ? `, ${plural(restarts, "restart")}` : "";
  return `${running} of ${total} replicas run, ${ready} ready${again}${cause ? ` (${words(cause)})` : ""}`;
}

/** What was done about a service, in words. */
export function remedy({ attempts, failed }) {
  return `${plural(attempts, "restart")} tried${failed ? ", left alone" : ""}`;
}

/** What lookout does about a row, as nodes; `held` are services whose circuits it opened ahead, `by` is whom it waits for. */
export function doing(row, held, by) {
  const parts = [];
  if (row.circuit === "open" && row.retryAfter) {
    parts.push("circuit open: callers warned off, next trial ", until(Date.parse(row.retryAfter)));
  } else if (row.circuit === "open" && by) {
    parts.push("circuit opened ahead of a cascade, waits for ", serviceLink(by));
  } else if (row.circuit === "open") {
    parts.push("circuit open: callers warned off");
  } else if (row.circuit === "half_open") {
    parts.push("circuit half-open: trial calls decide");
  } else if (row.circuit === "forced_open") {
    parts.push("circuit forced open by an operator");
  } else if (row.circuit === "closed") {
    parts.push("circuit closed");
  } else if (row.circuit) {
    parts.push(`circuit ${circuit(row.circuit)}`);
  }
  if (held.length > 0) parts.push(`; cascade held off at ${listed(held.map(name))}`);
  return parts;
}

const BAD = new Set(["service_unavailable", "infrastructure_error"]);
const GOOD = new Set(["service_recovered", "infrastructure_recovered"]);

/** The sign of an event or of a line of a story. */
export function eventSign(type, severity, state) {
  if (BAD.has(type) || severity === "critical") return "unavailable";
  if (type === "service_degraded" || type === "pair_deaf") return "degraded";
  if (GOOD.has(type) || state === "closed") return "healthy";
  return type === "circuit_breaker" || type === "cascading_failure_prevented" ? "circuit" : "info";
}

const string = (value) => (typeof value === "string" ? value : "");
const strings = (value) => (Array.isArray(value) ? value.filter((it) => typeof it === "string") : []);

/** The component that explains it, in words; nothing if none does. */
export function because(cause) {
  return cause?.component ? `, because of ${visible(string(cause.component))}` : "";
}

const LINES = {
  service_unavailable: (it) => `unavailable: ${words(string(it.reason))}${because(it.causedBy)}`,
  service_degraded: (it) => `degraded: ${words(string(it.reason))}${because(it.causedBy)}`,
  service_recovered: (it) =>
    `healthy again after ${span(1000 * it.outageSeconds)}` +
    (it.unansweredCalls ? `; ${plural(it.unansweredCalls, "call")} unanswered` : ""),
  circuit_breaker: (it) =>
    `circuit ${circuit(it.previous)} → ${circuit(it.state)}` +
    (it.reason ? `: ${words(string(it.reason))}` : ""),
  cascading_failure_prevented: (it) =>
    `cascade held off: circuits opened ahead for ${listed(strings(it.affectedServices).map(name))}`,
  infrastructure_error: (it) => `${words(string(it.severity))}: ${visible(string(it.message))}`,
  infrastructure_recovered: () => "well again",
  alert: (it) => (it.status === "resolved" ? "over: " : "told: ") + visible(string(it.summary)),
  remedy_action: (it) =>
    `${words(string(it.action))} ${words(string(it.state))}` +
    (it.dryRun === true ? " (dry run)" : "") +
    (it.message ? `: ${visible(string(it.message))}` : ""),
  security_alert: (it) =>
    `${words(string(it.attack))} ${words(string(it.state))}` +
    (Number(it.signs) > 0 && it.state !== "ended" ? `: ${plural(Number(it.signs), "sign")}` : ""),
  security_action: (it) =>
    `${words(string(it.action))} ${words(string(it.state))}` +
    (it.dryRun === true ? " (dry run)" : "") +
    (it.message ? `: ${visible(string(it.message))}` : ""),
  pair_deaf: (it) => `pair is deaf: no reply to any of ${whole(Number(it.calls) || 0)} calls was heard`,
};

/** A document that lookout published, as a line: its time, sign, whom it is about, what happened. */
export function line(topic, document) {
  const it = document?.params ?? document ?? {};
  const type = string(it.type);
  const service = it.service ?? it.originService;
  let said = type ? words(type) : "unreadable";
  try {
    said = LINES[type]?.(it) ?? said;
  } catch {
    // A member that is not what it should be costs the details only.
  }
  return {
    at: string(it.timestamp),
    sign: eventSign(type, it.severity, it.state),
    service: typeof service === "string" ? service : null,
    subject: string(service ?? it.component ?? it.pair),
    text: said + (it.repeat > 0 ? ` (still, said ${it.repeat + 1} times)` : ""),
    incident: string(it.correlationId),
    key: `${string(it.timestamp)} ${type} ${string(service ?? it.component ?? it.pair)} ${string(it.state ?? it.status)} ${string(it.alert)}`,
    emergency: string(topic).endsWith("/emergency") && it.status !== "resolved",
  };
}

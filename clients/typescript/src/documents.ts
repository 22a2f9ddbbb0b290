// Reads what lookout publishes. It exists because anybody on the broker may publish on these topics:
// whatever does not read as expected is left out, nothing in here throws, and every text that is kept
// is bounded.
//
// A document comes in a JSON-RPC 2.0 notification or bare; both are read. Which document it is, its
// type says (with an envelope, the method does when the type is missing), except for the presence of
// an observer, which is also its will and therefore has neither. Only members that the client acts on
// are taken. An empty payload on a retained topic says that the thing is gone; its name then is that
// of the topic, where wildcards, `%` and control characters are percent-encoded.

/** Bytes of a document; larger ones are not lookout's. */
export const MAX_DOCUMENT = 1 << 20;
/** Characters of a name; whoever has a longer one is ignored. */
export const MAX_NAME = 256;
/** Characters of any other text that is kept; longer ones are cut. */
const MAX_TEXT = 1_000;
/** Names in a list, as the schemas promise. */
const MAX_LIST = 100;
/** Trial calls that a document may ask for; more would be no trial. */
const MAX_TRIALS = 100;

export type Verdict = "unknown" | "healthy" | "degraded" | "unavailable";
export type CircuitState = "closed" | "open" | "half_open" | "forced_open" | "disabled" | "observe_only";
export type Severity = "info" | "warning" | "error" | "critical" | "emergency";

const VERDICTS: readonly string[] = ["unknown", "healthy", "degraded", "unavailable"];
const CIRCUITS: readonly string[] = [
  "closed",
  "open",
  "half_open",
  "forced_open",
  "disabled",
  "observe_only",
];
const SEVERITIES: readonly string[] = ["info", "warning", "error", "critical", "emergency"];

/** A verdict as it was said. Times are milliseconds since the epoch by lookout's clock. */
export interface SaidVerdict {
  verdict: Verdict;
  reason?: string;
  since?: number;
  timestamp?: number;
  /** The time as it was written; it names rounds of trial calls. */
  round: string;
  incident?: string;
  causedBy?: string;
}

/** A circuit as it was said. */
export interface SaidCircuit {
  state: CircuitState;
  reason?: string;
  timestamp?: number;
  retryAfter?: number;
  trialCalls?: number;
  round: string;
}

/** A component in trouble as it was said. */
export interface SaidTrouble {
  kind?: string;
  severity?: Severity;
  message?: string;
  affectedServices: string[];
  estimate?: string;
}

/** The platform in one summary, as far as it is acted on. */
export interface SaidHealth {
  status: string;
  /** Services with a verdict other than unknown. */
  judged: number;
  unavailable: number;
}

/** What a message says. */
export type Said =
  | { what: "presence"; id: string; online: boolean }
  | { what: "verdict"; service: string; verdict: SaidVerdict | undefined }
  | { what: "circuit"; service: string; circuit: SaidCircuit | undefined }
  | { what: "outage"; service: string; estimate: string | undefined }
  | { what: "recovery"; service: string }
  | { what: "trouble"; component: string; trouble: SaidTrouble | undefined }
  | { what: "health"; health: SaidHealth | undefined }
  | { what: "emergency"; type: string; message: string | undefined; said: Said | undefined };

type Members = Record<string, unknown>;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The JSON of a payload; undefined if it is none, or too large. */
export function json(payload: Uint8Array, limit = MAX_DOCUMENT): unknown {
  if (payload.byteLength > limit) return undefined;
  try {
    return JSON.parse(utf8.decode(payload));
  } catch {
    return undefined;
  }
}

/** The value if it is an object with members. */
export function members(value: unknown): Members | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Members)
    : undefined;
}

/** The value if it is a text, cut to a bounded length. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : undefined;
}

/** The value if it is a time in RFC 3339, as milliseconds since the epoch. */
export function time(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}T[\d:.]{5,32}(Z|[+-]\d{2}:\d{2})$/i.test(value))
    return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}

function name(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= MAX_NAME ? value : undefined;
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}

function oneOf<T extends string>(value: unknown, known: readonly string[]): T | undefined {
  return typeof value === "string" && known.includes(value) ? (value as T) : undefined;
}

/** The object without members that are undefined, so that "absent" has one form. */
export function present<T extends object>(it: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(it).filter(([, value]) => value !== undefined)) as T;
}

/** A name as it was before it became a part of a topic. */
export function unescaped(topic: string): string {
  try {
    return decodeURIComponent(topic.replaceAll(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    return topic;
  }
}

/** A name as a part of a topic, as lookout writes it. */
export function escaped(service: string): string {
  return service.replaceAll(/[+#%\p{Cc}]/gu, (c) =>
    [...new TextEncoder().encode(c)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join(""),
  );
}

function verdictOf(it: Members): SaidVerdict | undefined {
  const verdict = oneOf<Verdict>(it["verdict"], VERDICTS);
  if (verdict === undefined) return undefined;
  return present<SaidVerdict>({
    verdict,
    reason: text(it["reason"]),
    since: time(it["since"]),
    timestamp: time(it["timestamp"]),
    round: (time(it["since"]) === undefined ? text(it["timestamp"]) : text(it["since"])) ?? "",
    incident: text(it["correlationId"]),
    causedBy: name(members(it["causedBy"])?.["component"]),
  });
}

function circuitOf(it: Members): SaidCircuit | undefined {
  const state = oneOf<CircuitState>(it["state"], CIRCUITS);
  if (state === undefined) return undefined;
  const trials = Math.min(count(it["trialCalls"]), MAX_TRIALS);
  return present<SaidCircuit>({
    state,
    reason: text(it["reason"]),
    timestamp: time(it["timestamp"]),
    retryAfter: time(it["retryAfter"]),
    // None at all would leave the circuit half-open for ever.
    trialCalls: trials === 0 ? undefined : trials,
    round: text(it["timestamp"]) ?? "",
  });
}

function troubleOf(it: Members): SaidTrouble {
  const affected = Array.isArray(it["affectedServices"]) ? it["affectedServices"].slice(0, MAX_LIST) : [];
  return present<SaidTrouble>({
    kind: name(it["kind"]),
    severity: oneOf<Severity>(it["severity"], SEVERITIES),
    message: text(it["message"]),
    affectedServices: affected.flatMap((service) => name(service) ?? []),
    estimate: text(it["estimatedResolution"]),
  });
}

function healthOf(it: Members): SaidHealth {
  const services = members(it["services"]) ?? {};
  const unavailable = count(services["unavailable"]);
  const judged = count(services["healthy"]) + count(services["degraded"]) + unavailable;
  return { status: text(it["status"]) ?? "", judged, unavailable };
}

/** What a document of a type says; undefined if it is none that is acted on. */
function documentSays(type: string, it: Members): Said | undefined {
  const service = name(it["service"]);
  const component = name(it["component"]);
  if (type === "health") return { what: "health", health: healthOf(it) };
  if (type === "infrastructure_error" && component)
    return { what: "trouble", component, trouble: troubleOf(it) };
  if (type === "infrastructure_recovered" && component)
    return { what: "trouble", component, trouble: undefined };
  if (service === undefined) return undefined;
  if (type === "service_unavailable")
    return { what: "outage", service, estimate: text(it["estimatedRecovery"]) };
  if (type === "service_recovered") return { what: "recovery", service };
  if (type === "service_verdict") {
    const verdict = verdictOf(it);
    return verdict && { what: "verdict", service, verdict };
  }
  if (type === "circuit_breaker") {
    const circuit = circuitOf(it);
    return circuit && { what: "circuit", service, circuit };
  }
  return undefined;
}

/** What an empty payload clears. */
function cleared(kind: string, rest: string): Said | undefined {
  if (kind === "health" && rest === "") return { what: "health", health: undefined };
  if (kind === "observer" && name(rest) && !rest.includes("/"))
    return { what: "presence", id: rest, online: false };
  const service = name(unescaped(rest));
  if (service === undefined) return undefined;
  if (kind === "services") return { what: "verdict", service, verdict: undefined };
  if (kind === "circuit-breaker") return { what: "circuit", service, circuit: undefined };
  return undefined;
}

/** Reads a message of a cluster; undefined if it is nothing that is acted on. Never throws. */
export function read(cluster: string, topic: string, payload: Uint8Array): Said | undefined {
  const prefix = `system/${cluster}/`;
  if (!topic.startsWith(prefix)) return undefined;
  const [kind = "", ...levels] = topic.slice(prefix.length).split("/");
  const rest = levels.join("/");
  if (payload.byteLength === 0) return cleared(kind, rest);
  const whole = members(json(payload));
  if (whole === undefined) return undefined;
  if (kind === "observer") {
    const online = whole["online"];
    if (typeof online !== "boolean" || !name(rest) || levels.length !== 1) return undefined;
    return { what: "presence", id: rest, online };
  }
  const inner = whole["jsonrpc"] === undefined ? undefined : members(whole["params"]);
  const document = inner ?? whole;
  const type = text(document["type"]) ?? (inner && text(whole["method"]));
  if (type === undefined) return undefined;
  const said = documentSays(type, document);
  if (kind === "emergency") {
    // That an alert is over is no emergency.
    if (document["status"] === "resolved") return undefined;
    const message = text(document["message"]) ?? text(document["summary"]);
    return { what: "emergency", type, message, said };
  }
  return said;
}

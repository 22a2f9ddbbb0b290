// Why a call did not return a result. Each kind asks something else of the caller: mend the request,
// wait, try again, call the operator.

import { type Clock, moment, number, record, text } from "./documents.js";

/** What went wrong, in one word. */
export type Kind =
  | "validation"
  | "business-rule"
  | "authorization"
  | "not-found"
  | "conflict"
  | "rate-limited"
  | "rejected"
  | "execution-timeout"
  | "failed"
  | "unavailable"
  | "circuit-open"
  | "timeout"
  | "link-down"
  | "malformed"
  | "unsendable"
  | "overloaded";

/** What is wrong with a field. */
export interface FieldError {
  field: string;
  message: string;
  value?: unknown;
  constraint?: string;
}

/** What is known beside the kind. */
export interface Facts {
  /** The code of the answer. */
  code?: number | undefined;
  /** The `data` of the answer, as sent. */
  data?: unknown;
  fields?: FieldError[] | undefined;
  rule?: string | undefined;
  resource?: { type: string; id: string } | undefined;
  /** Why a service is away, in lookout's word or the service's. */
  reason?: string | undefined;
  /** When to call again, in milliseconds from now. */
  retryAfter?: number | undefined;
  /** What is said about the time until it is back, such as `2-5 minutes`. */
  estimate?: string | undefined;
  /** The `correlationId` of the incident. */
  incident?: string | undefined;
  /** Who says that a service is away. */
  source?: "lookout" | "own" | "answer" | undefined;
  /** Whether the request was on its way when the link broke. */
  sent?: boolean | undefined;
}

const TRANSIENT: readonly Kind[] = [
  "timeout",
  "execution-timeout",
  "failed",
  "unavailable",
  "circuit-open",
  "rate-limited",
  "link-down",
  "overloaded",
];

const UNREACHABLE: readonly Kind[] = ["timeout", "unavailable", "circuit-open", "link-down"];

/** Why a call did not return a result. */
export class CallError extends Error {
  override readonly name = "CallError";

  constructor(
    readonly kind: Kind,
    message: string,
    readonly facts: Facts = {},
  ) {
    super(message);
  }

  /** When to call again, in milliseconds from now, if that is known. */
  get retryAfter(): number | undefined {
    return this.facts.retryAfter;
  }

  /** Whether the same call may succeed later: what failed is not the request. */
  get transient(): boolean {
    return TRANSIENT.includes(this.kind);
  }

  /** Whether the service could not be reached at all, so that an older answer is better than none. */
  get unreachable(): boolean {
    return UNREACHABLE.includes(this.kind);
  }
}

const KINDS: Readonly<Record<number, Kind>> = {
  [-32001]: "validation",
  [-32002]: "business-rule",
  [-32003]: "authorization",
  [-32004]: "not-found",
  [-32005]: "conflict",
  [-32006]: "rate-limited",
  [-32007]: "execution-timeout",
  [-32700]: "rejected",
  [-32600]: "rejected",
  [-32601]: "rejected",
  [-32602]: "rejected",
};

/** Fields of one error that are kept. */
const MOST_FIELDS = 100;

/** Reads an error in whatever form it was sent. */
export function fault(error: unknown, service: string, clock: Clock): CallError {
  const members = record(error);
  if (members === undefined) return new CallError("rejected", String(error));
  const code = Number.isInteger(members["code"]) ? (members["code"] as number) : undefined;
  const data = record(members["data"]);
  const details = record(data?.["details"]);
  const message = text(members, "message") ?? "";
  const facts: Facts = { code, data: members["data"], retryAfter: after(data?.["retryAfter"], clock) };
  if (code === -32503) {
    Object.assign(facts, {
      reason: text(data, "reason") ?? message,
      estimate: known(text(data, "estimatedRecovery")),
      source: "answer",
    });
    const open = text(data, "errorType") === "CircuitBreakerOpen";
    return new CallError(open ? "circuit-open" : "unavailable", `${service}: ${message}`, facts);
  }
  if (code === -32001) facts.fields = fields(data?.["details"]);
  facts.rule = text(details, "rule");
  facts.resource = resource(details);
  const reserved = code !== undefined && code >= -32768 && code <= -32000;
  const kind = (code === undefined ? undefined : KINDS[code]) ?? (reserved ? "failed" : "rejected");
  return new CallError(kind, message, facts);
}

/** The estimate, unless it is that there is none. */
export function known(estimate: string | undefined): string | undefined {
  return estimate === "unknown" ? undefined : estimate;
}

/** A moment in RFC 3339, or seconds from now. */
function after(value: unknown, clock: Clock): number | undefined {
  if (typeof value === "number") return value >= 0 && Number.isFinite(value) ? value * 1_000 : undefined;
  const at = typeof value === "string" ? moment(value) : undefined;
  return at === undefined ? undefined : Math.max(0, at - clock.wall());
}

/** One object, or an array of them. */
function fields(details: unknown): FieldError[] {
  const all: unknown[] = Array.isArray(details) ? details.slice(0, MOST_FIELDS) : [details];
  const found: FieldError[] = [];
  for (const members of all.map(record)) {
    const [field, message, constraint] = ["field", "message", "constraint"].map((name) => text(members, name));
    if (members === undefined || (field === undefined && message === undefined)) continue;
    const one: FieldError = { field: field ?? "", message: message ?? "" };
    if ("value" in members) one.value = members["value"];
    if (constraint !== undefined) one.constraint = constraint;
    found.push(one);
  }
  return found;
}

function resource(details: Record<string, unknown> | undefined): { type: string; id: string } | undefined {
  const found = record(details?.["conflictingResource"]) ?? record(details?.["resource"]);
  const id = text(found, "id") ?? number(found, "id")?.toString();
  return id === undefined ? undefined : { type: text(found, "type") ?? "", id };
}

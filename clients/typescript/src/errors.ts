// The errors of calls: one class for each thing that a caller might do about it. They exist so that
// nobody has to know numbers or search in texts. All are `CallError`; `kind` names the class, for a
// `switch` and for errors that crossed a worker.
//
// Answers are tolerated in whatever form servers send them: an error that is a text, a code that is
// none, `details` as one object or a list. Durations are in milliseconds.

import { members, present, text, time } from "./documents.js";
import type { Refusal } from "./gate.js";

export type Kind =
  | "Validation"
  | "BusinessRule"
  | "Authorization"
  | "NotFound"
  | "Conflict"
  | "RateLimited"
  | "ExecutionTimeout"
  | "Unavailable"
  | "Failed"
  | "Rejected"
  | "Timeout"
  | "CircuitOpen"
  | "LinkDown"
  | "Malformed"
  | "TooManyCalls"
  | "InvalidCall";

/** What an error answer says, as far as it reads as expected. */
export interface Fault {
  code?: number;
  message: string;
  data?: unknown;
}

/** A call that has no result. */
export class CallError extends Error {
  readonly kind: Kind;
  /** How long a new attempt should wait, if that is known. */
  readonly retryAfter?: number;

  constructor(kind: Kind, message: string, retryAfter?: number) {
    super(message);
    this.kind = kind;
    this.name = kind;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }
}

/** An error that the service answered. */
export class ServiceError extends CallError {
  readonly code?: number;
  readonly data?: unknown;

  constructor(kind: Kind, fault: Fault, retryAfter?: number) {
    super(kind, fault.message, retryAfter);
    if (fault.code !== undefined) this.code = fault.code;
    if (fault.data !== undefined) this.data = fault.data;
  }
}

/** A field that the service does not accept. */
export interface FieldFault {
  field: string;
  message?: string;
  value?: unknown;
  constraint?: string;
}

/** -32001 */
export class Validation extends ServiceError {
  readonly fields: FieldFault[];
  constructor(fault: Fault, fields: FieldFault[]) {
    super("Validation", fault);
    this.fields = fields;
  }
}

/** -32002; `detail` is what the rule says, for people to read. */
export class BusinessRule extends ServiceError {
  readonly rule?: string;
  readonly detail?: string;
  readonly conflictingResource?: unknown;
  constructor(fault: Fault, of: { rule?: string; detail?: string; conflictingResource?: unknown }) {
    super("BusinessRule", fault);
    Object.assign(this, of);
  }
}

/** -32003 */
export class Authorization extends ServiceError {}
/** -32004 */
export class NotFound extends ServiceError {}

/** -32005 */
export class Conflict extends ServiceError {
  readonly resource?: unknown;
  constructor(fault: Fault, resource: unknown) {
    super("Conflict", fault);
    if (resource !== undefined) this.resource = resource;
  }
}

/** -32006 */
export class RateLimited extends ServiceError {}
/** -32007 */
export class ExecutionTimeout extends ServiceError {}
/** Another code from -32768 to -32000: the service failed. */
export class Failed extends ServiceError {}
/** Any other code: the service refuses this call. */
export class Rejected extends ServiceError {}

/** The service is unavailable: lookout says so (`by` is "lookout"), or an answer with -32503 did ("answer"). */
export class Unavailable extends ServiceError {
  readonly by: "lookout" | "answer";
  readonly reason?: string;
  readonly incident?: string;
  /** How long such outages take, for people to read. */
  readonly estimate?: string;
  /** Who answered in place of the service. */
  readonly source?: string;
  constructor(
    fault: Fault,
    of: Pick<Unavailable, "by" | "reason" | "incident" | "estimate" | "source">,
    retryAfter?: number,
  ) {
    super("Unavailable", fault, retryAfter);
    this.by = of.by;
    Object.assign(this, of);
  }
}

/** There was no answer in time. */
export class Timeout extends CallError {
  constructor(ms: number) {
    super("Timeout", `no answer within ${Math.round(ms)} ms`);
  }
}

/** The call was not sent, because a circuit is open: lookout's or the client's own. */
export class CircuitOpen extends CallError {
  readonly by: "lookout" | "own";
  readonly reason?: string;
  constructor(by: "lookout" | "own", service: string, reason?: string, retryAfter?: number) {
    super("CircuitOpen", `the circuit of ${service} is open`, retryAfter);
    this.by = by;
    if (reason !== undefined) this.reason = reason;
  }
}

/** There is no link to the broker; `sent` says whether the service may have got the call. */
export class LinkDown extends CallError {
  readonly sent: boolean;
  constructor(sent: boolean, why: string) {
    super("LinkDown", why);
    this.sent = sent;
  }
}

/** The answer cannot be read. */
export class Malformed extends CallError {
  constructor(why: string) {
    super("Malformed", `the answer cannot be read: ${why}`);
  }
}

/** As many calls are under way as are allowed. */
export class TooManyCalls extends CallError {
  constructor(limit: number) {
    super("TooManyCalls", `${limit} calls are under way, which is the limit`);
  }
}

/** The call cannot be sent as it is. */
export class InvalidCall extends CallError {
  constructor(why: string) {
    super("InvalidCall", why);
  }
}

/** The error of a call that the gate refused. */
export function refused(service: string, it: Refusal): CallError {
  if (it.kind === "circuit_open") return new CircuitOpen(it.by, service, it.reason, it.retryAfter);
  const of = present<Pick<Unavailable, "by" | "reason" | "incident" | "estimate">>({
    by: "lookout",
    reason: it.reason,
    incident: it.incident,
    estimate: it.estimate,
  });
  return new Unavailable({ message: `${service} is unavailable` }, of, it.retryAfter);
}

/** Seconds as a number, or a moment; counted from when the answer was written, if it says when. */
function waitOf(data: Record<string, unknown>, wall: number): number | undefined {
  const { retryAfter, timestamp } = data;
  if (typeof retryAfter === "number")
    return retryAfter >= 0 && Number.isFinite(retryAfter) ? retryAfter * 1_000 : undefined;
  if (typeof retryAfter === "string" && /^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const moment = time(retryAfter);
  return moment === undefined ? undefined : Math.max(0, moment - (time(timestamp) ?? wall));
}

function fieldsOf(details: unknown): FieldFault[] {
  const list: unknown[] = Array.isArray(details) ? details.slice(0, 1_000) : [details];
  return list.flatMap((entry) => {
    const it = members(entry);
    const field = text(it?.["field"]);
    if (it === undefined || field === undefined) return [];
    const { message, value, constraint } = it;
    return [present<FieldFault>({ field, message: text(message), value, constraint: text(constraint) })];
  });
}

/** The error that an answer's `error` member means; `wall` is the time now since the epoch. */
export function answered(error: unknown, wall: number): CallError {
  const it = members(error);
  const code = typeof it?.["code"] === "number" && Number.isInteger(it["code"]) ? it["code"] : undefined;
  const message = text(it === undefined ? error : it["message"]) ?? "the service answered an error";
  const fault = present<Fault>({ code, message, data: it?.["data"] });
  const data = members(fault.data) ?? {};
  const details = data["details"];
  const detail = members(details) ?? {};
  switch (code) {
    case -32001:
      return new Validation(fault, fieldsOf(details));
    case -32002: {
      const { conflictingResource } = detail;
      const of = { rule: text(detail["rule"]), detail: text(detail["message"]), conflictingResource };
      return new BusinessRule(
        fault,
        present<{ rule?: string; detail?: string; conflictingResource?: unknown }>(of),
      );
    }
    case -32003:
      return new Authorization("Authorization", fault);
    case -32004:
      return new NotFound("NotFound", fault);
    case -32005:
      return new Conflict(fault, detail["resource"] ?? detail["conflictingResource"] ?? data["resource"]);
    case -32006:
      return new RateLimited("RateLimited", fault, waitOf(data, wall));
    case -32007:
      return new ExecutionTimeout("ExecutionTimeout", fault);
    case -32503: {
      const { reason, estimatedRecovery, source } = data;
      const of = {
        by: "answer" as const,
        reason: text(reason),
        estimate: text(estimatedRecovery),
        source: text(source),
      };
      return new Unavailable(
        fault,
        present<Pick<Unavailable, "by" | "reason" | "estimate" | "source">>(of),
        waitOf(data, wall),
      );
    }
  }
  const asked = code === -32700 || code === -32600 || code === -32601 || code === -32602;
  const failed = code !== undefined && code >= -32768 && code <= -32000 && !asked;
  return failed ? new Failed("Failed", fault) : new Rejected("Rejected", fault);
}

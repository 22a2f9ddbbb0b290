// What lookout publishes, read as bytes from a broker: whatever is not as expected is left out, and
// nothing throws. Both envelopes are read, as it is a setting of lookout's.

import type {
  CircuitBreaker,
  Health,
  InfrastructureError,
  InfrastructureRecovered,
  ServiceUnavailable,
  ServiceVerdict,
} from "./generated.js";

/** The documents that a caller acts on. */
export type Document =
  | ServiceVerdict
  | CircuitBreaker
  | ServiceUnavailable
  | InfrastructureError
  | InfrastructureRecovered
  | Health;

/** Bytes of a document; larger ones are not lookout's. */
const LARGEST = 1 << 18;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A JSON object in some bytes, if there is one. */
export function object(payload: Uint8Array): Record<string, unknown> | undefined {
  if (payload.length === 0 || payload.length > LARGEST) return undefined;
  try {
    return record(JSON.parse(decoder.decode(payload)));
  } catch {
    return undefined;
  }
}

/** The value, if it is an object. */
export function record(value: unknown): Record<string, unknown> | undefined {
  const is = typeof value === "object" && value !== null && !Array.isArray(value);
  return is ? (value as Record<string, unknown>) : undefined;
}

/** The member, if it is a text that says something. */
export function text(members: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = members?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The member, if it is a number. */
export function number(members: Record<string, unknown> | undefined, name: string): number | undefined {
  const value = members?.[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The document's members, whatever its envelope; what they are is still to be asked. */
export function read(payload: Uint8Array): Record<string, unknown> | undefined {
  const whole = object(payload);
  const document = record(whole?.["params"]) ?? whole;
  return text(document, "type") === undefined ? undefined : document;
}

/** Whether a lookout says that it is there. */
export function online(payload: Uint8Array): boolean {
  return object(payload)?.["online"] === true;
}

/** A moment in RFC 3339, in milliseconds since the epoch. */
export function moment(value: string | undefined): number | undefined {
  const at = value === undefined ? Number.NaN : Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}

/** The clocks: one that only runs forwards, and that of the wall; both in milliseconds. */
export interface Clock {
  now(): number;
  wall(): number;
}

/**
 * When something ends that lookout says ends at `retryAfter`, by the clock here.
 *
 * Clocks differ. A live document was made just now, so its own span counts from now; of a kept one
 * nobody knows for how long it lay there but by comparing clocks, and its own span bounds what a wrong
 * clock can do.
 */
export function end(document: Record<string, unknown>, kept: boolean, clock: Clock): number | undefined {
  const until = moment(text(document, "retryAfter"));
  const made = moment(text(document, "timestamp"));
  if (until === undefined || made === undefined) return undefined;
  const span = Math.max(0, until - made);
  const left = kept ? Math.min(Math.max(0, until - clock.wall()), span) : span;
  return clock.now() + left;
}

/** When something began that lookout says began at `at`, by the clock here: not after now. */
export function begin(at: number | undefined, kept: boolean, clock: Clock): number {
  if (at === undefined || !kept) return clock.now();
  return clock.now() - Math.max(0, clock.wall() - at);
}

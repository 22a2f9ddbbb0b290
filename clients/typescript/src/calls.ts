// Open calls: what is sent, and which answer belongs to what. They exist as a map from id to caller
// that holds open calls and nothing else: an entry goes with its answer, its deadline or the link.
//
// Ids begin at a random 48-bit number, so that an answer to an earlier run of the same session is no
// answer to a call of this one, and nobody can guess them. A retained message is no answer, since
// nobody answers a call before it is made. What belongs to no open call is counted and dropped.
//
// Servers in the field send `"error":null` beside a result, ids as texts, and errors that are texts;
// all of these are read.

import type { Clock } from "./clock.js";
import { json, members } from "./documents.js";
import { CallError, LinkDown, Malformed, Timeout, answered } from "./errors.js";

/** Bytes of an answer; larger ones are not parsed. */
const MAX_ANSWER = 64 << 20;

/** Where answers go and how they are recognised. */
export interface Return {
  replyTo: string;
  session: string;
}

/** A call as it is published. */
export interface Outgoing {
  id: number;
  service: string;
  method: string;
  params: unknown;
  correlationId: string;
  traceparent: string;
  /** Whether that trace begins here. */
  begun: boolean;
  /** Whether properties of MQTT 5 carry what else is in the body. */
  v5: boolean;
}

/** The JSON of a call; throws if `params` cannot be written as JSON. */
export function encode(call: Outgoing, back: Return): string {
  const { id, method, params, correlationId, v5 } = call;
  const { replyTo, session } = back;
  const body = { jsonrpc: "2.0", id, method, params, replyTo, correlationId, sessionId: session };
  return JSON.stringify(v5 ? body : { ...body, ...traced(call) });
}

/**
 * What a call says of its trace. One that begins here has no span that anybody records; a lookout that
 * traces makes one of it.
 */
export function traced({ traceparent, begun }: Pick<Outgoing, "traceparent" | "begun">): Record<string, string> {
  return begun ? { traceparent, tracestate: "lookout=begun" } : { traceparent };
}

/** A trace of its own for a call that belongs to none, as W3C Trace Context writes it. */
export function newTrace(random: () => number): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
  // Zeros alone would be no trace.
  return `00-${hex(31)}1-${hex(15)}1-01`;
}

interface Waiting {
  /** Whether it left for the broker. */
  sent: boolean;
  settle(outcome: { value: unknown } | { error: CallError }): void;
}

export class OpenCalls {
  readonly #clock: Clock;
  readonly #session: string;
  readonly #open = new Map<number, Waiting>();
  #next: number;
  #strays = 0;

  constructor(clock: Clock, session: string, random: () => number) {
    this.#clock = clock;
    this.#session = session;
    this.#next = Math.floor(random() * 2 ** 48);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Answers that belonged to no open call. */
  get strays(): number {
    return this.#strays;
  }

  nextId(): number {
    this.#next += 1;
    return this.#next;
  }

  /** What identifies a call where its body is not looked at. */
  correlation(id: number): string {
    return `${this.#session}-${id}`;
  }

  /** Waits for the answer to a call; see `sent` and `forget`. */
  wait(id: number, ms: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => this.#settle(id, { error: new Timeout(ms) }));
      this.#open.set(id, {
        sent: false,
        settle(outcome) {
          cancel();
          if ("error" in outcome) reject(outcome.error);
          else resolve(outcome.value);
        },
      });
    });
  }

  /** The call left for the broker. */
  sent(id: number): void {
    const waiting = this.#open.get(id);
    if (waiting !== undefined) waiting.sent = true;
  }

  /** Ends the wait for an answer, if it is still waited for. */
  forget(id: number, error: CallError): void {
    this.#settle(id, { error });
  }

  /** A message came on the reply topic. Never throws. */
  heard(payload: Uint8Array, retained: boolean, correlation: Uint8Array | undefined): void {
    if (retained) return;
    const it = members(json(payload, MAX_ANSWER));
    const id = it && this.#named(it["id"], correlation);
    if (it === undefined || id === undefined) {
      this.#strays += 1;
      return;
    }
    const { result, error } = it;
    const failed = error !== undefined && error !== null;
    if (failed && result !== undefined && result !== null)
      this.#settle(id, { error: new Malformed("both result and error") });
    else if (failed) this.#settle(id, { error: answered(error, this.#clock.wall()) });
    else if (result !== undefined) this.#settle(id, { value: result });
    else this.#settle(id, { error: new Malformed("neither result nor error") });
  }

  /** The link is lost: the answers would go to a session that is no more. */
  lost(why: string): void {
    for (const [id, { sent }] of [...this.#open]) this.#settle(id, { error: new LinkDown(sent, why) });
  }

  #settle(id: number, outcome: { value: unknown } | { error: CallError }): void {
    const waiting = this.#open.get(id);
    this.#open.delete(id);
    waiting?.settle(outcome);
  }

  /** The open call that an answer names by its id, its Correlation Data, or both; undefined if they name different ones. */
  #named(id: unknown, correlation: Uint8Array | undefined): number | undefined {
    if (correlation === undefined) return this.#idOf(id);
    const correlated = this.#idOf(this.#correlated(correlation));
    return id === null || id === undefined || this.#idOf(id) === correlated ? correlated : undefined;
  }

  /** The open call that an id names; undefined if it is none. */
  #idOf(id: unknown): number | undefined {
    const number = typeof id === "string" && /^\d{1,16}$/.test(id) ? Number(id) : id;
    return typeof number === "number" && this.#open.has(number) ? number : undefined;
  }

  /** The id in Correlation Data: lookout answers by it where a body names none. */
  #correlated(data: Uint8Array | undefined): string | undefined {
    if (data === undefined || data.byteLength > 1_024) return undefined;
    const text = new TextDecoder().decode(data);
    return text.startsWith(`${this.#session}-`) ? text.slice(this.#session.length + 1) : undefined;
  }
}

// How a platform is reached and called. Every number has a default and a reason; none needs to be set.

import type { Clock } from "./documents.js";
import type { CallError } from "./errors.js";
import { RETRY, type Retry } from "./retry.js";

/** A call as a cache knows it. */
export interface CallKey {
  service: string;
  method: string;
  params: unknown;
}

/** Answers of earlier calls; how many are kept, and for how long, is the cache's own affair. */
export interface Cache {
  /** The result of an earlier call, if there is one that is good enough. */
  get(key: CallKey): unknown;
  /** An idempotent call succeeded. */
  put(key: CallKey, result: unknown): void;
}

/** How a platform is reached. Times are in milliseconds. */
export interface Options {
  /** The session, unique among clients: answers come on `session/{session}/response`. Default: made up. */
  session?: string;
  /** The cluster whose lookout is listened to. Default `default`, as is lookout's. */
  cluster?: string;
  /** The version of MQTT: 5, or 4 for 3.1.1. Default 5. */
  protocolVersion?: 4 | 5;
  username?: string;
  password?: string;
  /** The QoS of calls and answers. Default 0: both ends have sessions that end with their connection. */
  qos?: 0 | 1;
  /** Whether calls are held back while a service is known not to answer. Default true. */
  failFast?: boolean;
  /** How long a call may take in all. Default 30 000. */
  deadline?: number;
  /** How long a call waits for a link that is down. Default 5 000. */
  linkWait?: number;
  /** Calls that may be open at once. Default 10 000. */
  maxOpen?: number;
  /** Time-outs in a row after which a service is left alone if no lookout is there. Default 3. */
  ownTimeouts?: number;
  /** How often calls are let through to a service that does not answer. Default 30 000. */
  trialEvery?: number;
  /** Where clients agree on who makes a trial call; `null` for nowhere. Default `trials/{cluster}`. */
  trialTopic?: string | null;
  /** When and how often idempotent calls are made again. */
  retry?: Partial<Retry>;
  /** Answers of earlier calls, for when there are no new ones. */
  cache?: Cache;
  /** For tests: the clocks, and numbers from 0 to 1. */
  clock?: Clock;
  random?: () => number;
}

/** What can be said of one call. */
export interface CallOptions {
  /** Whether the call may be carried out twice without harm; then it may be made again. */
  idempotent?: boolean;
  /** How long it may take in all; the broker and lookout are told. */
  deadline?: number;
  /** The trace that it is a part of, as W3C Trace Context has it. */
  traceparent?: string;
  /** The operation that it is a part of. */
  correlationId?: string;
  /** The user on whose behalf it is made. */
  user?: string;
  /** What to return instead of an error, if anything but `undefined`. */
  fallback?: (error: CallError) => unknown;
}

/** Options with nothing left open. */
export type Settled = Required<Omit<Options, "cache" | "username" | "password" | "retry">> &
  Pick<Options, "cache" | "username" | "password"> & { retry: Retry };

const CLOCK: Clock = { now: () => performance.now(), wall: () => Date.now() };

/** Fills in the defaults, and refuses what cannot be meant, with its name. */
export function settle(options: Options): Settled {
  const random = options.random ?? Math.random;
  const cluster = options.cluster ?? "default";
  const settled: Settled = {
    failFast: true,
    deadline: 30_000,
    linkWait: 5_000,
    maxOpen: 10_000,
    ownTimeouts: 3,
    trialEvery: 30_000,
    protocolVersion: 5,
    qos: 0,
    clock: CLOCK,
    ...options,
    random,
    cluster,
    session: options.session ?? `s-${hex(random, 16)}`,
    trialTopic: options.trialTopic === undefined ? `trials/${cluster}` : options.trialTopic,
    retry: { ...RETRY, ...options.retry },
  };
  for (const name of ["session", "cluster"] as const) {
    if (settled[name] === "" || /[+#/\0]/.test(settled[name])) {
      throw new TypeError(`${name} is one level of a topic, without wildcards`);
    }
  }
  if (settled.trialTopic !== null && !/^[^+#\0]+$/.test(settled.trialTopic)) {
    throw new TypeError("trialTopic is a topic, without wildcards");
  }
  for (const name of ["deadline", "trialEvery", "maxOpen", "ownTimeouts"] as const) {
    if (!(settled[name] > 0)) throw new TypeError(`${name} is more than nothing`);
  }
  return settled;
}

/** So many hexadecimal digits, not all of them 0. */
export function hex(random: () => number, digits: number): string {
  let made = "";
  while (made.length < digits) made += Math.floor(random() * 2 ** 32).toString(16).padStart(8, "0");
  return /^0+$/.test(made) ? made.replace(/0$/, "1").slice(-digits) : made.slice(0, digits);
}

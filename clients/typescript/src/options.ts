// What can be set for a platform, with its defaults; and the checks that tell a mistake at once
// rather than as a link that never comes up.

import type { Clock } from "./clock.js";
import { machineClock, strongRandom } from "./clock.js";
import { present } from "./documents.js";
import type { CallError } from "./errors.js";
import { InvalidCall } from "./errors.js";

/** Answers kept by the application, used when a service cannot be reached. Both may be asynchronous. */
export interface Cache {
  get(service: string, method: string, params: unknown): unknown;
  put(service: string, method: string, params: unknown, value: unknown): unknown;
}

/** Durations in milliseconds. */
export interface Options {
  /** The cluster that lookout observes. Default "default". */
  cluster?: string;
  /** The session, unique among clients; answers come on `session/{session}/response`. Default: a random one. */
  session?: string;
  user?: string;
  password?: string;
  /** MQTT 3.1.1 (4) or 5. Default 5. */
  version?: 4 | 5;
  /**
   * Delivery of calls. Default 0: both ends have sessions that end with their connection, so that 1
   * repeats nothing, and costs 40 ms a call at a broker that does not set TCP_NODELAY.
   */
  qos?: 0 | 1;
  /**
   * Deadline of a call with all of its attempts. Default 30 s. Only a deadline of the call's own is
   * told to the broker: lookout takes it for the caller's patience, and would need as long to see
   * that a service is silent.
   */
  timeout?: number;
  /** How long a call waits for the link. Default 5 s, at most the deadline. */
  linkWait?: number;
  /** Calls that may be under way at once. Default 10 000. */
  maxPending?: number;
  /** Length of a round of trial calls. Default 30 s. */
  trialEvery?: number;
  /** Trial calls of a round, unless lookout says how many. Default 3. */
  trialCalls?: number;
  /** Topic below which trials are claimed. Default `trials`. */
  trialTopic?: string;
  /** How long the own claim of a trial may take. Default 500 ms. */
  claimWait?: number;
  /** Time-outs in a row that open the own circuit. Default 3. */
  ownTimeouts?: number;
  /** For how long it opens first, and at most. Default 30 s and 5 min. */
  ownOpen?: number;
  ownOpenMax?: number;
  /** Keep-alive of the connection. Default 30 s. */
  keepAlive?: number;
  /** First and longest wait before connecting anew. Default 250 ms and 30 s. */
  reconnectMin?: number;
  reconnectMax?: number;
  cache?: Cache;
  /** Gives a value in place of a call that failed; undefined gives none. May be asynchronous. */
  fallback?: (error: CallError, call: { service: string; method: string; params: unknown }) => unknown;
  /** The trace that a call belongs to, as W3C Trace Context writes it. Default: one of its own. */
  traceparent?: () => string | undefined;
  /** For tests: where time and numbers from 0 to below 1 come from. */
  clock?: Clock;
  random?: () => number;
}

/** Options of one call. */
export interface CallOptions {
  /** Whether the call does no harm twice; only such calls are made again, and cached. */
  idempotent?: boolean;
  /** Deadline in milliseconds, with all attempts; goes along as Message Expiry. */
  timeout?: number;
  /** For logs: what this call is known as. Default: one made of session and id. */
  correlationId?: string;
  traceparent?: string;
  fallback?: Options["fallback"];
}

type Optional = "user" | "password" | "cache" | "fallback" | "traceparent";

/** Options with all defaults. */
export type Settings = Required<Omit<Options, Optional>> & Pick<Options, Optional>;

/** One level of a topic. */
function level(name: string, value: string): void {
  if (value === "" || value.length > 128 || /[/+#\p{Cc}]/u.test(value)) {
    throw new InvalidCall(`${name} must be one topic level without / + # and control characters`);
  }
}

/** The options with defaults; throws if one cannot be. */
export function settle(url: string, options: Options): Settings {
  if (!/^(mqtts?|wss?):\/\/[^/]/i.test(url))
    throw new InvalidCall("the address must begin with mqtt://, mqtts://, ws:// or wss://");
  const random = options.random ?? strongRandom;
  const settings: Settings = {
    cluster: "default",
    session: `c-${Math.floor(random() * 2 ** 48).toString(36)}`,
    version: 5,
    qos: 0,
    timeout: 30_000,
    linkWait: 5_000,
    maxPending: 10_000,
    trialEvery: 30_000,
    trialCalls: 3,
    trialTopic: "trials",
    claimWait: 500,
    ownTimeouts: 3,
    ownOpen: 30_000,
    ownOpenMax: 300_000,
    keepAlive: 30_000,
    reconnectMin: 250,
    reconnectMax: 30_000,
    clock: machineClock,
    random,
    // What is undefined is not set.
    ...present<Options>(options),
  };
  level("cluster", settings.cluster);
  level("session", settings.session);
  if (settings.trialTopic === "" || /[+#\p{Cc}]/u.test(settings.trialTopic))
    throw new InvalidCall("trialTopic must be a topic");
  if (settings.version !== 4 && settings.version !== 5) throw new InvalidCall("version must be 4 or 5");
  if (settings.qos !== 0 && settings.qos !== 1) throw new InvalidCall("qos must be 0 or 1");
  const { qos: _, ...rest } = settings;
  const numbers = Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const wrong = numbers.find(([, value]) => !(value > 0 && Number.isFinite(value)));
  if (wrong !== undefined) throw new InvalidCall(`${wrong[0]} must be a number above 0`);
  return settings;
}

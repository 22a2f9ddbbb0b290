// What a user interface should do about the state of the platform, as data. It exists so that every
// page draws the same conclusions, and none has to know what a circuit is.

import type { SaidHealth, SaidTrouble } from "./documents.js";
import type { OwnView } from "./own.js";
import type { Known, State } from "./state.js";

/** What to do about a service. `because` lists short machine words. */
export interface Strategy {
  /** Act as if there were no network. */
  offline: boolean;
  /** Show what is known rather than ask. */
  preferCache: boolean;
  /** Answers take longer than usual; wait for them. */
  longerTimeouts: boolean;
  /** Nothing can be changed at the moment. */
  readOnly: boolean;
  /** Keep changes and send them later. */
  deferWrites: boolean;
  /** How long until a call may work, in milliseconds. */
  retryAfter?: number;
  /** How long such outages take, for people to read. */
  estimate?: string;
  because: string[];
}

/** Kinds of components that carry messages, and that keep data. */
const CARRIERS: readonly string[] = ["emqx", "mosquitto", "loopback"];
const STORES: readonly string[] = ["postgresql", "mongodb", "redis"];

function mostAreUnavailable(health: SaidHealth | undefined): boolean {
  return health !== undefined && health.unavailable * 2 > health.judged;
}

function affects(name: string, trouble: SaidTrouble, service: string, known: Known): boolean {
  return trouble.affectedServices.includes(service) || known.verdict?.causedBy === name;
}

/** Concludes what to do about a service; `retryAfter` is what the gate would say. */
export function conclude(
  linkUp: boolean,
  state: State,
  service: string,
  own: OwnView,
  retryAfter: number | undefined,
): Strategy {
  const it: Strategy = {
    offline: false,
    preferCache: false,
    longerTimeouts: false,
    readOnly: false,
    deferWrites: false,
    because: [],
  };
  if (!linkUp) return { ...it, offline: true, preferCache: true, deferWrites: true, because: ["link_down"] };
  const away = (because: string): void => {
    it.preferCache = it.deferWrites = true;
    it.because.push(because);
  };
  if (retryAfter !== undefined) it.retryAfter = retryAfter;
  if (!state.present) {
    if (own.state === "open") away("circuit_open");
    if (own.state === "trial") away("circuit_half_open");
    return it;
  }
  const known = state.service(service) ?? {};
  const open = known.circuit?.state === "open" || known.circuit?.state === "forced_open";
  const unavailable = known.verdict?.verdict === "unavailable";
  if (open) away("circuit_open");
  if (known.circuit?.state === "half_open") away("circuit_half_open");
  if (unavailable) away("service_unavailable");
  if (open || unavailable) it.offline = mostAreUnavailable(state.health);
  if (known.verdict?.verdict === "degraded") {
    if (known.verdict.reason === "slow_responses") it.longerTimeouts = true;
    else it.preferCache = true;
    it.because.push("service_degraded");
  }
  if (known.estimate !== undefined && (open || unavailable)) it.estimate = known.estimate;
  for (const [name, trouble] of state.components) {
    const { kind = "", severity } = trouble;
    const serious = severity === "error" || severity === "critical";
    const store = STORES.includes(kind) && serious && affects(name, trouble, service, known);
    if (store) it.readOnly = it.deferWrites = true;
    if (CARRIERS.includes(kind)) it.longerTimeouts = true;
    if (store || CARRIERS.includes(kind)) it.because.push(`component:${name}`);
  }
  return it;
}

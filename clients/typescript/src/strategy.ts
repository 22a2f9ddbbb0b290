// What a user interface makes of trouble: data, not words and not colours. Each flag follows from what is
// known now; `because` says from what.

import type { ServiceState } from "./state.js";

/** A component in trouble. */
export interface Component {
  name: string;
  kind: string;
  severity: string;
  message: string;
  affected: string[];
}

/** How to work with a service now. */
export interface Strategy {
  /** Nothing can be reached: work with what is there. */
  offline: boolean;
  /** Show what is known already before asking anew. */
  preferCache: boolean;
  /** Answers come, but late: be more patient. */
  longerTimeouts: boolean;
  /** Reading works, writing would fail. */
  readOnly: boolean;
  /** Keep what is to be written until later. */
  deferWrites: boolean;
  /** When calls go through again, in milliseconds from now, if that is known. */
  retryAfter: number | undefined;
  /** What is said about the time until it is back, such as `2-5 minutes`. */
  estimate: string | undefined;
  /** Why: `link_down`, `circuit_open`, `circuit_half_open`, `service_unavailable`, `service_degraded`, `component:<name>`. */
  because: string[];
}

const BROKERS = ["emqx", "mosquitto", "loopback"];
const DATABASES = ["postgresql", "mongodb", "redis"];

/** The strategy for a service of which this is known. */
export function strategyOf(
  linkUp: boolean,
  service: ServiceState,
  components: readonly Component[],
  tally: { judged: number; unavailable: number },
): Strategy {
  const plan: Strategy = {
    offline: false,
    preferCache: false,
    longerTimeouts: false,
    readOnly: false,
    deferWrites: false,
    retryAfter: service.retryAfter,
    estimate: service.estimate,
    because: [],
  };
  if (!linkUp) {
    return { ...plan, offline: true, preferCache: true, deferWrites: true, because: ["link_down"] };
  }
  const open = service.circuit === "open" || service.circuit === "forced_open";
  const away = service.verdict === "unavailable";
  if (open) plan.because.push("circuit_open");
  if (service.circuit === "half_open") plan.because.push("circuit_half_open");
  if (away) plan.because.push("service_unavailable");
  if (plan.because.length > 0) {
    plan.preferCache = plan.deferWrites = true;
    // One service is away; when most are, there is nothing left to work with.
    plan.offline = (open || away) && tally.unavailable * 2 > tally.judged;
  }
  if (service.verdict === "degraded") {
    const slow = service.reason === "slow_responses";
    plan.longerTimeouts ||= slow;
    plan.preferCache ||= !slow;
    plan.because.push("service_degraded");
  }
  for (const component of components) {
    const bad = component.severity === "error" || component.severity === "critical";
    const ours = component.affected.includes(service.name) || service.causedBy === component.name;
    if (BROKERS.includes(component.kind)) plan.longerTimeouts = true;
    else if (DATABASES.includes(component.kind) && bad && ours) plan.readOnly = plan.deferWrites = true;
    else continue;
    plan.because.push(`component:${component.name}`);
  }
  return plan;
}

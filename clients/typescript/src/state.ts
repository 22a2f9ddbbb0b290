// What is known of the platform: how services and components stand, and whether a lookout is there to say
// so. What lookout said counts while one is there; when the link breaks everything is forgotten, and what
// the broker keeps comes again with the next link. Names are bounded in length and number.

import { type Clock, begin, end, moment, number, online, read, record, text } from "./documents.js";
import { known } from "./errors.js";
import { CIRCUITS, type CircuitState, type Pass, Standing, VERDICTS, type Verdict } from "./standing.js";
import type { Component } from "./strategy.js";

const MAX_NAME = 256;
const MAX_SERVICES = 10_000;
const MAX_COMPONENTS = 1_000;
const MAX_LOOKOUTS = 64;

/** How a service stands. */
export interface ServiceState {
  name: string;
  verdict: Verdict;
  reason: string | undefined;
  /** lookout's circuit, or without lookout this client's own. */
  circuit: CircuitState;
  /** When the circuit lets calls through again, in milliseconds from now. */
  retryAfter: number | undefined;
  /** What lookout said about the time until it is back, such as `2-5 minutes`. */
  estimate: string | undefined;
  incident: string | undefined;
  causedBy: string | undefined;
}

/** Something changed. */
export type Change =
  | { what: "link"; up: boolean }
  | { what: "lookout"; present: boolean }
  | { what: "service"; service: ServiceState }
  | { what: "circuit"; service: string; state: CircuitState; reason: string; source: "lookout" | "own" }
  | { what: "component"; component: Component }
  | { what: "component-recovered"; name: string }
  | { what: "emergency"; subject: string; message: string };

export class State {
  readonly prefix: string;
  readonly #services = new Map<string, Standing>();
  readonly #components = new Map<string, Component>();
  readonly #lookouts = new Set<string>();
  readonly #clock: Clock;
  readonly #tell: (change: Change) => void;
  #tally = { judged: 0, unavailable: 0 };

  constructor(cluster: string, clock: Clock, tell: (change: Change) => void) {
    this.prefix = `system/${cluster}/`;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** The filters of what is listened to, with the QoS: what stands may be many documents at once. */
  filters(): Record<string, { qos: 0 | 1 }> {
    const all: [string, 0 | 1][] = [
      ["errors", 1],
      ["emergency", 1],
      ["circuit-breaker/#", 0],
      ["services/#", 0],
      ["health", 0],
      ["observer/+", 0],
    ];
    return Object.fromEntries(all.map(([rest, qos]) => [this.prefix + rest, { qos }]));
  }

  /** Whether a lookout is there. */
  get present(): boolean {
    return this.#lookouts.size > 0;
  }

  /** The link changed. */
  link(up: boolean): void {
    const was = this.present;
    if (!up) {
      for (const [name, standing] of this.#services) {
        standing.judged = standing.circuit = standing.estimate = undefined;
        if (standing.empty) this.#services.delete(name);
      }
      this.#components.clear();
      this.#lookouts.clear();
      this.#tally = { judged: 0, unavailable: 0 };
    }
    this.#tell({ what: "link", up });
    if (was && !up) this.#tell({ what: "lookout", present: false });
  }

  /** Takes a message; false if it is none of lookout's. */
  hear(topic: string, payload: Uint8Array, kept: boolean): boolean {
    if (!topic.startsWith(this.prefix)) return false;
    const rest = topic.slice(this.prefix.length);
    const slash = rest.indexOf("/");
    const [kind, name] = slash < 0 ? [rest, ""] : [rest.slice(0, slash), rest.slice(slash + 1)];
    if (kind === "observer") {
      this.#presence(name, online(payload));
    } else if ((kind === "services" || kind === "circuit-breaker") && payload.length === 0) {
      this.#cleared(kind, unescaped(name));
    } else {
      const document = read(payload);
      if (document !== undefined) this.#document(kind, document, kept);
    }
    return true;
  }

  #document(kind: string, document: Record<string, unknown>, kept: boolean): void {
    switch (kind) {
      case "services":
        return this.#verdict(document, kept);
      case "circuit-breaker":
        return this.#circuit(document, kept);
      case "errors":
        return this.#error(document);
      case "emergency": {
        const subject = text(document, "component") ?? text(document, "service") ?? "";
        return this.#tell({ what: "emergency", subject, message: text(document, "message") ?? "" });
      }
      case "health": {
        const services = record(document["services"]);
        const [healthy, degraded, unavailable] = ["healthy", "degraded", "unavailable"].map(
          (name) => number(services, name) ?? 0,
        ) as [number, number, number];
        this.#tally = { judged: healthy + degraded + unavailable, unavailable };
      }
    }
  }

  #presence(id: string, there: boolean): void {
    const was = this.present;
    if (!there) this.#lookouts.delete(id);
    else if (this.#lookouts.size < MAX_LOOKOUTS && id.length <= MAX_NAME) this.#lookouts.add(id);
    if (was !== this.present) this.#tell({ what: "lookout", present: this.present });
  }

  /** The standing of a service; none if there are too many already. */
  #standing(name: string | undefined): Standing | undefined {
    if (name === undefined) return undefined;
    const standing = this.#services.get(name);
    if (standing !== undefined) return standing;
    if (name === "" || name.length > MAX_NAME || this.#services.size >= MAX_SERVICES) return undefined;
    const made = new Standing();
    this.#services.set(name, made);
    return made;
  }

  #verdict(document: Record<string, unknown>, kept: boolean): void {
    const verdict = text(document, "verdict");
    const name = text(document, "service");
    if (verdict === undefined || !VERDICTS.includes(verdict)) return;
    const standing = this.#standing(name);
    if (standing === undefined || name === undefined) return;
    const before = standing.judged;
    const since = (text(document, "since") ?? "").slice(0, 40);
    const at = moment(since);
    standing.judged = {
      verdict: verdict as Verdict,
      reason: text(document, "reason") ?? "",
      since,
      at,
      begun: before?.since === since ? before.begun : begin(at, kept, this.#clock),
      incident: text(document, "correlationId"),
      causedBy: text(record(document["causedBy"]), "component"),
    };
    if (verdict === "healthy") standing.estimate = undefined;
    if (before?.verdict !== verdict || before.reason !== standing.judged.reason) {
      this.#tell({ what: "service", service: this.service(name) });
    }
  }

  #circuit(document: Record<string, unknown>, kept: boolean): void {
    const state = text(document, "state");
    const name = text(document, "service");
    if (state === undefined || !CIRCUITS.includes(state)) return;
    const standing = this.#standing(name);
    if (standing === undefined || name === undefined) return;
    const before = standing.circuit;
    const stamp = (text(document, "timestamp") ?? "").slice(0, 40);
    // What is kept is also told, in any order.
    if (before?.state === state && before.stamp === stamp) return;
    const at = moment(stamp);
    const reason = text(document, "reason") ?? "";
    standing.circuit = {
      state: state as CircuitState,
      reason,
      stamp,
      at,
      begun: begin(at, kept, this.#clock),
      until: end(document, kept, this.#clock),
      trials: number(document, "trialCalls"),
      incident: text(document, "correlationId"),
    };
    if ((before?.state ?? "closed") !== state) {
      this.#tell({ what: "circuit", service: name, state: state as CircuitState, reason, source: "lookout" });
    }
  }

  #cleared(kind: string, name: string): void {
    const standing = this.#services.get(name);
    if (standing === undefined) return;
    if (kind === "services") standing.judged = undefined;
    else standing.circuit = undefined;
    if (standing.empty) this.#services.delete(name);
  }

  #error(document: Record<string, unknown>): void {
    const name = text(document, "component");
    switch (document["type"]) {
      case "service_unavailable": {
        const standing = this.#standing(text(document, "service"));
        if (standing !== undefined) standing.estimate = known(text(document, "estimatedRecovery"));
        return;
      }
      case "infrastructure_error": {
        if (name === undefined || name.length > MAX_NAME) return;
        if (this.#components.size >= MAX_COMPONENTS && !this.#components.has(name)) return;
        const affected: unknown[] = Array.isArray(document["affectedServices"]) ? document["affectedServices"] : [];
        const component: Component = {
          name,
          kind: text(document, "kind") ?? "",
          severity: text(document, "severity") ?? "",
          message: text(document, "message") ?? "",
          affected: affected.filter((it): it is string => typeof it === "string").slice(0, 100),
        };
        this.#components.set(name, component);
        return this.#tell({ what: "component", component });
      }
      case "infrastructure_recovered":
        if (name !== undefined && this.#components.delete(name)) this.#tell({ what: "component-recovered", name });
    }
  }

  /** Whether to call a service now. */
  ask(name: string, every: number): Pass {
    const standing = this.#services.get(name);
    return standing?.ask(name, this.#clock.now(), this.present, every) ?? { go: "yes" };
  }

  /** A claim was heard; how many there were before it in its round. */
  claimed(name: string, round: string): number {
    return this.#services.get(name)?.rounds.heard(round) ?? 0;
  }

  /** The service answered. */
  answered(name: string): void {
    const standing = this.#services.get(name);
    if (standing === undefined) return;
    const closed = standing.own.answered();
    if (standing.empty) this.#services.delete(name);
    if (closed && !this.present) this.#own(name, "closed", "answered");
  }

  /** A call of the service was not answered in time. */
  timedOut(name: string, most: number, trial: boolean, spread: number): void {
    const opened = this.#standing(name)?.own.timedOut(this.#clock.now(), most, trial, spread);
    if (opened === true && !this.present) this.#own(name, "open", "consecutive_timeouts");
  }

  #own(service: string, state: CircuitState, reason: string): void {
    this.#tell({ what: "circuit", service, state, reason, source: "own" });
  }

  /** A trial call of the own circuit ended without saying anything. */
  abandoned(name: string): void {
    this.#services.get(name)?.own.abandoned();
  }

  /** How a service stands. */
  service(name: string): ServiceState {
    const now = this.#clock.now();
    const standing = this.#services.get(name);
    const state: ServiceState = {
      name,
      verdict: "unknown",
      reason: undefined,
      circuit: "closed",
      retryAfter: undefined,
      estimate: undefined,
      incident: undefined,
      causedBy: undefined,
    };
    if (standing === undefined) return state;
    if (!this.present) {
      if (standing.own.open) {
        state.circuit = "open";
        state.retryAfter = standing.own.left(now);
      }
      return state;
    }
    const { judged, circuit } = standing;
    if (judged !== undefined) {
      state.verdict = judged.verdict;
      state.reason = judged.reason === "" ? undefined : judged.reason;
      state.incident = judged.incident;
      state.causedBy = judged.causedBy;
    }
    if (circuit !== undefined) {
      state.circuit = circuit.state;
      state.retryAfter = circuit.until === undefined ? undefined : Math.max(0, circuit.until - now);
    }
    state.estimate = standing.estimate;
    return state;
  }

  /** The names of all services of which something is known, in order. */
  names(): string[] {
    return [...this.#services.keys()].sort();
  }

  /** The components in trouble. */
  components(): Component[] {
    return [...this.#components.values()];
  }

  /** Services by verdict. */
  get tally(): { judged: number; unavailable: number } {
    return this.#tally;
  }
}

/** The name in a topic: what a topic cannot hold is percent-encoded there. */
function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

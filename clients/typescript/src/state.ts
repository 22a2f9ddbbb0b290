// What is known of the platform: who observes it, how its services and circuits stand, which
// components are in trouble. It exists apart from the link so that tests can feed it documents under
// a simulated clock.
//
// Times of documents become durations of the own monotonic clock on receipt: for a live one counted
// from now, as if it were said this very moment; for a retained one by the wall clock, because
// nobody knows how long it lay there, and never for longer than a live one. The same document on a
// second topic changes nothing, so that a duration does not begin anew.
//
// Everything is bounded: what is beyond is ignored rather than displacing what is known.

import type {
  CircuitState,
  Said,
  SaidCircuit,
  SaidHealth,
  SaidTrouble,
  SaidVerdict,
  Severity,
  Verdict,
} from "./documents.js";
import { present } from "./documents.js";

const MAX_SERVICES = 10_000;
const MAX_COMPONENTS = 1_000;
const MAX_OBSERVERS = 1_000;

/** When a message was received, by which clocks. */
export interface Receipt {
  now: number;
  wall: number;
  retained: boolean;
}

/** A verdict as it stands. */
export interface Standing extends SaidVerdict {
  /** When it began, by the own clock. */
  at: number;
}

/** A circuit as it stands. */
export interface Circuit extends SaidCircuit {
  /** When it moved, by the own clock. */
  at: number;
  /** When an open one lets trial calls pass, by the own clock. */
  until?: number;
}

/** A service as far as it is known. */
export interface Known {
  verdict?: Standing;
  circuit?: Circuit;
  /** How long such outages take, as the last `service_unavailable` estimated. */
  estimate?: string;
  /**
   * When it last answered this client while it was unavailable, by the own clock, if no call was left
   * without an answer since.
   */
  answered?: number;
}

/** What changed. */
export type Change =
  | { what: "link"; up: boolean; reason?: string }
  | { what: "lookout"; present: boolean }
  | { what: "service"; service: string; verdict: Verdict; reason?: string }
  | { what: "circuit"; service: string; state: CircuitState; reason?: string }
  | {
      what: "component";
      component: string;
      trouble: boolean;
      kind?: string;
      severity?: Severity;
      message?: string;
    }
  | { what: "emergency"; type: string; message?: string };

function begun(said: number | undefined, at: Receipt): number {
  if (!at.retained || said === undefined) return at.now;
  return at.now - Math.max(0, at.wall - said);
}

/** How long until `retryAfter`; undefined if the document names no time. */
function left(circuit: SaidCircuit, at: Receipt): number | undefined {
  const { retryAfter, timestamp } = circuit;
  if (retryAfter === undefined) return undefined;
  const whole = timestamp === undefined ? Infinity : Math.max(0, retryAfter - timestamp);
  if (!at.retained && whole !== Infinity) return whole;
  return Math.min(Math.max(0, retryAfter - at.wall), whole);
}

export class State {
  readonly #observers = new Set<string>();
  readonly #services = new Map<string, Known>();
  readonly #components = new Map<string, SaidTrouble>();
  #health: SaidHealth | undefined;

  /** Whether a lookout is there; what it said counts only then. */
  get present(): boolean {
    return this.#observers.size > 0;
  }

  get health(): SaidHealth | undefined {
    return this.#health;
  }

  get components(): ReadonlyMap<string, SaidTrouble> {
    return this.#components;
  }

  service(name: string): Known | undefined {
    return this.#services.get(name);
  }

  /** The service answered a call. */
  answered(service: string, now: number): void {
    const known = this.#services.get(service);
    if (known?.verdict?.verdict === "unavailable") known.answered = now;
    else if (known !== undefined) delete known.answered;
  }

  /** A call of the service was left without an answer. */
  unanswered(service: string): void {
    delete this.#services.get(service)?.answered;
  }

  /** Takes what a message says; tells what changed. */
  take(said: Said, at: Receipt): Change[] {
    switch (said.what) {
      case "presence":
        return this.#presence(said.id, said.online);
      case "verdict":
        return this.#verdict(said.service, said.verdict, at);
      case "circuit":
        return this.#circuit(said.service, said.circuit, at);
      case "outage":
        this.#change(said.service, (it) => present<Known>({ ...it, estimate: said.estimate }));
        return [];
      case "recovery":
        this.#change(said.service, ({ estimate: _, ...it }) => it);
        return [];
      case "trouble":
        return this.#trouble(said.component, said.trouble);
      case "health":
        this.#health = said.health;
        return [];
      case "emergency": {
        const emergency = present<Change & { what: "emergency" }>({
          what: "emergency",
          type: said.type,
          message: said.message,
        });
        return [emergency, ...(said.said === undefined ? [] : this.take(said.said, at))];
      }
    }
  }

  /** The link is lost: what is retained comes again with the next one, the rest may be over by then. */
  forget(): Change[] {
    const was = this.present;
    this.#observers.clear();
    this.#services.clear();
    this.#components.clear();
    this.#health = undefined;
    return was ? [{ what: "lookout", present: false }] : [];
  }

  #presence(id: string, online: boolean): Change[] {
    const was = this.present;
    if (!online) this.#observers.delete(id);
    else if (this.#observers.size < MAX_OBSERVERS) this.#observers.add(id);
    if (was === this.present) return [];
    // Nobody would say that a component recovered while nobody looked; the next lookout says anew
    // what is still broken.
    if (was) this.#components.clear();
    return [{ what: "lookout", present: this.present }];
  }

  /** Replaces what is known of a service; nothing is kept of one of whom nothing is known. */
  #change(service: string, how: (it: Known) => Known): void {
    const before = this.#services.get(service);
    const after = how(before ?? {});
    if (Object.keys(after).length === 0) this.#services.delete(service);
    else if (before !== undefined || this.#services.size < MAX_SERVICES) this.#services.set(service, after);
  }

  #verdict(service: string, said: SaidVerdict | undefined, at: Receipt): Change[] {
    const before = this.#services.get(service)?.verdict;
    if (said === undefined) {
      this.#change(service, ({ verdict: _, ...it }) => it);
      return before === undefined ? [] : [{ what: "service", service, verdict: "unknown" }];
    }
    const same = before !== undefined && before.verdict === said.verdict && before.since === said.since;
    const verdict = { ...said, at: same ? before.at : begun(said.since, at) };
    this.#change(service, ({ estimate, ...it }) =>
      present<Known>({ ...it, verdict, estimate: said.verdict === "healthy" ? undefined : estimate }),
    );
    if (!this.#services.has(service) || (same && before.reason === said.reason)) return [];
    return [
      present<Change & { what: "service" }>({
        what: "service",
        service,
        verdict: said.verdict,
        reason: said.reason,
      }),
    ];
  }

  #circuit(service: string, said: SaidCircuit | undefined, at: Receipt): Change[] {
    const before = this.#services.get(service)?.circuit;
    if (said === undefined) {
      this.#change(service, ({ circuit: _, ...it }) => it);
      return before === undefined ? [] : [{ what: "circuit", service, state: "closed" }];
    }
    if (before !== undefined && before.state === said.state && before.round === said.round) return [];
    const wait = left(said, at);
    const until = wait === undefined ? undefined : at.now + wait;
    const circuit = present<Circuit>({ ...said, at: begun(said.timestamp, at), until });
    this.#change(service, (it) => ({ ...it, circuit }));
    if (!this.#services.has(service)) return [];
    return [
      present<Change & { what: "circuit" }>({
        what: "circuit",
        service,
        state: said.state,
        reason: said.reason,
      }),
    ];
  }

  #trouble(component: string, trouble: SaidTrouble | undefined): Change[] {
    const before = this.#components.get(component);
    if (trouble === undefined) {
      this.#components.delete(component);
      return before === undefined ? [] : [{ what: "component", component, trouble: false }];
    }
    if (before === undefined && this.#components.size >= MAX_COMPONENTS) return [];
    this.#components.set(component, trouble);
    if (before?.severity === trouble.severity && before?.message === trouble.message) return [];
    const { kind, severity, message } = trouble;
    return [
      present<Change & { what: "component" }>({
        what: "component",
        component,
        trouble: true,
        kind,
        severity,
        message,
      }),
    ];
  }
}

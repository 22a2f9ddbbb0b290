// How one service stands, by lookout and by the caller's own count, and whether to call it. Pure: it is
// told what was heard and when, and asked before each call.
//
// A service that is unavailable while its circuit is closed is left alone too, and tried now and then: if
// every caller only waited for lookout, and lookout heard no call, nobody would ever know that it is back.

import { CallError, type Facts } from "./errors.js";
import { Own } from "./own.js";
import { Rounds } from "./rounds.js";

/** How a circuit stands. */
export type CircuitState = "closed" | "open" | "half_open" | "forced_open" | "disabled" | "observe_only";
export const CIRCUITS: readonly string[] = ["closed", "open", "half_open", "forced_open", "disabled", "observe_only"];

/** How a service is judged. */
export type Verdict = "unknown" | "healthy" | "degraded" | "unavailable";
export const VERDICTS: readonly string[] = ["unknown", "healthy", "degraded", "unavailable"];

/** Trial calls of a round where lookout names no number. */
const TRIALS = 3;

/** lookout's verdict; times by the clock here in `begun`, as lookout wrote them in `since`. */
export interface Judged {
  verdict: Verdict;
  reason: string;
  since: string;
  at: number | undefined;
  begun: number;
  incident: string | undefined;
  causedBy: string | undefined;
}

/** lookout's circuit, in the same way. */
export interface Circuit {
  state: CircuitState;
  reason: string;
  stamp: string;
  at: number | undefined;
  begun: number;
  until: number | undefined;
  trials: number | undefined;
  incident: string | undefined;
}

/** Whether to call. */
export type Pass =
  | { go: "yes" | "own-trial" }
  | { go: "trial"; round: string; limit: number; refusal: CallError }
  | { go: "no"; refusal: CallError };

/** What lookout holds against a call. */
interface Held {
  kind: "circuit-open" | "unavailable";
  reason: string;
  incident: string | undefined;
  /** Refused, for so long if that is known; or a few calls of each round go through. */
  hold: { left: number | undefined } | { tag: string; from: number; limit: number };
}

export class Standing {
  judged: Judged | undefined;
  circuit: Circuit | undefined;
  estimate: string | undefined;
  readonly own = new Own();
  readonly rounds = new Rounds();

  /** Whether nothing is known that would have to be kept. */
  get empty(): boolean {
    return this.judged === undefined && this.circuit === undefined && this.own.clear;
  }

  /** Whether to call now; `present` is whether a lookout is there, `every` a round's length. */
  ask(service: string, now: number, present: boolean, every: number): Pass {
    if (!present) return this.#askOwn(service, now);
    const held = this.#held(now, every);
    if (held === undefined) return { go: "yes" };
    let left: number | undefined;
    let round: { name: string; limit: number } | undefined;
    if ("left" in held.hold) {
      left = held.hold.left;
    } else {
      const { tag, from, limit } = held.hold;
      const count = Math.max(0, Math.floor((now - from) / every));
      left = from + every * (count + 1) - now;
      round = { name: `${tag}/${count}`, limit };
    }
    const facts: Facts = {
      reason: held.reason,
      retryAfter: left,
      estimate: this.estimate,
      incident: held.incident,
      source: "lookout",
    };
    const refusal = new CallError(held.kind, `${service} is away (${held.reason})`, facts);
    if (round !== undefined && this.rounds.ask(round.name, round.limit)) {
      return { go: "trial", round: round.name, limit: round.limit, refusal };
    }
    return { go: "no", refusal };
  }

  #held(now: number, every: number): Held | undefined {
    const circuit = this.circuit;
    if (circuit !== undefined && circuit.state !== "closed") {
      const { incident, stamp: tag } = circuit;
      const kind = "circuit-open";
      switch (circuit.state) {
        // An operator says that calls go through, whatever is found.
        case "disabled":
        case "observe_only":
          return undefined;
        case "half_open": {
          const hold = { tag, from: circuit.begun, limit: circuit.trials ?? TRIALS };
          return { kind, reason: "half_open", incident, hold };
        }
        default: {
          const until = circuit.state === "open" ? circuit.until : undefined;
          // lookout should have half-opened it by then; whether it did was not heard.
          const over = until !== undefined && now >= until;
          const left = until === undefined ? undefined : until - now;
          const hold = over ? { tag, from: until, limit: 1 } : { left };
          return { kind, reason: circuit.reason, incident, hold };
        }
      }
    }
    const judged = this.judged;
    if (judged?.verdict !== "unavailable") return undefined;
    // A circuit that closed since is newer: trial calls were answered, and the verdict follows.
    if (circuit !== undefined && (circuit.at ?? 0) > (judged.at ?? 0)) return undefined;
    const from = judged.begun + every;
    const hold = now < from ? { left: from - now } : { tag: judged.since, from, limit: TRIALS };
    return { kind: "unavailable", reason: judged.reason, incident: judged.incident, hold };
  }

  #askOwn(service: string, now: number): Pass {
    const ask = this.own.ask(now);
    if (ask.go) return { go: ask.trial ? "own-trial" : "yes" };
    const reason = "consecutive_timeouts";
    const facts: Facts = { reason, retryAfter: ask.left, source: "own" };
    return { go: "no", refusal: new CallError("circuit-open", `${service} is away (${reason})`, facts) };
  }
}

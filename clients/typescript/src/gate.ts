// Decides whether a call may be sent. It exists as a function of what is known and of the time, so
// that every rule can be tested without a broker and without waiting.
//
// A call goes, is refused, or is a trial: one of a few that are let through in a round, to find out
// whether the service is back. Who gets a trial is not decided here (see trials.ts and own.ts),
// because it is shared among all clients; what is said to those who get none is.
//
// The order matters. A circuit that lookout opened is heeded first; a service that is unavailable
// while its circuit is closed second, because nobody would ever find out that it is back if
// everybody just failed; the own circuit only where no lookout is. `disabled` and `observe_only` are
// an operator's word that calls shall pass. `forced_open` is open until the operator says otherwise.

import { present } from "./documents.js";
import type { OwnView } from "./own.js";
import type { Circuit, Known, Standing } from "./state.js";

/** Why a call is not sent. Durations in milliseconds. */
export interface Refusal {
  kind: "circuit_open" | "unavailable";
  by: "lookout" | "own";
  reason?: string;
  retryAfter?: number;
  incident?: string;
  estimate?: string;
}

/** A round of trial calls. */
export interface Round {
  /** Its name, the same in all clients: the document's time and a number. */
  name: string;
  /** How many calls go through in it. */
  limit: number;
  /** What the others are told. */
  refusal: Refusal;
}

export type Decision = { go: true } | { refuse: Refusal } | { trial: Round } | { ownTrial: true };

export interface GateSettings {
  /** Length of a round in milliseconds. */
  trialEvery: number;
  /** Trial calls of a round, unless the document names a number. */
  trialCalls: number;
}

const GO: Decision = { go: true };

/** The round that is under way so long after the first began. */
function round(name: string, elapsed: number, limit: number, every: number, refusal: Refusal): Decision {
  const number = Math.floor(elapsed / every);
  const retryAfter = (number + 1) * every - elapsed;
  return { trial: { name: `${name}/${number}`, limit, refusal: { ...refusal, retryAfter } } };
}

function byCircuit(circuit: Circuit, settings: GateSettings, now: number): Decision {
  const refusal = present<Refusal>({ kind: "circuit_open", by: "lookout", reason: circuit.reason });
  const { trialEvery } = settings;
  if (circuit.state === "half_open") {
    const limit = circuit.trialCalls ?? settings.trialCalls;
    return round(circuit.round, now - circuit.at, limit, trialEvery, refusal);
  }
  if (circuit.state === "forced_open" || circuit.until === undefined) return { refuse: refusal };
  if (now < circuit.until) return { refuse: { ...refusal, retryAfter: circuit.until - now } };
  // lookout should have said half-open by now. One call at a time finds out.
  return round(circuit.round, now - circuit.until, 1, trialEvery, refusal);
}

function byVerdict(verdict: Standing, known: Known, settings: GateSettings, now: number): Decision {
  const refusal = present<Refusal>({
    kind: "unavailable",
    by: "lookout",
    reason: verdict.reason,
    incident: verdict.incident,
    estimate: known.estimate,
  });
  const elapsed = now - verdict.at;
  const { trialEvery, trialCalls } = settings;
  if (elapsed < trialEvery) return { refuse: { ...refusal, retryAfter: trialEvery - elapsed } };
  return round(verdict.round, elapsed, trialCalls, trialEvery, refusal);
}

/** Whether the circuit closed since the verdict began: trial calls were answered, the verdict follows. */
function closedSince({ circuit, verdict }: Known): boolean {
  if (circuit?.timestamp === undefined || verdict?.since === undefined) return false;
  return circuit.timestamp > verdict.since;
}

/** Decides about a call to a service. */
export function gate(
  lookout: boolean,
  known: Known | undefined,
  own: OwnView,
  settings: GateSettings,
  now: number,
): Decision {
  if (!lookout) {
    if (own.state === "closed") return GO;
    if (own.state === "trial") return { ownTrial: true };
    const refusal = {
      kind: "circuit_open",
      by: "own",
      reason: "consecutive_timeouts",
      retryAfter: own.left,
    } as const;
    return { refuse: present<Refusal>(refusal) };
  }
  if (known === undefined) return GO;
  // An answer is newer than the verdict, and with more of them that will follow.
  const answered = known.answered !== undefined && now - known.answered <= settings.trialEvery;
  const state = known.circuit?.state ?? "closed";
  if (known.circuit && ["open", "half_open", "forced_open"].includes(state))
    return byCircuit(known.circuit, settings, now);
  const unavailable = known.verdict?.verdict === "unavailable" && state === "closed" && !closedSince(known);
  return known.verdict && unavailable && !answered ? byVerdict(known.verdict, known, settings, now) : GO;
}

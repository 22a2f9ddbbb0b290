// The client's own circuits, for platforms without a lookout or times without one. They exist because
// a caller who waits out its deadline on every call is the first victim of a dead service.
//
// Time-outs in a row open a circuit; after a while one trial call goes through: an answer closes it,
// a time-out opens it for twice as long, up to a limit. Any answer is a sign of life, an error too.
// They count all the time, also while a lookout is there, so that they are right when it goes; calls
// that pass meanwhile count as trials if they began when a trial was due. A time-out of a call that
// was made before the circuit opened says nothing new.

const MAX_SERVICES = 10_000;

export interface OwnSettings {
  /** Time-outs in a row that open. */
  ownTimeouts: number;
  /** For how long it opens first, in milliseconds. */
  ownOpen: number;
  /** For how long at most. */
  ownOpenMax: number;
}

/** How an own circuit looks to the gate. */
export type OwnView = { state: "closed" } | { state: "open"; left: number | undefined } | { state: "trial" };

interface Entry {
  timeouts: number;
  /** For how long it opened last; 0 while it is closed. */
  openFor: number;
  until: number;
  /** Whether its trial call is under way. */
  trying: boolean;
}

export class OwnCircuits {
  readonly #settings: OwnSettings;
  /** Services with a time-out since their last answer; no others. */
  readonly #entries = new Map<string, Entry>();

  constructor(settings: OwnSettings) {
    this.#settings = settings;
  }

  look(service: string, now: number): OwnView {
    const it = this.#entries.get(service);
    if (it === undefined || it.openFor === 0) return { state: "closed" };
    if (now < it.until) return { state: "open", left: it.until - now };
    // How long the trial takes, nobody knows.
    return it.trying ? { state: "open", left: undefined } : { state: "trial" };
  }

  /** The trial call begins; the answer ends it, however it went. */
  begin(service: string): () => void {
    const it = this.#entries.get(service);
    if (it === undefined) return () => {};
    it.trying = true;
    return () => {
      it.trying = false;
    };
  }

  answered(service: string): void {
    this.#entries.delete(service);
  }

  /** A call that was sent at `began` was not answered in time. */
  timedOut(service: string, began: number, now: number): void {
    const { ownTimeouts, ownOpen, ownOpenMax } = this.#settings;
    let it = this.#entries.get(service);
    if (it === undefined) {
      if (this.#entries.size >= MAX_SERVICES) return;
      it = { timeouts: 0, openFor: 0, until: 0, trying: false };
      this.#entries.set(service, it);
    }
    it.timeouts += 1;
    if (it.openFor === 0) {
      if (it.timeouts < ownTimeouts) return;
      it.openFor = Math.min(ownOpen, ownOpenMax);
    } else {
      if (began < it.until) return;
      it.openFor = Math.min(it.openFor * 2, ownOpenMax);
    }
    it.until = now + it.openFor;
  }
}

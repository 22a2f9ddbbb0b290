// A caller's own circuit, for when no lookout is there: after some time-outs in a row a service is left
// alone for a while, then one call tries again. Any answer, also an error, is a sign of life and closes
// it; calls that were under way when it opened say nothing new when they time out.

/** How long a service is left alone at first, and at most, in milliseconds. */
const FIRST = 30_000;
const MOST = 300_000;

/** Whether to call: yes, as the one trial, or not for so long. */
export type Ask = { go: true; trial: boolean } | { go: false; left: number | undefined };

export class Own {
  #timeouts = 0;
  #open: { until: number; times: number; trying: boolean } | undefined;

  /** Whether nothing is held against the service. */
  get clear(): boolean {
    return this.#timeouts === 0 && this.#open === undefined;
  }

  /** Whether the circuit is not closed. */
  get open(): boolean {
    return this.#open !== undefined;
  }

  /** How long until the next trial call. */
  left(now: number): number | undefined {
    const open = this.#open;
    return open === undefined || open.trying ? undefined : Math.max(0, open.until - now);
  }

  /** Whether to call now. */
  ask(now: number): Ask {
    const open = this.#open;
    if (open === undefined) return { go: true, trial: false };
    if (open.trying) return { go: false, left: undefined };
    if (now < open.until) return { go: false, left: open.until - now };
    open.trying = true;
    return { go: true, trial: true };
  }

  /** An answer came; whether that closed the circuit. */
  answered(): boolean {
    const open = this.open;
    this.#timeouts = 0;
    this.#open = undefined;
    return open;
  }

  /** A call timed out; whether that opened the circuit. `spread` from 0 to 1 keeps callers apart. */
  timedOut(now: number, most: number, trial: boolean, spread: number): boolean {
    this.#timeouts += 1;
    const open = this.#open;
    if (open === undefined ? this.#timeouts < most : !trial) return false;
    const times = (open?.times ?? 0) + 1;
    const whole = Math.min(FIRST * 2 ** Math.min(times - 1, 8), MOST);
    this.#open = { until: now + whole * (0.9 + 0.2 * spread), times, trying: false };
    return true;
  }

  /** The trial call ended without saying anything. */
  abandoned(): void {
    if (this.#open !== undefined) this.#open.trying = false;
  }
}

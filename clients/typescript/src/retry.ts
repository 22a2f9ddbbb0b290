// How often calls may be made again. Retries help against a lost message and hurt a service that is
// overloaded, so all calls of a client pay into one budget, a tenth of a retry each, and a retry takes a
// whole one out; waits double and are spread over their whole length.

/** When and how often idempotent calls are made again. */
export interface Retry {
  /** Attempts in all, the first one included; 1 is no retry. */
  attempts: number;
  /** Longest wait before the second attempt, in milliseconds. */
  first: number;
  /** Longest wait before any attempt, in milliseconds. */
  most: number;
  /** Retries that each call pays for. */
  perCall: number;
  /** Retries that can be saved up, and are there at the start. */
  saved: number;
}

export const RETRY: Retry = { attempts: 3, first: 100, most: 5_000, perCall: 0.1, saved: 10 };

export class Budget {
  #left: number;

  constructor(readonly retry: Retry) {
    this.#left = retry.saved;
  }

  /** A call is made. */
  pay(): void {
    this.#left = Math.min(this.#left + this.retry.perCall, this.retry.saved);
  }

  /** Takes a retry out, if there is one. Tenths do not add up to ones exactly. */
  take(): boolean {
    if (this.#left < 1 - 1e-9) return false;
    this.#left -= 1;
    return true;
  }

  /** How long to wait before the attempt after `attempt`, which counts from 1. */
  wait(attempt: number, asked: number | undefined, spread: number): number {
    const whole = Math.min(this.retry.first * 2 ** Math.min(attempt - 1, 16), this.retry.most);
    return (asked ?? 0) + whole * spread;
  }
}

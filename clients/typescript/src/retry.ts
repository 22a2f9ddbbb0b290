// When a failed call is made again. It exists because retries are what turns a slow service into a
// dead one: they are for calls that do no harm twice, wait ever longer, and come from a budget, so that
// a client whose calls all fail adds a tenth to the load and not a multiple of it.

import { CallError } from "./errors.js";

/** Attempts of one call at most. */
export const ATTEMPTS = 3;
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5_000;
const PER_CALL = 0.1;
const SAVED = 10;

const RETRIED: readonly string[] = ["Timeout", "ExecutionTimeout", "Failed", "Unavailable", "LinkDown"];

/** Retries that are still allowed. Kept in tenths, because a tenth is no number for a computer. */
export class Budget {
  #tenths = SAVED * 10;

  /** A call is made: it pays in. */
  call(): void {
    this.#tenths = Math.min(SAVED * 10, this.#tenths + PER_CALL * 10);
  }

  /** Takes one retry, if there is one. */
  take(): boolean {
    if (this.#tenths < 10) return false;
    this.#tenths -= 10;
    return true;
  }
}

/**
 * How long to wait before the next attempt in milliseconds; undefined if there must be none.
 * `attempt` is the number of the one that failed, from 1; `left` is what is left of the deadline.
 */
export function retryIn(
  error: unknown,
  attempt: number,
  left: number,
  random: () => number,
): number | undefined {
  if (attempt >= ATTEMPTS || !(error instanceof CallError) || !RETRIED.includes(error.kind)) return undefined;
  const jitter = random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1));
  const wait = Math.max(jitter, error.retryAfter ?? 0);
  return wait < left ? wait : undefined;
}

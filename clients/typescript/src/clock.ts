// Where the client has its time from. It exists so that tests can simulate time: nothing else in the
// package reads a clock or sets a timer, except the link, whose time is that of the network.
//
// Durations are measured with `now`, which never jumps; `wall` is read only to find how old a
// retained document is, because its writer's clock is the only other clock there is.

/** A source of time. */
export interface Clock {
  /** Milliseconds that only grow, from any start. */
  now(): number;
  /** Milliseconds since the Unix epoch, as this machine believes. */
  wall(): number;
  /** Has `then` called after so many milliseconds; the answer cancels it. */
  after(ms: number, then: () => void): () => void;
}

/** A timer cannot be set for longer: `setTimeout` would fire at once. */
const LONGEST = 0x7fff_ffff;

/** The time of the machine. */
export const machineClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, Math.min(Math.max(ms, 0), LONGEST));
    return () => clearTimeout(timer);
  },
};

/** Numbers from 0 to below 1 that nobody can foretell: ids made of them cannot be guessed. */
export function strongRandom(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return ((high >>> 6) * 0x800_0000 + (low >>> 5)) / 2 ** 53;
}

// Trial calls: while a service does not answer, time is cut into rounds, and in each a few calls go
// through that all clients share. Whoever wants to try claims it on a topic that all hear; the first few
// claims, in the order in which the broker delivers them, have the round.

/** Rounds of one service that are remembered. */
const ROUNDS = 4;

/** Longest name of a round. */
const LONGEST = 96;

export class Rounds {
  readonly #rounds: { name: string; heard: number; asked: number }[] = [];

  #round(name: string): { name: string; heard: number; asked: number } {
    const known = this.#rounds.find((round) => round.name === name);
    if (known !== undefined) return known;
    if (this.#rounds.length >= ROUNDS) this.#rounds.shift();
    const made = { name, heard: 0, asked: 0 };
    this.#rounds.push(made);
    return made;
  }

  /** Whether this client may still ask for a call of a round; if so, it is taken to do so. */
  ask(name: string, limit: number): boolean {
    const round = this.#round(name);
    const free = round.heard < limit && round.asked < limit;
    if (free) round.asked += 1;
    return free;
  }

  /** A claim was heard; how many there were before it in its round. */
  heard(name: string): number {
    if (name.length > LONGEST) return Number.MAX_SAFE_INTEGER;
    const round = this.#round(name);
    round.heard += 1;
    return round.heard - 1;
  }
}

// Shares a few trial calls among all clients of a platform. It exists because ten clients that each
// send three trial calls send thirty to a service that is barely back.
//
// A client claims its trial by publishing, and all clients count the claims of a round in the order in
// which the broker delivers them: the first few go. When the own claim does not come back in time
// (the client may have no right to publish it), or is refused, the client's own limit alone counts: a
// trial too many does less harm than none at all.
//
// What is kept is bounded: of a round as many claims as can matter, and only the latest rounds, so that
// what somebody invents displaces itself. Own trials are counted apart from it, so that nobody else's
// claims make this client send more than its own limit.

import type { Clock } from "./clock.js";
import { MAX_NAME, json, members } from "./documents.js";

const MAX_SERVICES = 10_000;
const MAX_ROUNDS = 2_000;
const MAX_CLAIMS = 100;
/** Characters of a round's name and of a claim. */
const MAX_WORD = 64;

/** What a claim says. */
export interface Claim {
  service: string;
  round: string;
  claim: string;
}

/** Reads a claim; undefined if it is none. */
export function readClaim(payload: Uint8Array): Claim | undefined {
  const { service, round, claim } = members(json(payload, 4_096)) ?? {};
  const short = (it: unknown, most: number): it is string =>
    typeof it === "string" && it !== "" && it.length <= most;
  if (!short(service, MAX_NAME) || !short(round, MAX_WORD) || !short(claim, MAX_WORD)) return undefined;
  return { service, round, claim };
}

export class Trials {
  readonly #clock: Clock;
  readonly #random: () => number;
  /** All clients' claims of a round, in their order. */
  readonly #claims = new Map<string, string[]>();
  /** How many trials of its latest round this client took, by service. */
  readonly #taken = new Map<string, { round: string; count: number }>();
  /** Own claims that have not come back. */
  readonly #waiting = new Map<string, { key: string; back: (place: number) => void }>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A claim came from the broker. */
  heard({ service, round, claim }: Claim): void {
    const key = keyOf(service, round);
    const claims = this.#claims.get(key) ?? [];
    if (claims.includes(claim)) return;
    const place = claims.length;
    if (place < MAX_CLAIMS) claims.push(claim);
    this.#claims.set(key, claims);
    makeRoom(this.#claims, MAX_ROUNDS);
    const waiting = this.#waiting.get(claim);
    if (waiting?.key === key) waiting.back(place);
  }

  /**
   * Whether this client gets one of the `limit` trials of a round. `publish` publishes a claim, and
   * says whether it could; it is undefined where claims are not heard anyway.
   */
  async take(
    service: string,
    round: string,
    limit: number,
    wait: number,
    publish: ((claim: Claim) => Promise<boolean>) | undefined,
  ): Promise<boolean> {
    const key = keyOf(service, round);
    const before = this.#taken.get(service);
    const taken = before?.round === round ? before : { round, count: 0 };
    if (taken.count >= limit || (this.#claims.get(key)?.length ?? 0) >= limit) return false;
    taken.count += 1;
    this.#taken.set(service, taken);
    makeRoom(this.#taken, MAX_SERVICES);
    if (publish === undefined) return true;
    const claim = Math.floor(this.#random() * 2 ** 48)
      .toString(16)
      .padStart(12, "0");
    return new Promise((decide) => {
      const end = (goes: boolean): void => {
        cancel();
        this.#waiting.delete(claim);
        decide(goes);
      };
      const cancel = this.#clock.after(wait, () => end(true));
      this.#waiting.set(claim, { key, back: (place) => end(place < limit) });
      publish({ service, round, claim }).then(
        (could) => could || end(true),
        () => end(true),
      );
    });
  }
}

function keyOf(service: string, round: string): string {
  return JSON.stringify([service, round]);
}

/** The oldest go. */
function makeRoom<T>(map: Map<string, T>, size: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= size) return;
    map.delete(oldest);
  }
}

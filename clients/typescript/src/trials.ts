// Shares a few trial calls among all clients of a platform. It exists because ten clients that each
// send three trial calls send thirty to a service that is barely back.
//
// A client claims its trial by publishing, and all clients count the claims of a round in the order in
// which the broker delivers them: the first few go. When the own claim does not come back in time
// (the client may have no right to publish it), or is refused, the client's own limit alone counts: a
// trial too many does less harm than none at all.
//
// A round keeps only as many claims as can matter, a service only its latest rounds, and there are
// only so many services: what somebody invents displaces itself.

import type { Clock } from "./clock.js";
import { MAX_NAME, json, members } from "./documents.js";

const MAX_SERVICES = 10_000;
const MAX_ROUNDS = 4;
const MAX_CLAIMS = 100;

/** What a claim says. */
export interface Claim {
  service: string;
  round: string;
  claim: string;
}

interface Rounding {
  /** Trials that this client took. */
  taken: number;
  /** All clients' claims in their order. */
  claims: string[];
  /** Own claims that have not come back. */
  waiting: Map<string, (place: number) => void>;
}

/** Reads a claim; undefined if it is none. */
export function readClaim(payload: Uint8Array): Claim | undefined {
  const { service, round, claim } = members(json(payload, 4_096)) ?? {};
  const short = (it: unknown): it is string => typeof it === "string" && it !== "" && it.length <= MAX_NAME;
  return short(service) && short(round) && short(claim) ? { service, round, claim } : undefined;
}

export class Trials {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #services = new Map<string, Map<string, Rounding>>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A claim came from the broker. */
  heard({ service, round, claim }: Claim): void {
    const it = this.#round(service, round);
    if (it.claims.includes(claim)) return;
    const place = it.claims.length;
    if (place < MAX_CLAIMS) it.claims.push(claim);
    it.waiting.get(claim)?.(place);
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
    const it = this.#round(service, round);
    if (it.taken >= limit || it.claims.length >= limit) return false;
    it.taken += 1;
    if (publish === undefined) return true;
    const claim = Math.floor(this.#random() * 2 ** 48).toString(16).padStart(12, "0");
    return new Promise((decide) => {
      const end = (goes: boolean): void => {
        cancel();
        it.waiting.delete(claim);
        decide(goes);
      };
      const cancel = this.#clock.after(wait, () => end(true));
      it.waiting.set(claim, (place) => end(place < limit));
      publish({ service, round, claim }).then(
        (could) => could || end(true),
        () => end(true),
      );
    });
  }

  /** The round; the oldest of its service, or of all, makes room for it. */
  #round(service: string, name: string): Rounding {
    const rounds = this.#services.get(service) ?? new Map<string, Rounding>();
    const known = rounds.get(name);
    if (known !== undefined) return known;
    const made: Rounding = { taken: 0, claims: [], waiting: new Map() };
    rounds.set(name, made);
    makeRoom(rounds, MAX_ROUNDS);
    this.#services.set(service, rounds);
    makeRoom(this.#services, MAX_SERVICES);
    return made;
  }
}

function makeRoom<T>(map: Map<string, T>, size: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= size) return;
    map.delete(oldest);
  }
}

// The platform as a caller sees it: calls services, and heeds what lookout says of them. It exists to
// put the parts together: the link hears, the state knows, the gate decides, open calls wait.
//
// A call goes through attempts within one deadline; each attempt waits for the link, passes the gate,
// and is sent once. Nothing is sent again after a break of the link unless its caller marked it
// idempotent. When all attempts failed, the cache and then the fallback may give a value; the answer
// says where it is from.
//
// Handlers of events and the application's cache may throw: an event handler's error is reported as
// unhandled and reaches nobody else, a cache's error is no value.

import { OpenCalls } from "./calls.js";
import type { SaidTrouble } from "./documents.js";
import { MAX_NAME, read } from "./documents.js";
import { CallError, InvalidCall, LinkDown, TooManyCalls } from "./errors.js";
import type { Refusal } from "./gate.js";
import { Link } from "./link.js";
import type { CallOptions, Options, Settings } from "./options.js";
import { settle } from "./options.js";
import { OwnCircuits } from "./own.js";
import { ATTEMPTS, Budget, retryIn } from "./retry.js";
import type { Call } from "./sender.js";
import { Sender } from "./sender.js";
import type { Change } from "./state.js";
import { State } from "./state.js";
import type { Strategy } from "./strategy.js";
import { conclude } from "./strategy.js";
import { Trials, readClaim } from "./trials.js";
import type { ServiceView } from "./view.js";
import { viewOf } from "./view.js";

/** A value and where it is from. */
export interface Answer<T> {
  value: T;
  from: "service" | "cache" | "fallback";
}

const CACHED: readonly string[] = ["CircuitOpen", "Unavailable", "LinkDown", "Timeout"];
/** News are heard with QoS 1; what stands may be thousands of retained documents, of which a broker drops what does not fit its queue. */
const NEWS: readonly string[] = ["errors", "emergency"];
const STATE: readonly string[] = ["circuit-breaker/#", "services/#", "health", "observer/+"];

export class Platform {
  readonly #settings: Settings;
  readonly #replyTo: string;
  readonly #state = new State();
  readonly #own: OwnCircuits;
  readonly #trials: Trials;
  readonly #calls: OpenCalls;
  readonly #budget = new Budget();
  readonly #link: Link;
  readonly #sender: Sender;
  readonly #told = new Set<(change: Change) => void>();
  readonly #pauses = new Set<() => void>();
  #pending = 0;
  #closed = false;

  private constructor(url: string, options: Options) {
    const settings = settle(url, options);
    const { clock, random, session, cluster, trialTopic } = settings;
    this.#settings = settings;
    this.#replyTo = `session/${session}/response`;
    this.#own = new OwnCircuits(settings);
    this.#trials = new Trials(clock, random);
    this.#calls = new OpenCalls(clock, session, random);
    const claims = `${trialTopic}/${cluster}/#`;
    const below = (names: readonly string[], qos: 0 | 1): [string, { qos: 0 | 1 }][] =>
      names.map((it) => [`system/${cluster}/${it}`, { qos }]);
    const others = Object.fromEntries([...below(NEWS, 1), ...below(STATE, 0), [claims, { qos: 0 as const }]]);
    this.#link = new Link(url, settings, { own: this.#replyTo, others }, {
      up: (refusals) => {
        this.#sender.claims = !refusals.has(claims);
        this.#tell([{ what: "link", up: true }]);
      },
      down: (why, was) => {
        this.#calls.lost(why);
        this.#tell(this.#state.forget());
        if (was) this.#tell([{ what: "link", up: false, reason: why }]);
      },
      message: (topic, payload, retained, correlation) => this.#heard(topic, payload, retained, correlation),
    });
    this.#sender = new Sender({
      settings,
      link: this.#link,
      state: this.#state,
      own: this.#own,
      trials: this.#trials,
      calls: this.#calls,
      replyTo: this.#replyTo,
    });
  }

  /** A platform that starts to connect at once. Calls wait for the link; so does `ready`. */
  static connect(url: string, options: Options = {}): Platform {
    return new Platform(url, options);
  }

  /** Waits until calls can be sent; fails with `LinkDown` if that takes longer. */
  async ready(ms: number = this.#settings.linkWait): Promise<this> {
    if (!(await this.#link.whenUp(ms))) throw new LinkDown(false, this.#link.why);
    return this;
  }

  get linkUp(): boolean {
    return this.#link.up;
  }

  /** Whether a lookout is there. */
  get observed(): boolean {
    return this.#state.present;
  }

  /** Calls that wait for their answer. */
  get openCalls(): number {
    return this.#calls.size;
  }

  /** Answers that belonged to no open call: late, duplicate or foreign ones. */
  get strays(): number {
    return this.#calls.strays;
  }

  /** Components in trouble. */
  get components(): ReadonlyMap<string, SaidTrouble> {
    return this.#state.components;
  }

  /** Has `told` called on every change; the answer ends that. */
  on(_: "change", told: (change: Change) => void): () => void {
    this.#told.add(told);
    return () => this.#told.delete(told);
  }

  /** Calls a method of a service and gives its result. */
  async call<T = unknown>(
    service: string,
    method: string,
    params?: unknown,
    options?: CallOptions,
  ): Promise<T> {
    return (await this.request<T>(service, method, params, options)).value;
  }

  /** The same, with where the value is from. */
  async request<T = unknown>(
    service: string,
    method: string,
    params?: unknown,
    options: CallOptions = {},
  ): Promise<Answer<T>> {
    if (this.#pending >= this.#settings.maxPending) throw new TooManyCalls(this.#settings.maxPending);
    this.#pending += 1;
    try {
      // What comes in is what the service promised; nobody can check that here.
      return (await this.#request({ service, method, params, options })) as Answer<T>;
    } finally {
      this.#pending -= 1;
    }
  }

  /** What a user interface should do about a service. */
  strategy(service: string): Strategy {
    const own = this.#own.look(service, this.#settings.clock.now());
    return conclude(this.#link.up, this.#state, service, own, this.#wouldRefuse(service)?.retryAfter);
  }

  /** A service as lookout says it stands. */
  service(name: string): ServiceView {
    return viewOf(name, this.#state, this.#wouldRefuse(name)?.retryAfter);
  }

  /** Says goodbye to the broker; calls under way end with `LinkDown`. */
  close(): void {
    this.#closed = true;
    this.#link.close();
    for (const end of [...this.#pauses]) end();
  }

  #wouldRefuse(service: string): Refusal | undefined {
    const decision = this.#sender.decide(service);
    if ("refuse" in decision) return decision.refuse;
    return "trial" in decision ? decision.trial.refusal : undefined;
  }

  #heard(topic: string, payload: Uint8Array, retained: boolean, correlation: Uint8Array | undefined): void {
    const { clock, cluster, trialTopic } = this.#settings;
    if (topic === this.#replyTo) return this.#calls.heard(payload, retained, correlation);
    if (topic.startsWith(`${trialTopic}/${cluster}/`)) {
      const claim = retained ? undefined : readClaim(payload);
      if (claim !== undefined) this.#trials.heard(claim);
      return;
    }
    const said = read(cluster, topic, payload);
    if (said === undefined) return;
    this.#tell(this.#state.take(said, { now: clock.now(), wall: clock.wall(), retained }));
  }

  #tell(changes: Change[]): void {
    for (const change of changes) {
      for (const told of this.#told) {
        // Whoever listens must not end what the link is doing; the error still shows.
        try {
          told(change);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    }
  }

  async #request(call: Call): Promise<Answer<unknown>> {
    const { service, method, params, options } = call;
    checkCall(service, method);
    const { clock, cache, random } = this.#settings;
    const whole = options.timeout ?? this.#settings.timeout;
    const end = clock.now() + whole;
    const share = options.idempotent ? whole / ATTEMPTS : whole;
    this.#budget.call();
    let failed: unknown;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const value = await this.#sender.attempt(call, Math.min(share, end - clock.now()));
        if (options.idempotent && cache) await quietly(() => cache.put(service, method, params, value));
        return { value, from: "service" };
      } catch (error) {
        failed = error;
      }
      if (!options.idempotent || this.#closed) break;
      const wait = retryIn(failed, attempt, end - clock.now(), random);
      if (wait === undefined || !this.#budget.take()) break;
      await this.#pause(wait);
    }
    if (!(failed instanceof CallError)) throw failed;
    if (options.idempotent && cache && CACHED.includes(failed.kind)) {
      const value = await quietly(() => cache.get(service, method, params));
      if (value !== undefined) return { value, from: "cache" };
    }
    const fallback = options.fallback ?? this.#settings.fallback;
    const value = await fallback?.(failed, { service, method, params });
    if (value === undefined) throw failed;
    return { value, from: "fallback" };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((then) => {
      const end = (): void => {
        cancel();
        this.#pauses.delete(end);
        then();
      };
      const cancel = this.#settings.clock.after(ms, end);
      this.#pauses.add(end);
    });
  }
}

function checkCall(service: string, method: string): void {
  if (service === "" || service.length > MAX_NAME || /[+#\p{Cc}]/u.test(service)) {
    throw new InvalidCall(
      "the service's name must be a topic of at most 256 characters without + # and control characters",
    );
  }
  if (method === "") throw new InvalidCall("the method has no name");
}

async function quietly(what: () => unknown): Promise<unknown> {
  try {
    return await what();
  } catch {
    return undefined;
  }
}

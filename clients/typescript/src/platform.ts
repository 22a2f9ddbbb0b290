// A platform of services as one of its callers sees it: what can be called, and how. One link carries
// calls, answers and what lookout says.

import type { IPublishPacket } from "mqtt";
import { object, record, text } from "./documents.js";
import { CallError, fault } from "./errors.js";
import { Link } from "./link.js";
import { type CallOptions, type Options, type Settled, hex, settle } from "./options.js";
import { Budget } from "./retry.js";
import type { Pass } from "./standing.js";
import { type Change, type ServiceState, State } from "./state.js";
import { type Component, type Strategy, strategyOf } from "./strategy.js";

/** How long a claim may take to come back, in milliseconds; one that does not was not allowed. */
const ECHO = 500;

/** A value, and where it is from. */
export interface Answer<T> {
  value: T;
  origin: "service" | "cache" | "fallback";
}

/** An answer; `undefined` when the link broke. */
type Settle = (answer: Record<string, unknown> | undefined) => void;

const TRACE = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

export class Platform {
  readonly #options: Settled;
  readonly #link: Link;
  readonly #state: State;
  readonly #budget: Budget;
  readonly #replyTo: string;
  readonly #pending = new Map<number, Settle>();
  readonly #claims = new Map<string, (before: number) => void>();
  readonly #listeners = new Set<(change: Change) => void>();
  #next: number;
  #strays = 0;

  private constructor(url: string, options: Settled) {
    this.#options = options;
    this.#replyTo = `session/${options.session}/response`;
    this.#budget = new Budget(options.retry);
    // So that an answer to an earlier run of the same session is no answer to a call of this one.
    this.#next = Math.floor(options.random() * 2 ** 48);
    this.#state = new State(options.cluster, options.clock, (change) => this.#tell(change));
    const wanted = this.#state.filters();
    if (options.trialTopic !== null) wanted[`${options.trialTopic}/#`] = { qos: 0 };
    this.#link = new Link(url, options, this.#replyTo, wanted, {
      up: () => this.#state.link(true),
      message: (topic, payload, packet) => this.#hear(topic, payload, packet),
      lost: () => this.#lost(),
    });
  }

  /** Starts to connect; calls wait for the link by themselves. Throws if an option cannot be meant. */
  static connect(url: string, options: Options = {}): Platform {
    return new Platform(url, settle(options));
  }

  /** Waits until answers can be heard, at most so many milliseconds. */
  async ready(wait = this.#options.linkWait): Promise<void> {
    if (!(await this.#link.ready(wait))) throw this.#linkDown(false);
  }

  /** Calls `method` of `service` and returns its result. */
  async call<T = unknown>(service: string, method: string, params?: unknown, options?: CallOptions): Promise<T> {
    return (await this.request<T>(service, method, params, options)).value;
  }

  /** The same, and says where the value is from. */
  async request<T = unknown>(
    service: string,
    method: string,
    params: unknown = null,
    options: CallOptions = {},
  ): Promise<Answer<T>> {
    if (service === "" || /[+#\0]/.test(service)) {
      throw new CallError("unsendable", `${JSON.stringify(service)} is no service name`);
    }
    this.#budget.pay();
    const key = { service, method, params };
    try {
      const value = (await this.#attempts(service, method, params, options)) as T;
      if (options.idempotent === true) this.#options.cache?.put(key, value);
      return { value, origin: "service" };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const kept = error.unreachable ? this.#options.cache?.get(key) : undefined;
      if (kept !== undefined) return { value: kept as T, origin: "cache" };
      const instead = options.fallback?.(error);
      if (instead !== undefined) return { value: instead as T, origin: "fallback" };
      throw error;
    }
  }

  async #attempts(service: string, method: string, params: unknown, options: CallOptions): Promise<unknown> {
    const { clock, retry, random } = this.#options;
    const whole = options.deadline ?? this.#options.deadline;
    const end = clock.now() + whole;
    const most = options.idempotent === true ? Math.max(1, retry.attempts) : 1;
    for (let attempt = 1; ; attempt += 1) {
      const now = clock.now();
      // An equal part of what is left for each attempt that is left.
      const limit = now + (end - now) / (most - attempt + 1);
      try {
        return await this.#attempt(service, method, params, options, limit, whole);
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        const wait = this.#budget.wait(attempt, error.retryAfter, random());
        const again = attempt < most && isWorthIt(error) && clock.now() + wait < end;
        if (!again || !this.#budget.take()) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  async #attempt(
    service: string,
    method: string,
    params: unknown,
    options: CallOptions,
    limit: number,
    whole: number,
  ): Promise<unknown> {
    const { clock, linkWait, failFast, trialEvery, ownTimeouts, random } = this.#options;
    const wait = Math.min(linkWait, limit - clock.now());
    if (!(await this.#link.ready(wait))) throw this.#linkDown(false);
    const pass: Pass = failFast ? this.#state.ask(service, trialEvery) : { go: "yes" };
    if (pass.go === "no") throw pass.refusal;
    if (pass.go === "trial" && !(await this.#claim(service, pass.round, pass.limit))) throw pass.refusal;
    const trial = pass.go === "own-trial";
    try {
      const result = await this.#exchange(service, method, params, options, limit, whole);
      this.#state.answered(service);
      return result;
    } catch (error) {
      const kind = error instanceof CallError ? error.kind : undefined;
      if (kind === "timeout") this.#state.timedOut(service, ownTimeouts, trial, random());
      // Nobody answered, or somebody else did.
      else if (kind === "link-down" || kind === "overloaded" || kind === "unavailable" || kind === undefined) {
        if (trial) this.#state.abandoned(service);
      } else this.#state.answered(service);
      throw error;
    }
  }

  /** Sends, and waits for the answer. */
  async #exchange(
    service: string,
    method: string,
    params: unknown,
    options: CallOptions,
    limit: number,
    whole: number,
  ): Promise<unknown> {
    const { clock, maxOpen, protocolVersion, random, session } = this.#options;
    if (this.#pending.size >= maxOpen) throw new CallError("overloaded", `${maxOpen} calls are open already`);
    const id = this.#next++;
    const given = options.traceparent;
    const traceparent =
      given !== undefined && TRACE.test(given) ? given : `00-${hex(random, 32)}-${hex(random, 16)}-01`;
    const payload = JSON.stringify({
      jsonrpc: "2.0",
      id,
      method,
      params,
      replyTo: this.#replyTo,
      correlationId: options.correlationId ?? `${session}-${id}`,
      sessionId: session,
      ...(options.user === undefined ? {} : { userContext: { userId: options.user } }),
      ...(protocolVersion === 5 ? {} : { traceparent }),
    });
    const left = Math.max(0, limit - clock.now());
    // Only a deadline of the call's own: lookout takes it for the caller's patience.
    const expiry = options.deadline === undefined ? undefined : Math.max(1, Math.ceil(left / 1_000));
    const answer = await new Promise<Record<string, unknown> | undefined>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new CallError("timeout", `no answer within ${whole} ms`));
      }, left);
      this.#pending.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#link.send(`service/${service}`, payload, { correlation: String(id), expiry, traceparent });
    });
    if (answer === undefined) throw this.#linkDown(true);
    const error = answer["error"] ?? undefined;
    const result = answer["result"];
    if (error !== undefined && result !== undefined && result !== null) {
      throw new CallError("malformed", "both result and error");
    }
    if (error !== undefined) throw fault(error, service, clock);
    if (result === undefined) throw new CallError("malformed", "neither result nor error");
    return result;
  }

  /** Whether a call of the round can be had. Where claims do not come back, every client has its own few. */
  async #claim(service: string, round: string, limit: number): Promise<boolean> {
    const { trialTopic, random } = this.#options;
    if (trialTopic === null) return true;
    const claim = hex(random, 16);
    const before = await new Promise<number | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), ECHO);
      this.#claims.set(claim, (heard) => {
        clearTimeout(timer);
        resolve(heard);
      });
      this.#link.send(`${trialTopic}/${service}`, JSON.stringify({ service, round, claim }));
    });
    this.#claims.delete(claim);
    return before === undefined || before < limit;
  }

  #hear(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    if (topic === this.#replyTo) {
      this.#answer(payload, packet);
    } else if (!this.#state.hear(topic, payload, packet.retain)) {
      const claim = object(payload.subarray(0, 1_024));
      const [service, round, id] = ["service", "round", "claim"].map((name) => text(claim, name));
      if (service === undefined || round === undefined || id === undefined) return;
      const before = this.#state.claimed(service, round);
      this.#claims.get(id)?.(before);
    }
  }

  #answer(payload: Uint8Array, packet: IPublishPacket): void {
    // Nobody answers a call before it is made, so a retained message is no answer.
    if (packet.retain) return;
    const answer = parsed(payload);
    const id = answer?.["id"];
    const correlation = packet.properties?.correlationData;
    const ours = correlation === undefined || new TextDecoder().decode(correlation) === String(id);
    const settle = typeof id === "number" && ours ? this.#pending.get(id) : undefined;
    if (settle === undefined || answer === undefined) {
      this.#strays += 1;
    } else {
      this.#pending.delete(id as number);
      settle(answer);
    }
  }

  #lost(): void {
    const open = [...this.#pending.values()];
    this.#pending.clear();
    this.#state.link(false);
    for (const settle of open) settle(undefined);
  }

  #linkDown(sent: boolean): CallError {
    const why = sent ? "the link broke before the answer came" : "no connection to the broker";
    const problem = this.#link.problem;
    return new CallError("link-down", problem === undefined ? why : `${why}: ${problem}`, { sent });
  }

  /** Whether the link to the broker is up. */
  get linkUp(): boolean {
    return this.#link.up;
  }

  /** Whether a lookout is there. */
  get lookout(): boolean {
    return this.#state.present;
  }

  /** Calls that wait for their answer. */
  get openCalls(): number {
    return this.#pending.size;
  }

  /** Answers that belonged to no open call. */
  get strays(): number {
    return this.#strays;
  }

  /** How a service stands. */
  service(name: string): ServiceState {
    return this.#state.service(name);
  }

  /** All services of which something is known, by name. */
  services(): ServiceState[] {
    return this.#state.names().map((name) => this.service(name));
  }

  /** The components in trouble. */
  components(): Component[] {
    return this.#state.components();
  }

  /** How to work with a service now. */
  strategy(service: string): Strategy {
    return strategyOf(this.#link.up, this.service(service), this.components(), this.#state.tally);
  }

  /** Tells what changes from now on; what is returned ends that. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Says goodbye to the broker; open calls end as with a link that broke. */
  async close(): Promise<void> {
    await this.#link.close();
  }
}

/** Answers may be as large as the broker lets them be. */
function parsed(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    return record(JSON.parse(new TextDecoder().decode(payload)));
  } catch {
    return undefined;
  }
}

/** Whether another attempt may go better. A circuit that is open will not close for being asked. */
function isWorthIt(error: CallError): boolean {
  const kinds = ["timeout", "execution-timeout", "failed", "link-down"];
  return kinds.includes(error.kind) || (error.kind === "unavailable" && error.facts.source === "answer");
}

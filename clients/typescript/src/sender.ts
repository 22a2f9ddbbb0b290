// One attempt of a call: waits for the link, passes the gate, is sent once, and waits for its answer.
// It exists apart from what a platform does around it (attempts, cache, fallback), because each of
// these steps takes its time from one share of the deadline.

import type { OpenCalls } from "./calls.js";
import { encode, newTrace, traced } from "./calls.js";
import { escaped, present } from "./documents.js";
import { CallError, InvalidCall, LinkDown, Timeout, Unavailable, refused } from "./errors.js";
import type { Decision, Refusal, Round } from "./gate.js";
import { gate } from "./gate.js";
import type { Link, Message } from "./link.js";
import type { CallOptions, Settings } from "./options.js";
import type { OwnCircuits } from "./own.js";
import type { State } from "./state.js";
import type { Claim, Trials } from "./trials.js";

/** A call as it was asked for. */
export interface Call {
  service: string;
  method: string;
  params: unknown;
  options: CallOptions;
}

/** What an attempt needs. */
export interface Parts {
  settings: Settings;
  link: Link;
  state: State;
  own: OwnCircuits;
  trials: Trials;
  calls: OpenCalls;
  replyTo: string;
}

export class Sender {
  readonly #parts: Parts;
  /** Whether claims of trials are heard. */
  claims = true;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  decide(service: string): Decision {
    const { settings, state, own } = this.#parts;
    const now = settings.clock.now();
    return gate(state.present, state.service(service), own.look(service, now), settings, now);
  }

  /** One attempt of a call within so many milliseconds. */
  async attempt(call: Call, ms: number): Promise<unknown> {
    const { link, own, settings } = this.#parts;
    const { clock, linkWait } = settings;
    const { service } = call;
    const end = clock.now() + ms;
    const up = await link.whenUp(Math.min(linkWait, ms));
    if (!up) throw new LinkDown(false, link.why);
    const decision = this.decide(service);
    if ("refuse" in decision) throw refused(service, decision.refuse);
    if ("trial" in decision) await this.#trial(service, decision.trial, end - clock.now());
    const release = "ownTrial" in decision ? own.begin(service) : () => {};
    try {
      return await this.#send(call, end - clock.now());
    } finally {
      release();
    }
  }

  /** Takes part in a round of trial calls, or fails as the others do. */
  async #trial(service: string, round: Round, left: number): Promise<void> {
    const { link, settings, trials } = this.#parts;
    const { claimWait, cluster, trialTopic, clock } = settings;
    const began = clock.now();
    const topic = `${trialTopic}/${cluster}/${escaped(service)}`;
    const publish = (claim: Claim): Promise<boolean> =>
      link.publish({ topic, payload: JSON.stringify(claim) }).then(
        () => true,
        () => false,
      );
    const heard = this.claims ? publish : undefined;
    const goes = await trials.take(service, round.name, round.limit, Math.min(claimWait, left), heard);
    if (goes) return;
    const { retryAfter } = round.refusal;
    const rest = retryAfter === undefined ? undefined : Math.max(0, retryAfter - (clock.now() - began));
    throw refused(service, present<Refusal>({ ...round.refusal, retryAfter: rest }));
  }

  async #send({ service, method, params, options }: Call, ms: number): Promise<unknown> {
    const { calls, link, own, replyTo, settings, state } = this.#parts;
    const { clock, random, session, version } = settings;
    if (ms <= 0) throw new Timeout(0);
    const id = calls.nextId();
    const correlation = calls.correlation(id);
    const correlationId = options.correlationId ?? correlation;
    const given = options.traceparent ?? settings.traceparent?.();
    const trace = { traceparent: given ?? newTrace(random), begun: given === undefined };
    const outgoing = { id, service, method, params, correlationId, ...trace, v5: version === 5 };
    const payload = written(() => encode(outgoing, { replyTo, session }));
    const began = clock.now();
    const answer = calls.wait(id, ms);
    const message = { topic: `service/${service}`, payload, responseTopic: replyTo, correlation };
    const expiry = options.timeout === undefined ? undefined : Math.ceil(ms / 1_000);
    const outgoingMessage = present<Message>({ ...message, expiry, user: traced(trace) });
    link.publish(outgoingMessage, () => calls.sent(id)).catch((error: CallError) => calls.forget(id, error));
    try {
      const value = await answer;
      own.answered(service);
      state.answered(service, clock.now());
      return value;
    } catch (error) {
      if (error instanceof Timeout) {
        own.timedOut(service, began, clock.now());
        state.unanswered(service);
      } else if (isAnswer(error)) {
        own.answered(service);
        state.answered(service, clock.now());
      }
      throw error;
    }
  }
}

/** Whether the service itself said something. lookout's answer in its place is no sign of its life. */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof CallError)) return false;
  if (error instanceof Unavailable) return error.by === "answer" && error.source === undefined;
  return error.kind !== "LinkDown" && error.kind !== "InvalidCall";
}

function written(how: () => string): string {
  try {
    return how();
  } catch (error) {
    throw new InvalidCall(`the parameters cannot be written as JSON: ${String(error)}`);
  }
}

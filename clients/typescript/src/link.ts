// The connection to the broker: made, kept, made again. It exists around mqtt.js for three promises
// that its own reconnecting does not give.
//
// Nothing is sent twice: every connection is a new client of mqtt.js with a store of its own and a
// clean session, so that a message that was under way when the link broke ends there. The link is up
// only when the broker granted the subscriptions. And no more messages are under way than the broker
// takes (Receive Maximum); the others wait here, and a break of the link ends them unsent.
//
// A refused reply topic ends the connection: calls over it could not be answered. Other refused
// subscriptions only mean that less is known. They are asked for first and the reply topic last, in
// packets of their own, so that a broker that answers in order has sent what is retained before the
// link is up: the first call should not be the one that finds out what everybody knows.

// Its build for browsers has a default export and no other.
import mqtt from "mqtt";
import type { IClientOptions, IClientPublishOptions, MqttClient } from "mqtt";
import { CallError, InvalidCall, LinkDown } from "./errors.js";
import type { Settings } from "./options.js";

/** Messages that may be under way if the broker names no limit. */
const WINDOW = 1_000;
/** Room for topic and properties in a packet, when its size is compared with the broker's limit. */
const HEAD = 2_048;
/** How long a connection may take to come up, and its subscriptions after that. */
const CONNECT_TIMEOUT = 10_000;
/** A link that lasts shorter is no success: the next wait before connecting is longer. */
const STABLE = 10_000;

/** What is subscribed, with the QoS of each. */
export interface Topics {
  /** Without this one there is no link. */
  own: string;
  others: Readonly<Record<string, { qos: 0 | 1 }>>;
}

export interface Hooks {
  /** The subscriptions are granted, but for those in `refused`. */
  up(refused: ReadonlySet<string>): void;
  /** The connection is over; `was` says whether the link was up. Messages may have come before it was. */
  down(why: string, was: boolean): void;
  message(topic: string, payload: Uint8Array, retained: boolean, correlation: Uint8Array | undefined): void;
}

/** A message to be published; what MQTT 5 adds is left out over 3.1.1. */
export interface Message {
  topic: string;
  payload: string;
  responseTopic?: string;
  correlation?: string;
  /** Seconds after which nobody needs it any more. */
  expiry?: number;
  user?: Record<string, string>;
}

interface Job {
  message: Message;
  /** Called when it is given to the connection. */
  sent: () => void;
  done: () => void;
  failed: (error: CallError) => void;
}

export class Link {
  readonly #url: string;
  readonly #settings: Settings;
  readonly #topics: Topics;
  readonly #hooks: Hooks;
  #client: MqttClient | undefined;
  #up = false;
  #closed = false;
  #failures = 0;
  #since = 0;
  #why = "not connected yet";
  #retry: ReturnType<typeof setTimeout> | undefined;
  #window = WINDOW;
  #largest = Infinity;
  #underWay = 0;
  #jobs: Job[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(url: string, settings: Settings, topics: Topics, hooks: Hooks) {
    this.#url = url;
    this.#settings = settings;
    this.#topics = topics;
    this.#hooks = hooks;
    this.#open();
  }

  get up(): boolean {
    return this.#up;
  }

  /** Why there is no link, as far as it is known. */
  get why(): string {
    return this.#why;
  }

  /** Waits for the link; whether it came in time. */
  whenUp(ms: number): Promise<boolean> {
    if (this.#up || this.#closed) return Promise.resolve(this.#up);
    return new Promise((decide) => {
      const end = (): void => {
        cancel();
        this.#waiting.delete(end);
        decide(this.#up);
      };
      const cancel = this.#settings.clock.after(ms, end);
      this.#waiting.add(end);
    });
  }

  /** Publishes; resolves when the broker has it. `sent` is called when it leaves. */
  publish(message: Message, sent: () => void = () => {}): Promise<void> {
    return new Promise((done, failed) => {
      if (!this.#up) return failed(new LinkDown(false, this.#why));
      if (new TextEncoder().encode(message.payload).byteLength + HEAD > this.#largest) {
        return failed(new InvalidCall("the call is larger than the broker takes"));
      }
      this.#jobs.push({ message, sent, done, failed });
      this.#pump();
    });
  }

  /** Says goodbye to the broker. */
  close(): void {
    const client = this.#client;
    this.#closed = true;
    clearTimeout(this.#retry);
    if (client !== undefined) this.#lost(client, "closed");
    else this.#wake();
  }

  #open(): void {
    const { session, user, password, version, keepAlive } = this.#settings;
    const options: IClientOptions = {
      clientId: session,
      protocolVersion: version,
      clean: true,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      keepalive: Math.min(65_535, Math.ceil(keepAlive / 1_000)),
      connectTimeout: CONNECT_TIMEOUT,
    };
    if (user !== undefined) options.username = user;
    if (password !== undefined) options.password = password;
    let client: MqttClient;
    try {
      client = mqtt.connect(this.#url, options);
    } catch (error) {
      this.#why = String(error);
      this.#again();
      return;
    }
    this.#client = client;
    client.on("connect", (connack) => {
      this.#window = Math.min(connack.properties?.receiveMaximum ?? WINDOW, WINDOW);
      this.#largest = connack.properties?.maximumPacketSize ?? Infinity;
      this.#subscribe(client);
    });
    client.on("message", (topic, payload, packet) => {
      if (client === this.#client)
        this.#hooks.message(topic, payload, packet.retain, packet.properties?.correlationData);
    });
    client.on("disconnect", (packet) =>
      this.#lost(client, `the broker ended it (${packet.reasonCode ?? 0})`),
    );
    client.on("error", (error) => this.#lost(client, error.message || "the broker cannot be reached"));
    client.on("close", () => this.#lost(client, "the connection broke"));
  }

  #subscribe(client: MqttClient): void {
    const { own, others } = this.#topics;
    const refused = new Set<string>();
    let open = 2;
    const timer = setTimeout(
      () => this.#lost(client, "the subscriptions were not answered"),
      CONNECT_TIMEOUT,
    );
    const ask = (topics: Topics["others"]): void => {
      client.subscribe(topics, (error, _, packet) => {
        open -= 1;
        if (open === 0 || client !== this.#client) clearTimeout(timer);
        if (client !== this.#client) return;
        const codes = packet?.granted;
        if (codes === undefined) return this.#lost(client, error?.message ?? "no subscription was granted");
        for (const [index, topic] of Object.keys(topics).entries()) {
          if (Number(codes[index] ?? 128) >= 128) refused.add(topic);
        }
        if (open > 0) return;
        if (refused.has(own)) return this.#lost(client, `the broker refuses the subscription to ${own}`);
        this.#since = performance.now();
        this.#up = true;
        this.#hooks.up(refused);
        this.#wake();
      });
    };
    ask(others);
    ask({ [own]: { qos: this.#settings.qos } });
  }

  /** The connection is over, whoever says so first. */
  #lost(client: MqttClient, why: string): void {
    if (client !== this.#client) return;
    const was = this.#up;
    if (was && performance.now() - this.#since > STABLE) this.#failures = 0;
    this.#client = undefined;
    this.#up = false;
    this.#why = why;
    // A farewell is for a connection that has nothing else to say; it would wait for what is under way.
    client.end(!(this.#closed && was && this.#underWay === 0));
    const unsent = this.#jobs;
    this.#jobs = [];
    this.#underWay = 0;
    for (const job of unsent) job.failed(new LinkDown(false, why));
    this.#hooks.down(why, was);
    if (this.#closed) this.#wake();
    else this.#again();
  }

  #again(): void {
    const { reconnectMin, reconnectMax, random } = this.#settings;
    const wait = Math.min(reconnectMax, reconnectMin * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    // Half of it is random, so that not all clients come back to a broker at once.
    this.#retry = setTimeout(() => this.#open(), wait * (0.5 + random() / 2));
  }

  #wake(): void {
    for (const end of [...this.#waiting]) end();
  }

  #pump(): void {
    const client = this.#client;
    while (client !== undefined && this.#underWay < this.#window) {
      const job = this.#jobs.shift();
      if (job === undefined) return;
      this.#underWay += 1;
      job.sent();
      client.publish(job.message.topic, job.message.payload, this.#properties(job.message), (error) => {
        if (client !== this.#client) return job.failed(new LinkDown(true, this.#why));
        this.#underWay -= 1;
        if (error) job.failed(new InvalidCall(`the broker does not take it: ${error.message}`));
        else job.done();
        this.#pump();
      });
    }
  }

  #properties({ responseTopic, correlation, expiry, user }: Message): IClientPublishOptions {
    const { qos, version } = this.#settings;
    if (version === 4) return { qos };
    const properties: NonNullable<IClientPublishOptions["properties"]> = {};
    if (responseTopic !== undefined) properties.responseTopic = responseTopic;
    // A text is written as it is; browsers have no Buffer to make one of.
    if (correlation !== undefined) properties.correlationData = correlation as unknown as Buffer;
    if (expiry !== undefined) properties.messageExpiryInterval = expiry;
    if (user !== undefined) properties.userProperties = user;
    return { qos, properties };
  }
}

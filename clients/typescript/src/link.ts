// The connection to the broker, over WebSocket or TCP. mqtt.js reconnects by itself; here it is kept from
// sending anything again: what was open when a connection broke has ended for whoever called.

import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import type { Settled } from "./options.js";

/** What a link tells. */
export interface Ears {
  up(): void;
  message(topic: string, payload: Uint8Array, packet: IPublishPacket): void;
  lost(): void;
}

/** What goes beside a payload; MQTT 5 only. */
export interface Extras {
  correlation: string;
  expiry: number | undefined;
  traceparent: string;
}

export class Link {
  readonly #client: MqttClient;
  readonly #v5: boolean;
  readonly #qos: 0 | 1;
  readonly #waiting = new Set<(up: boolean) => void>();
  #up = false;
  /** What went wrong last; not free of what a broker says. */
  problem: string | undefined;

  constructor(
    url: string,
    options: Settled,
    private readonly replyTo: string,
    private readonly wanted: Record<string, { qos: 0 | 1 }>,
    private readonly ears: Ears,
  ) {
    this.#v5 = options.protocolVersion === 5;
    this.#qos = options.qos;
    const how: IClientOptions = {
      protocolVersion: options.protocolVersion,
      clientId: options.session,
      clean: true,
      // Subscriptions are made here, in an order that means something.
      resubscribe: false,
      queueQoSZero: false,
      reconnectPeriod: 500,
      keepalive: 15,
      ...(options.username === undefined ? {} : { username: options.username }),
      ...(options.password === undefined ? {} : { password: options.password }),
    };
    this.#client = mqtt.connect(url, how);
    this.#client.on("connect", () => void this.#subscribe());
    this.#client.on("message", (topic, payload, packet) => this.ears.message(topic, payload, packet));
    this.#client.on("error", (error) => {
      this.problem = error.message;
    });
    this.#client.on("close", () => this.#down());
  }

  get up(): boolean {
    return this.#up;
  }

  /** What a broker may refuse first: one that works in order has then told all that it keeps. */
  async #subscribe(): Promise<void> {
    const connection = this.#client.stream;
    try {
      if (Object.keys(this.wanted).length > 0) await this.#client.subscribeAsync(this.wanted).catch(() => []);
      const granted = await this.#client.subscribeAsync(this.replyTo, { qos: this.#qos });
      if (granted.some((grant) => grant.qos >= 128)) throw new Error(`subscription to ${this.replyTo} refused`);
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      return;
    }
    if (this.#client.stream !== connection || !this.#client.connected) return;
    this.#up = true;
    this.problem = undefined;
    this.ears.up();
    this.#settle(true);
  }

  #down(): void {
    // With QoS 1 it would send again what was not acknowledged.
    for (const id of Object.keys(this.#client.outgoing)) this.#client.removeOutgoingMessage(Number(id));
    if (!this.#up) return;
    this.#up = false;
    this.ears.lost();
  }

  #settle(up: boolean): void {
    for (const waiting of this.#waiting) waiting(up);
    this.#waiting.clear();
  }

  /** Waits until the link is up, at most so long; whether it is. */
  ready(wait: number): Promise<boolean> {
    if (this.#up) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settled = (up: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(settled);
        resolve(up);
      };
      const timer = setTimeout(() => settled(false), Math.max(0, wait));
      this.#waiting.add(settled);
    });
  }

  /** Publishes; what does not go out now never does. */
  send(topic: string, payload: string, extras?: Extras): void {
    const properties =
      extras === undefined || !this.#v5
        ? {}
        : {
            properties: {
              payloadFormatIndicator: true,
              contentType: "application/json",
              responseTopic: this.replyTo,
              // Its types ask for Node's Buffer; any Uint8Array is written.
              correlationData: new TextEncoder().encode(extras.correlation) as Buffer,
              userProperties: { traceparent: extras.traceparent },
              ...(extras.expiry === undefined ? {} : { messageExpiryInterval: extras.expiry }),
            },
          };
    this.#client.publish(topic, payload, { qos: this.#qos, ...properties }, () => undefined);
  }

  /** Says goodbye. */
  async close(): Promise<void> {
    this.#settle(false);
    await this.#client.endAsync();
  }
}

// A broker that does what no real one does on demand: refuses single subscriptions, takes messages
// without acknowledging them, names a Receive Maximum.

import { createServer } from "node:net";
import packets from "mqtt-packet";

export class FakeBroker {
  /** What the clients published, with the number of the connection. */
  published = [];
  connections = 0;
  /** The code of a subscription. */
  grants = () => 1;
  /** Whether messages are acknowledged. */
  acknowledges = true;
  /** What it sends after a SUBACK, as pairs of topic and document. */
  greets = [];
  /** Properties of its CONNACK over MQTT 5. */
  properties = {};
  #sockets = new Set();
  #unacknowledged = [];

  static async start(test) {
    const broker = new FakeBroker();
    const server = createServer((socket) => broker.#serve(socket));
    await new Promise((then) => server.listen(0, "127.0.0.1", then));
    broker.url = `mqtt://127.0.0.1:${server.address().port}`;
    test.after(() => {
      broker.cut();
      server.close();
    });
    return broker;
  }
  /** Breaks all connections. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
    this.#unacknowledged = [];
  }
  /** Acknowledges the oldest message that is not yet. */
  acknowledge() {
    this.#unacknowledged.shift()?.();
  }
  #serve(socket) {
    const connection = (this.connections += 1);
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    let version = 5;
    const send = (packet) =>
      socket.writable && socket.write(packets.generate(packet, { protocolVersion: version }));
    const parser = packets.parser();
    parser.on("packet", (packet) => {
      if (packet.cmd === "connect") {
        version = packet.protocolVersion;
        const of = version === 5 ? { properties: this.properties } : {};
        send({ cmd: "connack", reasonCode: 0, returnCode: 0, sessionPresent: false, ...of });
      } else if (packet.cmd === "subscribe") {
        send({
          cmd: "suback",
          messageId: packet.messageId,
          granted: packet.subscriptions.map((it) => this.grants(it.topic, version)),
        });
        for (const [topic, document] of this.greets) {
          send({ cmd: "publish", qos: 0, topic, payload: JSON.stringify(document) });
        }
      } else if (packet.cmd === "publish") {
        const { topic, dup, messageId } = packet;
        this.published.push({ topic, dup, connection, request: JSON.parse(packet.payload) });
        const acknowledge = () => send({ cmd: "puback", messageId, ...(version === 5 ? { reasonCode: 0 } : {}) });
        // With QoS 0 nobody waits for that.
        if (packet.qos > 0) {
          if (this.acknowledges) acknowledge();
          else this.#unacknowledged.push(acknowledge);
        }
        const answer = this.answer?.(this.published.at(-1));
        if (answer)
          send({
            cmd: "publish",
            qos: 0,
            topic: this.published.at(-1).request.replyTo,
            payload: JSON.stringify(answer),
          });
      } else if (packet.cmd === "pingreq") {
        send({ cmd: "pingresp" });
      }
    });
    parser.on("error", () => socket.destroy());
    socket.on("data", (data) => parser.parse(data));
  }
}

// The npm package mqtt-json-rpc as its README uses it: `node mqtt-json-rpc.mjs PORT [json|cbor|msgpack]`.

import { createRequire } from "node:module"
import { connect, counted, doer, done } from "./count.mjs"

const RPC = createRequire(import.meta.url)("mqtt-json-rpc")
const [port, encoding = "json"] = process.argv.slice(2)

const [near, far] = [await connect(port), await connect(port)]
const server = new RPC(far, { encoding })
const client = new RPC(near, { encoding })

await server.register("example/hello", (a, b) => `${a}:${b}`)
await server.register("example/nothing", () => null)
await server.register("example/broken", () => {
    throw new Error("out of order")
})

const outcome = (call) => call.then(() => "ok", (error) => doer(error.code))
// One after the other, then many at once: the package calls with QoS 2, and Mosquitto takes no more
// than 20 such messages on their way from one client.
for (let at = 0; at < 8; at += 1) {
    await counted(outcome(client.call("example/hello", "world", at)))
    await counted(outcome(client.call("example/nothing")))
}
const many = Array.from({ length: 10 }, (_, at) => client.call("example/hello", "again", at))
const bad = Array.from({ length: 6 }, () => client.call("example/broken"))
await Promise.all([...many, ...bad].map((call) => counted(outcome(call))))
client.notify("example/hello", "nobody", 1)
// What is sent on one connection is delivered in order: a last call is behind the notification.
await counted(outcome(client.call("example/hello", "last", 0)))
done(near, far)

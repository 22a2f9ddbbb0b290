// The npm package jayson, whose JSON-RPC server and client know no transport, over MQTT 5: calls on
// calc/<service>, answers where the Response Topic says, under the Correlation Data of the call.

import { randomBytes } from "node:crypto"
import { createRequire } from "node:module"
import { connect, counted, doer, done } from "./count.mjs"

const jayson = createRequire(import.meta.url)("jayson")
const [port] = process.argv.slice(2)
const [near, far] = [await connect(port), await connect(port)]

const server = new jayson.Server({
    add: ([a, b], done) => done(null, a + b),
    divide: ([a, b], done) => (b === 0 ? done({ code: 7, message: "by zero" }) : done(null, a / b)),
    broken: (_, done) => done(server.error(-32603)),
})
await far.subscribeAsync("calc/+", { qos: 1 })
far.on("message", (_, payload, { properties }) => {
    server.call(JSON.parse(payload), (error, answer) => {
        const { responseTopic, correlationData } = properties
        const body = JSON.stringify(error ?? answer)
        far.publish(responseTopic, body, { qos: 1, properties: { correlationData } })
    })
})

const waiting = new Map()
const answers = `answers/${randomBytes(4).toString("hex")}`
await near.subscribeAsync(answers, { qos: 1 })
near.on("message", (_, payload, { properties }) => {
    const key = properties.correlationData.toString("hex")
    waiting.get(key)(null, payload.toString())
    waiting.delete(key)
})
const client = new jayson.Client.browser((request, callback) => {
    const correlationData = randomBytes(8)
    waiting.set(correlationData.toString("hex"), callback)
    const properties = { responseTopic: answers, correlationData }
    near.publish(`calc/${JSON.parse(request).method}`, request, { qos: 1, properties })
}, {})

const call = (method, params) =>
    new Promise((settle) => {
        client.request(method, params, (_, error, __) => settle(error ? doer(error.code) : "ok"))
    })
for (let at = 0; at < 10; at += 1) {
    await counted(call("add", [at, 1]))
    await counted(call("divide", [at, 0]))
}
const methods = ["add", "divide", "broken", "missing"]
const many = Array.from({ length: 32 }, (_, at) => call(methods[at % 4], [at, 2]))
await Promise.all(many.map(counted))
done(near, far)

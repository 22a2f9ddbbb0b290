// MQTT.js alone: request and response of MQTT 5 with payloads that are no JSON, some requests
// without Correlation Data, amid telemetry that nobody asked for.

import { connect, counted, done } from "./count.mjs"

const [port] = process.argv.slice(2)
const [near, far] = [await connect(port), await connect(port)]

await far.subscribeAsync("plant/+/set", { qos: 1 })
far.on("message", (topic, payload, { properties }) => {
    const { responseTopic, correlationData } = properties
    far.publish("plant/telemetry", JSON.stringify({ id: 7, result: payload.length }))
    const told = correlationData ? { correlationData } : {}
    far.publish(responseTopic, `done ${topic}`, { qos: 1, properties: told })
})

const waiting = new Map()
await near.subscribeAsync("reply/panel/#", { qos: 1 })
near.on("message", (topic, _, { properties }) => {
    const key = properties?.correlationData?.toString() ?? topic
    waiting.get(key)("ok")
    waiting.delete(key)
})
const call = (device, key) =>
    new Promise((settle) => {
        const responseTopic = key ? "reply/panel" : `reply/panel/${device}`
        const properties = key ? { responseTopic, correlationData: Buffer.from(key) } : { responseTopic }
        waiting.set(key ?? responseTopic, settle)
        near.publish(`plant/${device}/set`, "\u0001\u0002", { qos: 1, properties })
    })
for (let at = 0; at < 6; at += 1) {
    await counted(call("pump"))
    await counted(call("valve", `k${at}`))
}
const many = Array.from({ length: 24 }, (_, at) => call(`tank${at % 3}`, `m${at}`))
await Promise.all(many.map(counted))
done(near, far)

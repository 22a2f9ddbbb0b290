// What the client side saw of its calls, printed as one line of JSON when all are settled.

import { connectAsync } from "mqtt"

const seen = { calls: 0, ok: 0, rejected: 0, failed: 0 }

/** A connection to the broker on this port; MQTT 5 unless told otherwise. */
export const connect = (port, protocolVersion = 5) =>
    connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion, reconnectPeriod: 0 })

/** Counts a call by what comes of it: `outcome` tells an error's doer from its code. */
export const counted = async (call) => {
    seen.calls += 1
    seen[await call] += 1
}

/** Whose doing an error code is, as the profile has it: -100 is what mqtt-json-rpc answers when a method throws. */
export const doer = (code) => ([-32603, -100].includes(code) ? "failed" : "rejected")

/** Prints what was seen and ends. */
export const done = (...clients) => {
    console.log(JSON.stringify(seen))
    clients.forEach((client) => client.end(true))
}

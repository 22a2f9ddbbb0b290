"""PyPI aiomqtt: request and response of MQTT 5 with JSON-RPC in it, errors among the answers."""

import asyncio
import json
import sys

from aiomqtt import Client, ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PORT = int(sys.argv[1])


def client(name):
    return Client("127.0.0.1", PORT, identifier=name, protocol=ProtocolVersion.V5)


def properties(**members):
    made = Properties(PacketTypes.PUBLISH)
    for name, value in members.items():
        setattr(made, name, value)
    return made


async def serve(ready):
    async with client("aio-server") as server:
        await server.subscribe("store/+", qos=1)
        ready.set()
        async for message in server.messages:
            call = json.loads(message.payload)
            answer = {"jsonrpc": "2.0", "id": call["id"]}
            match call["method"]:
                case "get":
                    answer["result"] = 1
                case "put":
                    answer["error"] = {"code": -32003, "message": "not allowed"}
                case _:
                    answer["error"] = {"code": -32603, "message": "broken"}
            asked = message.properties
            told = properties(CorrelationData=asked.CorrelationData)
            body = json.dumps(answer)
            await server.publish(asked.ResponseTopic, body, qos=1, properties=told)


async def main():
    ready = asyncio.Event()
    server = asyncio.create_task(serve(ready))
    await ready.wait()
    seen = {"calls": 0, "ok": 0, "rejected": 0, "failed": 0}
    async with client("aio-caller") as caller:
        await caller.subscribe("inbox/aio", qos=1)
        for at in range(40):
            body = {"jsonrpc": "2.0", "id": at, "method": ("get", "get", "put", "break")[at % 4]}
            asked = properties(ResponseTopic="inbox/aio", CorrelationData=f"c{at}".encode())
            await caller.publish("store/books", json.dumps(body), qos=1, properties=asked)
            seen["calls"] += 1
            answer = json.loads((await anext(caller.messages)).payload)
            code = answer.get("error", {}).get("code")
            seen["ok" if code is None else "failed" if code == -32603 else "rejected"] += 1
    server.cancel()
    print(json.dumps(seen))


asyncio.run(main())

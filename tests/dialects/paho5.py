"""PyPI paho-mqtt: request and response of MQTT 5, several requests on their way at once."""

import json
import sys
import threading

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

port = int(sys.argv[1])


def connect(name, topic, on_message):
    """A client that is subscribed when this returns."""
    ready = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
    client.on_connect = lambda *_: client.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(10)
    return client


def properties(**members):
    made = Properties(PacketTypes.PUBLISH)
    for name, value in members.items():
        setattr(made, name, value)
    return made


def serve(client, _, message):
    asked = message.properties
    told = properties(CorrelationData=asked.CorrelationData)
    client.publish(asked.ResponseTopic, message.payload[::-1], qos=1, properties=told)


waiting, lock = {}, threading.Lock()


def settle(_, __, message):
    with lock:
        waiting.pop(bytes(message.properties.CorrelationData)).set()


server = connect("paho-server", "tools/+/run", serve)
caller = connect("paho-caller", "inbox/paho", settle)
calls = ok = 0
for burst in (1, 1, 1, 20, 20):
    events = []
    for at in range(burst):
        key = f"{calls}".encode()
        events.append(threading.Event())
        with lock:
            waiting[key] = events[-1]
        asked = properties(ResponseTopic="inbox/paho", CorrelationData=key)
        caller.publish(f"tools/drill{at % 2}/run", b"abc", qos=1, properties=asked)
        calls += 1
    ok += sum(event.wait(10) for event in events)
print(json.dumps({"calls": calls, "ok": ok, "rejected": 0, "failed": 0}))
for client in (server, caller):
    client.disconnect()
    client.loop_stop()

//! The AsyncAPI 3.0.0 document: every topic that lookout publishes or hears, seen from lookout.
//!
//! It needs nothing beside itself: schemas are within it, and no reference leads out. What it says is
//! the default; addresses of calls and replies, the envelope and the quality of service with which
//! lookout subscribes are settings. `$ref` hides what stands beside it in the drafts that tools for
//! AsyncAPI go by, so that some members have no description of their own there.

use super::contract::{CHANNELS, CONTRACTS, Channel, Contract, PARAMETERS, SUBSCRIBED, Side};
use super::make::{schema, within};
use super::{HOME, VERSION};
use crate::wire::schema::EVENTS;
use serde_json::{Map, Value, json};

/// The version of the MQTT bindings.
const BINDING: &str = "0.2.0";

/// What is heard or said without a contract of lookout: its name, what it is, its schema.
const FOREIGN: [(&str, &str, &str); 3] = [
    ("cleared", "Nothing: the retained document is cleared", r#"{"type":"string","maxLength":0}"#),
    ("anything", "Whatever it is: it is counted and not read", "{}"),
    ("figure", "A figure of the broker, as text", r#"{"type":"string"}"#),
];

/// The document.
pub(super) fn document() -> Value {
    let mut schemas = Map::new();
    let mut messages = Map::new();
    for contract in CONTRACTS.iter().filter(|contract| !contract.channels.is_empty()) {
        let schema = within(schema(contract), "#/components/schemas/", &mut schemas);
        schemas.insert(contract.name.to_owned(), schema);
        messages.insert(contract.name.to_owned(), message(contract));
    }
    for (name, title, payload) in FOREIGN {
        let payload: Value = serde_json::from_str(payload).unwrap_or_default();
        let message = json!({ "title": title, "contentType": "text/plain", "payload": payload });
        messages.insert(name.to_owned(), message);
    }
    schemas.insert("cloudEvent".to_owned(), cloud_event());
    let channels: Map<_, _> =
        CHANNELS.iter().map(|it| (it.key.to_owned(), of_channel(it))).collect();
    json!({
        "asyncapi": "3.0.0",
        "id": format!("{HOME}v{VERSION}/asyncapi.yaml"),
        "info": info(),
        "defaultContentType": "application/json",
        "servers": {
            "broker": server("mqtt", "1883", "The broker that is observed, without TLS."),
            "brokerTls": server("mqtts", "8883", "The same over TLS."),
        },
        "channels": channels,
        "operations": operations(),
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {
                "userPassword": {
                    "type": "userPassword",
                    "description": "`broker.user` and `broker.password_file`.",
                },
                "certificate": {
                    "type": "X509",
                    "description": "`broker.cert_file` and `broker.key_file`, over TLS.",
                },
            },
        },
    })
}

fn info() -> Value {
    json!({
        "title": "lookout",
        "version": format!("{VERSION}.0.0"),
        "description": "What lookout publishes on the broker that it observes, and what it hears there. The \
                        first number of the version changes when something that worked may not any longer; \
                        members may be added at any time. Documents of events are JSON-RPC 2.0 notifications; \
                        with `events.envelope = \"bare\"` only what is `params` here is published.",
        "license": { "name": "MIT OR Apache-2.0" },
    })
}

fn server(protocol: &str, port: &str, meaning: &str) -> Value {
    let mut security = vec![json!({ "$ref": "#/components/securitySchemes/userPassword" })];
    if protocol == "mqtts" {
        security.push(json!({ "$ref": "#/components/securitySchemes/certificate" }));
    }
    json!({
        "host": "{host}:{port}",
        "protocol": protocol,
        "protocolVersion": "5",
        "description": format!("{meaning} MQTT 3.1.1 works as well (`broker.protocol`)."),
        "variables": {
            "host": { "description": "Where the broker is.", "default": "localhost" },
            "port": { "description": "Its port.", "default": port },
        },
        "security": security,
        "bindings": {
            "mqtt": {
                "clientId": "lookout-1",
                "lastWill": {
                    "topic": "system/{cluster}/observer/{id}",
                    "qos": 1,
                    "retain": true,
                    "message": "{\"online\":false,\"timestamp\":0}",
                },
                "bindingVersion": BINDING,
            },
        },
    })
}

/// The names of the messages of a channel.
fn messages_of(channel: &Channel) -> Vec<&'static str> {
    let here = |contract: &&Contract| contract.channels.contains(&channel.key);
    let mut names: Vec<_> = CONTRACTS.iter().filter(here).map(|contract| contract.name).collect();
    match channel.key {
        "circuit" | "service" | "action" => names.push("cleared"),
        "broker" => names.push("figure"),
        _ if names.is_empty() => names.push("anything"),
        _ => {}
    }
    names
}

fn of_channel(channel: &Channel) -> Value {
    let of = |name| (name, json!({ "$ref": format!("#/components/messages/{name}") }));
    let messages: Map<_, _> =
        messages_of(channel).into_iter().map(of).map(|(name, it)| (name.to_owned(), it)).collect();
    let mut out = json!({
        "address": channel.address,
        "description": channel.meaning,
        "messages": messages,
    });
    let asked = |name: &&str| channel.address.is_some_and(|it| it.contains(&format!("{{{name}}}")));
    let parameters: Map<_, _> = PARAMETERS
        .iter()
        .filter(|(name, ..)| asked(name))
        .map(|(name, meaning, example)| {
            ((*name).to_owned(), json!({ "description": meaning, "examples": [example] }))
        })
        .collect();
    if !parameters.is_empty() {
        out["parameters"] = parameters.into();
    }
    out
}

fn operations() -> Value {
    let mut operations = Map::new();
    // Where each message says where it goes, it is the reply of an operation.
    for channel in CHANNELS.iter().filter(|channel| channel.address.is_some()) {
        let (first, rest) = channel.key.split_at(1);
        let name = format!("{}{rest}", first.to_ascii_uppercase());
        if channel.sent {
            operations.insert(format!("send{name}"), operation(channel, true));
        }
        if channel.heard {
            operations.insert(format!("receive{name}"), operation(channel, false));
        }
    }
    operations.into()
}

fn operation(channel: &Channel, sends: bool) -> Value {
    let of = |key: &str, name: &str| json!({ "$ref": format!("#/channels/{key}/messages/{name}") });
    let messages: Vec<_> =
        messages_of(channel).into_iter().map(|name| of(channel.key, name)).collect();
    let qos = if sends { channel.qos } else { SUBSCRIBED };
    let mut mqtt = json!({ "qos": qos, "bindingVersion": BINDING });
    if sends {
        mqtt["retain"] = channel.retain.into();
    }
    let mut operation = json!({
        "action": if sends { "send" } else { "receive" },
        "channel": { "$ref": format!("#/channels/{}", channel.key) },
        "summary": channel.meaning,
        "messages": messages,
        "bindings": { "mqtt": mqtt },
    });
    if channel.key == "calls" {
        operation["description"] = "Only with `direct_answers`, and only in place of a service that will not \
                                    answer, lookout replies itself. A Response Topic of MQTT 5 comes before \
                                    `replyTo`; then the reply carries the Correlation Data of the call."
            .into();
        operation["reply"] = json!({
            "address": {
                "description": "Where the caller awaits its reply.",
                "location": "$message.payload#/replyTo",
            },
            "channel": { "$ref": "#/channels/directAnswers" },
            "messages": [of("directAnswers", "direct_answer")],
        });
    }
    operation
}

fn message(contract: &Contract) -> Value {
    let reference = json!({ "$ref": format!("#/components/schemas/{}", contract.name) });
    let is_event = EVENTS.contains(&contract.name);
    let payload = if is_event { wrapped(contract.name, &reference) } else { reference };
    let example = |(name, text): &(&str, &str)| {
        let payload: Value = serde_json::from_str(text).unwrap_or_default();
        json!({ "name": name, "payload": payload })
    };
    let mut message = json!({
        "title": contract.title,
        "summary": contract.description,
        "contentType": "application/json",
        "payload": payload,
        "examples": contract.samples.iter().map(example).collect::<Vec<_>>(),
    });
    if is_event {
        message["headers"] = json!({ "$ref": "#/components/schemas/cloudEvent" });
    }
    let id = match contract.name {
        "request" | "reply" | "direct_answer" => Some("id"),
        "service_call" => Some("messageId"),
        _ => None,
    };
    if let Some(id) = id {
        message["correlationId"] = json!({ "location": format!("$message.payload#/{id}") });
    }
    if contract.side == Side::Read {
        message["tags"] = json!([{ "name": "heard" }]);
    }
    message
}

/// An event in its envelope.
fn wrapped(name: &str, params: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["jsonrpc", "method", "params"],
        "properties": {
            "jsonrpc": { "const": "2.0" },
            "method": { "const": name },
            "params": params,
        },
        "not": { "required": ["id"] },
    })
}

/// The user properties of an event over MQTT 5.
fn cloud_event() -> Value {
    let text = |meaning: &str| json!({ "description": meaning, "type": "string" });
    json!({
        "description": "CloudEvents 1.0 attributes as MQTT 5 user properties; absent over MQTT 3.1.1.",
        "type": "object",
        "properties": {
            "specversion": { "description": "The version of CloudEvents.", "const": "1.0" },
            "id": text("Unique among the events of its source; the same on every topic of one event."),
            "source": text("`/lookout/{cluster}/{id}`, percent-encoded."),
            "type": text("The type of the document."),
            "time": text("When it happened, in RFC 3339."),
            "subject": text("The service, component or pair that it is about."),
        },
    })
}

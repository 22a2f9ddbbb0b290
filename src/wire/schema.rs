//! The shapes of what this room reads and writes, by name: what JSON Schemas are made of.
//!
//! A shape is what its type says. What a type cannot say is added here: the name of a document, which
//! is a member of it, and the reasons that belong to one of two documents of the same type.

use super::calling::{Reply, Request, ServiceCall};
use super::capture::Line;
use super::comparison::Comparison;
use super::documents::{
    ActionRequest, AlertDocument, BadNews, Cascade, Circuit, ComponentError, ComponentRecovered,
    HealthDocument, NoticeDocument, PairDeaf, Recovered, RemedyAction, SecurityAction,
    SecurityAlert, ServiceVerdict,
};
use super::presence::{Presence, Song};
use super::summary::Summary;
use crate::observer::verdict::Reason;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

/// The documents of events: `method` of their envelope and `type` of themselves.
pub const EVENTS: [&str; 14] = [
    "service_unavailable",
    "service_degraded",
    "service_recovered",
    "circuit_breaker",
    "cascading_failure_prevented",
    "pair_deaf",
    "infrastructure_error",
    "infrastructure_recovered",
    "service_verdict",
    "health",
    "remedy_action",
    "security_alert",
    "security_action",
    "alert",
];

/// The shape of a document; `None` if this room knows none of that name. The generator has to be
/// for reading or for writing, as the shape is.
pub fn shape(name: &str, generator: &mut SchemaGenerator) -> Option<Schema> {
    let mut schema = match name {
        "service_unavailable" | "service_degraded" => BadNews::json_schema(generator),
        "service_recovered" => Recovered::json_schema(generator),
        "circuit_breaker" => Circuit::json_schema(generator),
        "cascading_failure_prevented" => Cascade::json_schema(generator),
        "pair_deaf" => PairDeaf::json_schema(generator),
        "infrastructure_error" => ComponentError::json_schema(generator),
        "infrastructure_recovered" => ComponentRecovered::json_schema(generator),
        "service_verdict" => ServiceVerdict::json_schema(generator),
        "health" => HealthDocument::json_schema(generator),
        "remedy_action" => RemedyAction::json_schema(generator),
        "security_alert" => SecurityAlert::json_schema(generator),
        "security_action" => SecurityAction::json_schema(generator),
        "security_action_request" => ActionRequest::json_schema(generator),
        "alert" => AlertDocument::json_schema(generator),
        "alert_notification" => NoticeDocument::json_schema(generator),
        "direct_answer" => super::answer::shape(generator),
        "observer" => Presence::json_schema(generator),
        "canary" => Song::json_schema(generator),
        "request" => Request::json_schema(generator),
        "service_call" => ServiceCall::json_schema(generator),
        "reply" => Reply::json_schema(generator),
        "traffic_line" => Line::shape(generator),
        "replay_comparison" => Comparison::json_schema(generator),
        "replay_summary" => Summary::json_schema(generator),
        _ => return None,
    };
    if EVENTS.contains(&name)
        && let Some(kind) = member(&mut schema, "type")
    {
        kind.retain(|key, _| key == "description");
        kind.insert("const".to_owned(), name.into());
    }
    if let Some(reason) = member(&mut schema, "reason") {
        match name {
            "service_unavailable" => open(reason),
            "service_degraded" => closed(reason),
            _ => {}
        }
    }
    Some(schema)
}

/// Platforms have words of their own for why a replica fails.
fn open(reason: &mut Map<String, Value>) {
    let names = Reason::UNAVAILABLE.iter().map(Reason::name).chain(["pod_restart_loop"]);
    reason.insert("examples".to_owned(), names.collect());
    let meaning = "What is wrong. `no_subscriber`: the broker says that nobody listens to its topic. \
                   May be any other word: the cause of the last failure as the platform names it, \
                   such as `pod_restart_loop`.";
    reason.insert("description".to_owned(), meaning.into());
}

/// lookout alone says how a service that answers is not as it should be.
fn closed(reason: &mut Map<String, Value>) {
    reason.retain(|key, _| key == "description");
    reason.insert("enum".to_owned(), Reason::DEGRADED.iter().map(Reason::name).collect());
}

fn member<'s>(schema: &'s mut Schema, name: &str) -> Option<&'s mut Map<String, Value>> {
    schema.get_mut("properties")?.get_mut(name)?.as_object_mut()
}

//! Traced calls as spans of OpenTelemetry, under its semantic conventions 1.45.
//!
//! A call is up to two spans: one of its caller (CLIENT), one of its service (SERVER), so that tools
//! that draw maps of services from pairs of them do. What nobody saw is not said: a call without a reply
//! has a SERVER span only if its service was seen at work on it, and one that wants none is a PRODUCER span
//! of no length. A status is an error or unset, and a rejection, or that a reply did not come in time, is an
//! error of the caller's side alone, as with gRPC. Texts of strangers are
//! attributes as they were written, cut by whoever saw them; a description is in our own words.

use crate::observer::Instant;
use crate::observer::call::{Outcome, SERVICE_UNAVAILABLE};
use crate::observer::errors::Code;
use crate::observer::trace::{Beside, End, SAMPLED, SpanId, Traced};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, SpanFlags, Status};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The conventions that names follow.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.45.0";
/// What stands for what is not known (`rpc.method`) or not told apart (`error.type`).
const OTHER: &str = "_OTHER";
/// The service that lookout itself is, where it answers in another's place.
const LOOKOUT: &str = "lookout";

/// What a call's spans say beside what was seen of it.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    /// `service.namespace`.
    pub(super) cluster: String,
    /// `service.name` of callers that are no known service.
    pub(super) callers: Arc<str>,
    /// The template of calls of each pair.
    pub(super) pairs: Vec<String>,
    /// The broker: host and port.
    pub(super) broker: (String, u16),
    /// Whether services have spans of their own.
    pub(super) server_spans: bool,
}

/// Which side of a call a span is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
    Producer,
}

/// How a call ended, as its spans say it.
struct Ending {
    outcome: &'static str,
    /// What the answer said.
    code: Option<i64>,
    /// What went wrong, if something did.
    problem: Option<Problem>,
}

/// What went wrong.
struct Problem {
    /// `error.type`.
    sort: String,
    /// In our words.
    words: String,
    /// Whether it is an error on the service's side too.
    of_service: bool,
}

/// How many spans a call is.
pub(super) const fn count(end: &End, server_spans: bool) -> usize {
    match end {
        End::Answered(..) | End::Unanswered { worked: true } => 1 + server_spans as usize,
        _ => 1,
    }
}

impl Teller {
    /// Calls as what is posted to a collector, by service; and how many spans that is.
    pub(super) fn request(&self, calls: &[Traced]) -> (ExportTraceServiceRequest, u64) {
        let mut by_service = BTreeMap::<Arc<str>, Vec<Span>>::new();
        let mut count = 0;
        for call in calls {
            self.tell(call, |service, span| {
                count += 1;
                match by_service.get_mut(service) {
                    Some(spans) => spans.push(span),
                    None => drop(by_service.insert(service.clone(), vec![span])),
                }
            });
        }
        let resource_spans = by_service.into_iter().map(|(service, spans)| ResourceSpans {
            resource: Some(self.resource(&service)),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: LOOKOUT.to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans,
                schema_url: SCHEMA.to_owned(),
            }],
            schema_url: SCHEMA.to_owned(),
        });
        (ExportTraceServiceRequest { resource_spans: resource_spans.collect() }, count)
    }

    fn resource(&self, service: &str) -> Resource {
        let attributes =
            vec![text("service.name", service), text("service.namespace", &self.cluster)];
        Resource { attributes, ..Resource::default() }
    }

    /// Hands out each span of a call, with the service it belongs to.
    fn tell(&self, call: &Traced, mut take: impl FnMut(&Arc<str>, Span)) {
        let caller = call.caller.as_ref().unwrap_or(&self.callers);
        let ending = Ending::of(call);
        let client = |side| self.span(call, &ending, side, call.span);
        let server = |beside| self.span(call, &ending, Side::Server, call.span.beside(beside));
        match call.end {
            End::Answered(..) | End::Unanswered { .. } if !self.server_spans => {
                take(&call.service, client(Side::Client));
            }
            End::Answered(..) | End::Unanswered { worked: true } => {
                take(caller, client(Side::Client));
                take(&call.service, server(Beside::Server));
            }
            End::Unanswered { worked: false } => take(caller, client(Side::Client)),
            // The service's own was told when its time was up.
            End::Late { worked: true, .. } if self.server_spans => {
                take(&call.service, server(Beside::Late));
            }
            End::Late { .. } => take(&call.service, server(Beside::Server)),
            End::Direct(_) => take(&Arc::from(LOOKOUT), server(Beside::Direct)),
            End::OneWay | End::Unheard => take(caller, client(Side::Producer)),
        }
    }

    fn span(&self, call: &Traced, ending: &Ending, side: Side, id: SpanId) -> Span {
        let inner = side == Side::Server;
        let parent = if inner { Some(call.span) } else { call.parent };
        // A caller is another process than its service.
        let remote = inner || call.remote;
        let ended = if side == Side::Producer { call.made } else { call.ended };
        let flags = u32::from(call.flags | SAMPLED)
            | SpanFlags::ContextHasIsRemoteMask as u32
            | if remote { SpanFlags::ContextIsRemoteMask as u32 } else { 0 };
        let problem = ending.problem.as_ref().filter(|problem| !inner || problem.of_service);
        let status = problem.map(|problem| Status {
            message: problem.words.clone(),
            code: StatusCode::Error.into(),
        });
        let kind = match side {
            Side::Client => SpanKind::Client,
            Side::Server => SpanKind::Server,
            Side::Producer => SpanKind::Producer,
        };
        let method = method(call);
        Span {
            trace_id: call.trace.0.get().to_be_bytes().to_vec(),
            span_id: bytes(id),
            trace_state: call.state.as_deref().unwrap_or_default().to_owned(),
            parent_span_id: parent.map(bytes).unwrap_or_default(),
            flags,
            name: method.clone().unwrap_or_else(|| system(call).to_owned()),
            kind: kind.into(),
            start_time_unix_nano: nanos(call.made),
            end_time_unix_nano: nanos(ended.max(call.made)),
            attributes: self.attributes(call, (ending, problem), side, method),
            status,
            ..Span::default()
        }
    }

    fn attributes(
        &self,
        call: &Traced,
        (ending, problem): (&Ending, Option<&Problem>),
        side: Side,
        method: Option<String>,
    ) -> Vec<KeyValue> {
        let seen = &*call.seen;
        // As many as there can be.
        let mut all = Vec::with_capacity(24);
        all.push(text("rpc.system.name", system(call)));
        if method.is_none() {
            all.extend(seen.method().map(|it| text("rpc.method_original", it)));
        }
        all.push(attribute("rpc.method", Value::StringValue(method.unwrap_or(OTHER.to_owned()))));
        if seen.jsonrpc {
            all.push(text("jsonrpc.protocol.version", "2.0"));
            all.extend(seen.id().map(|it| text("jsonrpc.request.id", it)));
        }
        let code = ending.code.map(|it| it.to_string());
        all.extend(code.map(|it| text("rpc.response.status_code", &it)));
        all.extend(problem.map(|it| text("error.type", &it.sort)));
        all.push(text("messaging.system", "mqtt"));
        let (kind, name) =
            if side == Side::Server { ("process", "process") } else { ("send", "publish") };
        all.push(text("messaging.operation.type", kind));
        all.push(text("messaging.operation.name", name));
        all.extend(seen.topic().map(|it| text("messaging.destination.name", it)));
        let template = self.pairs.get(call.pair.index());
        all.extend(template.map(|it| text("messaging.destination.template", it)));
        all.extend(seen.operation().map(|it| text("messaging.message.conversation_id", it)));
        all.push(number("messaging.message.body.size", seen.bytes.into()));
        all.push(text("network.protocol.name", "mqtt"));
        if side != Side::Server {
            let (host, port) = &self.broker;
            all.push(text("server.address", host));
            all.push(number("server.port", (*port).into()));
            all.push(text("service.peer.name", &call.service));
            // Deprecated, and what the service maps of today look for.
            all.push(text("peer.service", &call.service));
        }
        all.push(text("lookout.outcome", ending.outcome));
        if matches!(call.end, End::Late { .. }) {
            all.push(attribute("lookout.late", Value::BoolValue(true)));
        }
        all
    }
}

impl Ending {
    fn of(call: &Traced) -> Self {
        match call.end {
            End::Answered(outcome, code) | End::Late { outcome, code, .. } => {
                Self::answered(outcome, code)
            }
            End::Unanswered { .. } => {
                let waited = call.ended.since(call.made).as_secs_f64();
                let problem = Problem {
                    sort: "timeout".to_owned(),
                    words: format!("no reply within {waited:.3} s"),
                    of_service: false,
                };
                let outcome = Outcome::Unanswered.name();
                Self { outcome, code: None, problem: Some(problem) }
            }
            End::Direct(_) => Self::answered(Outcome::Failed, Code::Number(SERVICE_UNAVAILABLE)),
            End::OneWay => Self { outcome: "one_way", code: None, problem: None },
            End::Unheard => Self { outcome: "unheard", code: None, problem: None },
        }
    }

    fn answered(outcome: Outcome, code: Code) -> Self {
        let code = if let Code::Number(code) = code { Some(code) } else { None };
        let problem = matches!(outcome, Outcome::Rejected | Outcome::Failed).then(|| Problem {
            sort: code.map_or(OTHER.to_owned(), |code| code.to_string()),
            words: code.map_or("an error without a code".to_owned(), |code| format!("code {code}")),
            of_service: outcome == Outcome::Failed,
        });
        Self { outcome: outcome.name(), code, problem }
    }
}

/// The method with its service, if it is known.
fn method(call: &Traced) -> Option<String> {
    call.method.as_ref().map(|method| format!("{}/{method}", call.service))
}

fn system(call: &Traced) -> &'static str {
    if call.seen.jsonrpc { "jsonrpc" } else { "mqtt" }
}

fn bytes(SpanId(id): SpanId) -> Vec<u8> {
    id.get().to_be_bytes().to_vec()
}

fn nanos(at: Instant) -> u64 {
    at.micros().saturating_mul(1_000)
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

#[cfg(test)]
#[path = "span_tests.rs"]
mod tests;

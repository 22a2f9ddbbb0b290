//! Calls of every kind as spans: each field of the contract, row by row.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::observer::answering::Why;
use crate::observer::call::PairId;
use crate::observer::trace::{Identity, Sighting, TEXT_BYTES};
use crate::observer::verdict::Reason;
use crate::trace::sample::{MADE, call};
use prost::Message;

fn teller(server_spans: bool) -> Teller {
    Teller {
        cluster: "shop".to_owned(),
        callers: "mqtt-callers".into(),
        pairs: vec!["service/{service}".to_owned()],
        broker: ("broker.example".to_owned(), 8_883),
        server_spans,
    }
}

/// The spans of a call, with the service of each.
fn told(teller: &Teller, call: &Traced) -> Vec<(String, Span)> {
    let mut told = Vec::new();
    teller.tell(call, |service, span| told.push((service.to_string(), span)));
    assert_eq!(told.len(), count(&call.end, teller.server_spans), "{:?}", call.end);
    told
}

/// An attribute as text.
fn get(span: &Span, key: &str) -> Option<String> {
    let mut found = span.attributes.iter().filter(|it| it.key == key);
    let value = found.next()?.value.clone()?.value?;
    assert!(found.next().is_none(), "{key} is there twice");
    Some(match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(flag) => flag.to_string(),
        other => panic!("{other:?}"),
    })
}

fn late(outcome: Outcome, code: Code, worked: bool) -> End {
    End::Late { outcome, code, worked }
}

fn direct() -> End {
    End::Direct(Why::Unavailable(Reason::NotResponding))
}

/// `service kind parent status outcome`, one line a span.
fn lines(teller: &Teller, call: &Traced) -> Vec<String> {
    let line = |(service, span): (String, Span)| {
        let parent = match span.parent_span_id.as_slice() {
            [] => "root",
            id if id == bytes(call.span) => "caller",
            id if Some(id) == call.parent.map(bytes).as_deref() => "parent",
            other => panic!("{other:?}"),
        };
        let id = match span.span_id.as_slice() {
            id if id == bytes(call.span) => "own",
            id if id == bytes(call.span.beside(Beside::Server)) => "server",
            id if id == bytes(call.span.beside(Beside::Direct)) => "direct",
            id if id == bytes(call.span.beside(Beside::Late)) => "again",
            other => panic!("{other:?}"),
        };
        let status = span.status.clone().map_or(String::new(), |it| {
            assert_eq!(it.code(), StatusCode::Error, "never more than an error");
            format!(" ({})", it.message)
        });
        let error = get(&span, "error.type").map_or(String::new(), |it| format!(" !{it}"));
        let code =
            get(&span, "rpc.response.status_code").map_or(String::new(), |it| format!(" #{it}"));
        let outcome = get(&span, "lookout.outcome").unwrap();
        let late = if get(&span, "lookout.late").as_deref() == Some("true") { " late" } else { "" };
        let length = span.end_time_unix_nano - span.start_time_unix_nano;
        assert_eq!(span.start_time_unix_nano, MADE * 1_000);
        format!(
            "{service} {:?} {id}<{parent} {}s {outcome}{late}{code}{error}{status}",
            span.kind(),
            length / 1_000_000_000
        )
    };
    told(teller, call).into_iter().map(line).collect()
}

#[test]
fn every_end_has_its_spans() {
    let both = teller(true);
    let number = Code::Number(-32_603);
    let cases: [(End, &[&str]); 14] = [
        (
            End::Answered(Outcome::Ok, Code::None),
            &["OrderService Client own<parent 5s ok", "UserManagement Server server<caller 5s ok"],
        ),
        (
            End::Answered(Outcome::Rejected, Code::Number(-32_602)),
            &[
                "OrderService Client own<parent 5s rejected #-32602 !-32602 (code -32602)",
                "UserManagement Server server<caller 5s rejected #-32602",
            ],
        ),
        (
            End::Answered(Outcome::Failed, number),
            &[
                "OrderService Client own<parent 5s failed #-32603 !-32603 (code -32603)",
                "UserManagement Server server<caller 5s failed #-32603 !-32603 (code -32603)",
            ],
        ),
        (
            End::Answered(Outcome::Failed, Code::None),
            &[
                "OrderService Client own<parent 5s failed !_OTHER (an error without a code)",
                "UserManagement Server server<caller 5s failed !_OTHER (an error without a code)",
            ],
        ),
        (
            End::Answered(Outcome::Rejected, Code::Other),
            &[
                "OrderService Client own<parent 5s rejected !_OTHER (an error without a code)",
                "UserManagement Server server<caller 5s rejected",
            ],
        ),
        (
            End::Answered(Outcome::Failed, Code::Number(i64::MIN)),
            &[
                "OrderService Client own<parent 5s failed #-9223372036854775808 !-9223372036854775808 \
                 (code -9223372036854775808)",
                "UserManagement Server server<caller 5s failed #-9223372036854775808 !-9223372036854775808 \
                 (code -9223372036854775808)",
            ],
        ),
        (
            End::Unanswered { worked: false },
            &["OrderService Client own<parent 5s unanswered !timeout (no reply within 5.000 s)"],
        ),
        (
            End::Unanswered { worked: true },
            &[
                "OrderService Client own<parent 5s unanswered !timeout (no reply within 5.000 s)",
                "UserManagement Server server<caller 5s unanswered",
            ],
        ),
        (late(Outcome::Ok, Code::None, false), &["UserManagement Server server<caller 5s ok late"]),
        (late(Outcome::Ok, Code::None, true), &["UserManagement Server again<caller 5s ok late"]),
        (
            late(Outcome::Failed, number, false),
            &["UserManagement Server server<caller 5s failed late #-32603 !-32603 (code -32603)"],
        ),
        (direct(), &["lookout Server direct<caller 5s failed #-32503 !-32503 (code -32503)"]),
        (End::OneWay, &["OrderService Producer own<parent 0s one_way"]),
        (End::Unheard, &["OrderService Producer own<parent 0s unheard"]),
    ];
    for (end, expected) in cases {
        assert_eq!(lines(&both, &call(end.clone())), expected, "{end:?}");
    }
}

#[test]
fn without_spans_of_services_a_call_is_one_span_of_its_service() {
    let one = teller(false);
    let cases: [(End, &[&str]); 6] = [
        (End::Answered(Outcome::Ok, Code::None), &["UserManagement Client own<parent 5s ok"]),
        (
            End::Unanswered { worked: false },
            &["UserManagement Client own<parent 5s unanswered !timeout (no reply within 5.000 s)"],
        ),
        (
            End::Unanswered { worked: true },
            &["UserManagement Client own<parent 5s unanswered !timeout (no reply within 5.000 s)"],
        ),
        (late(Outcome::Ok, Code::None, true), &["UserManagement Server server<caller 5s ok late"]),
        (direct(), &["lookout Server direct<caller 5s failed #-32503 !-32503 (code -32503)"]),
        (End::OneWay, &["OrderService Producer own<parent 0s one_way"]),
    ];
    for (end, expected) in cases {
        assert_eq!(lines(&one, &call(end.clone())), expected, "{end:?}");
    }
}

#[test]
fn a_call_says_what_was_seen_of_it() {
    let told = told(&teller(true), &call(End::Answered(Outcome::Ok, Code::None)));
    let (client, server) = (&told[0].1, &told[1].1);
    assert_eq!(client.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes());
    assert_eq!(client.trace_state, "vendor=1");
    assert_eq!((client.name.as_str(), &client.name), ("UserManagement/getUser", &server.name));
    let both = [
        ("rpc.system.name", "jsonrpc"),
        ("rpc.method", "UserManagement/getUser"),
        ("jsonrpc.protocol.version", "2.0"),
        ("jsonrpc.request.id", "17"),
        ("messaging.system", "mqtt"),
        ("messaging.destination.name", "service/UserManagement"),
        ("messaging.destination.template", "service/{service}"),
        ("messaging.message.conversation_id", "order-7"),
        ("messaging.message.body.size", "225"),
        ("network.protocol.name", "mqtt"),
        ("lookout.outcome", "ok"),
    ];
    for (key, value) in both {
        for span in [client, server] {
            assert_eq!(get(span, key).as_deref(), Some(value), "{key}");
        }
    }
    for (key, of_client, of_server) in [
        ("messaging.operation.type", Some("send"), Some("process")),
        ("messaging.operation.name", Some("publish"), Some("process")),
        ("server.address", Some("broker.example"), None),
        ("server.port", Some("8883"), None),
        ("service.peer.name", Some("UserManagement"), None),
        ("peer.service", Some("UserManagement"), None),
    ] {
        assert_eq!(get(client, key).as_deref(), of_client, "{key}");
        assert_eq!(get(server, key).as_deref(), of_server, "{key}");
    }
    assert_eq!((client.attributes.len(), server.attributes.len()), (17, 13), "nothing else");
}

#[test]
fn what_is_not_known_is_not_named() {
    let mut unknown = call(End::Answered(Outcome::Ok, Code::None));
    (unknown.method, unknown.caller, unknown.parent, unknown.state) = (None, None, None, None);
    unknown.remote = false;
    unknown.pair = PairId(9);
    for (jsonrpc, method, name) in [(true, "drop table", "jsonrpc"), (false, "", "mqtt")] {
        let texts = [method, "", "", ""];
        unknown.seen = Arc::new(Sighting::new(Identity::Alone, jsonrpc, 0, texts));
        let told = told(&teller(true), &unknown);
        let (service, client) = &told[0];
        assert_eq!((service.as_str(), client.name.as_str()), ("mqtt-callers", name));
        assert_eq!(get(client, "rpc.system.name").as_deref(), Some(name));
        assert_eq!(get(client, "rpc.method").as_deref(), Some("_OTHER"));
        let original = get(client, "rpc.method_original").unwrap_or_default();
        assert_eq!(original, method);
        assert!(client.parent_span_id.is_empty() && client.trace_state.is_empty());
        for key in [
            "jsonrpc.request.id",
            "messaging.destination.name",
            "messaging.destination.template",
            "messaging.message.conversation_id",
            "error.type",
        ] {
            assert_eq!(get(client, key), None, "{key}");
        }
        assert_eq!(get(client, "jsonrpc.protocol.version").is_some(), jsonrpc);
    }
}

#[test]
fn flags_say_sampled_and_whose_the_parent_is() {
    for (flags, remote, client) in
        [(0, false, 0x101), (0, true, 0x301), (2, true, 0x303), (0xff, false, 0x1ff)]
    {
        let made = Traced { flags, remote, ..call(End::Answered(Outcome::Ok, Code::None)) };
        let told = told(&teller(true), &made);
        let server = 0x301 | u32::from(flags);
        assert_eq!([told[0].1.flags, told[1].1.flags], [client, server], "{flags} {remote}");
    }
}

#[test]
fn hostile_texts_are_attributes_of_a_bounded_length_and_never_words_of_ours() {
    let hostile = "\0\u{202e}<script>\"'\n".repeat(10_000);
    let seen = Sighting::new(Identity::Alone, true, usize::MAX, [&hostile; 4]);
    let mut evil = call(End::Answered(Outcome::Failed, Code::None));
    evil.method = None;
    evil.seen = Arc::new(seen);
    evil.made = Instant::from_micros(u64::MAX);
    evil.ended = Instant::from_micros(0);
    let (request, count) = teller(true).request(std::slice::from_ref(&evil));
    let bytes = request.encode_to_vec();
    assert!(count == 2 && bytes.len() < 6 * 1_024, "{} bytes", bytes.len());
    let read = ExportTraceServiceRequest::decode(bytes.as_slice()).unwrap();
    assert_eq!(read, request);
    for group in &read.resource_spans {
        let span = &group.scope_spans[0].spans[0];
        assert_eq!(span.name, "jsonrpc");
        assert_eq!(span.status.as_ref().unwrap().message, "an error without a code");
        assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (u64::MAX, u64::MAX));
        for key in ["rpc.method_original", "jsonrpc.request.id", "messaging.destination.name"] {
            let text = get(span, key).unwrap();
            assert!(text.len() <= TEXT_BYTES && hostile.starts_with(&text), "{key}");
        }
        assert_eq!(get(span, "messaging.message.body.size").as_deref(), Some("4294967295"));
    }
}

#[test]
fn a_request_is_grouped_by_service() {
    let mut other = call(End::Answered(Outcome::Ok, Code::None));
    other.caller = None;
    let calls = [call(End::Answered(Outcome::Ok, Code::None)), other, call(direct())];
    let (request, count) = teller(true).request(&calls);
    let groups: Vec<_> = request
        .resource_spans
        .iter()
        .map(|group| {
            let attributes = &group.resource.as_ref().unwrap().attributes;
            let values: Vec<_> = attributes
                .iter()
                .map(|it| match it.value.clone().unwrap().value.unwrap() {
                    Value::StringValue(text) => format!("{}={text}", it.key),
                    other => panic!("{other:?}"),
                })
                .collect();
            let [scope] = group.scope_spans.as_slice() else { panic!("one scope") };
            assert_eq!((scope.schema_url.as_str(), group.schema_url.as_str()), (SCHEMA, SCHEMA));
            let named = scope.scope.as_ref().unwrap();
            assert_eq!(
                (named.name.as_str(), named.version.as_str()),
                ("lookout", env!("CARGO_PKG_VERSION"))
            );
            format!("{} {}", values.join(" "), scope.spans.len())
        })
        .collect();
    assert_eq!(count, 5);
    assert_eq!(
        groups,
        [
            "service.name=OrderService service.namespace=shop 1",
            "service.name=UserManagement service.namespace=shop 2",
            "service.name=lookout service.namespace=shop 1",
            "service.name=mqtt-callers service.namespace=shop 1",
        ]
    );
    assert_eq!(teller(true).request(&[]), (ExportTraceServiceRequest::default(), 0));
}

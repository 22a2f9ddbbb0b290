//! What a call is a part of, and who makes it: read from where the field puts them.

use crate::kit::{KEY, M, m, reader};
use lookout::observer::Input;
use lookout::observer::digest::{Digest, Kind};

type Read = ([Option<Digest>; 2], Option<Digest>);

const DEFAULT: crate::kit::P = ("default", "service/{service}", "session/{session}/response", None);
const CLIENTS: crate::kit::P = ("clients", "in/{service}/{client}", "out/{service}/{client}", None);

fn read(parts: bool, message: &M) -> Read {
    let mut reader = reader(&[DEFAULT, CLIENTS]).with_parts(parts);
    let mut found = None;
    reader.read(&message.message(), &mut |input| {
        if let Input::Call(call) = input {
            found = Some((call.parts, call.caller));
        }
    });
    found.unwrap()
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn traceparent(trace: &str) -> String {
    format!("00-{trace}-b7ad6b7169203331-01")
}

#[test]
fn the_operation_is_the_correlation_id_and_the_trace() {
    let correlation = Some(KEY.digest(Kind::Correlation, b"corr-91"));
    let trace = u128::from_str_radix(TRACE, 16).unwrap();
    let trace = Some(KEY.digest(Kind::Trace, &trace.to_le_bytes()));
    let body =
        |extra: &str| m("service/A", format!(r#"{{"jsonrpc":"2.0","id":1,"method":"x"{extra}}}"#));
    let parent = traceparent(TRACE);
    let in_body = format!(r#","traceparent":"{parent}""#);
    let other = traceparent("ffffffffffffffffffffffffffffffff");
    let zero = traceparent(&"0".repeat(32));
    let cases = [
        ("none", body(""), [None, None]),
        ("correlation id", body(r#","correlationId":"corr-91""#), [correlation, None]),
        ("of another type", body(r#","correlationId":91"#), [None, None]),
        ("empty", body(r#","correlationId":"""#), [None, None]),
        ("in the body", body(&in_body), [None, trace]),
        ("in the property", body("").traceparent(&parent), [None, trace]),
        ("both, the property wins", body(&in_body).traceparent(&parent), [None, trace]),
        ("a trace of zeros", body("").traceparent(&zero), [None, None]),
        ("half a trace", body("").traceparent(&parent[..40]), [None, None]),
        ("no trace", body("").traceparent("-"), [None, None]),
        ("capitals", body("").traceparent(&parent.to_uppercase()), [None, None]),
        (
            "a later version",
            body("").traceparent(&format!("cc{}-more", &parent[2..])),
            [None, trace],
        ),
        (
            "more than this version has",
            body("").traceparent(&format!("{parent}-more")),
            [None, None],
        ),
        ("flags of one digit", body("").traceparent(&parent[..54]), [None, None]),
        ("a sign", body("").traceparent(&parent.replace("-0af", "-+af")), [None, None]),
        ("the forbidden one", body("").traceparent(&format!("ff{}", &parent[2..])), [None, None]),
    ];
    for (what, message, expected) in cases {
        assert_eq!(read(true, &message).0, expected, "{what}");
        assert_eq!(read(false, &message).0, [None; 2], "{what}: nobody asked");
    }
    assert_ne!(read(true, &body("").traceparent(&other)).0[1], trace);
    let document =
        r#"{"serviceName":"A","methodName":"x","messageId":"1","CorrelationId":"corr-91"}"#;
    assert_eq!(read(true, &m("service/A", document)).0[0], correlation, "a service-call document");
}

#[test]
fn a_caller_is_where_it_wants_its_replies() {
    let caller = |message: &M| read(false, message).1;
    let call =
        |extra: &str| m("service/A", format!(r#"{{"jsonrpc":"2.0","id":1,"method":"x"{extra}}}"#));
    let inbox = Some(KEY.digest(Kind::Topic, b"session/s1/response"));
    assert_eq!(caller(&call(r#","sessionId":"s1""#)), inbox);
    assert_eq!(caller(&call(r#","replyTo":"session/s1/response""#)), inbox);
    assert_eq!(caller(&call("").rt("session/s1/response")), inbox);
    assert_eq!(caller(&call("")), None, "nobody says who");
    // Without a reply: its session, or its client.
    let oneway = m("service/A", r#"{"jsonrpc":"2.0","method":"x","sessionId":"s1"}"#);
    assert_eq!(caller(&oneway), Some(KEY.digest(Kind::Caller, b"s1")));
    let client = m("in/A/c7", r#"{"jsonrpc":"2.0","method":"x"}"#);
    assert_eq!(caller(&client), Some(KEY.digest(Kind::Caller, b"c7")));
}

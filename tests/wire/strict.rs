//! The strict reference: what `jsonrpsee-types` accepts is read the same by the tolerant wire.

use crate::kit::{DEFAULT, M, m, reader, words};
use crate::lcg::Lcg;
use jsonrpsee_types::{Id, Request, Response, ResponsePayload};
use lookout::wire::envelope::{self, Body, Envelope};

fn envelope(text: &str) -> Envelope<'_> {
    match Body::read(text.as_bytes(), 1 << 20, &[]) {
        Body::Object(envelope) => envelope,
        other => panic!("{text}: {other:?}"),
    }
}

fn same(ours: Option<envelope::Id<'_>>, theirs: &Id<'_>) -> bool {
    match (ours, theirs) {
        (None, Id::Null) => true,
        (Some(envelope::Id::Integer(ours)), Id::Number(theirs)) => ours == i128::from(*theirs),
        (Some(envelope::Id::Text(ours)), Id::Str(theirs)) => ours == *theirs,
        _ => false,
    }
}

/// A random object out of members that may or may not fit together, none twice.
fn object(random: &mut Lcg) -> String {
    let ids = [
        "1",
        "0",
        "18446744073709551615",
        "-1",
        "\"a\"",
        "\"\\u0061\\n\"",
        "null",
        "1.5",
        "[]",
        "\"\"",
    ];
    let methods = ["\"m\"", "\"a.b\"", "\"\\u006d\"", "\"\"", "null", "5"];
    let values = ["1", "null", "{}", "[1,{\"a\":null}]", "\"x\"", "{\"a\":1,\"a\":2}"];
    let errors = [
        r#"{"code":-32603,"message":"m"}"#,
        r#"{"code":7,"message":"","data":{"x":[]}}"#,
        r#"{"code":-32001,"message":"\u00e4","data":null}"#,
        r#"{"code":"x","message":"m"}"#,
        "null",
        r#"{"message":"m"}"#,
        "\"x\"",
        "{}",
    ];
    let mut members = Vec::new();
    let mut add = |random: &mut Lcg, key: &str, of: &[&str], share: u64| {
        if random.below(100) < share {
            members.push(format!("{key}:{}", random.pick(of)));
        }
    };
    add(random, "\"jsonrpc\"", &["\"2.0\"", "\"2.0\"", "\"2.0\"", "\"1.0\"", "2"], 90);
    add(random, "\"id\"", &ids, 90);
    let call = random.below(2) == 0;
    add(random, "\"method\"", &methods, if call { 95 } else { 5 });
    add(random, "\"params\"", &values, if call { 60 } else { 5 });
    add(random, "\"result\"", &values, if call { 3 } else { 50 });
    add(random, "\"error\"", &errors, if call { 3 } else { 50 });
    add(random, "\"extra\"", &values, 20);
    let turn = random.below(members.len().max(1) as u64) as usize;
    members.rotate_left(turn);
    format!("{{{}}}", members.join(","))
}

#[test]
fn what_the_strict_reference_accepts_is_read_the_same() {
    let mut random = Lcg::new(1);
    let mut reader = reader(&[DEFAULT]);
    let mut read = |message: &M| words(&mut reader, message);
    let (mut requests, mut responses) = (0, 0);
    for _ in 0..20_000 {
        let text = object(&mut random);
        if let Ok(request) = serde_json::from_str::<Request<'_>>(&text) {
            requests += 1;
            let ours = envelope(&text);
            assert!(same(ours.id().unwrap(), &request.id), "{text}");
            assert_eq!(ours.method().unwrap().unwrap(), request.method, "{text}");
            let kind = if request.id == Id::Null { "oneway" } else { "two" };
            let wanted = format!("call User {} {kind}", request.method);
            assert_eq!(read(&m("service/User", &text)), wanted, "{text}");
        }
        if let Ok(response) = serde_json::from_str::<Response<'_, serde_json::Value>>(&text) {
            let is_call = envelope(&text).has_method();
            responses += 1;
            assert!(same(envelope(&text).id().unwrap(), &response.id), "{text}");
            let wanted = match &response.payload {
                ResponsePayload::Success(_) => "reply ok".to_owned(),
                ResponsePayload::Error(error) => format!("reply err{}", error.code()),
            };
            let got = read(&m("session/s/response", &text));
            assert!(got == wanted || is_call, "{text}: {got}, not {wanted}");
        }
    }
    assert!(requests > 1_000 && responses > 1_000, "{requests} requests, {responses} responses");
}

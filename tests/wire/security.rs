//! What documents on security topics say, in the words that are in use, and who makes calls.

use crate::kit::{KEY, spec};
use lookout::observer::Input;
use lookout::observer::input::{Name, Who};
use lookout::security::sign::{Attempt, Sign};
use lookout::wire::who::WhoSpec;
use lookout::wire::{Message, Properties, Reader, Traffic, UserProperty};

const CALLS: crate::kit::P = ("calls", "service/{service}", "session/{session}/response", None);

fn reader(who: Option<WhoSpec>) -> Reader {
    Reader::new(Traffic::new(&lookout::wire::TrafficSpec { who, ..spec(&[CALLS]) }).unwrap(), KEY)
}

fn message<'a>(topic: &'a str, body: &'a str, user: &'a [UserProperty<'a>]) -> Message<'a> {
    let properties = Properties { user, ..Properties::default() };
    Message { topic, payload: body.as_bytes(), retain: false, properties }
}

fn text(name: Option<Name<'_>>) -> &str {
    name.map_or("-", |name| name.text)
}

fn people(who: &Who<'_>) -> String {
    let Who { user, address, client, session } = *who;
    [user, address, client, session].map(text).join(" ")
}

/// What is told of a message, in short: what was tried, whether it was granted, who, and the rest.
fn told(topic: &str, body: &str) -> String {
    let line = |what: &str, attempt: Attempt<'_>| {
        let Attempt { who, granted, reason, service, right } = attempt;
        let (service, right) = (text(service), text(right));
        let granted = if granted { "yes" } else { "no" };
        format!("{what} {granted} {} | {service} {right} {}", people(&who), reason.unwrap_or("-"))
    };
    let said = reader(None).security(&message(topic, body, &[]), |sign| match sign {
        Sign::Login(attempt) => line("login", attempt),
        Sign::Access(attempt) => line("access", attempt),
        other => panic!("{other:?}"),
    });
    said.unwrap_or_else(|| "nothing".to_owned())
}

#[test]
fn documents_are_read_under_the_names_in_use() {
    for (topic, body, expected) in [
        (
            "security/auth/login",
            r#"{"user":"ana","address":"192.0.2.7:5001","success":false,"reason":"bad password","clientId":"web-1"}"#,
            "login no ana 192.0.2.7 web-1 - | - - bad password",
        ),
        (
            "security/auth/failed",
            r#"{"username":"ana","ip":"2001:db8::1"}"#,
            "login no ana 2001:db8::1 - - | - - -",
        ),
        (
            "security/auth/success",
            r#"{"userId":12,"sessionId":"s-1"}"#,
            "login yes 12 - - s-1 | - - -",
        ),
        ("security/auth/x", r#"{"user":"ana","result":"SUCCESS"}"#, "login yes ana - - - | - - -"),
        ("security/auth/x", r#"{"user":"ana","status":401}"#, "login no ana - - - | - - -"),
        (
            "security/auth/x",
            r#"{"user":"ana","outcome":"not allowed"}"#,
            "login no ana - - - | - - -",
        ),
        (
            "security/authz/denied",
            r#"{"userContext":{"userId":"ana"},"serviceName":"Billing","permission":"refund"}"#,
            "access no ana - - - | Billing refund -",
        ),
        (
            "service/Billing/security",
            r#"{"type":"access_denied","user":"ana","action":"refund"}"#,
            "access no ana - - - | Billing refund -",
        ),
        (
            "service/Auth/security",
            r#"{"type":"login_failed","user":"ana"}"#,
            "login no ana - - - | Auth - -",
        ),
        (
            "security/auth/login",
            r#"{"success":true,"user":"ana","user":"eve","data":{"user":"eve","ip":"192.0.2.9"}}"#,
            "login yes ana 192.0.2.9 - - | - - -",
        ),
        ("security/auth/login", r#"{"user":"ana"}"#, "nothing"),
        ("security/auth/failed", r#"{"identity":"ana"}"#, "nothing"),
        ("security/auth/failed", "[]", "nothing"),
        ("security/auth/failed", r#"{"user":"ana""#, "nothing"),
        ("security/auth/failed", r#"{"user":{"name":"ana"},"ip":["192.0.2.7"]}"#, "nothing"),
        ("service/Billing", r#"{"user":"ana","success":false}"#, "nothing"),
    ] {
        assert_eq!(told(topic, body), expected, "{topic} {body}");
    }
}

#[test]
fn what_is_too_large_or_too_long_is_nobody() {
    let long = "a".repeat(257);
    assert_eq!(told("security/auth/failed", &format!(r#"{{"user":"{long}"}}"#)), "nothing");
    let padded = format!(r#"{{"user":"ana","x":"{}"}}"#, "x".repeat(64 * 1_024));
    assert_eq!(told("security/auth/failed", &padded), "nothing");
    // Lists are skipped however deep they are; objects are looked into, and only so far.
    let deep = format!(r#"{{"user":"ana","data":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
    assert_eq!(told("security/auth/failed", &deep), "login no ana - - - | - - -");
    let deep = format!("{}1{}", r#"{"user":"#.repeat(500), "}".repeat(500));
    assert_eq!(told("security/auth/failed", &deep), "nothing");
}

#[test]
fn who_calls_is_read_where_it_is_said() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let who = WhoSpec {
        user: texts(&["body.userContext.userId", "property.user"]),
        address: texts(&["body.clientIpAddress"]),
    };
    let mut reader = reader(Some(who));
    let mut called = |body: &str, properties: &[(&str, &str)]| {
        let user: Vec<UserProperty<'_>> =
            properties.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let mut found = String::new();
        reader.read(&message("service/Billing", body, &user), &mut |input| match input {
            Input::Call(call) => found = people(call.who.unwrap()),
            other => panic!("{other:?}"),
        });
        found
    };
    let head = r#""jsonrpc":"2.0","id":1,"method":"pay","sessionId":"s-1""#;
    let body =
        format!(r#"{{{head},"userContext":{{"userId":"u-12"}},"clientIpAddress":"192.0.2.7:99"}}"#);
    assert_eq!(called(&body, &[]), "u-12 192.0.2.7 - -");
    assert_eq!(called(&format!("{{{head}}}"), &[("user", "u-13")]), "u-13 - - -");
    let odd = format!(r#"{{{head},"userContext":"u-12","clientIpAddress":""}}"#);
    assert_eq!(called(&odd, &[]), "- - - -");
}

#[test]
fn a_source_that_is_none_is_named() {
    let who = WhoSpec { user: vec!["userId".to_owned()], ..WhoSpec::default() };
    let spec = lookout::wire::TrafficSpec { who: Some(who), ..spec(&[CALLS]) };
    let mistakes = Traffic::new(&spec).unwrap_err();
    assert_eq!(
        (mistakes[0].key.as_str(), mistakes[0].found.as_str()),
        ("security.user[0]", "userId")
    );
}

#[test]
fn the_session_of_a_reply_topic_is_known() {
    let reader = reader(None);
    assert_eq!(reader.session("session/s-1/response").map(|name| name.text), Some("s-1"));
    assert!(reader.session("service/Billing").is_none());
}

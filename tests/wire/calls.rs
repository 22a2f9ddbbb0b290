//! Calls in every form the manual names, and what is ignored.

use crate::kit::{BODY, BOTH, DEFAULT, P, PLAIN, RID, RPC, check, m};

const S: &str = "service/User";
const R: &str = "session/s-1/response";

#[test]
fn json_rpc_requests_are_calls() {
    check(
        &[DEFAULT],
        &[
            (m(S, r#"{"jsonrpc":"2.0","id":1,"method":"get"}"#), "call User get two"),
            (
                m(S, r#"{"jsonrpc":"2.0","id":"a","method":"get","params":[1]}"#),
                "call User get two",
            ),
            (
                m(
                    S,
                    r#" {"id":1,"method":"get"}
 "#,
                ),
                "call User get two",
            ),
            (m(S, r#"{"jsonrpc":"2.0","id":1,"method":"get","params":"x"}"#), "call User get two"),
            (m(S, r#"{"jsonrpc":"2.0","id":1,"method":"get","params":7}"#), "call User get two"),
            (
                m(S, r#"{"jsonrpc":"2.0","id":1,"method":"get","params":null,"extra":[{}]}"#),
                "call User get two",
            ),
            (m(S, r#"{"id":1,"\u006dethod":"g\u0065t","jsonrpc":"2.0"}"#), "call User get two"),
            (m(S, r#"{"id":1,"method":"","jsonrpc":"2.0"}"#), "call User  two"),
            // A dotted method does not name the service where the topic does.
            (m(S, r#"{"id":1,"method":"Admin.get"}"#), "call User Admin.get two"),
            (m(S, r#"{"id":1,"method":"get","serviceName":"Admin"}"#), "call User get two"),
            // Ids: strings and 64-bit integers, signed or not.
            (m(S, r#"{"id":"","method":"get"}"#), "call User get two"),
            (m(S, r#"{"id":-1,"method":"get"}"#), "call User get two"),
            (m(S, r#"{"id":0,"method":"get"}"#), "call User get two"),
            (m(S, r#"{"id":1.0,"method":"get"}"#), "call User get two"),
            (m(S, r#"{"id":1e3,"method":"get"}"#), "call User get two"),
            (m(S, r#"{"id":18446744073709551615,"method":"get"}"#), "call User get two"),
            (m(S, r#"{"id":-9223372036854775808,"method":"get"}"#), "call User get two"),
            // Optional members of a wrong type count as absent.
            (
                m(S, r#"{"id":1,"method":"get","replyTo":5,"correlationId":{},"sessionId":[]}"#),
                "call User get two",
            ),
            (m(S, r#"{"id":1,"method":"get","userContext":"u"}"#), "call User get two"),
            (m(S, r#"{"id":1,"method":"get","userContext":{"userId":1}}"#), "call User get two"),
            (m(S, r#"{"id":1,"method":"get","sessionId":"a/b"}"#), "call User get two"),
            // What nobody reads may hold anything.
            (m(S, r#"{"id":1,"method":"get","params":"\ud800"}"#), "call User get two"),
            (m(S, r#"{"id":1,"method":"get","note":{"a":1,"a":2}}"#), "call User get two"),
            (m(S, r#"{"id":1,"method":"get","params":{"id":1,"id":2}}"#), "call User get two"),
        ],
    );
}

#[test]
fn a_call_without_an_id_is_one_way() {
    let request = r#"{"jsonrpc":"2.0","method":"get"}"#;
    check(
        &[DEFAULT],
        &[
            (m(S, request), "call User get oneway"),
            (m(S, r#"{"method":"get","id":null}"#), "call User get oneway"),
            (m(S, r#"{"method":"get","replyTo":"session/s-1/response"}"#), "call User get oneway"),
            (m(S, r#"{"method":"get","sessionId":"s-1"}"#), "call User get oneway"),
            // Correlation Data or a Response Topic make it two-way, and any payload its reply.
            (m(S, request).cd(b"x"), "call User get two~"),
            (m(S, r#"{"method":"get","id":null}"#).cd(b"x"), "call User get two~"),
            (m(S, request).rt(R), "call User get two~"),
            (m(S, r#"{"method":"get","id":null}"#).rt(R), "call User get two~"),
            // An empty Response Topic, or one with wildcards, counts as absent.
            (m(S, request).rt(""), "call User get oneway"),
            (m(S, request).rt("session/+/response"), "call User get oneway"),
            (m(S, request).rt("session/#"), "call User get oneway"),
            (m(S, request).rt("#"), "call User get oneway"),
            (m(S, r#"{"serviceName":"A","methodName":"b"}"#), "call User b oneway"),
        ],
    );
    check(
        &[RID],
        &[
            (m("in/User/?$rid=7", request), "call User get two~"),
            (m("in/User/?$rid=7", r#"{"id":1,"method":"get"}"#), "call User get two"),
            (m("in/User/?$rid=7", r#"{"id":null,"method":"get"}"#), "call User get two~"),
            (m("in/User/rid=7", request), "ignored"),
        ],
    );
}

#[test]
fn properties_add_a_key_a_place_and_a_deadline() {
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"get"}"#;
    check(
        &[DEFAULT],
        &[
            (m(S, request).cd(b"x"), "call User get two2"),
            (m(S, request).rt(R), "call User get two~"),
            (m(S, request).rt(R).cd(b"x"), "call User get two2~"),
            (m(S, request).rt(""), "call User get two"),
            (m(S, request).rt("+"), "call User get two"),
            (m(S, request).expiry(5), "call User get two 5s"),
            (m(S, request).expiry(0), "call User get two"),
            (m(S, request).rt(R).expiry(1), "call User get two~ 1s"),
            // A reply topic that is not subscribed to: void at once.
            (m(S, request).rt("elsewhere/1"), "call User get void"),
            (m(S, request).rt("session/s-1/other"), "call User get void"),
            (m(S, request).rt("noise/1"), "call User get void"),
            (m(S, r#"{"id":1,"method":"get","replyTo":"elsewhere/1"}"#), "call User get void"),
            (
                m(S, r#"{"id":1,"method":"get","replyTo":"elsewhere/1"}"#).rt(R),
                "call User get two~",
            ),
            (
                m(S, r#"{"id":1,"method":"get","replyTo":"session/s-1/response"}"#),
                "call User get two",
            ),
            (
                m(S, r#"{"id":1,"method":"get","replyTo":"session/s-1/response"}"#).rt("x/y"),
                "call User get void",
            ),
            (m(S, r#"{"id":1,"method":"get","replyTo":""}"#), "call User get two"),
            // One-way before anything else: no reply is awaited anywhere.
            (m(S, r#"{"method":"get","replyTo":"elsewhere/1"}"#), "call User get oneway"),
        ],
    );
}

#[test]
fn service_call_documents_are_calls() {
    check(
        &[DEFAULT, PLAIN],
        &[
            (m("calls", r#"{"serviceName":"A","methodName":"b","messageId":"1"}"#), "call A b two"),
            (m("calls", r#"{"ServiceName":"A","MethodName":"b","MessageId":"1"}"#), "call A b two"),
            (m("calls", r#"{"ServiceName":"A","methodName":"b","MessageId":7}"#), "call A b two"),
            (
                m(
                    "calls",
                    r#"{"serviceName":"A","methodName":"b","messageId":"1","replyTo":"answers"}"#,
                ),
                "call A b two",
            ),
            (
                m(
                    "calls",
                    r#"{"serviceName":"A","methodName":"b","messageId":"1","ReplyTo":"void/1"}"#,
                ),
                "call A b void",
            ),
            (
                m("calls", r#"{"serviceName":"A","methodName":"b","messageId":null}"#),
                "call A b oneway",
            ),
            (
                m("calls", r#"{"serviceName":"A","methodName":"x.y","messageId":1}"#),
                "call A x.y two",
            ),
            // The topic's service wins over the body's.
            (m(S, r#"{"serviceName":"A","methodName":"b","messageId":"1"}"#), "call User b two"),
            // A JSON-RPC request is tried first.
            (
                m(
                    "calls",
                    r#"{"jsonrpc":"2.0","id":1,"method":"C.d","serviceName":"A","methodName":"b"}"#,
                ),
                "call C d two",
            ),
            // Both names are required, and strings.
            (m("calls", r#"{"serviceName":"A","messageId":"1"}"#), "bad bad_method 1.call"),
            (m("calls", r#"{"methodName":"b","messageId":"1"}"#), "bad bad_method 1.call"),
            (
                m("calls", r#"{"serviceName":1,"methodName":"b","messageId":"1"}"#),
                "bad bad_method 1.call",
            ),
            (
                m("calls", r#"{"serviceName":"A","methodName":null,"messageId":"1"}"#),
                "bad bad_method 1.call",
            ),
            (m("calls", r#"{"servicename":"A","methodname":"b"}"#), "bad bad_method 1.call"),
            (
                m("calls", r#"{"serviceName":"A","methodName":"b","messageId":1.5}"#),
                "bad bad_id 1.call",
            ),
        ],
    );
}

#[test]
fn without_a_captured_service_the_method_names_it_else_the_pair() {
    let row = |method: &str| m("calls", format!(r#"{{"id":1,"method":"{method}"}}"#));
    check(
        &[PLAIN],
        &[
            (row("User.get"), "call User get two"),
            (row("User/get"), "call User get two"),
            (row("a.b.get"), "call a.b get two"),
            (row("a/b.get"), "call a/b get two"),
            (row("a.b/get"), "call a.b get two"),
            (row("a/b/get"), "call a/b get two"),
            (row("get"), "call plain get two"),
            (row("User."), "call User  two"),
        ],
    );
    let driver: P =
        ("fed", "rpc/{driver}/{service}/{client}", "re/{client}", Some("{driver}/{service}"));
    let mixed: P = ("mixed", "n/{zone}/call", "n/{zone}/back", Some("zone-{zone}"));
    let rest: P = ("rest", "m/{path...}/do", "m/{path...}/done", Some("{path}"));
    check(
        &[driver, mixed, rest],
        &[
            (m("rpc/a/B/c1", r#"{"id":1,"method":"get"}"#), "call a/B get two"),
            (m("n/7/call", r#"{"id":1,"method":"X.get"}"#), "call zone-7 X.get two"),
            (m("m/a/b/c/do", r#"{"id":1,"method":"get"}"#), "call a/b/c get two"),
            (m("m//do", r#"{"id":1,"method":"get"}"#), "call  get two"),
            (m("m/do", r#"{"id":1,"method":"get"}"#), "ignored"),
        ],
    );
}

#[test]
fn the_topic_may_know_the_method() {
    let topic = "/rpc/v1/drv/User/get/c1";
    check(
        &[RPC],
        &[
            (m(topic, r#"{"jsonrpc":"2.0","id":1,"method":"put"}"#), "call User put two"),
            (m(topic, r#"{"id":1}"#), "call User get two"),
            (m(topic, r#"{"id":1,"x":2}"#), "call User get two"),
            (m(topic, r#"{"x":2}"#), "call User get oneway"),
            (m(topic, "{}"), "call User get oneway"),
            (m(topic, "{}").cd(b"x"), "call User get two~"),
            (m(topic, "[1]"), "bad not_object 0.call"),
            (m(topic, "hello"), "bad not_json 0.call"),
            (m(topic, r#"{"id":1,"method":5}"#), "bad bad_method 0.call"),
            (m(topic, r#"{"id":1,"result":5}"#), "bad not_a_call 0.call"),
            (m("/rpc/v1/drv/User/get", r#"{"id":1}"#), "ignored"),
            (m("rpc/v1/drv/User/get/c1", r#"{"id":1}"#), "ignored"),
            (m("/rpc/v1/drv//get/c1", r#"{"id":1}"#), "call  get two"),
            (m("/rpc/v1/drv/User/get/c1/reply", r#"{"id":1,"result":5}"#), "reply ok"),
            (m("/rpc/v1/drv/User/get/c1/reply", r#"{"id":1,"method":"x"}"#), "ignored"),
        ],
    );
}

#[test]
fn any_payload_with_a_response_topic_is_a_call() {
    let opaque = "call User - two~";
    check(
        &[DEFAULT],
        &[
            (m(S, "").rt(R), opaque),
            (m(S, "hello").rt(R), opaque),
            (m(S, [0xff, 0xfe]).rt(R), opaque),
            (m(S, "[1]").rt(R), opaque),
            (m(S, "[]").rt(R).cd(b"7"), opaque),
            (m(S, "{}").rt(R), opaque),
            (m(S, r#"{"id":true,"method":"get"}"#).rt(R), opaque),
            (m(S, r#"{"id":1,"method":5}"#).rt(R), opaque),
            (m(S, r#"{"jsonrpc":"1.0","id":1,"method":"get"}"#).rt(R), opaque),
            (m(S, "5").rt(R).cd(b"7").expiry(9), "call User - two~ 9s"),
            (m(S, "5").rt("elsewhere"), "call User - void"),
            (m(S, "5").rt(""), "bad not_object 0.call"),
            (m(S, "5").rt("+/x"), "bad not_object 0.call"),
            (m(S, "5").cd(b"7"), "bad not_object 0.call"),
        ],
    );
    check(&[PLAIN], &[(m("calls", "5").rt("answers"), "call plain - two~")]);
    check(
        &[RPC],
        &[(m("/rpc/v1/d/User/get/c", "5").rt("/rpc/v1/d/User/get/c/reply"), "call User get two~")],
    );
}

#[test]
fn batches_are_read_one_by_one() {
    check(
        &[DEFAULT],
        &[
            (m(S, r#"[{"id":1,"method":"a"}]"#), "call User a two"),
            (
                m(S, r#"[{"id":1,"method":"a"},{"method":"b"}]"#),
                "call User a two; call User b oneway",
            ),
            (m(S, r#"[1,{"id":1,"method":"a"}]"#), "bad not_object 0.call; call User a two"),
            (
                m(
                    S,
                    r#" [{"id":true,"method":"a"}, {"id":1,"method":"b"}, [], {"jsonrpc":"1.0","id":1,"method":"c"}]"#,
                ),
                "bad bad_id 0.call; call User b two; bad not_object 0.call; bad bad_version 0.call",
            ),
            (
                m(S, r#"[{"id":1,"result":1},{"id":2,"method":"b"}]"#),
                "bad not_a_call 0.call; call User b two",
            ),
            (m(R, r#"[{"id":1,"method":"a"},{"id":2,"result":1}]"#), "ignored; reply ok"),
            (
                m(R, r#"[{"id":1,"result":1},{"id":2},{"id":3,"error":{"code":-32001}}]"#),
                "reply ok; bad ambiguous 0.reply; reply err-32001",
            ),
        ],
    );
}

#[test]
fn what_is_ignored_is_ignored_before_it_is_read() {
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"get"}"#;
    check(
        &[DEFAULT, BODY, BOTH],
        &[
            (m(S, request).retained(), "ignored"),
            (m(S, "nonsense").retained(), "ignored"),
            (m("ui/change/x", "").retained(), "ignored"),
            (m(R, r#"{"id":1,"result":1}"#).retained(), "ignored"),
            (m("system/main/errors", request), "ignored"),
            (m("system/main", request), "ignored"),
            (m("system/main/services/User", "nonsense"), "ignored"),
            (m("system/main/rpc", request), "ignored"),
            (m("system/rpc", request), "call system get two"),
            (m("unknown/topic", request), "ignored"),
            (m("service/a/b", request), "ignored"),
            (m("service", "x"), "ignored"),
            (m("noise/rpc", request), "ignored"),
            (m("service/Hidden", request), "ignored"),
            (m(R, request), "ignored"),
            (m(R, r#"{"method":"get"}"#), "ignored"),
            (m(R, r#"{"serviceName":"A","methodName":"b"}"#), "ignored"),
            (m("ui/change/orders", "anything"), "activity orders"),
            (m("ui/change/a/b", "anything"), "ignored"),
            (m("security/auth/login", request), "security"),
            (m("security/authz/denied", ""), "security"),
            (m("service/User/security", request), "security"),
            // A wildcard in the first level does not match topics that begin with $.
            (m("$SYS/rpc", request), "ignored"),
            (m("x/rpc", request), "call x get two"),
        ],
    );
}

#[test]
fn the_first_pair_in_order_wins() {
    let one: P = ("one", "q/{service}", "r/{service}", None);
    let two: P = ("two", "q/{zone}", "r/{zone}", None);
    let request = r#"{"id":1,"method":"A.get"}"#;
    check(
        &[one, two],
        &[(m("q/X", request), "call X A.get two"), (m("q/X", "?"), "bad not_json 0.call")],
    );
    check(
        &[two, one],
        &[(m("q/X", request), "call A get two"), (m("r/X", "?"), "bad not_json 0.reply")],
    );
}

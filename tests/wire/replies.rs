//! Replies: what is one, and what it says.

use crate::kit::{BOTH, DEFAULT, check, m};

const R: &str = "session/s-1/response";

#[test]
fn json_rpc_responses_are_replies() {
    check(
        &[DEFAULT],
        &[
            (m(R, r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#), "reply ok"),
            (m(R, r#"{"id":1,"result":1}"#), "reply ok"),
            (m(R, r#"{"id":"x","result":"\ud800"}"#), "reply ok"),
            (m(R, r#"{"id":1,"result":null}"#), "reply ok"),
            (m(R, r#"{"id":1,"result":false}"#), "reply ok"),
            (m(R, r#"{"id":1,"result":1,"error":null}"#), "reply ok"),
            (m(R, r#"{"id":1,"result":null,"error":null}"#), "reply ok"),
            (
                m(R, r#"{"id":1,"result":null,"error":{"code":-32603,"message":"x"}}"#),
                "reply err-32603",
            ),
            (
                m(R, r#"{"id":1,"error":{"code":-32001,"message":"x","data":{"a":[]},"extra":1}}"#),
                "reply err-32001",
            ),
            (m(R, r#"{"id":1,"error":{"code":7}}"#), "reply err7"),
            (m(R, r#"{"id":1,"error":{"code":-32603.0}}"#), "reply err-32603"),
            (m(R, r#"{"id":1,"error":{"code":1.5}}"#), "reply err"),
            (m(R, r#"{"id":1,"error":{"code":"E1"}}"#), "reply err"),
            (m(R, r#"{"id":1,"error":{"code":null}}"#), "reply err"),
            (m(R, r#"{"id":1,"error":{"code":[1]}}"#), "reply err"),
            (m(R, r#"{"id":1,"error":{"code":1e40}}"#), "reply err"),
            (m(R, r#"{"id":1,"error":{"c\u006fde":-32004}}"#), "reply err-32004"),
            (m(R, r#"{"id":1,"error":{}}"#), "reply err"),
            (m(R, r#"{"id":1,"error":"it broke"}"#), "reply err"),
            (m(R, r#"{"id":1,"error":""}"#), "reply err"),
            (m(R, r#"{"id":1,"error":{"code":1,"message":"\udfff"}}"#), "reply err1"),
            (m(R, r#"{"id":null,"result":1}"#), "reply ok"),
            (
                m(R, r#"{"id":null,"error":{"code":-32700,"message":"Parse error"}}"#),
                "reply err-32700",
            ),
            (m(R, r#"{"result":1}"#).cd(b"x"), "reply ok"),
            (m(R, r#"{"result":1,"extra":{"a":1,"a":2}}"#).cd(b"x"), "reply ok"),
        ],
    );
}

#[test]
fn on_a_topic_for_both_directions_the_body_decides() {
    let topic = "bus/User";
    check(
        &[BOTH],
        &[
            (m(topic, r#"{"id":1,"method":"get"}"#), "call User get two"),
            (m(topic, r#"{"method":"get"}"#), "call User get oneway"),
            (
                m(topic, r#"{"serviceName":"X","methodName":"get","messageId":2}"#),
                "call User get two",
            ),
            (m(topic, r#"{"id":1,"result":1}"#), "reply ok"),
            (m(topic, r#"{"id":1,"error":{"code":1}}"#), "reply err1"),
            (m(topic, r#"{"id":1,"method":"get"}"#).rt(topic), "call User get two~"),
            (m(topic, "opaque").rt(topic), "call User - two~"),
            (
                m(topic, r#"[{"id":1,"method":"get"},{"id":1,"result":1}]"#),
                "call User get two; reply ok",
            ),
        ],
    );
}

#[test]
fn lookouts_own_direct_answers_are_ignored() {
    let answer = |code: &str, source: &str| {
        m(
            R,
            format!(
                r#"{{"id":1,"error":{{"code":{code},"message":"x","data":{{"source":{source}}}}}}}"#
            ),
        )
    };
    check(
        &[DEFAULT],
        &[
            (answer("-32503", r#""lookout-1""#), "ignored"),
            (answer("-32503", r#""lookout\u002d1""#), "ignored"),
            (answer("-32503", r#""lookout-2""#), "reply err-32503"),
            (answer("-32503", "null"), "reply err-32503"),
            (answer("-32503", "5"), "reply err-32503"),
            (m(R, r#"{"id":1,"error":{"code":-32503,"data":"lookout-1"}}"#), "reply err-32503"),
            (m(R, r#"{"id":1,"error":{"code":-32503}}"#), "reply err-32503"),
        ],
    );
}

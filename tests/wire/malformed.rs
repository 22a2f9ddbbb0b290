//! Every kind of malformed message, each with several payloads, on both templates.

use crate::kit::{DEFAULT, M, MIB, check, m};

const S: &str = "service/User";
const R: &str = "session/s-1/response";

/// The same payload on the call and on the reply topic, and what is wrong with it there.
fn rows<B: AsRef<[u8]>>(call: &str, reply: &str, payloads: &[B]) {
    let mut rows: Vec<(M, String)> = Vec::new();
    for payload in payloads {
        for (topic, kind, direction) in [(S, call, "call"), (R, reply, "reply")] {
            let wanted = match kind {
                "" => continue,
                "ignored" => kind.to_owned(),
                kind => format!("bad {kind} 0.{direction}"),
            };
            rows.push((m(topic, payload), wanted));
        }
    }
    let rows: Vec<_> = rows.iter().map(|(m, wanted)| (m.clone(), wanted.as_str())).collect();
    check(&[DEFAULT], &rows);
}

fn nested(levels: usize) -> String {
    let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
    format!(r#"{{"id":1,"method":"m","params":{open}{close}}}"#)
}

fn sized(bytes: usize) -> String {
    let frame = r#"{"id":1,"method":"m","params":""}"#;
    frame.replace(r#""""#, &format!("\"{}\"", "x".repeat(bytes - frame.len())))
}

#[test]
fn bytes_that_are_no_text() {
    let bad: [&[u8]; 5] = [
        b"\xff",
        b"{\"id\":1,\"method\":\"\xc3\"}",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"{\"id\":1,\"method\":\"m\",\"params\":\"\xf8\"}",
    ];
    rows("not_utf8", "not_utf8", &bad);
}

#[test]
fn text_that_is_no_json() {
    let bad = [
        "",
        " ",
        "\n",
        "\u{feff}{\"id\":1,\"method\":\"m\"}",
        "hello",
        "{",
        "[",
        "[{",
        r#"{"id":1,"method":"m""#,
        r#"{"id":1,"method":"m"#,
        r#"{"id":1,"method":"m"} x"#,
        r#"{"id":1,"method":"m"}{"id":2,"method":"m"}"#,
        r#"[{"id":1,"method":"m"}]]"#,
        r#"[{"id":1,"method":"m"}"#,
        r#"[{"id":1,"method":"m"},]"#,
        r#"{"id":1,"method":"m",}"#,
        r#"{'id':1}"#,
        r#"{"id":01,"method":"m"}"#,
        r#"{"id":1,"method":"m","params":NaN}"#,
        r#"{"id":1,"method":"m","params":"a
b"}"#,
        "{\"id\":1,\"method\":\"m\"}\0",
        "nul",
        "1 2",
        r#""a"#,
    ];
    rows("not_json", "not_json", &bad);
    // A lone surrogate in a member that is read.
    let read = [
        r#"{"id":"\ud800","method":"m"}"#,
        r#"{"id":1,"method":"\udc00"}"#,
        r#"{"jsonrpc":"\ud800","id":1,"method":"m"}"#,
        r#"{"id":1,"method":"m","replyTo":"\ud800x"}"#,
        r#"{"serviceName":"a","methodName":"\ud83d","messageId":"1"}"#,
    ];
    rows("not_json", "", &read);
    rows(
        "",
        "not_json",
        &[r#"{"id":"\ud800","result":1}"#, r#"{"id":"a\ud800\ud800","error":{"code":1}}"#],
    );
    check(&[DEFAULT], &[(m(S, r#"{"id":"\ud83d\ude00","method":"m"}"#), "call User m two")]);
}

#[test]
fn nesting_of_128_levels_is_read_and_of_129_is_not() {
    check(
        &[DEFAULT],
        &[
            (m(S, nested(127)), "call User m two"),
            (m(S, nested(128)), "call User m two"),
            (m(S, nested(129)), "bad too_deep 0.call"),
            (m(S, nested(100_000)), "bad too_deep 0.call"),
            // The batch is a level itself; each element stands for itself.
            (m(S, format!("[{}]", nested(127))), "call User m two"),
            (
                m(S, format!("[{},{}]", nested(128), nested(2))),
                "bad too_deep 0.call; call User m two",
            ),
            // Brackets in strings are no levels, brackets side by side neither.
            (
                m(
                    S,
                    format!(
                        r#"{{"id":1,"method":"m","params":"{}\"{}"}}"#,
                        "[".repeat(200),
                        "{".repeat(200)
                    ),
                ),
                "call User m two",
            ),
            (
                m(S, format!(r#"{{"id":1,"method":"m","params":[{}1]}}"#, "[],".repeat(500))),
                "call User m two",
            ),
            (
                m(
                    S,
                    format!(
                        r#"{{"id":1,"method":"m","\"\\":{}{}}}"#,
                        "[".repeat(128),
                        "]".repeat(128)
                    ),
                ),
                "bad too_deep 0.call",
            ),
            (
                m(R, format!(r#"{{"id":1,"result":{}{}}}"#, "[".repeat(127), "]".repeat(127))),
                "reply ok",
            ),
            (
                m(R, format!(r#"{{"id":1,"result":{}{}}}"#, "[".repeat(128), "]".repeat(128))),
                "bad too_deep 0.reply",
            ),
        ],
    );
}

#[test]
fn a_mebibyte_is_read_and_a_byte_more_is_not() {
    check(
        &[DEFAULT],
        &[
            (m(S, sized(MIB)), "call User m two"),
            (m(S, sized(MIB + 1)), "bad too_large 0.call"),
            (m(S, vec![0xff; MIB + 1]), "bad too_large 0.call"),
            (m(R, vec![b' '; MIB + 1]), "bad too_large 0.reply"),
            (m(R, vec![b' '; MIB]), "bad not_json 0.reply"),
            (m(S, sized(MIB + 1)).rt(R), "call User - two~"),
        ],
    );
}

#[test]
fn json_that_is_no_object_and_no_batch() {
    rows(
        "not_object",
        "not_object",
        &["1", "\"x\"", "null", "true", " -1.5e3 ", "[1]", "[[]]", "[null,\"x\"]", "[[{}]]"],
    );
    rows("empty_batch", "empty_batch", &["[]", " [ ] ", "[\n]"]);
}

#[test]
fn versions_that_are_not_2_0() {
    for version in ["\"1.0\"", "\"2\"", "\"2.0 \"", "2", "2.0", "null", "true", "[]", "{}", "\"\""]
    {
        rows("bad_version", "", &[format!(r#"{{"jsonrpc":{version},"id":1,"method":"m"}}"#)]);
        rows("", "bad_version", &[format!(r#"{{"jsonrpc":{version},"id":1,"result":1}}"#)]);
    }
    check(
        &[DEFAULT],
        &[(m(S, r#"{"jsonrpc":"2\u002e0","id":1,"method":"m"}"#), "call User m two")],
    );
}

#[test]
fn ids_that_are_neither_strings_nor_64_bit_integers() {
    let bad = [
        "1.5",
        "true",
        "false",
        "{}",
        "[]",
        "[1]",
        "1e-1",
        "1e20",
        "18446744073709551616",
        "-9223372036854775809",
        "1e999999999999999999999",
        "123456789012345678901234567890",
        "0.1",
        "-1.5e0",
    ];
    for id in bad {
        rows("bad_id", "", &[format!(r#"{{"id":{id},"method":"m"}}"#)]);
        rows("", "bad_id", &[format!(r#"{{"id":{id},"result":1}}"#)]);
    }
    // Missing in a response that has no correlation data either.
    rows(
        "",
        "bad_id",
        &[r#"{"result":1}"#, r#"{"error":{"code":1}}"#, r#"{"jsonrpc":"2.0","result":null}"#],
    );
}

#[test]
fn methods_that_are_no_strings_or_unknown() {
    for method in ["null", "1", "true", "{}", "[]", "[\"m\"]"] {
        rows(
            "bad_method",
            "ignored",
            &[format!(r#"{{"jsonrpc":"2.0","id":1,"method":{method}}}"#)],
        );
    }
    rows(
        "bad_method",
        "",
        &["{}", r#"{"id":1}"#, r#"{"jsonrpc":"2.0","id":1,"params":[]}"#, r#"{"email":"x"}"#],
    );
}

#[test]
fn errors_that_are_neither_objects_nor_strings() {
    for error in ["1", "true", "false", "[]", "[{}]", "-32603", "0"] {
        rows("", "bad_error", &[format!(r#"{{"id":1,"error":{error}}}"#)]);
        rows("", "bad_error", &[format!(r#"{{"id":1,"result":null,"error":{error}}}"#)]);
    }
}

#[test]
fn both_or_neither_of_result_and_error() {
    let bad = [
        r#"{"id":1,"result":1,"error":{"code":1}}"#,
        r#"{"id":1,"result":0,"error":"x"}"#,
        r#"{"id":1,"result":{},"error":{}}"#,
        r#"{"id":1}"#,
        "{\"id\":1,\"x\":2}",
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"id":1,"error":null}"#,
        r#"{"id":null}"#,
    ];
    rows("", "ambiguous", &bad);
}

#[test]
fn members_twice() {
    let calls = [
        r#"{"id":1,"id":2,"method":"m"}"#,
        r#"{"id":1,"id":1,"method":"m"}"#,
        r#"{"id":1,"method":"m","method":"m"}"#,
        r#"{"id":1,"method":"m","x":1,"x":1}"#,
        r#"{"id":1,"method":"m","\u0069d":1}"#,
        r#"{"id":1,"method":"m","params":1,"para\u006ds":1}"#,
        r#"{"serviceName":"a","methodName":"b","messageId":1,"messageId":1}"#,
    ];
    rows("duplicate_key", "", &calls);
    let mut many: Vec<String> = (0..100).map(|at| format!("\"k{at}\":{at}")).collect();
    many.push("\"id\":1,\"method\":\"m\"".into());
    check(&[DEFAULT], &[(m(S, format!("{{{}}}", many.join(","))), "call User m two")]);
    many.push("\"k77\":0".into());
    rows("duplicate_key", "", &[format!("{{{}}}", many.join(","))]);
    let replies = [
        r#"{"id":1,"result":1,"result":1}"#,
        r#"{"id":1,"result":1,"error":null,"error":null}"#,
        r#"{"id":1,"result":1,"r\u0065sult":2}"#,
        r#"{"id":1,"error":{"code":1,"code":1}}"#,
        r#"{"id":1,"error":{"code":1,"c\u006fde":2}}"#,
        r#"{"id":1,"error":{"code":1,"extra":1,"extra":2}}"#,
        r#"{"id":1,"error":{"message":"a","message":"b","code":1}}"#,
    ];
    rows("", "duplicate_key", &replies);
    check(
        &[DEFAULT],
        &[
            (m(R, r#"{"id":1,"error":{"code":1,"data":{"a":1,"a":2}}}"#), "reply err1"),
            (m(R, r#"{"id":1,"result":{"a":1,"a":2}}"#), "reply ok"),
        ],
    );
}

#[test]
fn a_response_on_a_topic_that_only_carries_calls() {
    rows(
        "not_a_call",
        "",
        &[
            r#"{"id":1,"result":1}"#,
            r#"{"jsonrpc":"2.0","id":"x","error":{"code":1}}"#,
            r#"{"id":1,"result":null}"#,
        ],
    );
    // Counted under the pair whose template it came on.
    let other = ("other", "c/{service}", "r/{service}", None);
    check(
        &[DEFAULT, other],
        &[
            (m("c/X", r#"{"id":1,"result":1}"#), "bad not_a_call 1.call"),
            (m("c/X", "x"), "bad not_json 1.call"),
            (m("r/X", "x"), "bad not_json 1.reply"),
        ],
    );
}

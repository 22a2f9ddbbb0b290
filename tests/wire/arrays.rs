//! Arrays that are no batches, and batches with bad elements; each names the sentence.

use crate::kit::{DEFAULT, check, check_exchanges, m};

const S: &str = "service/User";
const R: &str = "session/s-1/response";

/// "any payload at all that carries a Response Topic […] without any id its reply topic alone
/// is the key": an array that is no batch of requests is one such payload, hence one call.
/// Read as two, both under the key of the reply topic, the first would be void.
#[test]
fn an_opaque_array_of_objects_is_one_call() {
    check(&[DEFAULT], &[(m(S, r#"[{"a":1},{"b":2}]"#).rt(R), "call User - two~")]);
}

/// "whatever comes on its reply topic with that key": one message is one reply, also when it
/// is an array of objects; two would make the second a duplicate.
#[test]
fn an_opaque_array_of_objects_is_one_reply() {
    let array = m(R, r#"[{"name":"a"},{"name":"b"}]"#);
    check_exchanges(&[DEFAULT], &[(m(S, "opaque").rt(R), array, "ok")]);
}

/// "malformed […] per element inside a batch (good elements count)": the batch was read as
/// one, so its bad element is malformed and does not become an opaque call of its own.
#[test]
fn a_bad_element_of_a_batch_with_a_response_topic_is_malformed() {
    let wanted = "bad not_object 0.call; call User a two~";
    check(&[DEFAULT], &[(m(S, r#"[1,{"id":1,"method":"a"}]"#).rt(R), wanted)]);
}

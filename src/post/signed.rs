//! The headers of a CloudEvent that is posted, signed as Standard Webhooks wants it.
//!
//! <https://www.standardwebhooks.com>: the signature is an HMAC-SHA256 over id, time and body, so that
//! whoever has the secret knows who sent it, that it is whole, and that it is not an old one sent again.

use crate::config::Key;
use crate::observer::Instant;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// The headers of a body that is sent at `now` under an id; signed, if there is a secret.
pub(crate) fn signed(
    secret: Option<&Key>,
    id: &str,
    now: Instant,
    body: &str,
) -> Vec<(&'static str, String)> {
    let seconds = now.micros() / 1_000_000;
    let mut headers = vec![
        ("content-type", "application/cloudevents+json".to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
    ];
    let signature = secret.map(|secret| signature(secret, id, seconds, body));
    headers.extend(signature.map(|signature| ("webhook-signature", signature)));
    headers
}

/// The signature of a body.
fn signature(Key(secret): &Key, id: &str, seconds: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of standard-webhooks' own test suite.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap_or_default();
        let (id, time) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        let signed = signature(&Key(secret), id, time, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}

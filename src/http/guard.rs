//! Who may ask for what: tokens for what changes something, and no strangers by way of a browser.
//!
//! Reading needs no token, as the address is the loopback unless it was set otherwise. A page of
//! another site must not read it all the same: its browser would send that site's name as the host
//! (DNS rebinding), and on the loopback only names of the loopback are answered. No answer lets
//! another origin read it.

use super::problem::Problem;
use crate::config::Token;
use axum::http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use std::net::{IpAddr, SocketAddr};
use subtle::ConstantTimeEq;

/// What the page may load: its own files, and nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds what every answer carries.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Whether the host that is asked for is this one.
pub(super) fn check_host(listen: SocketAddr, headers: &HeaderMap) -> Result<(), Problem> {
    if !listen.ip().is_loopback() {
        // Behind which names it stands there, it cannot know.
        return Ok(());
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let local = bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if local || name.eq_ignore_ascii_case("localhost") {
        return Ok(());
    }
    let detail = "the host is not one of the loopback: ask for localhost, or set `http.listen`";
    Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail))
}

/// Who asks, by its token.
pub(super) fn check_token<'t>(
    tokens: &'t [Token],
    headers: &HeaderMap,
) -> Result<&'t str, Problem> {
    if tokens.is_empty() {
        let detail = "nothing can be changed here, as no token is set (`http.token_file`)";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let given = header.and_then(|header| header.split_once(' '));
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, given)) = given else {
        let detail = "a token is needed: `Authorization: Bearer …`";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
    };
    // All are compared, each in the same time whatever is wrong with it.
    let mut found = None;
    for token in tokens {
        let (own, given) = (token.secret.0.as_bytes(), given.trim().as_bytes());
        if bool::from(own.ct_eq(given)) {
            found = Some(token.name.as_str());
        }
    }
    found.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "the token is not known"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_loopback_are_answered_on_it() {
        let (loopback, open) = ("127.0.0.1:9464".parse().unwrap(), "0.0.0.0:9464".parse().unwrap());
        for (host, good) in [
            ("localhost", true),
            ("LocalHost:9464", true),
            ("127.0.0.1:9464", true),
            ("127.1.2.3", true),
            ("[::1]:80", true),
            ("[::1]", true),
            ("evil.example:9464", false),
            ("127.0.0.1.evil.example", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            assert_eq!(check_host(loopback, &headers).is_ok(), good, "{host}");
            assert!(check_host(open, &headers).is_ok(), "{host}");
        }
    }
}

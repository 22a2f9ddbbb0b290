//! The broker's address: `mqtt://user:password@host:1883`, `mqtts://host`, `wss://host/mqtt`, or
//! bare `host:port`.
//!
//! A way that is not known is refused by name, not silently spoken to in the clear. Whatever is
//! wrong, a message may show the address only as [`masked`] gives it: an address that is
//! malformed around its password must not become the way the password gets into a log.

use super::Secret;
use super::address::{Address, Scheme};
use rustls::pki_types::ServerName;
use std::net::Ipv6Addr;

/// What an address looks like.
pub(super) const ALLOWED: &str =
    "an address such as mqtt://host:1883, mqtts://user:password@host or wss://host/mqtt";

/// The path of a WebSocket address that has none: what most brokers and their manuals use.
const PATH: &str = "/mqtt";

/// Longest path of a WebSocket address, in bytes.
const LONGEST_PATH: usize = 1024;

/// Reads an address; the error says what is allowed in its place.
pub(super) fn parse(text: &str) -> Result<Address, String> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (known_scheme(scheme)?, rest),
        None => (Scheme::Mqtt, text),
    };
    let (login, rest) = match rest.rsplit_once('@') {
        Some((login, rest)) => (Some(login), rest),
        None => (None, rest),
    };
    let (user, password) = credentials(login)?;
    let (place, path) = if scheme.is_web_socket() {
        let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        (place, if path.is_empty() { PATH } else { path })
    } else {
        (rest.strip_suffix('/').unwrap_or(rest), "")
    };
    if !is_path(path) {
        return Err(format!("{ALLOWED}, with a plain path and nothing after it"));
    }
    if place.contains(['/', '?', '#']) {
        return Err(format!("{ALLOWED}, with nothing after host and port"));
    }
    let (host, port) = host_and_port(place, scheme.port())?;
    if scheme.is_encrypted() && ServerName::try_from(host.as_str()).is_err() {
        return Err(format!("{ALLOWED}, with a host that a certificate can name"));
    }
    let password = password.map(Secret);
    Ok(Address { scheme, host, port, path: path.to_owned(), user, password })
}

/// Takes a comma-separated list of addresses apart. A comma may stand in a password, so that only
/// one before a scheme ends an address.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(',') {
        let next = text.get(at + 1..).unwrap_or("").trim_start();
        let letters = next.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(next.len());
        if letters > 0 && next.get(letters..).is_some_and(|rest| rest.starts_with("://")) {
            parts.push(text.get(start..at).unwrap_or("").trim());
            start = at + 1;
        }
    }
    parts.push(text.get(start..).unwrap_or("").trim());
    parts
}

/// Whether a text is nothing, or a path that can stand in a request as it is.
fn is_path(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:%".contains(&b);
    text.len() <= LONGEST_PATH && text.bytes().all(plain)
}

/// The way that a scheme names.
fn known_scheme(scheme: &str) -> Result<Scheme, String> {
    match scheme.to_ascii_lowercase().as_str() {
        "mqtt" => Ok(Scheme::Mqtt),
        "mqtts" | "ssl" | "tls" => Ok(Scheme::Mqtts),
        "ws" => Ok(Scheme::Ws),
        "wss" => Ok(Scheme::Wss),
        _ => Err(ALLOWED.to_owned()),
    }
}

/// User name and password of `user:password`, percent-decoded.
fn credentials(login: Option<&str>) -> Result<(Option<String>, Option<String>), String> {
    let Some(login) = login else {
        return Ok((None, None));
    };
    if login.contains(['/', '?', '#', '@']) {
        // Left as they are these would end the login early in every other program.
        return Err(format!(
            "{ALLOWED}, with / ? # @ in user and password written %2F %3F %23 %40"
        ));
    }
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    let decoded = |part: &str| {
        percent_decoded(part)
            .ok_or_else(|| format!("{ALLOWED}, with % in user and password written %25"))
    };
    let user = decoded(user)?;
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(format!("{ALLOWED}, with a user name before the @"));
    }
    Ok((Some(user), password.map(decoded).transpose()?))
}

/// Turns `%40` into `@`; `None` if a `%` has no two hexadecimal digits or the bytes no text.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Host and port of `host`, `host:port` or `[::1]:port`; `usual` is the port if none is given.
fn host_and_port(address: &str, usual: u16) -> Result<(String, u16), String> {
    let (host, port) = if let Some(rest) = address.strip_prefix('[') {
        let Some((host, port)) = rest.split_once(']') else {
            return Err(ALLOWED.to_owned());
        };
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(format!("{ALLOWED}, with an IPv6 address in brackets"));
        }
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port),
            None if port.is_empty() => None,
            None => return Err(ALLOWED.to_owned()),
        };
        (host, port)
    } else {
        let (host, port) = match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        };
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || host.len() > 253 || !host.chars().all(known) {
            return Err(ALLOWED.to_owned());
        }
        (host, port)
    };
    let Some(port) = port else {
        return Ok((host.to_owned(), usual));
    };
    // `parse` would take a sign.
    let port = Some(port)
        .filter(|port| port.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|port| port.parse::<u16>().ok())
        .filter(|port| *port != 0)
        .ok_or_else(|| format!("{ALLOWED}, with a port from 1 to 65535"))?;
    Ok((host.to_owned(), port))
}

/// The address with everything left out that could be a password.
pub(super) fn masked(text: &str) -> String {
    let (scheme, rest) = match text.find("://") {
        Some(at) => text.split_at(at + 3),
        None => ("", text),
    };
    let (login, rest) = match rest.rfind('@') {
        Some(at) => (rest.get(..at), rest.get(at + 1..).unwrap_or("")),
        None => (None, rest),
    };
    let login = match login
        .map(|login| login.split_once(':').map_or((login, false), |(user, _)| (user, true)))
    {
        Some((user, true)) => format!("{user}:***@"),
        Some((user, false)) => format!("{user}@"),
        None => String::new(),
    };
    let (address, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let tail = match tail {
        "" | "/" => tail,
        _ => "/***",
    };
    // `user:password` without a host looks like `host:port`: only digits are surely a port.
    let after_brackets = address.rfind(']').unwrap_or(0);
    let port =
        address.get(after_brackets..).and_then(|a| a.find(':')).map(|at| after_brackets + at);
    match port {
        Some(at) if !address.bytes().skip(at + 1).all(|b| b.is_ascii_digit()) => {
            format!("{scheme}{login}{}:***", address.get(..at).unwrap_or(""))
        }
        _ => format!("{scheme}{login}{address}{tail}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, host, port, user, password) in [
            ("mqtt://broker", "broker", 1883, None, None),
            ("mqtt://broker/", "broker", 1883, None, None),
            ("MQTT://broker:11883", "broker", 11883, None, None),
            ("broker:1884", "broker", 1884, None, None),
            ("10.0.0.7", "10.0.0.7", 1883, None, None),
            ("mqtt://[::1]:1884", "::1", 1884, None, None),
            ("[fe80::1]", "fe80::1", 1883, None, None),
            ("mqtt://ann@broker", "broker", 1883, Some("ann"), None),
            ("mqtt://ann:pw@broker:1", "broker", 1, Some("ann"), Some("pw")),
            ("ann:p:w@broker", "broker", 1883, Some("ann"), Some("p:w")),
            ("mqtt://a%40b:%25%2F%C3%A9@broker", "broker", 1883, Some("a@b"), Some("%/é")),
            ("mqtt://ann:@broker", "broker", 1883, Some("ann"), Some("")),
            ("mqtts://broker", "broker", 8883, None, None),
            ("ssl://broker:1", "broker", 1, None, None),
            ("TLS://10.0.0.7", "10.0.0.7", 8883, None, None),
            ("mqtts://[::1]", "::1", 8883, None, None),
            ("ws://broker", "broker", 80, None, None),
            ("wss://ann:p,w@broker/", "broker", 443, Some("ann"), Some("p,w")),
        ] {
            let url = parse(text).unwrap();
            assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
            assert_eq!(url.user.as_deref(), user, "{text}");
            assert_eq!(url.password.map(|p| p.0).as_deref(), password, "{text}");
        }
    }

    #[test]
    fn paths_are_kept_and_else_the_usual_one() {
        for (text, shown) in [
            ("ws://h", "ws://h:80/mqtt"),
            ("ws://h/", "ws://h:80/"),
            ("wss://u:p@h:8443/a/b%20c", "wss://h:8443/a/b%20c"),
            ("mqtts://u:p@h/", "mqtts://h:8883"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown, "{text}");
        }
        assert!(parse(&format!("ws://h/{}", "x".repeat(LONGEST_PATH))).is_err());
    }

    #[test]
    fn only_a_comma_before_a_scheme_separates() {
        for (text, parts) in [
            ("mqtt://a", &["mqtt://a"][..]),
            ("mqtts://a, mqtts://b:1,ws://c", &["mqtts://a", "mqtts://b:1", "ws://c"]),
            ("a:1883,mqtt://b", &["a:1883", "mqtt://b"]),
            ("mqtt://u:p,w@a,b", &["mqtt://u:p,w@a,b"]),
            (",,", &[",,"]),
            ("", &[""]),
        ] {
            assert_eq!(split(text), parts, "{text}");
        }
    }

    #[test]
    fn wrong_addresses_are_refused_and_never_show_a_password() {
        for (text, shown, hint) in [
            ("", "", "address"),
            ("mqtt://", "mqtt://", "address"),
            ("mqtts://u:secret@-", "mqtts://u:***@-", "a certificate can name"),
            ("mqtts://h/mqtt", "mqtts://h/***", "nothing after"),
            ("wss://u:secret@h/mqtt?key=secret", "wss://u:***@h/***", "plain path"),
            ("ws://h/a b", "ws://h/***", "plain path"),
            ("ws://h?secret", "ws://h/***", "nothing after"),
            ("a:1,b:2", "a:***", "port"),
            ("http://h", "http://h", "address"),
            ("mqtt://u:sec/ret@h", "mqtt://u:***@h", "%2F"),
            ("mqtt://u:sec@ret@h", "mqtt://u:***@h", "%40"),
            ("mqtt://u:secret%@h", "mqtt://u:***@h", "%25"),
            ("mqtt://u:%ffsecret@h", "mqtt://u:***@h", "%25"),
            ("mqtt://a%00b:secret@h", "mqtt://a%00b:***@h", "user name"),
            ("mqtt://:secret@h", "mqtt://:***@h", "user name"),
            ("mqtt://u:secret", "mqtt://u:***", "port"),
            ("mqtt://u:secret/x", "mqtt://u:***", "nothing after"),
            ("mqtt://u:12/secret", "mqtt://u:12/***", "nothing after"),
            ("u:secret", "u:***", "port"),
            ("mqtt:/u:secret@h", "mqtt:***@h", "%2F"),
            ("mqtt://h?password=secret", "mqtt://h/***", "nothing after"),
            ("mqtt://h:0", "mqtt://h:0", "port"),
            ("mqtt://h:+1", "mqtt://h:***", "port"),
            ("mqtt://h:65536", "mqtt://h:65536", "port"),
            ("mqtt://::1", "mqtt://:***", "address"),
            ("mqtt://[::1", "mqtt://[:***", "address"),
            ("mqtt://[::1]x", "mqtt://[::1]x", "address"),
            ("mqtt://[nope]:1", "mqtt://[nope]:1", "IPv6"),
            ("mqtt://a host", "mqtt://a host", "address"),
            ("mqtt://é", "mqtt://é", "address"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
            assert!(!masked(text).contains("secret"), "{text}");
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(hint), "{text}: {problem}");
            assert!(!problem.contains("secret"), "{text}: {problem}");
        }
    }
}

//! The broker's address: `mqtt://user:password@host:1883`, `mqtt://host`, or bare `host:port`.
//!
//! TLS and WebSocket addresses are refused by name, not silently spoken to in the clear. Whatever
//! is wrong, a message may show the address only as [`masked`] gives it: an address that is
//! malformed around its password must not become the way the password gets into a log.

use super::Secret;
use std::net::Ipv6Addr;

/// The port of MQTT over TCP, as registered with IANA.
const PORT: u16 = 1883;

/// What an address looks like.
pub(super) const ALLOWED: &str = "an address such as mqtt://host:1883 or mqtt://user:password@host";

/// An address, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Url {
    /// Host name or address, an IPv6 address without its brackets.
    pub(super) host: String,
    /// TCP port.
    pub(super) port: u16,
    /// User name, if the address has one.
    pub(super) user: Option<String>,
    /// Password, if the address has one.
    pub(super) password: Option<Secret>,
}

/// Reads an address; the error says what is allowed in its place.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) => {
            known_scheme(scheme)?;
            rest
        }
        None => text,
    };
    let (login, rest) = match rest.rsplit_once('@') {
        Some((login, rest)) => (Some(login), rest),
        None => (None, rest),
    };
    let (user, password) = credentials(login)?;
    let address = rest.strip_suffix('/').unwrap_or(rest);
    if address.contains(['/', '?', '#']) {
        return Err(format!("{ALLOWED}, with nothing after host and port"));
    }
    let (host, port) = host_and_port(address)?;
    Ok(Url { host, port, user, password: password.map(Secret) })
}

/// Refuses every scheme but `mqtt`.
fn known_scheme(scheme: &str) -> Result<(), String> {
    match scheme.to_ascii_lowercase().as_str() {
        "mqtt" => Ok(()),
        "mqtts" | "ssl" | "tls" => Err("a mqtt:// address: TLS is not supported yet".to_owned()),
        "ws" | "wss" => Err("a mqtt:// address: WebSocket is not supported yet".to_owned()),
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
fn percent_decoded(text: &str) -> Option<String> {
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

/// Host and port of `host`, `host:port` or `[::1]:port`.
fn host_and_port(address: &str) -> Result<(String, u16), String> {
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
        return Ok((host.to_owned(), PORT));
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
        ] {
            let url = parse(text).unwrap();
            assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
            assert_eq!(url.user.as_deref(), user, "{text}");
            assert_eq!(url.password.map(|p| p.0).as_deref(), password, "{text}");
        }
    }

    #[test]
    fn wrong_addresses_are_refused_and_never_show_a_password() {
        for (text, shown, hint) in [
            ("", "", "address"),
            ("mqtt://", "mqtt://", "address"),
            ("mqtts://u:secret@h", "mqtts://u:***@h", "TLS is not supported yet"),
            ("wss://u:secret@h/mqtt", "wss://u:***@h/***", "WebSocket is not supported yet"),
            ("ws://h:80", "ws://h:80", "WebSocket is not supported yet"),
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

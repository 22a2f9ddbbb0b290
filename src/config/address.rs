//! One address of the broker: which way to go, to which host and port, and who logs in there.
//!
//! It shows itself without user and password, in `Display` and in `Debug`: logs, errors and the
//! status name the address that is meant, and must not become the way a password gets out. A
//! WebSocket address has no query, where others like to put secrets; its path is shown.

use super::Secret;
use std::fmt;

/// The way to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// MQTT over TCP.
    Mqtt,
    /// MQTT over TLS.
    Mqtts,
    /// MQTT over WebSocket.
    Ws,
    /// MQTT over WebSocket over TLS.
    Wss,
}

impl Scheme {
    /// Whether what is said cannot be read on the way, and the broker proves who it is.
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::Mqtts | Self::Wss)
    }

    /// Whether MQTT goes through a WebSocket, so that there is a path.
    pub const fn is_web_socket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// The TCP port if none is given: those that IANA lists for MQTT and HTTP.
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::Mqtt => 1883,
            Self::Mqtts => 8883,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Mqtts => "mqtts",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }
}

/// One address of the broker.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The way to it.
    pub scheme: Scheme,
    /// Host name or address, an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The path of a WebSocket address, with its `/`; otherwise empty.
    pub path: String,
    /// User name to log in with.
    pub user: Option<String>,
    /// Password, already read from its file, the environment or the URL. Never shown.
    pub password: Option<Secret>,
}

impl fmt::Display for Address {
    /// `mqtts://[::1]:8883`: a URL without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, path, .. } = self;
        let scheme = scheme.name();
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}{path}")
        } else {
            write!(f, "{scheme}://{host}:{port}{path}")
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, password, .. } = self;
        write!(f, "Address({self}, user: {user:?}, password: {password:?})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_neither_user_nor_password() {
        let address = Address {
            scheme: Scheme::Wss,
            host: "::1".to_owned(),
            port: 443,
            path: "/mqtt".to_owned(),
            user: Some("ann".to_owned()),
            password: Some(Secret("open-sesame".to_owned())),
        };
        assert_eq!(address.to_string(), "wss://[::1]:443/mqtt");
        assert!(!format!("{address:?}").contains("sesame"));
    }
}

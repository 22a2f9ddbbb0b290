//! Why there is no link, in words that name the setting to look at.
//!
//! The text goes to the log, to the status and, if lookout gives up, to stderr. It never holds
//! a password, and what a broker sends is shown escaped: it may be as hostile as any payload.

use std::fmt;

/// Why an attempt failed or a link was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The broker does not accept the user name or the password.
    Credentials,
    /// The broker does not let this client connect.
    NotAuthorized,
    /// The broker does not speak the protocol version.
    Protocol,
    /// The broker does not accept the client identifier.
    ClientId,
    /// Another client connected with the same identifier.
    TakenOver,
    /// The broker refused the connection or closed it, with its reason.
    Broker(String),
    /// The broker did not grant these filters; each with the reason it gave.
    Filters(Vec<(String, &'static str)>),
    /// The broker answered a subscription in a way that makes no sense.
    Subscription(String),
    /// A packet was larger than accepted: its size, if known.
    TooLarge(Option<usize>),
    /// Bytes that are not MQTT, or not of this version.
    Unreadable(String),
    /// The broker's certificate is not accepted, or TLS failed otherwise: why, and what to check.
    Tls(String),
    /// There is no WebSocket for MQTT at the address.
    WebSocket(String),
    /// The other side closed the connection.
    Closed(String),
    /// The other side closed the connection before it said anything in MQTT; whether the address
    /// has TLS.
    ClosedAtOnce {
        /// As reported by the system.
        what: String,
        /// Whether TLS was spoken.
        tls: bool,
    },
    /// The network failed.
    Network(String),
    /// No connection, no answer, or no progress within the time allowed.
    Timeout(&'static str),
}

impl Failure {
    /// Whether waiting will not help: somebody has to change a setting, here or at the broker.
    pub fn needs_operator(&self) -> bool {
        matches!(
            self,
            Self::Credentials
                | Self::NotAuthorized
                | Self::Protocol
                | Self::ClientId
                | Self::TakenOver
                | Self::Filters(_)
                | Self::Tls(_)
                | Self::TooLarge(_)
        )
    }

    /// The same failure, told that the broker had not answered yet: a connection that is closed
    /// so early was closed because of how it began.
    pub(super) fn before_any_answer(self, tls: bool) -> Self {
        match self {
            Self::Closed(what) => Self::ClosedAtOnce { what, tls },
            other => other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials => f.write_str(
                "the broker does not accept the user name or password: \
                 check `broker.user` and `broker.password`",
            ),
            Self::NotAuthorized => f.write_str(
                "the broker does not let this client connect (not authorized): \
                 check `broker.user`, `broker.password` and the broker's rules for \
                 `broker.client_id`",
            ),
            Self::Protocol => f.write_str(
                "the broker does not speak this version of MQTT: check `broker.protocol`",
            ),
            Self::ClientId => f.write_str(
                "the broker does not accept the client identifier: check `broker.client_id`",
            ),
            Self::TakenOver => f.write_str(
                "another client connected with the same identifier: give every observer its own \
                 `id`, and its own `broker.client_id` if that is set",
            ),
            Self::Broker(reason) => write!(f, "the broker ended the connection: {reason}"),
            Self::Filters(filters) => {
                f.write_str("the broker refused to let us listen to ")?;
                for (at, (filter, reason)) in filters.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}`{filter}` ({reason})")?;
                }
                f.write_str(": check the broker's access rules (ACL) for `broker.user`")
            }
            Self::Subscription(what) => write!(f, "the subscription went wrong: {what}"),
            Self::TooLarge(size) => {
                f.write_str("a message ")?;
                if let Some(size) = size {
                    write!(f, "of {size} bytes ")?;
                }
                f.write_str("is larger than accepted: raise `broker.max_packet`")
            }
            Self::Unreadable(what) => write!(
                f,
                "the broker's bytes could not be read ({what}): check `broker.protocol` and \
                 that the port in `broker.url` speaks MQTT, and without TLS unless the address \
                 says so"
            ),
            Self::WebSocket(what) => write!(
                f,
                "no WebSocket for MQTT there ({what}): check scheme, port and path in `broker.url`"
            ),
            Self::ClosedAtOnce { what, tls: true } => write!(
                f,
                "closed before the broker answered ({what}): check that the port in `broker.url` \
                 speaks TLS, and whether the broker wants a certificate (`broker.cert_file`)"
            ),
            Self::ClosedAtOnce { what, tls: false } => write!(
                f,
                "closed before the broker answered ({what}): check scheme and port in `broker.url`, \
                 that the port is without TLS (else mqtts:// or wss://), and whether the broker \
                 speaks this version of MQTT (`broker.protocol`)"
            ),
            Self::Tls(what) | Self::Closed(what) | Self::Network(what) => f.write_str(what),
            Self::Timeout(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_filters_are_named() {
        let failure = Failure::Filters(vec![
            ("service/+".into(), "not authorized"),
            ("session/+/response".into(), "refused"),
        ]);
        let text = failure.to_string();
        assert!(text.contains("`service/+` (not authorized), `session/+/response` (refused)"));
        assert!(text.contains("ACL"));
        assert!(failure.needs_operator());
    }

    #[test]
    fn what_is_closed_at_once_is_told_apart() {
        let closed = || Failure::Closed("reset".to_owned());
        for (tls, setting) in [(true, "`broker.cert_file`"), (false, "mqtts://")] {
            let text = closed().before_any_answer(tls).to_string();
            assert!(text.contains(setting) && text.contains("`broker.url`"), "{text}");
        }
        assert_eq!(closed().to_string(), "reset");
        assert_eq!(Failure::ClientId.before_any_answer(true), Failure::ClientId);
    }

    #[test]
    fn each_refusal_names_its_setting() {
        for (failure, setting) in [
            (Failure::Credentials, "`broker.password`"),
            (Failure::NotAuthorized, "`broker.user`"),
            (Failure::Protocol, "`broker.protocol`"),
            (Failure::ClientId, "`broker.client_id`"),
            (Failure::TakenOver, "`broker.client_id`"),
            (Failure::TooLarge(Some(9)), "`broker.max_packet`"),
        ] {
            assert!(failure.to_string().contains(setting), "{failure}");
            assert!(failure.needs_operator());
        }
    }
}

//! The settings of `[broker]`: where it is, who logs in, TLS, and the pace of the connection.

use super::{H, Kind, MIN, MS, S, Section, Setting, Slot, count, setting, span};
use crate::config::draft::Draft;
use rustls::pki_types::ServerName;

/// `[broker]`.
pub(super) static BROKER: Section = Section {
    name: "broker",
    meaning: "The broker and how to reach it.",
    settings: &[
        setting(
            "url",
            Kind::Urls,
            Slot::Urls(|d| &mut d.broker.url),
            "Its address: `mqtt://` (port 1883 if none is given), `mqtts://` with TLS (8883), or through a WebSocket \
             `ws://` (80) and, with TLS, `wss://` (443), with the path `/mqtt` if none is given; `host:port` is \
             `mqtt://`. `%`, `/`, `?`, `#`, `@` in user and password are percent-encoded. Of several addresses, \
             `[\"mqtts://a\", \"mqtts://b\"]`, or comma separated in a variable, the next is tried at once when one \
             fails, and `backoff_min` is waited when all have; they share all other settings, and all have TLS or none. \
             `LOOKOUT_BROKER` is short for `LOOKOUT_BROKER_URL`.",
        ),
        setting(
            "protocol",
            Kind::Choice(&["5", "3.1.1"]),
            Slot::Text(|d| &mut d.broker.protocol),
            "MQTT version. 5 keeps retained messages and lookout's own from coming back, and carries response \
             topics; 3.1.1 is for brokers that know no better.",
        ),
        maybe(
            "client_id",
            |d| &mut d.broker.client_id,
            "Client identifier. A broker closes a connection when its identifier connects again elsewhere, so no \
             two programs may share one. Over MQTT 5 lookout gives up with exit code 1 when the broker says \
             twice within a minute that another one took it. 3.1.1 has no word for it, and Mosquitto 2.0.11 \
             does not say it over 5 either: there the two go on, and the log of each has a hint.",
        )
        .unset("\"lookout-1\"", "the value of `id`"),
        maybe(
            "user",
            |d| &mut d.broker.user,
            "User name, for every address that has none in `url`. May stand there instead, but not in both.",
        )
        .unset("\"lookout\"", "as in `url`, else none"),
        setting(
            "password",
            Kind::Secret,
            Slot::MaybeText(|d| &mut d.broker.password),
            "Password; never shown. Better kept out of this file: in `password_file` or `LOOKOUT_BROKER_PASSWORD`. \
             Only one of `password`, `password_file` and a password in `url`.",
        )
        .unset("\"…\"", "as in `url`, else none"),
        maybe(
            "password_file",
            |d| &mut d.broker.password_file,
            "A file with the password, such as a mounted secret; white space around it is trimmed. A relative path \
             starts at the working directory.",
        )
        .unset("\"/run/secrets/broker-password\"", "none"),
        maybe(
            "ca_file",
            |d| &mut d.broker.ca_file,
            "A PEM file with the certificates of the authorities that the broker's certificate may come from; nobody \
             else is trusted then. Only with TLS, as all settings down to `alpn`; files are read once, at the start.",
        )
        .unset("\"/etc/lookout/ca.pem\"", "the authorities that the system trusts"),
        maybe(
            "cert_file",
            |d| &mut d.broker.cert_file,
            "A PEM file with lookout's own certificate, then those that lead from it to the authority, for brokers \
             that ask for one. Needs `key_file`.",
        )
        .unset("\"/etc/lookout/client.pem\"", "none"),
        maybe(
            "key_file",
            |d| &mut d.broker.key_file,
            "A PEM file with the private key of `cert_file`, without a passphrase.",
        )
        .unset("\"/run/secrets/client-key.pem\"", "none"),
        setting(
            "server_name",
            Kind::Text {
                allowed: "a host name or IP address as in a certificate",
                check: is_server_name,
            },
            Slot::MaybeText(|d| &mut d.broker.server_name),
            "The name that the broker's certificate must be for, where `url` has another, such as an address behind a \
             tunnel. What is asked for when connecting (SNI) stays the host of `url`.",
        )
        .unset("\"broker.example\"", "the host in `url`"),
        setting(
            "alpn",
            Kind::Texts { of: "protocol names of 1 to 255 bytes", check: is_protocol_name },
            Slot::Texts(|d| &mut d.broker.alpn),
            "Names for ALPN, such as `mqtt`, where several protocols share a port and the broker picks by name.",
        ),
        span(
            "keep_alive",
            |d| &mut d.broker.keep_alive,
            (5 * S, 18 * H),
            "Keep-alive interval: how soon a dead connection is noticed, against how often an idle one is used. \
             MQTT ends at 65 535 s.",
        ),
        span(
            "connect_timeout",
            |d| &mut d.broker.connect_timeout,
            (100 * MS, 5 * MIN),
            "How long a connection may take to come up before it is tried anew.",
        ),
        span(
            "backoff_min",
            |d| &mut d.broker.backoff_min,
            (10 * MS, 5 * MIN),
            "First wait before reconnecting; it doubles up to `backoff_max`. Short, as most breaks are.",
        ),
        span(
            "backoff_max",
            |d| &mut d.broker.backoff_max,
            (10 * MS, H),
            "Longest wait before reconnecting, so that a broker that is back is noticed. At least `backoff_min`.",
        ),
        count(
            "max_packet",
            |d| &mut d.broker.max_packet,
            (1024, 268_435_455),
            "Largest packet accepted, in bytes: a payload of 1 MiB, and 64 KiB for topic and properties. An MQTT 5 \
             broker is told and leaves larger ones out; over 3.1.1 a larger one ends the connection, and so does one \
             of more than 16 MiB in one frame of a WebSocket. At least `traffic.max_payload`.",
        ),
        count(
            "qos",
            |d| &mut d.broker.qos,
            (0, 1),
            "Quality of service of the subscriptions. 0, because a broker throttles a QoS 1 subscriber to its \
             in-flight window (20 to 32 messages) and then drops silently: 1 makes lookout hear less, not more.",
        ),
    ],
};

/// A string of the program's own that need not be set.
const fn maybe(
    name: &'static str,
    at: fn(&mut Draft) -> &mut Option<String>,
    meaning: &'static str,
) -> Setting {
    const ANY: Kind = Kind::Text {
        allowed: "a string of 1 to 65535 bytes without control characters",
        check: is_mqtt_string,
    };
    setting(name, ANY, Slot::MaybeText(at), meaning)
}

/// Whether a text fits where MQTT takes a string.
fn is_mqtt_string(text: &str) -> bool {
    (1..=65_535).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// Whether a certificate can be for a name.
fn is_server_name(text: &str) -> bool {
    ServerName::try_from(text).is_ok()
}

/// Whether a text fits where TLS takes the name of a protocol.
fn is_protocol_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
}

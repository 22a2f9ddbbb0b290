//! What an error of the network, of TLS or of the WebSocket means for whoever runs lookout.
//!
//! The two versions of the library wrap these errors in types of their own, some layers deep, and
//! a certificate that the broker refuses shows only when the first answer is read. So the chain
//! of causes is searched for what rustls said, wherever it came up. What the other side chose,
//! such as the names in its certificate, is shown escaped and cut.

use super::Failure;
use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::io;

/// Most names of a certificate that are shown, and most characters of each.
const NAMES: usize = 4;
const NAME: usize = 80;

const OUR_CERTIFICATE: &str =
    "check `broker.cert_file`, `broker.key_file` and whom the broker trusts";

/// The failure behind an error of the network, with or without TLS.
pub(super) fn of(error: &(dyn Error + 'static)) -> Failure {
    let mut text = String::new();
    for cause in chain(error) {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return of_tls(error);
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            text = error.to_string();
            if is_closed(error.kind()) {
                return Failure::Closed(text);
            }
        }
    }
    Failure::Network(if text.is_empty() { error.to_string() } else { text })
}

/// The failure behind an error of the WebSocket, which may be one of the network or of TLS below.
pub(super) fn of_web_socket(error: &(dyn Error + 'static)) -> Failure {
    let is_below =
        |cause: &(dyn Error + 'static)| cause.is::<rustls::Error>() || cause.is::<io::Error>();
    if chain(error).any(is_below) { of(error) } else { Failure::WebSocket(cut(&error.to_string())) }
}

/// The answer to the WebSocket request does not name MQTT.
pub(super) fn no_subprotocol() -> Failure {
    Failure::WebSocket("the answer does not say that it speaks MQTT".to_owned())
}

/// An error and its causes. What an [`io::Error`] holds is its cause here; the standard library
/// takes it for the error itself and skips it.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        }
    })
}

const fn is_closed(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn of_tls(error: &rustls::Error) -> Failure {
    Failure::Tls(match error {
        rustls::Error::InvalidCertificate(error) => of_certificate(error),
        rustls::Error::AlertReceived(alert) => of_alert(*alert),
        rustls::Error::InvalidMessage(_) => "what answers there does not speak TLS: check scheme \
                                             and port in `broker.url`"
            .to_owned(),
        rustls::Error::NoApplicationProtocol => no_alpn(),
        other => format!("TLS failed ({}): check `broker.url`", cut(&other.to_string())),
    })
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the broker's certificate has expired: renew it, or check the clock here and that \
             `broker.url` is the right broker"
                .to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the broker's certificate is not valid yet: check the clock here, and that \
             `broker.url` is the right broker"
                .to_owned()
        }
        CertificateError::UnknownIssuer => "the broker's certificate is from an authority that is \
                                            not trusted: set `broker.ca_file` to its certificate"
            .to_owned(),
        CertificateError::NotValidForName => other_name(""),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let shown = presented.iter().take(NAMES).map(|name| bare(name)).collect::<Vec<_>>();
            let more = if presented.len() > NAMES { ", …" } else { "" };
            let expected = expected.to_str();
            other_name(&format!(" (it is for {}{more}, not {expected})", shown.join(", ")))
        }
        // Known by its text alone. It is what a self-signed certificate mostly is.
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the broker shows the certificate of an authority as its own: have the authority in \
             `broker.ca_file` sign another one for the broker"
                .to_owned()
        }
        other => format!(
            "the broker's certificate is not accepted ({}): check `broker.ca_file` and that \
             `broker.url` is the right broker",
            cut(&format!("{other:?}"))
        ),
    }
}

/// A name as it may be shown: rustls gives it as `DnsName("broker.example")`.
fn bare(name: &str) -> String {
    let inner = name.strip_prefix("DnsName(\"").and_then(|rest| rest.strip_suffix("\")"));
    cut(inner.unwrap_or(name))
}

fn other_name(names: &str) -> String {
    format!(
        "the broker's certificate is for another name{names}: check the host in `broker.url`, or \
         set `broker.server_name`"
    )
}

fn no_alpn() -> String {
    "the broker speaks none of the protocols asked for: check `broker.alpn`".to_owned()
}

/// What the broker did not like. Most alerts are about lookout's certificate: the rest of what it
/// says is rustls' doing.
fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            format!("the broker wants a certificate from us: {OUR_CERTIFICATE}")
        }
        AlertDescription::NoApplicationProtocol => no_alpn(),
        AlertDescription::UnrecognisedName => {
            "the broker does not know the name it was asked for: check the host in `broker.url`"
                .to_owned()
        }
        AlertDescription::ProtocolVersion => {
            "the broker speaks no version of TLS that is safe (1.2 or 1.3): check `broker.url`"
                .to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::HandshakeFailure => {
            format!(
                "the broker refused our certificate, or that we have none ({alert:?}): \
                     {OUR_CERTIFICATE}"
            )
        }
        other => format!("the broker ended TLS ({other:?}): check `broker.url`"),
    }
}

/// A text of unknown origin as it may be shown.
fn cut(text: &str) -> String {
    text.chars().take(NAME).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// An error as the library hands it on: rustls' inside one of the network.
    fn wrapped(error: rustls::Error) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    #[test]
    fn each_refusal_names_its_setting() {
        use AlertDescription as Alert;
        use CertificateError as Bad;
        let bad = rustls::Error::InvalidCertificate;
        let alert = rustls::Error::AlertReceived;
        for (error, words) in [
            (bad(Bad::Expired), ["expired", "`broker.url`"]),
            (bad(Bad::NotValidYet), ["clock", "`broker.url`"]),
            (bad(Bad::UnknownIssuer), ["authority", "`broker.ca_file`"]),
            (bad(Bad::BadSignature), ["not accepted", "`broker.ca_file`"]),
            (bad(Bad::NotValidForName), ["another name", "`broker.server_name`"]),
            (alert(Alert::CertificateRequired), ["wants", "`broker.cert_file`"]),
            (alert(Alert::UnknownCA), ["refused", "`broker.cert_file`"]),
            (alert(Alert::NoApplicationProtocol), ["none of the protocols", "`broker.alpn`"]),
            (alert(Alert::InternalError), ["InternalError", "`broker.url`"]),
        ] {
            let failure = of(&wrapped(error));
            assert!(failure.needs_operator(), "{failure}");
            let text = failure.to_string();
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        }
    }

    #[test]
    fn names_of_a_certificate_are_tame() {
        let dns = |name: &str| format!("DnsName(\"{name}\")");
        let presented = vec![dns("b.example"), dns("\u{1b}[2J"), "x".repeat(500)];
        let expected = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
        let error = CertificateError::NotValidForNameContext { expected, presented };
        let text = of(&wrapped(error.into())).to_string();
        assert!(text.contains("it is for b.example, "), "{text}");
        assert!(text.contains("not 127.0.0.1)") && text.len() < 400, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn other_errors_stay_what_they_are() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(of(&refused), Failure::Network("connection refused".to_owned()));
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(of_web_socket(&reset), Failure::Closed("connection reset".to_owned()));
        let other = std::fmt::Error;
        assert!(matches!(of_web_socket(&other), Failure::WebSocket(_)));
    }
}

//! How lookout knows the broker, and the broker lookout: certificates, keys and names for TLS.
//!
//! Everything is read and put together before anything connects, so that a file that cannot be
//! read, holds nothing or holds the wrong thing is a mistake in the configuration and not a link
//! that never comes up. There is no way to turn the check of the broker's certificate off.
//!
//! The cryptography is `ring`'s, named here and not taken from the process: whichever other
//! provider a dependency brings, this is the one in use. PEM is read by rustls' own reader.
//! Messages name a file and what is missing in it; never a line of it, as it may be a key.

use super::draft::BrokerDraft;
use super::gather::Gathered;
use super::mistake::quoted;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::fmt;
use std::io::Read;
use std::sync::Arc;
use url::Url;

/// Largest file of certificates or keys, in bytes: a system's whole list of authorities is a
/// quarter of it.
const LARGEST: u64 = 1 << 20;

const CA: &str = "broker.ca_file";
const CERT: &str = "broker.cert_file";
const KEY: &str = "broker.key_file";

/// How to speak TLS with the broker. Shows nothing of what it holds.
#[derive(Clone)]
pub struct Tls(pub Arc<ClientConfig>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(…)")
    }
}

/// Reads the files and puts TLS together; `None` if a mistake was noted.
pub(super) fn tls(gathered: &mut Gathered, draft: &BrokerDraft) -> Option<Tls> {
    let provider = Arc::new(ring::default_provider());
    let roots = roots(gathered, (CA, draft.ca_file.as_deref()), "broker.url");
    let login = login(gathered, draft);
    let (roots, login) = (roots?, login?);
    let Some(verifier) = verifier(roots, &provider, draft) else {
        let spot = gathered.spot(CA);
        gathered.mistake(spot, "authorities that cannot be used", CERTIFICATES);
        return None;
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous() // The name of the builder; the verifier is the library's own, see `Named`.
        .with_custom_certificate_verifier(verifier);
    let mut config = match login {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => match builder.with_client_auth_cert(chain, key) {
            Ok(config) => config,
            Err(error) => {
                let path = draft.key_file.as_deref().unwrap_or("");
                let spot = gathered.spot(KEY);
                let allowed = format!("the private key of the certificate in {CERT} ({error})");
                gathered.mistake(spot, quoted(path), allowed);
                return None;
            }
        },
    };
    config.alpn_protocols = draft.alpn.iter().map(|name| name.clone().into_bytes()).collect();
    Some(Tls(Arc::new(config)))
}

/// Notes settings of TLS that no address has a use for: whoever wrote them expects to be safe.
pub(super) fn refuse_unused(gathered: &mut Gathered, draft: &BrokerDraft) {
    let text = |text: &Option<String>| text.as_deref().map(quoted);
    for (key, value) in [
        (CA, text(&draft.ca_file)),
        (CERT, text(&draft.cert_file)),
        (KEY, text(&draft.key_file)),
        ("broker.server_name", text(&draft.server_name)),
        ("broker.alpn", draft.alpn.first().map(|name| quoted(name))),
    ] {
        if let Some(value) = value.filter(|_| !gathered.is_bad(key)) {
            let spot = gathered.spot(key);
            let allowed = "such a setting only where broker.url is mqtts:// or wss://";
            gathered.mistake(spot, value, allowed);
        }
    }
}

/// TLS with those who need no certificate of lookout's; `ca` is the setting of a file of
/// authorities, and the file if there is one, and `url` the setting that asks for TLS.
pub(super) fn trusting(
    gathered: &mut Gathered,
    ca: (&str, Option<&str>),
    url: &str,
) -> Option<Tls> {
    without_login(roots(gathered, ca, url)?)
}

impl Tls {
    /// TLS that trusts nobody, for what has to be given one and uses none; `None` if the
    /// cryptography that lookout is built with cannot do that, which does not happen.
    pub fn distrusting() -> Option<Self> {
        without_login(RootCertStore::empty())
    }

    /// The same for HTTP/2 alone, which the other side has to agree to.
    pub fn over_http2(&self) -> Self {
        let mut config = (*self.0).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self(Arc::new(config))
    }

    /// What the certificate of an address has to name; `None` if none can.
    pub fn name(url: &Url) -> Option<ServerName<'static>> {
        // An IPv6 address stands in brackets.
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host.to_owned()).ok()
    }
}

fn without_login(roots: RootCertStore) -> Option<Tls> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?;
    Some(Tls(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
}

/// The authorities to trust: those of the file, else the system's.
fn roots(
    gathered: &mut Gathered,
    (key, ca): (&str, Option<&str>),
    url: &str,
) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        // Some systems keep odd ones among their certificates; those are left out.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            let spot = gathered.spot(url);
            gathered.mistake(
                spot,
                "an address with TLS on a system that knows no authorities",
                format!("{key} beside it, or the package ca-certificates"),
            );
            return None;
        }
        return Some(roots);
    };
    for certificate in certificates(gathered, key, path)? {
        if roots.add(certificate).is_err() {
            let spot = gathered.spot(key);
            gathered.mistake(spot, quoted(path), CERTIFICATES);
            return None;
        }
    }
    Some(roots)
}

/// A chain of certificates and the key of its first.
type Login = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What lookout proves itself with, if anything: `Some(None)` is nothing, `None` a mistake.
fn login(gathered: &mut Gathered, draft: &BrokerDraft) -> Option<Option<Login>> {
    let (cert, key) = match (draft.cert_file.as_deref(), draft.key_file.as_deref()) {
        (Some(cert), Some(key)) => (cert, key),
        (None, None) => return Some(None),
        (Some(path), None) => return one_of_two(gathered, (CERT, path), KEY),
        (None, Some(path)) => return one_of_two(gathered, (KEY, path), CERT),
    };
    let chain = certificates(gathered, CERT, cert);
    let bytes = read(gathered, KEY, key);
    let (chain, bytes) = (chain?, bytes?);
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Some(Some((chain, key))),
        Err(_) => {
            let spot = gathered.spot(KEY);
            let allowed = "a PEM file with a private key that needs no passphrase";
            gathered.mistake(spot, quoted(key), allowed);
            None
        }
    }
}

fn one_of_two<T>(gathered: &mut Gathered, (key, path): (&str, &str), other: &str) -> Option<T> {
    // A file that was refused elsewhere is not missed here.
    if !gathered.is_bad(other) {
        let spot = gathered.spot(key);
        gathered.mistake(spot, quoted(path), format!("both {CERT} and {KEY}, or neither"));
    }
    None
}

const CERTIFICATES: &str = "a PEM file with one or more certificates and nothing malformed";

/// The certificates in a file, at least one.
fn certificates(
    gathered: &mut Gathered,
    key: &str,
    path: &str,
) -> Option<Vec<CertificateDer<'static>>> {
    let bytes = read(gathered, key, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.ok().filter(|found| !found.is_empty());
    if found.is_none() {
        let spot = gathered.spot(key);
        gathered.mistake(spot, quoted(path), CERTIFICATES);
    }
    found
}

/// What is in a file.
fn read(gathered: &mut Gathered, key: &str, path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    let problem = match read {
        Err(error) => format!("a file that can be read: {error}"),
        Ok(0) => "a file that is not empty".to_owned(),
        Ok(size) if size as u64 > LARGEST => "a file of at most 1 MiB".to_owned(),
        Ok(_) => return Some(bytes),
    };
    let spot = gathered.spot(key);
    gathered.mistake(spot, quoted(path), problem);
    None
}

/// What checks the broker's certificate.
fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
    draft: &BrokerDraft,
) -> Option<Arc<dyn ServerCertVerifier>> {
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .ok()?;
    match draft.server_name.clone() {
        None => Some(inner),
        Some(name) => Some(Arc::new(Named { inner, name: ServerName::try_from(name).ok()? })),
    }
}

/// The library's verifier, asked for another name than that of the address.
#[derive(Debug)]
struct Named {
    inner: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _address: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

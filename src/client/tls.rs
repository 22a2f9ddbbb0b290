//! TLS of the program's own choice: which authorities are trusted, which certificate is shown.
//!
//! The configuration is rustls' own, so that a program that speaks TLS elsewhere uses what it has.
//! For one that does not, the certificates of its authority are enough.

use super::error::CallError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// How TLS is spoken. The broker's certificate is checked against the host of the endpoint.
#[derive(Clone, Debug)]
pub struct Tls(pub(super) Arc<ClientConfig>);

impl Tls {
    /// By a configuration of the program's own.
    pub const fn new(config: Arc<ClientConfig>) -> Self {
        Self(config)
    }

    /// Trusts the authorities whose certificates are in a PEM text, and shows no certificate.
    ///
    /// # Errors
    ///
    /// [`CallError::Options`], if there is no certificate in it, or one that cannot be used.
    pub fn trusting(pem: &[u8]) -> Result<Self, CallError> {
        let wrong = |why: String| CallError::Options(format!("`tls`: {why}"));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(wrong("no certificate in the PEM text".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| wrong(error.to_string()))?;
        Ok(Self(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
    }
}

//! Certificates for tests, made when they run: authorities, brokers and clients, as PEM files in a
//! directory of their own that goes with the value.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use std::path::PathBuf;

/// An authority that everybody here trusts, another that nobody does, and what they signed.
#[derive(Debug)]
pub struct Authority {
    directory: tempfile::TempDir,
}

impl Authority {
    /// Makes `ca`, `stranger-ca`, and from the former `broker` (for 127.0.0.1 and localhost),
    /// `expired`, `elsewhere` (for broker.example) and `client`, from the latter `stranger`; each
    /// with its key in `….key.pem`.
    pub fn new() -> Self {
        let authority = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        let ours = authority.authority("ca");
        let strange = authority.authority("stranger-ca");
        authority.signed("broker", &["127.0.0.1", "localhost"], &ours, 2_100);
        authority.signed("expired", &["127.0.0.1"], &ours, 2_020);
        authority.signed("elsewhere", &["broker.example"], &ours, 2_100);
        authority.signed("client", &["client.example"], &ours, 2_100);
        authority.signed("stranger", &["client.example"], &strange, 2_100);
        authority
    }

    /// The path of a file.
    pub fn path(&self, name: &str) -> String {
        self.file(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// Writes another file and gives its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.file(name), text).unwrap();
        self.path(name)
    }

    /// Lines for a listener of Mosquitto that shows a certificate.
    pub fn listener(&self, name: &str) -> String {
        format!(
            "cafile {}\ncertfile {}\nkeyfile {}\n",
            self.path("ca"),
            self.path(name),
            self.path(&format!("{name}.key"))
        )
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.pem"))
    }

    fn authority(&self, name: &str) -> Issuer<'static, KeyPair> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        self.write(name, params.self_signed(&key).unwrap().pem());
        self.write(&format!("{name}.key"), key.serialize_pem());
        Issuer::new(params, key)
    }

    fn signed(&self, name: &str, names: &[&str], issuer: &Issuer<'_, KeyPair>, until: i32) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        self.write(name, params.signed_by(&key, issuer).unwrap().pem());
        self.write(&format!("{name}.key"), key.serialize_pem());
    }
}

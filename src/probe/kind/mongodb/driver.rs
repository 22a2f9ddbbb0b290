//! The driver's settings, and what its errors mean.
//!
//! The settings are built member by member and never as a text with the password in it. Messages
//! are of our own words with the bare cause out of the driver's: its texts show its whole inside.

use crate::config::{Server, is_encrypted};
use crate::platform::words::cut;
use crate::probe::found::Trouble;
use ::mongodb::error::{Error, ErrorKind};
use ::mongodb::options::{
    ClientOptions, Credential, ServerAddress, ServerMonitoringMode, Tls, TlsOptions,
};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// The port of a server whose address has none.
const PORT: u16 = 27_017;

/// How long connecting may take, and how long it may take until a server is there to be asked.
const CONNECT: Duration = Duration::from_secs(2);
const SELECT: Duration = Duration::from_millis(2_500);

/// Where systems keep the authorities that they trust.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The codes of a refused login.
const LOGIN: &[i32] = &[18, 11, 8000];

/// The driver's settings for a server.
///
/// # Errors
///
/// If the address has no host.
pub(super) fn options(at: &Server) -> anyhow::Result<ClientOptions> {
    let host = at.url.host_str().context("an address without a host")?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let port = Some(at.url.port().unwrap_or(PORT));
    let tls = is_encrypted(&at.url).then(|| Tls::Enabled(encryption(at)));
    Ok(ClientOptions::builder()
        .hosts(vec![ServerAddress::Tcp { host, port }])
        .app_name("lookout".to_owned())
        .direct_connection(true)
        .credential(credential(at))
        .connect_timeout(CONNECT)
        .server_selection_timeout(SELECT)
        .max_pool_size(1)
        .retry_reads(false)
        // A stream of states is of no use here, and costs two more connections.
        .server_monitoring_mode(ServerMonitoringMode::Poll)
        .tls(tls)
        .build())
}

/// Who logs in, if anybody does.
fn credential(at: &Server) -> Option<Credential> {
    let user = at.user.clone()?;
    let mut credential = Credential::default();
    credential.username = Some(user);
    credential.password = at.password.as_ref().map(|word| word.0.clone());
    credential.source = Some(source(&at.url));
    Some(credential)
}

/// The database that knows the user; as in any address of MongoDB, that of the path if none is
/// named.
fn source(url: &Url) -> String {
    let named = url.query_pairs().find(|(name, _)| name.eq_ignore_ascii_case("authSource"));
    let named = named.map(|(_, value)| value.into_owned()).filter(|name| !name.is_empty());
    let path = url.path().trim_matches('/');
    let path = (!path.is_empty() && !path.contains('/')).then(|| path.to_owned());
    named.or(path).unwrap_or_else(|| "admin".to_owned())
}

/// How to speak TLS: whom to trust. The driver's own list is not the system's.
fn encryption(at: &Server) -> TlsOptions {
    let system = || BUNDLES.iter().map(Path::new).find(|path| path.is_file()).map(PathBuf::from);
    let mut options = TlsOptions::default();
    options.ca_file_path = at.ca_file.clone().or_else(system);
    options
}

/// Whether an error may come from a connection that broke since the last look.
pub(super) fn is_broken(error: &Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::ServerSelection { .. }
    )
}

/// What it means that a server cannot be asked.
pub(super) fn refused(at: &Server, error: &Error) -> Trouble {
    let address = &at.url[..url::Position::BeforePath];
    let unreachable = |why: &str| {
        Trouble::down("unreachable", format!("{address}: {}", cut(why)))
            .advice("Check that mongod runs (systemctl status mongod), its address, and firewalls")
    };
    match error.kind.as_ref() {
        ErrorKind::Authentication { .. } => login(at, "it does not log in"),
        ErrorKind::Command(refusal) if LOGIN.contains(&refusal.code) => {
            login(at, &refusal.code_name)
        }
        ErrorKind::Command(refusal) => Trouble::down(
            "bad_answers",
            format!("{address} refuses with code {}: {}", refusal.code, cut(&refusal.message)),
        ),
        ErrorKind::Io(error) => unreachable(&error.to_string()),
        // Which is how the driver calls it, too, when the server is there and too old.
        ErrorKind::ServerSelection { message, .. } if message.contains("wire version") => {
            too_old(address, message)
        }
        ErrorKind::ServerSelection { message, .. } => unreachable(cause(message)),
        ErrorKind::ConnectionPoolCleared { message, .. } => unreachable(cause(message)),
        ErrorKind::DnsResolve { message, .. } | ErrorKind::InvalidTlsConfig { message, .. } => {
            unreachable(message)
        }
        ErrorKind::IncompatibleServer { message, .. } => too_old(address, message),
        kind => Trouble::down(
            "bad_answers",
            format!(
                "what answers at {address} is not MongoDB, or speaks badly: {}",
                cut(&kind.to_string())
            ),
        )
        .advice("Check the address and the port, and whether the server wants TLS (?tls=true)"),
    }
}

/// The trouble of a server that is older than the driver knows.
fn too_old(address: &str, message: &str) -> Trouble {
    Trouble::error("cannot_be_checked", format!("{address}: {}", cut(message)))
        .definite()
        .advice("MongoDB 4.4 or later can be checked; take a check of kind tcp for others")
}

/// The trouble of a refused login.
fn login(at: &Server, why: &str) -> Trouble {
    let source = source(&at.url);
    let message = format!(
        "refuses `user` with the password of `password_file` (database {source:?}): {}",
        cut(why)
    );
    // It answers, so it may well do its work.
    Trouble::error("cannot_be_checked", message).definite().advice(format!(
        "Check `user` and `password_file`, and whether the user is in database {source:?} (authSource in `url`): \
         mongosh -u USER -p --authenticationDatabase {source}"
    ))
}

/// The bare cause in a text of the driver, which begins with `Kind:` and ends before `, labels`.
fn cause(message: &str) -> &str {
    let inner = message.rsplit_once("Kind: ").map_or(message, |(_, rest)| rest);
    let inner = inner.split_once(", labels:").map_or(inner, |(cause, _)| cause);
    let inner = inner.strip_prefix("I/O error: ").unwrap_or(inner);
    if inner.starts_with("Server selection timeout") { "no answer" } else { inner }
}

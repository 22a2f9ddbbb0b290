//! The way to Docker: its socket, or a proxy of it over TCP.

use anyhow::Context;
use bollard::{API_DEFAULT_VERSION, Docker};

/// Seconds that an answer may take; those who look have limits of their own.
const TIMEOUT: u64 = 30;

/// A client that has not connected yet.
///
/// # Errors
///
/// If the address cannot be used.
pub fn client(url: &str) -> anyhow::Result<Docker> {
    let client = match url.strip_prefix("unix://") {
        Some(path) => Docker::connect_with_unix(path, TIMEOUT, API_DEFAULT_VERSION),
        None => Docker::connect_with_http(url, TIMEOUT, API_DEFAULT_VERSION),
    };
    client.with_context(|| format!("`docker.url` = {url:?}"))
}

//! One page of lookout's own HTTP server, for a health check in an image that has no shell, and for
//! those who ask for advice.
//!
//! The page is asked for once: no proxy, no redirect, no second attempt, as each of them could find
//! something else than the lookout that was meant. Its body is read up to a bound, and what of it
//! is no text is taken out: it is printed where logs are kept.

use crate::config::Tls;
use anyhow::{Context, bail, ensure};
use reqwest::{Client, StatusCode, redirect};
use std::time::Duration;

/// How long an answer may take: less than whoever runs health checks usually waits (5 s).
const TIMEOUT: Duration = Duration::from_secs(4);

/// Largest body that is shown, in bytes.
const LARGEST: usize = 64 << 10;

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Whether it was given with status 200.
    pub good: bool,
    /// Its status, in words: `503 Service Unavailable`.
    pub status: String,
    /// Its body: at most 64 KiB, unless more was wanted, without control characters but line breaks.
    pub body: String,
}

/// Asks for a page.
///
/// # Errors
///
/// If the address is none of `http://`, or there is no answer within 4 s.
pub async fn page(url: &str) -> anyhow::Result<Page> {
    page_up_to(url, LARGEST).await
}

/// As [`page`], with a body of up to so many bytes.
///
/// # Errors
///
/// As [`page`].
pub async fn page_up_to(url: &str, largest: usize) -> anyhow::Result<Page> {
    ensure!(
        url::Url::parse(url).is_ok_and(|url| url.scheme() == "http"),
        "{:?} is no address such as http://127.0.0.1:9464/readyz",
        url
    );
    let Some(tls) = Tls::distrusting() else { bail!("TLS cannot be set up") };
    let client = Client::builder()
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .tls_backend_preconfigured((*tls.0).clone())
        .build()
        .context("no HTTP client")?;
    let no_answer = || format!("no answer from {url}");
    let mut answer = client
        .get(url)
        .send()
        .await
        .map_err(reqwest::Error::without_url)
        .with_context(no_answer)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) =
        answer.chunk().await.map_err(reqwest::Error::without_url).with_context(no_answer)?
    {
        let room = largest - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() == largest {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    let body = text.replace(|c: char| c.is_control() && c != '\n', " ");
    Ok(Page { good: status == StatusCode::OK, status: status.to_string(), body })
}

//! A request with alerts, and whether it was taken.
//!
//! Redirects are not followed and no proxy is used, so that credentials reach whom they are meant for.
//! Of an answer no more than a line is read, as a stranger wrote it.

use crate::config::{Door, Login};
use anyhow::Context;
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use std::error::Error;
use std::time::Duration;
use url::Url;

/// Bytes of an answer that are read.
const READ: usize = 512;

/// The way to somebody.
#[derive(Clone, Debug)]
pub(super) struct Way {
    client: Client,
    door: Door,
}

/// Why something was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It may be taken another time.
    Later(String),
    /// It never will be, as it is.
    Never(String),
}

impl Refusal {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Later(text) | Self::Never(text) => text,
        }
    }
}

impl Way {
    /// A way that is not taken yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(door: Door) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(Duration::from_micros(door.timeout.micros()))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("lookout/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured((*door.tls.0).clone())
            .build()
            .with_context(|| format!("no way to {}", host(&door)))?;
        Ok(Self { client, door })
    }

    /// Who is there, without what may be secret in the address.
    pub(super) fn host(&self) -> String {
        host(&self.door)
    }

    /// The address with a path behind it.
    fn url(&self, path: &str) -> Url {
        let mut url = self.door.url.clone();
        if !path.is_empty() {
            let whole = format!("{}{path}", url.path().trim_end_matches('/'));
            url.set_path(&whole);
        }
        url
    }

    fn signed_in(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.door.login {
            Login::None => request,
            Login::Basic(user, password) => request.basic_auth(user, Some(&password.0)),
            Login::Bearer(token) => request.bearer_auth(&token.0),
        }
    }

    /// Asks for a page: its status, or why there is no answer.
    pub(super) async fn ask(&self, path: &str) -> Result<StatusCode, String> {
        let answer = self.signed_in(self.client.get(self.url(path))).send().await;
        answer.map(|answer| answer.status()).map_err(|error| because(error.without_url()))
    }

    /// Asks what may be done there, which changes nothing: its status, or why there is no answer.
    pub(super) async fn knock(&self) -> Result<StatusCode, String> {
        let answer = self.client.request(Method::OPTIONS, self.url("")).send().await;
        answer.map(|answer| answer.status()).map_err(|error| because(error.without_url()))
    }

    /// Sends it; `path` is added to the address.
    pub(super) async fn post(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<(), Refusal> {
        let mut request = self.signed_in(self.client.post(self.url(path))).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut answer =
            request.send().await.map_err(|error| Refusal::Later(because(error.without_url())))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let mut said = Vec::new();
        while let Ok(Some(part)) = answer.chunk().await {
            said.extend_from_slice(&part);
            if said.len() >= READ {
                break;
            }
        }
        said.truncate(READ);
        let said = crate::wire::line::tame(String::from_utf8_lossy(&said).trim());
        let text = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
        // What is wrong with the request stays wrong; who may send it, where, and how often may change.
        let changes = [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        if status.is_client_error() && !changes.contains(&status) {
            return Err(Refusal::Never(text));
        }
        Err(Refusal::Later(text))
    }
}

fn host(door: &Door) -> String {
    let url = &door.url;
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// An error with everything behind it.
fn because(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        text += &format!(": {error}");
        behind = error.source();
    }
    text
}

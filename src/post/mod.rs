//! What is sent to others over HTTP, and what they say to it: the way that alerts and traces share.
//!
//! Redirects are not followed and no proxy is used, so that credentials reach whom they are meant for.
//! Of an answer only so much is read as its reader asks for, as a stranger wrote it. Whether something
//! is sent again is its room's affair.

mod signed;

pub(crate) use reqwest::Method;
pub(crate) use signed::signed;

use crate::config::{Door, Login};
use crate::wire::line::tame;
use anyhow::Context;
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use std::error::Error;
use std::time::Duration;
use url::Url;

/// The way to somebody.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    client: Client,
    door: Door,
}

/// What was said to something that was sent.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status; shows itself with its name.
    pub(crate) status: StatusCode,
    /// When to ask again, as it was written.
    pub(crate) retry_after: Option<String>,
    /// The beginning of what is in it.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The status, and the words of a text with it.
    pub(crate) fn text(&self) -> String {
        let said = tame(String::from_utf8_lossy(&self.body).trim());
        if said.is_empty() { self.status.to_string() } else { format!("{}: {said}", self.status) }
    }
}

impl Way {
    /// A way that is not taken yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(crate) fn new(door: Door) -> anyhow::Result<Self> {
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
    pub(crate) fn host(&self) -> String {
        host(&self.door)
    }

    /// What it said, without the login that it was shown.
    pub(crate) fn hide(&self, said: &str) -> String {
        self.door.login.hide(said, std::iter::empty())
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
    pub(crate) async fn ask(&self, path: &str) -> Result<StatusCode, String> {
        let answer = self.signed_in(self.client.get(self.url(path))).send().await;
        answer.map(|answer| answer.status()).map_err(|error| because(&error.without_url()))
    }

    /// Asks what may be done there, which changes nothing: its status, or why there is no answer.
    pub(crate) async fn knock(&self) -> Result<StatusCode, String> {
        let answer = self.client.request(Method::OPTIONS, self.url("")).send().await;
        answer.map(|answer| answer.status()).map_err(|error| because(&error.without_url()))
    }

    /// Makes a request with a login: of a method, to the levels of a path, with a query, and with JSON. Of the
    /// answer at most `read` bytes are read.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub(crate) async fn request(
        &self,
        method: Method,
        levels: &[&str],
        query: &[(&str, &str)],
        json: Option<String>,
        read: usize,
    ) -> Result<Answer, String> {
        let mut url = self.door.url.clone();
        // An address of HTTP has levels.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(levels);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.signed_in(self.client.request(method, url));
        if let Some(json) = json {
            request = request.header(CONTENT_TYPE, "application/json").body(json);
        }
        let answer = request.send().await.map_err(|error| because(&error.without_url()))?;
        let (status, retry_after) = (answer.status(), None);
        Ok(Answer { status, retry_after, body: beginning(answer, read).await })
    }

    /// Sends it, with a login; `path` is added to the address, and of the answer at most `read` bytes
    /// are read.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub(crate) async fn send(
        &self,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
        read: usize,
    ) -> Result<Answer, String> {
        let request = self.signed_in(self.client.post(self.url(path))).headers(headers).body(body);
        let answer = request.send().await.map_err(|error| because(&error.without_url()))?;
        let status = answer.status();
        let retry_after = answer.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer { status, retry_after, body: beginning(answer, read).await })
    }
}

/// At most so many bytes of an answer.
async fn beginning(mut answer: Response, most: usize) -> Vec<u8> {
    let mut said = Vec::new();
    while let Ok(Some(part)) = answer.chunk().await {
        let room = most - said.len();
        said.extend_from_slice(part.get(..room).unwrap_or(&part));
        if said.len() == most {
            break;
        }
    }
    said
}

/// Headers by their names; a value that none can have is left out.
pub(crate) fn headers(all: &[(&'static str, String)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
    };
    all.iter().filter_map(header).collect()
}

/// Who is there, without what may be secret in the address.
pub(crate) fn host(door: &Door) -> String {
    let url = &door.url;
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// An error with everything behind it.
pub(crate) fn because(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        text += &format!(": {error}");
        behind = error.source();
    }
    text
}

//! The way to EMQX's REST API, version 5: a question or a change, and the answer or why there is none.
//!
//! Answers are read up to a bound, whatever their length is said to be; members that are not known
//! are passed over, as EMQX adds some with every version. Messages name what may be wrong, by the
//! settings of whoever asks, and never the secret; of what a stranger says only a code is shown.

use super::words::{because, cut};
use crate::config::Emqx;
use anyhow::Context;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Response, StatusCode, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;
use url::Url;

/// Largest answer that is read, in bytes: a full page of subscriptions is some 200 KiB.
const LARGEST: usize = 4 << 20;

/// How whoever asks calls its settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// The address, and what stands between it and its value.
    pub(crate) url: &'static str,
    /// The API key.
    pub(crate) key: &'static str,
}

/// The words for the settings of `[emqx]`.
pub(crate) const SECTION: Words = Words { url: "`emqx.url` =", key: "`emqx.api_key`" };
/// The words for a check, whose settings may be its own or those of `[emqx]`.
pub(crate) const CHECK: Words = Words { url: "EMQX at", key: "the API key" };

/// The way to EMQX.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    settings: Emqx,
    words: Words,
}

/// Why there is no answer that can be used.
#[derive(Debug)]
pub(crate) struct Failure {
    words: Words,
    url: String,
    what: &'static str,
    why: Why,
}

/// What went wrong with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nothing came, or less than was announced.
    NoAnswer(String),
    /// More than is read.
    TooLong,
    /// It said no; the code is EMQX's word for it, or empty.
    Refused(StatusCode, String),
    /// What came is nothing that EMQX says.
    Strange,
}

/// What EMQX says when it refuses.
#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    code: String,
}

/// Whether an answer in pages goes on.
#[derive(Deserialize, Default)]
pub(crate) struct Meta {
    /// Another page follows.
    #[serde(default)]
    pub(crate) hasnext: bool,
}

impl Api {
    /// A way that is not taken yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(crate) fn new(settings: Emqx, words: Words) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(Duration::from_micros(settings.timeout.micros()))
            // The key is for this place alone, and no proxy was set.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .tls_backend_preconfigured((*settings.tls.0).clone())
            .build()
            .with_context(|| format!("{} \"{}\" cannot be asked", words.url, settings.url))?;
        Ok(Self { client, settings, words })
    }

    /// The settings it was made with.
    pub(crate) const fn settings(&self) -> &Emqx {
        &self.settings
    }

    /// What is at a path below `/api/v5/`, such as `nodes`.
    ///
    /// # Errors
    ///
    /// If EMQX gives no answer, one that cannot be read, or one that is too long.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        self.get_at(path, &[], query).await
    }

    /// The same below a path, by levels that may be anything.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) async fn get_at<T: DeserializeOwned>(
        &self,
        path: &'static str,
        levels: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let body = self.ask(Method::GET, (path, levels), query, None).await;
        let read = body.and_then(|body| serde_json::from_slice(&body).map_err(|_| Why::Strange));
        read.map_err(|why| self.failure(path, why))
    }

    /// Changes what is at a path: `POST` with JSON, or `DELETE`.
    ///
    /// # Errors
    ///
    /// If EMQX gives no answer, or refuses.
    pub(crate) async fn change(
        &self,
        method: Method,
        (path, levels): (&'static str, &[&str]),
        json: Option<String>,
    ) -> Result<(), Failure> {
        let body = self.ask(method, (path, levels), &[], json).await;
        body.map(|_| ()).map_err(|why| self.failure(path, why))
    }

    fn failure(&self, what: &'static str, why: Why) -> Failure {
        Failure { words: self.words, url: self.settings.url.clone(), what, why }
    }

    async fn ask(
        &self,
        method: Method,
        (path, levels): (&str, &[&str]),
        query: &[(&str, &str)],
        json: Option<String>,
    ) -> Result<Vec<u8>, Why> {
        let Emqx { url, key: (key, secret), .. } = &self.settings;
        let mut address = Url::parse(&format!("{url}/api/v5/{path}"))
            .map_err(|error| Why::NoAnswer(because(&error)))?;
        // An address of HTTP has levels; what is in them is escaped.
        if let Ok(mut below) = address.path_segments_mut() {
            below.extend(levels);
        }
        if !query.is_empty() {
            address.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, address).basic_auth(key, Some(&secret.0));
        if let Some(json) = json {
            request = request.header(CONTENT_TYPE, "application/json").body(json);
        }
        let answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        let body = body(answer).await?;
        if !status.is_success() {
            // What it says is for people, and may hold anything; its code is a word.
            let Refusal { code } = serde_json::from_slice(&body).unwrap_or_default();
            let word = code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
            let code = if word && code.len() <= 64 { code } else { String::new() };
            return Err(Why::Refused(status, code));
        }
        Ok(body)
    }
}

/// Why there is no answer, without the question, which is long and says nothing.
fn no_answer(error: reqwest::Error) -> Why {
    Why::NoAnswer(because(&error.without_url()))
}

async fn body(mut answer: Response) -> Result<Vec<u8>, Why> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Why::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Failure {
    /// What went wrong.
    pub(crate) const fn why(&self) -> &Why {
        &self.why
    }

    /// Whether a node left the cluster while it was asked, which EMQX answers so; the next look
    /// sees who it was.
    pub(crate) fn is_node_gone(&self) -> bool {
        matches!(&self.why, Why::Refused(_, code) if code == "NODE_DOWN")
    }

    /// The same in a few words, where it is plain who was asked.
    pub(crate) fn brief(&self) -> String {
        cut(&match &self.why {
            Why::NoAnswer(why) => format!("{}: {why}", self.what),
            Why::TooLong => format!("{}: more than {LARGEST} bytes", self.what),
            Why::Refused(status, code) => {
                format!("{}: {}", self.what, format!("{status} {code}").trim_end())
            }
            Why::Strange => format!("{}: an answer that cannot be read", self.what),
        })
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { words: Words { url: at, key }, url, what, why } = self;
        match why {
            Why::NoAnswer(why) => write!(f, "{at} \"{url}\" gives no answer: {why} ({what})"),
            Why::TooLong => {
                write!(f, "{at} \"{url}\" gives an answer of more than {LARGEST} bytes ({what})")
            }
            Why::Refused(StatusCode::UNAUTHORIZED, code) => write!(
                f,
                "EMQX refuses {key} with its secret ({code}): it must be an API key, not a user of the dashboard"
            ),
            Why::Refused(StatusCode::FORBIDDEN, code) => {
                write!(f, "EMQX does not let {key} read {what} ({code}): give it the role `viewer`")
            }
            Why::Refused(status, code) => {
                let said = format!("{status} {code}");
                write!(f, "{at} \"{url}\" answered with {} ({what})", said.trim_end())
            }
            Why::Strange => write!(f, "{at} \"{url}\": what answers there is not EMQX 5 ({what})"),
        }
    }
}

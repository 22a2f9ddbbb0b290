//! EMQX's REST API, version 5: who subscribes to what.
//!
//! Answers are read up to a bound, whatever their length is said to be; members that are not known
//! are passed over, as EMQX adds some with every version. Messages name the setting that may be
//! wrong and never the secret.

use super::filters::Question;
use crate::config::Emqx;
use anyhow::{Context, bail, ensure};
use reqwest::{Client, Response, StatusCode, redirect};
use serde::Deserialize;
use std::time::Duration;

/// Largest answer that is read, in bytes: a full page is some 200 KiB.
const LARGEST: usize = 4 << 20;

/// Subscriptions on a page, and pages of one answer that are looked through.
const PAGE: usize = 1_000;
const PAGES: usize = 20;

/// The way to EMQX.
#[derive(Clone, Debug)]
pub(super) struct Api {
    client: Client,
    settings: Emqx,
}

/// A page of subscriptions.
#[derive(Deserialize)]
struct Page {
    data: Vec<Subscription>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Deserialize, Default)]
struct Meta {
    #[serde(default)]
    hasnext: bool,
}

/// A subscription.
#[derive(Debug, Deserialize)]
pub(super) struct Subscription {
    /// Its filter, with `$share/…` before it if it is shared.
    pub(super) topic: String,
    /// Whose it is; EMQX does not always know.
    #[serde(default)]
    pub(super) clientid: Option<String>,
}

/// What EMQX says when it refuses.
#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    code: String,
}

impl Api {
    /// A way that is not taken yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(settings: Emqx) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(Duration::from_micros(settings.timeout.micros()))
            // The key is for this place alone, and no proxy was set.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .tls_backend_preconfigured((*settings.tls.0).clone())
            .build()
            .context("`emqx.url` cannot be asked")?;
        Ok(Self { client, settings })
    }

    /// The settings it was made with.
    pub(super) const fn settings(&self) -> &Emqx {
        &self.settings
    }

    /// Whether a subscription that answers a question is `wanted`.
    ///
    /// # Errors
    ///
    /// If EMQX gives no answer, one that cannot be read, or one that is too long.
    pub(super) async fn any(
        &self,
        question: &Question,
        wanted: impl Fn(&Subscription) -> bool,
    ) -> anyhow::Result<bool> {
        for page in 1..=PAGES {
            let found = self.page(question, page).await?;
            if found.data.iter().any(&wanted) {
                return Ok(true);
            }
            if !found.meta.hasnext {
                return Ok(false);
            }
        }
        bail!("more than {} subscriptions answer {question:?}", PAGE * PAGES)
    }

    async fn page(&self, question: &Question, page: usize) -> anyhow::Result<Page> {
        let Emqx { url, key: (key, secret), .. } = &self.settings;
        let (name, filter) = match question {
            Question::Matching(filter) => ("match_topic", filter),
            Question::Exactly(filter) => ("topic", filter),
        };
        let (limit, page) = (PAGE.to_string(), page.to_string());
        let asked = [("limit", &limit), ("page", &page), (name, filter)];
        let address = url::Url::parse_with_params(&format!("{url}/api/v5/subscriptions"), asked)
            .context("`emqx.url`")?;
        let request = self.client.get(address).basic_auth(key, Some(&secret.0));
        let answer = request.send().await.map_err(|error| no_answer(url, error))?;
        let status = answer.status();
        let body = body(answer).await.with_context(|| format!("`emqx.url` = \"{url}\""))?;
        if status != StatusCode::OK {
            // What it says is for people, and may hold anything; its code is a word.
            let Refusal { code } = serde_json::from_slice(&body).unwrap_or_default();
            let word = code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
            let code = if word && code.len() <= 64 { code } else { String::new() };
            match status {
                StatusCode::UNAUTHORIZED => bail!(
                    "EMQX refuses `emqx.api_key` with its secret ({code}): it must be an API key, not a user of \
                     the dashboard"
                ),
                StatusCode::FORBIDDEN => bail!(
                    "EMQX does not let `emqx.api_key` read subscriptions ({code}): give it the role `viewer`"
                ),
                _ => bail!("EMQX at `emqx.url` answered with {status} {code}"),
            }
        }
        serde_json::from_slice(&body)
            .map_err(|_| anyhow::anyhow!("what answers at `emqx.url` = \"{url}\" is not EMQX 5"))
    }
}

/// Why there is no answer, without the question, which is long and says nothing.
fn no_answer(url: &str, error: reqwest::Error) -> anyhow::Error {
    anyhow::Error::new(error.without_url())
        .context(format!("`emqx.url` = \"{url}\" gives no answer"))
}

async fn body(mut answer: Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        ensure!(body.len() + chunk.len() <= LARGEST, "an answer of more than {LARGEST} bytes");
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

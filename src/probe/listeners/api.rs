//! Who subscribes to what, as EMQX's REST API tells it.

use super::filters::Question;
use crate::config::Emqx;
use crate::platform::emqx::{self, Meta, SECTION};
use anyhow::bail;
use serde::Deserialize;

/// Subscriptions on a page, and pages of one answer that are looked through.
const PAGE: usize = 1_000;
const PAGES: usize = 20;

/// The way to EMQX.
#[derive(Clone, Debug)]
pub(super) struct Api(emqx::Api);

/// A page of subscriptions.
#[derive(Deserialize)]
struct Page {
    data: Vec<Subscription>,
    #[serde(default)]
    meta: Meta,
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

impl Api {
    /// A way that is not taken yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(settings: Emqx) -> anyhow::Result<Self> {
        emqx::Api::new(settings, SECTION).map(Self)
    }

    /// The settings it was made with.
    pub(super) const fn settings(&self) -> &Emqx {
        self.0.settings()
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
        let (name, filter) = match question {
            Question::Matching(filter) => ("match_topic", filter),
            Question::Exactly(filter) => ("topic", filter),
        };
        let limit = PAGE.to_string();
        for page in 1..=PAGES {
            let page = page.to_string();
            let asked = [("limit", limit.as_str()), ("page", &page), (name, filter)];
            let found: Page = self.0.get("subscriptions", &asked).await?;
            if found.data.iter().any(&wanted) {
                return Ok(true);
            }
            if !found.meta.hasnext {
                return Ok(false);
            }
        }
        bail!("more than {} subscriptions answer {question:?}", PAGE * PAGES)
    }
}

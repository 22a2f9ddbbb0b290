//! Asks EMQX whom it banned by itself: clients that come and go all the time (`flapping_detect`).
//!
//! Bans that are there when lookout begins are known and not told; neither are those of operators or of
//! lookout. What cannot be found out is said in the log when it begins and when it ends.

use crate::config::Emqx;
use crate::observer::Span;
use crate::platform::emqx::{Api, Meta, SECTION};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::future::pending;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// Bans on a page, and pages that are read.
const PAGE: &str = "1000";
const PAGES: usize = 10;
/// Bans that may wait to be taken.
const WAITING: usize = 64;
/// Who signs the bans that EMQX makes by itself: `emqx_flapping.erl`, in versions 5 and 6.
const BY: &str = "flapping detector";

/// Whom EMQX banned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Banned {
    /// What it is known by: `clientid`, `username` or `peerhost`.
    pub r#as: String,
    /// Whom.
    pub who: String,
    /// Why, in EMQX's words.
    #[serde(default)]
    pub reason: String,
    /// By whom.
    #[serde(default)]
    by: String,
    /// Since when: a client that is banned again is told again.
    #[serde(default)]
    at: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Banned>,
    #[serde(default)]
    meta: Meta,
}

/// Asks; see the module. A clone can take the place of one that failed.
#[derive(Clone, Debug)]
pub struct Bans {
    api: Api,
    every: Duration,
    /// Those that are there, once that is known.
    known: Option<BTreeSet<Banned>>,
    found: mpsc::Sender<Banned>,
    troubled: bool,
}

/// The other end.
#[derive(Debug)]
pub struct NewBans(mpsc::Receiver<Banned>);

impl NewBans {
    /// An end without another: nobody asks.
    pub fn none() -> Self {
        Self(mpsc::channel(1).1)
    }

    /// The next ban; never ready if nobody asks.
    pub async fn next(&mut self) -> Banned {
        match self.0.recv().await {
            Some(banned) => banned,
            None => pending().await,
        }
    }
}

impl Bans {
    /// One that has not begun and asks every so often, and its other end.
    ///
    /// # Errors
    ///
    /// If the way to EMQX cannot be set up.
    pub fn new(settings: Emqx, every: Span) -> anyhow::Result<(Self, NewBans)> {
        let every = Duration::from_micros(every.micros());
        let (found, bans) = mpsc::channel(WAITING);
        let api = Api::new(settings, SECTION)?;
        Ok((Self { api, every, known: None, found, troubled: false }, NewBans(bans)))
    }

    /// Asks until the other end is gone.
    pub async fn run(mut self) {
        let mut turn = interval(self.every);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turn.tick().await;
            match self.look().await {
                Ok(now) => {
                    if std::mem::take(&mut self.troubled) {
                        tracing::info!("whom EMQX bans is known again");
                    }
                    let before = self.known.replace(now.clone());
                    for banned in before.into_iter().flat_map(|before| new(&before, &now)) {
                        if self.found.send(banned).await.is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.troubled, true) {
                        tracing::warn!("whom EMQX bans is not known: {error:#}");
                    }
                }
            }
        }
    }

    /// The bans that EMQX made by itself, as far as they are read.
    async fn look(&self) -> anyhow::Result<BTreeSet<Banned>> {
        let mut all = BTreeSet::new();
        for number in 1..=PAGES {
            let number = number.to_string();
            let query = [("page", &*number), ("limit", PAGE)];
            let page: Page = self.api.get("banned", &query).await?;
            all.extend(page.data.into_iter().filter(|it| it.by == BY));
            if !page.meta.hasnext {
                break;
            }
        }
        Ok(all)
    }
}

/// Those that were not there before.
fn new(before: &BTreeSet<Banned>, now: &BTreeSet<Banned>) -> Vec<Banned> {
    now.difference(before).cloned().collect()
}

//! Claims on trial calls, made and heard through the broker; what they are for is in `rounds`.

use super::link::Publisher;
use super::state::State;
use dashmap::DashMap;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a claim may take to come back. One that does not was not allowed by the broker.
const ECHO: Duration = Duration::from_millis(500);

/// Bytes of a claim; larger ones are none.
const MAX: usize = 1_024;

/// A claim on a call of a round.
#[derive(Deserialize, Serialize)]
struct Claim<'a> {
    #[serde(borrow)]
    service: Cow<'a, str>,
    #[serde(borrow)]
    round: Cow<'a, str>,
    #[serde(borrow)]
    claim: Cow<'a, str>,
}

/// The claims of this client that are under way.
#[derive(Debug)]
pub(super) struct Trials {
    /// The topic below which each service has its own, with the slash at its end.
    prefix: String,
    own: DashMap<String, oneshot::Sender<u32>>,
    /// Whether the broker refused to let claims be heard.
    refused: AtomicBool,
}

impl Trials {
    pub(super) fn new(topic: &str) -> Self {
        let refused = AtomicBool::new(false);
        Self { prefix: format!("{topic}/"), own: DashMap::new(), refused }
    }

    /// The filter of all claims.
    pub(super) fn filter(&self) -> String {
        format!("{}#", self.prefix)
    }

    /// Takes a message; false if it is no claim.
    pub(super) fn hear(&self, topic: &str, payload: &[u8], state: &State) -> bool {
        if !topic.starts_with(&self.prefix) {
            return false;
        }
        let claim = (payload.len() <= MAX).then(|| serde_json::from_slice::<Claim<'_>>(payload));
        if let Some(Ok(claim)) = claim {
            let before = state.claimed(&claim.service, &claim.round);
            if let Some((_, own)) = self.own.remove(&*claim.claim) {
                let _ = own.send(before);
            }
        }
        true
    }

    /// The link is up; these filters were refused.
    pub(super) fn up(&self, refused: &[String]) {
        self.refused.store(refused.contains(&self.filter()), Ordering::Relaxed);
    }

    /// Whether a call of the round can be had, found out within `left`. Where claims do not come
    /// back, every client has its own few.
    pub(super) async fn claim(
        &self,
        publisher: &Publisher,
        service: &str,
        (round, limit): (&str, u32),
        random: u64,
        left: Duration,
    ) -> bool {
        if self.refused.load(Ordering::Relaxed) {
            return true;
        }
        let name = format!("{random:016x}");
        let claim = Claim { service: service.into(), round: round.into(), claim: (&*name).into() };
        let Ok(payload) = serde_json::to_vec(&claim) else { return true };
        let (send, echo) = oneshot::channel();
        self.own.insert(name.clone(), send);
        let topic = format!("{}{service}", self.prefix);
        let heard = async {
            publisher.publish(&topic, payload).await.ok()?;
            echo.await.ok()
        };
        let before = tokio::time::timeout(ECHO.min(left), heard).await.ok().flatten();
        self.own.remove(&name);
        // Whose time is up has nothing of a call any more.
        before.map_or(left > ECHO, |before| before < limit)
    }

    /// The link broke: claims under way will not come back.
    pub(super) fn lost(&self) {
        self.own.clear();
    }
}

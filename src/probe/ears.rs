//! What lookout's own session hears that checks look at: the canary, and what Mosquitto says of
//! itself under `$SYS`.
//!
//! The corridor writes, checks read; neither waits for the other. Only topics that a check reads
//! are kept, and of each the last value: Mosquitto publishes what changed, and some versions drop
//! what did not change for a minute, so that a value that is absent is old and not zero.

use crate::observer::{Instant, Span};
use std::collections::{BTreeMap, VecDeque};
use tokio::sync::watch;

/// Round trips of the canary that are kept.
const SONGS: usize = 100;

/// Beneath this stands what Mosquitto says of itself.
pub(super) const ROOT: &str = "$SYS/broker/";

/// What is read of it.
pub(super) const TOPICS: [&str; 14] = [
    "version",
    "uptime",
    "clients/connected",
    "clients/disconnected",
    "clients/maximum",
    "subscriptions/count",
    "publish/messages/dropped",
    "load/publish/dropped/1min",
    "load/messages/received/1min",
    "load/messages/sent/1min",
    "load/sockets/1min",
    "store/messages/count",
    "store/messages/bytes",
    "heap/current",
];

/// Bytes of a value that are kept.
const LONGEST: usize = 100;

/// What was heard.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Since when there is a link to the broker; `None` if there is none.
    pub linked: Option<Instant>,
    /// Why there is none, if that is known.
    pub problem: Option<String>,
    /// For how long the canary was not heard while there was a link.
    pub silent_for: Span,
    /// The last round trips of the canary.
    pub songs: VecDeque<Span>,
    /// Now.
    pub now: Instant,
    /// What Mosquitto said last on each of the topics, and when.
    pub(super) told: BTreeMap<&'static str, (String, Instant)>,
    /// How far apart its last two beats were.
    pub(super) beat: Option<Span>,
}

/// The corridor's end.
#[derive(Debug)]
pub struct Ears(watch::Sender<Heard>);

impl Ears {
    /// Ears that heard nothing, and who reads them.
    pub fn new() -> (Self, watch::Receiver<Heard>) {
        let (ears, heard) = watch::channel(Heard::default());
        (Self(ears), heard)
    }

    /// The filters to subscribe to for checks of Mosquitto.
    pub fn filters() -> Vec<String> {
        TOPICS.iter().map(|topic| format!("{ROOT}{topic}")).collect()
    }

    /// A song came back after so long.
    pub fn song(&self, round_trip: Span) {
        self.0.send_modify(|heard| {
            if heard.songs.len() == SONGS {
                heard.songs.pop_front();
            }
            heard.songs.push_back(round_trip);
        });
    }

    /// How the link stands now.
    pub fn turn(
        &self,
        now: Instant,
        linked: Option<Instant>,
        problem: Option<&str>,
        silent_for: Span,
    ) {
        self.0.send_modify(|heard| {
            heard.linked = linked;
            heard.problem = problem.map(str::to_owned);
            (heard.now, heard.silent_for) = (now, silent_for);
        });
    }

    /// A message was heard: whether it is one that a check reads.
    pub fn hear(&self, at: Instant, topic: &[u8], payload: &[u8]) -> bool {
        let Some(rest) = topic.strip_prefix(ROOT.as_bytes()) else { return false };
        let Some(topic) = TOPICS.into_iter().find(|known| known.as_bytes() == rest) else {
            return false;
        };
        let text = payload.get(..LONGEST).unwrap_or(payload);
        let text = String::from_utf8_lossy(text).into_owned();
        self.0.send_modify(|heard| {
            let before = heard.told.insert(topic, (text, at));
            if let (Some((_, before)), "uptime") = (before, topic) {
                heard.beat = Some(at.since(before));
            }
        });
        true
    }
}

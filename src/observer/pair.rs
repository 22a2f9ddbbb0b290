//! What is known of a traffic pair: whether lookout hears its replies at all.
//!
//! A pair that never matched a reply is more likely misread than broken everywhere, so it gives
//! no verdicts; at its twentieth unanswered call it is reported once as deaf, together with
//! the topics on which something like its replies was heard.

use super::call::{Answer, CodeTable, Malformed, Outcome};
use super::settings::PairSettings;

/// Topics that are kept for the report, and how much of each its teller may keep.
const TOPICS: usize = 8;
/// Bytes of a topic that are kept.
pub const TOPIC_BYTES: usize = 256;

/// One traffic pair.
#[derive(Clone, Debug, Default)]
pub struct Pair {
    matched: bool,
    unanswered: u32,
    reported: bool,
    unmatched_topics: Vec<String>,
    /// Which error codes speak against a service, if not those of all pairs.
    codes: Option<CodeTable>,
    /// Malformed messages by direction (call, reply) and kind.
    pub malformed: [[u64; Malformed::ALL.len()]; 2],
}

impl Pair {
    /// A pair of which nothing was heard yet.
    pub fn new(settings: &PairSettings) -> Self {
        Self { codes: settings.codes.clone(), ..Self::default() }
    }

    /// What an answer to a call of this pair means; `codes` are those of all pairs.
    pub fn outcome(&self, answer: Answer, codes: &CodeTable) -> Outcome {
        self.codes.as_ref().unwrap_or(codes).outcome(answer)
    }

    /// Whether it ever matched a reply.
    pub const fn has_matched(&self) -> bool {
        self.matched
    }

    /// Whether it was reported, and has matched no reply since.
    pub const fn is_deaf(&self) -> bool {
        self.reported && !self.matched
    }

    /// A reply was matched.
    pub fn matched(&mut self) {
        self.matched = true;
        self.unmatched_topics = Vec::new();
    }

    /// A reply was heard that belongs to no call.
    pub fn unmatched(&mut self, topic: &str) {
        let known = || self.unmatched_topics.iter().any(|known| known == topic);
        if self.matched || self.unmatched_topics.len() == TOPICS || known() {
            return;
        }
        self.unmatched_topics.push(topic.to_owned());
    }

    /// A call went unanswered. Returns the topics for the report when it is due.
    pub fn unanswered(&mut self, deaf_calls: u32) -> Option<Vec<String>> {
        if self.matched || self.reported {
            return None;
        }
        self.unanswered += 1;
        self.reported = self.unanswered >= deaf_calls;
        self.reported.then(|| std::mem::take(&mut self.unmatched_topics))
    }
}

//! Whether lookout itself said what is published where it speaks, or one of its peers, or somebody else.
//!
//! MQTT does not say who published a message. Over MQTT 5 the broker keeps what lookout said from it (No Local);
//! over 3.1.1 it comes back, and is known by a keyed digest for a minute after it was said, or after the link
//! came up, as it may have waited for that. Another observer of the same cluster says the same things: while
//! one is there that may be (`security.peers`), or was within the last minute, nobody else can be told from it.
//! What was published while lookout may not have heard of such a peer yet says nothing.

use crate::mqtt::Heard;
use crate::observer::digest::{Digest, DigestKey, Kind};
use crate::observer::input::Link;
use crate::observer::{Instant, Span};
use crate::wire::presence::reads_online;
use crate::wire::{Document, document};
use std::collections::{BTreeMap, VecDeque};

/// How long an echo may take, and a peer that is gone may still be heard.
const ECHO: Span = Span::from_secs(60);
/// How long after the link came up it is not known who else is there.
const BEGINNING: Span = Span::from_secs(5);
/// Documents that are remembered beside those that wait for the broker.
const MORE: usize = 4_096;
/// Peers that are remembered.
const PEERS: usize = 64;

/// What was said, and who else speaks.
pub(super) struct Echoes {
    key: DigestKey,
    /// Where lookout and its peers speak: `system/{cluster}/`.
    own: String,
    id: String,
    /// Peers that may be.
    allowed: Vec<String>,
    /// Digests of what was said, and when, the oldest first.
    said: VecDeque<(u64, Instant)>,
    most: usize,
    linked: Option<Instant>,
    /// Peers, each with when it went; `None` for those that are there.
    peers: BTreeMap<String, Option<Instant>>,
}

impl Echoes {
    /// Nothing was said yet. `outbox` documents may wait for the broker.
    pub(super) fn new(
        key: DigestKey,
        (cluster, id): (&str, &str),
        allowed: Vec<String>,
        outbox: usize,
    ) -> Self {
        Self {
            key,
            own: format!("system/{cluster}/"),
            id: id.to_owned(),
            allowed,
            said: VecDeque::new(),
            most: outbox + MORE,
            linked: None,
            peers: BTreeMap::new(),
        }
    }

    /// What stands for lookout in findings.
    pub(super) fn whose(&self) -> Digest {
        self.key.digest(Kind::Mark, self.own.as_bytes())
    }

    /// The filters to subscribe to: wherever lookout says something, and where observers say that they are there.
    /// What stands on `actions` is read back by them, too.
    pub(super) fn filters(cluster: &str) -> Vec<String> {
        let spoken = ["errors", "emergency", "health", "alerts", "security", "observer/+"];
        let standing = ["services/#", "circuit-breaker/#", "actions/#"];
        spoken.iter().chain(&standing).map(|topic| format!("system/{cluster}/{topic}")).collect()
    }

    /// The link changed.
    pub(super) const fn link(&mut self, at: Instant, link: Link) {
        self.linked = match link {
            Link::Up => Some(at),
            Link::Down => None,
        };
    }

    /// lookout says something.
    pub(super) fn say(&mut self, now: Instant, document: &Document) {
        if self.said.len() == self.most {
            self.said.pop_front();
        }
        let payload = document.payload.as_deref().unwrap_or_default();
        let digest = self.digest(document.topic.as_bytes(), payload.as_bytes());
        self.said.push_back((digest, now));
    }

    fn digest(&self, topic: &[u8], payload: &[u8]) -> u64 {
        let topic = self.key.digest(Kind::Topic, topic);
        topic.with(self.key.digest(Kind::Mark, payload)).half()
    }

    /// Something was heard where lookout speaks: what kind of document it says it is, if somebody else said it.
    pub(super) fn foreign(&mut self, heard: &Heard) -> Option<Option<String>> {
        let topic = std::str::from_utf8(&heard.topic).ok()?.strip_prefix(&self.own)?;
        if let Some(observer) = topic.strip_prefix("observer/") {
            self.observer(heard.at, observer, &heard.payload);
            return None;
        }
        let linked = self.linked?;
        let now = heard.at;
        if heard.retain || now.since(linked) < BEGINNING || self.has_peer(now) {
            return None;
        }
        let digest = self.digest(&heard.topic, &heard.payload);
        let lately = |(_, at): &&(u64, Instant)| now.since((*at).max(linked)) < ECHO;
        let mut lately = self.said.iter().rev().take_while(lately);
        let is_echo = lately.any(|(said, _)| *said == digest);
        (!is_echo).then(|| document::kind(&heard.payload))
    }

    fn observer(&mut self, at: Instant, id: &str, payload: &[u8]) {
        let is_allowed = |pattern: &String| match pattern.strip_suffix('*') {
            Some(begin) => id.starts_with(begin),
            None => id == pattern,
        };
        let (Some(online), false) = (reads_online(payload), id == self.id || id.contains('/'))
        else {
            return;
        };
        if !self.allowed.iter().any(is_allowed) {
            return;
        }
        let old = |gone: &Option<Instant>| gone.is_some_and(|gone| at.since(gone) >= ECHO);
        self.peers.retain(|_, gone| !old(gone));
        if self.peers.contains_key(id) || (online && self.peers.len() < PEERS) {
            self.peers.insert(id.to_owned(), (!online).then_some(at));
        }
    }

    fn has_peer(&self, now: Instant) -> bool {
        self.peers.values().any(|gone| gone.is_none_or(|gone| now.since(gone) < ECHO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const KEY: DigestKey = DigestKey::new(1, 2);

    fn at(seconds: u64) -> Instant {
        Instant::default() + Span::from_secs(seconds)
    }

    fn document(topic: &str, payload: &str) -> Document {
        Document {
            at: at(0),
            topic: topic.to_owned(),
            retain: false,
            critical: false,
            payload: Some(payload.to_owned()),
            correlation: None,
            event: None,
        }
    }

    fn heard(seconds: u64, topic: &str, payload: &str, retain: bool) -> Heard {
        let bytes = |text: &str| Bytes::from(text.to_owned());
        let (topic, payload) = (bytes(topic), bytes(payload));
        Heard { at: at(seconds), topic, payload, retain, properties: None }
    }

    #[test]
    fn who_said_it_is_known_by_what_was_said_and_who_is_there() {
        const TOPIC: &str = "system/c/circuit-breaker";
        const OPEN: &str = r#"{"jsonrpc":"2.0","method":"circuit_breaker","params":{}}"#;
        const ONLINE: &str = r#"{"online":true,"timestamp":1}"#;
        const OFFLINE: &str = r#"{"online":false,"timestamp":1}"#;
        let peer = |id: &str| format!("system/c/observer/{id}");
        for (what, said, heard_before, heard_now, foreign) in [
            ("nothing was said", None, None, heard(100, TOPIC, OPEN, false), true),
            ("it was said", Some(90), None, heard(100, TOPIC, OPEN, false), false),
            ("it was said long ago", Some(30), None, heard(100, TOPIC, OPEN, false), true),
            ("it waited for the link", Some(2), None, heard(65, TOPIC, OPEN, false), false),
            ("another was said", Some(90), None, heard(100, TOPIC, "{}", false), true),
            (
                "it was said elsewhere",
                Some(90),
                None,
                heard(100, "system/c/errors", OPEN, false),
                true,
            ),
            ("the broker kept it", None, None, heard(100, TOPIC, OPEN, true), false),
            ("the link is new", None, None, heard(14, TOPIC, OPEN, false), false),
            ("elsewhere", None, None, heard(100, "system/d/errors", OPEN, false), false),
            (
                "a peer is there",
                None,
                Some((20, peer("b-1"), ONLINE)),
                heard(100, TOPIC, OPEN, false),
                false,
            ),
            (
                "a peer went",
                None,
                Some((50, peer("b-1"), OFFLINE)),
                heard(100, TOPIC, OPEN, false),
                true,
            ),
            (
                "who is no peer",
                None,
                Some((20, peer("x"), ONLINE)),
                heard(100, TOPIC, OPEN, false),
                true,
            ),
            ("itself", None, Some((20, peer("a"), ONLINE)), heard(100, TOPIC, OPEN, false), true),
            (
                "no presence",
                None,
                Some((20, peer("b-1"), "{}")),
                heard(100, TOPIC, OPEN, false),
                true,
            ),
        ] {
            let mut echoes = Echoes::new(KEY, ("c", "a"), vec!["b-*".to_owned()], 10);
            if let Some(seconds) = said {
                echoes.say(at(seconds), &document(TOPIC, OPEN));
            }
            echoes.link(at(10), Link::Up);
            if let Some((seconds, topic, payload)) = heard_before {
                let before = heard(seconds, &topic, payload, true);
                assert_eq!(echoes.foreign(&before), None, "{what}: presence is no document");
            }
            assert_eq!(echoes.foreign(&heard_now).is_some(), foreign, "{what}");
        }
    }

    #[test]
    fn a_peer_that_went_is_still_heard_for_a_minute() {
        let mut echoes = Echoes::new(KEY, ("c", "a"), vec!["*".to_owned()], 10);
        echoes.link(at(0), Link::Up);
        let presence = |seconds, online: bool| {
            let payload = format!(r#"{{"online":{online},"timestamp":1}}"#);
            heard(seconds, "system/c/observer/b", &payload, false)
        };
        echoes.foreign(&presence(10, true));
        echoes.foreign(&presence(100, false));
        let said = |seconds| heard(seconds, "system/c/errors", r#"{"method":"a\u001bb"}"#, false);
        assert_eq!(echoes.foreign(&said(159)), None);
        assert_eq!(echoes.foreign(&said(160)), Some(Some("a\u{1b}b".to_owned())));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut echoes = Echoes::new(KEY, ("c", "a"), vec!["*".to_owned()], 10);
        echoes.link(at(0), Link::Up);
        for number in 0..10_000 {
            echoes.say(at(1), &document("system/c/errors", &number.to_string()));
            let topic = format!("system/c/observer/b-{number}");
            echoes.foreign(&heard(1, &topic, r#"{"online":true,"timestamp":1}"#, true));
        }
        assert_eq!((echoes.said.len(), echoes.peers.len()), (10 + MORE, PEERS));
    }
}

//! A pipeline and what is checked of it again and again.

use lookout::observer::digest::DigestKey;
use lookout::observer::service::Totals;
use lookout::observer::settings::PairSettings;
use lookout::observer::{Instant, Settings, Snapshot, Span};
use lookout::pipeline::Pipeline;
use lookout::wire::{Message, PairSpec, Properties, Traffic, TrafficSpec, Voice};
use std::collections::BTreeSet;

pub(crate) const START: u64 = 1_700_000_000_000_000;
const GOOD: &str = "service/Good";
const GOOD_REPLY: &str = "session/good/response";
/// What the good service takes for an answer.
pub(crate) const LATENCY: u64 = 37_000;

/// The pairs: the default, one whose topics say everything, one for both directions.
const PAIRS: [(&str, &str, &str); 3] = [
    ("default", "service/{service}", "session/{session}/response"),
    ("rpc", "rpc/{service}/{method}/{call}", "rpc/{service}/{method}/{call}/reply"),
    ("both", "bus/{service}", "bus/{service}"),
];

/// A pipeline with a clock of its own.
pub(crate) struct Line {
    pub(crate) pipeline: Pipeline,
    pub(crate) now: u64,
    /// Messages so far.
    pub(crate) heard: u64,
    good: u64,
    topics: BTreeSet<String>,
    documents: u64,
}

impl Line {
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let pairs = PAIRS.map(|(name, call, reply)| PairSpec {
            name: name.into(),
            call: call.into(),
            reply: vec![reply.into()],
            ..PairSpec::default()
        });
        let spec = TrafficSpec {
            cluster: "main".into(),
            observer_id: "lookout-1".into(),
            ignore: vec!["noise/#".into()],
            activity: vec!["ui/change/{channel}".into()],
            security: vec!["security/auth/{kind}".into()],
            pairs: pairs.into(),
            max_payload: 1 << 20,
            who: None,
        };
        let pairs = PAIRS.map(|(name, call, reply)| PairSettings {
            name: name.into(),
            call: call.into(),
            reply: reply.into(),
            ..PairSettings::default()
        });
        let mut settings = Settings::with_pairs(pairs.into());
        change(&mut settings);
        let key = DigestKey::new(17, 23);
        let start = Instant::from_micros(START);
        let voice = Voice { cluster: "main".into(), id: "lookout-1".into(), ..Voice::default() };
        let pipeline = Pipeline::new(voice, Traffic::new(&spec).unwrap(), settings, key, start);
        Self { pipeline, now: START, heard: 0, good: 0, topics: BTreeSet::new(), documents: 0 }
    }

    pub(crate) fn hear(&mut self, topic: &str, payload: &[u8], properties: Properties<'_>) {
        self.heard += 1;
        let message = Message { topic, payload, retain: false, properties };
        self.pipeline.hear(Instant::from_micros(self.now), &message);
        self.drain();
    }

    pub(crate) fn pass(&mut self, micros: u64) {
        self.now += micros;
        self.pipeline.advance(Instant::from_micros(self.now));
        self.drain();
    }

    /// A good call and its reply, `LATENCY` later.
    pub(crate) fn good(&mut self) {
        self.good += 1;
        let id = self.good;
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":"g-{id}","method":"get","sessionId":"good","params":{{}}}}"#
        );
        self.hear(GOOD, call.as_bytes(), Properties::default());
        self.pass(LATENCY);
        let reply = format!(r#"{{"jsonrpc":"2.0","id":"g-{id}","result":{{"a":1}}}}"#);
        self.hear(GOOD_REPLY, reply.as_bytes(), Properties::default());
    }

    /// Every document's topic is one that may be published to, its payload is JSON.
    fn drain(&mut self) {
        while let Some(document) = self.pipeline.poll_document() {
            self.documents += 1;
            let topic = &document.topic;
            assert!(!topic.contains(['+', '#', '\0']), "{topic:?}");
            assert!(topic.starts_with("system/main/"), "{topic:?}");
            assert!(topic.len() <= 65_535, "{} bytes of topic", topic.len());
            if let Some(payload) = &document.payload {
                let read = serde_json::from_str::<serde_json::Value>(payload);
                assert!(read.is_ok(), "{topic:?}: {payload}");
            }
            if document.retain {
                match document.payload {
                    Some(_) => self.topics.insert(topic.clone()),
                    None => self.topics.remove(topic),
                };
            }
        }
    }

    /// Retained topics that stand at the broker now.
    pub(crate) fn standing(&self) -> usize {
        self.topics.len()
    }

    pub(crate) fn snapshot(&mut self) -> Snapshot {
        self.pipeline.snapshot(Instant::from_micros(self.now))
    }

    pub(crate) fn totals(&mut self, service: &str) -> Totals {
        let snapshot = self.snapshot();
        let found = snapshot.services.iter().find(|found| &*found.name == service);
        found.map(|found| found.figures.totals).unwrap_or_default()
    }

    /// Lets the clock run until everything is decided.
    pub(crate) fn settle(&mut self) {
        while !self.pipeline.is_settled() {
            let next = self.pipeline.poll_timeout().micros().max(self.now);
            self.pass(next - self.now);
        }
    }

    /// What holds at every moment.
    pub(crate) fn check(&mut self, services: usize) {
        let snapshot = self.snapshot();
        let mut open = 0;
        for service in &snapshot.services {
            let t = service.figures.totals;
            assert_eq!(t.calls, t.settled() + t.void + t.open, "{}: {t:?}", service.name);
            assert!(service.methods.len() <= 101, "{}: methods", service.name);
            assert!(service.name.len() <= 256);
            open += t.open;
        }
        assert_eq!(open, u64::from(snapshot.open_calls));
        let named = snapshot.services.iter().filter(|service| &*service.name != "_other").count();
        assert!(named <= services, "{named} services");
        assert!(self.standing() <= 2 * services + 1, "{} retained topics", self.standing());
        assert!(snapshot.activity.len() <= 1_001 && snapshot.security.len() <= 1_001);
    }

    /// The figures of the good service are exact, whatever else was heard.
    pub(crate) fn check_good(&mut self) {
        let snapshot = self.snapshot();
        let good = snapshot.services.iter().find(|service| &*service.name == "Good").unwrap();
        let totals = Totals { calls: self.good, ok: self.good, ..Totals::default() };
        assert_eq!(good.figures.totals, totals);
        let p50 = good.figures.lifetime.p50.unwrap().micros() as f64;
        assert!((p50 / LATENCY as f64 - 1.0).abs() <= 0.02, "p50 {p50} µs");
        assert_eq!(good.figures.lifetime.max, Some(Span::from_micros(LATENCY)));
        assert_eq!(good.figures.lifetime.count, self.good);
    }

    /// Everything that was counted: each message, or element of a batch, is one of these.
    pub(crate) fn counted(&mut self) -> u64 {
        let snapshot = self.snapshot();
        let sum = |list: &[(std::sync::Arc<str>, u64)]| list.iter().map(|(_, n)| n).sum::<u64>();
        let services = snapshot.services.iter().map(|service| {
            let t = service.figures.totals;
            t.calls + t.oneway + t.ok + t.rejected + t.failed
        });
        services.sum::<u64>()
            + snapshot.late
            + snapshot.unmatched
            + snapshot.duplicate
            + snapshot.ignored
            + sum(&snapshot.activity)
            + sum(&snapshot.security)
            + snapshot.malformed.iter().map(|(.., count)| count).sum::<u64>()
    }
}

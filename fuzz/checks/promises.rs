//! What the observer promises whatever it hears, held against everything it says and shows.

use lookout::observer::breaker::{Cause, State};
use lookout::observer::event::{BadNews, CircuitNews, Event, Reading, Step, What};
use lookout::observer::incident::IncidentId;
use lookout::observer::input::{Doubt, Link};
use lookout::observer::service::{OTHER, Totals};
use lookout::observer::settings::DoubtPolicy;
use lookout::observer::verdict::{Reason, Verdict};
use lookout::observer::{Instant, Settings, Snapshot};
use lookout::wire::template::is_topic;
use lookout::wire::{Document, Speaker, Voice};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Documents of one history that are read; reading all of them would be most of the work.
const DOCUMENTS: u32 = 200;

/// calls = ok + rejected + failed + unanswered + void + open, for each service and method, and
/// the methods' sums are the service's.
pub(crate) fn conserved(snapshot: &Snapshot) {
    for service in &snapshot.services {
        let sum = |t: &Totals| t.settled() + t.void + t.open;
        let totals = &service.figures.totals;
        assert_eq!(totals.calls, sum(totals), "{}: {totals:?}", service.name);
        let mut all = Totals::default();
        for (name, method) in service.methods.iter() {
            assert_eq!(method.totals.calls, sum(&method.totals), "{}.{name}", service.name);
            all.add(&method.totals);
        }
        assert_eq!(&all, totals, "{}: the methods are the service", service.name);
    }
    let open: u64 = snapshot.services.iter().map(|service| service.figures.totals.open).sum();
    assert_eq!(open, u64::from(snapshot.open_calls), "open calls of all services");
}

/// What was told to the observer, to be found again in its figures.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    pub(crate) calls: u64,
    pub(crate) oneway: u64,
    pub(crate) replies: u64,
    pub(crate) malformed: u64,
    pub(crate) ignored: u64,
    pub(crate) activity: u64,
    pub(crate) security: u64,
}

/// When lookout has to doubt itself, by the manual and beside the real thing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Doubts {
    reasons: u8,
    until: Instant,
    /// Since when the process stood still, if it was just told of that.
    paused: Option<Instant>,
}

impl Doubts {
    pub(crate) fn on(&self, at: Instant) -> bool {
        self.reasons != 0 || at < self.until
    }

    fn linger(&mut self, now: Instant, policy: &DoubtPolicy) {
        self.until = self.until.max(now + policy.after);
    }

    pub(crate) fn link(&mut self, now: Instant, link: Link, policy: &DoubtPolicy) {
        if link == Link::Up && self.reasons & 1 != 0 {
            self.linger(now, policy);
        }
        self.reasons = if link == Link::Up { self.reasons & !1 } else { self.reasons | 1 };
    }

    pub(crate) fn reason(&mut self, now: Instant, doubt: Doubt, on: bool, policy: &DoubtPolicy) {
        let bit = 1 << doubt as u8;
        if doubt == Doubt::Pause && !on && self.reasons & bit != 0 {
            self.linger(now, policy);
        }
        self.reasons = if on { self.reasons | bit } else { self.reasons & !bit };
    }

    pub(crate) fn paused(&mut self, since: Instant, now: Instant, policy: &DoubtPolicy) {
        if now.since(since) > policy.pause {
            self.linger(now, policy);
            self.paused = Some(since);
        }
    }
}

/// What was said last of a service as bad.
#[derive(Clone, Debug)]
struct Said {
    verdict: Verdict,
    reason: Reason,
    repeat: u32,
    at: Instant,
    incident: IncidentId,
}

#[derive(Clone, Debug, Default)]
struct Subject {
    said: Option<Said>,
    circuit: State,
    retry_after: Option<Instant>,
    reading: Verdict,
}

/// Follows one observer.
pub(crate) struct Promises {
    settings: Settings,
    speaker: Speaker,
    pub(crate) told: Told,
    /// Doubt before and after the input that is being handled.
    pub(crate) before: Doubts,
    pub(crate) doubts: Doubts,
    /// Unanswered calls when doubt was last seen to hold, while it lasts.
    blind: Option<u64>,
    last: Instant,
    subjects: BTreeMap<Arc<str>, Subject>,
    ill: BTreeMap<Arc<str>, IncidentId>,
    deaf: BTreeSet<u16>,
    documents: u32,
}

impl Promises {
    pub(crate) fn new(settings: &Settings, start: Instant) -> Self {
        Self {
            speaker: Speaker::new(
                Voice { cluster: "main".into(), ..Voice::default() },
                &settings.pairs,
            ),
            settings: settings.clone(),
            told: Told::default(),
            before: Doubts::default(),
            doubts: Doubts::default(),
            blind: None,
            last: start,
            subjects: BTreeMap::new(),
            ill: BTreeMap::new(),
            deaf: BTreeSet::new(),
            documents: 0,
        }
    }

    /// An input, or the time alone, is about to be handled.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.doubts.paused = None;
        self.before = self.doubts;
        if !self.before.on(now) {
            self.blind = None;
        }
    }

    /// Whether lookout was in doubt just then. What is said in the same moment as a doubt begins
    /// or ends may belong to either side.
    fn in_doubt(&self, at: Instant, now: Instant) -> bool {
        let paused = self.doubts.paused.is_some_and(|since| at > since);
        (paused || self.before.on(at)) && (at < now || self.doubts.on(at))
    }

    /// Something was said when the time was `now`.
    pub(crate) fn hear(&mut self, event: &Event, now: Instant) {
        let at = event.at;
        assert!(at >= self.last && at <= now, "in order: {at:?} after {:?}: {event:?}", self.last);
        self.last = at;
        let doubt = self.in_doubt(at, now);
        match &event.what {
            What::Bad(news) => {
                assert!(!doubt, "blamed in doubt: {event:?}");
                self.bad(at, news);
            }
            What::Recovered(news) => {
                assert!(!doubt, "recovered in doubt: {event:?}");
                let said = self.subject(&news.service).said.take();
                let said = said.expect("recovered from what was not said");
                assert_eq!((said.verdict, said.incident), (news.previous, news.incident));
            }
            What::Circuit(news) => self.circuit(at, news, doubt),
            What::CascadePrevented { origin, affected, .. } => {
                assert!(!doubt && !affected.is_empty() && !affected.contains(origin), "{event:?}");
                for name in affected {
                    let subject = self.subject(name);
                    assert_eq!((subject.circuit, subject.retry_after), (State::Open, None));
                }
            }
            What::PairDeaf { pair, calls, topics, .. } => {
                assert!(self.deaf.insert(pair.0), "said twice: {event:?}");
                assert!(!doubt && *calls == self.settings.verdict.deaf_calls, "{event:?}");
                assert!(topics.len() <= 8 && topics.iter().all(|topic| topic.len() <= 256));
            }
            What::ComponentError(finding) => {
                let known = self.ill.insert(finding.component.clone(), finding.incident);
                assert!(known.is_none_or(|known| known == finding.incident), "{event:?}");
                assert!(known.is_some() || finding.repeat == 0, "{event:?}");
                assert!(finding.advice.len() <= 8 && finding.affected.len() <= 100, "{event:?}");
            }
            What::ComponentRecovered { component, incident, .. } => {
                assert_eq!(self.ill.remove(component), Some(*incident), "{event:?}");
            }
            What::Reading(reading) => self.reading(at, reading, doubt),
            What::Alert(alert) => panic!("the observer raises none: {alert:?}"),
            What::Attack(attack) => panic!("the observer finds none: {attack:?}"),
            What::Measure(measure) => panic!("the observer takes none: {measure:?}"),
            What::Health(health) => {
                assert!(health.in_doubt || !doubt, "{event:?}");
            }
            What::Gone(name) => {
                self.subjects.remove(name);
            }
            What::Action(news) => {
                assert!(!doubt && self.settings.remedy.enabled, "{event:?}");
                assert!(news.attempt >= 1 && news.attempt <= news.attempts, "{event:?}");
                if news.step == Step::Started {
                    let subject = self.subject(&news.service);
                    assert_eq!(subject.reading, Verdict::Unavailable, "{event:?}");
                    let said = subject.said.as_ref().map(|said| said.incident);
                    assert_eq!(said, Some(news.incident), "{event:?}");
                }
            }
            What::DirectAnswer(answer) => {
                assert!(!doubt && self.settings.direct.enabled, "{event:?}");
                self.subject(&answer.service);
            }
        }
        let read = self.documents < DOCUMENTS;
        self.documents += 1;
        if read {
            self.speaker.say(event, |document| publishable(&document, at));
        }
    }

    fn subject(&mut self, name: &Arc<str>) -> &mut Subject {
        assert_ne!(&**name, OTHER, "nobody in particular is judged");
        self.subjects.entry(name.clone()).or_default()
    }

    fn bad(&mut self, at: Instant, news: &BadNews) {
        let every = self.settings.repeat;
        let subject = self.subject(&news.service);
        assert!(news.verdict.is_bad(), "{news:?}");
        if let Some(said) = &subject.said {
            let same = said.verdict == news.verdict && said.reason == news.reason;
            assert_eq!(same, news.repeat > 0, "a change is said once: {said:?}, {news:?}");
            assert!(!same || news.repeat == said.repeat + 1, "{said:?}, {news:?}");
            assert!(!same || at.since(said.at) >= every, "repeated too soon: {said:?}, {news:?}");
            assert_eq!(said.incident, news.incident, "{said:?}, {news:?}");
        } else {
            assert_eq!(news.repeat, 0, "repeats what was never said: {news:?}");
        }
        subject.said = Some(Said {
            verdict: news.verdict,
            reason: news.reason.clone(),
            repeat: news.repeat,
            at,
            incident: news.incident,
        });
        let shares = [news.calls_share, news.callers_share];
        let rates = [news.error_rate, news.response_rate].into_iter().flatten();
        assert!(rates.chain(shares).all(is_share), "{news:?}");
        assert!(news.recent_responses <= news.recent_calls, "{news:?}");
        assert!(news.estimate.is_none_or(|(least, most)| least <= most), "{news:?}");
        assert!(news.last_result.is_none_or(|last| last <= at), "{news:?}");
    }

    fn circuit(&mut self, at: Instant, news: &CircuitNews, doubt: bool) {
        let subject = self.subject(&news.service);
        let moved = news.transition;
        assert_eq!(subject.circuit, moved.from, "does not follow: {news:?}");
        assert!(is_legal(moved.from, moved.to, moved.cause), "not legal: {news:?}");
        // A trial goes on in doubt, and errors that are heard can fail it.
        let blames = moved.from == State::Closed && moved.cause != Cause::Manual;
        assert!(!(blames && doubt), "opened in doubt: {news:?}");
        if moved.cause == Cause::OpenTimeout {
            assert!(subject.retry_after.is_some_and(|due| due <= at), "too soon: {news:?}");
        }
        let timed = moved.to == State::Open && moved.cause != Cause::DependencyUnavailable;
        assert_eq!(moved.retry_after.is_some(), timed, "{news:?}");
        assert!(moved.retry_after.is_none_or(|due| due >= at), "{news:?}");
        assert!(moved.failures <= moved.requests, "{news:?}");
        subject.circuit = moved.to;
        subject.retry_after = moved.retry_after;
    }

    fn reading(&mut self, at: Instant, reading: &Reading, doubt: bool) {
        let subject = self.subject(&reading.service);
        assert_eq!(subject.circuit, reading.circuit, "{reading:?}");
        assert!(!doubt || reading.verdict == Verdict::Unknown, "judged in doubt: {reading:?}");
        assert_eq!(reading.reason.is_some(), reading.verdict.is_bad(), "{reading:?}");
        assert!(reading.since <= at, "{reading:?}");
        let mut rates = [reading.response_rate, reading.failure_rate].into_iter().flatten();
        assert!(rates.all(is_share), "{reading:?}");
        subject.reading = reading.verdict;
    }

    /// Holds a snapshot, taken when all that was due up to `now` is done.
    pub(crate) fn look(&mut self, snapshot: &Snapshot, now: Instant) {
        conserved(snapshot);
        let limits = &self.settings.limits;
        let (services, told) = (&snapshot.services, &self.told);
        assert!(snapshot.open_calls <= limits.open_calls);
        assert!(services.len() <= limits.services as usize + 1, "{} services", services.len());
        let mut methods = 0;
        for service in services {
            let named = |name: &str| name == OTHER || name.len() <= limits.name_bytes as usize;
            assert!(service.methods.len() <= limits.methods as usize + 1, "{service:?}");
            assert!(service.methods.iter().all(|(name, _)| named(name)) && named(&service.name));
            methods += service.methods.iter().filter(|(name, _)| &**name != OTHER).count();
            let subject = self.subjects.get(&service.name).cloned().unwrap_or_default();
            let stands = (service.verdict.unwrap_or_default(), service.circuit.unwrap_or_default());
            assert_eq!(stands, (subject.reading, subject.circuit), "{}", service.name);
        }
        assert!(methods <= limits.methods_total as usize, "{methods} methods");
        for channels in [&snapshot.activity, &snapshot.security] {
            assert!(channels.len() <= limits.channels as usize + 1, "{channels:?}");
        }
        let counted = |channels: &[(Arc<str>, u64)]| channels.iter().map(|(_, n)| n).sum::<u64>();
        assert_eq!(counted(&snapshot.activity), told.activity);
        assert_eq!(counted(&snapshot.security), told.security);
        let mut all = Totals::default();
        services.iter().for_each(|service| all.add(&service.figures.totals));
        assert_eq!((all.calls, all.oneway), (told.calls, told.oneway), "no call is lost");
        assert_eq!(all.late, snapshot.late, "late replies");
        let held = self.undecided(snapshot, &all);
        assert!(held <= u64::from(limits.held_replies), "{held} replies are held");
        self.summary(snapshot, now);
        let blind = self.blind.filter(|_| self.doubts.on(now));
        assert!(blind.is_none_or(|seen| seen == all.unanswered), "unanswered in doubt");
        self.blind = self.doubts.on(now).then_some(all.unanswered);
    }

    /// Replies that were told of and are not counted yet.
    fn undecided(&self, snapshot: &Snapshot, all: &Totals) -> u64 {
        let told = self.told.replies + self.told.malformed + self.told.ignored;
        let malformed: u64 = snapshot.malformed.iter().map(|(.., count)| count).sum();
        let answered = all.ok + all.rejected + all.failed + snapshot.late;
        let strays = snapshot.unmatched + snapshot.duplicate + snapshot.ignored + malformed;
        told.checked_sub(answered + strays).expect("no reply is counted twice")
    }

    fn summary(&self, snapshot: &Snapshot, now: Instant) {
        let health = &snapshot.health;
        assert_eq!(health.in_doubt, self.doubts.on(now), "doubt at {now:?}: {:?}", self.doubts);
        let mut services = [0; 4];
        let mut open = 0;
        for service in &snapshot.services {
            let Some(verdict) = service.verdict else { continue };
            services[match verdict {
                Verdict::Healthy => 0,
                Verdict::Degraded => 1,
                Verdict::Unavailable => 2,
                Verdict::Unknown => 3,
            }] += 1;
            let state = service.circuit.unwrap_or_default();
            open += u32::from(matches!(state, State::Open | State::HalfOpen | State::ForcedOpen));
        }
        assert_eq!((health.services, health.open_circuits), (services, open), "{health:?}");
        let [healthy, degraded, unhealthy, starting] = health.components;
        assert_eq!((degraded + unhealthy) as usize, self.ill.len(), "{health:?}");
        let (known, most) = (self.settings.components.len(), self.settings.limits.components);
        let all = (healthy + degraded + unhealthy + starting) as usize;
        assert!(all <= known.max(most as usize), "{health:?}");
        assert!(snapshot.score.is_none_or(is_share), "{:?}", snapshot.score);
    }

    /// Everything is settled: nothing is open, and every reply is something.
    pub(crate) fn settled(&self, snapshot: &Snapshot) {
        let mut all = Totals::default();
        snapshot.services.iter().for_each(|service| all.add(&service.figures.totals));
        assert_eq!((snapshot.open_calls, self.undecided(snapshot, &all)), (0, 0));
    }
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

/// The arrows of the manual.
fn is_legal(from: State, to: State, why: Cause) -> bool {
    use State::{Closed, Disabled, ForcedOpen, HalfOpen, ObserveOnly, Open};
    let tripped =
        matches!(why, Cause::FailureRate | Cause::ConsecutiveUnanswered | Cause::SlowCallRate);
    match (from, to) {
        _ if why == Cause::Manual => from != to && matches!(to, Closed | ForcedOpen | Disabled),
        (Closed, Open) => tripped || why == Cause::DependencyUnavailable,
        (Closed, ObserveOnly) => tripped,
        (Open, HalfOpen) => matches!(why, Cause::OpenTimeout | Cause::DependencyRecovered),
        (HalfOpen, Open) => why == Cause::TrialFailed,
        (HalfOpen, Closed) => why == Cause::TrialSucceeded,
        _ => false,
    }
}

/// A broker takes it, and whoever subscribed can read it.
fn publishable(document: &Document, at: Instant) {
    let topic = &document.topic;
    // A direct answer goes where its caller asked for it; it is no event.
    let direct = document.event.is_none() && document.payload.is_some();
    assert!((direct || topic.starts_with("system/main/")) && is_topic(topic), "{document:?}");
    assert_eq!(document.at, at);
    let clears = document.payload.is_none();
    assert!(document.retain || !clears, "{document:?}");
    if let Some(payload) = &document.payload {
        assert!(serde_json::from_str::<&RawValue>(payload).is_ok(), "{document:?}");
    }
}

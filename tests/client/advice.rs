//! What a caller does with what lookout says. lookout is played by the test, so that it says
//! exactly this, now.

use crate::kit::{Hand, VERSIONS, options, platform};
use crate::line::{Line, Message, Trouble, Version, soon};
use crate::mosquitto::{Mosquitto, Setup};
use lookout::client::{
    CallError, Change, CircuitState, LinkState, Options, Platform, Source, Strategy, Verdict,
};
use lookout::clock::{Clock, Stopwatch};
use lookout::observer::Span;
use lookout::wire::Time;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until a condition holds.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let mut look = tokio::time::interval(LOOK);
    soon(what, async {
        while !holds() {
            look.tick().await;
        }
    })
    .await;
}

/// Plays lookout.
pub struct Teller(Line, Clock);

impl Teller {
    pub async fn start(broker: (Version, u16)) -> Self {
        let line = Line::open(broker, "teller", "nothing", &Trouble::default(), |_, _| {});
        line.ready().await;
        Self(line, Clock::start())
    }

    /// Waits until the broker has taken what was said so far.
    pub async fn said(&self, (version, port): (Version, u16)) {
        let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let hook = move |_: &_, _: Message| {
            let _ = tell.send(());
        };
        let name = format!("mark/{}", self.1.now().micros());
        let ear = Line::open((version, port), "ear", &name, &Trouble::default(), hook);
        ear.ready().await;
        assert!(self.0.post().send(Message {
            topic: name,
            payload: "x".into(),
            ..Message::default()
        }));
        soon("mark", heard.recv()).await;
    }

    pub fn say(&self, topic: &str, retain: bool, payload: impl Into<String>) {
        let (topic, payload) = (format!("system/test/{topic}"), payload.into().into());
        assert!(self.0.post().send(Message { topic, payload, retain, ..Message::default() }));
    }

    fn document(&self, topic: &str, retain: bool, kind: &str, more: Value) {
        let mut params = json!({"type": kind, "clusterId": "test", "timestamp": self.time(0)});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let document = json!({"jsonrpc": "2.0", "method": kind, "params": params});
        self.say(topic, retain, document.to_string());
    }

    /// A moment so many seconds from now, as lookout writes it.
    pub fn time(&self, seconds: u64) -> String {
        Time(self.1.now() + Span::from_secs(seconds)).to_string()
    }

    pub fn present(&self, present: bool) {
        self.say("observer/x", true, json!({"online": present, "timestamp": 1}).to_string());
    }

    /// Something that is seen when what was said before has been.
    fn mark(&self, incident: &str) {
        let more = json!({"service": "Test", "verdict": "healthy", "since": self.time(0),
            "correlationId": incident});
        self.document("services/Test", true, "service_verdict", more);
    }

    pub fn verdict(&self, service: &str, verdict: &str, reason: &str) {
        let more = json!({"service": service, "verdict": verdict, "reason": reason,
            "since": self.time(0), "circuit": "closed", "correlationId": "incident-1"});
        self.document(&format!("services/{service}"), true, "service_verdict", more);
    }

    /// Both documents of a change have its moment: it names the round.
    pub fn circuit(&self, service: &str, state: &str, more: Value) {
        let mut all = json!({"service": service, "topic": format!("service/{service}"), "state": state,
            "previous": "closed", "reason": "failure_rate", "correlationId": "incident-1",
            "timestamp": self.time(0)});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.document("circuit-breaker", false, "circuit_breaker", all.clone());
        self.document(&format!("circuit-breaker/{service}"), true, "circuit_breaker", all);
    }
}

/// A broker, a service that answers, and lookout, who is there.
async fn scene() -> (Mosquitto, (Version, u16), Hand, Teller) {
    scene_in(Version::V5).await
}

/// The same over a version of MQTT.
pub async fn scene_in(version: Version) -> (Mosquitto, (Version, u16), Hand, Teller) {
    let mosquitto = Mosquitto::start();
    let broker = (version, mosquitto.port());
    let hand = Hand::start(broker, "Test").await;
    let teller = Teller::start(broker).await;
    teller.present(true);
    (mosquitto, broker, hand, teller)
}

async fn caller(broker: (Version, u16), session: &str, change: impl Fn(&mut Options)) -> Platform {
    let mut options = options(broker, session);
    change(&mut options);
    let client = platform(options).await;
    until("lookout", || client.lookout()).await;
    client
}

/// A call that its service answers with 7.
pub async fn call(client: &Platform) -> Result<u32, CallError> {
    client.call("Test", "ok", &7).await
}

#[tokio::test]
async fn a_service_that_is_away_is_not_called_also_by_who_joins_late() {
    let (_mosquitto, broker, mut hand, teller) = scene().await;
    let early = caller(broker, "s-1", |_| {}).await;
    assert_eq!(call(&early).await.unwrap(), 7);
    teller.verdict("Test", "unavailable", "not_responding");
    let estimate =
        json!({"service": "Test", "reason": "not_responding", "estimatedRecovery": "2-5 minutes"});
    teller.document("errors", false, "service_unavailable", estimate);
    let late = caller(broker, "s-2", |_| {}).await;
    until("estimate", || early.service("Test").estimate.is_some()).await;
    hand.waiting();

    for client in [&early, &late] {
        until("verdict", || client.service("Test").verdict == Verdict::Unavailable).await;
        let Err(CallError::Unavailable(away)) = call(client).await else { panic!("not held back") };
        assert_eq!(
            (&*away.service, &*away.reason, away.source),
            ("Test", "not_responding", Source::Lookout)
        );
        assert_eq!(away.incident.as_deref(), Some("incident-1"));
        assert!(away.retry_after.is_some_and(|it| it <= Duration::from_secs(30)), "{away:?}");
    }
    assert_eq!(early.service("Test").estimate.as_deref(), Some("2-5 minutes"));
    // Others are called, and so is this one by who does not want to be held back.
    let eager = caller(broker, "s-3", |it| it.fail_fast = false).await;
    until("verdict", || eager.service("Test").verdict == Verdict::Unavailable).await;
    assert_eq!(call(&eager).await.unwrap(), 7);
    assert_eq!(hand.waiting(), 1);

    teller.verdict("Test", "healthy", "");
    until("recovery", || early.service("Test").verdict == Verdict::Healthy).await;
    assert_eq!(call(&early).await.unwrap(), 7);
    assert_eq!(early.service("Test").estimate, None);
}

#[tokio::test]
async fn who_joins_late_knows_from_its_first_call() {
    let (_mosquitto, broker, mut hand, teller) = scene().await;
    // More than a broker has on its way with QoS 1 at once.
    for number in 0..200 {
        teller.verdict(&format!("S{number}"), "healthy", "");
    }
    teller.verdict("Test", "unavailable", "not_responding");
    teller.said(broker).await;
    for number in 0..20 {
        let late = platform(options(broker, &format!("s-{number}"))).await;
        let refused = call(&late).await;
        assert!(matches!(refused, Err(CallError::Unavailable(_))), "{refused:?}");
        late.close().await;
    }
    assert_eq!(hand.waiting(), 0);
}

#[tokio::test]
async fn an_open_circuit_fails_at_once_and_says_when_to_come_back() {
    for version in VERSIONS {
        let (_mosquitto, broker, mut hand, teller) = scene_in(version).await;
        let client = caller(broker, "s-1", |_| {}).await;
        teller.circuit("Test", "open", json!({"retryAfter": teller.time(20)}));
        until("circuit", || client.service("Test").circuit == CircuitState::Open).await;
        let Err(CallError::CircuitOpen(away)) = call(&client).await else {
            panic!("not held back")
        };
        let after = away.retry_after.unwrap();
        assert!(after > Duration::from_secs(15) && after <= Duration::from_secs(20), "{after:?}");
        assert_eq!(away.reason, "failure_rate");

        // Two documents of one state are told apart by their time, which may be the same millisecond here.
        let later = teller.time(1);
        let ahead = json!({"reason": "dependency_unavailable", "timestamp": later});
        teller.circuit("Test", "open", ahead);
        until("no time", || client.service("Test").retry_after.is_none()).await;
        let error = call(&client).await.unwrap_err();
        assert_eq!(error.to_string(), "circuit open: Test (dependency_unavailable)");
        teller.circuit("Test", "forced_open", json!({"reason": "manual"}));
        until("force", || client.service("Test").circuit == CircuitState::ForcedOpen).await;
        assert!(matches!(call(&client).await, Err(CallError::CircuitOpen(_))));
        assert_eq!(hand.waiting(), 0);

        // What no longer exists is cleared.
        teller.say("circuit-breaker/Test", true, "");
        until("nothing", || client.service("Test").circuit == CircuitState::Closed).await;
        assert_eq!(call(&client).await.unwrap(), 7);
    }
}

#[tokio::test]
async fn a_service_that_lookout_forgot_is_told_of() {
    let (_mosquitto, broker, _hand, teller) = scene().await;
    let client = caller(broker, "s-1", |_| {}).await;
    let mut changes = client.changes();
    teller.verdict("Test", "unavailable", "not_responding");
    teller.circuit("Test", "open", json!({}));
    teller.say("services/Test", true, "");
    teller.say("circuit-breaker/Test", true, "");
    // Nothing was known of this one, so nothing changes.
    teller.say("services/Other", true, "");
    teller.verdict("Last", "healthy", "");
    let mut seen = Vec::new();
    while seen.len() < 5 {
        seen.push(match soon("change", changes.next()).await.unwrap() {
            Change::Service(it) => format!("{} {:?}", it.name, it.verdict),
            Change::Circuit { service, state, .. } => format!("{service} {state:?}"),
            other => panic!("{other:?}"),
        });
    }
    let expected = ["Test Unavailable", "Test Open", "Test Unknown", "Test Closed", "Last Healthy"];
    assert_eq!(seen, expected);
}

/// Ten clients, each of which calls several times at once; what comes of it.
async fn rush(clients: &[Platform], hand: &mut Hand) -> (usize, usize, usize) {
    let mut calls = JoinSet::new();
    for client in clients {
        for _ in 0..4 {
            let client = client.clone();
            calls.spawn(async move { call(&client).await });
        }
    }
    let (mut done, mut refused) = (0, 0);
    while let Some(call) = soon("answers", calls.join_next()).await {
        match call.unwrap() {
            Ok(_) => done += 1,
            Err(CallError::CircuitOpen(away) | CallError::Unavailable(away)) => {
                assert!(away.retry_after.is_some(), "{away:?}");
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    (done, refused, hand.waiting())
}

#[tokio::test]
async fn ten_clients_share_the_few_calls_of_a_half_open_circuit() {
    for version in VERSIONS {
        let (_mosquitto, broker, mut hand, teller) = scene_in(version).await;
        let mut clients = Vec::new();
        for number in 0..10 {
            clients.push(caller(broker, &format!("s-{number}"), |_| {}).await);
        }
        teller.circuit("Test", "half_open", json!({"trialCalls": 3}));
        for client in &clients {
            until("circuit", || client.service("Test").circuit == CircuitState::HalfOpen).await;
        }
        assert_eq!(rush(&clients, &mut hand).await, (3, 37, 3));
        assert_eq!(rush(&clients, &mut hand).await, (0, 40, 0), "the round is used up");

        // Opened and half-opened again: a new round.
        teller.circuit("Test", "open", json!({"retryAfter": teller.time(20)}));
        teller.circuit("Test", "half_open", json!({"trialCalls": 2, "openCount": 2}));
        let is_second =
            |it: &Platform| it.service("Test").incident.as_deref() == Some("incident-2");
        teller.mark("incident-2");
        until("the next round", || clients.iter().all(is_second)).await;
        assert_eq!(rush(&clients, &mut hand).await, (2, 38, 2));

        teller.circuit("Test", "closed", json!({"openSeconds": 1.0}));
        for client in &clients {
            until("circuit", || client.service("Test").circuit == CircuitState::Closed).await;
        }
        assert_eq!(rush(&clients, &mut hand).await, (40, 0, 40));
    }
}

#[tokio::test]
async fn where_claims_are_not_allowed_each_client_has_its_own_few_within_its_deadline() {
    // Mosquitto grants the subscription and delivers nothing.
    let acl =
        Some("topic readwrite service/#\ntopic readwrite session/#\ntopic readwrite system/#\n");
    let mosquitto = Mosquitto::with(&Setup { acl, ..Setup::default() });
    let broker = (Version::V5, mosquitto.port());
    let mut hand = Hand::start(broker, "Test").await;
    let teller = Teller::start(broker).await;
    teller.present(true);
    teller.circuit("Test", "half_open", json!({"trialCalls": 2}));
    let client = caller(broker, "s-1", |_| {}).await;
    until("circuit", || client.service("Test").circuit == CircuitState::HalfOpen).await;

    let watch = Stopwatch::start();
    let hasty = client.request("Test", "ok").params(&7).deadline(Duration::from_millis(50));
    let refused = hasty.send::<u32>().await;
    assert!(matches!(refused, Err(CallError::CircuitOpen(_))), "{refused:?}");
    assert!(watch.elapsed() < Span::from_millis(400), "not later than its deadline");
    assert_eq!(rush(&[client], &mut hand).await, (1, 3, 1));
}

#[tokio::test]
async fn claims_of_clients_in_other_languages_count() {
    let (_mosquitto, broker, mut hand, teller) = scene().await;
    let client = caller(broker, "s-1", |_| {}).await;
    let stamp = teller.time(0);
    teller.circuit("Test", "half_open", json!({"trialCalls": 3, "timestamp": stamp}));
    until("circuit", || client.service("Test").circuit == CircuitState::HalfOpen).await;
    for number in 0..2 {
        // As docs/CLIENTS.md has it.
        let claim =
            json!({"service": "Test", "round": format!("{stamp}/0"), "claim": number.to_string()});
        let (topic, payload) = ("trials/test/Test".to_owned(), claim.to_string().into());
        assert!(teller.0.post().send(Message { topic, payload, ..Message::default() }));
    }
    teller.mark("incident-2");
    until("mark", || client.service("Test").incident.as_deref() == Some("incident-2")).await;
    assert_eq!(rush(&[client], &mut hand).await, (1, 3, 1));
}

#[tokio::test]
async fn a_service_that_is_away_is_tried_now_and_then() {
    let (_mosquitto, broker, mut hand, teller) = scene().await;
    let every = Duration::from_millis(1_500);
    let mut clients = Vec::new();
    for number in 0..3 {
        clients.push(caller(broker, &format!("s-{number}"), |it| it.trial_every = every).await);
    }
    teller.verdict("Test", "unavailable", "not_responding");
    for client in &clients {
        until("verdict", || client.service("Test").verdict == Verdict::Unavailable).await;
    }
    assert_eq!(rush(&clients, &mut hand).await, (0, 12, 0));
    // Clients' clocks differ by what the document took to each of them, so at the edge of a round
    // some are in it and some are not yet: what goes through in all is what counts.
    let mut through = 0;
    soon("a round", async {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        while through < 3 {
            look.tick().await;
            let mut calls = JoinSet::new();
            for client in clients.iter().cycle().take(12) {
                let client = client.clone();
                calls.spawn(async move {
                    // A claim that does not come back in time is lost to the round.
                    let deadline = Duration::from_millis(400);
                    let silent = client.request("Test", "silent").deadline(deadline);
                    silent.send::<Value>().await.unwrap_err();
                });
            }
            calls.join_all().await;
            through += hand.waiting();
        }
    })
    .await;
    assert_eq!(through, 3);

    // Whose call is answered goes on, whatever the verdict still is.
    soon("the next round", async {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        while call(&clients[0]).await.is_err() {
            look.tick().await;
        }
    })
    .await;
    for _ in 0..20 {
        assert_eq!(call(&clients[0]).await.unwrap(), 7);
    }
    assert_eq!(clients[0].service("Test").verdict, Verdict::Unavailable);
}

#[tokio::test]
async fn without_lookout_each_caller_counts_for_itself() {
    for version in VERSIONS {
        let (_mosquitto, broker, mut hand, teller) = scene_in(version).await;
        let client = caller(broker, "s-1", |_| {}).await;
        let mut changes = client.changes();
        teller.circuit("Test", "open", json!({"retryAfter": teller.time(20)}));
        until("circuit", || client.service("Test").circuit == CircuitState::Open).await;
        teller.present(false);
        until("absence", || !client.lookout()).await;
        // Nobody keeps that circuit any more.
        assert_eq!(call(&client).await.unwrap(), 7);
        assert_eq!(client.service("Test").circuit, CircuitState::Closed);

        let silent =
            || client.request("Test", "silent").deadline(Duration::from_millis(30)).send::<Value>();
        for _ in 0..3 {
            assert!(matches!(silent().await, Err(CallError::Timeout(_))));
        }
        hand.waiting();
        let Err(CallError::CircuitOpen(away)) = call(&client).await else {
            panic!("not held back")
        };
        assert_eq!((away.source, &*away.reason), (Source::Own, "consecutive_timeouts"));
        assert!(away.retry_after.is_some_and(|it| it > Duration::from_secs(20)), "{away:?}");
        assert_eq!(client.service("Test").circuit, CircuitState::Open);
        assert_eq!(hand.waiting(), 0);

        // lookout is back, and knows better.
        teller.circuit("Test", "closed", json!({}));
        teller.present(true);
        until("lookout", || client.lookout()).await;
        until("circuit", || client.service("Test").circuit == CircuitState::Closed).await;
        assert_eq!(call(&client).await.unwrap(), 7);

        let circuit = |state, source, reason: &str| Change::Circuit {
            service: "Test".to_owned(),
            state,
            reason: reason.to_owned(),
            source,
        };
        for expected in [
            circuit(CircuitState::Open, Source::Lookout, "failure_rate"),
            Change::Lookout(false),
            circuit(CircuitState::Open, Source::Own, "consecutive_timeouts"),
        ] {
            assert_eq!(soon("change", changes.next()).await, Some(expected));
        }
    }
}

#[tokio::test]
async fn what_was_known_goes_with_the_link() {
    let (mut mosquitto, broker, _hand, teller) = scene().await;
    let client = caller(broker, "s-1", |_| {}).await;
    teller.verdict("Test", "unavailable", "not_responding");
    until("verdict", || client.service("Test").verdict == Verdict::Unavailable).await;
    mosquitto.kill();
    until("absence", || !client.lookout()).await;
    assert_eq!(client.service("Test").verdict, Verdict::Unknown);
    assert!(client.strategy("Test").offline);
    mosquitto.restart();
    soon("link", client.ready()).await.unwrap();
    // The broker kept nothing, and lookout is not back.
    assert!(!client.lookout());
    assert!(client.strategy("Test").is_normal());
}

#[tokio::test]
async fn user_interfaces_are_told_what_to_make_of_it() {
    let (_mosquitto, broker, _hand, teller) = scene().await;
    let client = caller(broker, "s-1", |_| {}).await;
    let mut changes = client.changes();
    let flags = |it: Strategy| {
        [it.offline, it.prefer_cache, it.longer_timeouts, it.read_only, it.defer_writes]
    };
    assert!(client.strategy("Test").is_normal());

    teller.verdict("Test", "degraded", "slow_responses");
    let change = soon("change", changes.next()).await.unwrap();
    let Change::Service(state) = change else { panic!("{change:?}") };
    assert_eq!(
        (state.verdict, state.reason.as_deref()),
        (Verdict::Degraded, Some("slow_responses"))
    );
    assert_eq!(flags(client.strategy("Test")), [false, false, true, false, false]);

    let trouble = json!({"component": "db", "kind": "postgresql", "severity": "critical",
        "message": "gone", "affectedServices": ["Test"]});
    teller.document("errors", false, "infrastructure_error", trouble.clone());
    teller.document("emergency", false, "infrastructure_error", trouble);
    let change = soon("change", changes.next()).await.unwrap();
    let Change::Component(component) = change else { panic!("{change:?}") };
    assert_eq!((&*component.name, &*component.severity), ("db", "critical"));
    let emergency = Change::Emergency { subject: "db".to_owned(), message: "gone".to_owned() };
    assert_eq!(soon("change", changes.next()).await, Some(emergency));
    // An alert is one by its summary, and none when it is over.
    for (status, summary) in [("resolved", "past"), ("firing", "Test is unavailable")] {
        let alert = json!({"status": status, "service": "Test", "summary": summary});
        teller.document("emergency", false, "alert", alert);
    }
    let message = "Test is unavailable".to_owned();
    let emergency = Change::Emergency { subject: "Test".to_owned(), message };
    assert_eq!(soon("change", changes.next()).await, Some(emergency));
    let plan = client.strategy("Test");
    assert_eq!(plan.because, ["service_degraded", "component:db"]);
    assert_eq!(flags(plan), [false, false, true, true, true]);
    assert_eq!(client.components().len(), 1);

    teller.document(
        "health",
        true,
        "health",
        json!({"status": "unhealthy",
        "services": {"healthy": 0, "degraded": 0, "unavailable": 1, "unknown": 3}}),
    );
    teller.verdict("Test", "unavailable", "not_responding");
    soon("change", changes.next()).await.unwrap();
    assert_eq!(flags(client.strategy("Test")), [true, true, false, true, true]);

    teller.document("errors", false, "infrastructure_recovered", json!({"component": "db"}));
    assert_eq!(
        soon("change", changes.next()).await,
        Some(Change::ComponentRecovered("db".to_owned()))
    );
    assert!(!client.strategy("Test").read_only);
    assert_eq!(client.services().len(), 1);

    // Nobody would say that it is well again.
    let trouble = json!({"component": "db", "kind": "postgresql", "severity": "critical"});
    teller.document("errors", false, "infrastructure_error", trouble);
    assert!(matches!(soon("change", changes.next()).await, Some(Change::Component(_))));
    teller.present(false);
    assert_eq!(soon("change", changes.next()).await, Some(Change::Lookout(false)));
    assert!(client.components().is_empty());
    client.close().await;
    assert_eq!(soon("end", changes.next()).await, Some(Change::Link(LinkState::Down)));
}

#[tokio::test]
async fn what_is_no_document_changes_nothing_and_memory_is_bounded() {
    let (_mosquitto, broker, _hand, teller) = scene().await;
    let client = caller(broker, "s-1", |_| {}).await;
    let long = "x".repeat(1_000);
    for topic in [
        "services/Test",
        "circuit-breaker",
        "circuit-breaker/Test",
        "errors",
        "emergency",
        "health",
        "observer/y",
        "other/z",
    ] {
        for payload in [
            "{",
            "[]",
            "7",
            "{\"params\":7}",
            "{\"type\":\"service_verdict\"}",
            "\u{0}",
            &long,
            r#"{"type":"service_verdict","service":7,"verdict":"unavailable"}"#,
            r#"{"type":"service_verdict","service":"Test","verdict":"sleepy","since":"x","timestamp":"y"}"#,
            r#"{"type":"circuit_breaker","service":"","state":"open","timestamp":"2026-01-01T00:00:00Z"}"#,
        ] {
            teller.say(topic, false, payload);
        }
    }
    teller.verdict(&long, "unavailable", "not_responding");
    for number in 0..300 {
        teller.verdict(&format!("S{number}"), "healthy", "");
    }
    until("the last one", || client.service("S299").verdict == Verdict::Healthy).await;
    assert_eq!(call(&client).await.unwrap(), 7);
    assert_eq!(client.service(&long).verdict, Verdict::Unknown);
    assert_eq!(client.services().len(), 300);
}

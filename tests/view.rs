//! What operators see: the story of an outage, ten minutes of a service, and how lookout itself is.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lookout::config;
use lookout::observer::component::{Condition, Standing};
use lookout::observer::digest::DigestKey;
use lookout::observer::input::{Link, Report, Severity};
use lookout::observer::survey::Survey;
use lookout::observer::{Input, Instant, Span};
use lookout::pipeline::Pipeline;
use lookout::telemetry::Figures;
use lookout::view::health::Status;
use lookout::view::history::CELLS;
use lookout::view::{Turn, View};
use lookout::wire::Message;
use std::sync::Arc;

fn at(millis: u64) -> Instant {
    Instant::from_micros(1_700_000_000_000_000) + Span::from_millis(millis)
}

/// A pipeline with a view of it.
struct World {
    pipeline: Pipeline,
    survey: Survey,
    view: View,
    /// Seconds since the beginning.
    second: u64,
}

impl World {
    fn new() -> Self {
        let config = config::from_text("").unwrap();
        let (voice, key) = (config.voice(), DigestKey::new(1, 2));
        let mut pipeline = Pipeline::new(voice, config.traffic, config.settings, key, at(0));
        pipeline.tell(at(0), Input::Link(Link::Up));
        Self { pipeline, survey: Survey::default(), view: View::new(at(0)), second: 0 }
    }

    fn hear(&mut self, millis: u64, topic: &str, payload: &str) {
        let now = at(self.second * 1_000 + millis);
        let message = Message { topic, payload: payload.as_bytes(), ..Message::default() };
        self.pipeline.hear(now, &message);
    }

    /// A second in which a service is called five times and answers so often.
    fn second(&mut self, answers: u64) {
        for call in 0..5 {
            let id = self.second * 10 + call;
            self.hear(
                call * 100,
                "service/Billing",
                &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"pay","sessionId":"s"}}"#),
            );
            if call < answers {
                self.hear(
                    call * 100 + 15,
                    "session/s/response",
                    &format!(r#"{{"jsonrpc":"2.0","id":{id},"result":1}}"#),
                );
            }
        }
        self.second += 1;
        self.turn();
    }

    fn turn(&mut self) {
        let now = at(self.second * 1_000);
        self.pipeline.advance(now);
        let mut documents = Vec::new();
        while let Some(event) = self.pipeline.poll_said(&mut documents) {
            self.view.hear(&event, &documents);
            documents.clear();
        }
        let snapshot = self.pipeline.turn(now, &mut self.survey, None);
        let mut figures = Figures { start: at(0), ..Figures::default() };
        figures.link.up = true;
        self.view.take(Arc::new(Turn { snapshot, figures, ..Turn::default() }));
    }

    fn seconds(&mut self, count: u64, answers: u64) {
        for _ in 0..count {
            self.second(answers);
        }
    }

    /// The lines of an incident, without its times.
    fn story(&self) -> Vec<String> {
        let incident = self.view.incidents().latest().next().unwrap();
        incident
            .lines
            .iter()
            .map(|(_, line)| format!("{} {}: {}", line.kind, line.subject, line.text))
            .collect()
    }
}

#[test]
fn an_outage_is_one_incident_with_a_story_that_ends() {
    let mut world = World::new();
    world.seconds(60, 5);
    assert_eq!(world.view.incidents().latest().count(), 0);
    world.seconds(20, 0);
    let open = world.view.incidents().latest().next().unwrap();
    assert_eq!((open.subject.as_str(), open.ended), ("Billing", None));
    let began = open.began;
    let story = world.story();
    assert!(
        story
            .iter()
            .any(|line| line
                .starts_with("service_unavailable Billing: unavailable: not responding; ")),
        "{story:?}"
    );
    assert!(
        story.iter().any(|line| line
            .starts_with("circuit_breaker Billing: circuit closed → open: consecutive unanswered")),
        "{story:?}"
    );
    // It says that it lasts; that is no news.
    world.seconds(600, 0);
    assert_eq!(
        world.story().iter().filter(|line| line.starts_with("service_unavailable")).count(),
        1
    );
    world.seconds(330, 5);
    let over = world.view.incidents().latest().next().unwrap();
    assert_eq!((over.began, over.ended.is_some()), (began, true), "{:?}", world.story());
    let story = world.story();
    assert!(
        story
            .iter()
            .any(|line| line.starts_with("service_recovered Billing: healthy again after ")),
        "{story:?}"
    );
    assert!(
        story.iter().any(|line| line.contains("half open → closed: trial succeeded")),
        "{story:?}"
    );
    assert_eq!(world.view.incidents().latest().count(), 1, "one outage, one incident");
    let numbers: Vec<_> = world.view.feed().after(None).map(|entry| entry.number).collect();
    assert!(numbers.len() >= story.len() && numbers.windows(2).all(|two| two[1] == two[0] + 1));
}

#[test]
fn advice_comes_after_half_an_hour_of_traffic_and_says_nothing_of_an_outage() {
    let mut world = World::new();
    world.seconds(25 * 60, 5);
    assert_eq!((world.view.advice().judged, world.view.advice().too_little), (0, 1));
    // Two minutes of an outage, and then a good while without.
    world.seconds(120, 0);
    world.seconds(35 * 60, 5);
    let kinds = |world: &World| {
        let findings = &world.view.advice().findings;
        findings.iter().map(|it| it.kind.name()).collect::<Vec<_>>()
    };
    // All calls are of one session.
    assert_eq!(kinds(&world), ["chatty_callers"], "{:#?}", world.view.advice());
    // One call in twenty is lost from here on, which is no incident.
    for _ in 0..30 * 60 {
        let answers = if world.second.is_multiple_of(4) { 4 } else { 5 };
        world.second(answers);
    }
    assert_eq!(kinds(&world), ["failure_rate", "chatty_callers"], "{:#?}", world.view.advice());
}

#[test]
fn ten_minutes_are_kept_and_add_up() {
    let mut world = World::new();
    world.seconds(100, 4);
    let cells: Vec<_> = world.view.history("Billing").unwrap().cells().copied().collect();
    assert_eq!(cells.iter().map(|cell| cell.calls).sum::<u32>(), 5 * 100 - cells_under_way(&world));
    let replies: u32 = cells.iter().flat_map(|cell| cell.times).map(u32::from).sum();
    assert!((300..=400).contains(&replies), "{replies}");
    // 15 ms are in the fifth class, and nothing else.
    assert!(
        cells.iter().all(|cell| cell
            .times
            .iter()
            .enumerate()
            .all(|(class, count)| class == 4 || *count == 0)),
        "{cells:?}"
    );
    assert!(cells.iter().map(|cell| cell.unanswered).sum::<u32>() > 0);
    world.seconds(900, 4);
    let cells: Vec<_> = world.view.history("Billing").unwrap().cells().copied().collect();
    assert_eq!(cells.len() as u64, CELLS - 1, "and the one under way");
    assert!(cells.windows(2).all(|two| two[1].number == two[0].number + 1));
    // Without calls nothing is kept.
    for _ in 0..700 {
        world.second += 1;
        world.turn();
    }
    assert_eq!(world.view.history("Billing").unwrap().cells().count(), 0);
}

/// Calls of the ten seconds under way.
fn cells_under_way(world: &World) -> u32 {
    // The beginning of time is no round ten seconds; a cell ends with the first turn after it.
    let begun = 1_700_000_000 % 10;
    5 * u32::try_from((world.second + begun) % 10).unwrap()
}

#[test]
fn a_component_has_its_incident_too() {
    let mut world = World::new();
    let report = |healthy| Report {
        name: "db",
        kind: "postgresql",
        healthy,
        definite: true,
        severity: Severity::Critical,
        down: true,
        message: "connection refused",
        impact: None,
        details: None,
        advice: &[],
        took: None,
    };
    world.second = 10;
    world.pipeline.tell(at(10_000), Input::Component(report(false)));
    world.turn();
    assert_eq!(world.story(), ["infrastructure_error db: critical: connection refused"]);
    let health = world.view.health(at(10_000), &[]);
    let check = health.checks.iter().find(|check| check.name == "component:db").unwrap();
    assert_eq!(
        (check.status, health.status, health.ready),
        (Status::Unhealthy, Status::Degraded, true)
    );
    world.second = 70;
    world.pipeline.tell(at(70_000), Input::Component(report(true)));
    world.turn();
    assert_eq!(world.story()[1], "infrastructure_recovered db: well again after 1 min 0 s");
    assert!(world.view.incidents().latest().next().unwrap().ended.is_some());
}

#[test]
fn how_lookout_is_follows_from_what_it_needs() {
    let up = |turn: &mut Turn| turn.figures.link.up = true;
    type Change = fn(&mut Turn);
    // What is so beside the link; when it is asked; status, live, ready.
    type Row = (&'static str, Option<Change>, u64, Status, bool, bool);
    let rows: &[Row] = &[
        ("never linked", None, 0, Status::Starting, true, false),
        ("linked", Some(|_| {}), 0, Status::Healthy, true, true),
        ("it stands still", Some(|_| {}), 11_000, Status::Unhealthy, false, false),
        ("just not", Some(|_| {}), 10_000, Status::Healthy, true, true),
        ("quiet", Some(|it| it.quiet_for = Span::from_secs(301)), 0, Status::Degraded, true, true),
        ("deaf", Some(|it| it.deaf_for = Span::from_secs(31)), 0, Status::Unhealthy, true, true),
        (
            "in doubt",
            Some(|it| it.snapshot.health.in_doubt = true),
            0,
            Status::Degraded,
            true,
            true,
        ),
        (
            "lagging",
            Some(|it| it.figures.lag = Span::from_millis(1_001)),
            0,
            Status::Degraded,
            true,
            true,
        ),
        ("dropping", Some(|it| it.figures.link.inbox_dropped = 1), 0, Status::Degraded, true, true),
        (
            "restarting",
            Some(|it| it.figures.restarts = [0, 1, 0, 0, 0, 0, 0]),
            0,
            Status::Degraded,
            true,
            true,
        ),
        (
            "a component fails",
            Some(|it| {
                let condition = Condition::Unhealthy;
                let (name, kind) = ("db".into(), "tcp".into());
                it.snapshot.components =
                    vec![Standing { name, kind, condition, ..Standing::default() }];
            }),
            0,
            Status::Degraded,
            true,
            true,
        ),
    ];
    for (what, change, later, status, live, ready) in rows {
        let mut view = View::new(at(0));
        let mut turn = Turn::default();
        turn.snapshot.at = at(1_000);
        if let Some(change) = change {
            up(&mut turn);
            change(&mut turn);
        }
        view.take(Arc::new(turn));
        let health = view.health(at(1_000 + later), &[]);
        assert_eq!(
            (health.status, health.live, health.ready),
            (*status, *live, *ready),
            "{what}: {health:?}"
        );
    }
    // A loss is told for a minute.
    let mut view = View::new(at(0));
    let mut turn = Turn::default();
    up(&mut turn);
    for (second, dropped, status) in [
        (1, 0, Status::Healthy),
        (2, 1, Status::Degraded),
        (62, 1, Status::Degraded),
        (63, 1, Status::Healthy),
    ] {
        turn.snapshot.at = at(second * 1_000);
        turn.figures.link.outbox_dropped = dropped;
        view.take(Arc::new(turn.clone()));
        assert_eq!(view.health(at(second * 1_000), &[]).status, status, "at {second}");
    }
    // A link that was there and is not.
    turn.figures.link.up = false;
    turn.problem = Some("connection refused".to_owned());
    view.take(Arc::new(turn));
    let health = view.health(at(63_000), &[]);
    assert_eq!((health.status, health.live, health.ready), (Status::Unhealthy, true, false));
    assert!(health.checks.iter().any(|check| check.message == "no link: connection refused"));
    assert!(view.health(at(63_000), &["link"]).ready);
    view.stop();
    let health = view.health(at(63_000), &["link"]);
    assert_eq!((health.status, health.ready), (Status::Stopping, false));
}

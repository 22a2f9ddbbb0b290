//! Components under the services: how findings begin and end, whose trouble they explain, and when
//! what runs a service is restarted.

use crate::kit::s;
use crate::play::{Play, WAIT, time};
use lookout::observer::Settings;
use lookout::observer::component::Condition;
use lookout::observer::event::{Step, What};
use lookout::observer::incident::IncidentId;
use lookout::observer::input::{Doubt, Severity};
use lookout::observer::remedy::Treated;
use lookout::observer::settings::ComponentSettings;
use lookout::observer::verdict::Verdict;

const ERROR: Option<Severity> = Some(Severity::Error);

fn component(name: &str, explains: &[&str]) -> ComponentSettings {
    ComponentSettings {
        name: name.to_owned(),
        kind: "postgresql".to_owned(),
        explains: explains.iter().map(|it| (*it).to_owned()).collect(),
        ..ComponentSettings::default()
    }
}

fn with_database(explains: &[&str]) -> Play {
    Play::with(|settings| settings.components = vec![component("db", explains)])
}

/// Services that answer, and from `since` on do not.
fn silent(play: &mut Play, services: &[&str], since: u64, until: u64) {
    for service in services {
        play.oks(0..since - s(5), s(1), service);
        let mut made = since;
        while made < until {
            play.lost(made, service, WAIT);
            made += s(1);
        }
    }
}

/// What was said of components, services and remedies: when, who, in which incident, because of
/// whom.
fn story(play: &Play) -> Vec<String> {
    let mut ids: Vec<IncidentId> = Vec::new();
    let mut number = |id: IncidentId| {
        let at = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        });
        format!("i{at}")
    };
    let mut lines = Vec::new();
    for event in &play.ears.events {
        let text = match &event.what {
            What::Bad(news) => {
                let cause = news.cause.as_ref();
                let cause = cause.map(|(name, id)| format!(" because of {name} {}", number(*id)));
                let (service, verdict) = (&news.service, news.verdict.name());
                let incident = number(news.incident);
                format!("{service} {verdict} {incident}{}", cause.unwrap_or_default())
            }
            What::Recovered(news) => {
                format!("{} recovered {}", news.service, number(news.incident))
            }
            What::ComponentError(it) => {
                let explains = if it.affected.is_empty() {
                    String::new()
                } else {
                    format!(" explains {}", it.affected.join(","))
                };
                let escalate = if it.escalate { " escalate" } else { "" };
                let (name, severity) = (&it.component, it.severity.name());
                let repeat = if it.repeat > 0 { format!(" #{}", it.repeat) } else { String::new() };
                format!("{name} {severity} {}{explains}{escalate}{repeat}", number(it.incident))
            }
            What::ComponentRecovered { component, outage, incident } => {
                format!("{component} well after {} {}", outage, number(*incident))
            }
            What::Action(it) => {
                let message = it.message.as_deref().unwrap_or("");
                format!("{} {} {} {message}", it.service, it.step.name(), it.attempt)
            }
            _ => continue,
        };
        lines.push(format!("{} {}", time(event.at.since(crate::kit::at(0)).micros()), text.trim()));
    }
    lines
}

#[test]
fn a_database_that_fails_after_its_services_joins_the_first_of_their_incidents() {
    let mut play = with_database(&["A", "B*"]);
    silent(&mut play, &["A", "Billing", "Other"], s(60), s(130));
    // It is looked at every half minute, and was well just before.
    play.component(s(59), "db", None, false);
    for look in 0..3 {
        play.component(s(89) + look * s(30), "db", ERROR, false);
    }
    play.until(s(150));
    assert_eq!(
        story(&play),
        [
            "67.000000 A unavailable i0",
            "67.000000 Billing unavailable i1",
            "67.000000 Other unavailable i2",
            "149.000000 db error i0 explains A,Billing",
        ]
    );
    let snapshot = play.ears.snapshot();
    assert_eq!(
        snapshot.health.open_incidents, 3,
        "two services and the database, one of them twice"
    );
    let causes: Vec<_> = snapshot.services.iter().map(|it| it.blamed.is_some()).collect();
    assert_eq!(causes, [true, true, false]);
    // What stands of them is published with its cause.
    let told = play.ears.events.iter().filter_map(|event| match &event.what {
        What::Reading(reading) => {
            reading.cause.as_ref().map(|(name, _)| (&*reading.service, &**name))
        }
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [("A", "db"), ("Billing", "db")]);
}

#[test]
fn services_that_fail_after_their_database_are_consequences_of_its_incident() {
    let mut play = with_database(&["*"]);
    silent(&mut play, &["A", "B"], s(60), s(200));
    play.component(s(55), "db", ERROR, true);
    play.component(s(210), "db", None, true);
    for service in ["A", "B"] {
        play.oks(s(202)..s(900), s(1), service);
    }
    play.until(s(900));
    assert_eq!(
        story(&play),
        [
            "55.000000 db error i0",
            "67.000000 A unavailable i0 because of db i0",
            "67.000000 B unavailable i0 because of db i0",
            "210.000000 db well after 155s i0",
            "212.020000 A recovered i0",
            "212.020000 B recovered i0",
        ]
    );
    let snapshot = play.ears.snapshot();
    assert_eq!(snapshot.health.open_incidents, 0);
    assert!(snapshot.services.iter().all(|it| it.blamed.is_none()));
}

#[test]
fn an_old_incident_a_warning_and_a_stranger_are_not_explained() {
    // The service was down for minutes before the database was.
    let mut play = with_database(&["A"]);
    silent(&mut play, &["A"], s(20), s(300));
    play.component(s(100), "db", ERROR, true);
    play.until(s(120));
    assert_eq!(story(&play), ["27.000000 A unavailable i0", "100.000000 db error i1"]);
    // One that is only slow explains nothing.
    let mut play = with_database(&["A"]);
    play.component(s(19), "db", Some(Severity::Warning), true);
    silent(&mut play, &["A"], s(20), s(60));
    play.until(s(50));
    assert_eq!(story(&play), ["19.000000 db warning i0", "27.000000 A unavailable i1"]);
    // One that does not work in part explains nothing either.
    let mut partly = Play::with(|settings| settings.components = vec![component("partly", &["*"])]);
    partly.component(s(19), "partly", ERROR, true);
    silent(&mut partly, &["A"], s(20), s(60));
    partly.until(s(50));
    assert_eq!(story(&partly), ["19.000000 partly error i0", "27.000000 A unavailable i1"]);
    // One that becomes worse keeps its incident, and explains from then on.
    play.component(s(51), "db", ERROR, true);
    play.until(s(400));
    assert_eq!(
        story(&play)[2..],
        [
            "51.000000 db error i0 explains A",
            "319.000000 db error i0 explains A #1",
            "327.000000 A unavailable i1 because of db i0",
        ]
    );
}

#[test]
fn thresholds_of_one_component_differ_and_all_have_a_score() {
    let mut play = Play::with(|settings| {
        let hasty = ComponentSettings {
            failure_threshold: Some(1),
            success_threshold: Some(1),
            critical: true,
            ..component("hasty", &[])
        };
        settings.components = vec![hasty, component("usual", &[]), component("quiet", &[])];
    });
    let conditions = |play: &mut Play| -> Vec<_> {
        play.ears.snapshot().components.iter().map(|it| it.condition).collect()
    };
    assert_eq!(conditions(&mut play), [Condition::Starting; 3]);
    assert_eq!(play.ears.snapshot().score, None);
    for name in ["hasty", "usual"] {
        play.component(s(1), name, ERROR, false);
        play.component(s(2), name, None, false);
    }
    play.until(s(3));
    assert_eq!(story(&play), ["1.000000 hasty error i0", "2.000000 hasty well after 1s i0"]);
    assert_eq!(
        conditions(&mut play),
        [Condition::Healthy, Condition::Starting, Condition::Healthy]
    );
    let snapshot = play.ears.snapshot();
    assert_eq!(snapshot.health.components, [2, 0, 0, 1]);
    // Half of each one's checks failed: 0.75 both.
    assert_eq!(snapshot.score, Some(0.75));
    play.component(s(4), "hasty", Some(Severity::Critical), false);
    play.until(s(5));
    // (2 × (0 + 1/3) / 2 + (1 + 1/2) / 2) / 3, as the critical one weighs double.
    let score = play.ears.snapshot().score.unwrap();
    assert!((score - (1.0 / 3.0 + 0.75) / 3.0).abs() < 1e-9, "{score}");
}

#[test]
fn who_lasts_longer_than_usual_asks_for_people() {
    let mut play = with_database(&[]);
    let mut now = 0;
    // Three outages of 100 s, so that more is unusual.
    for _ in 0..3 {
        play.component(now, "db", ERROR, true);
        play.component(now + s(100), "db", None, true);
        now += s(200);
    }
    play.component(now, "db", ERROR, true);
    play.until(now + s(301));
    let said = story(&play);
    assert_eq!(said[6..], ["600.000000 db error i3", "900.000000 db error i3 escalate #1"]);
    let estimate = play.ears.events.iter().rev().find_map(|event| match &event.what {
        What::ComponentError(finding) => finding.estimate,
        _ => None,
    });
    assert_eq!(
        estimate.map(|(least, most)| (least.micros(), most.micros())),
        Some((s(100), s(100)))
    );
}

fn with_remedies(change: impl FnOnce(&mut Settings)) -> Play {
    Play::with(|settings| {
        settings.components = vec![component("db", &["A"])];
        settings.remedy.enabled = true;
        settings.remedy.services = vec!["A".to_owned()];
        change(settings);
    })
}

/// A service that is silent from the 60th second on, with replicas as given.
fn sick(play: &mut Play, replicas: Option<[u32; 3]>) {
    silent(play, &["A", "B"], s(60), s(2_000));
    if let Some(counts) = replicas {
        play.replicas(s(10), "A", counts, None);
    }
}

fn steps(play: &Play) -> Vec<(u64, Step, u32)> {
    let steps = play.ears.events.iter().filter_map(|event| match &event.what {
        What::Action(it) => {
            Some((event.at.since(crate::kit::at(0)).micros() / s(1), it.step, it.attempt))
        }
        _ => None,
    });
    steps.collect()
}

#[test]
fn a_service_that_stays_away_is_restarted_and_at_last_left_alone() {
    let mut play = with_remedies(|_| ());
    sick(&mut play, Some([3, 3, 3]));
    play.until(s(160));
    // It is unavailable from 67 s on, and was judged so three times.
    let [(first, Step::Started, 1)] = steps(&play)[..] else { panic!("{:?}", steps(&play)) };
    assert!((127..=157).contains(&first), "{first}");
    play.acted(s(161), "A", Ok("deployment/a restarted"));
    play.acted(s(162), "B", Ok("nobody asked for it"));
    play.until(s(1_300));
    let told = steps(&play);
    assert_eq!(
        told[1..],
        [
            (161, Step::Done, 1),
            (first + 300, Step::Started, 2),
            (first + 600, Step::Started, 3),
            (first + 900, Step::Failed, 3),
        ]
    );
    let treated = |play: &mut Play| play.ears.snapshot().services[0].treated;
    assert_eq!(treated(&mut play), Some(Treated { attempts: 3, failed: true }));
    let done = story(&play).into_iter().find(|line| line.contains("deployment"));
    assert_eq!(done.as_deref(), Some("161.000000 A done 1 deployment/a restarted"));
    // It comes back by itself, and is treated like any other from then on.
    play.oks(s(2_010)..s(2_060), s(1), "A");
    play.until(s(2_060));
    assert_eq!(steps(&play)[5..].iter().map(|it| it.1).collect::<Vec<_>>(), [Step::Recovered]);
    assert_eq!(treated(&mut play), None);
}

#[test]
fn nobody_is_restarted_whose_silence_has_another_reason() {
    type Act = fn(&mut Play);
    let plays: [(&str, Act); 5] = [
        ("nothing is known of its replicas", |play| sick(play, None)),
        ("nothing is meant to run", |play| sick(play, Some([0, 0, 0]))),
        ("its database is down", |play| {
            sick(play, Some([3, 3, 3]));
            play.component(s(55), "db", ERROR, true);
        }),
        ("lookout doubts itself", |play| {
            sick(play, Some([3, 3, 3]));
            play.doubt(s(70), Doubt::Inbox, true);
        }),
        ("it recovers soon", |play| {
            silent(play, &["A"], s(60), s(100));
            play.replicas(s(10), "A", [3, 3, 3], None);
            play.oks(s(101)..s(200), s(1), "A");
        }),
    ];
    for (what, act) in plays {
        let mut play = with_remedies(|_| ());
        act(&mut play);
        play.until(s(400));
        assert_eq!(steps(&play), [], "{what}");
    }
    let mut play = with_remedies(|settings| settings.remedy.enabled = false);
    sick(&mut play, Some([3, 3, 3]));
    play.until(s(400));
    assert_eq!(steps(&play), [], "it is off");
    assert_eq!(play.ears.snapshot().services[0].verdict, Some(Verdict::Unavailable));
}

//! "When a service becomes unavailable, circuits of its direct dependents open …, never more
//! than half (rounded down) of the services called in the last hour, the origin left out".

use crate::kit::s;
use crate::play::{Play, WAIT};
use lookout::observer::event::What;
use std::collections::BTreeSet;

/// A is silent at 4027, and `dependents` (D0, D1 …) depend on it.
fn play(dependents: usize) -> Play {
    let names: Vec<_> = (0..dependents).map(|at| format!("D{at}")).collect();
    let mut play = Play::with(|settings| {
        let depends = |name: &String| (name.clone(), vec!["A".to_owned()]);
        settings.dependencies = names.iter().map(depends).collect();
    });
    for name in &names {
        play.ok(s(4_000), name);
    }
    play.oks(s(4_000)..s(4_011), s(1), "A");
    for call in 0..7 {
        play.lost(s(4_020) + call * s(1), "A", WAIT);
    }
    play
}

#[test]
fn half_of_the_others_rounded_down() {
    for (dependents, wanted) in
        [(0, ""), (1, ""), (2, "D0"), (3, "D0"), (4, "D0,D1"), (5, "D0,D1"), (6, "D0,D1,D2")]
    {
        let mut play = play(dependents);
        play.until(s(4_030));
        let said = play.all();
        let cascade: Vec<_> = said.iter().filter(|line| line.contains("cascade")).collect();
        let line = format!("4027.000000 A cascade {wanted}");
        assert_eq!(cascade, if wanted.is_empty() { vec![] } else { vec![&line] }, "{dependents}");
        let opened = said.iter().filter(|l| l.contains("dependency_unavailable")).count();
        assert_eq!(opened, wanted.split_terminator(',').count(), "{dependents}");
    }
}

/// D0 and another service: half of two is one, half of D0 alone is none.
#[test]
fn of_those_called_in_the_last_hour() {
    for (called, found) in [(s(4_027 - 3_600), true), (s(4_027 - 3_600) - 1, false)] {
        let mut play = play(1);
        play.ok(called, "Other");
        play.until(s(4_030));
        let said = play.all().join("; ");
        assert_eq!(said.contains("A cascade D0"), found, "{said}");
    }
}

#[test]
fn they_wait_for_the_origin_and_not_for_their_time() {
    let mut play = play(2);
    play.oks(s(8_000)..s(8_100), s(1), "A");
    play.until(s(8_010));
    let circuits = play.circuits();
    let opened = "4027.000000 D0 closed->open dependency_unavailable 0/0";
    assert_eq!(circuits, [opened]);
    play.until(s(8_011));
    let said = play.all();
    let back = "D0 open->half_open dependency_recovered 0/0";
    assert!(said.iter().any(|line| line == &format!("8010.020000 {back}")), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("8010.020000 A recovered")), "{said:?}");
}

/// "one `correlationId` for its verdicts, its circuit and the circuits it opened elsewhere"
#[test]
fn one_incident_for_all_of_it() {
    let mut play = play(2);
    for call in 0..10 {
        play.lost(s(4_030) + call * s(1), "A", WAIT);
    }
    play.oks(s(4_200)..s(4_230), s(1), "A");
    for call in 0..3 {
        play.ok(s(4_220) + call * s(1), "D0");
    }
    play.until(s(4_300));
    let mut ids = BTreeSet::new();
    let mut told = 0;
    for event in &play.ears.events {
        let id = match &event.what {
            What::Bad(news) => news.incident,
            What::Recovered(news) => news.incident,
            What::Circuit(news) => news.incident,
            What::CascadePrevented { incident, .. } => *incident,
            _ => continue,
        };
        told += 1;
        ids.insert(id);
    }
    // Bad, cascade, recovered; three transitions of either circuit.
    assert_eq!((ids.len(), told), (1, 9));
}

/// "the verdict can move directly between degraded and unavailable", and degraded is not
/// recovered: those that wait go on waiting.
#[test]
fn a_degraded_origin_is_not_back() {
    let mut play = play(2);
    play.ok(s(4_040), "A");
    let mut made = s(4_041);
    while made < s(4_080) {
        play.lost(made, "A", WAIT);
        play.lost(made + 500_000, "A", WAIT);
        play.ok(made + s(1), "A");
        made += s(1) + 500_000;
    }
    play.oks(s(4_082)..s(4_200), s(1), "A");
    play.until(s(4_200));
    let said = play.all();
    let at = |part: &str| said.iter().position(|line| line.contains(part)).unwrap();
    assert!(at("A unavailable") < at("A degraded"), "{said:?}");
    let time = |part: &str| said[at(part)].split(' ').next().unwrap().to_owned();
    assert_eq!(time("D0 open->half_open"), time("A recovered"), "{said:?}");
}

/// "Manual states": a circuit that does not follow the rules is not opened, nor counted.
#[test]
fn manual_states_stand() {
    use lookout::observer::breaker::Mode;
    use lookout::observer::settings::ServiceSettings;
    for mode in [Mode::ForcedOpen, Mode::Disabled, Mode::ObserveOnly] {
        let mut play = Play::with(|settings| {
            let own = ServiceSettings { circuit: mode, ..ServiceSettings::default() };
            settings.services.push(("D0".into(), own));
            let depends = |name: &str| (name.to_owned(), vec!["A".to_owned()]);
            settings.dependencies = vec![depends("D0"), depends("D1")];
        });
        play.ok(s(4_000), "D0");
        play.ok(s(4_000), "D1");
        play.oks(s(4_000)..s(4_011), s(1), "A");
        for call in 0..7 {
            play.lost(s(4_020) + call * s(1), "A", WAIT);
        }
        play.until(s(4_030));
        let said = play.all().join("; ");
        assert!(said.contains("A cascade D1"), "{mode:?}: {said}");
    }
}

/// "Never more than half (rounded down) of the services called in the last hour, the origin left
/// out of the count": the origin itself was not called for two hours, and is not counted anyway.
#[test]
fn an_origin_that_is_not_counted_is_not_left_out_twice() {
    let mut play =
        Play::with(|settings| settings.dependencies = vec![("D0".into(), vec!["A".into()])]);
    play.ok(0, "Other");
    for made in [0, s(1), s(7), s(8)] {
        play.lost(made, "A", WAIT);
    }
    play.ok(s(5), "A");
    play.ok(s(7_000), "D0");
    play.ok(s(7_000), "Other");
    play.replicas(s(7_200), "A", [0, 0, 3], None);
    play.until(s(7_201));
    let said = play.all();
    let wanted = [
        "10.000000 A degraded poor_response_rate",
        "7200.000000 A unavailable no_running_pods",
        "7200.000000 D0 closed->open dependency_unavailable 0/0",
        "7200.000000 A cascade D0",
    ];
    assert_eq!(said.iter().filter(|line| !line.contains('#')).collect::<Vec<_>>(), wanted);
}

/// A service may call itself by the name under which all others are counted.
#[test]
fn nobody_in_particular_depends_on_anything() {
    let mut play = Play::with(|settings| {
        let depends = |name: &str| (name.to_owned(), vec!["A".to_owned()]);
        settings.dependencies = ["_other", "D0"].map(depends).into();
    });
    for name in ["_other", "D0", "E", "F"] {
        play.ok(s(4_000), name);
    }
    play.oks(s(4_000)..s(4_011), s(1), "A");
    for call in 0..7 {
        play.lost(s(4_020) + call * s(1), "A", WAIT);
    }
    play.until(s(4_030));
    let said = play.all().join("; ");
    assert!(said.contains("A cascade D0") && !said.contains("_other"), "{said}");
}

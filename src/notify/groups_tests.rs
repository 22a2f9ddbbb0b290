//! Who is told of what, and when, under a made-up clock.

use super::*;
use crate::notify::sample::{alert, at};

fn error(service: &str) -> Arc<Alert> {
    alert("A", service, Severity::Error)
}

fn groups() -> Groups {
    Groups::new(Rhythm {
        min_severity: Severity::Warning,
        wait: Span::from_secs(30),
        interval: Span::from_secs(60),
        repeat: Span::from_secs(3_600),
    })
}

/// Lets seconds pass with what fires in each; what was told, as `second: +fires -over`.
fn told(
    groups: &mut Groups,
    seconds: std::ops::Range<u64>,
    mut firing: impl FnMut(u64) -> Vec<Arc<Alert>>,
) -> Vec<String> {
    let mut told = Vec::new();
    let mut before: Vec<Arc<Alert>> = Vec::new();
    let mut ended: Vec<Arc<Alert>> = Vec::new();
    for second in seconds {
        let now = at(second);
        let firing = firing(second);
        for gone in before.iter().filter(|it| !firing.iter().any(|here| here.key == it.key)) {
            ended.push(Arc::new(Alert { ends: Some(now), ..(**gone).clone() }));
        }
        ended.retain(|it| !firing.iter().any(|here| here.key == it.key));
        before.clone_from(&firing);
        groups.take(now, &Board { firing, ended: ended.clone(), signals: Vec::new() });
        while let Some(due) = groups.due(now) {
            let each = |it: &Arc<Alert>| {
                let sign = if it.fires() { '+' } else { '-' };
                format!(" {sign}{}", it.key.service().map_or("", |it| it))
            };
            told.push(format!("{second}:{}", due.alerts.iter().map(each).collect::<String>()));
            groups.pause.over();
            groups.taken(now, &due);
        }
    }
    told
}

#[test]
fn the_first_waits_for_others_and_changes_follow_in_their_interval() {
    let told = told(&mut groups(), 0..300, |second| {
        let mut firing = vec![error("A")];
        if second >= 20 {
            firing.push(error("B"));
        }
        if (40..100).contains(&second) {
            firing.push(error("C"));
        }
        firing
    });
    // A and B at the end of A's wait; C a minute after that; its end a minute later.
    assert_eq!(told, ["30: +A +B", "90: +A +B +C", "150: +A +B -C"]);
}

#[test]
fn what_is_critical_does_not_wait_and_what_lasts_is_repeated() {
    let told = told(&mut groups(), 0..8_000, |second| {
        if second < 7_500 { vec![alert("A", "A", Severity::Critical)] } else { Vec::new() }
    });
    assert_eq!(told, ["0: +A", "3600: +A", "7200: +A", "7500: -A"]);
}

#[test]
fn what_comes_and_goes_within_the_wait_is_not_told() {
    let comes_and_goes = |second: u64| if second < 20 { vec![error("A")] } else { Vec::new() };
    assert_eq!(told(&mut groups(), 0..200, comes_and_goes), Vec::<String>::new());
    let mild = |_| vec![alert("A", "A", Severity::Info)];
    assert_eq!(told(&mut groups(), 0..200, mild), Vec::<String>::new());
}

#[test]
fn what_flaps_is_told_no_more_often_than_its_interval() {
    let flaps =
        |second: u64| if (second / 10).is_multiple_of(2) { vec![error("A")] } else { Vec::new() };
    let told = told(&mut groups(), 0..600, flaps);
    assert!(told.len() <= 11, "{told:?}");
}

#[test]
fn what_is_explained_later_is_no_longer_repeated_and_its_end_is_told() {
    let told = told(&mut groups(), 0..9_000, |second| match second {
        0..100 => vec![error("A")],
        100..8_000 => {
            vec![Arc::new(Alert { explained: Some("db".into()), ..(*error("A")).clone() })]
        }
        _ => Vec::new(),
    });
    assert_eq!(told, ["30: +A", "8000: -A"]);
}

#[test]
fn whoever_was_away_hears_of_what_came_and_went() {
    let mut groups = groups();
    let board = |firing: &[&Arc<Alert>], ended: &[&Arc<Alert>]| Board {
        firing: firing.iter().map(|it| Arc::clone(it)).collect(),
        ended: ended.iter().map(|it| Arc::clone(it)).collect(),
        signals: Vec::new(),
    };
    let passing = error("A");
    groups.take(at(0), &board(&[&passing], &[]));
    assert!(groups.due(at(29)).is_none());
    assert!(groups.due(at(30)).is_some());
    groups.pause.failed(at(30));
    let ended = Arc::new(Alert { ends: Some(at(40)), ..(*passing).clone() });
    let after = board(&[], &[&ended]);
    // Ten minutes away.
    for second in 31..640 {
        groups.take(at(second), &after);
        if groups.due(at(second)).is_some() {
            groups.pause.failed(at(second));
        }
    }
    let until = groups.poll_timeout(at(640)).unwrap_or_else(|| panic!("something is due"));
    assert!(until.since(at(640)) <= Span::from_secs(30));
    let due = groups.due(until).unwrap_or_else(|| panic!("it is due"));
    assert_eq!(due.alerts.iter().map(|it| it.ends).collect::<Vec<_>>(), [Some(at(40))]);
    groups.taken(until, &due);
    assert!(groups.groups.is_empty() && groups.due(at(9_000)).is_none());
}

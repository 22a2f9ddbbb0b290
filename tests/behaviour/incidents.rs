//! "An incident runs from the first sign to the later of healthy and circuit closed …; the next
//! one has a new id. A verdict … event is said once on change and again every 5 min".

use crate::kit::{FAILED, s};
use crate::play::{Play, QUICK, WAIT, time};
use lookout::observer::event::What;

/// Ids in the order in which they were told, each with what it was told of.
fn ids(play: &Play) -> Vec<(u64, &'static str)> {
    let id = |what: &What| match what {
        What::Bad(news) => Some((news.incident.0, "bad")),
        What::Recovered(news) => Some((news.incident.0, "recovered")),
        What::Circuit(news) => Some((news.incident.0, news.transition.to.name())),
        _ => None,
    };
    play.ears.events.iter().filter_map(|event| id(&event.what)).collect()
}

/// The last reading's incident.
fn standing(play: &Play) -> Option<u64> {
    let reading = play.ears.events.iter().rev().find_map(|event| match &event.what {
        What::Reading(reading) => Some(reading.incident),
        _ => None,
    });
    reading.flatten().map(|id| id.0)
}

/// Ten failures: degraded at 6.020, open at 9.020, half-open at 39.020. Good calls from 12 to 38
/// make it healthy long before its circuit is closed.
fn outage(play: &mut Play, begin: u64) {
    for at in 0..10 {
        play.answer(begin + at * s(1), "A", QUICK, FAILED);
    }
    play.oks(begin + s(12)..begin + s(38), s(1), "A");
}

#[test]
fn it_lasts_until_the_circuit_is_closed() {
    let mut play = Play::new();
    outage(&mut play, 0);
    play.until(s(39));
    let first = ids(&play);
    let names: Vec<_> = first.iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["bad", "open", "recovered"]);
    assert_eq!(standing(&play), Some(first[0].0), "healthy, and the circuit is open");
    play.oks(s(40)..s(43), s(1), "A");
    play.until(s(50));
    let all = ids(&play);
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|(id, _)| *id == first[0].0), "{all:?}");
    assert_eq!(standing(&play), None);
    outage(&mut play, s(400));
    play.until(s(450));
    let all = ids(&play);
    assert_ne!(all[5].0, first[0].0, "the next one has a new id");
    assert!(all[5..].iter().all(|(id, _)| *id == all[5].0), "{all:?}");
}

#[test]
fn it_is_said_again_every_five_minutes_while_it_lasts() {
    let mut play = Play::new();
    play.oks(0..s(11), s(1), "A");
    for call in 0..130 {
        play.lost(s(20) + call * s(10), "A", WAIT);
    }
    play.until(s(1_300));
    let mut wanted = vec!["62.000000 A unavailable not_responding".to_owned()];
    for repeat in 1..=4 {
        let at = time(s(62) + repeat * s(300));
        wanted.push(format!("{at} A unavailable not_responding #{repeat}"));
    }
    assert_eq!(play.verdicts(), wanted);
    assert!(ids(&play).iter().all(|(id, _)| *id == ids(&play)[0].0));
}

/// "A change of verdict or of reason is an event", and the repeats begin anew.
#[test]
fn a_new_reason_is_said_at_once() {
    let mut play = Play::new();
    play.oks(0..s(11), s(1), "A");
    for call in 0..60 {
        play.lost(s(20) + call * s(10), "A", WAIT);
    }
    play.replicas(s(200) + 7, "A", [0, 0, 3], None);
    play.until(s(510));
    let wanted = [
        "62.000000 A unavailable not_responding",
        "200.000007 A unavailable no_running_pods",
        "501.000000 A unavailable no_running_pods #1",
    ];
    assert_eq!(play.verdicts(), wanted);
}

/// "after 10 min it reads unknown, its incident stays open without repeats".
#[test]
fn an_idle_incident_goes_on_when_calls_come_again() {
    let mut play = Play::new();
    play.oks(0..s(11), s(1), "A");
    for call in 0..7 {
        play.lost(s(20) + call * s(1), "A", WAIT);
    }
    play.until(s(4_000));
    assert_eq!(play.verdicts().len(), 2);
    play.oks(s(4_001)..s(4_030), s(1), "A");
    play.until(s(4_030));
    let all = ids(&play);
    assert!(all.iter().all(|(id, _)| *id == all[0].0), "{all:?}");
    assert_eq!(all.last().unwrap().1, "recovered");
    assert_eq!(standing(&play), None);
}

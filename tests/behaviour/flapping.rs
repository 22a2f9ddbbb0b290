//! "More than 6 changes of verdict in 10 min: one `service_degraded` `flapping`, then silence
//! about it until 10 min without a change; the incident stays one, and its end is said."

use crate::kit::s;
use crate::play::{Play, time};
use lookout::observer::event::What;
use std::collections::BTreeSet;

/// Down at each moment, ready again 1 s later (and well 10 s after that).
fn play(downs: &[u64], end: u64) -> Play {
    let mut play = Play::new();
    play.oks(0..end, s(2), "A");
    for down in downs {
        play.replicas(*down, "A", [3, 1, 3], None);
        play.replicas(*down + s(1), "A", [3, 3, 3], None);
    }
    play.until(end);
    play
}

#[test]
fn the_seventh_change_within_ten_minutes() {
    for (seventh, flapping) in [(s(20) + s(600) - 1, true), (s(20) + s(600) + 1, false)] {
        let mut play = play(&[s(20), s(100), s(200), seventh], s(640));
        let said = play.verdicts();
        let reason = if flapping { "flapping" } else { "replicas_not_ready" };
        assert_eq!(said[6], format!("{} A degraded {reason}", time(seventh)));
        assert_eq!(said.len(), if flapping { 7 } else { 8 }, "{said:?}");
    }
}

#[test]
fn six_changes_are_none() {
    let said = play(&[s(20), s(40), s(60)], s(300)).verdicts();
    assert_eq!(said.len(), 6);
    assert!(!said.join(" ").contains("flapping"), "{said:?}");
}

/// The eighth change, to healthy, is at 91: silence until 691. A change at 690.999999 makes it
/// ten minutes more.
#[test]
fn it_ends_after_ten_minutes_without_a_change() {
    let downs = [s(20), s(40), s(60), s(80)];
    let mut calm = play(&downs, s(900));
    let said = calm.verdicts();
    assert_eq!(said[6], "80.000000 A degraded flapping");
    assert_eq!(said[7..], ["691.000000 A recovered after 611.000000"]);
    let mut again = play(&[&downs[..], &[s(691) - 1]].concat(), s(1_500));
    let said = again.verdicts();
    assert_eq!(said.len(), 8, "{said:?}");
    assert!(said[7].starts_with("130"), "{said:?}");
    let mut incidents = BTreeSet::new();
    for event in &again.ears.events {
        match &event.what {
            What::Bad(news) if event.at >= crate::kit::at(s(80)) => {
                incidents.insert(news.incident);
            }
            What::Recovered(news) if event.at >= crate::kit::at(s(80)) => {
                incidents.insert(news.incident);
            }
            _ => {}
        }
    }
    assert_eq!(incidents.len(), 1, "the incident stays one");
}

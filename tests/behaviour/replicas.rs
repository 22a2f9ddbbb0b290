//! The rows of the manual's table that name replicas, and who speaks first.

use crate::kit::s;
use crate::play::{Play, WAIT, time};

type Row = ([u32; 3], Option<&'static str>, &'static str);

#[test]
fn silent_and_what_the_platform_says() {
    let oom = Some("container_oom_killed");
    let rows: [Row; 8] = [
        ([0, 0, 3], None, "unavailable no_running_pods"),
        ([0, 0, 3], oom, "unavailable container_oom_killed"),
        ([2, 0, 3], None, "unavailable pods_not_ready"),
        ([2, 0, 3], oom, "unavailable container_oom_killed"),
        // "A total of 0 is a finding only for a silent service."
        ([0, 0, 0], None, "unavailable no_running_pods"),
        ([3, 3, 3], None, "unavailable not_responding"),
        ([3, 3, 3], oom, "unavailable not_responding"),
        ([3, 1, 3], None, "unavailable not_responding"),
    ];
    for (counts, cause, wanted) in rows {
        let mut play = Play::new();
        play.oks(0..s(11), s(1), "A");
        for call in 0..7 {
            play.lost(s(20) + call * s(1), "A", WAIT);
        }
        play.replicas(s(25), "A", counts, cause);
        play.until(s(40));
        let said = play.verdicts();
        assert_eq!(said.last(), Some(&format!("27.000000 A {wanted}")), "{counts:?}");
    }
}

#[test]
fn failing_and_what_the_platform_says() {
    let rows: [Row; 5] = [
        ([0, 0, 3], None, "unavailable no_running_pods"),
        ([2, 0, 3], Some("pod_restart_loop"), "unavailable pod_restart_loop"),
        ([0, 0, 0], None, "degraded poor_response_rate"),
        ([3, 1, 3], None, "degraded poor_response_rate"),
        ([3, 3, 3], None, "degraded poor_response_rate"),
    ];
    for (counts, cause, wanted) in rows {
        let mut play = Play::new();
        play.ok(0, "Other");
        play.lost(0, "A", WAIT);
        play.lost(s(1), "A", WAIT);
        play.ok(s(5), "A");
        play.replicas(s(6), "A", counts, cause);
        play.lost(s(7), "A", WAIT);
        play.lost(s(8), "A", WAIT);
        play.until(s(12));
        assert_eq!(play.verdicts(), [format!("10.000000 A {wanted}")], "{counts:?}");
    }
}

#[test]
fn fewer_than_half_are_ready() {
    let rows = [
        ([3, 1, 3], true),
        ([4, 2, 4], false),
        ([5, 2, 5], true),
        ([5, 3, 5], false),
        ([1, 0, 1], true),
        ([2, 1, 2], false),
        ([0, 0, 0], false),
        ([u32::MAX, u32::MAX / 2, u32::MAX], true),
        ([u32::MAX, u32::MAX / 2 + 1, u32::MAX], false),
    ];
    for (counts, found) in rows {
        let mut play = Play::new();
        play.oks(0..s(20), s(1), "A");
        play.replicas(s(10) + 500_000, "A", counts, None);
        play.until(s(19));
        let wanted = "10.500000 A degraded replicas_not_ready";
        assert_eq!(play.verdicts(), if found { vec![wanted] } else { vec![] }, "{counts:?}");
    }
}

/// "(service called in the last 10 min)", and "fewer than 5 settled in all".
#[test]
fn only_of_a_service_that_is_known_and_called() {
    for (settled, told, found) in
        [(5, s(4) + s(600), true), (5, s(4) + s(600) + 1, false), (5, s(5), true), (4, s(5), false)]
    {
        let mut play = Play::new();
        play.oks(0..s(settled), s(1), "A");
        play.replicas(told, "A", [3, 1, 3], None);
        play.until(told + 1);
        let wanted = format!("{} A degraded replicas_not_ready", time(told));
        assert_eq!(play.verdicts(), if found { vec![wanted] } else { vec![] }, "{told}");
    }
}

/// Ready again at 30: the finding ends at 40, and the last 3 settled calls were answered.
#[test]
fn it_ends_ten_seconds_after_they_are_ready() {
    let mut play = Play::new();
    play.oks(0..s(60), s(1), "A");
    play.replicas(s(20), "A", [3, 1, 3], None);
    play.replicas(s(30), "A", [3, 3, 3], None);
    play.until(s(60));
    let first = "20.000000 A degraded replicas_not_ready";
    assert_eq!(play.verdicts(), [first, "40.000000 A recovered after 20.000000"]);
    let mut play = Play::new();
    play.oks(0..s(60), s(1), "A");
    play.replicas(s(20), "A", [3, 1, 3], None);
    play.replicas(s(30), "A", [3, 3, 3], None);
    play.replicas(s(40) - 1, "A", [3, 1, 3], None);
    play.replicas(s(41), "A", [3, 3, 3], None);
    play.until(s(60));
    assert_eq!(play.verdicts(), [first, "51.000000 A recovered after 31.000000"]);
}

/// The order of the table: replicas that are not ready are named before failures and slowness,
/// and a service that does not answer before them. The first reply, at 8, ends a silence of eight
/// calls, so only those made after it are judged.
#[test]
fn who_speaks_first() {
    let mut play = Play::new();
    for call in 0..60 {
        play.answer(call * s(1), "A", s(8), crate::kit::FAILED);
    }
    play.replicas(s(30), "A", [3, 1, 3], None);
    play.replicas(s(40), "A", [3, 3, 3], None);
    play.until(s(60));
    let wanted = [
        "15.000000 A degraded high_failure_rate",
        "30.000000 A degraded replicas_not_ready",
        "50.000000 A degraded high_failure_rate",
    ];
    assert_eq!(play.verdicts(), wanted);
}

/// "Looked at on every settled call and every second": a service that was not called for 10 min
/// is called again, and fewer than half of its replicas are ready.
#[test]
fn missing_replicas_are_found_with_the_first_settled_call() {
    let mut play = Play::new();
    play.oks(0..s(10), s(1), "A");
    play.replicas(s(700), "A", [3, 1, 3], None);
    play.ok(s(720) + 100_000, "A");
    play.until(s(730));
    assert_eq!(play.verdicts(), ["720.120000 A degraded replicas_not_ready"]);
}

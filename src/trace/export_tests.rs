//! The exporter beside a made-up collector, in virtual time: what is sent when, what is lost, and that all
//! is counted.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use stand::{Asked, Does, Scene, good, later, never, pass, run, takes};

#[path = "export_tests/log.rs"]
mod log;
#[path = "export_tests/outage.rs"]
mod outage;
#[path = "export_tests/stand.rs"]
mod stand;

#[tokio::test(start_paused = true)]
async fn a_batch_goes_when_it_is_full_or_its_time_has_come() {
    let scene = Scene::new("batch = 4\nevery = \"1s\"", |_, _| takes()).await;
    pass(100).await;
    for _ in 0..3 {
        scene.tell(good());
    }
    pass(10).await;
    assert_eq!(scene.stand.asked(), [Asked { at: 100, request: 0 }], "two calls are a batch");
    pass(1_000).await;
    assert_eq!(scene.attempts(1), [1_000], "with the next tick");
    assert_eq!((scene.counted(), scene.figures().waiting), ((6, [0; 4], 0), 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_again_before_the_collector_wants_it() {
    // The other request gets through meanwhile, which does not count for who was told when.
    let script = |asked: Asked, attempt| match (asked.request, attempt) {
        (0, 1) => later(Some(7)),
        (0, 2) => later(Some(3_600)),
        _ => takes(),
    };
    let scene = Scene::new("batch = 2\nrequests = 2", script).await;
    scene.tell(good());
    pass(1).await;
    for _ in 0..5 {
        scene.tell(good());
        pass(1_000).await;
    }
    pass(120_000).await;
    assert_eq!(scene.attempts(0), [0, 7_000, 67_000], "and no stranger is waited for longer");
    assert_eq!(scene.counted(), (12, [0; 4], 2));
}

#[tokio::test(start_paused = true)]
async fn one_that_gets_through_ends_the_wait_of_the_others() {
    // The second comes four seconds later, and is back before the first would have been.
    let script = |asked: Asked, _| if asked.at < 12_000 { later(None) } else { takes() };
    let scene = Scene::new("batch = 2\nrequests = 4", script).await;
    for _ in 0..4 {
        scene.tell(good());
        pass(1_700).await;
    }
    pass(60_000).await;
    let last: Vec<_> = (0..4).map(|request| *scene.attempts(request).last().unwrap()).collect();
    assert!(last.iter().all(|at| *at == last[0]) && last[0] >= 12_000, "{last:?}");
    let (exported, dropped, failed) = scene.counted();
    assert_eq!((exported, dropped), (8, [0; 4]));
    assert_eq!(failed as usize, scene.stand.asked().len() - 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_sent_again() {
    let script = |asked: Asked, _| match asked.request {
        0 => never(400),
        1 => never(413),
        2 => Does::Says(Said::Took(1, "too old".to_owned())),
        3 => Does::Says(Said::Took(0, "a warning".to_owned())),
        _ => takes(),
    };
    let scene = Scene::new("batch = 4", script).await;
    for _ in 0..10 {
        scene.tell(good());
    }
    pass(600_000).await;
    let numbers: Vec<_> = scene.stand.asked().iter().map(|it| it.request).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert_eq!(scene.counted(), (11, [0, 9, 0, 0], 2));
    assert_eq!(scene.stand.took(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_given_up_when_it_was_tried_for_long_enough() {
    let scene = Scene::new("batch = 2\nretry_for = \"20s\"", |asked, _| match asked.request {
        0 => later(None),
        1 => later(Some(21)),
        _ => takes(),
    });
    let scene = scene.await;
    for _ in 0..3 {
        scene.tell(good());
    }
    pass(60_000).await;
    let attempts = scene.attempts(0);
    // Waits of 1 to 2, 2 to 4, 4 to 8 and 8 to 16 seconds.
    assert!((4..=5).contains(&attempts.len()), "{attempts:?}");
    assert!(attempts.last().is_some_and(|at| *at <= 20_000), "{attempts:?}");
    assert_eq!(scene.attempts(1), [0], "it would be asked again too late");
    let (exported, dropped, failed) = scene.counted();
    assert_eq!((exported, dropped, failed), (2, [0, 0, 4, 0], attempts.len() as u64 + 1));
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_sent_before_the_end() {
    let script = |_, _| Does::Slowly(400, Said::Took(0, String::new()));
    let mut scene = Scene::new("batch = 4\nrequests = 2\nevery = \"60s\"", script).await;
    pass(100).await;
    for _ in 0..15 {
        scene.tell(good());
    }
    let took = scene.stop().await;
    assert_eq!((took, scene.counted()), (1_600, (30, [0; 4], 0)), "four rounds of two");
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_collector_that_is_away() {
    let cases = [(later(None), 0, 12), (later(Some(30)), 0, 12), (Does::Hangs, 2_000, 0)];
    for (does, wanted, failed) in cases {
        let mut scene = Scene::new("batch = 4\nrequests = 2", move |_, _| does.clone()).await;
        for _ in 0..20 {
            scene.tell(good());
        }
        pass(500).await;
        let took = scene.stop().await;
        assert_eq!(took, wanted);
        // Each has one attempt more, and those that never had one theirs.
        assert_eq!(scene.counted(), (0, [0, 0, 0, 40], failed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_breaks_off_counts_what_was_under_way_and_the_next_goes_on() {
    let script = |asked: Asked, _| if asked.request < 2 { Does::Hangs } else { takes() };
    let mut scene = Scene::new("batch = 4\nrequests = 2", script).await;
    for _ in 0..20 {
        scene.tell(good());
    }
    pass(500).await;
    scene.task.abort();
    assert!((&mut scene.task).await.unwrap_err().is_cancelled());
    assert_eq!((scene.counted(), scene.figures().waiting), ((0, [0, 0, 0, 8], 0), 16));
    scene.task = run(&scene.exporter, &scene.stand);
    pass(500).await;
    assert_eq!((scene.counted(), scene.figures().waiting), ((32, [0, 0, 0, 8], 0), 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_taken_is_not_tried_again_whenever_another_is() {
    let script = |asked: Asked, _| if asked.request == 0 { later(None) } else { takes() };
    let scene = Scene::new("batch = 2", script).await;
    for _ in 0..600 {
        scene.tell(good());
        pass(100).await;
    }
    // By itself after some 1, 4, 9, 20 and 40 s, and beside that with others every ten seconds.
    let attempts = scene.attempts(0);
    assert!((5..=12).contains(&attempts.len()), "{attempts:?}");
}

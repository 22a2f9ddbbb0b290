//! A minute without a collector, or with one that is slow or hangs, while thousands of calls a second end.

use super::*;
use stand::kept;

/// Ends calls for so long, of which one in `kept_each` is told whatever the ratio, and looks after the bounds; gives
/// how many spans there were, and how many of them are kept.
async fn flood(scene: &Scene, seconds: u64, per_second: u64, kept_each: u64) -> (u64, u64) {
    let Collector { queue, requests, .. } = scene.exporter.collector;
    let mut tick = interval(Duration::from_millis(10));
    let (mut spans, mut of_kept, mut calls) = (0, 0, 0_u64);
    tick.tick().await;
    for _ in 0..seconds * 100 {
        for _ in 0..per_second / 100 {
            calls += 1;
            if calls.is_multiple_of(kept_each) {
                scene.tell(kept());
                (spans, of_kept) = (spans + 1, of_kept + 1);
            } else {
                scene.tell(good());
                spans += 2;
            }
        }
        tick.tick().await;
        assert!(scene.figures().waiting <= queue as u64);
        assert!(scene.stand.most.load(Ordering::Relaxed) <= requests);
    }
    (spans, of_kept)
}

/// Waits until nothing waits or is under way; then all is accounted for.
async fn settled(scene: &Scene, spans: u64) -> [u64; 4] {
    let mut look = interval(Duration::from_millis(100));
    let settled = async {
        loop {
            look.tick().await;
            let (exported, dropped, _) = scene.counted();
            if exported + dropped.iter().sum::<u64>() == spans {
                assert_eq!(exported, scene.stand.took());
                return dropped;
            }
        }
    };
    timeout(Duration::from_secs(120), settled).await.unwrap()
}

fn away(asked: Asked, (from, to): (u64, u64), does: Does) -> Does {
    if (from * 1_000..to * 1_000).contains(&asked.at) { does } else { takes() }
}

#[tokio::test(start_paused = true)]
async fn a_minute_away_costs_what_does_not_fit_and_nothing_that_is_kept() {
    let scene = Scene::new("", |asked, _| away(asked, (5, 70), later(None))).await;
    let (spans, of_kept) = flood(&scene, 110, 2_000, 50).await;
    let dropped = settled(&scene, spans).await;
    // 65 s of nearly 4 000 spans, of which the queue and the requests under way held some 34 000; the longest wait
    // before it was asked again is 30 s.
    assert!((200_000..360_000).contains(&dropped[Loss::QueueFull as usize]), "{dropped:?}");
    assert_eq!(dropped[1..], [0; 3]);
    assert_eq!(scene.stand.kept.load(Ordering::Relaxed) as u64, of_kept);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_while_the_queue_holds_it() {
    for does in [later(None), later(Some(5)), Does::Hangs] {
        let script = move |asked, _| away(asked, (5, 65), does.clone());
        let scene = Scene::new("", script).await;
        let (spans, of_kept) = flood(&scene, 100, 150, 50).await;
        assert_eq!(settled(&scene, spans).await, [0; 4]);
        assert_eq!(scene.stand.kept.load(Ordering::Relaxed) as u64, of_kept);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_collector_gets_what_it_can_take() {
    let script = |_, _| Does::Slowly(500, Said::Took(0, String::new()));
    let settings = "batch = 100\nrequests = 4\nqueue = 2000";
    let scene = Scene::new(settings, script).await;
    let (spans, of_kept) = flood(&scene, 60, 2_000, 50).await;
    // Two requests a second on each of four ways, of 99 or 100 spans each.
    let taken = scene.stand.took();
    assert!((46_000..=48_000).contains(&taken), "{taken}");
    let dropped = settled(&scene, spans).await;
    assert_eq!(dropped[1..], [0; 3]);
    assert_eq!(scene.stand.kept.load(Ordering::Relaxed) as u64, of_kept);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_for_a_minute_is_waited_for_within_the_bounds() {
    let script = |asked, _| away(asked, (5, 70), Does::Hangs);
    let settings = "batch = 100\nrequests = 2\nqueue = 6000";
    let scene = Scene::new(settings, script).await;
    let (spans, of_kept) = flood(&scene, 120, 2_000, 200).await;
    let dropped = settled(&scene, spans).await;
    assert!(dropped[Loss::QueueFull as usize] > 200_000, "{dropped:?}");
    assert_eq!(dropped[1..], [0; 3]);
    assert_eq!(scene.stand.kept.load(Ordering::Relaxed) as u64, of_kept);
    // Each of two requests was given up after ten seconds, and then rested.
    let (.., failed) = scene.counted();
    assert!((6..=14).contains(&failed), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn one_that_stays_away_costs_what_was_tried_for_long_enough() {
    let script = |asked, _| away(asked, (0, 75), later(None));
    let settings = "batch = 100\nrequests = 2\nqueue = 1000\nretry_for = \"10s\"";
    let scene = Scene::new(settings, script).await;
    let (spans, _) = flood(&scene, 100, 1_000, 100).await;
    let dropped = settled(&scene, spans).await;
    assert!(
        dropped[Loss::QueueFull as usize] > 0 && dropped[Loss::Expired as usize] > 0,
        "{dropped:?}"
    );
    assert_eq!([dropped[Loss::Refused as usize], dropped[Loss::Stopped as usize]], [0; 2]);
}

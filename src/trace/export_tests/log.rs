//! What is logged of a collector: when it goes and when it is back, however often it changes its mind.

use super::stand::{Asked, Does, Scene, good, later, never, pass, takes};
use crate::observer::trace::mixed;
use crate::trace::post::Said;
use std::sync::{Arc, Mutex};

/// What is logged while this lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let to = log.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || to.clone());
        let lines = lines.with_ansi(false).with_target(false).without_time();
        (log, tracing::subscriber::set_default(lines.finish()))
    }

    fn lines(&self) -> Vec<String> {
        let all = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        all.lines().map(|line| line.trim().to_owned()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_is_refused_than_was_sent() {
    let (log, _guard) = Log::start();
    let many = Said::Took(u64::MAX, "no".to_owned());
    let scene = Scene::new("batch = 2", move |_, _| Does::Says(many.clone())).await;
    scene.tell(good());
    pass(10).await;
    assert_eq!(scene.counted(), (0, [0, 2, 0, 0], 0));
    assert_eq!(
        log.lines(),
        ["WARN the collector of traces at http://collector refused 2 of 2 spans: no"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_log_says_when_the_collector_goes_and_when_it_is_back() {
    let (log, _guard) = Log::start();
    let script = |asked: Asked, _| if asked.at < 60_000 { later(None) } else { takes() };
    let scene = Scene::new("", script).await;
    for _ in 0..120 {
        scene.tell(good());
        pass(1_000).await;
    }
    assert_eq!(
        log.lines(),
        [
            "WARN the collector of traces at http://collector takes no spans: 503; they are kept for it as long as \
             there is room",
            "INFO the collector of traces at http://collector takes spans again",
        ]
    );
}

/// Limits on rates, spans that are too old, requests that are too large: what is refused by turns must neither fill
/// the log nor have the collector asked all the time.
#[tokio::test(start_paused = true)]
async fn a_collector_that_takes_some_requests_and_not_others_is_not_molested_nor_is_the_log() {
    for does in [later(None), never(413), Does::Says(Said::Took(1, "too old".to_owned()))] {
        let (log, _guard) = Log::start();
        let script = move |asked: Asked, attempt| {
            let by_chance = mixed((asked.request << 8 | attempt) as u64).is_multiple_of(2);
            if by_chance && asked.at < 60_000 { does.clone() } else { takes() }
        };
        let scene = Scene::new("batch = 20", script).await;
        for _ in 0..12_000 {
            scene.tell(good());
            pass(10).await;
        }
        let lines = log.lines();
        assert!((2..=15).contains(&lines.len()), "{} lines: {:#?}", lines.len(), lines);
        assert!(lines.last().unwrap().contains("takes spans again"), "{lines:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_that_comes_in_waves_is_one_in_the_log() {
    let (log, _guard) = Log::start();
    let script = |_, _| Does::Slowly(100, Said::Took(0, String::new()));
    let scene =
        Scene::new("batch = 500\nqueue = 1000\nrequests = 1\nevery = \"100ms\"", script).await;
    for _ in 0..15 {
        for _ in 0..1_000 {
            scene.tell(good());
        }
        pass(2_000).await;
    }
    let begun = "WARN more spans than the collector takes: some are dropped";
    assert_eq!(log.lines(), [begun]);
    pass(12_000).await;
    assert_eq!(
        log.lines(),
        [begun, "WARN 7500 spans were dropped, as too many waited"],
        "beyond three quarters of the queue"
    );
    assert_eq!(scene.counted(), (22_500, [7_500, 0, 0, 0], 0));
}

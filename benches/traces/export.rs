//! Spans a second that are built, encoded, posted and counted over the loopback, with a queue that is
//! never empty.

use super::receiver::Receiver;
use super::{config, sending, talk};
use lookout::clock::Stopwatch;
use lookout::config::Config;
use lookout::observer::digest::DigestKey;
use lookout::observer::input::Link;
use lookout::observer::trace::Traced;
use lookout::observer::{Input, Instant};
use lookout::pipeline::Pipeline;
use lookout::wire::{Message, Properties};

const ROUNDS: usize = 5;
/// Calls of a round; each is two spans.
const CALLS: u64 = 200_000;
/// Different calls among them.
const KNOWN: u64 = 10_000;

/// Times several sizes of a request.
pub(crate) fn report() {
    println!("spans a second, median of {ROUNDS} rounds of {} spans", 2 * CALLS);
    for batch in [64, 512, 4_096] {
        let collector = Receiver::start();
        let config =
            config(&format!("endpoint = \"{}\"\nbatch = {batch}\nqueue = 50000", collector.url()));
        let calls = calls(&config);
        let (tracer, _) = sending(&config).unwrap();
        let mut rates: Vec<_> = (0..ROUNDS)
            .map(|_| {
                let before = collector.spans();
                let watch = Stopwatch::start();
                for turn in 0..CALLS / 250 {
                    while tracer.figures().waiting > 30_000 {
                        std::thread::yield_now();
                    }
                    let from = (turn * 250 % KNOWN) as usize;
                    tracer.tell_all(calls[from..from + 250].iter().cloned());
                }
                while collector.spans() - before < 2 * CALLS {
                    std::thread::yield_now();
                }
                2.0 * CALLS as f64 / watch.elapsed().as_secs_f64()
            })
            .collect();
        rates.sort_by(f64::total_cmp);
        let (least, most) = (rates[0], rates[ROUNDS - 1]);
        let median = rates[ROUNDS / 2];
        println!("  {batch:>5} spans a request {median:>9.0}  ({least:.0} to {most:.0})");
        let dropped: u64 = tracer.figures().dropped.iter().sum();
        assert_eq!(dropped, 0, "none is lost");
    }
}

/// Answered calls, as the observer tells them.
fn calls(config: &Config) -> Vec<Traced> {
    let now = Instant::from_micros(1_700_000_000_000_000);
    let Config { traffic, settings, .. } = config.clone();
    let mut pipeline = Pipeline::new(config.voice(), traffic, settings, DigestKey::new(3, 5), now);
    pipeline.tell(now, Input::Link(Link::Up));
    let mut hear = |topic: &str, body: &str| {
        let (payload, properties) = (body.as_bytes(), Properties::default());
        pipeline.hear(now, &Message { topic, payload, retain: false, properties });
    };
    for number in 0..KNOWN {
        hear(&talk::topic(number), &talk::call(number));
        hear(talk::REPLIES, &talk::reply(number));
    }
    std::iter::from_fn(|| pipeline.poll_traced()).collect()
}

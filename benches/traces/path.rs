//! Time per message on the thread of the loop, from bytes to the call that is left with those who send.
//!
//! Contestants take turns at the same messages. Between two portions the queue may empty itself, off the
//! clock, where somebody takes from it: what is measured is the path of a message and not what two cores can
//! send.

use super::receiver::{Receiver, nobody};
use super::{config, sending, talk};
use lookout::clock::Stopwatch;
use lookout::config::Config;
use lookout::observer::digest::DigestKey;
use lookout::observer::input::Link;
use lookout::observer::{Input, Instant, Span};
use lookout::pipeline::Pipeline;
use lookout::trace::Tracer;
use lookout::wire::{Message, Properties};
use std::time::Duration;

const ROUNDS: usize = 15;
/// Portions of a round, and calls of each; each has a reply.
const PORTIONS: u64 = 20;
const CALLS: u64 = 2_560;
/// Messages of a turn of the loop.
const TURN: usize = 256;
/// A reply comes so many calls later: 50 ms at this rate.
const DELAY: u64 = 500;
const EACH: Span = Span::from_micros(50);

struct Contestant {
    name: &'static str,
    pipeline: Pipeline,
    tracer: Option<Tracer>,
    /// Somebody takes what is left.
    taken: bool,
    now: Instant,
    times: Vec<f64>,
}

impl Contestant {
    fn new(name: &'static str, config: Config, taken: bool) -> Self {
        let tracer = sending(&config).map(|(tracer, _)| tracer);
        let now = Instant::from_micros(1_700_000_000_000_000);
        let voice = config.voice();
        let Config { traffic, settings, .. } = config;
        let mut pipeline = Pipeline::new(voice, traffic, settings, DigestKey::new(3, 5), now);
        pipeline.tell(now, Input::Link(Link::Up));
        Self { name, pipeline, tracer, taken, now, times: Vec::new() }
    }

    /// Nanoseconds that a message took.
    fn play(&mut self, messages: &[(String, String)]) -> f64 {
        let watch = Stopwatch::start();
        for turn in messages.chunks(TURN) {
            for (topic, body) in turn {
                self.now = self.now + EACH;
                let properties = Properties::default();
                let payload = body.as_bytes();
                self.pipeline
                    .hear(self.now, &Message { topic, payload, retain: false, properties });
                while self.pipeline.poll_document().is_some() {}
            }
            if let Some(tracer) = &self.tracer {
                tracer.tell_all(std::iter::from_fn(|| self.pipeline.poll_traced()));
            }
        }
        let took = watch.elapsed().micros() as f64 * 1e3 / messages.len() as f64;
        while self.taken && self.tracer.as_ref().is_some_and(|it| it.figures().waiting > 0) {
            std::thread::sleep(Duration::from_millis(1));
        }
        took
    }
}

/// Times every contestant.
pub(crate) fn report() {
    let collector = Receiver::start();
    let at =
        |url: &str, more: &str| config(&format!("endpoint = \"{url}\"\nevery = \"10ms\"\n{more}"));
    let url = collector.url();
    let mut all = [
        Contestant::new("no traces", config(""), false),
        Contestant::new("none is kept, ratio = 0", at(&url, "ratio = 0.0"), true),
        Contestant::new("one in ten is sent", at(&url, "ratio = 0.1"), true),
        Contestant::new("all are sent", at(&url, ""), true),
        Contestant::new("the collector is away", at(&nobody(), ""), false),
    ];
    let mut number = DELAY;
    for round in 0..=ROUNDS {
        let mut sums = [0.0; 5];
        for _ in 0..PORTIONS {
            let messages = messages(number);
            number += CALLS;
            for (sum, contestant) in sums.iter_mut().zip(&mut all) {
                *sum += contestant.play(&messages) / PORTIONS as f64;
            }
        }
        // The first is for queues, windows and caches to fill.
        for (sum, contestant) in sums.iter().zip(&mut all).filter(|_| round > 0) {
            contestant.times.push(*sum);
        }
    }
    println!("time per message, median of {ROUNDS} rounds of {} messages", 2 * PORTIONS * CALLS);
    let mut first = None;
    for Contestant { name, times, tracer, .. } in &mut all {
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        let base = *first.get_or_insert(median);
        let figures = tracer.as_ref().map(Tracer::figures).unwrap_or_default();
        let dropped: u64 = figures.dropped.iter().sum();
        println!(
            "  {name:<26} {median:>6.0} ns  ({:.0} to {:.0}), {:+.0} ns; {} spans sent, {dropped} dropped",
            times[0],
            times[times.len() - 1],
            median - base,
            figures.exported,
        );
    }
}

/// Calls from this number on, each followed by an earlier one's reply.
fn messages(from: u64) -> Vec<(String, String)> {
    let both = |number: u64| {
        let call = (talk::topic(number), talk::call(number));
        [call, (talk::REPLIES.to_owned(), talk::reply(number - DELAY))]
    };
    (from..from + CALLS).flat_map(both).collect()
}

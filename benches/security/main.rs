//! What the security watch costs: time per observed call, from its bytes and those of its answer to all
//! detectors, beside the same without a watch; and bytes per user.
//!
//! `cargo bench --bench security`. Contestants take turns at the same messages: ten thousand users who make ten
//! calls an hour each, in random order, so that what is known of each lies somewhere else in memory; timed once
//! they are known well enough to be judged. Results: `docs/PERFORMANCE.md`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lookout::clock::Stopwatch;
use lookout::config;
use lookout::observer::digest::DigestKey;
use lookout::observer::input::Link;
use lookout::observer::{Input, Instant, Span};
use lookout::pipeline::Pipeline;
use lookout::wire::{Message, Properties};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const USERS: u64 = 10_000;
const ROUNDS: usize = 11;
/// Hours before the clock runs: users are judged after three days, and on the fourth.
const WARM_UP: usize = 100;
/// Calls of a round, which is an hour; each has a reply.
const CALLS: u64 = 100_000;

struct Contestant {
    name: &'static str,
    pipeline: Pipeline,
    now: Instant,
    times: Vec<f64>,
}

impl Contestant {
    fn new(name: &'static str, lines: &str) -> Self {
        let config = config::from_text(&format!("[security]\n{lines}\n")).unwrap();
        let now = Instant::from_micros(1_767_571_200_000_000);
        let (voice, watch) = (config.voice(), config.watch(now));
        let key = DigestKey::new(3, 5);
        let pipeline = Pipeline::new(voice, config.traffic, config.settings, key, now);
        let mut pipeline = pipeline.with_security(watch);
        pipeline.tell(now, Input::Link(Link::Up));
        Self { name, pipeline, now, times: Vec::new() }
    }

    /// Nanoseconds that a call took with its reply.
    fn play(&mut self, messages: &[(String, String)]) -> f64 {
        let watch = Stopwatch::start();
        for (topic, body) in messages {
            self.now = self.now + Span::from_micros(3_600_000_000 / (2 * CALLS));
            let (payload, properties) = (body.as_bytes(), Properties::default());
            self.pipeline.hear(self.now, &Message { topic, payload, retain: false, properties });
            while self.pipeline.poll_document().is_some() {}
        }
        watch.elapsed().micros() as f64 * 2e3 / messages.len() as f64
    }
}

fn main() {
    let mut all = [
        Contestant::new("no watch", ""),
        Contestant::new(
            "a watch that does not look at calls",
            "enabled = true\nuser = []\naddress = []",
        ),
        Contestant::new("all detectors", "enabled = true"),
    ];
    let mut number = 0;
    let mut grown = [0; 3];
    for round in 0..WARM_UP + ROUNDS {
        let messages = messages(number);
        number += CALLS;
        for (at, contestant) in all.iter_mut().enumerate() {
            let region = Region::new(ALLOCATOR);
            let took = contestant.play(&messages);
            let change = region.change();
            grown[at] += change.bytes_allocated as i64 - change.bytes_deallocated as i64;
            if round >= WARM_UP {
                contestant.times.push(took);
            }
        }
    }
    println!("time per call and its reply, median of {ROUNDS} rounds of {CALLS}, {USERS} users");
    let mut first = None;
    for Contestant { name, times, .. } in &mut all {
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        let base = *first.get_or_insert(median);
        let (least, most) = (times[0], times[times.len() - 1]);
        println!(
            "  {name:<36} {median:>6.0} ns  ({least:.0} to {most:.0}), {:+.0} ns",
            median - base
        );
    }
    println!("bytes per user: {}", (grown[2] - grown[0]) / USERS as i64);
}

/// Calls from this number on, each followed by its reply.
fn messages(from: u64) -> Vec<(String, String)> {
    let both = |number: u64| {
        // A permutation of all users in each round (Knuth's MMIX, which has a full period).
        let user = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695) >> 33;
        let (user, service) = (user % USERS, number % 20);
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":"{number:012}","method":"method{}","sessionId":"s-{user}","userContext":{{"userId":"user-{user}"}},"clientIpAddress":"192.0.2.{}","params":{{"item":"i-17","quantity":3}}}}"#,
            number / 20 % 10,
            user % 250
        );
        let reply = format!(
            r#"{{"jsonrpc":"2.0","id":"{number:012}","result":{{"success":true,"reference":"r-17"}}}}"#
        );
        [
            (format!("service/Service{service:02}"), call),
            (format!("session/s-{user}/response"), reply),
        ]
    };
    (from..from + CALLS).flat_map(both).collect()
}

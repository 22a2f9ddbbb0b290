//! Calls that share keys: a plain model of them, and the observer beside it through random histories.

use crate::kit::{Ears, OK, id};
use crate::lcg::Lcg;
use lookout::observer::call::PairId;
use lookout::observer::digest::Digest;
use lookout::observer::input::{CallKind, Dialect, Direction, Reply, Stray};
use lookout::observer::{Input, Span};
use std::collections::BTreeMap;

/// A call that waits, as the model knows it.
struct Waiting {
    service: String,
    due: u64,
    keys: Vec<u64>,
}

/// How calls ended, by service: ok, unanswered, void.
type Ends = BTreeMap<String, [u32; 3]>;

#[derive(Default)]
struct Model {
    /// In order of arrival.
    open: Vec<Waiting>,
    ends: Ends,
}

impl Model {
    fn end(&mut self, at: usize, how: usize) {
        let call = self.open.remove(at);
        self.ends.entry(call.service).or_default()[how] += 1;
    }

    fn drop_where(&mut self, how: usize, which: impl Fn(&Waiting) -> bool) {
        while let Some(at) = self.open.iter().position(&which) {
            self.end(at, how);
        }
    }

    fn call(&mut self, service: &str, due: u64, keys: &[(u64, bool)]) {
        for (key, shared) in keys {
            if !shared {
                self.drop_where(2, |call| call.keys.contains(key));
            }
        }
        let keys = keys.iter().map(|(key, _)| *key).collect();
        self.open.push(Waiting { service: service.to_owned(), due, keys });
    }

    fn reply(&mut self, keys: &[u64], unsure: bool) {
        let first = |key: &u64| self.open.iter().position(|call| call.keys.contains(key));
        let mut found = keys.iter().filter_map(first);
        let found = if unsure { found.min() } else { found.next() };
        if let Some(at) = found {
            self.end(at, 0);
        }
    }
}

fn key(number: u64) -> Digest {
    id(&format!("key {number}"))
}

fn reply(keys: &[u64], unsure: bool) -> Reply<'static> {
    Reply {
        pair: PairId(0),
        direction: Direction::Reply,
        topic: "session/s/response",
        keys: keys.iter().map(|number| key(*number)).collect(),
        strict: Ok(OK),
        lenient: OK,
        stray: Stray::Unmatched,
        bytes: 0,
        // What is held may settle a later call, which is another chapter.
        hold: false,
        dialect: unsure.then(|| Box::new(Dialect { unsure, ..Dialect::default() })),
    }
}

#[test]
fn the_oldest_call_under_a_shared_key_is_answered_first_whatever_else_happens() {
    for seed in 0..20 {
        let mut random = Lcg::new(seed);
        let mut below = |end: u64| random.below(end);
        let mut model = Model::default();
        let mut ears = Ears::with(|_| ());
        let mut now = 0;
        for number in 0..400_u64 {
            now += 1 + below(400_000);
            model.drop_where(1, |call| call.due < now);
            if below(3) > 0 {
                let service = format!("S{}", below(40));
                let first = (below(5), below(4) > 0);
                let second = (below(5), below(4) > 0);
                let both = below(2) == 0 && second.0 != first.0;
                let wait = 1 + below(20_000_000);
                let kind = CallKind::TwoWay {
                    keys: (key(first.0), both.then(|| key(second.0))),
                    shared: [first.1, second.1],
                    lenient: false,
                    deadline: Some(Span::from_micros(wait)),
                };
                ears.kind(now, &service, "m", kind);
                let keys = [first, second];
                model.call(&service, now + wait, &keys[..if both { 2 } else { 1 }]);
            } else {
                let keys = [below(5), below(5)];
                let keys = &keys[..1 + below(2) as usize];
                let unsure = below(2) == 0;
                ears.input(now, Input::Reply(reply(keys, unsure)));
                model.reply(keys, unsure);
            }
            if number % 8 > 0 {
                continue;
            }
            let mut found = Ends::new();
            for service in ears.snapshot().services {
                let totals = service.figures.totals;
                let ends = [totals.ok, totals.unanswered, totals.void].map(|it| it as u32);
                if ends != [0; 3] {
                    found.insert(service.name.to_string(), ends);
                }
            }
            assert_eq!(found, model.ends, "seed {seed}, step {number}");
        }
    }
}

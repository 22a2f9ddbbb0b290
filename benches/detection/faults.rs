//! One trial of a fault: a healthy warm-up, the fault, the recovery.
//!
//! Calls come independently of each other (Poisson), so the trials differ in phase and in how
//! the calls bunch; one fault has them at a steady pace, for bounds that count calls. lookout and the other rules are fed with exactly the same calls and replies.

use super::caller::{Caller, End};
use super::chance::{Random, SECOND};
use super::ears::{Ears, Word};
use super::rules::panel;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The usual reply time: median, and the spread of a lognormal with its 99th percentile at 160 ms.
const USUAL: f64 = 50_000.0;
const SIGMA: f64 = 0.5;
pub(crate) const INTERNAL: i64 = -32603;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Outage,
    /// An outage of a service that is called at a steady pace.
    Steady,
    Loss,
    Slow,
    Errors,
    /// Service 0 calls service 1 on each call; service 1 is out.
    Dependency,
}

impl Fault {
    pub(crate) const ALL: [Self; 6] =
        [Self::Outage, Self::Steady, Self::Loss, Self::Slow, Self::Errors, Self::Dependency];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Outage => "total outage",
            Self::Steady => "total outage, steady calls",
            Self::Loss => "60 % of replies lost",
            Self::Slow => "20-fold slow-down",
            Self::Errors => "80 % internal errors",
            Self::Dependency => "dependency out",
        }
    }
}

/// How a trial goes at a rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) rate: f64,
    /// Lengths in seconds: healthy before, with the fault (the horizon), healthy after.
    pub(crate) warm: u64,
    pub(crate) fault: u64,
    pub(crate) after: u64,
    pub(crate) trials: u64,
}

impl Plan {
    /// Warm-up: hours at low rates, at least 6 min (longer than any window that judges failures)
    /// at high ones, where an hour would be millions of calls.
    pub(crate) const ALL: [Self; 6] = [
        Self { rate: 0.02, warm: 14_400, fault: 3_600, after: 3_600, trials: 200 },
        Self { rate: 0.1, warm: 14_400, fault: 1_200, after: 1_200, trials: 200 },
        Self { rate: 1.0, warm: 5_400, fault: 600, after: 240, trials: 200 },
        Self { rate: 10.0, warm: 3_900, fault: 300, after: 180, trials: 100 },
        Self { rate: 100.0, warm: 900, fault: 180, after: 120, trials: 40 },
        Self { rate: 1000.0, warm: 360, fault: 90, after: 90, trials: 20 },
    ];
}

/// What came of a trial, for one service. Times are seconds since the fault began.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// What was said of it while the fault lasted.
    pub(crate) said: Vec<(f64, Word)>,
    /// From the first good reply after the fault to `service_recovered`.
    pub(crate) recovery: Option<f64>,
    /// Said before the fault began: a false alarm.
    pub(crate) early: usize,
    /// Each other rule: when it found the fault, and when it was over it.
    pub(crate) others: Vec<(Option<f64>, Option<f64>)>,
}

impl Outcome {
    /// The first verdict that a test holds for.
    pub(crate) fn first(&self, holds: impl Fn(&Word) -> bool) -> Option<f64> {
        self.said.iter().find(|(_, word)| holds(word)).map(|(at, _)| *at)
    }

    pub(crate) fn verdict(&self) -> Option<&(f64, Word)> {
        self.said.iter().find(|(_, word)| matches!(word, Word::Bad { .. }))
    }
}

/// When, of which service, to which call, with which error.
type Reply = (u64, usize, u64, Option<i64>);

struct Trial {
    fault: Fault,
    /// When the fault begins and ends.
    from: u64,
    to: u64,
    random: Random,
    ears: Ears,
    others: Vec<Vec<Caller>>,
    replies: BinaryHeap<Reverse<Reply>>,
    good: Vec<Option<u64>>,
}

/// Runs one trial; one outcome for each service in it.
pub(crate) fn run(fault: Fault, plan: &Plan, path: &[u64]) -> Vec<Outcome> {
    let mut random = Random::of(path);
    let services = if fault == Fault::Dependency { 2 } else { 1 };
    let from = plan.warm * SECOND + random.between(0, 10 * SECOND);
    let mut trial = Trial {
        fault,
        from,
        to: from + plan.fault * SECOND,
        random,
        ears: Ears::new(services),
        others: (0..services).map(|_| panel()).collect(),
        replies: BinaryHeap::new(),
        good: vec![None; services],
    };
    let end = trial.to + plan.after * SECOND;
    let mut id = 0;
    let steady = (SECOND as f64 / plan.rate) as u64;
    let pause = |random: &mut Random| match fault {
        Fault::Steady => steady,
        _ => random.wait(plan.rate),
    };
    let mut next = pause(&mut trial.random);
    while next < end {
        trial.replies_until(next);
        trial.call(next, id);
        id += 1;
        next += pause(&mut trial.random);
    }
    trial.replies_until(end);
    trial.ears.until(end);
    for caller in trial.others.iter_mut().flatten() {
        caller.advance(end);
    }
    (0..services).map(|service| trial.outcome(service)).collect()
}

impl Trial {
    fn faulty(&self, now: u64) -> bool {
        (self.from..self.to).contains(&now)
    }

    fn call(&mut self, now: u64, id: u64) {
        for service in 0..self.others.len() {
            self.ears.call(now, service, id);
            for caller in &mut self.others[service] {
                caller.call(now, id);
            }
        }
        let took = self.random.lognormal(USUAL, SIGMA);
        let mut reply = |service, took, error| {
            self.replies.push(Reverse((now + took, service, id, error)));
        };
        let faulty = (self.from..self.to).contains(&now);
        match (self.fault, faulty) {
            (Fault::Outage | Fault::Steady, true) => {}
            (Fault::Loss, true) => {
                if !self.random.happens(0.6) {
                    reply(0, took, None);
                }
            }
            (Fault::Slow, true) => reply(0, took * 20, None),
            (Fault::Errors, true) => {
                reply(0, took, self.random.happens(0.8).then_some(INTERNAL));
            }
            // The dependent waits 3 s for its dependency, then half of its calls hang for good.
            (Fault::Dependency, true) => {
                if self.random.happens(0.5) {
                    reply(0, 3 * SECOND + took, Some(INTERNAL));
                }
            }
            (Fault::Dependency, false) => {
                reply(1, took, None);
                reply(0, took + self.random.lognormal(20_000.0, SIGMA), None);
            }
            (_, false) => reply(0, took, None),
        }
    }

    fn replies_until(&mut self, until: u64) {
        while let Some(Reverse((at, service, id, error))) = self.replies.peek().copied() {
            if at > until {
                break;
            }
            self.replies.pop();
            // What dies takes its work along.
            let dead = match self.fault {
                Fault::Outage | Fault::Steady => self.faulty(at),
                Fault::Dependency => service == 1 && self.faulty(at),
                _ => false,
            };
            if dead {
                continue;
            }
            self.ears.reply(at, service, id, error);
            let end = if error.is_some() { End::ServiceError } else { End::Ok };
            for caller in &mut self.others[service] {
                caller.reply(at, id, end);
            }
            if at >= self.to && error.is_none() && self.good[service].is_none() {
                self.good[service] = Some(at);
            }
        }
    }

    fn outcome(&self, service: usize) -> Outcome {
        let secs = |at: u64| (at - self.from) as f64 / SECOND as f64;
        let mine = || self.ears.said.iter().filter(|said| said.service == service);
        let good = self.good[service].unwrap_or(u64::MAX);
        let after = |at: Option<u64>| at.map(|at| at.saturating_sub(good) as f64 / SECOND as f64);
        let last = mine().rfind(|said| matches!(said.word, Word::Bad { .. } | Word::Recovered));
        let recovered = last.filter(|said| said.word == Word::Recovered && said.at >= self.to);
        let others = self.others[service].iter().flat_map(Caller::logs);
        let during = mine().filter(|said| (self.from..self.to).contains(&said.at));
        Outcome {
            said: during.map(|said| (secs(said.at), said.word.clone())).collect(),
            recovery: after(recovered.map(|said| said.at)),
            early: mine().filter(|said| said.at < self.from).count(),
            others: others
                .map(|log| (log.found(self.from, self.to).map(secs), after(log.recovered(self.to))))
                .collect(),
        }
    }
}

//! The world: callers, services and a broker, event by event in virtual time.
//!
//! Everything that takes time is an event in one queue. The broker hands each message to its
//! receiver and a copy to lookout, each with a delay of its own, so that a reply can overtake its
//! call. What goes wrong was drawn beforehand; here it only happens.

use crate::chance::Chance;
use crate::messages::{Answer, Heard, Request};
use crate::plan::{Change, Form, Latency, Plan, Role, S, Trouble};
use crate::shell::Lookout;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

/// Codes of callers' errors, and of services' own.
const REJECTIONS: [i64; 6] = [-32602, -32001, -32004, -32006, 7, 4_000];
const FAILURES: [i64; 4] = [-32603, -32007, -32503, -32099];
/// How long a service waits for another before it answers with an error.
const PATIENCE: u64 = 2_500_000;

enum What {
    /// The next call to a service.
    Call(usize),
    /// A call is made again, or one service calls another.
    Publish(Box<Request>),
    /// A call reaches its service.
    Serve(Box<Request>),
    /// A service, if it still is who it was, answers.
    Answer(Box<Request>, u64),
    /// A service waited long enough for another.
    GiveUp(u64),
    /// A message reaches lookout.
    Hear(Heard),
    Change(Change),
    /// lookout notices that its link is gone.
    Notice,
    /// A whole second.
    Second,
}

struct Event {
    at: u64,
    order: u64,
    what: What,
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}

/// A world under way.
pub(crate) struct World<'p> {
    plan: &'p Plan,
    chance: Chance,
    queue: BinaryHeap<Reverse<Event>>,
    order: u64,
    pub(crate) now: u64,
    broker_up: bool,
    /// Calls made to each service so far.
    numbers: Vec<u64>,
    /// Services that wait for another, by the operation.
    waiting: BTreeMap<u64, Box<Request>>,
    pub(crate) lookout: Lookout,
}

impl<'p> World<'p> {
    pub(crate) fn new(plan: &'p Plan, lookout: Lookout) -> Self {
        let mut world = Self {
            plan,
            chance: Chance::new(plan.seed ^ 0x5eed_5eed),
            queue: BinaryHeap::new(),
            order: 0,
            now: 0,
            broker_up: true,
            numbers: vec![0; plan.services.len()],
            waiting: BTreeMap::new(),
            lookout,
        };
        for index in 0..plan.services.len() {
            world.schedule_call(index);
        }
        for (at, change) in &plan.changes {
            world.schedule(*at, What::Change(*change));
        }
        world.schedule(800_000, What::Change(Change::LinkBack));
        world.schedule(S, What::Second);
        world
    }

    /// Runs the world to its end, or to the first moment at which lookout breaks a promise.
    pub(crate) fn run(&mut self) {
        while let Some(Reverse(event)) = self.queue.pop() {
            if event.at > self.plan.length || self.lookout.has_failed() {
                break;
            }
            self.now = event.at;
            self.happen(event.what);
        }
        self.lookout.finish(self.plan.length);
    }

    fn schedule(&mut self, at: u64, what: What) {
        self.order += 1;
        self.queue.push(Reverse(Event { at, order: self.order, what }));
    }

    fn after(&mut self, delay: u64, what: What) {
        self.schedule(self.now + delay, what);
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Call(index) => self.call(index),
            What::Publish(request) => self.publish(request),
            What::Serve(request) => self.serve(request),
            What::Answer(request, since) => self.answer(request, since),
            What::GiveUp(operation) => {
                if let Some(request) = self.waiting.remove(&operation) {
                    self.reply(&request, Answer::Failure);
                }
            }
            What::Hear(heard) => self.lookout.arrive(self.now, heard),
            What::Change(change) => self.change(change),
            What::Notice => self.lookout.notice(self.now),
            What::Second => {
                self.lookout.second(self.now);
                self.after(S, What::Second);
            }
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::BrokerDown => self.broker_up = false,
            Change::BrokerUp => self.broker_up = true,
            Change::LinkLost(unnoticed) => self.after(unnoticed, What::Notice),
            Change::Restart => {
                let delay = self.chance.between(300_000, 2_000_000);
                self.after(delay, What::Change(Change::LinkBack));
            }
            Change::Resume => {
                if let Some(delay) = self.lookout.wakes_to_a_dead_link() {
                    self.after(delay, What::Notice);
                    self.after(delay + S, What::Change(Change::LinkBack));
                }
            }
            Change::LinkBack => {
                for _ in 0..self.chance.below(3) {
                    let delay = self.chance.below(S / 10);
                    self.after(delay, What::Hear(Heard::retained()));
                }
            }
            _ => {}
        }
        self.lookout.change(self.now, change);
    }

    /// Whether a service is in this trouble now.
    fn trouble(&self, index: usize, is: impl Fn(Trouble) -> bool) -> Option<Trouble> {
        let now = self.now;
        let phases = self.plan.services[index].phases.iter();
        let mut on = phases.filter(|phase| phase.from <= now && now < phase.to);
        on.find(|phase| is(phase.trouble)).map(|phase| phase.trouble)
    }

    fn is_down(&self, index: usize) -> bool {
        self.trouble(index, |it| matches!(it, Trouble::Down | Trouble::Restart)).is_some()
    }

    fn schedule_call(&mut self, index: usize) {
        let (mean, even) = self.plan.services[index].interval;
        let delay = if even {
            self.chance.between(mean * 8 / 10, mean * 12 / 10)
        } else {
            self.chance.exponential(mean)
        };
        self.after(delay + 1, What::Call(index));
    }

    fn call(&mut self, index: usize) {
        self.schedule_call(index);
        if self.trouble(index, |it| it == Trouble::Idle).is_some() {
            return;
        }
        self.numbers[index] += 1;
        let service = &self.plan.services[index];
        let request = Request::new(index, service, self.numbers[index], &mut self.chance);
        if self.trouble(index, |it| it == Trouble::Retries).is_some() {
            self.after(S, What::Publish(request.clone()));
        }
        self.publish(request);
    }

    /// A message goes to the broker, and from there to its service and to lookout.
    fn publish(&mut self, request: Box<Request>) {
        let role = self.plan.services[request.service].role;
        let copies = 1 + u64::from(self.chance.hits(self.plan.duplicates / 3.0));
        for _ in 0..copies {
            if !self.broker_up {
                continue;
            }
            self.tell_lookout(request.service, request.heard(role));
            let delay = self.chance.between(200, 3_000);
            self.after(delay, What::Serve(request.clone()));
        }
    }

    fn tell_lookout(&mut self, service: usize, heard: Heard) {
        let protected = self.plan.services[service].protected();
        if !protected && self.chance.hits(self.plan.loss) {
            return;
        }
        let mut delay = self.chance.between(100, 4_000);
        if self.chance.hits(self.plan.detours) {
            // Another node, another connection: a reply may overtake its call. Where that took
            // long, a restart of 5 s could be heard as a silence of 6 s.
            delay += self.chance.below(if protected { 400_000 } else { 1_800_000 });
        }
        // A call that comes twice is two calls to whoever only listens.
        let twice = heard.count.calls == 0 || !protected;
        if twice && self.chance.hits(self.plan.duplicates) {
            let again = delay + self.chance.below(1_500_000);
            self.after(again, What::Hear(heard.clone()));
        }
        if self.chance.hits(0.001) {
            let garbage = Heard::garbage(&mut self.chance);
            self.after(delay, What::Hear(garbage));
        }
        self.after(delay, What::Hear(heard));
    }

    fn serve(&mut self, request: Box<Request>) {
        let index = request.service;
        let service = &self.plan.services[index];
        let answers = !matches!(service.role, Role::Strangers | Role::Deaf);
        if !answers || self.is_down(index) || request.form == Form::OneWay {
            return;
        }
        if let Some(other) = service.calls {
            self.numbers[other] += 1;
            let (operation, number) = (request.operation, self.numbers[other]);
            let called = &self.plan.services[other];
            let nested = Request::nested(other, called, number, request.clone());
            self.waiting.insert(operation, request);
            self.after(1_000, What::Publish(nested));
            self.after(PATIENCE, What::GiveUp(operation));
            return;
        }
        let mut time = match service.latency {
            Latency::Usual(median, sigma, most) => self.chance.lognormal(median, sigma).min(most),
            Latency::Heavy(least, alpha, most) => self.chance.pareto(least, alpha).min(most),
        };
        if let Some(Trouble::Slow(factor)) =
            self.trouble(index, |it| matches!(it, Trouble::Slow(_)))
        {
            time = (time as f64 * factor) as u64;
        }
        let since = self.now;
        self.after(time, What::Answer(request, since));
    }

    /// A service answers, unless it was killed in between.
    fn answer(&mut self, request: Box<Request>, since: u64) {
        let index = request.service;
        let killed = self.plan.services[index].phases.iter().any(|phase| {
            let kills = matches!(phase.trouble, Trouble::Down | Trouble::Restart);
            kills && phase.from <= self.now && phase.to > since
        });
        if killed {
            return;
        }
        for element in 0..request.size {
            self.answer_one(&request, element);
        }
        if let Some(waiting) = &request.then
            && let Some(waiting) = self.waiting.remove(&waiting.operation)
        {
            self.reply(&waiting, Answer::Result);
        }
    }

    fn answer_one(&mut self, request: &Request, element: u64) {
        let index = request.service;
        if let Some(Trouble::Lossy(share)) =
            self.trouble(index, |it| matches!(it, Trouble::Lossy(_)))
            && self.chance.hits(share)
        {
            return;
        }
        let (mut rejected, mut failed) = self.plan.services[index].errors;
        if let Some(Trouble::Erring(share)) =
            self.trouble(index, |it| matches!(it, Trouble::Erring(_)))
        {
            failed = share;
        }
        if self.trouble(index, |it| it == Trouble::CallerErrors).is_some() {
            rejected = 0.9;
        }
        let answer = if self.chance.hits(failed) {
            Answer::Failure
        } else if self.chance.hits(rejected) {
            Answer::Rejection
        } else {
            Answer::Result
        };
        self.reply_one(request, element, answer);
    }

    fn reply(&mut self, request: &Request, answer: Answer) {
        for element in 0..request.size {
            self.reply_one(request, element, answer);
        }
    }

    fn reply_one(&mut self, request: &Request, element: u64, answer: Answer) {
        let code = match answer {
            Answer::Failure => *self.chance.pick(&FAILURES),
            _ => *self.chance.pick(&REJECTIONS),
        };
        if let Some(heard) = request.reply(element, answer, code).filter(|_| self.broker_up) {
            self.tell_lookout(request.service, heard);
        }
    }
}

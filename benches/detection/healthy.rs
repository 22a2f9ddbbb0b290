//! Healthy but ugly: a platform of ten services on ordinary days, with everything that makes
//! watchers cry wolf and no fault at all.
//!
//! The other rules run twice: in lookout's place, deaf when lookout is, and in the callers' own
//! place, where nothing is missed.

use super::caller::{Caller, End};
use super::chance::{Random, SECOND};
use super::ears::{Ears, Said, Word};
use super::faults::INTERNAL;
use super::rules::panel;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;
const INVALID: i64 = -32602;

/// Calls a second at the busiest hour: most services are quiet, as in practice.
const RATES: [f64; 10] = [20.0, 5.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.02, 0.02];
/// One platform in four has a busy service in place of the first one.
const BUSY: f64 = 50.0;
pub(crate) const SERVICES: usize = RATES.len();
/// Days a platform runs: more than a week, so that a weekend is in it.
pub(crate) const DAYS: u64 = 10;

/// What went on when an alarm was raised.
pub(crate) const CAUSES: [&str; 7] = [
    "plain traffic",
    "deploy gap, calls lost",
    "deploy gap, answered late",
    "flood of callers' errors",
    "link lost for 30 s",
    "link lost for 5 min",
    "process paused",
];
/// The first of them that is lookout's own blindness.
pub(crate) const BLIND: usize = 4;
/// An alarm this long after something ended is still put down to it.
const AFTERMATH: u64 = 10 * 60 * SECOND;

/// A false alarm.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub(crate) at: u64,
    pub(crate) service: usize,
    pub(crate) rate: f64,
    pub(crate) word: String,
    pub(crate) cause: usize,
}

/// What came of one platform.
#[derive(Clone, Debug, Default)]
pub(crate) struct Days {
    pub(crate) service_days: u64,
    pub(crate) calls: u64,
    pub(crate) alarms: Vec<Alarm>,
    /// For each other rule: alarms by cause, in lookout's place and in the callers'.
    pub(crate) others: Vec<[[u64; CAUSES.len()]; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// A service is called; calls of a row that another one replaced are not made.
    Call(usize, u32),
    /// The rate is looked at again, so that a night without calls ends.
    Look(usize, u32),
    Reply(usize, u64, Option<i64>),
    /// A deploy of a service, whose calls are lost or answered late.
    Deploy(usize, bool),
    Flood(usize),
    /// The link is lost, for so long.
    Cut(u64),
    Told,
    Mended,
    /// The process stops, and whether what comes meanwhile is delivered afterwards.
    Stop(bool),
    Go(u64),
}

struct Service {
    rate: f64,
    median: f64,
    /// 0: busy all day with a swing; 1: hardly called at night; 2: never.
    night: u64,
    next_id: u64,
    row: u32,
    gap: (u64, u64, bool),
    flood_until: u64,
    /// Cause, begin, end.
    troubles: Vec<(usize, u64, u64)>,
    here: Vec<Caller>,
    there: Vec<Caller>,
}

struct World {
    random: Random,
    ears: Ears,
    services: Vec<Service>,
    heap: BinaryHeap<Reverse<(u64, u64, What)>>,
    order: u64,
    deaf: bool,
    /// What waits for a stopped process; `None` while it runs.
    waiting: Option<Vec<Heard>>,
    delivered: bool,
    /// Replies heard lately, which a broker may send again.
    lately: VecDeque<(usize, u64, Option<i64>)>,
    calls: u64,
}

/// A call (`None`) or a reply, of a service, with its id.
type Heard = (usize, u64, Option<Option<i64>>);

/// Runs a platform for some days.
pub(crate) fn run(platform: u64, days: u64, seed: u64) -> Days {
    let mut random = Random::of(&[seed, 2, platform]);
    let services = (0..SERVICES).map(|index| {
        let busy = index == 0 && platform.is_multiple_of(4);
        Service {
            rate: if busy { BUSY } else { RATES[index] },
            median: random.lognormal(40_000.0, 0.8) as f64,
            night: [0, 0, 1, 2][random.between(0, 3) as usize],
            next_id: 0,
            row: 0,
            gap: (0, 0, false),
            flood_until: 0,
            troubles: Vec::new(),
            here: panel(),
            there: panel(),
        }
    });
    let services = services.collect();
    let mut world = World {
        random,
        ears: Ears::new(SERVICES),
        services,
        heap: BinaryHeap::new(),
        order: 0,
        deaf: false,
        waiting: None,
        delivered: false,
        lately: VecDeque::new(),
        calls: 0,
    };
    world.plan(days);
    while let Some(Reverse((now, _, what))) = world.heap.pop() {
        if now > days * DAY {
            break;
        }
        world.happen(now, what);
    }
    world.ears.until(days * DAY);
    for service in &mut world.services {
        for caller in service.here.iter_mut().chain(&mut service.there) {
            caller.advance(days * DAY);
        }
    }
    world.outcome(days)
}

impl World {
    fn at(&mut self, time: u64, what: What) {
        self.order += 1;
        self.heap.push(Reverse((time, self.order, what)));
    }

    /// Independent events over the whole run, so many a day.
    fn scatter(&mut self, days: u64, per_day: f64, what: impl Fn(&mut Random) -> What) {
        let mut time = HOUR; // lookout has just started: an hour without trouble.
        loop {
            time += self.random.wait(per_day / 86_400.0);
            if time > days * DAY {
                break;
            }
            let what = what(&mut self.random);
            self.at(time, what);
        }
    }

    fn plan(&mut self, days: u64) {
        for index in 0..SERVICES {
            self.at(0, What::Look(index, 0));
            self.scatter(days, 1.0, |random| What::Deploy(index, random.happens(0.5)));
            self.scatter(days, 0.5, |_| What::Flood(index));
        }
        self.scatter(days, 1.0, |_| What::Cut(30 * SECOND));
        self.scatter(days, 0.5, |_| What::Cut(300 * SECOND));
        self.scatter(days, 1.0, |random| What::Stop(random.happens(0.5)));
    }

    fn happen(&mut self, now: u64, what: What) {
        match what {
            What::Look(index, row) | What::Call(index, row) if row != self.services[index].row => {}
            What::Look(index, _) => self.next_call(now, index),
            What::Call(index, _) => {
                self.call(now, index);
                self.next_call(now, index);
            }
            What::Reply(index, id, error) => self.reply(now, index, id, error),
            What::Deploy(index, late) => {
                let service = &mut self.services[index];
                service.gap = (now, now + 5 * SECOND, late);
                service.troubles.push((1 + usize::from(late), now, now + 5 * SECOND));
            }
            What::Flood(index) => {
                let until = now + 600 * SECOND;
                self.services[index].flood_until = until;
                self.services[index].row += 1;
                self.services[index].troubles.push((3, now, until));
                self.next_call(now, index);
            }
            What::Cut(_) | What::Stop(_) if self.deaf || self.waiting.is_some() => {}
            What::Cut(long) => {
                self.deaf = true;
                self.trouble(if long > 60 * SECOND { 5 } else { 4 }, now, now + long);
                // A socket that breaks is noticed at once or a little later.
                let told = self.random.between(0, 2 * SECOND);
                self.at(now + told, What::Told);
                self.at(now + long, What::Mended);
            }
            What::Told => self.ears.link(now, false),
            What::Mended => self.mended(now),
            What::Stop(delivered) => {
                self.waiting = Some(Vec::new());
                self.delivered = delivered;
                let long = self.random.between(6 * SECOND, 60 * SECOND);
                self.trouble(6, now, now + long);
                self.at(now + long, What::Go(now));
            }
            What::Go(since) => {
                self.ears.paused(now, since);
                for heard in self.waiting.take().unwrap_or_default() {
                    self.hear(now, heard);
                }
            }
        }
    }

    fn trouble(&mut self, cause: usize, from: u64, to: u64) {
        for service in &mut self.services {
            service.troubles.push((cause, from, to));
        }
    }

    /// The link is back: retained messages come first, and some replies once more.
    fn mended(&mut self, now: u64) {
        self.deaf = false;
        self.ears.link(now, true);
        for _ in 0..50 {
            self.ears.ignored(now);
        }
        for (index, id, error) in std::mem::take(&mut self.lately) {
            self.hear(now, (index, id, Some(error)));
        }
    }

    /// The rate of a service: by hour and day, more in a flood.
    fn rate(&self, now: u64, index: usize) -> f64 {
        let service = &self.services[index];
        let hour = (now % DAY) as f64 / HOUR as f64;
        // Thursday is the first day of virtual time, so the third and fourth are a weekend.
        let weekend = matches!(now / DAY % 7, 2 | 3);
        let week = if weekend { 0.4 } else { 1.0 };
        let day = 0.55 - 0.45 * ((hour - 2.0) / 24.0 * std::f64::consts::TAU).cos();
        let night = !(6.0..22.0).contains(&hour);
        let usual = match service.night {
            1 if night => 0.01_f64.min(service.rate),
            2 if night => 0.0,
            _ => service.rate * week * day,
        };
        let flood = now < service.flood_until;
        usual + if flood { (4.0 * usual).clamp(1.0, 20.0) } else { 0.0 }
    }

    fn next_call(&mut self, now: u64, index: usize) {
        let rate = self.rate(now, index);
        let row = self.services[index].row;
        let wait = self.random.wait(rate.max(1e-6));
        // The wait has no memory, so it may be drawn anew after ten minutes.
        if wait > 600 * SECOND {
            self.at(now + 600 * SECOND, What::Look(index, row));
        } else {
            self.at(now + wait, What::Call(index, row));
        }
    }

    fn call(&mut self, now: u64, index: usize) {
        self.calls += 1;
        let flood = now < self.services[index].flood_until;
        let service = &mut self.services[index];
        let id = service.next_id;
        service.next_id += 1;
        for caller in &mut service.there {
            caller.call(now, id);
        }
        self.overhear(now, (index, id, None));
        let random = &mut self.random;
        let service = &self.services[index];
        let mut took = random.lognormal(service.median, 0.5);
        if random.happens(0.002) {
            took += random.pareto(500_000.0, 1.1, 90.0 * SECOND as f64);
        }
        let (from, to, late) = service.gap;
        let mut at = now + took;
        if (from..to).contains(&now) || (from..to).contains(&at) {
            if !late {
                return;
            }
            at = at.max(to + took);
        }
        let invalid = random.happens(if flood { 0.9 } else { 0.005 });
        let error = if invalid { Some(INVALID) } else { random.happens(0.001).then_some(INTERNAL) };
        if random.happens(0.001) {
            return; // Lost on its way.
        }
        let again = random.happens(0.005).then(|| random.between(SECOND / 10, 3 * SECOND));
        self.at(at, What::Reply(index, id, error));
        if let Some(after) = again {
            self.at(at + after, What::Reply(index, id, error));
        }
    }

    fn reply(&mut self, now: u64, index: usize, id: u64, error: Option<i64>) {
        for caller in &mut self.services[index].there {
            caller.reply(now, id, end(error));
        }
        self.overhear(now, (index, id, Some(error)));
    }

    /// Something that lookout hears unless it is deaf, and later if it stands still.
    fn overhear(&mut self, now: u64, heard: Heard) {
        match &mut self.waiting {
            _ if self.deaf => {}
            Some(waiting) => {
                if self.delivered {
                    waiting.push(heard);
                }
            }
            None => self.hear(now, heard),
        }
    }

    fn hear(&mut self, now: u64, (index, id, reply): Heard) {
        let here = &mut self.services[index].here;
        let Some(error) = reply else {
            self.ears.call(now, index, id);
            return here.iter_mut().for_each(|caller| caller.call(now, id));
        };
        self.ears.reply(now, index, id, error);
        here.iter_mut().for_each(|caller| caller.reply(now, id, end(error)));
        if self.lately.len() == 20 {
            self.lately.pop_front();
        }
        self.lately.push_back((index, id, error));
    }

    fn outcome(&self, days: u64) -> Days {
        let alarm = |said: &Said| {
            let bad = matches!(said.word, Word::Bad { .. } | Word::Opened(_));
            let service = &self.services[said.service];
            bad.then(|| Alarm {
                at: said.at,
                service: said.service,
                rate: service.rate,
                word: said.word.label(),
                cause: service.cause(said.at),
            })
        };
        let mut others = vec![[[0; CAUSES.len()]; 2]; super::rules::NAMES.len()];
        for service in &self.services {
            for (place, callers) in [&service.here, &service.there].into_iter().enumerate() {
                for (log, counts) in callers.iter().flat_map(Caller::logs).zip(&mut others) {
                    for at in log.findings() {
                        counts[place][service.cause(at)] += 1;
                    }
                }
            }
        }
        Days {
            service_days: days * SERVICES as u64,
            calls: self.calls,
            alarms: self.ears.said.iter().filter_map(alarm).collect(),
            others,
        }
    }
}

impl Service {
    /// The trouble that began last of those which last or ended not long ago.
    fn cause(&self, at: u64) -> usize {
        let near = self.troubles.iter().filter(|(_, from, to)| *from <= at && at < to + AFTERMATH);
        near.max_by_key(|(_, from, _)| *from).map_or(0, |(cause, ..)| *cause)
    }
}

const fn end(error: Option<i64>) -> End {
    match error {
        None => End::Ok,
        Some(INTERNAL) => End::ServiceError,
        Some(_) => End::CallersError,
    }
}

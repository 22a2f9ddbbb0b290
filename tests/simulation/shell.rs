//! lookout in the world: the real pipeline, and around it what `run` has around it.
//!
//! The clock is the program's: anchored at the wall clock when the process starts, monotonic from
//! then on, so a step of the wall clock shows only in the next process, and a sleeping machine
//! stops it. A process that stood still for more than 5 s tells so before it hears what waited in
//! the meantime. Worlds with an odd clock hand in times that jump by an hour, forwards (told, as
//! the loop would, as a pause) and backwards (as nothing promises that they do not).

use crate::chance::{Chance, Digest};
use crate::check::Checker;
use crate::doubts::Doubts;
use crate::figures;
use crate::messages::{Count, Heard};
use crate::oracle::Oracle;
use crate::pipeline::Pipeline;
use crate::plan::{Change, Plan, S};
use crate::rules::{Book, Rule};
use crate::settings;
use crate::traces::{self, Told};
use lookout::observer::Span;
use lookout::observer::breaker::Mode;
use lookout::observer::input::{Doubt, Link, Replicas, Report, Severity};
use lookout::observer::{Input, Instant, Settings};

/// The wall clock when the world begins: a whole second.
pub(crate) const START: u64 = 1_700_000_000 * S;
/// How much of what arrives while the machine sleeps waits in the socket.
const SOCKET: u64 = 2 * S;

/// When deadlines are handled: what is published must not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drive {
    /// Each at its own time.
    Deadlines,
    /// Each second.
    Seconds,
    /// When the next input comes, and every 10 s.
    Seldom,
}

/// What waits for the process.
enum Arrival {
    Message(Heard),
    Notice,
    Back,
    Change(Change),
}

pub(crate) struct Lookout {
    pipeline: Pipeline,
    settings: Settings,
    names: Vec<String>,
    pub(crate) drive: Drive,
    /// What the clock shows beside the world's time, and what the next process would anchor at.
    offset: i64,
    wall: i64,
    /// The latest time handed in.
    now: u64,
    /// Since when the process stands still, and whether its clock does too.
    asleep: Option<(u64, bool)>,
    waiting: Vec<Arrival>,
    cut: bool,
    /// The connection ended, and lookout has not noticed.
    broken: bool,
    /// No message comes through; whether they are kept for later.
    partition: Option<bool>,
    drops: f64,
    told: [bool; 3],
    chance: Chance,
    doubts: Doubts,
    pub(crate) checker: Checker,
    pub(crate) oracle: Oracle,
    given: Count,
    traced: Told,
    pub(crate) digest: Digest,
    /// The last documents, for a report.
    pub(crate) tail: Vec<String>,
    pub(crate) documents: u64,
    pub(crate) messages: u64,
}

impl Lookout {
    pub(crate) fn new(plan: &Plan) -> Self {
        let settings = settings::of(plan);
        let mut lookout = Self {
            pipeline: settings::pipeline(&settings, Instant::from_micros(START)),
            names: plan.services.iter().map(|service| service.name.clone()).collect(),
            drive: [Drive::Deadlines, Drive::Seconds, Drive::Seldom][(plan.seed % 3) as usize],
            offset: 0,
            wall: 0,
            now: START,
            asleep: None,
            waiting: Vec::new(),
            cut: true,
            broken: false,
            partition: None,
            drops: 0.0,
            told: [false; 3],
            chance: Chance::new(plan.seed ^ 0xea75),
            doubts: Doubts::default(),
            checker: Checker::default(),
            oracle: Oracle::new(plan),
            given: Count::default(),
            traced: Told::default(),
            digest: Digest::NOTHING,
            tail: Vec::new(),
            documents: 0,
            messages: 0,
            settings,
        };
        lookout.link(0, Link::Down);
        lookout
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.checker.book.0.is_empty()
    }

    /// What lookout's clock shows.
    fn clock(&self, world: u64) -> u64 {
        (START + world).saturating_add_signed(self.offset)
    }

    /// Something is told at this moment of the world. Deadlines come first.
    fn tell(&mut self, world: u64, input: impl FnOnce(&mut Pipeline, Instant)) {
        let clock = self.clock(world);
        if self.drive == Drive::Deadlines {
            self.step_to(clock);
        }
        self.now = self.now.max(clock);
        input(&mut self.pipeline, Instant::from_micros(clock));
        self.read();
    }

    fn step_to(&mut self, clock: u64) {
        loop {
            let due = self.pipeline.poll_timeout().micros();
            if due >= clock {
                return;
            }
            self.now = self.now.max(due);
            self.pipeline.advance(Instant::from_micros(due));
            self.read();
            self.look_at_deadline();
        }
    }

    /// A deadline that was handled is over; else the loop would turn and turn.
    fn look_at_deadline(&mut self) {
        let due = self.pipeline.poll_timeout().micros();
        figures::deadline(due, self.now, &mut self.checker.book);
    }

    fn read(&mut self) {
        let mut any = false;
        while let Some(traced) = self.pipeline.poll_traced() {
            self.traced.hear(&traced);
        }
        while let Some(document) = self.pipeline.poll_document() {
            any = true;
            self.documents += 1;
            self.digest.add(document.topic.as_bytes());
            self.digest.add(&document.at.micros().to_le_bytes());
            self.digest.add(&[u8::from(document.retain), u8::from(document.critical)]);
            self.digest.add(document.payload.as_deref().unwrap_or("null").as_bytes());
            let params = self.checker.hear(&document, &self.doubts);
            if let Some(params) = params.filter(|_| !document.retain) {
                let at =
                    document.at.micros().saturating_add_signed(-self.offset).saturating_sub(START);
                self.oracle.hear(at, &params, &mut self.checker.book);
                self.tail.push(format!("{at} {} {params}", document.topic));
            }
        }
        if any {
            self.checker.calm(self.now, &mut self.doubts);
        }
    }

    fn link(&mut self, world: u64, link: Link) {
        let clock = self.clock(world).max(self.now);
        self.doubts.link(clock, link == Link::Up);
        self.tell(world, |pipeline, now| pipeline.tell(now, Input::Link(link)));
    }

    /// A message comes to lookout's end of the line.
    pub(crate) fn arrive(&mut self, world: u64, heard: Heard) {
        if self.cut || (self.drops > 0.0 && self.chance.hits(self.drops)) {
            return;
        }
        match (self.partition, self.asleep) {
            (Some(false), _) => {}
            (None, Some((since, true))) if world > since + SOCKET => {}
            (Some(true), _) | (None, Some(_)) => self.waiting.push(Arrival::Message(heard)),
            (None, None) => self.hear(world, &heard),
        }
    }

    fn hear(&mut self, world: u64, heard: &Heard) {
        self.messages += 1;
        self.given.calls += heard.count.calls;
        self.given.oneway += heard.count.oneway;
        self.given.others += heard.count.others;
        self.tell(world, |pipeline, now| pipeline.hear(now, &heard.message()));
        if let Some(service) = heard.called.as_ref().filter(|_| !heard.retain) {
            self.checker.called(service, self.now);
        }
    }

    /// It is noticed that the link is gone.
    pub(crate) fn notice(&mut self, world: u64) {
        self.when_awake(world, Arrival::Notice);
    }

    fn when_awake(&mut self, world: u64, arrival: Arrival) {
        if self.asleep.is_some() {
            self.waiting.push(arrival);
        } else {
            self.take(world, arrival);
        }
    }

    fn take(&mut self, world: u64, arrival: Arrival) {
        match arrival {
            Arrival::Message(heard) => self.hear(world, &heard),
            Arrival::Notice if self.broken => {
                self.broken = false;
                self.link(world, Link::Down);
            }
            Arrival::Notice => {}
            Arrival::Back => {
                self.take(world, Arrival::Notice);
                self.link(world, Link::Up);
            }
            Arrival::Change(change) => self.told(world, change),
        }
    }

    /// Whether what happens now is the end of a sleep, after which the connection is dead; and
    /// how long it takes to notice that.
    pub(crate) fn wakes_to_a_dead_link(&self) -> Option<u64> {
        matches!(self.asleep, Some((_, true))).then_some(300_000)
    }

    /// Something changes for all, or for lookout.
    pub(crate) fn change(&mut self, world: u64, change: Change) {
        match change {
            Change::Replicas(..) | Change::Component(..) | Change::Circuit(..) => {}
            _ => self.oracle.disturb(world, world),
        }
        match change {
            Change::LinkLost(_) => (self.cut, self.broken) = (true, true),
            Change::LinkBack => {
                self.cut = false;
                self.when_awake(world, Arrival::Back);
            }
            Change::Partition(keeps) => self.partition = Some(keeps),
            Change::PartitionOver => {
                self.partition = None;
                self.catch_up(world);
            }
            Change::Drops(share) => self.drops = share,
            Change::Pause => self.asleep = Some((world, false)),
            Change::Suspend => self.asleep = Some((world, true)),
            Change::Resume => self.resume(world),
            Change::Restart => self.restart(world),
            Change::WallStep(seconds) => self.wall += seconds * S as i64,
            Change::ClockJump(seconds) => self.jump(world, seconds),
            Change::BrokerDown | Change::BrokerUp => {}
            Change::Doubt(..)
            | Change::Replicas(..)
            | Change::Component(..)
            | Change::Circuit(..) => self.when_awake(world, Arrival::Change(change)),
        }
    }

    fn catch_up(&mut self, world: u64) {
        if self.asleep.is_some() {
            return;
        }
        for arrival in std::mem::take(&mut self.waiting) {
            self.take(world, arrival);
        }
    }

    fn resume(&mut self, world: u64) {
        let Some((since, clock_too)) = self.asleep.take() else { return };
        self.oracle.disturb(since, world);
        if clock_too {
            self.offset -= (world - since) as i64;
            (self.cut, self.broken) = (true, true);
        } else if world - since > 5 * S {
            self.pause(world, self.clock(since));
        }
        self.catch_up(world);
    }

    fn pause(&mut self, world: u64, since: u64) {
        let clock = self.clock(world);
        self.doubts.paused(since.max(self.now), clock);
        self.now = self.now.max(clock);
        let since = Instant::from_micros(since);
        self.pipeline.tell(Instant::from_micros(clock), Input::Paused(since));
        self.read();
    }

    fn jump(&mut self, world: u64, seconds: i64) {
        let before = self.clock(world);
        self.offset += seconds * S as i64;
        if seconds > 0 && self.clock(world) > self.now + 5 * S {
            self.pause(world, before);
        }
    }

    /// A new process: it knows nothing, and its clock is anchored anew.
    fn restart(&mut self, world: u64) {
        self.offset = self.wall;
        self.now = self.clock(world);
        self.pipeline = settings::pipeline(&self.settings, Instant::from_micros(self.now));
        let book = std::mem::take(&mut self.checker.book);
        self.checker = Checker::default();
        self.checker.book = book;
        self.doubts = Doubts::default();
        self.given = Count::default();
        self.traced = Told::default();
        self.waiting.clear();
        (self.asleep, self.partition, self.cut, self.broken) = (None, None, true, false);
        self.oracle.restarted(world);
        self.link(world, Link::Down);
        for reason in 0..3 {
            if self.told[usize::from(reason)] {
                self.told(world, Change::Doubt(reason, true));
            }
        }
    }

    fn told(&mut self, world: u64, change: Change) {
        match change {
            Change::Doubt(reason, on) => {
                self.told[usize::from(reason)] = on;
                let bit = reason + Doubt::Canary as u8;
                let clock = self.clock(world).max(self.now);
                self.doubts.reason(clock, bit, on);
                let doubt = [Doubt::Canary, Doubt::BrokerDrops, Doubt::Inbox][usize::from(reason)];
                self.tell(world, |pipeline, now| pipeline.tell(now, Input::Doubt(doubt, on)));
            }
            Change::Replicas(index, [running, ready, total], caused) => {
                let name = self.names[index].clone();
                let cause = caused.then_some("container_oom_killed");
                self.tell(world, |pipeline, now| {
                    let service = pipeline.service(&name);
                    let replicas = Replicas { service, running, ready, total, restarts: 0, cause };
                    pipeline.tell(now, Input::Replicas(replicas));
                });
            }
            Change::Component(which, healthy, definite, severity) => {
                let levels =
                    [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
                let report = Report {
                    name: ["postgresql", "emqx", "disk"][usize::from(which)],
                    kind: "probe",
                    healthy,
                    definite,
                    severity: levels[usize::from(severity)],
                    down: severity == 3,
                    message: "as the probe found it",
                    impact: Some("as_the_probe_has_it"),
                    details: Some(r#"{"a":1}"#),
                    advice: &["look".to_owned()],
                    took: Some(Span::from_millis(3)),
                };
                self.tell(world, |pipeline, now| pipeline.tell(now, Input::Component(report)));
            }
            Change::Circuit(index, mode) => {
                let modes = [Mode::Automatic, Mode::ForcedOpen, Mode::Disabled, Mode::ObserveOnly];
                let name = self.names[index].clone();
                self.tell(world, |pipeline, now| {
                    pipeline.tell(now, Input::Circuit(&name, modes[usize::from(mode)]));
                });
            }
            _ => {}
        }
    }

    /// A whole second of the world.
    pub(crate) fn second(&mut self, world: u64) {
        let clock = self.clock(world);
        if self.asleep.is_some() || clock < self.now {
            return self.oracle.disturb(world, world);
        }
        let whole = world.is_multiple_of(10 * S);
        if self.drive == Drive::Seldom && !whole {
            return;
        }
        self.tell(world, |pipeline, now| pipeline.advance(now));
        self.look_at_deadline();
        self.checker.second(clock, &mut self.doubts);
        if self.doubts.is_on(clock) {
            self.oracle.disturb(world.saturating_sub(10 * S), world);
        }
        let Self { oracle, checker, .. } = self;
        let mut book = Book::default();
        oracle.second(world, |service| checker.is_unavailable(service), &mut book);
        self.checker.book.0.append(&mut book.0);
        if whole {
            let snapshot = self.pipeline.snapshot(Instant::from_micros(clock));
            let limits = &self.settings.limits;
            figures::check(&snapshot, limits, &self.given, &mut self.checker.book);
            if self.settings.trace.enabled {
                traces::check(&snapshot, &self.traced, &mut self.checker.book);
            }
            self.checker.agrees(&snapshot, &mut self.doubts);
        }
    }

    /// The world ends; lookout settles what is open.
    pub(crate) fn finish(&mut self, world: u64) {
        if self.has_failed() {
            return;
        }
        if self.asleep.is_some() {
            self.resume(world);
        }
        // Each turn handles a deadline; the longest patience is 10 min, with a tick each second.
        let mut turns = 100_000;
        while !self.pipeline.is_settled() && turns > 0 {
            turns -= 1;
            self.now = self.now.max(self.pipeline.poll_timeout().micros());
            self.pipeline.advance(Instant::from_micros(self.now));
            self.read();
            self.look_at_deadline();
        }
        let book = &mut self.checker.book;
        book.hold(turns > 0, Rule::Deadline, || "it never settles".to_owned());
        let snapshot = self.pipeline.snapshot(Instant::from_micros(self.now));
        figures::settled(&snapshot, &self.given, book);
        if self.settings.trace.enabled {
            traces::check(&snapshot, &self.traced, book);
        }
    }
}

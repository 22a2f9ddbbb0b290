//! What a world will be: its services, their phases, and everything that will go wrong.
//!
//! Drawn from the seed before anything happens, so that the oracles know the truth and a test
//! can count how often each fault occurs without running a world. Times are microseconds since
//! the world began. Some services are protected: no message of theirs is lost or goes to a
//! service that is down, but in the phases that the plan names; only of them an oracle speaks.

use crate::chance::Chance;

/// A second, in microseconds.
pub(crate) const S: u64 = 1_000_000;
const MS: u64 = 1_000;

/// What the world knows, and lookout has to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Protected; never worse than a restart of 5 s.
    Healthy,
    /// Protected; healthy but for total outages.
    Failing,
    /// Anything goes.
    Troubled,
    /// Its replies go where lookout does not listen.
    Deaf,
    /// Made-up names that nobody answers to.
    Strangers,
}

/// How a call looks on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON-RPC with a small integer as id, of one of many sessions.
    Session,
    /// JSON-RPC with a text as id and `replyTo`.
    ReplyTo,
    /// JSON-RPC with a text as id that leaves open where the reply goes.
    Nowhere,
    /// MQTT 5: Response Topic and Correlation Data.
    Response,
    /// A service-call document.
    Document,
    /// Topics that say everything.
    Topic,
    /// Several calls at once.
    Batch,
    /// No reply is expected.
    OneWay,
    /// The reply goes where lookout does not listen.
    Uncovered,
}

/// What a service takes for an answer, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Latency {
    /// Median and sigma, never above the last.
    Usual(u64, f64, u64),
    /// Least and alpha, never above the last.
    Heavy(u64, f64, u64),
}

/// What is wrong in a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// Killed and started again: what it worked on is lost, for 5 s nobody is there.
    Restart,
    /// Nobody is there.
    Down,
    /// So many times slower.
    Slow(f64),
    /// This share of its replies is lost.
    Lossy(f64),
    /// This share of its replies is an error of its own.
    Erring(f64),
    /// Callers send what it must reject.
    CallerErrors,
    /// Callers send each call again after a second.
    Retries,
    /// Nobody calls.
    Idle,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) trouble: Trouble,
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Mean time between calls, and whether they come evenly.
    pub(crate) interval: (u64, bool),
    pub(crate) latency: Latency,
    /// Shares of rejected and failed calls on a good day.
    pub(crate) errors: (f64, f64),
    pub(crate) forms: Vec<Form>,
    pub(crate) methods: u64,
    /// Sessions that call it, and how many ids each uses before it begins again.
    pub(crate) sessions: (u64, u64),
    pub(crate) phases: Vec<Phase>,
    /// The service it calls to answer, by its index.
    pub(crate) calls: Option<usize>,
}

impl Service {
    pub(crate) fn protected(&self) -> bool {
        matches!(self.role, Role::Healthy | Role::Failing)
    }
}

/// Something that changes for all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// lookout's connection breaks; it notices so much later.
    LinkLost(u64),
    /// It is back, subscriptions granted.
    LinkBack,
    /// No message reaches lookout, and nothing tells it; what is missed is lost or (true) kept
    /// for later.
    Partition(bool),
    PartitionOver,
    /// A reason to doubt the ears is told, or (false) withdrawn: canary, broker drops, inbox.
    Doubt(u8, bool),
    /// This share of all messages to lookout is lost.
    Drops(f64),
    /// The broker is gone for everyone, and back.
    BrokerDown,
    BrokerUp,
    /// lookout's process stands still, and goes on.
    Pause,
    Resume,
    /// lookout's machine sleeps: its clock stands still too.
    Suspend,
    /// A new process takes over.
    Restart,
    /// The wall clock is set by so many seconds. A running lookout does not care.
    WallStep(i64),
    /// The time handed in jumps by so many seconds.
    ClockJump(i64),
    /// Replicas of a service: running, ready, total, with a cause.
    Replicas(usize, [u32; 3], bool),
    /// A component's check: which, healthy, definite, severity.
    Component(u8, bool, bool, u8),
    /// An operator sets a circuit: automatic, forced open, disabled, observe only.
    Circuit(usize, u8),
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) length: u64,
    pub(crate) services: Vec<Service>,
    pub(crate) changes: Vec<(u64, Change)>,
    /// Bounds so small that they are hit.
    pub(crate) tight: bool,
    /// Few open calls are allowed.
    pub(crate) few_open: bool,
    pub(crate) learn: bool,
    pub(crate) dependencies: bool,
    /// Whether calls are traced.
    pub(crate) traced: bool,
    /// Share of messages of unprotected services that lookout does not hear.
    pub(crate) loss: f64,
    /// Share of messages that come twice.
    pub(crate) duplicates: f64,
    /// Share of messages that take their time.
    pub(crate) detours: f64,
    /// The time handed in is sometimes wrong.
    pub(crate) odd_clock: bool,
    /// What was drawn, for counting.
    pub(crate) kinds: Vec<&'static str>,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let tight = chance.hits(0.25);
        let mut plan = Self {
            seed,
            length: chance.between(600, 1_200) * S,
            services: Vec::new(),
            changes: Vec::new(),
            tight,
            few_open: tight && chance.hits(0.5),
            learn: chance.hits(0.3),
            // What is told as traces changes nothing else.
            traced: seed.is_multiple_of(2),
            dependencies: chance.hits(0.5),
            loss: if chance.hits(0.6) { 0.01 * chance.unit() } else { 0.0 },
            duplicates: if chance.hits(0.6) { 0.03 } else { 0.0 },
            detours: if chance.hits(0.6) { 0.05 } else { 0.0 },
            odd_clock: chance.hits(0.15),
            kinds: Vec::new(),
        };
        plan.services(&mut chance);
        crate::faults::add(&mut plan, &mut chance);
        for (share, kind) in
            [(plan.loss, "loss"), (plan.duplicates, "duplicates"), (plan.detours, "reordering")]
        {
            if share > 0.0 {
                plan.kinds.push(kind);
            }
        }
        for (on, kind) in [(tight, "small bounds"), (plan.few_open, "few open calls")] {
            if on {
                plan.kinds.push(kind);
            }
        }
        plan
    }

    fn services(&mut self, chance: &mut Chance) {
        if chance.hits(0.25) {
            self.brisk(chance);
        }
        let rare = (chance.between(6, 30) * S, true);
        let latency = Latency::Usual(chance.between(10, 300) * MS, 0.6, 1_200 * MS);
        let one = [Form::Session, Form::ReplyTo, Form::Response, Form::Document, Form::Topic];
        self.add("Archive", Role::Healthy, rare, latency, &one);
        self.kinds.push("heavy tail");
        let even = (chance.between(1_000, 4_000) * MS, false);
        let tail = Latency::Heavy(chance.between(5, 30) * MS, 1.5, 20 * S);
        let forms = [Form::Session, Form::Batch, Form::Response, Form::Nowhere, Form::OneWay];
        self.add("Search", Role::Healthy, even, tail, &forms);
        let steady = (chance.between(700, 830) * MS, true);
        let latency = Latency::Usual(chance.between(10, 80) * MS, 0.5, 400 * MS);
        let forms = [*chance.pick(&one), *chance.pick(&one)];
        self.add("Users", Role::Failing, steady, latency, &forms);
        let failing = self.services.len() - 1;
        for name in ["Orders", "Billing", "Mail 2%"].iter().take(chance.between(1, 4) as usize) {
            let interval = (chance.between(1_000, 8_000) * MS, chance.hits(0.3));
            let latency = if chance.hits(0.5) {
                Latency::Usual(chance.between(5, 900) * MS, 0.8, 30 * S)
            } else {
                Latency::Heavy(chance.between(5, 200) * MS, 1.1, 60 * S)
            };
            let all = [
                Form::Session,
                Form::ReplyTo,
                Form::Nowhere,
                Form::Response,
                Form::Document,
                Form::Topic,
                Form::Batch,
                Form::OneWay,
                Form::Uncovered,
            ];
            let forms: Vec<Form> = (0..3).map(|_| *chance.pick(&all)).collect();
            self.add(name, Role::Troubled, interval, latency, &forms);
            let service = self.services.last_mut().unwrap();
            service.errors = (chance.unit() * 0.3, chance.unit() * 0.05);
            service.sessions = *chance.pick(&[(1, 5), (3, 20), (40, 3), (200, 100)]);
        }
        if self.dependencies || self.learn || chance.hits(0.3) {
            self.kinds.push("service to service");
            let interval = (chance.between(1_000, 4_000) * MS, false);
            let latency = Latency::Usual(20 * MS, 0.5, S);
            self.add("Checkout", Role::Troubled, interval, latency, &[Form::Session]);
            self.services.last_mut().unwrap().calls = Some(failing);
        }
        if chance.hits(0.3) {
            self.kinds.push("deaf pair");
            let latency = Latency::Usual(20 * MS, 0.5, S);
            self.add("Deaf", Role::Deaf, (5 * S, false), latency, &[Form::Session]);
        }
        if chance.hits(if self.tight { 0.7 } else { 0.1 }) {
            self.kinds.push("strangers");
            let interval = (chance.between(1_000, 9_000) * MS, false);
            let never = Latency::Usual(S, 0.5, S);
            self.add("Made-up", Role::Strangers, interval, never, &[Form::Session, Form::OneWay]);
        }
    }

    /// Called often and evenly, so that a restart of 5 s is no silence of 6 s; and not for long,
    /// as every call costs the test some time.
    fn brisk(&mut self, chance: &mut Chance) {
        let latency = Latency::Usual(chance.between(5, 60) * MS, 0.4, 250 * MS);
        self.add("Brisk", Role::Healthy, (270 * MS, true), latency, &[Form::Session]);
        let begin = chance.below(self.length / 2);
        let service = self.services.last_mut().unwrap();
        // An error just before a restart would make that last longer than 6 s.
        service.errors.1 = 0.0;
        let idle = |from, to| Phase { from, to, trouble: Trouble::Idle };
        service.phases = vec![idle(0, begin), idle(begin + 250 * S, self.length)];
    }

    fn add(
        &mut self,
        name: &str,
        role: Role,
        interval: (u64, bool),
        latency: Latency,
        forms: &[Form],
    ) {
        self.services.push(Service {
            name: name.to_owned(),
            role,
            interval,
            latency,
            errors: (0.02, 0.002),
            forms: forms.to_vec(),
            methods: if self.tight { 9 } else { 3 },
            sessions: (50, 40),
            phases: Vec::new(),
            calls: None,
        });
    }
}

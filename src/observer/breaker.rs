//! One circuit: closed, open, half-open, and why it moved.
//!
//! A plain machine: `record` takes settled calls, `tick` takes the time, both may give a
//! [`Transition`]. It judges only calls made after its last transition; void calls are not
//! recorded at all, which frees their trial. An open circuit waits for its own time, doubled on
//! each failed trial, or, if it was opened ahead of a cascade, for the service it depends on.
//! Rules after Resilience4j (rates with a minimum) and Envoy (consecutive failures).

use super::evidence::{Evidence, Few, Mark, Settled, Silence, Tally, Which};
use super::good::Good;
use super::input::StandingCircuit;
use super::settings::CircuitPolicy;
use super::snapshot::CircuitFigures;
use super::time::Instant;

pub use super::state::{Cause, Mode, State, Transition};

#[derive(Clone, Copy, Debug, Default)]
enum Phase {
    #[default]
    Closed,
    /// Until the moment; `None` waits for the service it depends on.
    Open(Option<Instant>),
    HalfOpen {
        answered: u32,
        failed: u32,
    },
}

/// What a circuit goes by beside its own evidence.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The numbers.
    pub policy: &'a CircuitPolicy,
    /// How silent the service is.
    pub silence: Silence,
    /// lookout doubts itself: no rule may open it; a trial goes on.
    pub doubt: bool,
}

/// One circuit.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    mode: Mode,
    phase: Phase,
    evidence: Evidence,
    /// When it last moved: earlier calls change nothing.
    moved: Option<Instant>,
    /// When it left the closed state, while it is not to be called freely.
    opened: Option<Instant>,
    open_count: u32,
    /// Observe-only: the trip was reported.
    reported: bool,
    /// State of its jitter.
    random: u64,
    /// Why it last moved.
    cause: Option<Cause>,
    /// When a transition was last told.
    told_at: Option<Instant>,
    /// How often it moved to each of [`State::ALL`].
    transitions: [u32; 6],
}

impl Breaker {
    /// A circuit of a service just met, whose jitter follows from `seed`, and the transition
    /// to be told if its mode keeps it from being closed.
    pub fn new(seed: u64, mode: Mode) -> (Self, Option<Transition>) {
        let breaker = Self { random: seed, mode, ..Self::default() };
        let told = breaker.state() != State::Closed;
        let transition = told.then(|| breaker.told(State::Closed, Cause::Manual, (0, 0)));
        (breaker, transition)
    }

    /// What it tells callers.
    pub const fn state(&self) -> State {
        match (self.mode, self.phase) {
            (Mode::ForcedOpen, _) => State::ForcedOpen,
            (Mode::Disabled, _) => State::Disabled,
            (Mode::ObserveOnly, _) if self.reported => State::ObserveOnly,
            (Mode::ObserveOnly, _) | (_, Phase::Closed) => State::Closed,
            (_, Phase::Open(_)) => State::Open,
            (_, Phase::HalfOpen { .. }) => State::HalfOpen,
        }
    }

    /// Why it last moved.
    pub const fn cause(&self) -> Option<Cause> {
        self.cause
    }

    /// How it stands, and how it behaves.
    pub fn figures(&self) -> CircuitFigures {
        CircuitFigures {
            mode: self.mode,
            state: self.state(),
            cause: self.cause,
            since: self.told_at,
            retry_after: self.deadline(),
            open_count: self.open_count,
            transitions: self.transitions,
        }
    }

    /// Keeps when a transition is told, and counts it.
    pub(super) fn count(&mut self, now: Instant, transition: &Transition) {
        self.told_at = Some(now);
        if let Some(count) = self.transitions.get_mut(transition.to as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// When [`Breaker::tick`] has something to do.
    pub const fn deadline(&self) -> Option<Instant> {
        match (self.mode, self.phase) {
            (Mode::Automatic, Phase::Open(until)) => until,
            _ => None,
        }
    }

    /// Whether time alone can change nothing but the end of an open time: fewer than `few`
    /// failures are in sight, and no slow call.
    pub fn is_calm(&self, few: &Few) -> bool {
        let calm = self.evidence.is_calm(few) && !self.evidence.is_slow();
        calm || !self.is_closed()
    }

    /// Whether it counts calls, be they obeyed or not, rather than wait or try.
    pub const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Calls made up to this moment change nothing.
    pub fn floor(&self) -> Instant {
        self.moved.unwrap_or_default()
    }

    /// Takes good replies that can change nothing, but count; see [`super::calm`].
    pub fn note(&mut self, calls: &Good) {
        if self.has_rules() && self.is_closed() {
            self.evidence.record_good(calls);
        }
    }

    const fn has_rules(&self) -> bool {
        matches!(self.mode, Mode::Automatic | Mode::ObserveOnly)
    }

    /// Gives memory back that a quiet service does not need.
    pub fn rest(&mut self, now: Instant) {
        self.evidence.roll(now);
        self.evidence.rest();
    }

    /// Drops all evidence; see `verdict`. Trials under way go on.
    pub fn forget(&mut self, now: Instant) {
        if let Phase::Closed = self.phase {
            self.evidence.clear();
            self.moved = self.moved.max(Some(now));
        }
    }

    /// Takes up how it stood before, if it follows the rules and has not moved: open for as long
    /// as was said, but not longer than an open time may be, or half-open, for a new trial. One
    /// that waited for another service waits for its own time now. Whether it did.
    pub fn restore(
        &mut self,
        now: Instant,
        before: &StandingCircuit,
        policy: &CircuitPolicy,
    ) -> bool {
        if self.mode != Mode::Automatic || self.moved.is_some() {
            return false;
        }
        self.phase = match before.state {
            State::Open => {
                let until = before.retry_after.unwrap_or(now + policy.open_timeout);
                Phase::Open(Some(until.clamp(now, now + policy.max_open_timeout)))
            }
            State::HalfOpen => Phase::HalfOpen { answered: 0, failed: 0 },
            _ => return false,
        };
        self.cause = before.cause;
        self.moved = Some(now);
        self.opened = Some(before.since.min(now));
        self.open_count = before.open_count.max(1);
        true
    }

    /// Takes a settled call; never a void one.
    pub fn record(&mut self, call: Settled, setting: &Setting<'_>) -> Option<Transition> {
        if !self.has_rules() || self.moved.is_some_and(|moved| call.made <= moved) {
            return None;
        }
        match self.phase {
            Phase::Closed => {
                self.evidence.keep_for(setting.policy.window);
                self.evidence.record(call);
                // A call that is neither failed nor slow can still complete a rate.
                if self.is_calm(&Few::NONE) { None } else { self.trip(call.at, setting) }
            }
            Phase::Open(_) => None,
            Phase::HalfOpen { answered, failed } => self.trial(call, answered, failed, setting),
        }
    }

    /// Takes the time.
    pub fn tick(&mut self, now: Instant, setting: &Setting<'_>) -> Option<Transition> {
        match self.phase {
            Phase::Open(Some(until)) if self.mode == Mode::Automatic && until <= now => {
                let half = Phase::HalfOpen { answered: 0, failed: 0 };
                Some(self.go(half, now, Cause::OpenTimeout, (0, 0)))
            }
            Phase::Closed => {
                self.evidence.roll(now);
                if self.is_calm(&Few::NONE) { None } else { self.trip(now, setting) }
            }
            _ => None,
        }
    }

    /// Opens ahead of a cascade. Only a closed circuit that follows the rules does.
    pub fn open_ahead(&mut self, now: Instant) -> Option<Transition> {
        let closed = matches!((self.mode, self.phase), (Mode::Automatic, Phase::Closed));
        closed.then(|| {
            self.open_count += 1;
            self.go(Phase::Open(None), now, Cause::DependencyUnavailable, (0, 0))
        })
    }

    /// The service it waits for is back.
    pub fn dependency_recovered(&mut self, now: Instant) -> Option<Transition> {
        let waits = matches!((self.mode, self.phase), (Mode::Automatic, Phase::Open(None)));
        let half = Phase::HalfOpen { answered: 0, failed: 0 };
        waits.then(|| self.go(half, now, Cause::DependencyRecovered, (0, 0)))
    }

    /// An operator sets how it behaves; it starts afresh. The same mode again says nothing.
    pub fn set_mode(&mut self, mode: Mode, now: Instant) -> Option<Transition> {
        if mode == self.mode {
            return None;
        }
        let from = self.state();
        self.mode = mode;
        self.reported = false;
        self.open_count = 0;
        let transition = self.go(Phase::Closed, now, Cause::Manual, (0, 0));
        (transition.to != from).then_some(Transition { from, ..transition })
    }

    /// Closed: opens if a rule says so. If two cross at once the consecutive one is named.
    fn trip(&mut self, now: Instant, setting: &Setting<'_>) -> Option<Transition> {
        if setting.doubt || self.reported || self.mode == Mode::Disabled {
            return None;
        }
        let (cause, counts) = self.crossed(now, setting)?;
        if self.mode == Mode::ObserveOnly {
            self.reported = true;
            return Some(self.told(State::Closed, cause, counts));
        }
        self.open_count = self.open_count.saturating_add(1);
        let until = self.open_until(now, setting.policy);
        Some(self.go(Phase::Open(Some(until)), now, cause, counts))
    }

    /// The rule that is crossed, with the settled calls and failures behind it.
    fn crossed(&self, now: Instant, setting: &Setting<'_>) -> Option<(Cause, (u32, u32))> {
        let (policy, all) = (setting.policy, Mark::default());
        let (evidence, run) = (&self.evidence, policy.consecutive);
        let most = f64::from(evidence.most_failures());
        let rate =
            policy.failure_rate > 0.0 && most >= policy.failure_rate * f64::from(policy.min_calls);
        if !rate && most < f64::from(run.max(1)) && policy.slow_call.is_none() {
            return None; // The common case: some calls fail, and not nearly enough.
        }
        if run > 0 && evidence.silent(run, all, &setting.silence) {
            return Some((Cause::ConsecutiveUnanswered, (run, run)));
        }
        let least = policy.min_calls.max(1);
        let reached = |failures: u32, settled: u32| {
            policy.failure_rate > 0.0
                && f64::from(failures) >= policy.failure_rate * f64::from(settled)
        };
        let long = evidence.over(now, policy.window, all);
        let counted = if long.tally.settled < least {
            evidence.of_last(now, least, all, policy.min_silence)
        } else if reached(long.tally.failures(), long.tally.settled) {
            Some((long.tally, evidence.lasting_failures(&long, policy.min_silence)))
        } else {
            // Whatever of them lasts is not more than all of them.
            Some((long.tally, 0))
        };
        if let Some((tally, failures)) = counted
            && reached(failures, tally.settled)
        {
            return Some((Cause::FailureRate, (tally.settled, tally.failures())));
        }
        let burst = evidence.over(now, policy.burst_window, all);
        let Tally { settled, .. } = burst.tally;
        let failures = burst.tally.failures();
        if settled >= least
            && reached(failures, settled)
            && evidence.lasts(&burst, Which::All, policy.min_silence)
        {
            return Some((Cause::FailureRate, (settled, failures)));
        }
        let slow = policy.slow_call?;
        let (tally, _) = counted?;
        let reached = f64::from(tally.slow) >= slow.rate * f64::from(tally.settled);
        reached.then_some((Cause::SlowCallRate, (tally.settled, tally.failures())))
    }

    /// Half-open: one more call of the trial settled.
    fn trial(
        &mut self,
        call: Settled,
        answered: u32,
        failed: u32,
        setting: &Setting<'_>,
    ) -> Option<Transition> {
        let policy = setting.policy;
        let slow = call.slow && policy.slow_call.is_some();
        let good = !call.outcome.against() && !slow;
        let (answered, failed) = (answered + u32::from(good), failed + u32::from(!good));
        self.phase = Phase::HalfOpen { answered, failed };
        let counts = (answered + failed, failed);
        let first = answered + failed <= policy.trial_calls && failed >= policy.trial_failures;
        // A trial that fails on and on without ever reaching its goal must end too.
        let hopeless = failed >= policy.trial_failures.max(policy.trial_calls);
        if !call.outcome.answered() || first || hopeless {
            self.open_count = self.open_count.saturating_add(1);
            let until = self.open_until(call.at, policy);
            return Some(self.go(Phase::Open(Some(until)), call.at, Cause::TrialFailed, counts));
        }
        if answered < policy.trial_calls {
            return None;
        }
        let transition = self.go(Phase::Closed, call.at, Cause::TrialSucceeded, counts);
        self.open_count = 0;
        Some(transition)
    }

    /// The end of the open time that begins now: doubled per opening in a row, with jitter,
    /// never beyond the cap.
    fn open_until(&mut self, now: Instant, policy: &CircuitPolicy) -> Instant {
        let doublings = self.open_count.saturating_sub(1).min(32);
        let base = policy.open_timeout.times(1 << doublings).min(policy.max_open_timeout);
        // SplitMix64 (Steele, Lea and Flood, 2014), the top 53 bits as a share of one.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let share = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        let jitter = 1.0 + policy.jitter * (2.0 * share - 1.0);
        now + base.scaled(jitter).min(policy.max_open_timeout)
    }

    fn go(&mut self, to: Phase, now: Instant, cause: Cause, counts: (u32, u32)) -> Transition {
        let from = self.state();
        self.phase = to;
        self.cause = Some(cause);
        self.moved = Some(now);
        self.evidence.clear();
        let mut open_for = None;
        match self.state() {
            State::Open | State::HalfOpen | State::ForcedOpen => {
                self.opened.get_or_insert(now);
            }
            State::Closed => open_for = self.opened.take().map(|opened| now.since(opened)),
            State::Disabled | State::ObserveOnly => self.opened = None,
        }
        Transition { open_for, ..self.told(from, cause, counts) }
    }

    fn told(&self, from: State, cause: Cause, (requests, failures): (u32, u32)) -> Transition {
        Transition {
            from,
            to: self.state(),
            cause,
            requests,
            failures,
            open_count: self.open_count,
            retry_after: self.deadline(),
            open_for: None,
        }
    }
}

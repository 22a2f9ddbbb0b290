//! A circuit as the manual describes it, in the most naive way: all calls since the last
//! transition in one list, and every rule a search through it.
//!
//! Written from chapter 4 of the manual. Where that leaves a choice, the line says which.

use lookout::observer::breaker::{Cause, Mode, State};
use lookout::observer::call::Outcome;
use lookout::observer::evidence::Settled;
use lookout::observer::settings::CircuitPolicy;
use lookout::observer::{Instant, Span};

const HOUR: Span = Span::from_secs(3600);

/// What a transition says: from, to, why, settled, failures, openings in a row, and how long it
/// was not closed.
pub(crate) type Told = (State, State, Cause, usize, usize, u32, Option<Span>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Closed,
    Open,
    HalfOpen,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) policy: CircuitPolicy,
    mode: Mode,
    is: Is,
    /// When an open circuit goes half-open; told by the circuit, as jitter is its own.
    pub(crate) until: Option<Instant>,
    moved: Option<Instant>,
    /// Calls made after the last transition, in the order they settled.
    calls: Vec<Settled>,
    opened: Option<Instant>,
    openings: u32,
    observed: bool,
}

impl Model {
    pub(crate) fn new(policy: CircuitPolicy) -> Self {
        Self {
            policy,
            mode: Mode::Automatic,
            is: Is::Closed,
            until: None,
            moved: None,
            calls: Vec::new(),
            opened: None,
            openings: 0,
            observed: false,
        }
    }

    pub(crate) fn state(&self) -> State {
        match (self.mode, self.is) {
            (Mode::ForcedOpen, _) => State::ForcedOpen,
            (Mode::Disabled, _) => State::Disabled,
            (Mode::ObserveOnly, _) if self.observed => State::ObserveOnly,
            (Mode::ObserveOnly, _) | (_, Is::Closed) => State::Closed,
            (_, Is::Open) => State::Open,
            (_, Is::HalfOpen) => State::HalfOpen,
        }
    }

    /// The open time without its jitter: doubled with each failed trial, up to the cap.
    pub(crate) fn open_time(&self) -> f64 {
        let base = self.policy.open_timeout.micros() as f64;
        let doubled = base * 2_f64.powi(self.openings as i32 - 1);
        doubled.min(self.policy.max_open_timeout.micros() as f64)
    }

    pub(crate) fn record(
        &mut self,
        call: Settled,
        heard: Option<Instant>,
        doubt: bool,
    ) -> Option<Told> {
        let judged = matches!(self.mode, Mode::Automatic | Mode::ObserveOnly);
        if !judged || self.is == Is::Open || self.moved.is_some_and(|moved| call.made <= moved) {
            return None;
        }
        self.calls.push(call);
        if self.is == Is::Closed { self.look(call.at, heard, doubt) } else { self.try_out(call.at) }
    }

    pub(crate) fn tick(
        &mut self,
        now: Instant,
        heard: Option<Instant>,
        doubt: bool,
    ) -> Option<Told> {
        match self.is {
            Is::Closed => self.look(now, heard, doubt),
            Is::Open if self.until.is_some_and(|until| until <= now) => {
                Some(self.go(Is::HalfOpen, now, Cause::OpenTimeout, 0, 0))
            }
            _ => None,
        }
    }

    pub(crate) fn open_ahead(&mut self, now: Instant) -> Option<Told> {
        (self.mode == Mode::Automatic && self.is == Is::Closed).then(|| {
            self.openings += 1;
            self.go(Is::Open, now, Cause::DependencyUnavailable, 0, 0)
        })
    }

    pub(crate) fn dependency_recovered(&mut self, now: Instant) -> Option<Told> {
        let waits = self.is == Is::Open && self.until.is_none();
        waits.then(|| self.go(Is::HalfOpen, now, Cause::DependencyRecovered, 0, 0))
    }

    pub(crate) fn set_mode(&mut self, mode: Mode, now: Instant) -> Option<Told> {
        if mode == self.mode {
            return None;
        }
        let from = self.state();
        (self.mode, self.observed, self.openings) = (mode, false, 0);
        let (_, to, cause, ..) = self.go(Is::Closed, now, Cause::Manual, 0, 0);
        (from != to).then_some((from, to, cause, 0, 0, 0, None))
    }

    /// lookout could not hear, or a silence ended: what was before is not judged.
    pub(crate) fn forget(&mut self, now: Instant) {
        if self.is == Is::Closed {
            self.calls.clear();
            self.moved = self.moved.max(Some(now));
        }
    }

    /// Closed: does a rule say that it opens?
    fn look(&mut self, now: Instant, heard: Option<Instant>, doubt: bool) -> Option<Told> {
        let judged = matches!(self.mode, Mode::Automatic | Mode::ObserveOnly);
        if doubt || !judged || self.observed {
            return None;
        }
        let (cause, settled, failures) = self.crossed(now, heard)?;
        if self.mode == Mode::ObserveOnly {
            self.observed = true;
            let (from, to) = (State::Closed, State::ObserveOnly);
            return Some((from, to, cause, settled, failures, 0, None));
        }
        self.openings += 1;
        Some(self.go(Is::Open, now, cause, settled, failures))
    }

    fn crossed(&self, now: Instant, heard: Option<Instant>) -> Option<(Cause, usize, usize)> {
        let policy = &self.policy;
        // Rings of 1 s buckets, the current one included.
        let within = |span: Span| -> Vec<Settled> {
            let secs = span.micros().div_ceil(1_000_000);
            let inside =
                |call: &&Settled| u64::from(call.at.second()) + secs > now.micros() / 1_000_000;
            self.calls.iter().filter(inside).copied().collect()
        };
        let last = |count: u32, oldest: Span| -> Option<Vec<Settled>> {
            let young = self.calls.iter().rev().filter(|call| now.since(call.at) <= oldest);
            let last: Vec<Settled> = young.take(count as usize).copied().collect();
            (last.len() == count as usize).then_some(last)
        };
        let failures = |calls: &[Settled]| calls.iter().filter(|c| c.outcome.against()).count();

        let ever = Span::from_micros(u64::MAX);
        if let Some(run) = last(policy.consecutive, ever).filter(|run| !run.is_empty())
            && run.iter().all(|call| call.outcome == Outcome::Unanswered)
        {
            let first = run.iter().map(|call| call.made).min().unwrap();
            let silent = |heard| heard < first && now.since(heard) >= policy.min_silence;
            if heard.is_none_or(silent) {
                return Some((Cause::ConsecutiveUnanswered, run.len(), run.len()));
            }
        }

        let least = policy.min_calls.max(1);
        let long = within(policy.window);
        let enough = long.len() >= least as usize;
        let long = if enough { Some(long) } else { last(least, HOUR) };
        let rate = |part: usize, calls: &[Settled]| part as f64 / calls.len() as f64;
        let on = policy.failure_rate > 0.0;
        // As `circuit.min_silence` says: unanswered calls count once they were made over it.
        if let Some(long) = long.as_deref().filter(|long| {
            let unanswered: Vec<_> =
                long.iter().filter(|c| c.outcome == Outcome::Unanswered).collect();
            let lasting = lasts(&unanswered, policy.min_silence, enough);
            let counted = failures(long) - if lasting { 0 } else { unanswered.len() };
            on && rate(counted, long) >= policy.failure_rate
        }) {
            return Some((Cause::FailureRate, long.len(), failures(long)));
        }
        let burst = within(policy.burst_window);
        let failed: Vec<_> = burst.iter().filter(|call| call.outcome.against()).collect();
        if on
            && burst.len() >= least as usize
            && !failed.is_empty()
            && lasts(&failed, policy.min_silence, true)
            && rate(failed.len(), &burst) >= policy.failure_rate
        {
            return Some((Cause::FailureRate, burst.len(), failed.len()));
        }
        // The manual names no span for slow calls: the same as for the rate that is no burst.
        let (slow, long) = (policy.slow_call?, long?);
        let count = long.iter().filter(|call| call.slow).count();
        let reached = rate(count, &long) >= slow.rate;
        reached.then(|| (Cause::SlowCallRate, long.len(), failures(&long)))
    }

    /// Half-open: what do the calls since say?
    fn try_out(&mut self, now: Instant) -> Option<Told> {
        let policy = &self.policy;
        // A slow trial is no success where slow calls are judged.
        let bad =
            |call: &Settled| call.outcome.against() || call.slow && policy.slow_call.is_some();
        let failed = self.calls.iter().filter(|call| bad(call)).count();
        let answered = self.calls.len() - failed;
        let first = self.calls.iter().take(policy.trial_calls as usize);
        let failed_first = first.filter(|call| bad(call)).count();
        let unanswered = self.calls.iter().any(|call| call.outcome == Outcome::Unanswered);
        // The manual lets a trial with one good call and any number of failed ones after the
        // first three go on for ever; the circuit ends it when as many have failed as it takes
        // good ones to close it.
        let hopeless = failed >= policy.trial_calls.max(policy.trial_failures) as usize;
        let settled = self.calls.len();
        if unanswered || failed_first >= policy.trial_failures as usize || hopeless {
            self.openings += 1;
            return Some(self.go(Is::Open, now, Cause::TrialFailed, settled, failed));
        }
        if answered < policy.trial_calls as usize {
            return None;
        }
        let told = self.go(Is::Closed, now, Cause::TrialSucceeded, settled, failed);
        self.openings = 0;
        Some(told)
    }

    fn go(&mut self, to: Is, now: Instant, cause: Cause, settled: usize, failures: usize) -> Told {
        let from = self.state();
        if self.is == Is::Closed && to != Is::Closed {
            self.opened = Some(now);
        }
        let closes = to == Is::Closed;
        let open_for = self.opened.filter(|_| closes).map(|opened| now.since(opened));
        if closes {
            self.opened = None;
        }
        (self.is, self.until, self.moved) = (to, None, Some(now));
        self.calls.clear();
        (from, self.state(), cause, settled, failures, self.openings, open_for)
    }
}

/// Whether these were made over longer than `least`: two of them, and a tenth, outside any
/// stretch of it. Those of a span are known by the second they settled in, how they did, and in
/// at most three groups of those that were made within a second of each other.
fn lasts(calls: &[&Settled], least: Span, by_second: bool) -> bool {
    if calls.is_empty() || least == Span::ZERO {
        return !calls.is_empty();
    }
    let mut groups: Vec<Vec<&Settled>> = Vec::new();
    for call in calls {
        let cell = |group: &&mut Vec<&Settled>| {
            let same = group[0].at.second() == call.at.second();
            by_second && same && group[0].outcome == call.outcome
        };
        let mut cell: Vec<_> = groups.iter_mut().filter(cell).collect();
        let full = cell.len() == 3;
        cell.sort_by_key(|group| gap(group, call));
        let near = |group: &&mut Vec<&Settled>| full || gap(group, call) <= Span::from_secs(1);
        match cell.into_iter().next().filter(near) {
            Some(group) => group.push(call),
            None => groups.push(vec![call]),
        }
    }
    let made = || calls.iter().map(|call| call.made);
    if made().max().unwrap().since(made().min().unwrap()) < least {
        return false;
    }
    let outside = |from: Instant| {
        let inside =
            |group: &&Vec<&Settled>| group.iter().all(|c| c.made >= from && c.made < from + least);
        let count: usize = groups.iter().filter(inside).map(Vec::len).sum();
        calls.len() - count
    };
    let starts = groups.iter().map(|group| group.iter().map(|call| call.made).min().unwrap());
    starts.map(outside).min().unwrap() >= (calls.len() / 10).max(2)
}

/// How far from the calls of a group another one was made.
fn gap(group: &[&Settled], call: &Settled) -> Span {
    let made = || group.iter().map(|call| call.made);
    let (first, last) = (made().min().unwrap(), made().max().unwrap());
    first.since(call.made).max(call.made.since(last))
}

//! How a service stands, and what of that is said aloud.
//!
//! A change of verdict or of reason is said once, and a bad verdict again every five minutes
//! while the service is called. One that changes too often is said to flap, and then nothing
//! more until it has been calm for as long as flapping is measured over.

use super::settings::VerdictPolicy;
use super::time::{Instant, Span};
use super::verdict::{Reason, Verdict};
use std::collections::VecDeque;

/// Something to say about a service's standing.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It is bad, for the n-th time.
    Bad(Verdict, Reason, u32),
    /// It is well again; what it was, and for how long.
    Recovered(Verdict, Span),
}

/// How a service stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    verdict: Verdict,
    reason: Option<Reason>,
    /// When what was last said as bad began to be so.
    since: Instant,
    /// What was last said as bad, until recovery is said.
    said: Option<Verdict>,
    last_said: Instant,
    repeats: u32,
    /// Changes of verdict within the span of flapping.
    changes: VecDeque<Instant>,
    flapping: bool,
}

impl Standing {
    /// The verdict to tell, and its reason if it is bad.
    pub fn told(&self) -> (Verdict, Option<Reason>) {
        if self.flapping {
            return (Verdict::Degraded, Some(Reason::Flapping));
        }
        (self.verdict, self.reason.clone())
    }

    /// The verdict underneath, flapping or not.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether its changes are no longer told.
    pub const fn is_flapping(&self) -> bool {
        self.flapping
    }

    /// Takes up what was said before, since when, and says nothing: a bad verdict is said again
    /// in its time.
    pub fn restore(
        &mut self,
        now: Instant,
        verdict: Verdict,
        reason: Option<Reason>,
        since: Instant,
    ) {
        self.said = verdict.is_bad().then_some(verdict);
        (self.verdict, self.reason, self.since, self.last_said) = (verdict, reason, since, now);
    }

    /// Moves to a verdict; says what is to be said of it.
    pub fn move_to(
        &mut self,
        now: Instant,
        verdict: Verdict,
        reason: Option<Reason>,
        policy: &VerdictPolicy,
    ) -> Option<Said> {
        if self.verdict == verdict && self.reason == reason {
            return None;
        }
        let before = std::mem::replace(&mut self.verdict, verdict);
        self.reason = reason;
        if before != verdict && (before.is_bad() || verdict.is_bad()) {
            self.changes.push_back(now);
            while self.changes.front().is_some_and(|at| now.since(*at) > policy.flap_span) {
                self.changes.pop_front();
            }
        }
        if self.flapping {
            return None;
        }
        if self.changes.len() > policy.flap_changes as usize {
            self.flapping = true;
        }
        self.say(now)
    }

    /// Takes the time: repeats, and the end of flapping. `called` is when it was last called.
    pub fn tick(
        &mut self,
        now: Instant,
        called: Instant,
        every: Span,
        policy: &VerdictPolicy,
    ) -> Option<Said> {
        if self.flapping {
            let calm = self.changes.back().is_none_or(|at| now.since(*at) >= policy.flap_span);
            if !calm {
                return None;
            }
            self.flapping = false;
            self.changes.clear();
            return self.say(now);
        }
        let due = self.said.is_some() && now.since(self.last_said) >= every;
        if !due || now.since(called) > policy.idle_after {
            return None;
        }
        let (verdict, reason) = self.told();
        self.repeats += 1;
        self.last_said = now;
        reason.map(|reason| Said::Bad(verdict, reason, self.repeats))
    }

    fn say(&mut self, now: Instant) -> Option<Said> {
        match self.told() {
            (verdict, Some(reason)) => {
                if self.said.is_none() {
                    self.since = now;
                }
                self.said = Some(verdict);
                self.last_said = now;
                self.repeats = 0;
                Some(Said::Bad(verdict, reason, 0))
            }
            (_, None) => {
                let previous = self.said.take()?;
                Some(Said::Recovered(previous, now.since(self.since)))
            }
        }
    }
}

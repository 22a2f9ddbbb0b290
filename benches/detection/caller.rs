//! A caller's view of calls and replies, for the rules lookout is compared with.
//!
//! A circuit breaker in a library sees only how each call ended, and a call without a reply ends
//! when the caller's timeout does. So the timeout decides how soon a library can know of an
//! outage at all. Breakers with the same timeout share one table of open calls.

use std::collections::VecDeque;

/// How a call ended for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Ok,
    /// An error that is the caller's own doing (-32602 and its like).
    CallersError,
    /// An error that is the service's doing (-32603 and its like).
    ServiceError,
    Timeout,
}

/// When something was found wrong (true) and right again (false).
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    bad: bool,
    changes: Vec<(u64, bool)>,
}

impl Log {
    pub(crate) fn set(&mut self, now: u64, bad: bool) {
        if self.bad != bad {
            self.bad = bad;
            self.changes.push((now, bad));
        }
    }

    /// The first finding from `from` on and before `to`.
    pub(crate) fn found(&self, from: u64, to: u64) -> Option<u64> {
        let mut found = self.changes.iter().filter(|(at, bad)| *bad && (from..to).contains(at));
        found.next().map(|(at, _)| *at)
    }

    /// When it was right for good, if it was wrong at `from`.
    pub(crate) fn recovered(&self, from: u64) -> Option<u64> {
        let before = self.changes.iter().rev().find(|(at, _)| *at < from);
        let (at, bad) = self.changes.last()?;
        (before.is_some_and(|(_, bad)| *bad) && !bad && *at >= from).then_some(*at)
    }

    pub(crate) fn findings(&self) -> impl Iterator<Item = u64> {
        self.changes.iter().filter(|(_, bad)| *bad).map(|(at, _)| *at)
    }
}

/// A rule that says whether calls should be made.
pub(crate) trait Rule: Send {
    /// A call is about to be made: may it?
    fn permits(&mut self, now: u64) -> bool;
    /// A call that was permitted ended, `took` after it was made.
    fn ended(&mut self, now: u64, end: End, took: u64);
    /// Time passes.
    fn advance(&mut self, now: u64);
    fn log(&self) -> &Log;
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    made: u64,
    /// Which rules permitted it, a bit each.
    permitted: u8,
    done: bool,
}

/// Calls of one service under one timeout, and the rules that watch them.
pub(crate) struct Caller {
    timeout: u64,
    /// The id of the call in front.
    first: u64,
    pending: VecDeque<Pending>,
    rules: Vec<Box<dyn Rule>>,
}

impl Caller {
    pub(crate) fn new(timeout: u64, rules: Vec<Box<dyn Rule>>) -> Self {
        Self { timeout, first: 0, pending: VecDeque::new(), rules }
    }

    /// A call is made. Ids count up; those left out were not seen.
    pub(crate) fn call(&mut self, now: u64, id: u64) {
        self.expire(now);
        if self.pending.is_empty() {
            self.first = id;
        }
        while self.first + (self.pending.len() as u64) < id {
            self.pending.push_back(Pending { made: now, permitted: 0, done: true });
        }
        let mut permitted = 0;
        for (index, rule) in self.rules.iter_mut().enumerate() {
            permitted |= u8::from(rule.permits(now)) << index;
        }
        self.pending.push_back(Pending { made: now, permitted, done: false });
    }

    /// A reply came; after the timeout, or a second time, it changes nothing.
    pub(crate) fn reply(&mut self, now: u64, id: u64, end: End) {
        self.expire(now);
        let Some(index) = id.checked_sub(self.first) else { return };
        let Some(call) = self.pending.get_mut(index as usize).filter(|call| !call.done) else {
            return;
        };
        call.done = true;
        let call = *call;
        self.tell(now, end, call);
    }

    /// Time passes.
    pub(crate) fn advance(&mut self, now: u64) {
        self.expire(now);
        for rule in &mut self.rules {
            rule.advance(now);
        }
    }

    fn expire(&mut self, now: u64) {
        while let Some(call) = self.pending.front().copied() {
            let due = call.made + self.timeout;
            if !call.done && due >= now {
                break;
            }
            self.pending.pop_front();
            self.first += 1;
            if !call.done {
                self.tell(due, End::Timeout, call);
            }
        }
    }

    fn tell(&mut self, now: u64, end: End, call: Pending) {
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if call.permitted & (1 << index) != 0 {
                rule.ended(now, end, now - call.made);
            }
        }
    }

    pub(crate) fn logs(&self) -> impl Iterator<Item = &Log> {
        self.rules.iter().map(|rule| rule.log())
    }
}

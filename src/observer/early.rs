//! Replies held for a call that may still come.
//!
//! A reply can overtake its call: another connection, another node, another QoS. It is held
//! for two seconds; the call that comes for it settles at once, and if none comes the reply is
//! what it was taken for in the first place. Bounded: the oldest is decided early.

use super::call::{Answer, Malformed, PairId};
use super::digest::{Digest, DigestMap};
use super::input::{Dialect, Direction};
use super::ledger::Wants;
use super::limits::Limits;
use super::time::{Instant, Span};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Replies that are found under one key. More than two within two seconds are a redelivery or
/// mischief, and a list without a bound would make each of them dearer than the last.
const PER_KEY: usize = 8;

/// What a held reply is if no call comes for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vain {
    /// A reply without a call.
    Unmatched,
    /// A further reply to an answered call.
    Duplicate,
    /// Not a reply at all.
    Malformed(PairId, Direction, Malformed),
    /// Nothing that is counted.
    Ignored,
}

/// A reply that waits for its call.
#[derive(Clone, Debug)]
pub struct Held {
    /// The keys its call may come under.
    pub keys: SmallVec<[Digest; 4]>,
    /// When it was heard.
    pub at: Instant,
    /// What it says to a call that wants a JSON-RPC response, if it is one.
    pub strict: Option<Answer>,
    /// What it says to a call that takes any payload.
    pub lenient: Answer,
    /// What it says to the calls of pairs that have a dialect of their own.
    pub dialect: Option<Box<Dialect>>,
    /// What it is otherwise.
    pub vain: Vain,
    /// Its topic, if a pair's replies were never heard and this may be one of them, or stray ones are
    /// looked at.
    pub topic: Option<Box<str>>,
}

impl Held {
    /// What it says to a call that takes such a reply, if it is one.
    fn says(&self, wants: Wants) -> Option<Answer> {
        match self.dialect.as_deref().and_then(|dialect| dialect.says(wants)) {
            Some(read) => read.ok(),
            None if wants.lenient => Some(self.lenient),
            None => self.strict,
        }
    }
}

/// Held replies, oldest first.
#[derive(Debug)]
pub struct Early {
    queue: VecDeque<Option<Held>>,
    /// Number of the reply at the front of the queue.
    base: u64,
    /// The held replies under each key, oldest first; beyond the first few a reply is held
    /// without being found.
    index: DigestMap<SmallVec<[u64; 2]>>,
    len: u32,
    max: u32,
    span: Span,
}

impl Early {
    /// An empty store with these bounds.
    pub fn new(limits: &Limits) -> Self {
        Self {
            queue: VecDeque::new(),
            base: 0,
            index: DigestMap::default(),
            len: 0,
            max: limits.held_replies,
            span: limits.held_for,
        }
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Holds a reply; hands back the oldest if there is no room.
    pub fn hold(&mut self, held: Held) -> Option<Held> {
        let number = self.base + self.queue.len() as u64;
        for key in &held.keys {
            let numbers = self.index.entry(*key).or_default();
            if numbers.len() < PER_KEY {
                numbers.push(number);
            }
        }
        self.queue.push_back(Some(held));
        self.len += 1;
        // Replies taken from the middle leave gaps, which are bounded too.
        let gaps = self.queue.len() > 2 * self.max as usize + 1_024;
        if self.len > self.max || gaps { self.pop() } else { None }
    }

    /// The reply held for a call under `key`, if the call can take it.
    pub fn take(&mut self, key: Digest, wants: Wants) -> Option<(Instant, Answer)> {
        let numbers = self.index.get(&key)?;
        let (number, answer) = numbers.iter().find_map(|number| {
            let held = self.queue.get((number - self.base) as usize)?.as_ref()?;
            held.says(wants).map(|answer| (*number, answer))
        })?;
        let held = self.queue.get_mut((number - self.base) as usize)?.take()?;
        self.len -= 1;
        self.unindex(&held.keys, number);
        Some((held.at, answer))
    }

    /// When the oldest held reply is decided; the moment itself still counts as in time.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        while let Some(None) = self.queue.front() {
            self.queue.pop_front();
            self.base += 1;
        }
        self.queue.front().and_then(Option::as_ref).map(|held| held.at + self.span)
    }

    /// The oldest reply, if it was held longer than allowed.
    pub fn expire(&mut self, now: Instant) -> Option<Held> {
        let deadline = self.next_deadline()?;
        if deadline < now { self.pop() } else { None }
    }

    fn pop(&mut self) -> Option<Held> {
        while let Some(front) = self.queue.pop_front() {
            let number = self.base;
            self.base += 1;
            if let Some(held) = front {
                self.len -= 1;
                self.unindex(&held.keys, number);
                return Some(held);
            }
        }
        None
    }

    fn unindex(&mut self, keys: &[Digest], number: u64) {
        for key in keys {
            if let Some(numbers) = self.index.get_mut(key) {
                numbers.retain(|known| *known != number);
                if numbers.is_empty() {
                    self.index.remove(key);
                }
            }
        }
    }
}

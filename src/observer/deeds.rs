//! What users did, for the security watch: how their calls were answered, and replies that nobody asked for.
//!
//! A call of a known user is remembered by its slot until it is answered or its slot is taken by
//! another. What nobody takes is bounded: the oldest is forgotten.

use super::call::Outcome;
use super::digest::Digest;
use super::errors::Code;
use super::input::Call;
use super::slot::Ticket;
use super::time::Instant;
use std::collections::VecDeque;
use std::sync::Arc;

/// What waits to be taken, at most; it is taken after each message.
const WAITING: usize = 10_000;
/// The code of a call that was refused for want of a right (`behaviour.md`).
const NO_RIGHT: i64 = -32_003;

/// An answered call of a known user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The user's digest.
    pub user: Digest,
    /// The service's digest.
    pub service: Digest,
    /// The service's name, if it denied it.
    pub denier: Option<Arc<str>>,
    /// The method's digest, if that is known.
    pub method: Option<Digest>,
    /// When the call was made.
    pub made: Instant,
    /// How it was answered.
    pub outcome: Outcome,
    /// Whether it was refused for want of a right.
    pub denied: bool,
    /// How large the message with the answer was, in bytes.
    pub bytes: u32,
}

/// Something for the watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A call was answered.
    Answered(Deed),
    /// A reply came on this topic that no call waited for.
    Stray(Box<str>),
    /// lookout doubts its own ears from here on, or does no longer.
    Doubt(bool),
}

/// A call that is not answered yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    ticket: Ticket,
    user: Digest,
    service: Digest,
    method: Option<Digest>,
    made: Instant,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Deeds {
    on: bool,
    open: Vec<Option<Open>>,
    done: VecDeque<Done>,
}

impl Deeds {
    /// None yet, and none ever if there is no watch.
    pub fn new(on: bool) -> Self {
        Self { on, ..Self::default() }
    }

    /// Whether there is a watch.
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// A user's call was opened.
    pub fn opened(&mut self, ticket: Ticket, user: Digest, call: &Call<'_>, made: Instant) {
        let (service, method) = (call.service.digest, call.method.map(|method| method.digest));
        let at = ticket.id as usize;
        if at >= self.open.len() {
            self.open.resize(at + 1, None);
        }
        self.open[at] = Some(Open { ticket, user, service, method, made });
    }

    /// An open call was answered.
    pub fn answered(
        &mut self,
        ticket: Ticket,
        (outcome, code): (Outcome, Code),
        bytes: u32,
        name: impl FnOnce() -> Arc<str>,
    ) {
        let Some(slot) = self.open.get_mut(ticket.id as usize) else { return };
        let Some(open) = slot.take_if(|open| open.ticket == ticket) else { return };
        let Open { user, service, method, made, .. } = open;
        let denied = code == Code::Number(NO_RIGHT);
        let denier = denied.then(name);
        let deed = Deed { user, service, denier, method, made, outcome, denied, bytes };
        self.say(Done::Answered(deed));
    }

    /// A reply came that no call waited for.
    pub fn stray(&mut self, topic: &str) {
        if self.on {
            self.say(Done::Stray(topic.into()));
        }
    }

    /// lookout doubts its ears from here on, or does no longer.
    pub fn doubt(&mut self, is_on: bool) {
        if self.on {
            self.say(Done::Doubt(is_on));
        }
    }

    /// The next one.
    pub fn poll(&mut self) -> Option<Done> {
        self.done.pop_front()
    }

    fn say(&mut self, done: Done) {
        if self.done.len() == WAITING {
            self.done.pop_front();
        }
        self.done.push_back(done);
    }
}

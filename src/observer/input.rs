//! Everything that can reach the observer: a closed set.
//!
//! Inputs borrow from the message they were read from; the observer copies only the names it
//! has not met before.

use super::address::Address;
use super::breaker::{Cause, State};
use super::call::{Answer, Malformed, PairId};
use super::digest::Digest;
use super::incident::IncidentId;
use super::ledger::Wants;
use super::time::{Instant, Span};
use super::trace::Sighting;
use super::verdict::Verdict;
use smallvec::SmallVec;
use std::sync::Arc;

/// One thing that reached the observer.
#[derive(Debug)]
pub enum Input<'a> {
    /// A call was heard.
    Call(Call<'a>),
    /// What may be a reply was heard.
    Reply(Reply<'a>),
    /// A message, or an element of a batch, could not be read.
    Malformed(PairId, Direction, Malformed),
    /// A message that says nothing: retained, our own, of no template.
    Ignored,
    /// Activity on a channel; counted.
    Activity(&'a str),
    /// A security event of a kind; counted.
    Security(&'a str),
    /// The link to the broker went down, or came up with every subscription granted.
    Link(Link),
    /// The process stood still since the given moment and goes on now.
    Paused(Instant),
    /// A reason to doubt the ears began or ended.
    Doubt(Doubt, bool),
    /// What the platform says of a service's replicas.
    Replicas(Replicas<'a>),
    /// What the broker says of who listens to a service's topic.
    Subscribers(Subscribers<'a>),
    /// A probe's report on a component.
    Component(Report<'a>),
    /// What became of an attempt to restart a service, in a line for people.
    Acted(&'a str, Result<&'a str, &'a str>),
    /// An operator sets how a circuit behaves.
    Circuit(&'a str, super::breaker::Mode),
    /// How a service or its circuit stood when an earlier run last said so.
    Standing(Standing<'a>),
}

/// The state of the link to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Connected, and all filters granted.
    Up,
    /// Not so.
    Down,
}

/// Reasons, beside the link and pauses, to doubt the ears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The canary was not heard, or its counter showed a gap.
    Canary = 2,
    /// The broker dropped messages for slow subscribers.
    BrokerDrops = 3,
    /// The inbox lags or dropped messages.
    Inbox = 4,
    /// The process stands still (a replayed pause; live ones arrive as [`Input::Paused`]).
    Pause = 5,
}

/// Which of a pair's templates a message came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The call template.
    Call,
    /// The reply template.
    Reply,
}

/// A name with its digest, so that it is hashed once.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    /// The name as heard.
    pub text: &'a str,
    /// Its digest.
    pub digest: Digest,
}

/// Who does something, as far as messages say it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Who<'a> {
    /// The user.
    pub user: Option<Name<'a>>,
    /// Where it comes from: an address without a port.
    pub address: Option<Name<'a>>,
    /// The MQTT client id.
    pub client: Option<Name<'a>>,
    /// The session.
    pub session: Option<Name<'a>>,
}

/// A call as it was heard.
#[derive(Debug)]
pub struct Call<'a> {
    /// The pair whose call template it came on.
    pub pair: PairId,
    /// Who is called.
    pub service: Name<'a>,
    /// What is called, if that is known.
    pub method: Option<Name<'a>>,
    /// The call topic with every level that does not name the service shown as `+`.
    pub topic: &'a str,
    /// What kind of call.
    pub kind: CallKind,
    /// Who calls: its session, client, user or inbox, whichever is known first.
    pub caller: Option<Digest>,
    /// What it is a part of: the business operation (its correlation id) and the trace, if it
    /// names them. Only read when dependencies are learned or calls are traced.
    pub parts: [Option<Digest>; 2],
    /// Where its answer goes; only read when callers are answered directly.
    pub address: Option<Box<Address>>,
    /// What a trace tells of it; only read when calls are traced.
    pub seen: Option<Arc<Sighting>>,
    /// Who makes it; only read when there is a security watch.
    pub who: Option<&'a Who<'a>>,
}

/// One-way, two-way, or two-way out of earshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// No reply is expected.
    OneWay,
    /// A reply is expected on a topic lookout cannot hear.
    Unheard,
    /// A reply is expected under these keys.
    TwoWay {
        /// The keys it may come under; the second is there if the call has two ids.
        keys: (Digest, Option<Digest>),
        /// Whether other open calls may have each of the keys too; the oldest is answered first.
        shared: [bool; 2],
        /// Whether any payload under these keys is a reply, not only a JSON-RPC response.
        lenient: bool,
        /// The deadline it carries.
        deadline: Option<Span>,
    },
}

/// What something that may be a reply is if no call waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// A reply that belongs to no call.
    Unmatched,
    /// Nothing that could be read.
    Malformed(Malformed),
    /// A request on a topic that carries replies only: nothing that counts.
    Ignored,
}

/// What may be a reply, as it was heard.
#[derive(Debug)]
pub struct Reply<'a> {
    /// The pair and template it is counted under if it cannot be read.
    pub pair: PairId,
    /// See `pair`.
    pub direction: Direction,
    /// Its topic, for reports on deaf pairs.
    pub topic: &'a str,
    /// The keys to look for, in order.
    pub keys: SmallVec<[Digest; 4]>,
    /// What it says as a JSON-RPC response, or why it is none.
    pub strict: Result<Answer, Malformed>,
    /// What it says to a call that takes any payload as its reply.
    pub lenient: Answer,
    /// What it is if no call waits for it.
    pub stray: Stray,
    /// Whether to hold it for a call that may still come.
    pub hold: bool,
    /// How pairs read it that have a dialect of their own.
    pub dialect: Option<Box<Dialect>>,
    /// How large its message is, in bytes.
    pub bytes: u32,
}

impl Reply<'_> {
    /// What it says to a call that takes such a reply, or why it is none.
    #[inline]
    pub fn says(&self, wants: Wants) -> Result<Answer, Malformed> {
        let read = self.dialect.as_deref().and_then(|dialect| dialect.says(wants));
        read.unwrap_or(if wants.lenient { Ok(self.lenient) } else { self.strict })
    }
}

/// A reply in the eyes of pairs that have a dialect of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// What it says to the calls of each such pair.
    pub readings: SmallVec<[Reading; 1]>,
    /// Whether it does not say which of several open calls under its keys it belongs to: the oldest.
    pub unsure: bool,
}

impl Dialect {
    /// What it says to a call that takes such a reply; `None` if the call's pair reads it as all do.
    #[cold]
    pub(super) fn says(&self, wants: Wants) -> Option<Result<Answer, Malformed>> {
        let reading = self.readings.iter().find(|it| it.pair == wants.pair)?;
        Some(if wants.lenient { Ok(reading.lenient) } else { reading.strict })
    }
}

/// What a reply says to the calls of one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The pair.
    pub pair: PairId,
    /// To a call that wants a reply of the pair's form, or why it is none.
    pub strict: Result<Answer, Malformed>,
    /// To a call that takes any payload.
    pub lenient: Answer,
}

/// How a service or its circuit stood when an earlier run last said so.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// The service.
    pub service: Name<'a>,
    /// The pair that it is called through.
    pub pair: PairId,
    /// Its call topic.
    pub topic: &'a str,
    /// Its verdict with its reason, and since when.
    pub verdict: Option<(Verdict, Option<&'a str>, Instant)>,
    /// Its circuit.
    pub circuit: Option<StandingCircuit>,
    /// The incident under way.
    pub incident: Option<IncidentId>,
}

/// How a circuit stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingCircuit {
    /// What it told callers.
    pub state: State,
    /// Why, if that is known.
    pub cause: Option<Cause>,
    /// Since when.
    pub since: Instant,
    /// When an open one is to be half-open, if that was known.
    pub retry_after: Option<Instant>,
    /// Openings in a row.
    pub open_count: u32,
}

/// What the platform says of a service's replicas.
#[derive(Clone, Debug)]
pub struct Replicas<'a> {
    /// The service.
    pub service: Name<'a>,
    /// Replicas that run.
    pub running: u32,
    /// Replicas that are ready.
    pub ready: u32,
    /// Replicas that should be there.
    pub total: u32,
    /// How often those that are there were started anew.
    pub restarts: u32,
    /// Why the last one failed, in the platform's word.
    pub cause: Option<&'a str>,
}

/// What the broker says of who listens to a service's topic.
#[derive(Clone, Copy, Debug)]
pub struct Subscribers<'a> {
    /// The service.
    pub service: Name<'a>,
    /// When the broker was asked.
    pub asked: Instant,
    /// Whether anybody does who may be the service: neither lookout nor another onlooker.
    pub any: bool,
}

/// How bad a component's failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look today.
    Warning,
    /// Worth a look now.
    Error,
    /// Everyone must know now.
    Critical,
}

impl Severity {
    /// All of them, the mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// A probe's report on a component.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The component's name.
    pub name: &'a str,
    /// What kind of component.
    pub kind: &'a str,
    /// Whether the check passed.
    pub healthy: bool,
    /// Whether one such answer is enough.
    pub definite: bool,
    /// How bad it is if it failed.
    pub severity: Severity,
    /// Whether it does not do its work at all, so that others cannot do theirs.
    pub down: bool,
    /// What the probe found.
    pub message: &'a str,
    /// What follows from it, in a word such as `possible_message_delays`.
    pub impact: Option<&'a str>,
    /// Details, opaque to the observer.
    pub details: Option<&'a str>,
    /// What to do about it.
    pub advice: &'a [String],
    /// How long the check took.
    pub took: Option<Span>,
}

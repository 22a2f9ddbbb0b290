//! Calls that are traced: who each one is, which call it was made within, and whether its trace is told.
//!
//! Identity is settled when a call is heard, since calls inside it refer to it before it ends. It is
//! of the trace that its caller named, as a child of the caller's span; else of the trace of its
//! business operation, of its batch, or of one of its own. Its parent is then the call it was made
//! within, if it is known that the one service calls the other (configured, or learned in `nesting`): a
//! guess would draw an arrow that is not there. A header that a service passed on as it came names the
//! caller of the call it was made within, and that call is the better parent.
//!
//! A caller that begins a trace and records nothing itself, as lookout's own clients do, says so in
//! `tracestate` ([`BEGUN`]): then the span that is named is the one that is told here.
//!
//! Which calls are told is decided when they end. What failed, took long or was answered by lookout
//! always is, and so is each call around one that is, so that it has its context; the rest by ratio. The ids of
//! traces decide that, as consistent probability sampling has it (OpenTelemetry, `tracestate` `ot`), so that
//! all spans of a trace, and others who sample by the same ratio, agree. Who calls says when a trace
//! is not recorded, and then only what is always told is told.
//!
//! A void call tells nothing: lookout could not have seen how it ended.

use super::answering::Why;
use super::call::{Outcome, PairId};
use super::digest::{Digest, DigestMap};
use super::errors::Code;
use super::settings::Settings;
use super::slot::{Closed, Ticket};
use super::time::{Instant, Span};
use super::trace::{
    BEGUN, Beside, Context, End, Identity, SAMPLED, Sighting, SpanId, TraceId, Traced, mixed,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// Unanswered calls that are remembered in case their answers come late.
const MISSED: usize = 10_000;
/// The flag of a trace whose id was made by chance.
const RANDOM: u8 = 2;
/// Bits of a trace's id that tell whether it is sampled.
const RANDOMNESS: u32 = 56;

/// Counts of calls whose traces could be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Told because of what became of them.
    pub kept: u64,
    /// Told because the ratio says so.
    pub sampled: u64,
    /// Not told because the ratio, or who called, says so.
    pub unsampled: u64,
    /// Not told because nobody knows how they ended.
    pub void: u64,
}

/// A call that is traced, as it was heard.
#[derive(Debug)]
struct Open {
    ticket: Ticket,
    /// The call it was made within.
    outer: Option<Ticket>,
    /// A call was made within it by its service.
    worked: bool,
    /// Told already what makes it be told.
    kept: bool,
    call: Traced,
}

/// A call that was just heard, to be given its place.
#[derive(Debug)]
pub struct Heard {
    /// When.
    pub made: Instant,
    /// Who is called.
    pub service: Arc<str>,
    /// What is called, if that is known.
    pub method: Option<Arc<str>>,
    /// Through which pair.
    pub pair: PairId,
    /// What was seen of it.
    pub seen: Arc<Sighting>,
    /// The open call it was made within, if that is known.
    pub outer: Option<Ticket>,
}

/// All calls that are traced.
#[derive(Debug)]
pub struct Spans {
    on: bool,
    server_spans: bool,
    /// The least randomness of a trace that is sampled.
    threshold: u64,
    slow: Span,
    seed: u64,
    /// Calls that are no longer open get numbers too.
    count: u64,
    /// Open calls by slot: in place, as a slot is soon used again.
    open: Vec<Option<Open>>,
    /// Unanswered calls by their first keys, and in the order in which they were given up.
    missed: DigestMap<Box<Open>>,
    order: VecDeque<Digest>,
    told: VecDeque<Traced>,
    counts: Counts,
}

impl Spans {
    /// Nothing is traced yet. Ids differ from those of any other start.
    pub fn new(settings: &Settings, now: Instant) -> Self {
        let policy = &settings.trace;
        let all = (1_u64 << RANDOMNESS) as f64;
        Self {
            on: policy.enabled,
            server_spans: policy.server_spans,
            threshold: ((1.0 - policy.ratio.clamp(0.0, 1.0)) * all) as u64,
            slow: policy.slow,
            seed: mixed(settings.seed ^ mixed(now.micros())),
            count: 0,
            open: Vec::new(),
            missed: DigestMap::default(),
            order: VecDeque::new(),
            told: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// Whether calls are traced.
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// What was counted.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The next call that is to be told.
    pub fn poll(&mut self) -> Option<Traced> {
        self.told.pop_front()
    }

    /// The trace of an open call.
    pub fn trace(&self, slot: Option<u32>) -> Option<TraceId> {
        self.get(slot?).map(|open| open.call.trace)
    }

    /// The trace of the oldest open call to a service, which is told now whatever becomes of it; few
    /// at a time ask.
    pub fn show_waiting(&mut self, service: &str) -> Option<TraceId> {
        let open = self.open.iter_mut().flatten().filter(|open| *open.call.service == *service);
        let oldest = open.min_by_key(|open| open.call.made)?;
        oldest.kept = true;
        Some(oldest.call.trace)
    }

    /// A call was heard that waits for an answer.
    pub fn opened(&mut self, ticket: Ticket, heard: Heard) {
        let outer = heard.outer;
        let call = self.call(heard);
        let open = Open { ticket, outer, worked: false, kept: false, call };
        let at = ticket.id as usize;
        if at >= self.open.len() {
            self.open.resize_with(at + 1, || None);
        }
        self.open[at] = Some(open);
    }

    /// A call was heard that waits for none, or for one that cannot be heard.
    pub fn sent(&mut self, heard: Heard, end: End) {
        let outer = heard.outer;
        let call = Traced { end, ..self.call(heard) };
        self.tell(call, outer);
    }

    /// Whether a call still open is the one whose caller's span this is.
    pub fn is(&self, ticket: Ticket, context: &Context) -> bool {
        self.get(ticket.id).is_some_and(|open| {
            open.ticket == ticket
                && (open.call.trace, open.call.span) == (context.trace, context.parent)
        })
    }

    /// lookout answered an open call in the service's place.
    pub fn answered(&mut self, now: Instant, slot: u32, why: &Why) {
        let Some(open) = self.get_mut(slot) else { return };
        open.kept = true;
        let end = End::Direct(why.clone());
        let call = Traced { end, ended: now.max(open.call.made), kept: true, ..open.call.clone() };
        let outer = open.outer;
        self.tell(call, outer);
    }

    /// An open call ended. The span of its caller's side, if its trace is told.
    pub fn settled(
        &mut self,
        at: Instant,
        closed: &Closed,
        (outcome, code): (Outcome, Code),
    ) -> Option<(TraceId, SpanId)> {
        let mut open = self.open.get_mut(closed.slot? as usize)?.take()?;
        if outcome == Outcome::Void {
            self.counts.void += 1;
            return None;
        }
        let call = &mut open.call;
        call.ended = at.max(call.made);
        call.kept = open.kept || outcome != Outcome::Ok || call.ended.since(call.made) > self.slow;
        if outcome != Outcome::Unanswered {
            call.end = End::Answered(outcome, code);
            return self.tell(open.call, open.outer);
        }
        call.end = End::Unanswered { worked: open.worked };
        let told = self.tell(open.call.clone(), open.outer);
        if self.missed.insert(closed.key, Box::new(open)).is_none() {
            self.order.push_back(closed.key);
        }
        if self.order.len() > MISSED
            && let Some(oldest) = self.order.pop_front()
        {
            self.missed.remove(&oldest);
        }
        told
    }

    /// The answer to a call that was given up came after all.
    pub fn late(&mut self, now: Instant, closed: &Closed, (outcome, code): (Outcome, Code)) {
        let Some(open) = self.missed.remove(&closed.key) else { return };
        if open.call.made != closed.made {
            return;
        }
        let end = End::Late { outcome, code, worked: open.worked };
        self.tell(Traced { end, ended: now.max(open.call.made), ..open.call }, None);
    }

    fn get(&self, slot: u32) -> Option<&Open> {
        self.open.get(slot as usize)?.as_ref()
    }

    fn get_mut(&mut self, slot: u32) -> Option<&mut Open> {
        self.open.get_mut(slot as usize)?.as_mut()
    }

    /// The call a ticket was given for, if it is still open.
    fn outer(&mut self, ticket: Option<Ticket>) -> Option<&mut Open> {
        let ticket = ticket?;
        self.get_mut(ticket.id).filter(|open| open.ticket == ticket)
    }

    /// Gives a call its place.
    fn call(&mut self, heard: Heard) -> Traced {
        self.count += 1;
        let span = SpanId::of(mixed(self.seed.wrapping_add(self.count)));
        let Heard { made, service, method, pair, seen, outer } = heard;
        let server_spans = self.server_spans;
        let mut traced = Traced {
            end: End::OneWay,
            made,
            ended: made,
            service,
            method,
            pair,
            caller: None,
            trace: TraceId::of(u128::from(mixed(span.0.get())) << 64 | u128::from(span.0.get())),
            span,
            parent: None,
            remote: false,
            flags: SAMPLED | RANDOM,
            state: None,
            kept: false,
            seen,
        };
        let (seed, mut given) = (self.seed, false);
        match &traced.seen.clone().identity {
            Identity::Given(context) => {
                let Context { trace, parent, flags, state } = context;
                (traced.trace, traced.flags) = (*trace, *flags);
                (traced.parent, traced.remote) = (Some(*parent), true);
                traced.state = state.as_deref().map(Arc::from);
                if state.as_deref().is_some_and(|state| entries(state).any(|it| it == BEGUN)) {
                    traced.span = *parent;
                    (traced.parent, traced.remote) = (None, false);
                    given = true;
                }
            }
            Identity::Operation(trace) => (traced.trace, traced.flags) = (*trace, SAMPLED),
            Identity::Batch(digest) => {
                // The same batch may be sent again.
                let more = mixed(seed ^ made.micros());
                let bits = u128::from(digest.half() ^ more) << 64 | u128::from(digest.hash());
                traced.trace = TraceId::of(bits);
            }
            Identity::Alone => {}
        }
        let Some(outer) = self.outer(outer) else { return traced };
        traced.caller = Some(outer.call.service.clone());
        let named = |span| (outer.call.trace, span) == (traced.trace, traced.parent);
        let passed_on =
            named(Some(outer.call.span)) || outer.call.remote && named(outer.call.parent);
        if given || traced.remote && !passed_on {
            return traced;
        }
        outer.worked = true;
        let parent = outer.call.span;
        let parent = if server_spans { parent.beside(Beside::Server) } else { parent };
        (traced.parent, traced.remote) = (Some(parent), false);
        (traced.trace, traced.flags) = (outer.call.trace, outer.call.flags);
        traced.state = outer.call.state.clone();
        traced
    }

    /// Tells a call, if it is to be told.
    fn tell(&mut self, mut call: Traced, outer: Option<Ticket>) -> Option<(TraceId, SpanId)> {
        if call.kept {
            self.counts.kept += 1;
            if let Some(outer) = self.outer(outer) {
                outer.kept = true;
            }
        } else if is_sampled(&call, self.threshold) {
            self.counts.sampled += 1;
            if self.threshold > 0 {
                call.state = Some(with_threshold(call.state.as_deref(), self.threshold));
            }
        } else {
            self.counts.unsampled += 1;
            return None;
        }
        let ids = (call.trace, call.span);
        self.told.push_back(call);
        Some(ids)
    }
}

/// Whether the ratio, and who called, have a trace told.
fn is_sampled(call: &Traced, threshold: u64) -> bool {
    if call.flags & SAMPLED == 0 {
        return false;
    }
    if threshold == 0 {
        return true;
    }
    let said = call.state.as_deref().and_then(|state| ot(state, "rv"));
    let said = said.filter(|digits| digits.len() == 14);
    let said = said.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    // The last 56 bits.
    let own = call.trace.0.get() as u64 & ((1 << RANDOMNESS) - 1);
    said.unwrap_or(own) >= threshold
}

/// The entries of a `tracestate`.
fn entries(state: &str) -> impl Iterator<Item = &str> {
    state.split(',').map(str::trim)
}

/// A value in OpenTelemetry's own entry of a `tracestate`.
fn ot<'s>(state: &'s str, wanted: &str) -> Option<&'s str> {
    let entry = entries(state).find_map(|entry| entry.strip_prefix("ot="))?;
    let mut values = entry.split(';').filter_map(|value| value.split_once(':'));
    values.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// A `tracestate` that says by which threshold a trace was sampled, unless it says so already: from it
/// whoever counts spans knows how many each one stands for.
fn with_threshold(state: Option<&str>, threshold: u64) -> Arc<str> {
    let state = state.unwrap_or_default();
    let digits = format!("{threshold:014x}");
    let digits = digits.trim_end_matches('0');
    let has_ot = entries(state).any(|entry| entry.starts_with("ot="));
    if has_ot {
        return state.into();
    }
    let comma = if state.is_empty() { "" } else { "," };
    format!("ot=th:{digits}{comma}{state}").into()
}

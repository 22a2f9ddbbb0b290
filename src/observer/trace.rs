//! Words of traces (W3C Trace Context, OpenTelemetry): who a call is, what was seen of it, and how
//! it ended. `spans` makes these of open calls; the trace room makes spans of these.

use super::answering::Why;
use super::call::{Outcome, PairId};
use super::digest::Digest;
use super::errors::Code;
use super::time::Instant;
use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;

/// Bytes that are kept of each text of a call: its method, its id, its operation, its topic.
pub const TEXT_BYTES: usize = 256;

/// A trace: everything that belongs to one business operation. Shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub NonZeroU128);

impl TraceId {
    /// One of these bits; there is none of nothing but zeros.
    pub const fn of(bits: u128) -> Self {
        match NonZeroU128::new(bits) {
            Some(bits) => Self(bits),
            None => Self(NonZeroU128::MIN),
        }
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A span of a trace. Shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub NonZeroU64);

impl SpanId {
    /// One of these bits; there is none of nothing but zeros.
    pub const fn of(bits: u64) -> Self {
        match NonZeroU64::new(bits) {
            Some(bits) => Self(bits),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// A span that belongs to this one and has no other name: the same each time.
    #[must_use]
    pub const fn beside(self, what: Beside) -> Self {
        Self::of(mixed(self.0.get().wrapping_add(what as u64)))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The spans of one call beside the one of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Beside {
    /// The service's.
    Server = 1,
    /// lookout's, which answered in the service's place.
    Direct = 2,
    /// The service's again, when it answered late and its own was told before.
    Late = 3,
}

/// Bits that follow from others and look like chance (the finalizer of `SplitMix64`).
pub const fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// What a caller said of its trace: `traceparent` and `tracestate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// The caller's own span.
    pub parent: SpanId,
    /// Bit 0: the caller records its span. Bit 1: the trace's id was made by chance.
    pub flags: u8,
    /// The `tracestate`.
    pub state: Option<Box<str>>,
}

/// What a caller says in `tracestate` that began a trace without recording a span of its own.
pub const BEGUN: &str = "lookout=begun";

/// The flag of a span that is recorded.
pub const SAMPLED: u8 = 1;

/// Which trace a call is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The one its caller named.
    Given(Context),
    /// The one of its business operation.
    Operation(TraceId),
    /// The one of the batch it came in.
    Batch(Digest),
    /// One of its own.
    Alone,
}

/// What was seen of a call, for its span. Texts are cut at [`TEXT_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Which trace it is of.
    pub identity: Identity,
    /// Whether it speaks JSON-RPC.
    pub jsonrpc: bool,
    /// How large the message was, in bytes.
    pub bytes: u32,
    texts: Box<str>,
    ends: [u16; 4],
}

impl Sighting {
    /// What was seen, in the order of [`Sighting::method`] and those behind it; empty is nothing.
    pub fn new(
        identity: Identity,
        jsonrpc: bool,
        bytes: usize,
        [method, id, operation, topic]: [&str; 4],
    ) -> Self {
        let mut texts =
            String::with_capacity(method.len() + id.len() + operation.len() + topic.len());
        let mut ends = [0; 4];
        for (end, text) in ends.iter_mut().zip([method, id, operation, topic]) {
            texts.push_str(super::component::cut(text, TEXT_BYTES));
            // Four texts of 256 bytes.
            *end = texts.len() as u16;
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self { identity, jsonrpc, bytes, texts: texts.into(), ends }
    }

    fn text(&self, at: usize) -> Option<&str> {
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.texts.get(from.into()..self.ends[at].into()).filter(|text| !text.is_empty())
    }

    /// The method as the caller wrote it.
    pub fn method(&self) -> Option<&str> {
        self.text(0)
    }

    /// The id of the request, as text.
    pub fn id(&self) -> Option<&str> {
        self.text(1)
    }

    /// The business operation that it names: its `correlationId`, else its Correlation Data if that is
    /// text.
    pub fn operation(&self) -> Option<&str> {
        self.text(2)
    }

    /// The topic it was made on.
    pub fn topic(&self) -> Option<&str> {
        self.text(3)
    }
}

/// How a call ended, as far as a trace tells of it.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It was answered in time.
    Answered(Outcome, Code),
    /// Nobody answered in time.
    Unanswered {
        /// A call was seen that the service made meanwhile, so it worked on it.
        worked: bool,
    },
    /// Its answer came after that. Told beside [`End::Unanswered`].
    Late {
        /// What it was.
        outcome: Outcome,
        /// With which code.
        code: Code,
        /// As of [`End::Unanswered`].
        worked: bool,
    },
    /// lookout answered it in the service's place. Told beside how it ends.
    Direct(Why),
    /// It wants no answer.
    OneWay,
    /// Its answer goes where lookout does not hear.
    Unheard,
}

/// A call that is to be traced, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// How it ended.
    pub end: End,
    /// When it was heard.
    pub made: Instant,
    /// When it ended: its answer was heard, or its time was up; not before `made`.
    pub ended: Instant,
    /// Who was called.
    pub service: Arc<str>,
    /// What was called, if that is one of the service's known methods.
    pub method: Option<Arc<str>>,
    /// Through which pair.
    pub pair: PairId,
    /// The service that made the call, if that is known.
    pub caller: Option<Arc<str>>,
    /// Its trace.
    pub trace: TraceId,
    /// The span of its caller's side; others of the call are [`SpanId::beside`] it.
    pub span: SpanId,
    /// The span it is a child of.
    pub parent: Option<SpanId>,
    /// Whether the parent is not lookout's.
    pub remote: bool,
    /// As of [`Context::flags`].
    pub flags: u8,
    /// The `tracestate` of its trace.
    pub state: Option<Arc<str>>,
    /// Whether it is told whatever the ratio: it failed, was slow, or has a call inside that did.
    pub kept: bool,
    /// What was seen of it.
    pub seen: Arc<Sighting>,
}

//! Calls, replies and their outcomes, free of JSON.
//!
//! An error code says whose doing a failure is. The table of [`CodeTable`] is the manual's:
//! what the caller did wrong is `rejected`, what went wrong inside the service is `failed`.

/// Index of a traffic pair in the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PairId(pub u16);

impl PairId {
    /// The index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a reply says of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A result.
    Result,
    /// An error with its code; `None` if it has no integer code.
    Error(Option<i64>),
    /// A rule of the pair says that the caller did wrong.
    Rejected,
    /// A rule of the pair says that the service failed.
    Failed,
}

/// How a two-way call ended; every call ends in exactly one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A result came.
    Ok,
    /// An error came that is the caller's doing (tier 1).
    Rejected,
    /// An error came that is the service's doing (tier 1; tier 2 for −32503).
    Failed,
    /// No reply came within the call's patience (tier 2).
    Unanswered,
    /// lookout could not have seen the reply; says nothing about the service.
    Void,
}

impl Outcome {
    /// Its name in figures and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Unanswered => "unanswered",
            Self::Void => "void",
        }
    }

    /// Whether the service answered, be it with an error.
    pub const fn answered(self) -> bool {
        matches!(self, Self::Ok | Self::Rejected | Self::Failed)
    }

    /// Whether it speaks against the service.
    pub const fn against(self) -> bool {
        matches!(self, Self::Failed | Self::Unanswered)
    }
}

/// The code by which a service (or a direct answer) says it is unavailable; an extension to the
/// range that JSON-RPC 2.0 leaves to implementations.
pub const SERVICE_UNAVAILABLE: i64 = -32503;

/// Which error codes are the caller's doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeTable {
    /// Codes within −32768…−32000 (reserved by JSON-RPC 2.0) that are the caller's doing.
    /// All others of that range are failures.
    pub rejected: Vec<i64>,
    /// Application codes outside that range that are failures; the rest are rejections.
    pub failed: Vec<i64>,
}

impl Default for CodeTable {
    fn default() -> Self {
        Self {
            rejected: vec![
                -32700, -32600, -32601, -32602, // JSON-RPC 2.0, section 5.1
                -32001, -32002, -32003, -32004, -32005, -32006, // validation to rate limit
            ],
            failed: Vec::new(),
        }
    }
}

impl CodeTable {
    /// What an answer means for its call.
    pub fn outcome(&self, answer: Answer) -> Outcome {
        let code = match answer {
            Answer::Result => return Outcome::Ok,
            Answer::Error(Some(code)) => code,
            Answer::Error(None) | Answer::Rejected => return Outcome::Rejected,
            Answer::Failed => return Outcome::Failed,
        };
        let failed = if (-32768..=-32000).contains(&code) {
            !self.rejected.contains(&code)
        } else {
            self.failed.contains(&code)
        };
        if failed { Outcome::Failed } else { Outcome::Rejected }
    }
}

/// Why a message could not be read. Counted, never an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Malformed {
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// Not JSON: empty, truncated, trailing text, a byte order mark, lone surrogates.
    NotJson,
    /// Nested deeper than allowed.
    TooDeep,
    /// Larger than allowed.
    TooLarge,
    /// JSON, but neither an object nor a batch.
    NotObject,
    /// `[]`.
    EmptyBatch,
    /// `jsonrpc` is there and is not `"2.0"`.
    BadVersion,
    /// An id that is neither a string nor a 64-bit integer.
    BadId,
    /// A method that is not a string, or unknown.
    BadMethod,
    /// An error that is neither an object nor a string.
    BadError,
    /// Both or neither of result and error.
    Ambiguous,
    /// A member twice, in the envelope or in its error.
    DuplicateKey,
    /// A response on a topic that only carries calls.
    NotACall,
    /// Bytes that are not what the pair's encoding (CBOR, MessagePack) makes.
    NotDecoded,
}

impl Malformed {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::NotUtf8,
        Self::NotJson,
        Self::TooDeep,
        Self::TooLarge,
        Self::NotObject,
        Self::EmptyBatch,
        Self::BadVersion,
        Self::BadId,
        Self::BadMethod,
        Self::BadError,
        Self::Ambiguous,
        Self::DuplicateKey,
        Self::NotACall,
        Self::NotDecoded,
    ];

    /// Its name in figures and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::TooDeep => "too_deep",
            Self::TooLarge => "too_large",
            Self::NotObject => "not_object",
            Self::EmptyBatch => "empty_batch",
            Self::BadVersion => "bad_version",
            Self::BadId => "bad_id",
            Self::BadMethod => "bad_method",
            Self::BadError => "bad_error",
            Self::Ambiguous => "ambiguous",
            Self::DuplicateKey => "duplicate_key",
            Self::NotACall => "not_a_call",
            Self::NotDecoded => "not_decoded",
        }
    }
}

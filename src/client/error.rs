//! Why a call did not return a result.
//!
//! Each reason asks something else of the caller: mend the request (`Rejected`), try again later
//! (`Failed`, `Timeout`, `Disconnected`), call the operator (`Refused`, `Malformed`).

use serde_json::value::RawValue;
use std::fmt;
use std::time::Duration;

/// Why a call did not return a result.
#[derive(Debug)]
pub enum CallError {
    /// No answer came in time. The service may have carried the call out all the same.
    Timeout(Duration),
    /// The service says that the request is at fault: asking again unchanged is useless.
    Rejected(Fault),
    /// The service says that it failed itself.
    Failed(Fault),
    /// The link to the broker is down, or broke while the answer was awaited.
    Disconnected,
    /// The broker does not let this client subscribe to its own reply topic, named here.
    Refused(String),
    /// An answer came that is neither a result nor an error.
    Malformed(String),
    /// The request cannot be sent: bad service name, parameters that are no JSON.
    Unsendable(String),
}

/// The error object of an answer.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its code; `None` if the service sent none, or none that is an integer.
    pub code: Option<i64>,
    /// Its message; may be empty.
    pub message: String,
    /// Its `data`, as sent.
    pub data: Option<Box<RawValue>>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(limit) => write!(f, "no answer within {} s", limit.as_secs_f64()),
            Self::Rejected(fault) => write!(f, "request rejected: {fault}"),
            Self::Failed(fault) => write!(f, "service failed: {fault}"),
            Self::Disconnected => f.write_str("no connection to the broker"),
            Self::Refused(filter) => write!(f, "broker refused the subscription to {filter}"),
            Self::Malformed(why) => write!(f, "answer cannot be read: {why}"),
            Self::Unsendable(why) => write!(f, "request cannot be sent: {why}"),
        }
    }
}

impl std::error::Error for CallError {}

//! Why a call did not return a result.
//!
//! Each reason asks something else of the caller: mend the request (`Validation` to `Rejected`),
//! wait (`RateLimited`, `Unavailable`, `CircuitOpen`), try again (`Failed`, `Timeout`, `LinkDown`),
//! call the operator (`Refused`, `Malformed`).

use super::fault::{Fault, FieldError, Resource};
use std::fmt;
use std::time::Duration;

/// Why a call did not return a result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallError {
    /// −32001: the parameters are not valid. The fields that are named may be none.
    Validation {
        /// What is wrong with which field.
        fields: Vec<FieldError>,
        /// The error as it was sent.
        fault: Box<Fault>,
    },
    /// −32002: a rule of the business forbids it.
    BusinessRule {
        /// The rule's name.
        rule: Option<String>,
        /// What stands in the way.
        resource: Option<Box<Resource>>,
        /// The error as it was sent.
        fault: Box<Fault>,
    },
    /// −32003: the caller may not do this.
    Unauthorized(Fault),
    /// −32004: there is no such thing.
    NotFound(Fault),
    /// −32005: it contradicts how things stand.
    Conflict {
        /// What it contradicts.
        resource: Option<Box<Resource>>,
        /// The error as it was sent.
        fault: Box<Fault>,
    },
    /// −32006: too many calls.
    RateLimited {
        /// When to call again, from now.
        retry_after: Option<Duration>,
        /// The error as it was sent.
        fault: Box<Fault>,
    },
    /// Any other error that is the caller's doing: asking again unchanged is useless.
    Rejected(Fault),
    /// −32007: the service gave up on the call. It may have carried it out in part.
    ExecutionTimeout(Fault),
    /// Any other error that is the service's doing.
    Failed(Fault),
    /// The service is known not to be available; or it, or lookout in its place, said so (−32503).
    Unavailable(Box<Away>),
    /// The circuit of the service is open, or lets no more trial calls through.
    CircuitOpen(Box<Away>),
    /// No answer came in time. The service may have carried the call out all the same.
    Timeout(Duration),
    /// The link to the broker is down, or broke while the answer was awaited.
    LinkDown {
        /// Whether the request was on its way, so that it may be carried out all the same.
        sent: bool,
    },
    /// The broker does not let this client subscribe to the topic that it needs, named here.
    Refused(String),
    /// An answer came that is neither a result nor an error, or whose result is not of the type
    /// that was asked for.
    Malformed(String),
    /// The request cannot be sent: bad service name, parameters that are no JSON.
    Unsendable(String),
    /// An option that cannot be meant; it is named.
    Options(String),
    /// As many calls are open as this client may have.
    Overloaded(usize),
}

/// A service that is away: why, and when to call again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Away {
    /// The service.
    pub service: String,
    /// Why, in lookout's word or the service's, such as `not_responding` or `failure_rate`.
    pub reason: String,
    /// When to call again, from now; `None` if nobody knows.
    pub retry_after: Option<Duration>,
    /// What is said about the time until it is back, such as `2-5 minutes`.
    pub estimate: Option<String>,
    /// The `correlationId` of the incident.
    pub incident: Option<String>,
    /// Who says so.
    pub source: Source,
}

/// Who says that a service is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// lookout, before anything was sent.
    #[default]
    Lookout,
    /// This client: too many time-outs in a row, and no lookout.
    Own,
    /// An answer: the service's own, or lookout's in its place.
    Answer,
}

impl CallError {
    /// When to call again, from now, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(away) | Self::CircuitOpen(away) => away.retry_after,
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the same call may succeed later: what failed is not the request.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Timeout(_)
                | Self::ExecutionTimeout(_)
                | Self::Failed(_)
                | Self::Unavailable(_)
                | Self::CircuitOpen(_)
                | Self::RateLimited { .. }
                | Self::LinkDown { .. }
                | Self::Overloaded(_)
        )
    }

    /// Whether the service could not be reached at all, so that an older answer is better than
    /// none.
    pub const fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Timeout(_) | Self::Unavailable(_) | Self::CircuitOpen(_) | Self::LinkDown { .. }
        )
    }

    /// The error object of the answer, if there was one that is kept whole.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Validation { fault, .. }
            | Self::BusinessRule { fault, .. }
            | Self::Conflict { fault, .. }
            | Self::RateLimited { fault, .. } => Some(fault),
            Self::Unauthorized(fault)
            | Self::NotFound(fault)
            | Self::Rejected(fault)
            | Self::ExecutionTimeout(fault)
            | Self::Failed(fault) => Some(fault),
            _ => None,
        }
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.service, self.reason)?;
        match (self.retry_after, &self.estimate) {
            (Some(after), _) => write!(f, ", try again in {:.1} s", after.as_secs_f64()),
            (None, Some(estimate)) => write!(f, ", back in {estimate}"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validation { fields, fault } => {
                write!(f, "not valid: {fault}")?;
                for field in fields {
                    write!(f, "; {field}")?;
                }
                Ok(())
            }
            Self::BusinessRule { rule: Some(rule), fault, .. } => {
                write!(f, "against the rule {rule}: {fault}")
            }
            Self::BusinessRule { fault, .. } => write!(f, "against a rule: {fault}"),
            Self::Unauthorized(fault) => write!(f, "not allowed: {fault}"),
            Self::NotFound(fault) => write!(f, "not found: {fault}"),
            Self::Conflict { resource: Some(resource), fault } => {
                write!(f, "conflict with {resource}: {fault}")
            }
            Self::Conflict { fault, .. } => write!(f, "conflict: {fault}"),
            Self::RateLimited { fault, .. } => write!(f, "too many calls: {fault}"),
            Self::Rejected(fault) => write!(f, "request rejected: {fault}"),
            Self::ExecutionTimeout(fault) => write!(f, "the service ran out of time: {fault}"),
            Self::Failed(fault) => write!(f, "service failed: {fault}"),
            Self::Unavailable(away) => write!(f, "service unavailable: {away}"),
            Self::CircuitOpen(away) => write!(f, "circuit open: {away}"),
            Self::Timeout(limit) => write!(f, "no answer within {} s", limit.as_secs_f64()),
            Self::LinkDown { sent: true } => f.write_str("the link broke before the answer came"),
            Self::LinkDown { sent: false } => f.write_str("no connection to the broker"),
            Self::Refused(filter) => write!(f, "broker refused the subscription to {filter}"),
            Self::Malformed(why) => write!(f, "answer cannot be read: {why}"),
            Self::Unsendable(why) => write!(f, "request cannot be sent: {why}"),
            Self::Options(why) => write!(f, "wrong options: {why}"),
            Self::Overloaded(open) => write!(f, "{open} calls are open already"),
        }
    }
}

impl std::error::Error for CallError {}

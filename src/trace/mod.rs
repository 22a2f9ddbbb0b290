//! Traces without instrumentation: calls that the observer saw, as spans of OpenTelemetry, sent to a
//! collector by OTLP, over HTTP or gRPC.
//!
//! The corridor leaves calls in `queue` and never waits; a thread of its own sends them (`export`). What a
//! call is as spans, `span` knows; what a collector's answers mean, `post`; when to try again, `retry`; what
//! is logged of it, `standing`.
//! Which calls are traced was decided before, in the observer.

mod export;
mod post;
mod queue;
mod reach;
mod retry;
#[cfg(test)]
mod sample;
mod span;
mod standing;

pub use export::Exporter;
pub use queue::Tracer;
pub use reach::reach;

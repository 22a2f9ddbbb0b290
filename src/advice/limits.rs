//! Every threshold of advice and every bound of its memory, with the reason.
//!
//! Advice is read by people who can change code, settings and replicas, once a day. So it is slower
//! and stricter than an alarm: half an hour and some hundred calls before anything is said, and
//! thresholds at which a change is worth somebody's morning. `docs/ADVICE.md` has the same numbers.

use crate::observer::Span;

/// What is summed up at once. It is the span of the observer's long windows, so that one window
/// after the other covers all traffic, and none twice.
pub const SPELL_MINUTES: u64 = 5;

/// A spell that is shorter or longer by more than a minute is not what the windows cover.
pub(super) const SPELL_SLACK: Span = Span::from_secs(60);

/// Hours that are kept, beside the one under way.
pub const HOURS: u32 = 24;

/// Methods of a service that are kept: those that take the most time. What dominates is among the
/// first, and what is not among the first eight dominates nothing.
pub const METHODS: usize = 8;

/// Hours in a slice of a method's day; so many slices are kept.
pub(super) const SLICE_HOURS: u32 = 4;
/// Slices of a method's day.
pub(super) const SLICES: usize = 6;

/// Findings that are told; beyond, they are counted.
pub const FINDINGS: usize = 200;

/// Spells without trouble that a service needs: half an hour. Less may be one job or one user.
pub(super) const MIN_SPELLS: u32 = 6;

/// Settled calls that a service needs: a share of one in a hundred is then two calls.
pub(super) const MIN_CALLS: u64 = 200;

/// Calls that a rule about load needs: what is called less is nobody's load.
pub(super) const MIN_LOAD: u64 = 1_000;

/// Failures, rejections, late replies that a rule needs: fewer are an anecdote.
pub(super) const MIN_CASES: u64 = 20;

/// A 95th percentile above this is slow: the mean reply time above which a service is degraded.
pub(super) const SLOW: Span = Span::from_secs(5);

/// A method is slow beside the others above this: the median above which a service may be found
/// slow at once.
pub(super) const SLOW_METHOD: Span = Span::from_secs(1);

/// and if it takes so many times what the others take: the factor of the same rule.
pub(super) const SLOW_BESIDE: f64 = 5.0;

/// Replies of a method that its percentile needs: five are then slower.
pub(super) const MIN_METHOD: u64 = 100;

/// Failures / settled calls: half of the rate at which a service is degraded, all day long,
pub(super) const FAILURES_HIGH: f64 = 0.05;
/// and what an objective of 99 % leaves.
pub(super) const FAILURES: f64 = 0.01;

/// Rejections / settled calls, rate limits left out: one call in five is made in vain,
pub(super) const REJECTIONS: f64 = 0.2;
/// or one in twenty.
pub(super) const REJECTIONS_LOW: f64 = 0.05;

/// Calls refused by a rate limit / settled calls: one in ten,
pub(super) const LIMITED_HIGH: f64 = 0.1;
/// or one in a hundred.
pub(super) const LIMITED: f64 = 0.01;

/// The code of a call that a rate limit refuses, as behaviour has it.
pub(super) const RATE_LIMIT_CODE: i64 = -32_006;

/// Calls in progress at once for each ready replica: beyond ten, one that stops for a second (a
/// collection of garbage, a slow query) makes ten callers wait,
pub(super) const OPEN_PER_REPLICA: f64 = 10.0;
/// and twice that.
pub(super) const OPEN_PER_REPLICA_HIGH: f64 = 20.0;

/// Share of a service's time that one method takes, where there are at least [`SEVERAL`].
pub(super) const DOMINANT_TIME: f64 = 0.7;
/// Share of a service's calls that go to one method.
pub(super) const DOMINANT_CALLS: f64 = 0.9;
/// Methods that a service needs for one to dominate.
pub(super) const SEVERAL: usize = 3;

/// Late replies / unanswered calls: a third of those who gave up would have been answered.
pub(super) const LATE: f64 = 0.3;
/// Late replies / settled calls at which that is urgent.
pub(super) const LATE_HIGH: f64 = 0.01;

/// A patience is long from here on: people give up before,
pub(super) const LONG_PATIENCE: Span = Span::from_secs(10);
/// if it is also so many times the 99th percentile. What is learned is four times it.
pub(super) const LONG_BESIDE: f64 = 20.0;
/// Unanswered calls that tell how long calls are waited for.
pub(super) const MIN_WAITS: usize = 5;

/// Calls a minute and caller, all day long: one a second is a program that polls,
pub(super) const CHATTY: f64 = 60.0;
/// and ten a second one that could ask for more at once.
pub(super) const CHATTY_HIGH: f64 = 600.0;

/// Times that a circuit closed in one hour. A long outage opens it again and again, after trials
/// that fail; only one that comes back closes it.
pub(super) const FLAPS: u32 = 3;
/// Every ten minutes.
pub(super) const FLAPS_HIGH: u32 = 6;

/// The length of a spell.
pub(super) const fn spell() -> Span {
    Span::from_secs(SPELL_MINUTES * 60)
}

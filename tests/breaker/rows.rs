//! How rows are written: by which settings, and how often calls settle.

use crate::machine::Row;
use lookout::observer::Span;
use lookout::observer::settings::{CircuitPolicy, SlowCall};

pub(crate) const SLOW: Option<SlowCall> =
    Some(SlowCall { duration: Span::from_secs(4), rate: 0.5 });

pub(crate) const fn row(
    id: &'static str,
    set: fn(&mut CircuitPolicy),
    script: &'static str,
    told: &'static [&'static str],
) -> Row {
    Row { id, set, every: 1_000, script, told }
}

pub(crate) const fn quick(
    id: &'static str,
    every: u64,
    set: fn(&mut CircuitPolicy),
    script: &'static str,
    told: &'static [&'static str],
) -> Row {
    Row { id, set, every, script, told }
}

/// By the defaults.
pub(crate) fn plain(_: &mut CircuitPolicy) {}

pub(crate) fn five(policy: &mut CircuitPolicy) {
    policy.min_calls = 5;
}

pub(crate) fn slow_rule(policy: &mut CircuitPolicy) {
    policy.min_calls = 5;
    policy.slow_call = SLOW;
}

pub(crate) fn opens_5s(policy: &mut CircuitPolicy) {
    policy.open_timeout = Span::from_secs(5);
}

//! What OpenMetrics 1.0 writes otherwise than Prometheus' text format 0.0.4.
//!
//! A family of counters is named without `_total`, one of facts without `_info`; a quotation mark in a help
//! is escaped; bounds of buckets have a fraction; a bucket may name a trace that shows one of its calls; the
//! page has an end. Samples are named alike in both, so a query means the same.

use super::exposition::{Kind, Metric};
use crate::observer::exemplars::Exemplar;
use std::fmt::Write;

/// The end of a page.
pub(super) const END: &str = "# EOF\n";

/// The name and type of a family.
pub(super) fn family(metric: &Metric) -> (&'static str, &'static str) {
    let Metric { name, kind, .. } = metric;
    let facts = name.strip_suffix("_info").filter(|_| *kind == Kind::Gauge);
    match (kind, facts) {
        (Kind::Counter, _) => (name.strip_suffix("_total").unwrap_or(name), kind.name()),
        (Kind::Gauge, Some(name)) => (name, "info"),
        (Kind::Gauge | Kind::Histogram, _) => (name, kind.name()),
    }
}

/// Begins a family.
pub(super) fn head(page: &mut String, metric: &Metric) {
    let (name, kind) = family(metric);
    // Writing to a string cannot fail, here and below.
    let _ = write!(page, "# HELP {name} ");
    for c in metric.help.chars() {
        match c {
            '\\' => page.push_str("\\\\"),
            '"' => page.push_str("\\\""),
            '\n' => page.push_str("\\n"),
            c => page.push(c),
        }
    }
    let _ = write!(page, "\n# TYPE {name} {kind}\n");
}

/// Adds the exemplar of a bucket: its trace and span, its reply time in seconds, and when it was answered.
pub(super) fn exemplar(page: &mut String, exemplar: &Exemplar) {
    let Exemplar { at, took, trace, span } = exemplar;
    let (second, micros) = (at.micros() / 1_000_000, at.micros() % 1_000_000);
    let took = took.as_secs_f64();
    let _ =
        write!(page, " # {{trace_id=\"{trace}\",span_id=\"{span}\"}} {took} {second}.{micros:06}");
}

#[cfg(test)]
mod tests {
    use super::super::exposition::{Escaped, Format, Page, counter, gauge, histogram};
    use super::*;
    use crate::observer::exemplars::Exemplars;
    use crate::observer::trace::{SpanId, TraceId};
    use crate::observer::{Instant, Span};

    static CALLS: Metric = counter("calls_total", &["how"], "Calls: \"ok\" or \\.");
    static BUILD: Metric = gauge("build_info", &["version"], "Which.");
    static TIMES: Metric = histogram("time_seconds", &["service"], "Times.");

    #[test]
    fn a_page_is_written_as_openmetrics_wants_it() {
        let mut exemplars = Exemplars::default();
        for (class, micros) in [(1_u64, 4_000), (2, 12_345_678), (3, 9_000)] {
            let at = Instant::from_micros(1_700_000_000_000_042 + class);
            let took = Span::from_micros(micros);
            exemplars.note(at, took, TraceId::of(class.into()), SpanId::of(class));
        }
        let mut page = Page::with_capacity(Format::OpenMetrics, 0);
        page.family(&CALLS).sample(&[Escaped::plain("ok")], 3_u64);
        page.family(&BUILD).sample(&[Escaped::plain("1")], 1_u64);
        // The second bucket counts nothing of its own, whatever its exemplar says.
        page.family(&TIMES).buckets(
            &[Escaped::plain("b")],
            &[("0.005", 1), ("0.01", 1)],
            2,
            12.35,
            |class| exemplars.of(if class == 2 { 14 } else { class }),
        );
        assert_eq!(
            page.finish(),
            r##"# HELP calls Calls: \"ok\" or \\.
# TYPE calls counter
calls_total{how="ok"} 3
# HELP build Which.
# TYPE build info
build_info{version="1"} 1
# HELP time_seconds Times.
# TYPE time_seconds histogram
time_seconds_bucket{service="b",le="0.005"} 1 # {trace_id="00000000000000000000000000000001",span_id="0000000000000001"} 0.004 1700000000.000043
time_seconds_bucket{service="b",le="0.01"} 1
time_seconds_bucket{service="b",le="+Inf"} 2 # {trace_id="00000000000000000000000000000002",span_id="0000000000000002"} 12.345678 1700000000.000044
time_seconds_sum{service="b"} 12.35
time_seconds_count{service="b"} 2
# EOF
"##
        );
    }
}

//! The reference page of all metrics, `docs/METRICS.md`.

use super::exposition::Metric;
use super::{observed, own, platform};
use std::fmt::Write;

const HEAD: &str = "# Metrics\n\n\
    <!-- Printed by `lookout check-config --print-metrics`; a test compares it. -->\n\n\
    For whoever scrapes lookout, or writes rules and dashboards. `GET /metrics` gives all of them, as \
    OpenMetrics 1.0 to those who want it (`Accept`, as Prometheus sends it), else in Prometheus' text format \
    0.0.4. Series are named alike in both, but for whole bounds of buckets: `le=\"1.0\"` in OpenMetrics, as it \
    wants it, and `le=\"1\"` in the text.\n\n\
    - What is not known has no sample: a rate over a span in which nothing settled, the percentile of no \
    replies.\n\
    - Series are bounded by `limits.services`, `limits.methods`, `limits.channels` and \
    `limits.components`; what is beyond is counted under `_other`.\n\
    - Totals, verdicts, circuits and open calls are those of the last second. Figures over 5 min of services \
    and methods, reply times and errors by code are at most 5 s old where there are more than 64 services.\n\
    - A share of answered calls for an objective is ok, rejected and failed over these and unanswered; void \
    calls count nowhere, as lookout could not have heard their replies.\n\
    - Counters begin at 0 with each start of lookout. Two lookouts of one platform count the same calls: keep \
    `instance`, or choose one.\n\
    - Buckets of `lookout_reply_seconds` are those that OpenTelemetry advises for \
    `rpc.server.call.duration`. In OpenMetrics each may have an exemplar: the last call in it that is told in \
    a trace, by `trace_id` and `span_id`. Prometheus keeps them with `--enable-feature=exemplar-storage`.\n";

/// The page.
pub fn reference() -> String {
    let mut out = HEAD.to_owned();
    let groups = [
        ("Services and methods", observed::METRICS),
        ("Under the platform's names", platform::METRICS),
        ("lookout itself", own::METRICS),
    ];
    for (title, metrics) in groups {
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n## {title}\n\n| metric | kind | labels | meaning |\n|---|---|---|---|\n"
        );
        for Metric { name, kind, labels, help } in metrics {
            let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
            let (kind, labels) = (kind.name(), labels.join(", "));
            let _ = writeln!(out, "| `{name}` | {kind} | {labels} | {help} |");
        }
    }
    out
}

//! lookout's own logs and metrics.
//!
//! Logs go to stderr through `tracing`, for people or as JSON lines. The level says what the
//! operator has to do: `error` act, `warn` look, `info` nothing.
//!
//! [`METRICS`] is the one list of metrics. Their numbers are counted where things happen, in
//! plain integers, and copied into the exporter once a second through handles that are looked up
//! once: a message costs no metric. A metric is listed if, and only if, [`Exporter::export`]
//! sets it. The exporter is a value, not the global recorder, so that two of them in one process
//! do not share numbers.

mod figures;
mod observed;

pub use figures::{Figures, LinkFigures, Looks};

use crate::config::Log;
use crate::observer::Snapshot;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use observed::Observed;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Directs this process's logs to stderr; to be called once.
///
/// # Errors
///
/// If the filter cannot be read, or logs are directed somewhere already.
pub fn start_logs(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level)
        .map_err(|error| anyhow::anyhow!("`log.level` is no filter: {error}"))?;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        // Whoever reads our logs may go away; that is no reason to end.
        .log_internal_errors(false);
    let started = if log.json {
        logs.json().flatten_event(true).try_init()
    } else {
        logs.with_target(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logs cannot be set up: {error}"))
}

/// Whether a metric only grows or moves both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Moves both ways.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, with its unit.
    pub name: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// What it says.
    pub help: &'static str,
}

const START: Metric = gauge("process_start_time_seconds", "Unix time at which lookout started.");
const LINK_UP: Metric =
    gauge("lookout_link_up", "1 while connected with every subscription granted, else 0.");
const ATTEMPTS: Metric =
    counter("lookout_connection_attempts_total", "Attempts to connect to the broker.");
const LINKS: Metric = counter("lookout_links_total", "Times the link to the broker came up.");
const RECEIVED: Metric =
    counter("lookout_messages_received_total", "Messages received from the broker.");
const INBOX: Metric = gauge("lookout_inbox_messages", "Messages that wait for the observer.");
const INBOX_DROPPED: Metric =
    counter("lookout_inbox_dropped_total", "Messages dropped because the inbox was full.");
const LAG: Metric =
    gauge("lookout_inbox_lag_seconds", "How long the message handled last had waited.");
const CANARY: Metric = gauge(
    "lookout_canary_round_trip_seconds",
    "How long lookout's canary took to be heard back, the last time it was.",
);
const CANARY_LOST: Metric =
    counter("lookout_canary_lost_total", "Songs of the canary that were never heard.");
const RESTARTS: Metric = counter(
    "lookout_task_restarts_total",
    "Times a part of lookout failed and was started anew, by task: http, mqtt, emqx.",
);
const LOOKS: Metric = counter(
    "lookout_subscriber_looks_total",
    "Looks for subscribers of services that let calls wait, by what was found: somebody, nobody, unknown.",
);
const OUTBOX: Metric =
    gauge("lookout_outbox_documents", "Documents that wait to be sent or acknowledged.");
const OUTBOX_DROPPED: Metric =
    counter("lookout_outbox_dropped_total", "Documents dropped because the outbox was full.");
const PUBLISHED: Metric =
    counter("lookout_documents_published_total", "Publications the broker acknowledged.");
const REFUSED: Metric =
    counter("lookout_documents_refused_total", "Publications the broker refused.");
const UNSENDABLE: Metric = counter(
    "lookout_documents_unsendable_total",
    "Documents never sent: no valid topic, or too large for the broker.",
);

/// Every metric of this program, in the order of the manual.
pub const METRICS: &[Metric] = &[
    START,
    LINK_UP,
    ATTEMPTS,
    LINKS,
    RECEIVED,
    INBOX,
    INBOX_DROPPED,
    LAG,
    CANARY,
    CANARY_LOST,
    RESTARTS,
    LOOKS,
    OUTBOX,
    OUTBOX_DROPPED,
    PUBLISHED,
    REFUSED,
    UNSENDABLE,
    observed::CALLS,
    observed::ONEWAY,
    observed::LATE,
    observed::OPEN,
    observed::OLDEST,
    observed::REQUESTS,
    observed::RESPONSES,
    observed::ERRORS,
    observed::FAILURES,
    observed::REPLY,
    observed::VERDICT,
    observed::CIRCUIT,
    observed::MALFORMED,
    observed::UNMATCHED,
    observed::DUPLICATE,
    observed::IGNORED,
    observed::ANSWERED,
    observed::WITHHELD,
    observed::EVICTED,
    observed::ACTIVITY,
    observed::SECURITY,
    observed::DOUBT,
    observed::INCIDENTS,
];

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, help }
}

const fn histogram(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, help }
}

/// Turns figures into a page for Prometheus.
pub struct Exporter {
    page: PrometheusHandle,
    process: ProcessHandles,
    link: LinkHandles,
    observed: Observed,
    pairs: Vec<String>,
    recorder: PrometheusRecorder,
}

/// The cached handles of what is known without the broker.
struct ProcessHandles {
    start: Gauge,
    inbox: Gauge,
    lag: Gauge,
    canary: Gauge,
    canary_lost: Counter,
    looks: [Counter; 3],
    restarts: [Counter; 3],
}

/// The cached handles of [`LinkFigures`].
struct LinkHandles {
    up: Gauge,
    attempts: Counter,
    links: Counter,
    received: Counter,
    inbox_dropped: Counter,
    outbox: Gauge,
    outbox_dropped: Counter,
    published: Counter,
    refused: Counter,
    unsendable: Counter,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl Exporter {
    /// An exporter with all metrics at zero; `pairs` are the names of the traffic pairs.
    pub fn new(pairs: &[String]) -> Self {
        let reply = Matcher::Full(observed::REPLY.name.into());
        let builder = PrometheusBuilder::new();
        // Only an empty list of buckets is refused.
        let builder = builder
            .set_buckets_for_metric(reply, &observed::BUCKETS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        for metric in METRICS {
            metric.describe(&recorder);
        }
        let process = ProcessHandles {
            start: START.gauge(&recorder),
            inbox: INBOX.gauge(&recorder),
            lag: LAG.gauge(&recorder),
            canary: CANARY.gauge(&recorder),
            canary_lost: CANARY_LOST.counter(&recorder),
            restarts: ["http", "mqtt", "emqx"]
                .map(|task| RESTARTS.counter_with(&recorder, vec![Label::new("task", task)])),
            looks: ["somebody", "nobody", "unknown"]
                .map(|found| LOOKS.counter_with(&recorder, vec![Label::new("found", found)])),
        };
        let link = LinkHandles {
            up: LINK_UP.gauge(&recorder),
            attempts: ATTEMPTS.counter(&recorder),
            links: LINKS.counter(&recorder),
            received: RECEIVED.counter(&recorder),
            inbox_dropped: INBOX_DROPPED.counter(&recorder),
            outbox: OUTBOX.gauge(&recorder),
            outbox_dropped: OUTBOX_DROPPED.counter(&recorder),
            published: PUBLISHED.counter(&recorder),
            refused: REFUSED.counter(&recorder),
            unsendable: UNSENDABLE.counter(&recorder),
        };
        Self {
            page: recorder.handle(),
            process,
            link,
            observed: Observed::default(),
            pairs: pairs.to_vec(),
            recorder,
        }
    }

    /// Copies the figures into the exporter; to be called once a second.
    pub fn export(&mut self, figures: &Figures, snapshot: &Snapshot) {
        let Figures { start, inbox, lag, canary, canary_lost, looks, restarts, link } = figures;
        self.process.start.set(start.micros() as f64 / 1e6);
        self.process.inbox.set(*inbox as f64);
        self.process.lag.set(lag.as_secs_f64());
        self.process.canary.set(canary.as_secs_f64());
        self.process.canary_lost.absolute(*canary_lost);
        for (counter, count) in self.process.restarts.iter().zip(restarts) {
            counter.absolute(*count);
        }
        let [somebody, nobody, unknown] = &self.process.looks;
        somebody.absolute(looks.somebody);
        nobody.absolute(looks.nobody);
        unknown.absolute(looks.unknown);
        self.link.export(link);
        self.observed.export(snapshot, &self.pairs, &self.recorder);
        // Without a listener of its own the exporter leaves this to us.
        self.page.run_upkeep();
    }

    /// Renders the page whenever it is called, in Prometheus' text format 0.0.4.
    pub fn page(&self) -> impl Fn() -> String + Clone + Send + Sync + use<> {
        let page = self.page.clone();
        move || page.render()
    }
}

impl LinkHandles {
    fn export(&self, figures: &LinkFigures) {
        self.up.set(if figures.up { 1.0 } else { 0.0 });
        self.attempts.absolute(figures.attempts);
        self.links.absolute(figures.links);
        self.received.absolute(figures.received);
        self.inbox_dropped.absolute(figures.inbox_dropped);
        self.outbox.set(figures.outbox as f64);
        self.outbox_dropped.absolute(figures.outbox_dropped);
        self.published.absolute(figures.published);
        self.refused.absolute(figures.refused);
        self.unsendable.absolute(figures.unsendable);
    }
}

impl Metric {
    fn describe(&self, recorder: &PrometheusRecorder) {
        let unit = Some(Unit::Count);
        match self.kind {
            Kind::Counter => recorder.describe_counter(self.name.into(), unit, self.help.into()),
            Kind::Gauge => recorder.describe_gauge(self.name.into(), unit, self.help.into()),
            Kind::Histogram => {
                let unit = Some(Unit::Seconds);
                recorder.describe_histogram(self.name.into(), unit, self.help.into());
            }
        }
    }

    fn counter(&self, recorder: &PrometheusRecorder) -> Counter {
        self.counter_with(recorder, Vec::new())
    }

    fn counter_with(&self, recorder: &PrometheusRecorder, labels: Vec<Label>) -> Counter {
        recorder.register_counter(&Key::from_parts(self.name, labels), &METADATA)
    }

    fn gauge(&self, recorder: &PrometheusRecorder) -> Gauge {
        self.gauge_with(recorder, Vec::new())
    }

    fn gauge_with(&self, recorder: &PrometheusRecorder, labels: Vec<Label>) -> Gauge {
        recorder.register_gauge(&Key::from_parts(self.name, labels), &METADATA)
    }

    fn histogram_with(&self, recorder: &PrometheusRecorder, labels: Vec<Label>) -> Histogram {
        recorder.register_histogram(&Key::from_parts(self.name, labels), &METADATA)
    }
}

const METADATA: Metadata<'static> = Metadata::new("lookout", Level::INFO, None);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::{Instant, Span};

    #[test]
    fn every_listed_metric_is_exported_with_its_help_and_no_other() {
        let mut exporter = Exporter::new(&["functions".to_owned()]);
        let link = LinkFigures {
            received: 1,
            inbox_dropped: 2,
            attempts: 3,
            links: 4,
            published: 5,
            refused: 6,
            outbox_dropped: 7,
            unsendable: 8,
            outbox: 9,
            up: true,
        };
        let start = Instant::from_micros(1_732_270_200_500_000);
        let (lag, canary) = (Span::from_millis(250), Span::from_millis(3));
        let looks = Looks { somebody: 11, nobody: 12, unknown: 13 };
        let restarts = [14, 15, 16];
        let figures =
            Figures { start, inbox: 10, lag, canary, canary_lost: 4, looks, restarts, link };
        exporter.export(&figures, &observed::tests::snapshot());
        let page = (exporter.page())();
        for metric in METRICS {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            assert!(page.contains(&format!("# HELP {} {}\n", metric.name, metric.help)), "{page}");
            assert!(page.contains(&format!("# TYPE {} {kind}\n", metric.name)), "{page}");
            // A value that nobody sets stays 0, and none of those above is.
            assert!(!page.contains(&format!("\n{} 0\n", metric.name)), "{}", metric.name);
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"));
        }
        assert_eq!(page.matches("# TYPE ").count(), METRICS.len());
        assert!(page.contains("process_start_time_seconds 1732270200.5\n"), "{page}");
        assert!(page.contains("lookout_inbox_messages 10\n"), "{page}");
        for (task, count) in [("http", 14), ("mqtt", 15), ("emqx", 16)] {
            let line = format!("lookout_task_restarts_total{{task=\"{task}\"}} {count}\n");
            assert!(page.contains(&line), "{page}");
        }
        for (found, count) in [("somebody", 11), ("nobody", 12), ("unknown", 13)] {
            let line = format!("lookout_subscriber_looks_total{{found=\"{found}\"}} {count}\n");
            assert!(page.contains(&line), "{page}");
        }
    }

    #[test]
    fn a_second_exporter_has_numbers_of_its_own() {
        let (mut one, other) = (Exporter::new(&[]), Exporter::new(&[]));
        one.export(&Figures { inbox: 5, ..Figures::default() }, &Snapshot::default());
        assert!((one.page())().contains("lookout_inbox_messages 5\n"));
        assert!((other.page())().contains("lookout_inbox_messages 0\n"));
    }
}

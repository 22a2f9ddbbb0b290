//! Prometheus' text format 0.0.4, or OpenMetrics 1.0, written as it is asked for.
//!
//! The whole page is written from one snapshot: nothing is kept between two, so what is gone is
//! gone from the page too, and a message costs no metric. A family is named by its
//! [`Metric`] and has all its samples in one place, as the format wants it. What is not known has no
//! sample.
//!
//! The libraries of the field keep a handle for every series. With 1 000 services of 10 methods
//! those took 190 ms to be rendered; `benches/pages` times what is done here.

use super::openmetrics;
use crate::observer::exemplars::Exemplar;
use std::fmt::Write;

/// How a page is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4.
    #[default]
    Text,
    /// OpenMetrics 1.0, which has room for exemplars.
    OpenMetrics,
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

impl Kind {
    /// Its name in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, with its unit.
    pub name: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// A counter.
pub(super) const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

/// A gauge.
pub(super) const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

/// A histogram.
pub(super) const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, help }
}

/// One figure of a metric, as whoever compares it wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Which metric.
    pub metric: &'static Metric,
    /// The values of its labels, in their order.
    pub labels: Vec<String>,
    /// The figure.
    pub value: f64,
}

/// A page that is being written.
#[derive(Debug, Default)]
pub(super) struct Page(Out);

/// What a page is made for.
#[derive(Debug)]
enum Out {
    /// To be read by Prometheus.
    Text(Format, String),
    /// To be compared: the figures of these metrics, and no others.
    Samples(Vec<&'static str>, Vec<Sample>),
}

impl Default for Out {
    fn default() -> Self {
        Self::Text(Format::default(), String::new())
    }
}

impl Page {
    /// A page with room for so many bytes.
    pub(super) fn with_capacity(format: Format, bytes: usize) -> Self {
        Self(Out::Text(format, String::with_capacity(bytes)))
    }

    /// One that only keeps the figures of some metrics, which are no histograms.
    pub(super) const fn of_samples(wanted: Vec<&'static str>) -> Self {
        Self(Out::Samples(wanted, Vec::new()))
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        match self.0 {
            Out::Text(Format::Text, text) => text,
            Out::Text(Format::OpenMetrics, text) => text + openmetrics::END,
            Out::Samples(..) => String::new(),
        }
    }

    /// The figures.
    pub(super) fn into_samples(self) -> Vec<Sample> {
        match self.0 {
            Out::Text(..) => Vec::new(),
            Out::Samples(_, samples) => samples,
        }
    }

    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, metric: &'static Metric) -> Family<'_> {
        let to = match &mut self.0 {
            Out::Text(format, text) => To::Text(*format, text),
            Out::Samples(wanted, samples) if wanted.contains(&metric.name) => To::Samples(samples),
            Out::Samples(..) => To::Nobody,
        };
        Family { to, metric, begun: false }
    }

    /// A family of one sample.
    pub(super) fn single(&mut self, metric: &'static Metric, value: impl Into<Value>) {
        self.family(metric).sample(&[], value);
    }
}

/// A number, written as briefly as it can be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Count(u64),
    Number(f64),
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Count(is.into())
    }
}

impl Value {
    const fn number(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Number(number) => number,
        }
    }
}

/// Where samples go.
#[derive(Debug)]
enum To<'p> {
    Text(Format, &'p mut String),
    Samples(&'p mut Vec<Sample>),
    Nobody,
}

/// The samples of a metric.
#[derive(Debug)]
pub(super) struct Family<'p> {
    to: To<'p>,
    metric: &'static Metric,
    begun: bool,
}

impl Family<'_> {
    /// Whether nobody wants its samples, so that they need not be reckoned.
    pub(super) const fn is_for_nobody(&self) -> bool {
        matches!(self.to, To::Nobody)
    }

    /// Adds a histogram only for who reads the page: a bucket is no figure of its own.
    pub(super) const fn takes_buckets(&self) -> bool {
        matches!(self.to, To::Text(..))
    }

    /// Adds a sample; the values of the labels in their order.
    pub(super) fn sample(&mut self, labels: &[Escaped<'_>], value: impl Into<Value>) {
        self.line("", labels, None, value.into(), None);
    }

    /// Adds a sample if there is a value.
    pub(super) fn known(&mut self, labels: &[Escaped<'_>], value: Option<f64>) {
        if let Some(value) = value {
            self.sample(labels, value);
        }
    }

    /// Adds a histogram: for each upper bound, as OpenMetrics writes it, how many were not above it, then
    /// all, and their sum. A bucket that counts something may have an exemplar.
    pub(super) fn buckets<'e>(
        &mut self,
        labels: &[Escaped<'_>],
        buckets: &[(&str, u64)],
        count: u64,
        sum: f64,
        exemplar: impl Fn(usize) -> Option<&'e Exemplar>,
    ) {
        let open = matches!(self.to, To::Text(Format::OpenMetrics, _));
        let mut before = 0;
        let all = buckets.iter().copied().chain([("+Inf", count)]);
        for (at, (bound, below)) in all.enumerate() {
            // A time is counted by its bin, so that next to a bound the two may differ.
            let shown = if open && below > before { exemplar(at) } else { None };
            before = below;
            let bound = if open { bound } else { bound.strip_suffix(".0").unwrap_or(bound) };
            self.line("_bucket", labels, Some(bound), Value::Count(below), shown);
        }
        self.line("_sum", labels, None, Value::Number(sum), None);
        self.line("_count", labels, None, Value::Count(count), None);
    }

    fn line(
        &mut self,
        suffix: &str,
        labels: &[Escaped<'_>],
        le: Option<&str>,
        value: Value,
        exemplar: Option<&Exemplar>,
    ) {
        let Metric { name, kind, help, labels: names } = self.metric;
        debug_assert_eq!(names.len(), labels.len(), "{name}");
        let (format, page) = match &mut self.to {
            To::Nobody => return,
            To::Samples(samples) => {
                // A bucket is no figure of its own.
                if suffix.is_empty() {
                    let labels = labels.iter().map(|it| it.raw.to_owned()).collect();
                    samples.push(Sample { metric: self.metric, labels, value: value.number() });
                }
                return;
            }
            To::Text(format, page) => (*format, page),
        };
        if !std::mem::replace(&mut self.begun, true) {
            match format {
                // Writing to a string cannot fail, here and below.
                Format::Text => {
                    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {}", kind.name());
                }
                Format::OpenMetrics => openmetrics::head(page, self.metric),
            }
        }
        page.push_str(name);
        page.push_str(suffix);
        let mut open = '{';
        for (name, Escaped { text, .. }) in names.iter().zip(labels) {
            page.push(std::mem::replace(&mut open, ','));
            page.push_str(name);
            page.push_str("=\"");
            page.push_str(text);
            page.push('"');
        }
        if let Some(bound) = le {
            page.push(std::mem::replace(&mut open, ','));
            page.push_str("le=\"");
            page.push_str(bound);
            page.push('"');
        }
        page.push_str(if open == ',' { "} " } else { " " });
        let _ = match value {
            Value::Count(count) => write!(page, "{count}"),
            Value::Number(number) => write!(page, "{number}"),
        };
        if let Some(exemplar) = exemplar {
            openmetrics::exemplar(page, exemplar);
        }
        page.push('\n');
    }
}

/// The value of a label, escaped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Escaped<'t> {
    /// As it is.
    raw: &'t str,
    /// As it is written.
    text: &'t str,
}

impl<'t> Escaped<'t> {
    /// A value that needs no escaping.
    pub(super) const fn plain(value: &'t str) -> Self {
        Self { raw: value, text: value }
    }

    /// A value of any kind; `room` holds it if it has to be escaped.
    pub(super) fn new(value: &'t str, room: &'t mut String) -> Self {
        if !value.contains(['\\', '"', '\n']) {
            return Self::plain(value);
        }
        for c in value.chars() {
            match c {
                '\\' => room.push_str("\\\\"),
                '"' => room.push_str("\\\""),
                '\n' => room.push_str("\\n"),
                c => room.push(c),
            }
        }
        Self { raw: value, text: room }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static CALLS: Metric = counter("calls_total", &["service", "how"], "Calls.");
    static TIMES: Metric = histogram("time_seconds", &["service"], "Times.");
    static EMPTY: Metric = gauge("empty", &[], "Nothing.");
    static ALONE: Metric = gauge("alone", &[], "One.");

    #[test]
    fn a_page_is_written_as_the_format_wants_it() {
        let (mut page, mut room) = (Page::default(), String::new());
        let hostile = Escaped::new("a\"b\\c\nd", &mut room);
        let mut calls = page.family(&CALLS);
        calls.sample(&[hostile, Escaped::plain("ok")], 3_u64);
        calls.sample(&[Escaped::plain("b"), Escaped::plain("late")], 0.5);
        let buckets = [("0.1", 1), ("1.0", 2)];
        page.family(&TIMES).buckets(&[Escaped::plain("b")], &buckets, 4, 7.25, |_| None);
        page.family(&EMPTY).known(&[], None);
        page.single(&ALONE, true);
        assert_eq!(
            page.finish(),
            "# HELP calls_total Calls.\n# TYPE calls_total counter\n\
             calls_total{service=\"a\\\"b\\\\c\\nd\",how=\"ok\"} 3\n\
             calls_total{service=\"b\",how=\"late\"} 0.5\n\
             # HELP time_seconds Times.\n# TYPE time_seconds histogram\n\
             time_seconds_bucket{service=\"b\",le=\"0.1\"} 1\n\
             time_seconds_bucket{service=\"b\",le=\"1\"} 2\n\
             time_seconds_bucket{service=\"b\",le=\"+Inf\"} 4\n\
             time_seconds_sum{service=\"b\"} 7.25\ntime_seconds_count{service=\"b\"} 4\n\
             # HELP alone One.\n# TYPE alone gauge\nalone 1\n"
        );
    }
}

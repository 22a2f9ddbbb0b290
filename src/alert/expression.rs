//! What a rule compares: `service_failure_rate > 0.1`, `increase(lookout_canary_lost_total[5m]) > 0`.
//!
//! The form is that of Prometheus, of which this is the part that can be read wrongly by nobody: one
//! published figure, by labels if that is wanted, against one number. A counter is compared by what it
//! grew within a span (`increase`) or by that per second (`rate`), a gauge as it is. Figures are named as
//! on `/metrics`; a name that is not published, a label it does not have, a histogram, and a counter
//! that is compared as it is are refused, as such a rule would never fire, or never end.

use crate::observer::Span;
use crate::telemetry::{Kind, Metric, Sample, metrics};

/// Longest expression, in bytes.
const LONGEST: usize = 512;
/// The longest span that a counter is looked at over: its past is kept.
const LONGEST_WINDOW: Span = Span::from_secs(3_600);
/// The shortest: figures are looked at every ten seconds.
const SHORTEST_WINDOW: Span = Span::from_secs(60);

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

impl Comparison {
    /// In the order in which they are looked for: a longer sign before what it begins with.
    const ALL: [(&'static str, Self); 6] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("==", Self::Equal),
        ("!=", Self::Unequal),
        (">", Self::Above),
        ("<", Self::Below),
    ];

    /// Its sign.
    pub fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, it)| *it == self).map_or("", |(sign, _)| sign)
    }

    /// Whether it holds.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Above => left > right,
            Self::AtLeast => left >= right,
            Self::Below => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::Unequal => left != right,
        }
    }

    /// Whether `clear` is no worse than `threshold`, so that an alert can begin and end.
    pub fn eases(self, threshold: f64, clear: f64) -> bool {
        match self {
            Self::Above | Self::AtLeast => clear <= threshold,
            Self::Below | Self::AtMost => clear >= threshold,
            Self::Equal | Self::Unequal => clear == threshold,
        }
    }
}

/// What is made of a figure before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Nothing.
    Plain,
    /// How much it grew within the span.
    Increase(Span),
    /// How much it grew within the span, per second.
    Rate(Span),
}

impl View {
    /// The span it is looked at over.
    pub const fn window(self) -> Option<Span> {
        match self {
            Self::Plain => None,
            Self::Increase(span) | Self::Rate(span) => Some(span),
        }
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// The side of the figure, as it was written.
    pub left: String,
    /// The figure.
    pub metric: &'static Metric,
    /// Labels by their place, what they have to be, and whether they must not.
    matchers: Vec<(usize, bool, String)>,
    /// How the figure is looked at.
    pub view: View,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub threshold: f64,
}

impl Expression {
    /// Reads one; else what is wrong with it. `duration` reads spans as settings have them.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn read(text: &str, duration: fn(&str) -> Option<Span>) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("an expression of at most {LONGEST} bytes"));
        }
        let (left, comparison, right) = split(text)
            .ok_or("a figure compared with a number, such as service_failure_rate > 0.1")?;
        let threshold = right.parse().ok().filter(|it: &f64| it.is_finite());
        let threshold =
            threshold.ok_or_else(|| format!("a number after `{}`", comparison.sign()))?;
        let (function, selector) = match left.split_once('(') {
            Some((function, rest)) => {
                let inner = rest.strip_suffix(')').ok_or("a `)` at the end of the figure")?;
                (function.trim(), inner.trim())
            }
            None => ("", left),
        };
        let (selector, window) = match selector.split_once('[') {
            Some((selector, rest)) => {
                let span = rest.strip_suffix(']').and_then(|span| duration(span.trim()));
                let span = span.ok_or("a span such as [5m]")?;
                if !(SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&span) {
                    return Err("a span from [1m] to [1h]".to_owned());
                }
                (selector.trim(), Some(span))
            }
            None => (selector, None),
        };
        let (name, matchers) = match selector.split_once('{') {
            Some((name, rest)) => {
                (name.trim(), rest.strip_suffix('}').ok_or("a `}` after the labels")?)
            }
            None => (selector, ""),
        };
        let metric = metric(name)?;
        let view = view(function, window, metric)?;
        let matchers = self::matchers(metric, matchers)?;
        let left = left.to_owned();
        Ok(Self { left, metric, matchers, view, comparison, threshold })
    }

    /// Whether a sample is one of those that are compared.
    pub fn selects(&self, sample: &Sample) -> bool {
        sample.metric.name == self.metric.name
            && self.matchers.iter().all(|(place, unequal, value)| {
                sample.labels.get(*place).is_some_and(|label| (label == value) != *unequal)
            })
    }
}

/// Both sides of the first sign of comparison that stands outside of quotes.
fn split(text: &str) -> Option<(&str, Comparison, &str)> {
    let mut quoted = false;
    let mut inside = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '{' if !quoted => inside += 1,
            '}' if !quoted => inside = inside.saturating_sub(1),
            _ if quoted || inside > 0 => {}
            _ => {
                let (left, rest) = text.split_at(at);
                let found = Comparison::ALL.iter().find(|(sign, _)| rest.starts_with(sign));
                if let Some((sign, comparison)) = found {
                    let right = rest.strip_prefix(sign)?;
                    return Some((left.trim(), *comparison, right.trim()));
                }
            }
        }
    }
    None
}

fn metric(name: &str) -> Result<&'static Metric, String> {
    let found = metrics().find(|metric| metric.name == name);
    let metric = found.ok_or_else(|| {
        let near = metrics().filter(|it| it.kind != Kind::Histogram).max_by_key(|it| {
            let common = it.name.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
            let ends = it.name.bytes().rev().zip(name.bytes().rev()).take_while(|(a, b)| a == b);
            common + ends.count()
        });
        let near = near.map_or("service_failure_rate", |it| it.name);
        format!("a figure of docs/METRICS.md, such as {near}")
    })?;
    if metric.kind == Kind::Histogram {
        return Err(format!("a figure that is no histogram: {name} has no single value"));
    }
    Ok(metric)
}

fn view(function: &str, window: Option<Span>, metric: &Metric) -> Result<View, String> {
    let name = metric.name;
    match (function, window, metric.kind) {
        ("", None, Kind::Gauge) => Ok(View::Plain),
        ("", Some(_), Kind::Gauge) => Err(format!("no span: {name} is compared as it is")),
        ("increase" | "rate", _, Kind::Gauge) => {
            Err(format!("no {function}(): {name} moves both ways"))
        }
        ("increase", Some(span), _) => Ok(View::Increase(span)),
        ("rate", Some(span), _) => Ok(View::Rate(span)),
        ("" | "increase" | "rate", ..) => {
            Err(format!("increase({name}[5m]) or rate({name}[5m]), as {name} only ever grows"))
        }
        _ => Err("increase or rate, or no function".to_owned()),
    }
}

/// Reads `service="Orders",code!="-32006"`.
fn matchers(metric: &Metric, text: &str) -> Result<Vec<(usize, bool, String)>, String> {
    let mut matchers = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (label, after) = rest.split_once('=').ok_or("labels such as {service=\"Orders\"}")?;
        let (label, unequal) = match label.strip_suffix('!') {
            Some(label) => (label.trim(), true),
            None => (label.trim(), false),
        };
        let place = metric.labels.iter().position(|known| *known == label).ok_or_else(|| {
            let labels = metric.labels.join(", ");
            let labels = if labels.is_empty() { "none" } else { &labels };
            format!("a label of {} ({labels})", metric.name)
        })?;
        let value = after.trim_start().strip_prefix('"').and_then(|after| after.split_once('"'));
        let (value, after) = value.ok_or_else(|| format!("a value in quotes for {label}"))?;
        matchers.push((place, unequal, value.to_owned()));
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => return Err("commas between the labels".to_owned()),
        };
    }
    Ok(matchers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration(text: &str) -> Option<Span> {
        let minutes = text.strip_suffix('m')?.parse().ok()?;
        Some(Span::from_secs(60_u64.checked_mul(minutes)?))
    }

    #[test]
    fn expressions_are_read() {
        let five = Span::from_secs(300);
        for (text, name, view, comparison, threshold) in [
            ("service_error_rate > 0.1", "service_error_rate", View::Plain, Comparison::Above, 0.1),
            ("lookout_link_up<1", "lookout_link_up", View::Plain, Comparison::Below, 1.0),
            (
                " service_pod_count{state=\"ready\"} <= 1e0 ",
                "service_pod_count",
                View::Plain,
                Comparison::AtMost,
                1.0,
            ),
            (
                "increase(lookout_canary_lost_total[5m]) >= 3",
                "lookout_canary_lost_total",
                View::Increase(five),
                Comparison::AtLeast,
                3.0,
            ),
            (
                "rate( lookout_errors_total{ service=\"a>b\" , code!=\"-1\" } [5m] ) != -2",
                "lookout_errors_total",
                View::Rate(five),
                Comparison::Unequal,
                -2.0,
            ),
        ] {
            let read = Expression::read(text, duration);
            let read = read.unwrap_or_else(|problem| panic!("{text}: {problem}"));
            let shown = (read.metric.name, read.view, read.comparison, read.threshold);
            assert_eq!(shown, (name, view, comparison, threshold), "{text}");
        }
    }

    #[test]
    fn what_would_never_fire_is_refused() {
        for (text, problem) in [
            ("", "a figure compared with a number, such as service_failure_rate > 0.1"),
            (
                "service_error_rate",
                "a figure compared with a number, such as service_failure_rate > 0.1",
            ),
            ("service_error_rate > ", "a number after `>`"),
            ("service_error_rate > NaN", "a number after `>`"),
            ("service_error_rate >= 10%", "a number after `>=`"),
            ("service_eror_rate > 1", "a figure of docs/METRICS.md, such as service_error_rate"),
            (
                "lookout_reply_seconds > 1",
                "a figure that is no histogram: lookout_reply_seconds has no single value",
            ),
            (
                "lookout_calls_total > 1",
                "increase(lookout_calls_total[5m]) or rate(lookout_calls_total[5m]), as lookout_calls_total only ever grows",
            ),
            ("rate(service_error_rate[5m]) > 1", "no rate(): service_error_rate moves both ways"),
            ("service_error_rate[5m] > 1", "no span: service_error_rate is compared as it is"),
            ("rate(lookout_calls_total[0m]) > 1", "a span from [1m] to [1h]"),
            ("rate(lookout_calls_total[61m]) > 1", "a span from [1m] to [1h]"),
            ("rate(lookout_calls_total[1y]) > 1", "a span such as [5m]"),
            ("rate(lookout_calls_total[5m] > 1", "a `)` at the end of the figure"),
            ("sum(lookout_calls_total[5m]) > 1", "increase or rate, or no function"),
            ("service_error_rate{method=\"x\"} > 1", "a label of service_error_rate (service)"),
            ("lookout_link_up{a=\"x\"} > 1", "a label of lookout_link_up (none)"),
            ("service_error_rate{service=x} > 1", "a value in quotes for service"),
            (
                "service_error_rate{service=\"x\" > 1",
                "a figure compared with a number, such as service_failure_rate > 0.1",
            ),
            ("service_error_rate{service=\"x\"y} > 1", "commas between the labels"),
        ] {
            assert_eq!(Expression::read(text, duration), Err(problem.to_owned()), "{text}");
        }
        let long = format!("service_error_rate > 1{}", " ".repeat(512));
        assert_eq!(
            Expression::read(&long, duration).map(|_| ()),
            Err("an expression of at most 512 bytes".to_owned())
        );
    }

    #[test]
    fn labels_select() {
        let read =
            |text| Expression::read(text, duration).unwrap_or_else(|problem| panic!("{problem}"));
        let sample = |state: &str| Sample {
            metric: read("service_pod_count > 0").metric,
            labels: vec!["A".to_owned(), state.to_owned()],
            value: 1.0,
        };
        let ready = read("service_pod_count{service=\"A\",state=\"ready\"} > 0");
        assert!(ready.selects(&sample("ready")));
        assert!(!ready.selects(&sample("total")));
        assert!(read("service_pod_count{state!=\"ready\"} > 0").selects(&sample("total")));
        assert!(!read("service_error_rate > 0").selects(&sample("ready")));
    }
}

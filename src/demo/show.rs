//! What the demo prints: a line per event for people, or a JSON object per line.
//!
//! Colour is for terminals only, and not there if `NO_COLOR` is set. Every line goes out at
//! once, so that a pipe sees it when it happens; an output that is gone ends the demo.

use super::caller::Tally;
use super::careful::Spared;
use super::cast::{CALLERS, CAST};
use super::notice::Said;
use super::script::{Fault, Script};
use super::settings::SETTINGS;
use super::table;
use crate::observer::Span;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::net::SocketAddr;

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Lines of text.
    Plain,
    /// Lines of text in colour.
    Colour,
    /// JSON lines.
    Json,
}

/// The colour of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Bad,
    Good,
    Warning,
    Circuit,
    Fault,
    Quiet,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Bad => "31",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Circuit => "36",
            Self::Fault => "1",
            Self::Quiet => "2",
        }
    }

    fn of(said: &Said) -> Self {
        match (said.kind.as_str(), said.state.as_deref()) {
            ("service_recovered" | "infrastructure_recovered", _) => Self::Good,
            ("circuit_breaker", Some("closed")) => Self::Good,
            ("circuit_breaker", _) => Self::Circuit,
            ("service_degraded" | "cascading_failure_prevented", _) => Self::Warning,
            _ => Self::Bad,
        }
    }
}

/// A said document with its place in the script.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// When it was said, since the round began.
    pub at: Span,
    /// What was said.
    pub said: &'a Said,
    /// The fault that it is about, with the time since that began.
    pub fault: Option<(Fault, Span)>,
    /// Whether it was expected.
    pub expected: bool,
}

/// A round that is over.
#[derive(Clone, Copy, Debug)]
pub struct Round<'a> {
    /// Its number, from 1.
    pub number: u32,
    /// The script that was played.
    pub script: &'a Script,
    /// What became of it.
    pub report: &'a super::check::Report,
    /// What was said, with the time since the round began.
    pub said: &'a [(Span, Said)],
    /// What the callers saw.
    pub tally: Tally,
    /// What became of the calls of the one who listens to lookout.
    pub spared: Spared,
}

/// Prints the demo.
pub struct Show {
    out: Box<dyn Write + Send>,
    style: Style,
    /// What kept the players from somebody else's broker when it was last said.
    problem: Option<String>,
}

impl std::fmt::Debug for Show {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Show").field("style", &self.style).finish_non_exhaustive()
    }
}

impl Show {
    /// Prints to `out` in a style.
    pub fn new(out: Box<dyn Write + Send>, style: Style) -> Self {
        Self { out, style, problem: None }
    }

    /// The introduction.
    pub fn opening(
        &mut self,
        broker: SocketAddr,
        pages: Option<SocketAddr>,
        script: &Script,
    ) -> io::Result<()> {
        let (host, port) = (broker.ip(), broker.port());
        let special = SETTINGS.iter().filter_map(|s| Some((s.key, s.value, s.because?)));
        if self.style == Style::Json {
            let settings: serde_json::Map<_, _> =
                special.map(|(key, value, _)| (key.to_owned(), json!(value))).collect();
            return self.json(&json!({
                "line": "opening", "broker": broker.to_string(), "pages": pages, "services": CAST.map(|r| r.name),
                "callers": CALLERS, "roundSeconds": script.length.as_secs_f64(),
                "settings": settings,
            }));
        }
        let services = CAST.len();
        self.text(
            &format!(
                "An MQTT broker listens on {broker}, with {services} made-up services and \
                 {CALLERS} callers."
            ),
            Tone::Fault,
        )?;
        if let Some(pages) = pages {
            self.text("Open lookout's live page:", Tone::Quiet)?;
            self.text(&format!("  http://{pages}/"), Tone::Quiet)?;
        }
        self.text("Watch what lookout publishes from another terminal:", Tone::Quiet)?;
        self.text(&format!("  mosquitto_sub -h {host} -p {port} -t 'system/#' -v"), Tone::Quiet)?;
        self.text("It judges by its defaults, except:", Tone::Quiet)?;
        for (key, value, because) in special {
            self.text(&format!("  {key} = {value} ({because})"), Tone::Quiet)?;
        }
        let length = script.length.as_secs_f64();
        self.text(&format!("The script takes {length:.0} s. lookout starts …"), Tone::Quiet)?;
        self.text("", Tone::Quiet)
    }

    /// The introduction to a show at somebody else's broker.
    pub fn touring(&mut self, broker: &str, script: &Script) -> io::Result<()> {
        let (services, length) = (CAST.len(), script.length.as_secs_f64());
        if self.style == Style::Json {
            return self.json(&json!({
                "line": "touring", "broker": broker, "services": CAST.map(|r| r.name),
                "callers": CALLERS, "roundSeconds": length,
            }));
        }
        let text = format!(
            "{services} made-up services and {CALLERS} callers play at {broker}, {length:.0} s a round."
        );
        self.text(&text, Tone::Fault)
    }

    /// How somebody else's broker is; said when it changes. `problem` is what keeps the players
    /// from it.
    pub fn broker(&mut self, problem: Option<&str>) -> io::Result<()> {
        let problem = problem.map(|text| text.replace(char::is_control, " "));
        if problem == self.problem {
            return Ok(());
        }
        let tone = if problem.is_some() { Tone::Bad } else { Tone::Good };
        let text = problem.as_deref().map_or_else(
            || "connected to the broker".to_owned(),
            |problem| format!("no connection to the broker: {problem}"),
        );
        let line = json!({"line": "broker", "connected": problem.is_none(), "problem": problem});
        self.problem = problem;
        if self.style == Style::Json { self.json(&line) } else { self.text(&text, tone) }
    }

    /// What the callers saw of a round that nobody checked.
    pub fn callers(&mut self, round: u32, tally: Tally) -> io::Result<()> {
        if self.style == Style::Json {
            return self.json(&json!({
                "line": "callers", "round": round, "callers": table::tally(tally),
            }));
        }
        self.text(&table::callers(tally), Tone::Quiet)
    }

    /// The traffic begins.
    pub fn traffic(&mut self, round: u32) -> io::Result<()> {
        if self.style == Style::Json {
            return self.json(&json!({"line": "round", "round": round}));
        }
        let text = if round == 1 { "traffic begins".to_owned() } else { format!("round {round}") };
        self.event(Span::ZERO, "", &text, Tone::Quiet)
    }

    /// A fault begins or ends.
    pub fn fault(&mut self, at: Span, fault: Fault, begins: bool) -> io::Result<()> {
        let text = if begins { fault.begins() } else { fault.ends() };
        if self.style == Style::Json {
            return self.json(&json!({
                "line": "fault", "at": seconds(at), "fault": fault.name(),
                "service": fault.service(), "begins": begins, "text": text,
            }));
        }
        self.event(at, if begins { "FAULT" } else { "mended" }, &text, Tone::Fault)
    }

    /// lookout said something.
    pub fn said(&mut self, placed: Placed<'_>) -> io::Result<()> {
        let text = placed.said.line();
        if self.style == Style::Json {
            return self.json(&json!({
                "line": "said", "at": seconds(placed.at),
                "sinceFault": placed.fault.map(|(_, since)| seconds(since)),
                "fault": placed.fault.map(|(fault, _)| fault.name()),
                "expected": placed.expected, "text": text,
                "topic": placed.said.topic, "document": placed.said.document,
            }));
        }
        let since = placed.fault.map(|(_, since)| format!("(+{:.1} s)", since.as_secs_f64()));
        let since = since.unwrap_or_default();
        if placed.expected {
            return self.event(placed.at, &since, &text, Tone::of(placed.said));
        }
        self.event(placed.at, &since, &format!("{text}   <- not expected"), Tone::Bad)
    }

    /// lookout appeared or disappeared.
    pub fn presence(&mut self, at: Span, online: bool) -> io::Result<()> {
        if self.style == Style::Json {
            let line = json!({"line": "presence", "at": seconds(at), "online": online});
            return self.json(&line);
        }
        let text = if online { "lookout is online" } else { "lookout is offline" };
        self.event(at, "", text, Tone::Quiet)
    }

    /// What was injected and when it was seen.
    pub fn summary(&mut self, round: Round<'_>) -> io::Result<()> {
        if self.style == Style::Json {
            return self.json(&table::json(round));
        }
        self.text("", Tone::Quiet)?;
        for (line, tone) in table::lines(round) {
            self.text(&line, tone)?;
        }
        self.text("", Tone::Quiet)
    }

    fn event(&mut self, at: Span, note: &str, text: &str, tone: Tone) -> io::Result<()> {
        let at = at.as_secs_f64();
        self.text(&format!("{at:6.1} s  {note:<10}  {text}"), tone)
    }

    fn text(&mut self, line: &str, tone: Tone) -> io::Result<()> {
        let line = line.trim_end_matches(' ');
        match self.style {
            Style::Colour if !line.is_empty() => {
                writeln!(self.out, "\x1b[{}m{line}\x1b[0m", tone.code())?
            }
            _ => writeln!(self.out, "{line}")?,
        }
        self.out.flush()
    }

    fn json(&mut self, line: &Value) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }
}

/// Seconds with milliseconds, as JSON lines carry them.
pub(super) fn seconds(span: Span) -> f64 {
    (span.as_secs_f64() * 1_000.0).round() / 1_000.0
}

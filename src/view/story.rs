//! What an event says, in a line for people.

use crate::observer::Span;
use crate::observer::alert::{self, Alert};
use crate::observer::attack;
use crate::observer::breaker::State;
use crate::observer::event::{ActionNews, Step, What};
use crate::observer::incident::IncidentId;
use crate::observer::input::Severity;
use crate::observer::measure::{Measure, Stage};
use crate::observer::trace::TraceId;
use crate::observer::verdict::Verdict;
use std::fmt::Write;

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The incident that it belongs to.
    pub incident: IncidentId,
    /// What kind of event, as on the wire.
    pub kind: &'static str,
    /// Whom it is about.
    pub subject: String,
    /// How bad it is.
    pub severity: Severity,
    /// What happened.
    pub text: String,
    /// Whether it was said before.
    pub is_repeat: bool,
    /// A trace in which it is told.
    pub trace: Option<TraceId>,
}

/// The line of an event, if it belongs to an incident.
pub fn line(what: &What) -> Option<Line> {
    let (incident, kind, subject, severity, text, is_repeat) = match what {
        What::Bad(news) => {
            let (kind, severity) = match news.verdict {
                Verdict::Unavailable => ("service_unavailable", Severity::Critical),
                _ => ("service_degraded", Severity::Warning),
            };
            let mut text = format!(
                "{}: {}; {} of {} calls of the last 2 min answered",
                news.verdict.name(),
                words(news.reason.name()),
                news.recent_responses,
                news.recent_calls
            );
            if let Some((component, _)) = &news.cause {
                // Writing to a string cannot fail.
                let _ = write!(text, "; because of {component}");
            }
            (news.incident, kind, &news.service, severity, text, news.repeat > 0)
        }
        What::Recovered(news) => {
            let text = format!(
                "healthy again after {}; {} calls went unanswered",
                length(news.outage),
                news.unanswered
            );
            (news.incident, "service_recovered", &news.service, Severity::Info, text, false)
        }
        What::Circuit(news) => {
            let moved = &news.transition;
            let mut text = format!(
                "circuit {} → {}: {}",
                words(moved.from.name()),
                words(moved.to.name()),
                words(moved.cause.name())
            );
            if moved.requests > 0 {
                // Writing to a string cannot fail.
                let _ = write!(text, " ({} of {} calls failed)", moved.failures, moved.requests);
            }
            let severity =
                if moved.to == State::Closed { Severity::Info } else { Severity::Warning };
            (news.incident, "circuit_breaker", &news.service, severity, text, false)
        }
        What::CascadePrevented { origin, affected, incident } => {
            let text = format!("circuits opened ahead of a cascade: {}", affected.join(", "));
            (*incident, "cascading_failure_prevented", origin, Severity::Warning, text, false)
        }
        What::ComponentError(finding) => {
            let mut text = format!("{}: {}", finding.severity.name(), finding.message);
            if !finding.affected.is_empty() {
                // Writing to a string cannot fail.
                let _ = write!(text, "; explains {}", finding.affected.join(", "));
            }
            let subject = &finding.component;
            (
                finding.incident,
                "infrastructure_error",
                subject,
                finding.severity,
                text,
                finding.repeat > 0,
            )
        }
        What::ComponentRecovered { component, outage, incident } => {
            let text = format!("well again after {}", length(*outage));
            (*incident, "infrastructure_recovered", component, Severity::Info, text, false)
        }
        What::Action(news) => return Some(action(news)),
        What::Alert(told) => return Some(alert(told)),
        What::Attack(found) => return Some(attack(found)),
        What::Measure(taken) => return Some(measure(taken)),
        What::PairDeaf { .. }
        | What::Reading(_)
        | What::Health(_)
        | What::Gone(_)
        | What::DirectAnswer(_) => return None,
    };
    let trace = if let What::Bad(news) = what { news.trace } else { None };
    let subject = subject.to_string();
    Some(Line { incident, kind, subject, severity, text, is_repeat, trace })
}

/// The line of a step of what is done about a service.
fn action(news: &ActionNews) -> Line {
    let (attempt, attempts) = (news.attempt, news.attempts);
    let would = if news.dry_run { " (dry run)" } else { "" };
    let (severity, text) = match news.step {
        Step::Started => {
            (Severity::Warning, format!("restart {attempt} of {attempts} at most{would}"))
        }
        Step::Done => (Severity::Info, "restarted".to_owned()),
        Step::Refused => (Severity::Error, "could not be restarted".to_owned()),
        Step::Recovered => (Severity::Info, format!("recovered after restart {attempt}{would}")),
        Step::Failed => {
            (Severity::Critical, format!("{attempts} restarts did not help: left alone{would}"))
        }
    };
    let more = news.message.as_deref().map_or(String::new(), |message| format!(": {message}"));
    Line {
        incident: news.incident,
        kind: "remedy_action",
        subject: news.service.to_string(),
        severity,
        text: text + &more,
        is_repeat: false,
        trace: None,
    }
}

/// The line of an attack.
fn attack(found: &attack::Incident) -> Line {
    let about = found.about();
    let (severity, text) = match found.state {
        attack::State::Ended => (Severity::Info, "over".to_owned()),
        state => {
            let signs = found.signs;
            let many = if signs == 1 { "" } else { "s" };
            (severity(found.severity), format!("{}: {signs} sign{many}", state.name()))
        }
    };
    Line {
        incident: found.id,
        kind: "security_alert",
        subject: about,
        severity,
        text: format!("{} {text}", found.kind.words()),
        is_repeat: false,
        trace: None,
    }
}

/// The line of something that is done about an attack.
fn measure(taken: &Measure) -> Line {
    let severity = match taken.stage {
        Stage::Failed | Stage::Stuck => Severity::Critical,
        Stage::Started | Stage::Refused => Severity::Warning,
        _ => Severity::Info,
    };
    let would = if taken.dry_run { " (dry run)" } else { "" };
    let more = taken.message.as_deref().map_or(String::new(), |message| format!(": {message}"));
    let (response, stage) = (taken.response.words(), words(taken.stage.name()));
    Line {
        incident: taken.incident,
        kind: "security_action",
        subject: taken.about().to_owned(),
        severity,
        text: format!("{response} {stage}{would}{more}"),
        is_repeat: false,
        trace: None,
    }
}

/// The severity of a line.
fn severity(severity: alert::Severity) -> Severity {
    match severity {
        alert::Severity::Info => Severity::Info,
        alert::Severity::Warning => Severity::Warning,
        alert::Severity::Error => Severity::Error,
        alert::Severity::Critical | alert::Severity::Emergency => Severity::Critical,
    }
}

/// The line of an alert.
fn alert(told: &Alert) -> Line {
    let (severity, text) = if told.fires() {
        (
            severity(told.severity),
            format!("alert {} ({}): {}", told.key.name, told.severity.name(), told.summary),
        )
    } else {
        (Severity::Info, format!("alert {} is over", told.key.name))
    };
    Line {
        incident: told.incident,
        kind: "alert",
        subject: told.key.subject().map_or_else(|| told.key.name.to_string(), |it| it.to_string()),
        severity,
        text,
        is_repeat: told.repeat > 0,
        trace: told.trace,
    }
}

/// A name on the wire as words.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A span as people say it: `42 s`, `3 min 5 s`, `2 h 10 min`.
pub fn length(span: Span) -> String {
    let secs = span.micros() / 1_000_000;
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min {} s", secs / 60, secs % 60),
        _ => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
    }
}

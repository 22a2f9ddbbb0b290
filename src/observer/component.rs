//! Probe reports on components, turned into findings with hysteresis.
//!
//! One failed check is noise; three in a row are a finding, unless the answer was definite
//! ("node stopped"). The same on the way back with two. A finding is said on crossing and
//! again every five minutes.

use super::incident::{Ids, IncidentId};
use super::input::{Report, Severity};
use super::settings::ComponentPolicy;
use super::time::{Instant, Span};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// Bytes kept of a report's details and message.
const MAX_DETAILS: usize = 16 * 1024;
const MAX_MESSAGE: usize = 1024;

/// The state of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Its checks pass.
    Healthy,
    /// A finding of severity info or warning.
    Degraded,
    /// A finding of severity error or critical.
    Unhealthy,
}

/// A finding on a component, as it is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The component's name.
    pub component: Arc<str>,
    /// Its kind.
    pub kind: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// What the probe found.
    pub message: Arc<str>,
    /// Its details, as the probe gave them.
    pub details: Option<Arc<str>>,
    /// How often it was said before.
    pub repeat: u32,
    /// The incident.
    pub incident: IncidentId,
}

/// Something to say about a component.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A finding, new or repeated.
    Error(Finding),
    /// It is over, after so long.
    Recovered(Arc<str>, IncidentId, Span),
}

/// A component as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its name.
    pub name: Arc<str>,
    /// What kind of component.
    pub kind: Arc<str>,
    /// How it is.
    pub condition: Condition,
    /// What is wrong with it, and since when.
    pub finding: Option<(Finding, Instant)>,
}

#[derive(Clone, Debug)]
struct Component {
    kind: Arc<str>,
    failed: u32,
    passed: u32,
    finding: Option<(Finding, Instant, Instant)>,
    /// How bad it was at worst since the finding began.
    worst: Severity,
}

/// All components reported on.
#[derive(Clone, Debug, Default)]
pub struct Components {
    known: BTreeMap<Arc<str>, Component>,
}

impl Components {
    /// Takes a report. A component beyond `max` is not taken up.
    pub fn report(
        &mut self,
        now: Instant,
        report: &Report<'_>,
        policy: &ComponentPolicy,
        max: u32,
        ids: &mut Ids,
    ) -> Option<Said> {
        if !self.known.contains_key(report.name) {
            if self.known.len() >= max as usize || report.name.len() > MAX_MESSAGE {
                return None;
            }
            let kind = cut(report.kind, MAX_MESSAGE).into();
            let worst = Severity::Info;
            let component = Component { kind, failed: 0, passed: 0, finding: None, worst };
            self.known.insert(report.name.into(), component);
        }
        let (name, component) = self
            .known
            .range_mut::<str, _>((Bound::Included(report.name), Bound::Unbounded))
            .next()?;
        if report.healthy {
            component.failed = 0;
            component.passed = component.passed.saturating_add(1);
            let enough = report.definite || component.passed >= policy.success_threshold;
            let (finding, since, _) = component.finding.take_if(|_| enough)?;
            return Some(Said::Recovered(name.clone(), finding.incident, now.since(since)));
        }
        component.passed = 0;
        component.failed = component.failed.saturating_add(1);
        if component.finding.is_some() {
            return component.keep(report).map(Said::Error);
        }
        let enough = report.definite || component.failed >= policy.failure_threshold;
        enough.then(|| {
            let finding = Finding {
                component: name.clone(),
                kind: component.kind.clone(),
                severity: report.severity,
                message: cut(report.message, MAX_MESSAGE).into(),
                details: details(report),
                repeat: 0,
                incident: ids.next(now),
            };
            component.finding = Some((finding.clone(), now, now));
            component.worst = report.severity;
            Said::Error(finding)
        })
    }

    /// Findings that are due to be said again.
    pub fn repeats(&mut self, now: Instant, every: Span) -> Vec<Said> {
        let mut said = Vec::new();
        for component in self.known.values_mut() {
            if let Some((finding, _, last)) = &mut component.finding
                && now.since(*last) >= every
            {
                *last = now;
                finding.repeat += 1;
                said.push(Said::Error(finding.clone()));
            }
        }
        said
    }

    /// Every component as it stands.
    pub fn all(&self) -> Vec<Standing> {
        let all = self.known.values().zip(self.conditions());
        let standing = |(component, (name, condition, _)): (&Component, (&Arc<str>, _, _))| {
            let finding = component.finding.as_ref();
            Standing {
                name: name.clone(),
                kind: component.kind.clone(),
                condition,
                finding: finding.map(|(finding, since, _)| (finding.clone(), *since)),
            }
        };
        all.map(standing).collect()
    }

    /// Every component with its condition.
    pub fn conditions(&self) -> impl Iterator<Item = (&Arc<str>, Condition, Option<Severity>)> {
        self.known.iter().map(|(name, component)| {
            let severity = component.finding.as_ref().map(|(finding, ..)| finding.severity);
            let condition = match severity {
                None => Condition::Healthy,
                Some(Severity::Info | Severity::Warning) => Condition::Degraded,
                Some(Severity::Error | Severity::Critical) => Condition::Unhealthy,
            };
            (name, condition, severity)
        })
    }
}

impl Component {
    /// Takes the newest facts into a standing finding; says so only if it is worse than it ever
    /// was.
    fn keep(&mut self, report: &Report<'_>) -> Option<Finding> {
        let (finding, ..) = self.finding.as_mut()?;
        let worse = report.severity > self.worst;
        self.worst = self.worst.max(report.severity);
        finding.severity = report.severity;
        finding.message = cut(report.message, MAX_MESSAGE).into();
        finding.details = details(report);
        worse.then(|| finding.clone())
    }
}

fn details(report: &Report<'_>) -> Option<Arc<str>> {
    // Cut JSON is no JSON: details that are too long are left out.
    report.details.filter(|details| details.len() <= MAX_DETAILS).map(Into::into)
}

/// The beginning of a text, of at most so many bytes.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

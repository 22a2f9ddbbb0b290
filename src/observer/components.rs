//! Probe reports on components, turned into findings with hysteresis.
//!
//! One failed check is noise; three in a row are a finding, unless the answer was definite
//! ("node stopped"). The same on the way back with two. A finding is said on crossing, when it
//! becomes worse than it ever was, and again every five minutes. A component that was announced
//! and not yet reported on is starting: neither well nor bad.
//!
//! A component that does not work explains services that need it: theirs are then consequences of
//! its incident (see [`Components::cause`]).

use super::component::{Condition, Finding, Said, Standing, cut};
use super::history::History;
use super::incident::{Ids, IncidentId, Outages};
use super::input::{Report, Severity};
use super::settings::{ComponentPolicy, ComponentSettings, means};
use super::time::{Instant, Span};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// Bytes kept of a report's details and message, and of each advice; and advices.
const MAX_DETAILS: usize = 16 * 1024;
const MAX_MESSAGE: usize = 1024;
const MAX_ADVICES: usize = 8;

/// A finding of severity error that lasts longer than this, and longer than most of its like, asks
/// for people.
const LASTS_LONG: Span = Span::from_secs(600);

/// A finding under way.
#[derive(Clone, Debug)]
struct Under {
    finding: Finding,
    /// When the checks began to fail.
    began: Instant,
    since: Instant,
    said: Instant,
    /// Whether it was said, and thereby decided which incident it belongs to.
    is_linked: bool,
    /// How bad it was at worst.
    worst: Severity,
}

#[derive(Clone, Debug, Default)]
struct Component {
    kind: Arc<str>,
    settings: ComponentSettings,
    failed: u32,
    passed: u32,
    /// When the checks began to fail that fail now.
    failing_since: Option<Instant>,
    under: Option<Under>,
    history: History,
    outages: Outages,
}

/// All components that were announced or reported on.
#[derive(Clone, Debug, Default)]
pub struct Components {
    known: BTreeMap<Arc<str>, Component>,
    /// Whether one that is down explains anything.
    explain: bool,
}

impl Components {
    /// Those that were announced.
    pub fn new(settings: &[ComponentSettings]) -> Self {
        let known = settings.iter().map(|settings| {
            let kind = settings.kind.as_str().into();
            let component = Component { kind, settings: settings.clone(), ..Component::default() };
            (settings.name.as_str().into(), component)
        });
        Self { known: known.collect(), explain: false }
    }

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
            self.known.insert(report.name.into(), Component { kind, ..Component::default() });
        }
        let (name, component) = self
            .known
            .range_mut::<str, _>((Bound::Included(report.name), Bound::Unbounded))
            .next()?;
        component.history.add(now, report.healthy, report.took);
        let said = if report.healthy {
            let over = component.pass(now, report, policy);
            over.map(|(incident, outage)| Said::Recovered(name.clone(), incident, outage))
        } else {
            component.fail(now, name, report, policy, ids).map(Said::Error)
        };
        self.count_explaining();
        said
    }

    /// Findings that are due to be said again.
    pub fn repeats(&mut self, now: Instant, every: Span) -> Vec<Said> {
        let mut said = Vec::new();
        for component in self.known.values_mut() {
            if let Some(under) = &mut component.under
                && now.since(under.said) >= every
            {
                under.said = now;
                under.finding.repeat += 1;
                under.finding.escalate = under.is_for_people(now);
                said.push(Said::Error(under.finding.clone()));
            }
        }
        said
    }

    /// The component that explains why a service does not answer, the worst if there are several,
    /// with its incident.
    /// Its checks must have begun to fail before `until`, if that is given.
    pub fn cause(&self, service: &str, until: Option<Instant>) -> Option<(Arc<str>, IncidentId)> {
        let down = self.known.iter().filter_map(|(name, component)| {
            let Under { finding, began, .. } = component.under.as_ref()?;
            let soon = until.is_none_or(|until| *began <= until);
            let explains = soon && finding.down && component.explains(service);
            explains.then_some((finding.severity, name, finding))
        });
        // Of equals the first by name.
        let worst = down.rev().max_by_key(|(severity, ..)| *severity);
        worst.map(|(_, name, finding)| (name.clone(), finding.incident))
    }

    /// Whether any component explains anything at all now.
    pub const fn explains_any(&self) -> bool {
        self.explain
    }

    /// Whether a component is down and explains why a service does not answer, and since when its
    /// checks fail.
    pub fn explains(&self, component: &str, service: &str) -> Option<Instant> {
        let component = self.known.get(component)?;
        let under = component.under.as_ref().filter(|under| under.finding.down)?;
        component.explains(service).then_some(under.began)
    }

    /// A finding is about to be said; if that is for the first time, it may belong to an incident
    /// that began before it. The one that it does belong to: what was said under an id stays there.
    pub fn link(&mut self, component: &str, earlier: Option<IncidentId>) -> Option<IncidentId> {
        let under = self.known.get_mut(component)?.under.as_mut()?;
        if !std::mem::replace(&mut under.is_linked, true) {
            under.finding.incident = earlier.unwrap_or(under.finding.incident);
        }
        Some(under.finding.incident)
    }

    fn count_explaining(&mut self) {
        self.explain = self.known.values().any(|component| {
            let down = component.under.as_ref().is_some_and(|under| under.finding.down);
            down && !component.settings.explains.is_empty()
        });
    }

    /// Every component as it stands.
    pub fn all(&self) -> Vec<Standing> {
        let standing = |(name, component): (&Arc<str>, &Component)| {
            let (history, condition) = (&component.history, component.condition());
            Standing {
                name: name.clone(),
                kind: component.kind.clone(),
                critical: component.settings.critical,
                condition,
                finding: component.under.as_ref().map(|it| (it.finding.clone(), it.since)),
                checked: history.last(),
                checks: history.count(),
                success_rate: history.success_rate(),
                score: history.score(condition),
                took: history.took(),
                took_p95: history.took_p95(),
            }
        };
        self.known.iter().map(standing).collect()
    }

    /// How all of them are, from 0 to 1; those that the platform cannot do without weigh double.
    /// `None` if none was reported on.
    pub fn score(&self) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for component in self.known.values() {
            if let Some(score) = component.history.score(component.condition()) {
                let weight = if component.settings.critical { 2.0 } else { 1.0 };
                sum += weight * score;
                weights += weight;
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }

    /// Every component's condition, with how bad its finding is and the incident of that.
    pub fn conditions(
        &self,
    ) -> impl Iterator<Item = (Condition, Option<(Severity, IncidentId)>)> + '_ {
        self.known.values().map(|component| {
            let finding = component.under.as_ref().map(|under| &under.finding);
            let finding = finding.map(|finding| (finding.severity, finding.incident));
            (component.condition(), finding)
        })
    }
}

impl Component {
    fn condition(&self) -> Condition {
        match &self.under {
            Some(under) => Condition::of(under.finding.severity),
            None if self.history.last().is_none() => Condition::Starting,
            None => Condition::Healthy,
        }
    }

    fn explains(&self, service: &str) -> bool {
        self.settings.explains.iter().any(|pattern| means(pattern, service))
    }

    /// A check passed: the incident that is over thereby, and how long it lasted.
    fn pass(
        &mut self,
        now: Instant,
        report: &Report<'_>,
        policy: &ComponentPolicy,
    ) -> Option<(IncidentId, Span)> {
        self.failed = 0;
        self.failing_since = None;
        self.passed = self.passed.saturating_add(1);
        let wanted = self.settings.success_threshold.unwrap_or(policy.success_threshold);
        let enough = report.definite || self.passed >= wanted;
        let under = self.under.take_if(|_| enough)?;
        let outage = now.since(under.since);
        self.outages.add(outage);
        Some((under.finding.incident, outage))
    }

    /// A check failed: what is to be said of it.
    fn fail(
        &mut self,
        now: Instant,
        name: &Arc<str>,
        report: &Report<'_>,
        policy: &ComponentPolicy,
        ids: &mut Ids,
    ) -> Option<Finding> {
        self.passed = 0;
        self.failed = self.failed.saturating_add(1);
        self.failing_since.get_or_insert(now);
        if let Some(under) = &mut self.under {
            return under.keep(now, report);
        }
        let wanted = self.settings.failure_threshold.unwrap_or(policy.failure_threshold);
        if !report.definite && self.failed < wanted {
            return None;
        }
        let finding = Finding {
            component: name.clone(),
            kind: self.kind.clone(),
            critical: self.settings.critical,
            severity: report.severity,
            down: report.down,
            message: cut(report.message, MAX_MESSAGE).into(),
            impact: report.impact.map(|impact| cut(impact, MAX_MESSAGE).into()),
            details: details(report),
            advice: advice(report),
            affected: Vec::new(),
            estimate: self.outages.estimate(),
            escalate: report.severity == Severity::Critical,
            repeat: 0,
            incident: ids.next(now),
        };
        self.under = Some(Under {
            finding: finding.clone(),
            began: self.failing_since.unwrap_or(now),
            since: now,
            said: now,
            is_linked: false,
            worst: report.severity,
        });
        Some(finding)
    }
}

impl Under {
    /// Takes the newest facts into a standing finding; says so only if it is worse than it ever
    /// was.
    fn keep(&mut self, now: Instant, report: &Report<'_>) -> Option<Finding> {
        let worse = report.severity > self.worst;
        self.worst = self.worst.max(report.severity);
        let finding = &mut self.finding;
        (finding.severity, finding.down) = (report.severity, report.down);
        finding.message = cut(report.message, MAX_MESSAGE).into();
        finding.impact = report.impact.map(|impact| cut(impact, MAX_MESSAGE).into());
        finding.details = details(report);
        finding.advice = advice(report);
        self.finding.escalate = self.is_for_people(now);
        worse.then(|| self.finding.clone())
    }

    fn is_for_people(&self, now: Instant) -> bool {
        let usual = self.finding.estimate.map_or(LASTS_LONG, |(_, high)| high);
        match self.finding.severity {
            Severity::Critical => true,
            Severity::Error => now.since(self.since) > usual,
            Severity::Info | Severity::Warning => false,
        }
    }
}

fn details(report: &Report<'_>) -> Option<Arc<str>> {
    // Cut JSON is no JSON: details that are too long are left out.
    report.details.filter(|details| details.len() <= MAX_DETAILS).map(Into::into)
}

fn advice(report: &Report<'_>) -> Vec<Arc<str>> {
    report.advice.iter().take(MAX_ADVICES).map(|text| cut(text, MAX_MESSAGE).into()).collect()
}

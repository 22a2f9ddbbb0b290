//! What people need beside the fact: what else happened, how the ground is, whom it hits, what may
//! stand behind it, what may help.
//!
//! All of it is drawn from the snapshot at the moment of telling, and bounded: names by the ten, texts
//! by the line.

use super::watch::service;
use crate::observer::alert::{Context, Impact, Infrastructure, Key};
use crate::observer::component::Condition as Health;
use crate::observer::event::Event;
use crate::observer::incident::IncidentId;
use crate::observer::snapshot::ServiceFigures;
use crate::observer::verdict::Verdict;
use crate::observer::{Instant, Snapshot, Span};
use crate::view::story;
use crate::wire::line::tame;
use std::collections::VecDeque;
use std::sync::Arc;

/// Names of one sort.
const NAMED: usize = 10;
/// What happened that is kept, and that is told of.
const KEPT: usize = 256;
const TOLD: usize = 10;
/// What happened longer ago belongs to nothing.
const LATELY: Span = Span::from_secs(900);

/// What happened lately.
#[derive(Debug, Default)]
pub(super) struct Past(VecDeque<(Instant, story::Line)>);

impl Past {
    /// Takes what was said.
    pub(super) fn hear(&mut self, event: &Event) {
        let Some(line) = story::line(&event.what).filter(|line| !line.is_repeat) else { return };
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((event.at, line));
    }

    /// What may belong to an alert: of its incident or subject, of components, and of those who caused it.
    fn related(
        &self,
        now: Instant,
        key: &Key,
        incident: Option<IncidentId>,
        others: &[&str],
    ) -> Vec<(Instant, String)> {
        let subject = key.subject().map(|it| &**it);
        let is_related = |line: &story::Line| {
            Some(line.incident) == incident
                || subject == Some(&*line.subject)
                || line.kind.starts_with("infrastructure_")
                || others.contains(&&*line.subject)
                || subject.is_none()
        };
        let mut lines: Vec<_> = self
            .0
            .iter()
            .rev()
            .take_while(|(at, _)| now.since(*at) <= LATELY)
            .filter(|(_, line)| is_related(line))
            .take(TOLD)
            .map(|(at, line)| (*at, format!("{}: {}", tame(&line.subject), tame(&line.text))))
            .collect();
        lines.reverse();
        lines
    }
}

/// The context of an alert.
pub(super) fn context(
    snapshot: &Snapshot,
    past: &Past,
    key: &Key,
    incident: Option<IncidentId>,
) -> Context {
    let hit = hit(snapshot, key);
    let of = key.service().and_then(|name| service(snapshot, name));
    let mut called = Vec::new();
    if let Some(of) = of {
        called = bad_dependencies(snapshot, &of.name);
    }
    let others: Vec<&str> = called.iter().map(|it| &*it.name).collect();
    Context {
        related: past.related(snapshot.at, key, incident, &others),
        infrastructure: infrastructure(snapshot),
        impact: impact(snapshot, &hit),
        causes: causes(snapshot, key, of, &called),
        actions: actions(snapshot, key, of),
    }
}

/// The services that an alert concerns.
fn hit<'s>(snapshot: &'s Snapshot, key: &Key) -> Vec<&'s ServiceFigures> {
    if let Some(name) = key.service() {
        return service(snapshot, name).into_iter().collect();
    }
    if let Some(name) = key.component() {
        let blames = |it: &&ServiceFigures| it.blamed.as_ref().is_some_and(|(by, _)| by == name);
        return snapshot.services.iter().filter(blames).collect();
    }
    let bad = |it: &&ServiceFigures| it.verdict == Some(Verdict::Unavailable);
    snapshot.services.iter().filter(bad).collect()
}

fn infrastructure(snapshot: &Snapshot) -> Infrastructure {
    let unwell = snapshot.components.iter().filter_map(|it| {
        let (finding, _) = it.finding.as_ref().filter(|_| it.condition != Health::Healthy)?;
        Some((it.name.clone(), finding.message.clone()))
    });
    Infrastructure {
        unwell: unwell.take(NAMED).collect(),
        components: snapshot.health.components.iter().sum(),
        services: snapshot.health.services,
        open_circuits: snapshot.health.open_circuits,
        in_doubt: snapshot.health.in_doubt,
    }
}

fn impact(snapshot: &Snapshot, hit: &[&ServiceFigures]) -> Impact {
    let calls = |services: &mut dyn Iterator<Item = &ServiceFigures>| -> u64 {
        services.map(|it| it.figures.recent.calls).sum()
    };
    let own = calls(&mut hit.iter().copied());
    let all = calls(&mut snapshot.services.iter());
    let mut methods: Vec<_> = hit
        .iter()
        .flat_map(|it| it.methods.iter())
        .filter(|(_, figures)| figures.recent.calls > 0)
        .map(|(name, figures)| (std::cmp::Reverse(figures.recent.calls), name.clone()))
        .collect();
    methods.sort_unstable();
    methods.dedup_by(|a, b| a.1 == b.1);
    Impact {
        services: hit.iter().take(NAMED).map(|it| it.name.clone()).collect(),
        services_total: u32::try_from(hit.len()).unwrap_or(u32::MAX),
        methods: methods.into_iter().take(NAMED).map(|(_, name)| name).collect(),
        // The sum of no numbers is a negative zero.
        calls_per_second: hit.iter().map(|it| it.figures.request_rate()).fold(0.0, |a, b| a + b),
        calls_share: (all > 0).then(|| own as f64 / all as f64),
        callers: hit.iter().map(|it| it.callers).fold(0.0, |a, b| a + b),
    }
}

/// The services that one calls and that are in trouble themselves.
fn bad_dependencies<'s>(snapshot: &'s Snapshot, caller: &str) -> Vec<&'s ServiceFigures> {
    let called = snapshot.dependencies.iter().filter(|(by, ..)| &**by == caller);
    let called = called.filter_map(|(_, name, _)| service(snapshot, name));
    called.filter(|it| it.verdict.is_some_and(Verdict::is_bad)).take(NAMED).collect()
}

fn causes(
    snapshot: &Snapshot,
    key: &Key,
    of: Option<&ServiceFigures>,
    called: &[&ServiceFigures],
) -> Vec<String> {
    let mut causes = Vec::new();
    let unwell = |name: &Arc<str>| {
        let component = snapshot.components.iter().find(|it| &it.name == name)?;
        let (finding, _) = component.finding.as_ref()?;
        Some(format!("{} ({}): {}", tame(name), tame(&component.kind), tame(&finding.message)))
    };
    if let Some(of) = of {
        if let Some((component, _)) = &of.blamed {
            causes.push(unwell(component).unwrap_or_else(|| tame(component)));
        }
        if let Some(replicas) = &of.replicas {
            if replicas.ready < replicas.total || replicas.total == 0 {
                let mut text = format!(
                    "{} of {} replicas run, {} are ready",
                    replicas.running, replicas.total, replicas.ready
                );
                if let Some(cause) = &replicas.cause {
                    text += &format!("; the last failure: {}", tame(&cause.replace('_', " ")));
                }
                causes.push(text);
            }
            if replicas.restarts > 0 {
                causes.push(format!("its replicas were started anew {} times", replicas.restarts));
            }
        }
        for dependency in called {
            let verdict = dependency.verdict.map_or("unknown", Verdict::name);
            causes.push(format!("it calls {}, which is {verdict}", tame(&dependency.name)));
        }
    }
    // What is not known to explain it may: the ground is looked at last.
    if causes.is_empty() && key.component().is_none() {
        let down = snapshot
            .components
            .iter()
            .filter(|it| it.finding.as_ref().is_some_and(|(finding, _)| finding.down));
        causes.extend(down.take(3).filter_map(|it| unwell(&it.name)));
    }
    causes.truncate(NAMED);
    causes
}

/// What the check of a component advises: the alert's own, or that of what explains it.
fn actions(snapshot: &Snapshot, key: &Key, of: Option<&ServiceFigures>) -> Vec<String> {
    let blamed = of.and_then(|of| of.blamed.as_ref()).map(|(component, _)| component);
    let component = key.component().or(blamed);
    let component = snapshot.components.iter().find(|it| Some(&it.name) == component);
    let finding = component.and_then(|it| it.finding.as_ref());
    finding.map_or_else(Vec::new, |(finding, _)| {
        finding.advice.iter().take(NAMED).map(|advice| tame(advice)).collect()
    })
}

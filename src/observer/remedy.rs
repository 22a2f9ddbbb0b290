//! When what runs a service is restarted, and when a service is left alone.
//!
//! Every so often all services that are unavailable are judged. One that was so several times in a
//! row gets an attempt; others wait until it recovered or had its time, for a cure must not become an
//! outage of its own. Nobody is treated whose silence has another reason: lookout's doubt in itself,
//! a component that is down, a workload that is meant to be stopped, or a platform that does not
//! know the service. After the last attempt in vain a service is failed, and left alone until it is
//! healthy again. A dry run says the same and does nothing.

use super::Observer;
use super::event::{ActionNews, Step, What};
use super::incident::IncidentId;
use super::settings::{RemedyPolicy, means};
use super::time::{Instant, Span};
use super::verdict::Verdict;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The span of the bound on attempts.
const HOUR: Span = Span::from_secs(3_600);

/// How far a service was treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Treated {
    /// Attempts so far.
    pub attempts: u32,
    /// Whether it is left alone.
    pub failed: bool,
}

/// A service that is unavailable.
#[derive(Clone, Debug)]
struct Case {
    judged: u32,
    treated: Treated,
    last: Option<Instant>,
    incident: IncidentId,
}

/// All services that are unavailable, and what was done.
#[derive(Clone, Debug, Default)]
pub struct Remedies {
    cases: BTreeMap<Arc<str>, Case>,
    /// Whose turn it is, until it recovered or had its time.
    turn: Option<Arc<str>>,
    /// The attempts of the last hour.
    attempts: VecDeque<Instant>,
    next: Option<Instant>,
}

impl Remedies {
    /// Whether nobody is unavailable.
    pub fn is_idle(&self) -> bool {
        self.cases.is_empty()
    }

    /// How far a service was treated, if it was.
    pub fn treated(&self, service: &str) -> Option<Treated> {
        let treated = self.cases.get(service)?.treated;
        (treated != Treated::default()).then_some(treated)
    }

    /// Whether it is time to judge.
    fn is_due(&mut self, now: Instant, policy: &RemedyPolicy) -> bool {
        let due = policy.enabled && self.next.is_none_or(|next| next <= now);
        if due {
            self.next = Some(now + policy.every);
        }
        due
    }

    /// Judges those that are `sick`, and what is to be said. Those that are well again are
    /// forgotten; those that are neither keep what is known of them.
    fn judge(
        &mut self,
        now: Instant,
        sick: &[(Arc<str>, IncidentId)],
        is_well: impl Fn(&str) -> bool,
        policy: &RemedyPolicy,
    ) -> Vec<ActionNews> {
        let mut news = Vec::new();
        self.cases.retain(|name, case| {
            if sick.iter().any(|(sick, _)| sick == name) {
                return true;
            }
            case.judged = 0;
            if !is_well(name) {
                return true;
            }
            if case.treated.attempts > 0 {
                news.push(case.news(name, Step::Recovered, policy));
            }
            false
        });
        while self.attempts.front().is_some_and(|at| now.since(*at) >= HOUR) {
            self.attempts.pop_front();
        }
        let busy = self.turn.as_ref().and_then(|name| self.cases.get(name));
        let had_its_time = |at: Instant| now.since(at) >= policy.delay;
        if busy.is_none_or(|case| case.last.is_none_or(had_its_time)) {
            self.turn = None;
        }
        for (name, incident) in sick {
            let case = self.cases.entry(name.clone()).or_insert(Case {
                judged: 0,
                treated: Treated::default(),
                last: None,
                incident: *incident,
            });
            (case.judged, case.incident) = (case.judged.saturating_add(1), *incident);
            let rested = case.last.is_none_or(|at| now.since(at) >= policy.delay);
            if case.judged < policy.after || case.treated.failed || !rested {
                continue;
            }
            if case.treated.attempts >= policy.attempts {
                case.treated.failed = true;
                news.push(case.news(name, Step::Failed, policy));
                continue;
            }
            if self.turn.is_some() || self.attempts.len() >= policy.per_hour as usize {
                continue;
            }
            case.treated.attempts += 1;
            case.last = Some(now);
            self.turn = Some(name.clone());
            self.attempts.push_back(now);
            news.push(case.news(name, Step::Started, policy));
        }
        news
    }
}

impl Case {
    fn news(&self, service: &Arc<str>, step: Step, policy: &RemedyPolicy) -> ActionNews {
        ActionNews {
            service: service.clone(),
            step,
            attempt: self.treated.attempts,
            attempts: policy.attempts,
            dry_run: policy.dry_run,
            message: None,
            incident: self.incident,
        }
    }
}

impl Observer {
    /// Judges who needs a remedy, if it is time.
    pub(super) fn consider_remedies(&mut self, now: Instant) {
        if !self.remedies.is_due(now, &self.settings.remedy) || self.doubt.is_on() {
            return;
        }
        let mut sick = Vec::new();
        for index in self.registry.indexes() {
            let (verdict, _) = self.read(now, index);
            let service = self.registry.noted(index);
            let wanted = &self.settings.remedy.services;
            let meant = wanted.iter().any(|pattern| means(pattern, &service.name));
            let runs = service.replicas.as_ref().is_some_and(|replicas| replicas.total > 0);
            let Some(incident) = service.incident.filter(|_| meant && runs) else { continue };
            let name = service.name.clone();
            if verdict == Verdict::Unavailable && self.cause(index).is_none() {
                sick.push((name, incident.id));
            }
        }
        sick.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let registry = &self.registry;
        let key = &self.key;
        let is_well = |name: &str| {
            let index = registry.find(key.digest(super::digest::Kind::Service, name.as_bytes()));
            let service = index.and_then(|index| registry.all().get(index as usize));
            service.is_none_or(|service| service.standing.verdict() == Verdict::Healthy)
        };
        let news = self.remedies.judge(now, &sick, is_well, &self.settings.remedy);
        for news in news {
            self.say(now, What::Action(news));
        }
    }

    /// What became of an attempt.
    pub(super) fn note_action(&mut self, now: Instant, service: &str, done: Result<&str, &str>) {
        let Some((name, case)) = self.remedies.cases.get_key_value(service) else { return };
        let (step, message) = match done {
            Ok(message) => (Step::Done, message),
            Err(message) => (Step::Refused, message),
        };
        let message = super::component::cut(message, super::judging::MAX_CAUSE);
        let news = ActionNews {
            message: Some(message.into()),
            ..case.news(name, step, &self.settings.remedy)
        };
        self.say(now, What::Action(news));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> RemedyPolicy {
        let services = vec!["*".to_owned()];
        RemedyPolicy { enabled: true, dry_run: false, services, ..RemedyPolicy::default() }
    }

    /// What is said of services that are sick from and to these judgements, half a minute apart.
    fn said(policy: &RemedyPolicy, sick: &[(&str, usize, usize)], until: usize) -> Vec<String> {
        let mut remedies = Remedies::default();
        let mut all = Vec::new();
        for round in 0..until {
            let now = Instant::from_micros(round as u64 * policy.every.micros());
            assert!(remedies.is_due(now, policy));
            assert!(!remedies.is_due(now, policy));
            let sick: Vec<_> = sick
                .iter()
                .filter(|(_, from, to)| (*from..*to).contains(&round))
                .map(|(name, ..)| (Arc::from(*name), IncidentId(1)))
                .collect();
            let well = |name: &str| !sick.iter().any(|(sick, _): &(Arc<str>, _)| **sick == *name);
            for news in remedies.judge(now, &sick, well, policy) {
                all.push(format!("{round} {} {} {}", news.service, news.step.name(), news.attempt));
            }
        }
        all
    }

    #[test]
    fn the_third_judgement_acts_and_the_last_attempt_gives_up() {
        let told = said(&policy(), &[("A", 0, 60), ("A", 70, 73)], 80);
        assert_eq!(
            told,
            [
                "2 A started 1",
                "12 A started 2",
                "22 A started 3",
                "32 A failed 3",
                "60 A recovered 3",
                // A new case from the start.
                "72 A started 1",
                "73 A recovered 1",
            ]
        );
    }

    #[test]
    fn one_service_at_a_time_and_so_many_an_hour() {
        let told = said(&policy(), &[("A", 0, 5), ("B", 0, 200), ("C", 0, 200)], 30);
        // A recovered, so that B need not wait; C does.
        assert_eq!(
            told,
            [
                "2 A started 1",
                "5 A recovered 1",
                "5 B started 1",
                "15 B started 2",
                "25 B started 3",
            ]
        );
        let more = RemedyPolicy { per_hour: 100, ..policy() };
        let told = said(&more, &[("B", 0, 200), ("C", 0, 200)], 45);
        assert_eq!(
            told.get(3..5),
            Some(&["32 B failed 3".to_owned(), "32 C started 1".to_owned()][..])
        );
        let told = said(&policy(), &[("B", 0, 200), ("C", 0, 200)], 140);
        // The first four attempts count for an hour: 120 judgements.
        let late = told.iter().filter(|line| line.contains("C started"));
        assert_eq!(
            late.collect::<Vec<_>>(),
            ["32 C started 1", "122 C started 2", "132 C started 3"]
        );
    }

    #[test]
    fn a_short_outage_is_left_alone() {
        assert!(said(&policy(), &[("A", 0, 2), ("A", 3, 5)], 10).is_empty());
        let off = RemedyPolicy { enabled: false, ..policy() };
        assert!(!Remedies::default().is_due(Instant::default(), &off));
    }
}

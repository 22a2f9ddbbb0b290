//! What a user interface makes of trouble: data, not words and not colours.
//!
//! Each flag is advice that follows from what is known now; `because` says from what, so that an
//! interface can explain itself.

use super::changes::Component;
use super::state::Tally;
use super::view::ServiceState;
use crate::observer::breaker::State;
use crate::observer::verdict::Verdict;
use std::time::Duration;

/// How to work with a service now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Strategy {
    /// Nothing can be reached: work with what is there.
    pub offline: bool,
    /// Show what is known already before asking anew.
    pub prefer_cache: bool,
    /// Answers come, but late: be more patient.
    pub longer_timeouts: bool,
    /// Reading works, writing would fail.
    pub read_only: bool,
    /// Keep what is to be written until later.
    pub defer_writes: bool,
    /// When calls go through again, from now, if that is known.
    pub retry_after: Option<Duration>,
    /// What is said about the time until it is back, such as `2-5 minutes`.
    pub estimate: Option<String>,
    /// Why: `link_down`, `circuit_open`, `circuit_half_open`, `service_unavailable`,
    /// `service_degraded`, `component:<name>`.
    pub because: Vec<String>,
}

impl Strategy {
    /// Whether to work as always.
    pub fn is_normal(&self) -> bool {
        self.because.is_empty()
    }
}

/// The strategy for a service of which this is known.
pub(super) fn of(
    link_up: bool,
    service: &ServiceState,
    components: &[Component],
    tally: Tally,
) -> Strategy {
    let mut plan = Strategy {
        retry_after: service.retry_after,
        estimate: service.estimate.clone(),
        ..Strategy::default()
    };
    if !link_up {
        (plan.offline, plan.prefer_cache, plan.defer_writes) = (true, true, true);
        plan.because.push("link_down".to_owned());
        return plan;
    }
    let held = match service.circuit {
        State::Open | State::ForcedOpen => Some("circuit_open"),
        State::HalfOpen => Some("circuit_half_open"),
        _ => None,
    };
    let away = (service.verdict == Verdict::Unavailable).then_some("service_unavailable");
    for reason in [held, away].into_iter().flatten() {
        (plan.prefer_cache, plan.defer_writes) = (true, true);
        // One service is away; when most are, there is nothing left to work with.
        plan.offline |= reason != "circuit_half_open" && tally.unavailable * 2 > tally.judged;
        plan.because.push(reason.to_owned());
    }
    if service.verdict == Verdict::Degraded {
        let slow = service.reason.as_deref() == Some("slow_responses");
        plan.longer_timeouts |= slow;
        plan.prefer_cache |= !slow;
        plan.because.push("service_degraded".to_owned());
    }
    for component in components {
        if plan.suffer(service, component) {
            plan.because.push(format!("component:{}", component.name));
        }
    }
    plan
}

impl Strategy {
    /// Takes a component in trouble into account; whether it matters here.
    fn suffer(&mut self, service: &ServiceState, component: &Component) -> bool {
        match &*component.kind {
            "emqx" | "mosquitto" | "loopback" => self.longer_timeouts = true,
            "postgresql" | "mongodb" | "redis"
                if matches!(&*component.severity, "error" | "critical")
                    && (component.affected.contains(&service.name)
                        || service.caused_by.as_deref() == Some(&component.name)) =>
            {
                (self.read_only, self.defer_writes) = (true, true);
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(plan: &Strategy) -> String {
        let all = [
            (plan.offline, "offline"),
            (plan.prefer_cache, "cache"),
            (plan.longer_timeouts, "patient"),
            (plan.read_only, "read-only"),
            (plan.defer_writes, "defer"),
        ];
        let set = all.iter().filter(|(on, _)| *on).map(|(_, name)| *name);
        format!("{}: {}", plan.because.join(" "), set.collect::<Vec<_>>().join(" "))
    }

    fn service(verdict: Verdict, reason: &str, circuit: State) -> ServiceState {
        let reason = Some(reason.to_owned()).filter(|it| !it.is_empty());
        ServiceState { name: "A".to_owned(), verdict, reason, circuit, ..ServiceState::default() }
    }

    fn component(kind: &str, severity: &str, affected: &[&str]) -> Component {
        Component {
            name: format!("{kind}_1"),
            kind: kind.to_owned(),
            severity: severity.to_owned(),
            affected: affected.iter().map(|&name| name.to_owned()).collect(),
            ..Component::default()
        }
    }

    #[test]
    fn each_trouble_has_its_strategy() {
        use State::{Closed, HalfOpen, Open};
        use Verdict::{Degraded, Healthy, Unavailable};
        let all = Tally { judged: 4, unavailable: 3 };
        let one = Tally { judged: 4, unavailable: 1 };
        let none = || Vec::new();
        for (up, service, components, tally, expected) in [
            (true, service(Healthy, "", Closed), none(), one, ": "),
            (false, service(Healthy, "", Closed), none(), one, "link_down: offline cache defer"),
            (true, service(Healthy, "", Open), none(), one, "circuit_open: cache defer"),
            (
                true,
                service(Healthy, "", State::ForcedOpen),
                none(),
                one,
                "circuit_open: cache defer",
            ),
            (true, service(Healthy, "", HalfOpen), none(), all, "circuit_half_open: cache defer"),
            (true, service(Healthy, "", State::Disabled), none(), all, ": "),
            (
                true,
                service(Unavailable, "x", Open),
                none(),
                one,
                "circuit_open service_unavailable: cache defer",
            ),
            (
                true,
                service(Unavailable, "x", Closed),
                none(),
                all,
                "service_unavailable: offline cache defer",
            ),
            (
                true,
                service(Degraded, "slow_responses", Closed),
                none(),
                one,
                "service_degraded: patient",
            ),
            (
                true,
                service(Degraded, "high_failure_rate", Closed),
                none(),
                one,
                "service_degraded: cache",
            ),
            (
                true,
                service(Healthy, "", Closed),
                vec![component("emqx", "error", &[])],
                one,
                "component:emqx_1: patient",
            ),
            (
                true,
                service(Healthy, "", Closed),
                vec![component("postgresql", "critical", &["A"])],
                one,
                "component:postgresql_1: read-only defer",
            ),
            (
                true,
                service(Healthy, "", Closed),
                vec![component("postgresql", "critical", &["B"])],
                one,
                ": ",
            ),
            (
                true,
                service(Healthy, "", Closed),
                vec![component("redis", "warning", &["A"])],
                one,
                ": ",
            ),
            (
                true,
                service(Healthy, "", Closed),
                vec![component("disk", "critical", &["A"])],
                one,
                ": ",
            ),
        ] {
            assert_eq!(flags(&of(up, &service, &components, tally)), expected);
        }
        let mut explained = service(Healthy, "", Closed);
        explained.caused_by = Some("mongodb_1".to_owned());
        let plan = of(true, &explained, &[component("mongodb", "error", &[])], one);
        assert!(plan.read_only && !plan.is_normal());
    }
}

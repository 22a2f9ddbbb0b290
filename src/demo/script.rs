//! The script: which fault begins when, and what lookout has to say about it.
//!
//! It is data. The times come from the promises of the manual: a service is called silent after
//! 6 s, slow after its median has been high for 10 s, and a finding ends after 10 s without it.
//! The faults overlap where they meet different services; only the cut link has the stage for
//! itself, because an observer that doubts its ears passes no verdicts.

use crate::observer::Span;

/// Something that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A service crashes, and is restarted at the end.
    Dies(&'static str),
    /// Callers send a service invalid calls.
    Flood(&'static str),
    /// A service answers late.
    Slows(&'static str),
    /// lookout loses its own connection to the broker.
    LinkCut,
}

impl Fault {
    /// Its name in JSON lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dies(_) => "service_dies",
            Self::Flood(_) => "validation_flood",
            Self::Slows(_) => "service_slows",
            Self::LinkCut => "link_cut",
        }
    }

    /// The service that it meets.
    pub const fn service(self) -> Option<&'static str> {
        match self {
            Self::Dies(service) | Self::Flood(service) | Self::Slows(service) => Some(service),
            Self::LinkCut => None,
        }
    }

    /// What happens when it begins.
    pub fn begins(self) -> String {
        match self {
            Self::Dies(service) => format!("{service} dies"),
            Self::Flood(service) => format!("{service} is flooded with invalid calls"),
            Self::Slows(service) => format!("{service} grows slow"),
            Self::LinkCut => "lookout's own link is cut".to_owned(),
        }
    }

    /// What happens when it ends.
    pub fn ends(self) -> String {
        match self {
            Self::Dies(service) => format!("{service} is restarted"),
            Self::Flood(service) => format!("the flood of invalid calls to {service} ends"),
            Self::Slows(service) => format!("{service} is quick again"),
            Self::LinkCut => "lookout's link is mended".to_owned(),
        }
    }
}

/// A document that has to be published once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its type.
    pub kind: &'static str,
    /// The service it is about.
    pub service: &'static str,
    /// The state of a circuit.
    pub state: Option<&'static str>,
    /// The reason; `None` leaves it open.
    pub reason: Option<&'static str>,
    /// When it may come, in seconds after the fault began.
    pub window: (u64, u64),
}

/// One fault with what is expected of lookout.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What is broken.
    pub fault: Fault,
    /// When it begins.
    pub begin: Span,
    /// How long it lasts.
    pub length: Span,
    /// What lookout has to say about it; nothing is an expectation too.
    pub expected: Vec<Expected>,
}

/// A whole round.
#[derive(Clone, Debug)]
pub struct Script {
    /// The faults, in the order in which they begin.
    pub scenes: Vec<Scene>,
    /// When the round is over.
    pub length: Span,
}

/// Something to do at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cue {
    /// Begin the fault of this scene.
    Begin(usize),
    /// End it.
    End(usize),
}

impl Script {
    /// What to do, in the order of time.
    pub fn cues(&self) -> Vec<(Span, Cue)> {
        let both = |(number, scene): (usize, &Scene)| {
            let end = Span::from_micros(scene.begin.micros() + scene.length.micros());
            [(scene.begin, Cue::Begin(number)), (end, Cue::End(number))]
        };
        let mut cues: Vec<_> = self.scenes.iter().enumerate().flat_map(both).collect();
        cues.sort_unstable();
        cues
    }

    /// The same without what can only be done to a lookout of one's own, and so with nothing that
    /// is expected of anybody.
    pub fn for_others(self) -> Self {
        let theirs = self.scenes.into_iter().filter(|scene| scene.fault != Fault::LinkCut);
        let scenes = theirs.map(|scene| Scene { expected: Vec::new(), ..scene }).collect();
        Self { scenes, ..self }
    }

    /// The script of `lookout demo`.
    pub fn standard() -> Self {
        let scene = |fault, begin, length, expected| Scene {
            fault,
            begin: Span::from_secs(begin),
            length: Span::from_secs(length),
            expected,
        };
        Self {
            scenes: vec![
                scene(Fault::Flood("Inventory"), 6, 22, Vec::new()),
                scene(Fault::Slows("Catalogue"), 14, 21, slowness("Catalogue")),
                scene(Fault::Dies("UserManagement"), 22, 12, outage()),
                scene(Fault::LinkCut, 57, 6, Vec::new()),
            ],
            length: Span::from_secs(82),
        }
    }
}

const fn said(
    kind: &'static str,
    service: &'static str,
    reason: Option<&'static str>,
    window: (u64, u64),
) -> Expected {
    Expected { kind, service, state: None, reason, window }
}

const fn circuit(
    service: &'static str,
    state: &'static str,
    reason: Option<&'static str>,
    window: (u64, u64),
) -> Expected {
    Expected { kind: "circuit_breaker", service, state: Some(state), reason, window }
}

/// Slow for 21 s: the median of 10 s follows after 6 s, has to stay for 10 s, and the same
/// again on the way back.
fn slowness(service: &'static str) -> Vec<Expected> {
    vec![
        said("service_degraded", service, Some("slow_responses"), (10, 27)),
        said("service_recovered", service, None, (29, 43)),
    ]
}

/// Dead for 12 s. The circuit opens after 6 s and tries again 10 s later (± 10 %), when the
/// service is back; the verdict needs 10 s without silence. The dependents' circuits wait for
/// the verdict.
fn outage() -> Vec<Expected> {
    const ORIGIN: &str = "UserManagement";
    let ahead = Some("dependency_unavailable");
    let mut expected = vec![
        said("service_unavailable", ORIGIN, Some("not_responding"), (4, 12)),
        circuit(ORIGIN, "open", Some("consecutive_unanswered"), (4, 12)),
        said("alert", ORIGIN, Some("not_responding"), (4, 14)),
        said("cascading_failure_prevented", ORIGIN, None, (4, 12)),
        circuit("Billing", "open", ahead, (4, 12)),
        circuit("OrderService", "open", ahead, (4, 12)),
        circuit(ORIGIN, "half_open", Some("open_timeout"), (12, 24)),
        circuit(ORIGIN, "closed", Some("trial_succeeded"), (12, 28)),
        said("service_recovered", ORIGIN, None, (18, 33)),
    ];
    for dependent in ["Billing", "OrderService"] {
        expected.push(circuit(dependent, "half_open", None, (12, 34)));
        expected.push(circuit(dependent, "closed", Some("trial_succeeded"), (12, 35)));
    }
    expected
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::cast::CAST;

    fn end(scene: &Scene) -> u64 {
        scene.begin.micros() + scene.length.micros()
    }

    /// When the last of what is expected may come.
    fn last(scene: &Scene) -> u64 {
        let latest = scene.expected.iter().map(|expected| expected.window.1).max();
        scene.begin.micros() + latest.unwrap_or(0) * 1_000_000
    }

    #[test]
    fn the_round_fits_into_its_time() {
        let script = Script::standard();
        assert!(script.length < Span::from_secs(95));
        for scene in &script.scenes {
            assert!(end(scene) < script.length.micros(), "{:?}", scene.fault);
            assert!(last(scene) <= script.length.micros(), "{:?}", scene.fault);
            for expected in &scene.expected {
                assert!(expected.window.0 < expected.window.1, "{expected:?}");
            }
        }
    }

    #[test]
    fn every_service_is_met_by_one_fault_at_most_and_is_in_the_cast() {
        let script = Script::standard();
        let mut met: Vec<_> = script.scenes.iter().filter_map(|s| s.fault.service()).collect();
        assert!(met.iter().all(|name| CAST.iter().any(|role| role.name == *name)));
        met.sort_unstable();
        met.dedup();
        assert_eq!(met.len(), 3);
    }

    #[test]
    fn nothing_else_happens_while_the_link_is_cut() {
        let script = Script::standard();
        let cut = script.scenes.iter().find(|scene| scene.fault == Fault::LinkCut).unwrap();
        for scene in script.scenes.iter().filter(|scene| scene.fault != Fault::LinkCut) {
            assert!(end(scene) < cut.begin.micros(), "{:?}", scene.fault);
            assert!(last(scene) <= cut.begin.micros(), "{:?}", scene.fault);
        }
        // Reconnecting takes up to 2 s, doubt lasts 5 s more, and a wrong verdict needs a while
        // to show itself.
        assert!(end(cut) + 15_000_000 < script.length.micros());
    }

    #[test]
    fn cues_come_in_order_and_each_fault_ends() {
        let cues = Script::standard().cues();
        assert!(cues.is_sorted());
        assert_eq!(cues.len(), 2 * Script::standard().scenes.len());
        assert_eq!(cues[0], (Span::from_secs(6), Cue::Begin(0)));
    }
}

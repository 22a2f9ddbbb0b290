//! Did lookout say what it had to say, in time, and nothing else?
//!
//! A pure function of the script, the times at which its faults began, and what was said. Each
//! expected document accounts for one said document within its window, the first that fits; what
//! accounts for nothing was wrongly said, even if it would have been right a moment later or once
//! instead of twice.

use super::notice::Said;
use super::script::{Expected, Script};
use crate::observer::{Instant, Span};

/// What became of one expected document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was expected.
    pub expected: Expected,
    /// How long after the fault began it was seen; `None` if it was missed.
    pub seen: Option<Span>,
}

/// What became of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// For each scene of the script, what became of its expected documents.
    pub scenes: Vec<Vec<Finding>>,
    /// For each said document, the scene that it accounts for; `None` if it was wrongly said.
    pub account: Vec<Option<usize>>,
}

impl Report {
    /// Expected documents that were seen.
    pub fn seen(&self) -> usize {
        self.scenes.iter().flatten().filter(|finding| finding.seen.is_some()).count()
    }

    /// Expected documents that were missed.
    pub fn missed(&self) -> usize {
        self.scenes.iter().flatten().filter(|finding| finding.seen.is_none()).count()
    }

    /// Said documents that nobody expected, by their position.
    pub fn wrong(&self) -> impl Iterator<Item = usize> + '_ {
        self.account.iter().enumerate().filter(|(_, scene)| scene.is_none()).map(|(at, _)| at)
    }

    /// Whether everything expected was seen and nothing else was said.
    pub fn ok(&self) -> bool {
        self.missed() == 0 && self.wrong().next().is_none()
    }
}

/// Compares what was said with the script. `begun` has, for each scene, when its fault began;
/// of a fault that has not begun, nothing may be said.
pub fn check(script: &Script, begun: &[Option<Instant>], said: &[(Instant, Said)]) -> Report {
    let unseen = |expected: &Expected| Finding { expected: *expected, seen: None };
    let mut scenes: Vec<Vec<Finding>> =
        script.scenes.iter().map(|scene| scene.expected.iter().map(unseen).collect()).collect();
    let mut account = Vec::with_capacity(said.len());
    for (at, document) in said {
        let mut found = None;
        for (number, findings) in scenes.iter_mut().enumerate() {
            let Some(begin) = begun.get(number).copied().flatten() else { continue };
            let fitting = findings.iter_mut().find(|finding| {
                finding.seen.is_none() && fits(&finding.expected, begin, *at, document)
            });
            if let Some(finding) = fitting {
                finding.seen = Some(at.since(begin));
                found = Some(number);
                break;
            }
        }
        account.push(found);
    }
    Report { scenes, account }
}

fn fits(expected: &Expected, begin: Instant, at: Instant, said: &Said) -> bool {
    let (from, to) = expected.window;
    said.kind == expected.kind
        && said.subject == expected.service
        && said.state.as_deref() == expected.state
        && expected.reason.is_none_or(|reason| said.reason.as_deref() == Some(reason))
        && at >= begin + Span::from_secs(from)
        && at <= begin + Span::from_secs(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::script::{Fault, Scene};

    const START: u64 = 1_000_000;

    fn second(second: u64) -> Instant {
        Instant::from_micros((START + second) * 1_000_000)
    }

    /// Two faults: `A` dies at 10 s, and `B` is flooded from the start.
    fn script() -> Script {
        let expected =
            |kind, state, reason, window| Expected { kind, service: "A", state, reason, window };
        let scene = |fault, begin, expected| Scene {
            fault,
            begin: Span::from_secs(begin),
            length: Span::from_secs(5),
            expected,
        };
        Script {
            scenes: vec![
                scene(Fault::Flood("B"), 0, vec![]),
                scene(
                    Fault::Dies("A"),
                    10,
                    vec![
                        expected("service_unavailable", None, Some("not_responding"), (4, 8)),
                        expected("circuit_breaker", Some("open"), None, (4, 8)),
                    ],
                ),
            ],
            length: Span::from_secs(30),
        }
    }

    /// A said document from `second kind subject state reason`, with `-` for none.
    fn said(text: &str) -> (Instant, Said) {
        let words: Vec<_> = text.split(' ').collect();
        let optional = |at: usize| Some(words[at].to_owned()).filter(|word| word != "-");
        let document = Said {
            kind: words[1].to_owned(),
            subject: words[2].to_owned(),
            state: optional(3),
            reason: optional(4),
            ..Said::default()
        };
        (second(words[0].parse().unwrap_or_default()), document)
    }

    #[test]
    fn reports() {
        let down = "16 service_unavailable A - not_responding";
        let open = "16 circuit_breaker A open consecutive_unanswered";
        // What is said; seen, missed, and which of the said are wrong.
        let cases: [(&[&str], usize, usize, &[usize]); 10] = [
            (&[down, open], 2, 0, &[]),
            (&[open, down], 2, 0, &[]),
            (&[down], 1, 1, &[]),
            (&[], 0, 2, &[]),
            (&[down, open, down], 2, 0, &[2]),
            (&[down, open, "17 service_degraded B - high_failure_rate"], 2, 0, &[2]),
            (&[open, "16 service_unavailable A - pods_not_ready"], 1, 1, &[1]),
            (&[down, "16 circuit_breaker A half_open open_timeout"], 1, 1, &[1]),
            (&[open, "13 service_unavailable A - not_responding"], 1, 1, &[1]),
            (&[open, "19 service_unavailable A - not_responding"], 1, 1, &[1]),
        ];
        for (texts, seen, missed, wrong) in cases {
            let all: Vec<_> = texts.iter().map(|text| said(text)).collect();
            let report = check(&script(), &[Some(second(0)), Some(second(10))], &all);
            assert_eq!(report.seen(), seen, "{texts:?}");
            assert_eq!(report.missed(), missed, "{texts:?}");
            assert_eq!(report.wrong().collect::<Vec<_>>(), wrong, "{texts:?}");
            assert_eq!(report.ok(), missed == 0 && wrong.is_empty(), "{texts:?}");
        }
    }

    #[test]
    fn the_window_counts_from_when_the_fault_truly_began() {
        let late = [said("19 service_unavailable A - not_responding")];
        let report = check(&script(), &[None, Some(second(13))], &late);
        assert_eq!(report.scenes[1][0].seen, Some(Span::from_secs(6)));
    }

    #[test]
    fn of_a_fault_that_has_not_begun_nothing_may_be_said() {
        let early = [said("16 service_unavailable A - not_responding")];
        let report = check(&script(), &[Some(second(0)), None], &early);
        assert_eq!(report.wrong().collect::<Vec<_>>(), [0]);
    }
}

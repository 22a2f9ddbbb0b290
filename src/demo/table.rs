//! The end of a round: what was injected, what was expected, and when it was seen.

use super::caller::Tally;
use super::careful::Spared;
use super::notice::Said;
use super::script::Expected;
use super::show::{Round, Tone, seconds};
use serde_json::{Value, json};

/// The summary as lines of text.
pub(super) fn lines(round: Round<'_>) -> Vec<(String, Tone)> {
    let mut rows =
        vec![["injected".to_owned(), "expected of lookout".to_owned(), "seen".to_owned()]];
    let mut tones = vec![Tone::Fault];
    for (scene, findings) in round.script.scenes.iter().zip(&round.report.scenes) {
        let mut injected = scene.fault.begins();
        if findings.is_empty() {
            rows.push([std::mem::take(&mut injected), "nothing".to_owned(), "–".to_owned()]);
            tones.push(Tone::Quiet);
        }
        for finding in findings {
            let (from, to) = finding.expected.window;
            let (seen, tone) = match finding.seen {
                Some(since) => (format!("+{:.1} s", since.as_secs_f64()), Tone::Good),
                None => (format!("MISSED (due +{from} to +{to} s)"), Tone::Bad),
            };
            rows.push([std::mem::take(&mut injected), words(&finding.expected), seen]);
            tones.push(tone);
        }
    }
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let text = |[a, b, c]: &[String; 3]| format!("{a:<first$}  {b:<second$}  {c}");
    let mut lines: Vec<_> = rows.iter().map(text).zip(tones).collect();
    lines.push((String::new(), Tone::Quiet));
    lines.extend(
        wrong(round)
            .map(|(at, said)| (format!("wrongly said: {at:6.1} s  {}", said.line()), Tone::Bad)),
    );
    lines.push((callers(round.tally), Tone::Quiet));
    lines.push((careful(round.spared), Tone::Quiet));
    let tone = if round.report.ok() { Tone::Good } else { Tone::Bad };
    lines.push((conclusion(round), tone));
    lines
}

/// The summary as one JSON object.
pub(super) fn json(round: Round<'_>) -> Value {
    let scenes = round.script.scenes.iter().zip(&round.report.scenes);
    let scenes: Vec<_> = scenes
        .map(|(scene, findings)| {
            let expected: Vec<_> = findings
                .iter()
                .map(|finding| {
                    json!({
                        "type": finding.expected.kind,
                        "service": finding.expected.service,
                        "state": finding.expected.state,
                        "reason": finding.expected.reason,
                        "window": [finding.expected.window.0, finding.expected.window.1],
                        "seenAfter": finding.seen.map(seconds),
                    })
                })
                .collect();
            json!({
                "fault": scene.fault.name(), "service": scene.fault.service(),
                "expected": expected,
            })
        })
        .collect();
    let wrong: Vec<_> = wrong(round)
        .map(|(at, said)| json!({"at": at, "text": said.line(), "document": said.document}))
        .collect();
    json!({
        "line": "summary", "round": round.number, "ok": round.report.ok(),
        "seen": round.report.seen(), "missed": round.report.missed(),
        "faults": scenes, "wronglySaid": wrong,
        "callers": self::tally(round.tally),
        "careful": {
            "calls": round.spared.calls, "refusedAtOnce": round.spared.refused,
            "unanswered": round.spared.unanswered,
        },
    })
}

/// What the callers saw, as a JSON object.
pub(super) fn tally(tally: Tally) -> Value {
    json!({
        "calls": tally.calls, "ok": tally.ok, "rejected": tally.rejected,
        "failed": tally.failed, "unanswered": tally.unanswered,
    })
}

/// An expected document in the words of a said one.
fn words(expected: &Expected) -> String {
    let said = Said {
        kind: expected.kind.to_owned(),
        subject: expected.service.to_owned(),
        state: expected.state.map(str::to_owned),
        reason: expected.reason.map(str::to_owned),
        ..Said::default()
    };
    said.line()
}

fn wrong(round: Round<'_>) -> impl Iterator<Item = (f64, &Said)> {
    let said = round.report.wrong().filter_map(move |at| round.said.get(at));
    said.map(|(at, said)| (seconds(*at), said))
}

/// What the callers saw, in words.
pub(super) fn callers(tally: Tally) -> String {
    format!(
        "The callers made {} calls: {} answered with a result, {} rejected, {} failed, {} not \
         answered.",
        tally.calls, tally.ok, tally.rejected, tally.failed, tally.unanswered
    )
}

/// What became of the calls of the one who listens, in words.
fn careful(spared: Spared) -> String {
    format!(
        "One more listens to lookout: of its {} calls {} failed at once, with a reason and a time \
         to come back, and {} were not answered.",
        spared.calls, spared.refused, spared.unanswered
    )
}

fn conclusion(round: Round<'_>) -> String {
    let report = round.report;
    let (seen, missed) = (report.seen(), report.missed());
    let all = seen + missed;
    if report.ok() {
        return format!("All {all} expected events were seen, and nothing else was said.");
    }
    let wrong = report.wrong().count();
    format!("{seen} of {all} expected events were seen, {missed} missed, {wrong} wrongly said.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::check::check;
    use crate::demo::script::{Fault, Scene, Script};
    use crate::observer::{Instant, Span};

    fn script() -> Script {
        let expected = vec![Expected {
            kind: "service_unavailable",
            service: "A",
            state: None,
            reason: Some("not_responding"),
            window: (4, 8),
        }];
        let scene = |fault, expected| Scene {
            fault,
            begin: Span::ZERO,
            length: Span::from_secs(5),
            expected,
        };
        Script {
            scenes: vec![scene(Fault::Dies("A"), expected), scene(Fault::LinkCut, vec![])],
            length: Span::from_secs(30),
        }
    }

    fn summary(said: &[(u64, &str)]) -> (String, Value) {
        let said: Vec<_> = said
            .iter()
            .map(|(at, subject)| {
                let said = Said {
                    kind: "service_unavailable".to_owned(),
                    subject: (*subject).to_owned(),
                    reason: Some("not_responding".to_owned()),
                    ..Said::default()
                };
                (Span::from_secs(*at), said)
            })
            .collect();
        let start = Instant::default();
        let timed: Vec<_> = said.iter().map(|(at, said)| (start + *at, said.clone())).collect();
        let script = script();
        let report = check(&script, &[Some(start), Some(start)], &timed);
        let tally = Default::default();
        let spared = Spared { calls: 9, refused: 4, unanswered: 1 };
        let said = &said;
        let round = Round { number: 1, script: &script, report: &report, said, tally, spared };
        let text: Vec<_> = lines(round).into_iter().map(|(line, _)| line).collect();
        (text.join("\n"), json(round))
    }

    #[test]
    fn a_good_round() {
        let (text, value) = summary(&[(6, "A")]);
        let row = format!("{:25}  A unavailable: not_responding  +6.0 s", "A dies");
        assert!(text.contains(&row), "{text}");
        assert!(text.contains("lookout's own link is cut  nothing"), "{text}");
        assert!(text.contains("of its 9 calls 4 failed at once"), "{text}");
        assert_eq!(value["careful"]["refusedAtOnce"], 4);
        assert!(text.ends_with("All 1 expected events were seen, and nothing else was said."));
        assert_eq!(value["ok"], true);
        assert_eq!(value["faults"][0]["expected"][0]["seenAfter"], 6.0);
    }

    #[test]
    fn a_bad_round() {
        let (text, value) = summary(&[(7, "B")]);
        assert!(text.contains("MISSED (due +4 to +8 s)"), "{text}");
        assert!(text.contains("wrongly said:    7.0 s  B unavailable: not_responding"), "{text}");
        assert!(text.ends_with("0 of 1 expected events were seen, 1 missed, 1 wrongly said."));
        assert_eq!(value["ok"], false);
        assert_eq!(value["wronglySaid"][0]["at"], 7.0);
    }
}

//! The steps of a runbook.
//!
//! `### 1. What to do`, then words, then a command between fences, then a list of what is to be
//! expected and what it costs. Only what stands here is allowed, each at most once.

use super::prose::fence_end;
use super::read::Lines;
use super::shell::Command;
use super::text::Text;

/// Most steps of a runbook.
const STEPS: usize = 40;
/// The longest time limit, in seconds.
const LONGEST: u32 = 24 * 3_600;

/// A step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) title: Text,
    pub(super) words: Option<Text>,
    pub(super) command: Option<Command>,
    pub(super) expect: Option<Text>,
    pub(super) look_for: Option<Text>,
    pub(super) threshold: Option<Text>,
    /// In seconds.
    pub(super) time_limit: Option<u32>,
    pub(super) needs_approval: bool,
    pub(super) impact: Option<Text>,
}

/// The names of the fields.
const FIELDS: &str =
    "- Expect:, - Look for:, - Threshold:, - Time limit:, - Needs approval: or - Impact:";

/// Reads steps from this line on; gives also the line at which they end.
pub(super) fn read(lines: &mut Lines<'_>, from: usize) -> (Vec<Step>, usize) {
    let mut steps = Vec::new();
    let mut at = from;
    while let Some(line) = lines.all.get(at).copied().filter(|line| !line.starts_with("## ")) {
        if line.is_empty() {
            at += 1;
            continue;
        }
        let number = steps.len() + 1;
        let Some(title) = line.strip_prefix(&format!("### {number}. ")) else {
            let allowed = format!("### {number}. and what to do in this step");
            lines.wrong(at, line, allowed);
            // What follows would be wrong only because of this.
            return (steps, lines.all.len());
        };
        let title = lines.text(at, title);
        let (step, end) = step(lines, at, Step { title, ..Step::default() });
        steps.push(step);
        at = end;
    }
    if steps.is_empty() {
        lines.wrong(from.saturating_sub(1), "no steps", "### 1. and what to do first");
    } else if steps.len() > STEPS {
        lines.wrong(from, format!("{} steps", steps.len()), format!("at most {STEPS}"));
    }
    (steps, at)
}

/// Reads the step whose heading stands at `head`.
fn step(lines: &mut Lines<'_>, head: usize, mut step: Step) -> (Step, usize) {
    let mut at = head + 1;
    let mut seen = Vec::new();
    while let Some(line) = lines.all.get(at).copied().filter(|line| !line.starts_with('#')) {
        let begin = at;
        at += 1;
        if line.is_empty() {
            continue;
        }
        if let Some(info) = line.strip_prefix("```") {
            let Some(end) = fence_end(lines.all, at, lines.all.len()) else {
                lines.wrong(begin, "a fence that does not end", "a line ``` after it");
                return (step, lines.all.len());
            };
            if info != "sh" {
                lines.wrong(begin, line, "```sh");
            }
            if step.command.is_some() {
                lines.wrong(begin, "a second command", "one in each step");
            }
            let text = lines.all.get(at..end).unwrap_or_default().join("\n");
            step.command = command(lines, at, &text);
            at = end + 1;
            continue;
        }
        let is_field = line.starts_with("- ");
        let goes_on = |line: &str| {
            let stops = line.is_empty() || line.starts_with('#') || line.starts_with("- ");
            !stops && !line.starts_with("```")
        };
        while lines.all.get(at).is_some_and(|line| goes_on(line)) {
            at += 1;
        }
        let all: Vec<_> =
            lines.all.get(begin..at).unwrap_or_default().iter().map(|l| l.trim()).collect();
        let all = all.join("\n");
        if is_field {
            field(lines, begin, &all, &mut step, &mut seen);
        } else if step.words.is_some() || step.command.is_some() || !seen.is_empty() {
            lines.wrong(begin, line, format!("one paragraph before the command; then {FIELDS}"));
        } else {
            step.words = Some(lines.text(begin, &all));
        }
    }
    if step.needs_approval && step.impact.is_none() {
        lines.wrong(head, "a step that needs approval", "a line - Impact: that says what it costs");
    }
    (step, at)
}

fn command(lines: &mut Lines<'_>, at: usize, text: &str) -> Option<Command> {
    if text.trim().is_empty() {
        lines.wrong(at, "an empty command", "a command");
        return None;
    }
    match Command::read(text) {
        Ok(command) => {
            for (row, line) in text.split('\n').enumerate() {
                let places = super::text::pieces(line);
                let names = places.iter().filter_map(|piece| match piece {
                    super::text::Piece::Place(name) => Some(name.as_str()),
                    super::text::Piece::Literal(_) => None,
                });
                lines.check_places(at + row, names);
            }
            Some(command)
        }
        Err((row, (found, allowed))) => {
            lines.wrong(at + row, found, allowed);
            None
        }
    }
}

/// Reads `- Expect: …` and its like.
fn field(lines: &mut Lines<'_>, at: usize, line: &str, step: &mut Step, seen: &mut Vec<String>) {
    let known = line.strip_prefix("- ").and_then(|line| line.split_once(':'));
    let Some((name, value)) = known else { return lines.wrong(at, line, FIELDS) };
    let value = value.trim();
    if value.is_empty() {
        return lines.wrong(at, format!("nothing behind {name}:"), "what is meant");
    }
    if seen.iter().any(|seen| seen == name) {
        return lines.wrong(at, format!("a second {name}:"), "each once in a step");
    }
    seen.push(name.to_owned());
    match name {
        "Expect" => step.expect = Some(lines.text(at, value)),
        "Look for" => step.look_for = Some(lines.text(at, value)),
        "Threshold" => step.threshold = Some(lines.text(at, value)),
        "Impact" => step.impact = Some(lines.text(at, value)),
        "Time limit" => match seconds(value) {
            Some(seconds) => step.time_limit = Some(seconds),
            None => lines.wrong(at, value, "a time such as 30 s, 5 min or 1 h, up to 24 h"),
        },
        "Needs approval" => match value {
            "yes" => step.needs_approval = true,
            "no" => {}
            other => lines.wrong(at, other, "yes or no"),
        },
        other => lines.wrong(at, format!("- {other}:"), FIELDS),
    }
}

/// `30 s`, `5 min` and `1 h`, in seconds.
fn seconds(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = match unit.trim_start() {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let seconds = number.parse::<u32>().ok()?.checked_mul(unit)?;
    (1..=LONGEST).contains(&seconds).then_some(seconds)
}

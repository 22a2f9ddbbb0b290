//! The prose of a runbook: headings, paragraphs, items of lists, and blocks that stay as they are.

use super::read::Lines;
use super::text::Text;
use std::ops::Range;

/// Blocks, in order.
pub(super) type Prose = Vec<Block>;

/// A block of prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// A heading, without its `#`; of level 2 or deeper.
    Heading(usize, Text),
    /// A paragraph; its lines as written.
    Paragraph(Text),
    /// An item of a list.
    Item(Text),
    /// What stood between fences, in which nothing is filled in; with what stood behind the first.
    Code(String, String),
}

/// Reads these lines.
pub(super) fn read(lines: &mut Lines<'_>, range: Range<usize>) -> Prose {
    let mut prose = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let line = lines.all.get(at).copied().unwrap_or_default();
        let begin = at;
        at += 1;
        if line.is_empty() {
            continue;
        }
        if let Some(info) = line.strip_prefix("```") {
            let Some(end) = fence_end(lines.all, at, range.end) else {
                lines.wrong(begin, "a fence that does not end", "a line ``` after it");
                return prose;
            };
            let code = lines.all.get(at..end).unwrap_or_default().join("\n");
            prose.push(Block::Code(info.to_owned(), code));
            at = end + 1;
            continue;
        }
        if line.starts_with('#') {
            let level = line.chars().take_while(|c| *c == '#').count();
            match line.get(level..).and_then(|rest| rest.strip_prefix(' ')) {
                Some(heading) if (2..=6).contains(&level) => {
                    if heading == "Steps" {
                        lines.wrong(begin, "## Steps", "one such line");
                    }
                    let heading = lines.text(begin, heading);
                    prose.push(Block::Heading(level, heading));
                }
                _ => lines.wrong(
                    begin,
                    line,
                    "a heading of level 2 to 6: the title is in the front matter",
                ),
            }
            continue;
        }
        let item = line.strip_prefix("- ");
        let starts = |line: &str| {
            line.is_empty()
                || line.starts_with('#')
                || line.starts_with("```")
                || line.starts_with("- ")
        };
        while at < range.end && lines.all.get(at).is_some_and(|line| !starts(line)) {
            at += 1;
        }
        let rest = lines.all.get(begin + 1..at).unwrap_or_default();
        let all =
            std::iter::once(item.unwrap_or(line)).chain(rest.iter().map(|line| line.trim_start()));
        let text = lines.text(begin, &all.collect::<Vec<_>>().join("\n"));
        prose.push(if item.is_some() { Block::Item(text) } else { Block::Paragraph(text) });
    }
    prose
}

/// The line of the fence that ends what begins at this one.
pub(super) fn fence_end(lines: &[&str], from: usize, to: usize) -> Option<usize> {
    (from..to).find(|at| lines.get(*at).is_some_and(|line| *line == "```"))
}

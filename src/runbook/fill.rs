//! A runbook with the names of a subject in it: as fields for pages and programs, and as Markdown.
//!
//! In the fields a value is shown as it is, for whoever shows them as text; what is code stands
//! between backticks, which no value has. In the Markdown no value is more than text either.
//! Commands are the same in both.

use super::prose::{self, Prose};
use super::read::Runbook;
use super::steps::Step;
use super::subject::Subject;
use super::values::Values;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A runbook, filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Runbook")]
pub struct Filled {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// Whether it came with lookout, and no operator wrote it.
    pub shipped: bool,
    /// What is to be known before.
    pub prose: Vec<Block>,
    /// What to do, in order.
    pub steps: Vec<FilledStep>,
    /// What is to be known after.
    pub after: Vec<Block>,
    /// All of it as Markdown.
    pub markdown: String,
}

impl Filled {
    /// All of it as Markdown, with a line feed at the end.
    pub fn markdown(&self) -> &str {
        &self.markdown
    }
}

/// A block of prose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RunbookBlock")]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text; what is code stands between backticks.
    pub text: String,
}

/// What a block of prose is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "RunbookBlockKind")]
pub enum BlockKind {
    /// A heading.
    Heading,
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    Item,
    /// Lines to be shown as they are.
    Code,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RunbookStep")]
pub struct FilledStep {
    /// What to do.
    pub title: String,
    /// The same in more words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// A command for a POSIX shell; its values are quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What it prints when all is well, or what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// What points to the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look_for: Option<String>,
    /// From when on something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// How long to stay with this step, in seconds.
    #[serde(skip_serializing_if = "Option::is_none", rename = "timeLimitSeconds")]
    pub time_limit: Option<u32>,
    /// Whether somebody has to agree first.
    pub needs_approval: bool,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
}

impl Runbook {
    /// Fills in what is known of a subject, and an operator's constants.
    pub fn fill(&self, subject: &Subject<'_>, constants: &BTreeMap<String, String>) -> Filled {
        let values = Values { subject, constants };
        Filled {
            name: self.name.clone(),
            title: self.title.plain(&values),
            shipped: self.is_shipped,
            prose: blocks(&self.prose, &values),
            steps: self.steps.iter().map(|step| filled(step, &values)).collect(),
            after: blocks(&self.after, &values),
            markdown: markdown(self, &values),
        }
    }
}

fn blocks(prose: &Prose, values: &Values<'_>) -> Vec<Block> {
    let block = |block: &prose::Block| match block {
        prose::Block::Heading(_, text) => (BlockKind::Heading, text.plain(values)),
        prose::Block::Paragraph(text) => (BlockKind::Paragraph, text.plain(values)),
        prose::Block::Item(text) => (BlockKind::Item, text.plain(values)),
        prose::Block::Code(_, text) => (BlockKind::Code, text.clone()),
    };
    prose.iter().map(block).map(|(kind, text)| Block { kind, text }).collect()
}

fn filled(step: &Step, values: &Values<'_>) -> FilledStep {
    let fill = |text: &Option<super::text::Text>| text.as_ref().map(|text| text.plain(values));
    FilledStep {
        title: step.title.plain(values),
        words: fill(&step.words),
        command: step.command.as_ref().map(|command| command.fill(values)),
        expect: fill(&step.expect),
        look_for: fill(&step.look_for),
        threshold: fill(&step.threshold),
        time_limit: step.time_limit,
        needs_approval: step.needs_approval,
        impact: fill(&step.impact),
    }
}

/// Writing to a string cannot fail, which is why no result is looked at here.
fn markdown(runbook: &Runbook, values: &Values<'_>) -> String {
    let mut page = format!("# {}\n", runbook.title.markdown(values));
    prose_markdown(&mut page, &runbook.prose, values);
    page.push_str("\n## Steps\n");
    for (number, step) in (1..).zip(&runbook.steps) {
        let _ = writeln!(page, "\n### {number}. {}", step.title.markdown(values));
        if let Some(words) = &step.words {
            let _ = writeln!(page, "\n{}", words.markdown(values));
        }
        if let Some(command) = &step.command {
            fence(&mut page, "sh", &command.fill(values));
        }
        let limit = step.time_limit.map(time);
        let fields = [
            ("Expect", step.expect.as_ref().map(|text| text.markdown(values))),
            ("Look for", step.look_for.as_ref().map(|text| text.markdown(values))),
            ("Threshold", step.threshold.as_ref().map(|text| text.markdown(values))),
            ("Time limit", limit),
            ("Needs approval", step.needs_approval.then(|| "yes".to_owned())),
            ("Impact", step.impact.as_ref().map(|text| text.markdown(values))),
        ];
        let mut fields =
            fields.into_iter().filter_map(|(name, text)| Some((name, text?))).peekable();
        if fields.peek().is_some() {
            page.push('\n');
        }
        for (name, text) in fields {
            let _ = writeln!(page, "- {name}: {}", text.replace('\n', "\n  "));
        }
    }
    prose_markdown(&mut page, &runbook.after, values);
    page
}

fn prose_markdown(page: &mut String, prose: &Prose, values: &Values<'_>) {
    let mut was_item = false;
    for block in prose {
        let is_item = matches!(block, prose::Block::Item(_));
        if !(is_item && was_item) {
            page.push('\n');
        }
        was_item = is_item;
        let _ = match block {
            prose::Block::Heading(level, text) => {
                writeln!(page, "{} {}", "#".repeat(*level), text.markdown(values))
            }
            prose::Block::Paragraph(text) => writeln!(page, "{}", text.markdown(values)),
            prose::Block::Item(text) => {
                writeln!(page, "- {}", text.markdown(values).replace('\n', "\n  "))
            }
            prose::Block::Code(info, text) => {
                page.pop();
                fence(page, info, text);
                Ok(())
            }
        };
    }
}

/// A block between fences that nothing in it can end.
fn fence(page: &mut String, info: &str, text: &str) {
    let mut longest = 2;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let _ = writeln!(page, "\n{fence}{info}\n{text}\n{fence}");
}

/// A time as it is written in a runbook.
fn time(seconds: u32) -> String {
    match seconds {
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

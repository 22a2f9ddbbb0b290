//! What a reply says by other means than `result` and `error`.
//!
//! A pair may have rules: each names a place in the reply and, for each outcome, patterns of the
//! values that mean it. Rules are asked in order. One whose place is absent, or whose value no
//! pattern of it matches, says nothing; the first that says other than ok wins; if none does, and
//! one said ok, it is ok. If no rule says anything, `result` and `error` decide. Within a rule ok
//! is tried first, then rejected, then failed, so that `rejected = ["*"]` means all that is not ok.

use super::envelope::Envelope;
use super::glob::Glob;
use super::message::Message;
use super::source::{Members, Source, Told};
use super::template::Captures;
use crate::observer::call::Answer;

/// Most rules of a pair, and most patterns of an outcome in one.
const MAX: usize = 64;

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It went well.
    Ok,
    /// The caller did wrong.
    Rejected,
    /// The service failed.
    Failed,
}

impl From<Ruling> for Answer {
    fn from(ruling: Ruling) -> Self {
        match ruling {
            Ruling::Ok => Self::Result,
            Ruling::Rejected => Self::Rejected,
            Ruling::Failed => Self::Failed,
        }
    }
}

/// A rule as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSpec {
    /// The place: `property:NAME`, `body:PATH`, `topic:NAME` or `template`.
    pub from: String,
    /// Patterns of values that mean ok.
    pub ok: Vec<String>,
    /// Patterns of values that mean the caller did wrong.
    pub rejected: Vec<String>,
    /// Patterns of values that mean the service failed.
    pub failed: Vec<String>,
}

/// A compiled rule.
#[derive(Clone, Debug)]
struct Rule {
    from: Source,
    patterns: Vec<(Ruling, Glob)>,
}

/// The rules of a pair, in order.
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Compiles the rules; `fixed` is whether a reply template fixes an outcome. Mistakes are
    /// noted with the place of each: the number of the rule, the member of it, what was found.
    pub fn new(
        specs: &[RuleSpec],
        fixed: bool,
        told: Told<'_>,
        members: &mut Members,
        note: &mut dyn FnMut(String, &str, String),
    ) -> Self {
        let mut rules = Vec::new();
        if specs.len() > MAX {
            let found = format!("{} rules", specs.len());
            note("outcome".to_owned(), &found, format!("at most {MAX} rules are allowed"));
            return Self::default();
        }
        for (at, spec) in specs.iter().enumerate() {
            let mut note = |member: &str, found: &str, problem| {
                note(format!("outcome[{at}].{member}"), found, problem);
            };
            let from = match Source::new(&spec.from, told, members) {
                Ok(Source::Template) if !fixed => {
                    let problem = "no reply template fixes an outcome";
                    note("from", &spec.from, problem.to_owned());
                    continue;
                }
                Ok(from) => from,
                Err(problem) => {
                    note(
                        "from",
                        &spec.from,
                        problem.replace(" or topic:NAME", ", topic:NAME or template"),
                    );
                    continue;
                }
            };
            let patterns = patterns(spec, &from, &mut note);
            rules.push(Rule { from, patterns });
        }
        // Where no rule asks for it, it comes before them.
        if fixed && !rules.iter().any(|rule| rule.from == Source::Template) {
            rules.insert(0, Rule { from: Source::Template, patterns: Vec::new() });
        }
        Self(rules)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The places that are read.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.0.iter().map(|rule| &rule.from)
    }

    /// What the rules say of a reply, if they say anything; `template` is what its template fixes.
    pub fn say<'a>(
        &self,
        message: &Message<'a>,
        envelope: Option<&Envelope<'a>>,
        values: &Captures<'a>,
        template: Option<Ruling>,
    ) -> Option<Ruling> {
        let mut said = None;
        for rule in &self.0 {
            let ruling = match &rule.from {
                Source::Template => template,
                from => from.value(message, envelope, values).and_then(|value| {
                    let matches = |(_, glob): &&(Ruling, Glob)| glob.matches(&value);
                    rule.patterns.iter().find(matches).map(|(ruling, _)| *ruling)
                }),
            };
            match ruling {
                Some(Ruling::Rejected | Ruling::Failed) => return ruling,
                Some(Ruling::Ok) => said = ruling,
                None => {}
            }
        }
        said
    }
}

fn patterns(
    spec: &RuleSpec,
    from: &Source,
    note: &mut dyn FnMut(&str, &str, String),
) -> Vec<(Ruling, Glob)> {
    let lists = [
        ("ok", Ruling::Ok, &spec.ok),
        ("rejected", Ruling::Rejected, &spec.rejected),
        ("failed", Ruling::Failed, &spec.failed),
    ];
    let any = lists.iter().any(|(_, _, list)| !list.is_empty());
    if any == (*from == Source::Template) {
        let problem =
            if any { "the template says it, without patterns" } else { "a rule has patterns" };
        note("from", &spec.from, problem.to_owned());
    }
    let mut patterns = Vec::new();
    for (name, ruling, list) in lists {
        if list.len() > MAX {
            note(name, &format!("{} patterns", list.len()), format!("at most {MAX} patterns"));
            continue;
        }
        for text in list {
            match Glob::new(text) {
                Ok(glob) => patterns.push((ruling, glob)),
                Err(problem) => note(name, text, problem),
            }
        }
    }
    patterns
}

//! Reads a runbook: front matter, prose, steps, prose. Strictly, as nobody wants to find out in
//! the night that half of it was skipped.

use super::criteria::Criteria;
use super::front;
use super::prose::{self, Prose};
use super::steps::{self, Step};
use super::subject::PLACEHOLDERS;
use super::text::Text;
use super::values::{CONSTANTS, is_hidden};
use std::collections::BTreeMap;
use std::fmt;

/// Most bytes of a runbook.
pub const MAX_BYTES: usize = 64 << 10;
/// The name of the runbook that is found where no other fits.
pub(super) const GENERAL: &str = "general";
/// Most characters of what was found that a mistake shows.
const SHOWN: usize = 200;
/// Most mistakes of one file that are told.
const MISTAKES: usize = 20;

/// A mistake in a runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file's name.
    pub file: String,
    /// The line, from 1; 0 is the file as a whole.
    pub line: usize,
    /// What was found there; short, and fit for a terminal.
    pub found: String,
    /// What would be right.
    pub allowed: String,
}

impl fmt::Display for Mistake {
    /// `Orders.md:12: found {servce}, allowed: one of …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, found, allowed } = self;
        write!(f, "{file}:{line}: found {found}, allowed: {allowed}")
    }
}

/// A runbook as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runbook {
    pub(super) name: String,
    pub(super) title: Text,
    pub(super) criteria: Criteria,
    pub(super) prose: Prose,
    pub(super) steps: Vec<Step>,
    pub(super) after: Prose,
    /// Whether it came with lookout.
    pub(super) is_shipped: bool,
}

impl Runbook {
    /// Its name: that of its file without `.md`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn criteria(&self) -> &Criteria {
        &self.criteria
    }

    /// How many steps it has.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has no steps; a reader refuses such.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it is the one that is found where no other fits.
    pub fn is_general(&self) -> bool {
        self.name == GENERAL
    }

    /// Whether it came with lookout, and no operator wrote it.
    pub fn is_shipped(&self) -> bool {
        self.is_shipped
    }
}

/// The lines of a file, with the number of the first and what was wrong in them.
pub(super) struct Lines<'a> {
    pub(super) all: &'a [&'a str],
    pub(super) first: usize,
    pub(super) constants: &'a BTreeMap<String, String>,
    pub(super) mistakes: Vec<(usize, String, String)>,
}

impl Lines<'_> {
    /// Notes what is wrong in the line at this place.
    pub(super) fn wrong(
        &mut self,
        at: usize,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        self.mistakes.push((self.first + at, found.into(), allowed.into()));
    }

    /// Reads a text that begins in the line at this place.
    pub(super) fn text(&mut self, at: usize, text: &str) -> Text {
        match Text::read(text) {
            Ok(read) => {
                self.check_places(at, read.places());
                read
            }
            Err((found, allowed)) => {
                self.wrong(at, found, allowed);
                Text::default()
            }
        }
    }

    /// Refuses placeholders that nothing fills.
    pub(super) fn check_places<'p>(&mut self, at: usize, places: impl Iterator<Item = &'p str>) {
        for place in places {
            if PLACEHOLDERS.contains(&place)
                || CONSTANTS.contains(&place)
                || self.constants.contains_key(place)
            {
                continue;
            }
            let own = self.constants.keys().map(String::as_str);
            let mut known: Vec<&str> =
                PLACEHOLDERS.into_iter().chain(CONSTANTS).chain(own).collect();
            known.sort_unstable();
            known.dedup();
            let allowed = format!(
                "one of {}; a value of your own is set under runbooks.values, and braces that mean \
                 something else have a blank in them",
                known.join(", ")
            );
            self.wrong(at, format!("{{{place}}}"), allowed);
        }
    }
}

/// Reads a file into a runbook, or says all that is wrong with it.
pub(super) fn read(
    file: &str,
    text: &str,
    constants: &BTreeMap<String, String>,
    is_shipped: bool,
) -> Result<Runbook, Vec<Mistake>> {
    let mistake = |(line, found, allowed): (usize, String, String)| Mistake {
        file: shown(file),
        line,
        found: shown(&found),
        allowed,
    };
    let fail = |line, found: &str, allowed: &str| {
        Err(vec![mistake((line, found.to_owned(), allowed.to_owned()))])
    };
    let Some(name) = file.strip_suffix(".md").filter(|name| is_name(name)) else {
        return fail(0, "this name", "1 to 64 letters, digits, - and _ before .md");
    };
    if text.len() > MAX_BYTES {
        return fail(0, &format!("{} bytes", text.len()), &format!("at most {MAX_BYTES}"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let hidden = |(at, line): (usize, &&str)| Some((at, line.chars().find(|c| is_hidden(*c))?));
    if let Some((at, c)) = lines.iter().enumerate().find_map(hidden) {
        let found = format!("a character that is not seen, U+{:04X}", c as u32);
        return fail(at + 1, &found, "text without control characters; blanks for tabs");
    }
    let end = lines.iter().skip(1).position(|line| *line == "---").map(|at| at + 1);
    let (Some(&"---"), Some(end)) = (lines.first(), end) else {
        return fail(
            1,
            "no front matter",
            "--- in the first line, title: and match:, and --- again",
        );
    };
    let front = lines.get(1..end).unwrap_or_default().join("\n");
    // Line 1 is the dashes.
    let front = front::read(&front)
        .map_err(|(line, found, allowed)| vec![mistake((line + 1, found, allowed))])?;
    let rest = lines.get(end + 1..).unwrap_or_default();
    let mut body = Lines { all: rest, first: end + 2, constants, mistakes: Vec::new() };
    let Some(start) = rest.iter().position(|line| *line == "## Steps") else {
        return fail(lines.len(), "no steps", "a line `## Steps`, and steps under it");
    };
    let title = body.text(0, &front.title);
    let line_of_title = lines.iter().position(|line| line.starts_with("title:")).unwrap_or(0) + 1;
    body.mistakes.iter_mut().for_each(|(line, ..)| *line = line_of_title);
    let prose = prose::read(&mut body, 0..start);
    let (steps, stop) = steps::read(&mut body, start + 1);
    let after = prose::read(&mut body, stop..rest.len());
    if body.mistakes.is_empty() {
        let (name, criteria) = (name.to_owned(), front.criteria);
        return Ok(Runbook { name, title, criteria, prose, steps, after, is_shipped });
    }
    body.mistakes.sort_by_key(|(line, ..)| *line);
    body.mistakes.truncate(MISTAKES);
    Err(body.mistakes.into_iter().map(mistake).collect())
}

/// Whether a runbook can be called so.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}

/// What a mistake shows of what was found.
fn shown(text: &str) -> String {
    let tame = |c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(SHOWN).map(tame).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

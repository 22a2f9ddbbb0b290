//! What has been read so far: the draft, where each value came from, and every mistake.
//!
//! A wrong value leaves what was there before, so that the rest can still be checked; its key is
//! remembered as bad, so that no second mistake is made of the first. Later sources overwrite
//! earlier ones, but a mistake counts wherever it stands: a value that does no harm today, because
//! a variable covers it, does tomorrow.

use super::draft::Draft;
use super::kind::Fault;
use super::mistake::Mistake;
use super::raw::{Form, Node};
use super::table::{Section, Setting};
use std::collections::{BTreeMap, BTreeSet};

/// Which source a value came from, in the order of precedence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rank {
    Default,
    File,
    Environment,
    CommandLine,
}

/// Where a setting was set.
#[derive(Clone)]
pub(super) struct Spot {
    pub(super) rank: Rank,
    pub(super) line: usize,
    /// Its name there: the key, or the variable.
    pub(super) name: String,
}

/// What has been read so far.
pub(super) struct Gathered {
    pub(super) draft: Draft,
    file: String,
    spots: BTreeMap<String, Spot>,
    bad: BTreeSet<String>,
    mistakes: Vec<(Rank, usize, Mistake)>,
}

impl Gathered {
    /// The defaults, and no mistakes; `file` is the file's name in messages.
    pub(super) fn new(file: String) -> Self {
        Self {
            draft: Draft::default(),
            file,
            spots: BTreeMap::new(),
            bad: BTreeSet::new(),
            mistakes: Vec::new(),
        }
    }

    /// Every mistake, by source and line.
    pub(super) fn into_mistakes(mut self) -> Vec<Mistake> {
        self.mistakes.sort_by_key(|(rank, line, _)| (*rank, *line));
        self.mistakes.into_iter().map(|(_, _, mistake)| mistake).collect()
    }

    /// Whether a mistake was found.
    pub(super) fn has_mistakes(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// Whether a key, or an element of its list, was found to be wrong.
    pub(super) fn is_bad(&self, key: &str) -> bool {
        self.bad.contains(key)
    }

    /// Which source a setting came from.
    pub(super) fn rank(&self, key: &str) -> Rank {
        self.spots.get(key).map_or(Rank::Default, |spot| spot.rank)
    }

    /// Whether a setting, or what it is a part of, was found to be wrong.
    pub(super) fn is_part_bad(&self, key: &str) -> bool {
        wholes(key).any(|whole| self.is_bad(whole))
    }

    /// Where a setting was set: itself, else what it is a part of.
    pub(super) fn spot(&self, key: &str) -> Spot {
        match wholes(key).find_map(|whole| self.spots.get(whole)) {
            // A part of what a variable holds is named by the variable.
            Some(spot) if spot.rank == Rank::Environment => spot.clone(),
            Some(spot) => Spot { name: key.to_owned(), ..spot.clone() },
            None => Spot { rank: Rank::Default, line: 0, name: key.to_owned() },
        }
    }

    /// Remembers where a setting was set.
    pub(super) fn note(&mut self, key: &str, spot: &Spot) {
        self.spots.insert(key.to_owned(), spot.clone());
    }

    /// Remembers that a setting is wrong.
    pub(super) fn spoil(&mut self, key: &str) {
        self.bad.insert(key.to_owned());
    }

    /// Notes a mistake.
    pub(super) fn mistake(
        &mut self,
        spot: Spot,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let place = match (spot.rank, spot.line) {
            (Rank::Default, _) => "defaults".to_owned(),
            (Rank::File, 0) => self.file.clone(),
            (Rank::File, line) => format!("{}:{line}", self.file),
            (Rank::Environment, _) => "environment".to_owned(),
            (Rank::CommandLine, _) => "command line".to_owned(),
        };
        let mistake =
            Mistake { place, key: spot.name, found: found.into(), allowed: allowed.into() };
        self.mistakes.push((spot.rank, spot.line, mistake));
    }

    /// Notes a mistake in what a setting names, at a place of its own.
    pub(super) fn mistake_in(&mut self, spot: Spot, place: String, found: String, allowed: String) {
        let mistake = Mistake { place, key: spot.name, found, allowed };
        self.mistakes.push((spot.rank, spot.line, mistake));
    }

    /// Takes a variable or flag for a setting that exists once.
    pub(super) fn single(&mut self, section: &Section, setting: &Setting, spot: Spot, text: &str) {
        self.setting(section, setting, spot, &Node::loose(text));
    }

    /// Notes a key that is none.
    pub(super) fn unknown(&mut self, spot: Spot, suggestion: Option<&str>) {
        let allowed = match suggestion {
            Some(suggestion) => format!("a known one, did you mean {suggestion}?"),
            None => "a known one, see lookout check-config --print-default".to_owned(),
        };
        self.mistake(spot, "an unknown setting", allowed);
    }

    /// Takes a value for a setting that exists once.
    pub(super) fn setting(
        &mut self,
        section: &Section,
        setting: &Setting,
        spot: Spot,
        node: &Node,
    ) {
        let key = section.key(setting.name);
        self.note_elements(&key, &spot, node);
        let done = setting.take(&mut self.draft, node);
        self.spots.insert(key.clone(), spot.clone());
        self.faults(&key, &spot, done);
    }

    /// Remembers the lines of a list's elements, for those who find them wrong later.
    fn note_elements(&mut self, key: &str, spot: &Spot, node: &Node) {
        let prefix = format!("{key}[");
        self.spots.retain(|known, _| !known.starts_with(&prefix));
        if let (Form::List(elements), Rank::File) = (&node.form, spot.rank) {
            for (index, element) in elements.iter().enumerate() {
                let name = format!("{key}[{index}]");
                self.spots.insert(name.clone(), file_spot(element.line, &name));
            }
        }
    }

    /// Notes why a value was refused.
    pub(super) fn faults(&mut self, key: &str, spot: &Spot, done: Result<(), Vec<Fault>>) {
        for fault in done.err().into_iter().flatten() {
            self.bad.insert(key.to_owned());
            let mut spot = spot.clone();
            if spot.rank == Rank::File {
                spot.line = fault.line;
            }
            spot.name += &fault.part;
            self.mistake(spot, fault.found, fault.allowed);
        }
    }
}

/// A place in the file.
pub(super) fn file_spot(line: usize, name: &str) -> Spot {
    Spot { rank: Rank::File, line, name: name.to_owned() }
}

/// `a.b[0].c`, then `a.b[0]`, `a.b`, `a`: a key and what it is a part of.
fn wholes(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |part| part.get(..part.rfind(['.', '['])?))
}

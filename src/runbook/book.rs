//! All runbooks, and which one fits.

use super::fill::Filled;
use super::read::{self, GENERAL, Mistake, Runbook};
use super::shipped;
use super::subject::Subject;
use super::values::WORKLOAD;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most runbooks of an operator.
pub const MAX_FILES: usize = 1_000;

/// All runbooks. A clone is the same book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// By name.
    all: Arc<BTreeMap<String, Runbook>>,
    constants: Arc<BTreeMap<String, String>>,
    /// Services that their platform calls otherwise, and how.
    workloads: Arc<BTreeMap<String, String>>,
}

impl Book {
    /// Those that come with lookout.
    pub fn shipped() -> Self {
        let none = BTreeMap::new();
        let read = |(file, text): &(&str, &str)| read::read(file, text, &none, true).ok();
        // A test holds that each of them can be read.
        let all = shipped::FILES.iter().filter_map(read).map(|book| (book.name.clone(), book));
        Self { all: Arc::new(all.collect()), ..Self::default() }
    }

    /// With an operator's constants, each of a name that [`super::check_constant`] lets pass. They are
    /// to be set before runbooks that use them are added.
    #[must_use]
    pub fn with_constants(mut self, constants: BTreeMap<String, String>) -> Self {
        self.constants = Arc::new(constants);
        self
    }

    /// With services that their platform calls otherwise: their name, then the platform's.
    #[must_use]
    pub fn with_workloads(mut self, workloads: BTreeMap<String, String>) -> Self {
        self.workloads = Arc::new(workloads);
        self
    }

    /// With an operator's own: names of files, and what is in them. One that is called as one that
    /// was there takes its place.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in any of them.
    pub fn with(mut self, own: Vec<(String, String)>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut added: BTreeMap<String, Runbook> = BTreeMap::new();
        if own.len() > MAX_FILES {
            mistakes.push(Mistake {
                file: String::new(),
                line: 0,
                found: format!("{} files", own.len()),
                allowed: format!("at most {MAX_FILES}"),
            });
            return Err(mistakes);
        }
        for (file, text) in own {
            match read::read(&file, &text, &self.constants, false) {
                Ok(runbook) => match added.get(&runbook.name) {
                    Some(_) => mistakes.push(Mistake {
                        file,
                        line: 0,
                        found: "a second file of this name".to_owned(),
                        allowed: "one".to_owned(),
                    }),
                    None => drop(added.insert(runbook.name.clone(), runbook)),
                },
                Err(more) => mistakes.extend(more),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Arc::make_mut(&mut self.all).extend(added);
        Ok(self)
    }

    /// The one that fits best: of those whose criteria all match the most specific, an operator's
    /// own before one that was shipped, then the first by name. Else the one that is called as
    /// the alert, else the general one.
    pub fn find(&self, subject: &Subject<'_>) -> Option<&Runbook> {
        let fits =
            |book: &Runbook| book.criteria.weigh(subject).filter(|_| !book.criteria.is_empty());
        let rank = |book: &Runbook| fits(book).map(|weight| (weight, !book.is_shipped));
        let mut best: Option<((u8, bool), &Runbook)> = None;
        for book in self.all.values() {
            if let Some(rank) = rank(book).filter(|rank| best.is_none_or(|(best, _)| best < *rank))
            {
                best = Some((rank, book));
            }
        }
        best.map(|(_, book)| book).or_else(|| self.get(subject.alert)).or_else(|| self.get(GENERAL))
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&Runbook> {
        self.all.get(name)
    }

    /// All, in order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Runbook> {
        self.all.values()
    }

    /// The operator's constants.
    pub fn constants(&self) -> &BTreeMap<String, String> {
        &self.constants
    }

    /// The operator's constants, and what the platform calls a service.
    pub fn constants_for(&self, subject: &Subject<'_>) -> BTreeMap<String, String> {
        let mut constants = BTreeMap::clone(&self.constants);
        let workload = subject.service.and_then(|service| self.workloads.get(service));
        constants.extend(workload.map(|workload| (WORKLOAD.to_owned(), workload.clone())));
        constants
    }

    /// A runbook, filled in with what is known of the subject and the constants of this book.
    pub fn fill(&self, runbook: &Runbook, subject: &Subject<'_>) -> Filled {
        runbook.fill(subject, &self.constants_for(subject))
    }

    /// The one that fits best, filled in.
    pub fn filled(&self, subject: &Subject<'_>) -> Option<Filled> {
        self.find(subject).map(|runbook| self.fill(runbook, subject))
    }
}

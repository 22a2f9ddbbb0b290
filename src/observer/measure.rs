//! A measure: what is done about an attack, from the decision to its end.

use super::attack::{Kind, Party, Response};
use super::incident::IncidentId;
use super::time::Instant;
use std::sync::Arc;

/// What a measure is known by: the same in all documents about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MeasureId(pub u64);

/// Where a measure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is said, and lookout does nothing: in a dry run, or where nobody is set to do it.
    Proposed,
    /// It is to be done now.
    Started,
    /// It is done.
    Done,
    /// It could not be done.
    Failed,
    /// It is not to be done: whom it is about is spared, or there were too many within the hour.
    Refused,
    /// It is to be undone now.
    Undoing,
    /// It is undone.
    Undone,
    /// It could not be undone yet, and is tried again.
    Stuck,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Proposed,
        Self::Started,
        Self::Done,
        Self::Failed,
        Self::Refused,
        Self::Undoing,
        Self::Undone,
        Self::Stuck,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Stuck => "not_undone",
        }
    }

    /// The stage of a name.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// Whether something of it may be in force.
    pub const fn is_in_force(self) -> bool {
        matches!(self, Self::Started | Self::Done | Self::Undoing | Self::Stuck)
    }
}

/// Who does a measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// EMQX's list of those who are banned.
    pub emqx: bool,
    /// A program of the operator's, over HTTP.
    pub webhook: bool,
    /// lookout itself.
    pub own: bool,
}

impl Means {
    /// Whether there is nobody.
    pub const fn is_none(self) -> bool {
        !(self.emqx || self.webhook || self.own)
    }

    /// Their names on the wire.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [(self.emqx, "emqx"), (self.webhook, "webhook"), (self.own, "lookout")];
        all.into_iter().filter_map(|(is_set, name)| is_set.then_some(name))
    }

    /// The means of these names; others are passed over.
    pub fn read<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        names.fold(Self::default(), |known, name| match name {
            "emqx" => Self { emqx: true, ..known },
            "webhook" => Self { webhook: true, ..known },
            "lookout" => Self { own: true, ..known },
            _ => known,
        })
    }
}

/// Something that is done about an attack.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// What it is known by.
    pub id: MeasureId,
    /// The attack's incident.
    pub incident: IncidentId,
    /// What kind of attack.
    pub attack: Kind,
    /// What is done.
    pub response: Response,
    /// To whom: as much as it takes to do it.
    pub on: Party,
    /// Where it stands.
    pub stage: Stage,
    /// Whether it is only said.
    pub dry_run: bool,
    /// Who does it.
    pub means: Means,
    /// When it was decided.
    pub began: Instant,
    /// When it is undone; `None` if there is nothing to undo.
    pub until: Option<Instant>,
    /// When it came to stand so.
    pub said: Instant,
    /// What came of it, or why not.
    pub message: Option<Arc<str>>,
}

impl Measure {
    /// Whom it is about, in words.
    pub fn about(&self) -> &str {
        self.on.name().unwrap_or("nobody")
    }
}

/// What was done about attacks, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Measures that came to a stage: by response in the order of [`Response::ALL`], and by stage in that of
    /// [`Stage::ALL`].
    pub stages: [[u64; Stage::ALL.len()]; Response::ALL.len()],
    /// Measures that are in force.
    pub in_force: u64,
}

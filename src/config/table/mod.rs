//! The one table of all settings: name, type, range, place in the draft, meaning.
//!
//! Reading, checking, the printed default and the reference page are all driven by it, so a
//! setting is added in one line here and nowhere else. Its default is not in the table but in
//! [`Draft::default`], which takes the observer's from the observer: the table asks a fresh draft.
//! A meaning gives the reason for the number, because an operator who knows it can judge whether
//! it holds for them.

mod alert;
mod broker;
mod check;
mod circuit;
mod emqx;
mod judgement;
mod limits;
mod pair;
mod program;
mod replicas;
pub(super) mod responses;
pub(super) mod security;
mod trace;

pub(super) use check::KINDS;

use super::draft::Draft;
use super::duration;
use super::kind::{Fault, Kind};
use super::pair::{PairDraft, Take};
use super::raw::Node;
use crate::observer::Span;

/// All sections in the order in which they are printed.
pub(super) static SECTIONS: [&Section; 34] = [
    &program::TOP,
    &broker::BROKER,
    &emqx::EMQX,
    &program::INBOX,
    &program::OUTBOX,
    &program::TRAFFIC,
    &pair::PAIR,
    &judgement::CODES,
    &judgement::PATIENCE,
    &judgement::VERDICT,
    &circuit::CIRCUIT,
    &circuit::CASCADE,
    &check::CHECK,
    &circuit::COMPONENT,
    &replicas::REPLICAS,
    &replicas::KUBERNETES,
    &replicas::DOCKER,
    &replicas::REMEDY,
    &circuit::DOUBT,
    &circuit::EVENTS,
    &alert::ALERTS,
    &alert::RULE,
    &alert::ALERTMANAGER,
    &alert::WEBHOOK,
    &trace::TRACE,
    &security::SECURITY,
    &responses::RESPONSES,
    &circuit::DEPENDENCIES,
    &circuit::SERVICE,
    &limits::LIMITS,
    &program::FAIL_FAST,
    &program::LOG,
    &program::HTTP,
    &program::RUNBOOKS,
];

/// A section whose tables repeat: `[[traffic.pair]]`.
pub(super) const PAIR: &str = "traffic.pair";
/// The next, of components: `[[check]]`.
pub(super) const CHECK: &str = "check";
/// The next, of rules for alerts: `[[rule]]`.
pub(super) const RULE: &str = "rule";
/// The next, of those who are sent alerts: `[[alertmanager]]`.
pub(super) const ALERTMANAGER: &str = "alertmanager";
/// The last, of those who are told without one: `[[webhook]]`.
pub(super) const WEBHOOK: &str = "webhook";
/// The section whose keys are services, each with a list.
pub(super) const DEPENDENCIES: &str = "dependencies";
/// The section whose keys are services, each with a table.
pub(super) const SERVICE: &str = "service";

/// A section whose tables repeat, each on its own terms.
pub(super) struct Repeated {
    /// Its name.
    name: &'static str,
    /// What each table is for.
    pub(super) of: &'static str,
    /// Most tables.
    pub(super) most: usize,
    /// Why there may be no more.
    pub(super) why: &'static str,
    /// What each table needs.
    pub(super) needs: &'static [&'static str],
}

/// All of them but [`PAIR`], which has a default.
static REPEATED: &[Repeated] = &[
    Repeated {
        name: CHECK,
        of: "component",
        most: 1_000,
        why: "each is a task, and a series of metrics",
        needs: &["name", "kind"],
    },
    Repeated {
        name: RULE,
        of: "rule",
        most: 200,
        why: "each is held against every figure of its name",
        needs: &["name", "expr"],
    },
    Repeated {
        name: ALERTMANAGER,
        of: "Alertmanager",
        most: 16,
        why: "each keeps what it was not sent yet",
        needs: &["url"],
    },
    Repeated {
        name: WEBHOOK,
        of: "receiver",
        most: 32,
        why: "each keeps what it was not sent yet",
        needs: &["name"],
    },
];

/// A table of the file.
pub(super) struct Section {
    /// Its name; empty for the top level.
    pub(super) name: &'static str,
    /// What it is about.
    pub(super) meaning: &'static str,
    /// Its settings.
    pub(super) settings: &'static [Setting],
}

/// One setting.
pub(super) struct Setting {
    /// Its key within its section.
    pub(super) name: &'static str,
    /// Type and range.
    pub(super) kind: Kind,
    /// Where its value lives.
    pub(super) slot: Slot,
    /// What it means, and why its number is what it is.
    pub(super) meaning: &'static str,
    /// For a setting without a default: an example in TOML, and what holds when it is not set.
    pub(super) unset: Option<(&'static str, &'static str)>,
}

/// Where a value lives.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Span(fn(&mut Draft) -> &mut Span),
    MaybeSpan(fn(&mut Draft) -> &mut Option<Span>),
    Count(fn(&mut Draft) -> &mut u32),
    Seed(fn(&mut Draft) -> &mut u64),
    Flag(fn(&mut Draft) -> &mut bool),
    Number(fn(&mut Draft) -> &mut f64),
    MaybeNumber(fn(&mut Draft) -> &mut Option<f64>),
    Text(fn(&mut Draft) -> &mut String),
    MaybeText(fn(&mut Draft) -> &mut Option<String>),
    Texts(fn(&mut Draft) -> &mut Vec<String>),
    Urls(fn(&mut Draft) -> &mut Vec<String>),
    Integers(fn(&mut Draft) -> &mut Vec<i64>),
    /// In one pair: there may be many.
    Pair(fn(&mut PairDraft) -> &mut Option<String>),
    /// In one pair, by a function of its own; how the default one shows it, if it has it.
    PairForm(Take, fn(&PairDraft) -> Option<String>),
    /// In what is set for one check, of one of these kinds: there may be many.
    Check(&'static [&'static str]),
    /// In another table that repeats.
    Row,
    /// In what is set for one service: there may be many.
    Service,
}

impl Section {
    /// The full key of a setting.
    pub(super) fn key(&self, name: &str) -> String {
        match self.name {
            "" => name.to_owned(),
            section => format!("{section}.{name}"),
        }
    }

    /// The setting of a name.
    pub(super) fn setting(&self, name: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// Whether each of its settings exists once, so that a variable can name it.
    pub(super) fn is_single(&self) -> bool {
        !matches!(self.name, PAIR | DEPENDENCIES | SERVICE) && self.repeated().is_none()
    }

    /// How its tables repeat, if they do and it is not [`PAIR`].
    pub(super) fn repeated(&self) -> Option<&'static Repeated> {
        REPEATED.iter().find(|it| it.name == self.name)
    }

    /// The environment variable of a setting; `None` if it can be in the file only.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.is_single()
            .then(|| format!("LOOKOUT_{}", self.key(name).replace('.', "_").to_ascii_uppercase()))
    }
}

/// The section of a name.
pub(super) fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().copied().find(|section| section.name == name)
}

/// All settings that exist once, with their sections.
pub(super) fn singles() -> impl Iterator<Item = (&'static Section, &'static Setting)> {
    let single = SECTIONS.iter().copied().filter(|section| section.is_single());
    single.flat_map(|section| section.settings.iter().map(move |setting| (section, setting)))
}

impl Setting {
    /// Reads a value into its place. Settings of a pair or a service have no place of their own
    /// and are refused here.
    pub(super) fn take(&self, draft: &mut Draft, node: &Node) -> Result<(), Vec<Fault>> {
        let kind = &self.kind;
        match self.slot {
            Slot::Span(at) => *at(draft) = kind.span(node)?,
            Slot::MaybeSpan(at) => *at(draft) = Some(kind.span(node)?),
            // The ranges of the table lie within the types; a test holds that.
            Slot::Count(at) => *at(draft) = u32::try_from(kind.integer(node)?).unwrap_or(u32::MAX),
            Slot::Seed(at) => *at(draft) = u64::try_from(kind.integer(node)?).unwrap_or(0),
            Slot::Flag(at) => *at(draft) = kind.flag(node)?,
            Slot::Number(at) => *at(draft) = kind.number(node)?,
            Slot::MaybeNumber(at) => *at(draft) = Some(kind.number(node)?),
            Slot::Text(at) => *at(draft) = kind.text(node)?,
            Slot::MaybeText(at) => *at(draft) = Some(kind.text(node)?),
            Slot::Texts(at) => *at(draft) = kind.texts(node)?,
            Slot::Urls(at) => *at(draft) = kind.urls(node)?,
            Slot::Integers(at) => *at(draft) = kind.integers(node)?,
            Slot::Pair(_) | Slot::PairForm(..) | Slot::Check(_) | Slot::Row | Slot::Service => {
                return Err(vec![Fault {
                    part: String::new(),
                    line: node.line,
                    found: node.sort().to_owned(),
                    allowed: "this setting in the file only".to_owned(),
                }]);
            }
        }
        Ok(())
    }

    /// Its value in a draft as TOML; `None` if it has none.
    pub(super) fn show(&self, draft: &mut Draft) -> Option<String> {
        let text = |text: &String| format!("{text:?}");
        let span = |span: Span| format!("\"{}\"", duration::show(span));
        match self.slot {
            Slot::Span(at) => Some(span(*at(draft))),
            Slot::MaybeSpan(at) => at(draft).map(span),
            Slot::Count(at) => Some(at(draft).to_string()),
            Slot::Seed(at) => Some(at(draft).to_string()),
            Slot::Flag(at) => Some(at(draft).to_string()),
            Slot::Number(at) => Some(format!("{:?}", at(draft))),
            Slot::MaybeNumber(at) => at(draft).map(|number| format!("{number:?}")),
            Slot::Text(at) => Some(text(at(draft))),
            Slot::MaybeText(at) => at(draft).as_ref().map(text),
            Slot::Urls(at) => match at(draft).as_slice() {
                [one] => Some(text(one)),
                several => Some(format!("{several:?}")),
            },
            // `Debug` of a list of plain texts or integers is TOML.
            Slot::Texts(at) => Some(format!("{:?}", at(draft))),
            Slot::Integers(at) => Some(format!("{:?}", at(draft))),
            Slot::Pair(at) => {
                draft.traffic.pairs.first_mut().and_then(|pair| at(pair).as_ref().map(text))
            }
            Slot::PairForm(_, show) => draft.traffic.pairs.first().and_then(show),
            Slot::Check(_) | Slot::Row | Slot::Service => None,
        }
    }

    /// Gives a setting without a default an example and what holds when it is not set.
    const fn unset(self, example: &'static str, otherwise: &'static str) -> Self {
        Self { unset: Some((example, otherwise)), ..self }
    }
}

const fn setting(name: &'static str, kind: Kind, slot: Slot, meaning: &'static str) -> Setting {
    Setting { name, kind, slot, meaning, unset: None }
}

/// A millisecond, a second, a minute, an hour: for the ranges of [`span`].
const MS: u64 = 1;
const S: u64 = 1_000;
const MIN: u64 = 60 * S;
const H: u64 = 60 * MIN;

/// The kind of a duration, from and to in milliseconds.
const fn lasting(min: u64, max: u64) -> Kind {
    Kind::Span { min: Span::from_millis(min), max: Span::from_millis(max) }
}

/// A duration.
const fn span(
    name: &'static str,
    at: fn(&mut Draft) -> &mut Span,
    (min, max): (u64, u64),
    meaning: &'static str,
) -> Setting {
    setting(name, lasting(min, max), Slot::Span(at), meaning)
}

/// A count.
const fn count(
    name: &'static str,
    at: fn(&mut Draft) -> &mut u32,
    (min, max): (i64, i64),
    meaning: &'static str,
) -> Setting {
    setting(name, Kind::Integer { min, max }, Slot::Count(at), meaning)
}

/// A number, both ends included.
const fn number(
    name: &'static str,
    at: fn(&mut Draft) -> &mut f64,
    (min, max): (f64, f64),
    meaning: &'static str,
) -> Setting {
    setting(name, Kind::Number { min, max, above: false }, Slot::Number(at), meaning)
}

/// A share above 0 and at most 1.
const fn share(
    name: &'static str,
    at: fn(&mut Draft) -> &mut f64,
    meaning: &'static str,
) -> Setting {
    setting(name, SHARE, Slot::Number(at), meaning)
}

/// The kind of a share.
const SHARE: Kind = Kind::Number { min: 0.0, max: 1.0, above: true };

/// The kind of a path.
const PATH: Kind = Kind::Text { allowed: "the path of a file", check: not_empty };

/// Whether a text says something.
fn not_empty(text: &str) -> bool {
    !text.trim().is_empty()
}

/// Whether a text is one topic level that a publication may use.
pub(super) fn is_level(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.chars().any(|c| c.is_control() || matches!(c, '/' | '+' | '#'))
}

/// Whether a text can be a service's name.
pub(super) fn is_service(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && !text.chars().any(|c| c.is_control() || matches!(c, '+' | '#'))
}

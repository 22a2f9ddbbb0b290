//! Finds pairs in traffic that nobody described: which topics carry calls, and which their replies.
//!
//! Nothing is believed that was not tried. What was heard is kept for a while (`tape`); each known
//! profile is tried on it first, with the very pipeline that would run (`trial`). In what no profile
//! explains, messages are linked: a Response Topic names the topic of its reply (`addressed`), and
//! an id that stands in one message and again in a later one links the two (`linked`). Links of one
//! kind make a group, the topics of a group make templates (`templates`), and these become the lines
//! of a configuration (`draft`), which are tried like a profile. Only what then matches is proposed,
//! with the figures of that trial as its evidence.
//!
//! Telemetry must not be taken for calls. Ids that are shared by chance (counters in step, the name
//! of a device) are told from real ones by what a call and a reply look like: words in topics and
//! bodies, a reply topic made of the call's, and that each id links one message to one other.

mod addressed;
mod draft;
mod linked;
mod places;
mod tape;
mod templates;
mod trial;
mod words;

pub use tape::{Tape, TapeLimits};
pub use trial::Figures;

use crate::config::{PROFILES, Profile};
use draft::Draft;

/// Most proposals that are made.
const MOST: usize = 8;
/// Least answered calls of what says itself that it is a call, and of what only looks like one.
const SURE: u64 = 2;
const LIKELY: u64 = 3;
/// The profile for whatever carries a Response Topic.
const ANY_ADDRESSED: &str = "mqtt5-request-response";
/// Groups of addressed calls beyond which one wide pair says it better.
const MOST_ADDRESSED: usize = 4;

/// A pair, or a profile, that was found in the traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// What it is, in a few words.
    pub title: String,
    /// The lines to configure.
    pub lines: String,
    /// Why, in sentences.
    pub evidence: Vec<String>,
    /// What the lines made of the traffic.
    pub figures: Figures,
}

/// What is found in the traffic, the best first.
pub fn proposals(tape: &Tape) -> Vec<Proposal> {
    let mut left: Vec<usize> = tape.live().collect();
    let mut found = Vec::new();
    for profile in PROFILES.iter().filter(|profile| profile.name != ANY_ADDRESSED) {
        found.extend(try_profile(tape, &mut left, profile));
    }
    let drafts = addressed::drafts(tape, &left);
    if drafts.len() > MOST_ADDRESSED
        && let Some(profile) = Profile::find(ANY_ADDRESSED)
    {
        found.extend(try_profile(tape, &mut left, profile));
    } else {
        try_drafts(tape, &mut left, &mut found, (drafts, SURE));
    }
    // Each group that is found takes its messages away from what looked like another.
    for _ in 0..MOST {
        let before = found.len();
        let drafts = linked::drafts(tape, &left);
        let best = drafts.into_iter().take(1).collect();
        try_drafts(tape, &mut left, &mut found, (best, LIKELY));
        if found.len() == before {
            break;
        }
    }
    found.sort_by_key(|proposal| std::cmp::Reverse(proposal.figures.answered));
    found.truncate(MOST);
    found
}

/// Tries a profile in each encoding in which there is anything.
fn try_profile(tape: &Tape, left: &mut Vec<usize>, profile: &Profile) -> Option<Proposal> {
    let encodings: &[Option<&str>] =
        if tape.has_binary() { &[None, Some("cbor"), Some("msgpack")] } else { &[None] };
    let lines = |encoding: Option<&str>| match encoding {
        None => format!("[[traffic.pair]]\nprofile = \"{}\"\n", profile.name),
        Some(encoding) => {
            format!("[[traffic.pair]]\nprofile = \"{}\"\nencoding = \"{encoding}\"\n", profile.name)
        }
    };
    let tried = encodings.iter().filter_map(|encoding| {
        let lines = lines(*encoding);
        trial::run(tape, left, &lines)
            .filter(|trial| trial.figures.convinces(SURE))
            .map(|it| (lines, it))
    });
    let (lines, trial) = tried.max_by_key(|(_, trial)| trial.figures.answered)?;
    left.retain(|at| !trial.explained.contains(at));
    Some(Proposal {
        title: format!("profile {}", profile.name),
        lines,
        evidence: vec![profile.about(), trial.figures.sentence(), trial.services()],
        figures: trial.figures,
    })
}

/// Tries what was made of the traffic, one after the other, on what the others left.
fn try_drafts(
    tape: &Tape,
    left: &mut Vec<usize>,
    found: &mut Vec<Proposal>,
    (drafts, least): (Vec<Draft>, u64),
) {
    for draft in drafts {
        let lines = draft.lines(found.len());
        let Some(trial) = trial::run(tape, left, &lines) else { continue };
        if !trial.figures.convinces(least) {
            continue;
        }
        left.retain(|at| !trial.explained.contains(at));
        let mut evidence = draft.evidence.clone();
        evidence.extend([trial.figures.sentence(), trial.services()]);
        found.push(Proposal { title: draft.title(), lines, evidence, figures: trial.figures });
    }
}

//! Values of placeholders: the operator's constants, and what of a stranger's text may be shown.
//!
//! A value can be anything that somebody put into a topic. Of it at most 200 characters are shown,
//! and none that a terminal obeys or that makes text read in another order: each of these becomes
//! a visible `�`, so that a name which was tampered with also looks like it.

use super::subject::{PLACEHOLDERS, Subject};
use std::collections::BTreeMap;

/// Most characters of a value.
const SHOWN: usize = 200;
/// Most characters of a constant's name.
const NAME: usize = 32;
/// Constants that runbooks may use though nobody set them; lookout's settings fill some.
pub const CONSTANTS: [&str; 4] = ["broker", "label", "namespace", WORKLOAD];
/// What the platform calls the service: another name where one is configured, else the service's.
pub(super) const WORKLOAD: &str = "workload";

/// Whether a constant can be used; otherwise what would be right.
pub fn check_constant(name: &str, value: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(plain)
        || name.len() > NAME
    {
        return Err(format!("a name of 1 to {NAME} lower-case letters and _"));
    }
    if PLACEHOLDERS.contains(&name) || name == WORKLOAD {
        let taken = PLACEHOLDERS.join(", ");
        return Err(format!("another name than {taken} and {WORKLOAD}: alerts fill these"));
    }
    if value.is_empty() || value.chars().nth(SHOWN).is_some() || value.chars().any(is_hidden) {
        return Err(format!("a value of 1 to {SHOWN} visible characters"));
    }
    Ok(())
}

/// What stands for placeholders.
pub(super) struct Values<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) constants: &'a BTreeMap<String, String>,
}

impl Values<'_> {
    /// What stands for a placeholder, fit to be seen; `None` where it is not known.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let constant = || self.constants.get(name).map(String::as_str);
        let same = || self.subject.service.filter(|_| name == WORKLOAD);
        self.subject
            .value(name)
            .or_else(constant)
            .or_else(same)
            .filter(|value| !value.is_empty())
            .map(clean)
    }
}

/// The beginning of a text without anything that is not seen.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN {
            clean.push('…');
            break;
        }
        clean.push(if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c });
    }
    clean
}

/// A text of several lines of which nothing moves a cursor or reads in another order.
pub fn tame(text: &str) -> String {
    text.replace(|c| is_hidden(c) && c != '\n', "\u{fffd}")
}

/// Characters that are not seen, or that change how others are: controls, directions, joiners, tags.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

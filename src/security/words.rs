//! Texts of strangers, as they are kept and shown.

use super::sign::Who;
use crate::observer::input::Name;
use std::sync::Arc;

/// Longest text that is kept, in bytes.
const LONGEST: usize = 256;

/// A text cut where it is too long, with each control character shown as U+FFFD: what is shown
/// must not pass for another name.
pub(super) fn kept(text: &str) -> Arc<str> {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    if text.chars().any(char::is_control) {
        let tamed: String = text
            .chars()
            .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
            .collect();
        return tamed.into();
    }
    text.into()
}

/// A name, if it is known.
pub(super) fn name(name: Option<Name<'_>>) -> Option<Arc<str>> {
    name.map(|name| kept(name.text))
}

/// `ana from 192.0.2.7`, as far as it is known.
pub(super) fn person(who: &Who<'_>) -> String {
    let user = who.user.or(who.client).map_or("somebody", |name| name.text);
    match who.address {
        Some(address) => format!("{} from {}", kept(user), kept(address.text)),
        None => kept(user).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::kept;

    #[test]
    fn texts_are_cut_and_tamed() {
        assert_eq!(&*kept("a\nb\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
        assert_eq!(kept(&"ä".repeat(200)).len(), 256);
        assert_eq!(kept(&format!("{}ä", "a".repeat(255))).len(), 255);
    }
}

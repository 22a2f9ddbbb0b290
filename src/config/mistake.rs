//! One mistake in a configuration, and how it is worded.
//!
//! A mistake is worth reading only if it says where, what and what instead. What was found comes
//! from a file or a variable that anybody may have filled, so it is shortened and its control
//! characters are escaped before it reaches a terminal.

use std::fmt;

/// Most characters of what was found that are shown.
const SHOWN: usize = 80;

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// File and line, `environment`, or `command line`.
    pub place: String,
    /// The setting, such as `verdict.min_silence` or `LOOKOUT_BROKER`.
    pub key: String,
    /// What was found, as written; never a secret.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

impl fmt::Display for Mistake {
    /// `lookout.toml:12: verdict.min_silence: found "6 sec", allowed: a duration such as 30s, …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, key, found, allowed } = self;
        write!(f, "{place}: {key}: found {found}, allowed: {allowed}")
    }
}

/// A piece of the configuration as it may be shown: on one line, of bounded length.
pub(super) fn shown(text: &str) -> String {
    let mut short = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN {
            short.push('…');
            break;
        }
        // What a terminal would obey, and what would make the message read another way.
        if c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        {
            short.extend(c.escape_default());
        } else {
            short.push(c);
        }
    }
    short
}

/// A text in quotes, as it may be shown.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text))
}

/// One part of a key, in quotes if TOML would need them.
pub(super) fn key_part(part: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !part.is_empty() && part.bytes().all(bare) { shown(part) } else { quoted(part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_reads_as_one_line() {
        let mistake = Mistake {
            place: "lookout.toml:12".to_owned(),
            key: "verdict.min_silence".to_owned(),
            found: quoted("6 sec"),
            allowed: "a duration such as 30s, from 1ms to 1h".to_owned(),
        };
        assert_eq!(
            mistake.to_string(),
            "lookout.toml:12: verdict.min_silence: found \"6 sec\", allowed: a duration such as 30s, from 1ms to 1h"
        );
    }

    #[test]
    fn what_is_shown_is_short_and_tame() {
        assert_eq!(quoted("a\nb\u{1b}[31m\u{202e}"), "\"a\\nb\\u{1b}[31m\\u{202e}\"");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), SHOWN + 1);
        assert_eq!(key_part("OrderService"), "OrderService");
        assert_eq!(key_part("a.b"), "\"a.b\"");
        assert_eq!(key_part(""), "\"\"");
    }
}

//! Patterns for single values such as status codes: `*` stands for any text, `?` for one character.

use std::fmt;

/// Longest pattern, in bytes.
const MAX: usize = 128;

/// A pattern; a text without `*` and `?` matches only itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Glob(Box<str>);

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Glob {
    /// A pattern, or what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX {
            return Err(format!("a pattern has at most {MAX} bytes"));
        }
        Ok(Self(text.into()))
    }

    /// Whether a value matches. Takes time in proportion to the two lengths: only the last `*` is
    /// ever tried again, as what an earlier one could take the last one can take as well.
    pub fn matches(&self, value: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), value.chars());
        let mut retry = None;
        loop {
            let at = rest.clone();
            match (pattern.next(), rest.next()) {
                (None, None) => return true,
                (Some('*'), _) => {
                    rest = at;
                    retry = Some((pattern.clone(), rest.clone()));
                }
                (Some('?'), Some(_)) => {}
                (Some(wanted), Some(found)) if wanted == found => {}
                _ => {
                    let Some((after, mut from)) = retry.take() else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    (pattern, rest) = (after.clone(), from.clone());
                    retry = Some((after, from));
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Glob;

    #[test]
    fn patterns_match_whole_values() {
        for (pattern, value, wanted) in [
            ("ok", "ok", true),
            ("ok", "okay", false),
            ("ok", "OK", false),
            ("4??", "404", true),
            ("4??", "40", false),
            ("4??", "4000", false),
            ("?", "ü", true),
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("*", "anything", true),
            ("-32*", "-32603", true),
            ("*error", "an error", true),
            ("*error", "error of", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("*a*", "bab", true),
            ("**?", "", false),
            ("**?", "xy", true),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(value), wanted, "{pattern} {value}");
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let value = "a".repeat(1 << 16);
        assert!(!Glob::new(&format!("{}b", "a*".repeat(60))).unwrap().matches(&value));
        assert!(Glob::new(&"x".repeat(129)).is_err());
    }
}

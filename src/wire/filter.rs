//! Plain MQTT topic filters (MQTT 5, 4.7), for topics that are to be ignored.

use super::template::MAX_TOPIC;

/// Whether every topic that matches filter `b` also matches filter `a`.
pub(super) fn covers(a: &str, b: &str) -> bool {
    if b.starts_with('$') && a.starts_with(['+', '#']) {
        return false;
    }
    let mut rest = b.split('/');
    for level in a.split('/') {
        match (level, rest.next()) {
            ("#", _) => return true,
            ("+", Some(part)) if part != "#" => {}
            (text, Some(part)) if text == part => {}
            _ => return false,
        }
    }
    rest.next().is_none()
}

/// A plain MQTT topic filter.
#[derive(Clone, Debug)]
pub struct Filter(Vec<Box<str>>);

impl Filter {
    /// Checks and compiles a filter (MQTT 5, 4.7).
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_TOPIC || text.contains('\0') {
            return Err("a filter has 1 to 65535 bytes and no NUL character".into());
        }
        let levels: Vec<Box<str>> = text.split('/').map(Into::into).collect();
        let bad = |level: &str| level.len() > 1 && level.contains(['+', '#']);
        if levels.iter().any(|level| bad(level)) {
            return Err("+ and # take a level of their own".into());
        }
        if levels.iter().rev().skip(1).any(|level| **level == *"#") {
            return Err("# is allowed only at the end".into());
        }
        Ok(Self(levels))
    }

    /// Whether a topic matches.
    pub fn matches(&self, topic: &str) -> bool {
        let wild = |level: &str| matches!(level, "+" | "#");
        if topic.starts_with('$') && self.0.first().is_some_and(|level| wild(level)) {
            return false;
        }
        let mut parts = topic.split('/');
        for level in &self.0 {
            match (&**level, parts.next()) {
                ("#", _) => return true,
                (_, None) => return false,
                ("+", Some(_)) => {}
                (text, Some(part)) if text == part => {}
                _ => return false,
            }
        }
        parts.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_filter_covers_what_matches_no_more_than_it_does() {
        let cases = [
            ("a/b", "a/b", true),
            ("a/+", "a/b", true),
            ("a/b", "a/+", false),
            ("a/+", "a/+/c", false),
            ("a/#", "a/+/c", true),
            ("a/#", "a", true),
            ("a/#", "a/#", true),
            ("a/+", "a/#", false),
            ("+/b", "a/+", false),
            ("#", "a/b", true),
            ("#", "$SYS/b", false),
            ("+/b", "$SYS/b", false),
            ("a/+", "a", false),
            ("a//c", "a//c", true),
        ];
        for (a, b, wanted) in cases {
            assert_eq!(covers(a, b), wanted, "{a} covers {b}");
        }
    }
}

//! Names and shares as they are shown: names of strangers are bounded, and so are lists of them.

use crate::platform::words::cut;

/// Bytes of a name that is shown.
const LONGEST: usize = 120;
/// Names that are shown of a list.
const NAMES: usize = 5;

/// A stranger's name, cut.
pub(super) fn short(text: &str) -> String {
    let text = cut(text);
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// Names in one line: some of them, and how many more there are.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let shown: Vec<_> = names.iter().take(NAMES).map(|name| short(name)).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A share for the details.
pub(super) fn share(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        let long = "é".repeat(1_000);
        assert!(short(&long).len() <= LONGEST);
        assert_eq!(names(["a", "b"]), "a, b");
        assert_eq!(names(["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
    }
}

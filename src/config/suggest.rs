//! "Did you mean …?": the known name nearest to an unknown one.
//!
//! Near is what a slip of the finger makes: few letters added, left out, changed or swapped
//! (optimal string alignment). Long names are not compared, so that a hostile file costs little.

/// Names longer than this are no slip of the finger.
const LONGEST: usize = 64;

/// The nearest of `known` to `name`, if any is near enough; the first of equals wins.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let folded = name.to_ascii_lowercase();
    // A third of the letters may be wrong, as a rule of thumb.
    let most = (name.len() / 3).max(1);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in known {
        if candidate.len().abs_diff(name.len()) > most {
            continue;
        }
        let distance = distance(folded.as_bytes(), candidate.to_ascii_lowercase().as_bytes());
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Letters to add, leave out, change or swap to turn `a` into `b`.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&above, j) + usize::from(x != y))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["min_silence", "min_calls", "open_timeout", "id"];
        for (name, expected) in [
            ("min_silense", Some("min_silence")),
            ("MinSilence", Some("min_silence")),
            ("min-silence", Some("min_silence")),
            ("opne_timeout", Some("open_timeout")),
            ("min_call", Some("min_calls")),
            ("di", Some("id")),
            ("timeout", None),
            ("", None),
            ("xyz", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
        assert_eq!(nearest(&"min_silence".repeat(10_000), known.into_iter()), None);
    }

    #[test]
    fn distances_count_edits() {
        for (a, b, edits) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
            ("abc", "abc", 0),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), edits, "{a} {b}");
        }
    }
}

//! Compares a transcript with the expected one, line by line.
//!
//! In an expected line `A..B` stands for any number from A to B: the open time of a circuit
//! varies with its jitter, and the manual promises no more than its range.

/// What differs, as a readable text; `None` if nothing does.
pub(crate) fn diff(expected: &str, found: &str) -> Option<String> {
    let wanted: Vec<&str> = meaning(expected);
    let found: Vec<&str> = meaning(found);
    if wanted.len() == found.len() && wanted.iter().zip(&found).all(|(w, f)| same(w, f)) {
        return None;
    }
    let mut text = String::new();
    for (mark, line) in align(&wanted, &found) {
        text.push_str(&format!("    {mark} {line}\n"));
    }
    Some(text)
}

/// The lines that are no comments.
fn meaning(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).collect()
}

/// Whether a found line is what was expected.
fn same(wanted: &str, found: &str) -> bool {
    let (mut wanted, mut found) = (wanted.split_whitespace(), found.split_whitespace());
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found || within(wanted, found) => {}
            _ => return false,
        }
    }
}

/// Whether `wanted` is a range such as `+93.000..+99.000` or `open_for=27..33`, and holds `found`.
fn within(wanted: &str, found: &str) -> bool {
    let (name, range) = wanted.split_once('=').unwrap_or(("", wanted));
    let (found_name, number) = found.split_once('=').unwrap_or(("", found));
    let Some((low, high)) = range.split_once("..") else {
        return false;
    };
    let parse = |number: &str| number.trim_start_matches('+').parse::<f64>();
    match (parse(low), parse(high), parse(number)) {
        (Ok(low), Ok(high), Ok(number)) => name == found_name && (low..=high).contains(&number),
        _ => false,
    }
}

/// Both texts side by side: ` ` is in both, `-` is missing, `+` is too much (by the longest
/// common subsequence).
fn align<'t>(wanted: &[&'t str], found: &[&'t str]) -> Vec<(char, &'t str)> {
    let mut common = vec![vec![0_usize; found.len() + 1]; wanted.len() + 1];
    for (at, line) in wanted.iter().enumerate().rev() {
        for (to, other) in found.iter().enumerate().rev() {
            common[at][to] = if same(line, other) {
                common[at + 1][to + 1] + 1
            } else {
                common[at + 1][to].max(common[at][to + 1])
            };
        }
    }
    let (mut at, mut to, mut lines) = (0, 0, Vec::new());
    while at < wanted.len() || to < found.len() {
        if at < wanted.len() && to < found.len() && same(wanted[at], found[to]) {
            lines.push((' ', found[to]));
            (at, to) = (at + 1, to + 1);
        } else if to == found.len()
            || (at < wanted.len() && common[at + 1][to] >= common[at][to + 1])
        {
            lines.push(('-', wanted[at]));
            at += 1;
        } else {
            lines.push(('+', found[to]));
            to += 1;
        }
    }
    lines
}

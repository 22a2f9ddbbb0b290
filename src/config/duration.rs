//! Durations as an operator writes them: `250ms`, `30s`, `5m`, `1h`.
//!
//! A number needs its unit: a bare `30` would be read as seconds by one and as milliseconds by
//! another. A fraction is allowed (`1.5s`), a sum (`1m30s`) is not: `90s` says the same.

use crate::observer::Span;

/// The units, longest first, in microseconds.
const UNITS: [(&str, u64); 4] =
    [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)];

/// Most digits after the point: more would be finer than a microsecond of the longest unit.
const DIGITS: usize = 6;

/// Reads a duration; `None` if it is none or longer than a [`Span`] can be.
pub(super) fn parse(text: &str) -> Option<Span> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(unit_at);
    let (_, unit) = *UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = match number.split_once('.') {
        // Both sides of a point carry a digit, as in TOML.
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (number, ""),
    };
    if fraction.len() > DIGITS || fraction.contains('.') {
        return None;
    }
    // An empty whole part fails to parse here.
    let mut micros = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut digit = unit;
    for figure in fraction.bytes() {
        digit /= 10;
        micros = micros.checked_add(u64::from(figure - b'0') * digit)?;
    }
    Some(Span::from_micros(micros))
}

/// Reads a duration that is not zero, for the parser of the command line.
///
/// # Errors
///
/// What a duration looks like, if this is none.
pub fn parse_duration(text: &str) -> Result<Span, String> {
    let span = parse(text).filter(|span| *span > Span::ZERO);
    span.ok_or_else(|| "expected a duration such as 90s, 10m or 1h".to_owned())
}

/// Writes a duration in the largest unit that needs no fraction.
pub(super) fn show(span: Span) -> String {
    let micros = span.micros();
    if micros == 0 {
        return "0s".to_owned();
    }
    for (name, unit) in UNITS {
        if micros.is_multiple_of(unit) {
            return format!("{}{name}", micros / unit);
        }
    }
    span.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, micros) in [
            ("0s", 0),
            ("1ms", 1_000),
            ("250ms", 250_000),
            ("1.5ms", 1_500),
            ("1.5s", 1_500_000),
            ("30s", 30_000_000),
            ("90s", 90_000_000),
            ("5m", 300_000_000),
            ("1h", 3_600_000_000),
            ("168h", 604_800_000_000),
        ] {
            let span = Span::from_micros(micros);
            assert_eq!(parse(text), Some(span), "{text}");
            assert_eq!(parse(&show(span)), Some(span), "{text}");
        }
        assert_eq!(show(Span::from_secs(3600)), "1h");
        assert_eq!(show(Span::from_secs(90)), "90s");
        assert_eq!(show(Span::from_millis(1500)), "1500ms");
    }

    #[test]
    fn a_flag_wants_some_time() {
        assert_eq!(parse_duration("10m"), Ok(Span::from_secs(600)));
        for text in ["0s", "10", ""] {
            assert!(parse_duration(text).unwrap_err().contains("10m"), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "30",
            "s",
            "6 sec",
            "6sec",
            "-1s",
            "+1s",
            ".5s",
            "1.s",
            "1..5s",
            "1.2.3s",
            "1e3s",
            "1m30s",
            "1 s",
            " 1s",
            "1s ",
            "1S",
            "1d",
            "١s",
            "1.1234567s",
            "99999999999999999999s",
            "9999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

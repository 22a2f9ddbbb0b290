//! Sizes as an operator writes and reads them: `64KiB`, `100MiB`, `1GiB`, or `MB` in thousands.

/// Units with their bytes, longest names first where one ends with another.
const UNITS: [(&str, u64); 6] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// The smallest size of a file that is worth a file of its own, in bytes.
const LEAST: u64 = 4 << 10;

/// Reads a size in bytes, for the parser of the command line.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let read = || {
        let (name, unit) = UNITS.iter().find(|(name, _)| text.ends_with(name))?;
        let number = text.strip_suffix(name)?;
        // `parse` would take a sign.
        let digits = number.bytes().all(|digit| digit.is_ascii_digit());
        number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(*unit)
    };
    read()
        .filter(|size| *size >= LEAST)
        .ok_or_else(|| "expected a size of at least 4KiB, such as 100MiB or 1GB".to_owned())
}

/// Writes a size in bytes for people.
pub(super) fn show(bytes: u64) -> String {
    let unit = UNITS[..3].iter().rev().find(|(_, unit)| bytes >= *unit);
    match unit {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        for (text, bytes) in [
            ("4KiB", 4_096),
            ("100MiB", 104_857_600),
            ("1GiB", 1 << 30),
            ("64kB", 64_000),
            ("5MB", 5_000_000),
            ("1GB", 1_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "100", "MiB", "-1MiB", "+1MiB", "1.5MiB", "1 MiB", "3KiB", "0MiB", "1mib"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("99999999999999999999GiB").is_err());
        assert!(parse("18446744073709551615GiB").is_err());
        for (bytes, text) in
            [(0, "0 bytes"), (1_023, "1023 bytes"), (1_536, "1.5 KiB"), (3 << 20, "3.0 MiB")]
        {
            assert_eq!(show(bytes), text);
        }
    }
}

//! JSON numbers as 64-bit integers, exactly.
//!
//! JSON knows no integers: `1`, `1.0` and `10e-1` are the same id. Going through a float would
//! make neighbours above 2^53 equal, so the digits are read as they are.

/// The integer that a JSON number denotes, if it is one and fits 64 bits, signed or unsigned.
/// `raw` is a valid JSON number.
pub fn integer(raw: &str) -> Option<i128> {
    if let Ok(plain) = raw.parse::<i64>() {
        return Some(i128::from(plain));
    }
    let (negative, rest) = raw.strip_prefix('-').map_or((false, raw), |rest| (true, rest));
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        // An exponent beyond 64 bits is a number out of range either way, or zero.
        Some(at) => (&rest[..at], rest[at + 1..].parse::<i64>().ok()),
        None => (rest, Some(0)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().all(|digit| digit == b'0') {
        return Some(0);
    }
    let count = whole.len() + fraction.len();
    let trailing = digits().rev().take_while(|digit| *digit == b'0').count();
    let shift = exponent?.checked_sub(fraction.len() as i64)?.checked_add(trailing as i64)?;
    let kept = count - trailing;
    let leading = digits().take_while(|digit| *digit == b'0').count();
    // 64 bits are at most 20 decimal digits.
    if shift < 0 || (kept - leading) as i64 + shift > 20 {
        return None;
    }
    let mut value = digits()
        .take(kept)
        .skip(leading)
        .fold(0_i128, |value, digit| value * 10 + i128::from(digit - b'0'));
    for _ in 0..shift {
        value *= 10;
    }
    let value = if negative { -value } else { value };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn numbers_are_integers_exactly_when_they_denote_one_of_64_bits() {
        let cases: [(&str, Option<i128>); 24] = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0", Some(0)),
            ("0e99999999999999999999", Some(0)),
            ("7", Some(7)),
            ("-32601", Some(-32601)),
            ("1.0", Some(1)),
            ("1.50e1", Some(15)),
            ("10e-1", Some(1)),
            ("100e-2", Some(1)),
            ("0.001e3", Some(1)),
            ("-1e3", Some(-1000)),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("18446744073709551615", Some(i128::from(u64::MAX))),
            ("18446744073709551616", None),
            ("-9223372036854775808", Some(i128::from(i64::MIN))),
            ("-9223372036854775809", None),
            ("1.5", None),
            ("1e-1", None),
            ("1e20", None),
            ("1e19", Some(10_000_000_000_000_000_000)),
            ("1e999999999999999999999", None),
            ("0.1e-9223372036854775808", None),
        ];
        for (raw, wanted) in cases {
            assert_eq!(integer(raw), wanted, "{raw}");
        }
    }
}

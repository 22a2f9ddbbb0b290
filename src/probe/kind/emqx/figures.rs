//! Figures as EMQX writes them.
//!
//! Memory comes as a text such as `1.21G`, counted by 1024; other figures are numbers, and a few
//! are texts in some versions. What is no figure is none: nothing is judged by it.

use serde_json::{Map, Number, Value};

/// A number that is not negative, written as one or as a text such as `1.21G`.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = text.trim().trim_end_matches(['B', 'b']);
            let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
            let scale = match text.get(digits.len()..)? {
                "" => 1.0,
                "K" | "k" => 1024.0,
                "M" => 1024.0 * 1024.0,
                "G" => 1024.0 * 1024.0 * 1024.0,
                "T" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
                _ => return None,
            };
            digits.trim().parse::<f64>().ok()? * scale
        }
        _ => return None,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// A number for the details; a whole one without a point.
pub(super) fn figure(value: &Value) -> Option<Value> {
    let number = number(value)?;
    match value {
        Value::Number(number) => Some(Value::Number(number.clone())),
        _ => Number::from_f64(number).map(Value::Number),
    }
}

/// How much of something is used; `None` if there is none of it.
pub(super) fn used(used: &Value, size: &Value) -> Option<f64> {
    let (used, size) = (number(used)?, number(size)?);
    (size > 0.0).then_some(used / size)
}

/// A member of an object; what is not there is null.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_are_read_as_they_are_written() {
        for (value, wanted) in [
            (json!("1.21G"), Some(1_299_227_607.0)),
            (json!("4.00G"), Some(4_294_967_296.0)),
            (json!("512.00M"), Some(536_870_912.0)),
            (json!("2.00KB"), Some(2_048.0)),
            (json!("1000"), Some(1_000.0)),
            (json!(1000), Some(1_000.0)),
            (json!(0.5), Some(0.5)),
            (json!("1.00X"), None),
            (json!("G"), None),
            (json!(""), None),
            (json!("infinity"), None),
            (json!("inf"), None),
            (json!("NaN"), None),
            (json!(-1), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(number(&value).map(f64::round), wanted.map(f64::round), "{value}");
        }
        assert_eq!(used(&json!("1.00G"), &json!("4.00G")), Some(0.25));
        assert_eq!(used(&json!(1), &json!(0)), None);
    }
}

//! Members of what MongoDB answers, whichever of its types a value has: numbers come as any of
//! four, and truth sometimes as one.

use crate::probe::kind::shown::short;
use ::mongodb::bson::{Bson, Document};

/// A number.
pub(super) fn number(document: &Document, name: &str) -> Option<f64> {
    let number = match document.get(name)? {
        Bson::Int32(number) => f64::from(*number),
        Bson::Int64(number) => *number as f64,
        Bson::Double(number) => *number,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A text that is not empty, cut.
pub(super) fn text(document: &Document, name: &str) -> Option<String> {
    document.get_str(name).ok().filter(|text| !text.is_empty()).map(short)
}

/// Whether something is said to be so.
pub(super) fn flag(document: &Document, name: &str) -> bool {
    matches!(document.get(name), Some(Bson::Boolean(true)))
        || number(document, name).is_some_and(|number| number != 0.0)
}

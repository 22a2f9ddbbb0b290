//! What others say of themselves, as it is shown: in one line, and not too long.

/// Bytes of a message, of an advice, and of a text among the details.
pub(crate) const LONGEST: usize = 500;

/// A text in one line, of at most so many bytes.
pub(crate) fn cut(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().replace(char::is_control, " ")
}

/// An error with all that caused it, in one line.
pub(crate) fn because(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Many libraries repeat in an error what its cause says.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    cut(&text)
}

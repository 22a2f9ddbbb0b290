//! Why Kubernetes gives no answer that can be used, in a form that can be told apart and shown.
//!
//! What is shown holds no secret: not what a command wrote that fetches credentials, nor what the
//! server wrote where a login was refused.

use kube::Error;
use kube::client::AuthError;
use std::fmt;

/// Bytes of what others wrote.
const LONGEST: usize = 300;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not know who asks.
    Unauthorized,
    /// Who asks may not know.
    Forbidden(String),
    /// Where a list was continued is forgotten.
    Expired,
    /// It says no with a status.
    Status(u16, String),
    /// No connection, or it broke.
    Unreachable(String),
    /// What was said is not what Kubernetes says.
    Garbage(String),
    /// There are no credentials to ask with.
    Credentials(String),
}

impl Refusal {
    /// What an error means.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Api(status) => Self::status(status.code, &status.message),
            Error::SerdeError(error) => Self::Garbage(cut(&error.to_string())),
            Error::FromUtf8(_) => Self::Garbage("not UTF-8".to_owned()),
            Error::LinesCodecMaxLineLengthExceeded => {
                Self::Garbage("a line without end".to_owned())
            }
            Error::Auth(error) => Self::Credentials(credentials(error)),
            error => {
                let text = chain(error);
                if let Some(error) = find::<AuthError>(error) {
                    Self::Credentials(credentials(error))
                } else if text.contains("length limit exceeded") {
                    Self::Garbage("the answer is too long".to_owned())
                } else {
                    Self::Unreachable(text)
                }
            }
        }
    }

    /// What a status means.
    pub fn status(code: u16, message: &str) -> Self {
        match code {
            // As which the client takes every object that it does not know.
            0 => Self::Garbage("an event that cannot be read".to_owned()),
            401 => Self::Unauthorized,
            403 => Self::Forbidden(cut(message)),
            410 => Self::Expired,
            _ => Self::Status(code, cut(message)),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("it does not accept the credentials (status 401)"),
            Self::Forbidden(why) => write!(f, "it does not allow it (status 403): {why}"),
            Self::Expired => f.write_str("the list changed too much meanwhile (status 410)"),
            Self::Status(code, why) => write!(f, "it answers with status {code}: {why}"),
            Self::Unreachable(why) => f.write_str(why),
            Self::Garbage(why) => {
                write!(f, "what answers is not Kubernetes, or speaks badly: {why}")
            }
            Self::Credentials(why) => write!(f, "no credentials: {why}"),
        }
    }
}

/// Why there are no credentials, without what a command wrote.
fn credentials(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { cmd, out } => {
            let command = cmd.split_whitespace().next().unwrap_or_default();
            cut(&format!("the command {} ends with {}", command.trim_matches('"'), out.status))
        }
        AuthError::AuthExecParse(_) | AuthError::ParseTokenKey(_) => {
            "the command that fetches them does not write them as it should".to_owned()
        }
        error => chain(error),
    }
}

/// The first cause of a type.
fn find<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// An error with all that caused it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let next = error.to_string();
        cause = error.source();
        // Many repeat in an error what its cause says, and the first words are the library's own.
        if text.contains(&next) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&next);
    }
    cut(text.strip_prefix("ServiceError: ").unwrap_or(&text))
}

/// A text in one line, cut.
fn cut(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().replace(char::is_control, " ")
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_status_means_what_it_says_and_no_more_than_may_be_shown() {
        assert_eq!(Refusal::status(401, "hunter2").to_string().find("hunter2"), None);
        assert_eq!(Refusal::status(410, "too old"), Refusal::Expired);
        let Refusal::Status(500, said) = Refusal::status(500, &"é\n".repeat(1_000)) else {
            panic!("a status");
        };
        assert!(said.len() <= LONGEST && !said.contains('\n'), "{said}");
    }
}

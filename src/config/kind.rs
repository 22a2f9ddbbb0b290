//! What a setting's value may be: its type and range, how it is read, how that is worded.
//!
//! Reading and wording sit together so that a message cannot promise what the reader refuses.
//! A value from the file keeps its TOML type (`30` is no duration, `"5"` no integer); a variable
//! or flag is text and is read as what the setting needs.

use super::mistake::shown;
use super::raw::{self, Form, Node};
use super::{check, duration, emqx, url};
use crate::observer::Span;

/// Most addresses of one broker: more than a cluster has, and few enough to try in turn.
pub(super) const MOST_URLS: usize = 16;

/// The type and range of a value.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A duration.
    Span {
        /// Shortest.
        min: Span,
        /// Longest.
        max: Span,
    },
    /// An integer.
    Integer {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// A number.
    Number {
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
        /// Whether the least itself is too little.
        above: bool,
    },
    /// Yes or no.
    Flag,
    /// What is read by a function of its own; what is allowed, in words.
    Form(&'static str),
    /// A string.
    Text {
        /// What is allowed, in words.
        allowed: &'static str,
        /// Whether a text is allowed.
        check: fn(&str) -> bool,
    },
    /// One of several words.
    Choice(&'static [&'static str]),
    /// A string that is never shown.
    Secret,
    /// The broker's address or several of them, which may hold passwords.
    Urls,
    /// The address of an HTTP interface; shown without what could be a password.
    Web,
    /// The address of a component; shown without what could be a password.
    Server,
    /// A list of strings, comma separated in a variable.
    Texts {
        /// What an element is, in words.
        of: &'static str,
        /// Whether an element is allowed.
        check: fn(&str) -> bool,
    },
    /// A list of strings that are never shown.
    Secrets {
        /// What an element is, in words.
        of: &'static str,
        /// Whether an element is allowed.
        check: fn(&str) -> bool,
    },
    /// A list of integers, comma separated in a variable.
    Integers {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
}

/// Why a value was refused.
pub(super) struct Fault {
    /// The part that was refused, as it follows the setting's name: `[2]`, `.id`, or nothing.
    pub(super) part: String,
    /// Its line, from 1; 0 if it has none.
    pub(super) line: usize,
    /// What was found, fit to be shown.
    pub(super) found: String,
    /// What is allowed.
    pub(super) allowed: String,
}

impl Kind {
    /// What is allowed, in words.
    pub(super) fn allowed(&self) -> String {
        match self {
            Self::Span { min, max } => {
                format!(
                    "a duration such as 30s, from {} to {}",
                    duration::show(*min),
                    duration::show(*max)
                )
            }
            Self::Integer { min, max } if max - min == 1 => format!("{min} or {max}"),
            Self::Integer { min, max } => format!("an integer from {min} to {max}"),
            Self::Number { min, max, above: false } => format!("a number from {min} to {max}"),
            Self::Number { min, max, above: true } => {
                format!("a number above {min} and at most {max}")
            }
            Self::Flag => "true or false".to_owned(),
            Self::Text { allowed, .. } | Self::Form(allowed) => (*allowed).to_owned(),
            Self::Choice(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::Secret => "a string that is not empty".to_owned(),
            Self::Urls => format!("{}, or a list of up to {MOST_URLS}", url::ALLOWED),
            Self::Web => emqx::ALLOWED.to_owned(),
            Self::Server => check::ADDRESS.to_owned(),
            Self::Texts { of, .. } | Self::Secrets { of, .. } => format!("a list of {of}"),
            Self::Integers { min: i64::MIN, .. } => "a list of integers".to_owned(),
            Self::Integers { min, max } => format!("a list of integers from {min} to {max}"),
        }
    }

    /// Reads a duration.
    pub(super) fn span(&self, node: &Node) -> Result<Span, Vec<Fault>> {
        let Self::Span { min, max } = self else {
            return Err(self.fault(node));
        };
        let span = node.text().and_then(duration::parse);
        span.filter(|span| (*min..=*max).contains(span)).ok_or_else(|| self.fault(node))
    }

    /// Reads an integer.
    pub(super) fn integer(&self, node: &Node) -> Result<i64, Vec<Fault>> {
        let Self::Integer { min, max } = self else {
            return Err(self.fault(node));
        };
        integer(node).filter(|i| (*min..=*max).contains(i)).ok_or_else(|| self.fault(node))
    }

    /// Reads a number; an integer is one too.
    pub(super) fn number(&self, node: &Node) -> Result<f64, Vec<Fault>> {
        let Self::Number { min, max, above } = self else {
            return Err(self.fault(node));
        };
        let number = match &node.form {
            // Beyond 2⁵³ the cast rounds; every range ends long before.
            Form::Integer(integer) => Some(*integer as f64),
            Form::Number(number) => Some(*number),
            Form::Loose(text) => text.trim().parse::<f64>().ok(),
            _ => None,
        };
        // What is not a number is in no range.
        number
            .filter(|n| (*min..=*max).contains(n) && !(*above && n <= min))
            .ok_or_else(|| self.fault(node))
    }

    /// Reads a yes or no.
    pub(super) fn flag(&self, node: &Node) -> Result<bool, Vec<Fault>> {
        let flag = match &node.form {
            Form::Flag(flag) => Some(*flag),
            Form::Loose(text) => text.trim().parse::<bool>().ok(),
            _ => None,
        };
        flag.filter(|_| matches!(self, Self::Flag)).ok_or_else(|| self.fault(node))
    }

    /// Reads a string.
    pub(super) fn text(&self, node: &Node) -> Result<String, Vec<Fault>> {
        let Some(text) = node.text() else {
            return Err(self.fault(node));
        };
        let good = match self {
            Self::Text { check, .. } => check(text),
            Self::Choice(words) => words.contains(&text),
            Self::Secret => !text.is_empty(),
            Self::Web => emqx::parse(text).is_some(),
            Self::Server => check::parse(text).is_some(),
            _ => false,
        };
        if good { Ok(text.to_owned()) } else { Err(self.fault(node)) }
    }

    /// Reads one address, or a list of them; every one that is wrong is a fault of its own.
    pub(super) fn urls(&self, node: &Node) -> Result<Vec<String>, Vec<Fault>> {
        let loose;
        let (elements, is_list) = match &node.form {
            Form::List(elements) => (elements.as_slice(), true),
            // An IPv6 address begins with a bracket as well, but makes no list.
            Form::Loose(text) => match raw::parse_list(text) {
                Some(Node { form: Form::List(elements), .. }) => {
                    loose = elements;
                    (loose.as_slice(), true)
                }
                _ => {
                    loose = url::split(text).into_iter().map(Node::loose).collect::<Vec<_>>();
                    (loose.as_slice(), loose.len() > 1)
                }
            },
            _ => (std::slice::from_ref(node), false),
        };
        if !matches!(self, Self::Urls) || elements.is_empty() || elements.len() > MOST_URLS {
            return Err(self.fault(node));
        }
        let mut urls = Vec::with_capacity(elements.len());
        let mut faults = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            match element.text().map(|text| (text, url::parse(text))) {
                Some((text, Ok(_))) => urls.push(text.to_owned()),
                other => {
                    let refusal = self.refusal(element);
                    let allowed = match other {
                        Some((_, Err(allowed))) => allowed,
                        _ if is_list => url::ALLOWED.to_owned(),
                        _ => refusal.allowed,
                    };
                    let part = if is_list { format!("[{index}]") } else { String::new() };
                    faults.push(Fault { part, allowed, ..refusal });
                }
            }
        }
        if faults.is_empty() { Ok(urls) } else { Err(faults) }
    }

    /// Reads a list of strings; every element that is wrong is a fault of its own.
    pub(super) fn texts(&self, node: &Node) -> Result<Vec<String>, Vec<Fault>> {
        let (Self::Texts { check, .. } | Self::Secrets { check, .. }) = self else {
            return Err(self.fault(node));
        };
        self.list(node, |element| element.text().filter(|text| check(text)).map(str::to_owned))
    }

    /// Reads a list of integers; every element that is wrong is a fault of its own.
    pub(super) fn integers(&self, node: &Node) -> Result<Vec<i64>, Vec<Fault>> {
        let Self::Integers { min, max } = self else {
            return Err(self.fault(node));
        };
        self.list(node, |element| integer(element).filter(|i| (*min..=*max).contains(i)))
    }

    fn list<T>(
        &self,
        node: &Node,
        read: impl Fn(&Node) -> Option<T>,
    ) -> Result<Vec<T>, Vec<Fault>> {
        let loose;
        let elements = match &node.form {
            Form::List(elements) => elements,
            // Brackets as in the file allow commas in an element, and an empty list.
            Form::Loose(text) if text.trim_start().starts_with('[') => {
                match raw::parse_list(text) {
                    Some(Node { form: Form::List(elements), .. }) => {
                        loose = elements;
                        &loose
                    }
                    _ => return Err(self.fault(node)),
                }
            }
            Form::Loose(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                loose = parts.map(Node::loose).collect();
                &loose
            }
            _ => return Err(self.fault(node)),
        };
        let mut values = Vec::with_capacity(elements.len());
        let mut faults = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            match read(element) {
                Some(value) => values.push(value),
                None => {
                    let allowed = self.allowed();
                    faults.push(Fault {
                        part: format!("[{index}]"),
                        allowed: allowed.strip_prefix("a list of ").unwrap_or(&allowed).to_owned(),
                        ..self.refusal(element)
                    });
                }
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    /// The one fault of a value that is wrong as a whole.
    fn fault(&self, node: &Node) -> Vec<Fault> {
        vec![self.refusal(node)]
    }

    fn refusal(&self, node: &Node) -> Fault {
        let found = match (self, &node.form, node.text()) {
            (Self::Secret | Self::Secrets { .. }, ..) => "***".to_owned(),
            (Self::Urls | Self::Web | Self::Server, _, Some(text)) => {
                format!("\"{}\"", shown(&url::masked(text)))
            }
            (Self::Urls | Self::Web | Self::Server, ..) | (_, Form::Table(_), _) => {
                node.sort().to_owned()
            }
            _ => node.written.clone(),
        };
        Fault { part: String::new(), line: node.line, found, allowed: self.allowed() }
    }
}

/// An integer, written as such.
fn integer(node: &Node) -> Option<i64> {
    match &node.form {
        Form::Integer(integer) => Some(*integer),
        // Long numbers are read better with `_`, which the file allows too.
        Form::Loose(text) => text.trim().replace('_', "").parse().ok(),
        _ => None,
    }
}

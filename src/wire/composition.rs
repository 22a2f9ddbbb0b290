//! Names of services and methods, composed of what calls say.
//!
//! A composition is a text with `{name}`s in it. Unlike a template it matches nothing: it takes
//! the values that a call's topic and the call itself gave.

use super::template::{Captures, Names, Part, is_outer, parse_parts};
use std::borrow::Cow;

/// A text with `{name}`s in it that composes a name from captured values.
#[derive(Clone, Debug)]
pub struct Composition(Vec<Part>);

impl Composition {
    /// Compiles a composition. Every name in it is one of the `called`, those of the call template,
    /// or one that the message says, which is added to `names`.
    pub fn new(text: &str, called: &Names, names: &mut Names) -> Result<Self, String> {
        let mut known = names.clone();
        let parts = parse_parts(text, &mut known, true)?;
        for part in &parts {
            if let Part::Name(name) = part
                && let Some(name) = known.name(*name)
                && called.get(name).is_none()
                && !is_outer(name)
            {
                return Err(format!("{{{name}}} is not a name in the call template"));
            }
        }
        *names = known;
        Ok(Self(parts))
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = u8> {
        self.0.iter().filter_map(|part| match part {
            Part::Name(name) => Some(*name),
            Part::Text(_) => None,
        })
    }

    /// The composed name, borrowed if it is just one value; `None` if a value is missing.
    pub fn compose<'t>(&self, values: &Captures<'t>) -> Option<Cow<'t, str>> {
        if let [Part::Name(at)] = self.0.as_slice() {
            return values[usize::from(*at)].map(Cow::Borrowed);
        }
        let mut name = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Name(at) => name.push_str(values[usize::from(*at)]?),
            }
        }
        Some(Cow::Owned(name))
    }
}

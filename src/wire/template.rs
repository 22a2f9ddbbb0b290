//! Topic templates: MQTT filters whose wildcards have names.
//!
//! `{name}` is one level or a part of one, `{name...}` one or more levels. Empty levels are
//! levels. Within a level the shortest value wins, and the last text is anchored at its end,
//! which finds a match whenever there is one. As with filters, a wildcard in the first level
//! does not match topics that begin with `$` (MQTT 5, 4.7.2). Values are borrowed from the
//! topic; matching allocates nothing.

use std::fmt;

/// Most names in one pair.
pub const MAX_NAMES: usize = 16;
/// Longest topic or filter, in bytes (MQTT 5, 1.5.4).
pub const MAX_TOPIC: usize = 65_535;

/// What begins the name of a member of the body.
pub const BODY: &str = "body.";
/// What begins the name of a user property.
pub const PROPERTY: &str = "property.";

/// The values of a pair's names, by the index of the name.
pub type Captures<'t> = [Option<&'t str>; MAX_NAMES];

/// The names that a pair's templates share. What a topic does not say but its message does is named
/// `body.PATH` or `property.NAME`.
#[derive(Clone, Debug, Default)]
pub struct Names(Vec<String>);

impl Names {
    /// The index of a name, added if it is new; `None` if there are too many.
    fn index(&mut self, name: &str) -> Option<u8> {
        let at = self.get(name).or_else(|| {
            self.0.push(name.to_owned());
            u8::try_from(self.0.len() - 1).ok()
        })?;
        (usize::from(at) < MAX_NAMES).then_some(at)
    }

    /// The index of a known name.
    pub fn get(&self, name: &str) -> Option<u8> {
        self.0.iter().position(|known| known == name).and_then(|at| u8::try_from(at).ok())
    }

    /// A name by its index.
    pub(super) fn name(&self, at: u8) -> Option<&str> {
        self.0.get(usize::from(at)).map(String::as_str)
    }

    /// The names that the message says, not its topic: the index of each, and the name.
    pub fn outer(&self) -> impl Iterator<Item = (u8, &str)> {
        (0..).zip(&self.0).filter(|(_, name)| is_outer(name)).map(|(at, name)| (at, name.as_str()))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(Box<str>),
    Name(u8),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    Text(Box<str>),
    Parts(Vec<Part>),
    Many(u8),
}

/// A compiled template.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    levels: Vec<Level>,
    /// Index of the level that stands for many.
    many: Option<usize>,
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Template {
    /// Compiles a template; `outer` is whether it may ask for what only the message says. The error
    /// says what is wrong with it.
    pub fn new(text: &str, names: &mut Names, outer: bool) -> Result<Self, String> {
        check_topic(text)?;
        let mut levels = Vec::new();
        for level in text.split('/') {
            levels.push(parse_level(level, names, outer)?);
        }
        let mut many = (0..).zip(&levels).filter(|(_, level)| matches!(level, Level::Many(_)));
        let first = many.next().map(|(at, _)| at);
        if many.next().is_some() {
            return Err("only one {name...} is allowed in a template".into());
        }
        drop(many);
        if let Some(Level::Parts(parts)) = levels.first()
            && matches!(parts.first(), Some(Part::Text(text)) if text.starts_with('$'))
        {
            return Err("a first level that begins with $ cannot contain a {name}".into());
        }
        Ok(Self { text: text.to_owned(), levels, many: first })
    }

    /// The filter to subscribe to. It may match more topics than the template does.
    pub fn filter(&self) -> String {
        let mut filter = String::new();
        for (at, level) in self.levels.iter().enumerate() {
            if at > 0 {
                filter.push('/');
            }
            match level {
                Level::Text(text) => filter.push_str(text),
                Level::Parts(_) => filter.push('+'),
                Level::Many(_) => {
                    filter.push('#');
                    break;
                }
            }
        }
        filter
    }

    /// Whether the template has a name.
    pub fn has(&self, name: u8) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = u8> {
        self.levels.iter().flat_map(Level::names)
    }

    /// Matches a topic and takes the values of the names; values already there must agree.
    pub fn captures<'t>(&self, topic: &'t str, values: &mut Captures<'t>) -> bool {
        if topic.starts_with('$') && !matches!(self.levels.first(), Some(Level::Text(_))) {
            return false;
        }
        let mut rest = Some(topic);
        for level in &self.levels[..self.many.unwrap_or(self.levels.len())] {
            let Some((part, after)) = rest.map(first_level) else { return false };
            if !level.captures(part, values) {
                return false;
            }
            rest = after;
        }
        let Some(many) = self.many else { return rest.is_none() };
        for level in self.levels[many + 1..].iter().rev() {
            let Some((before, part)) = rest.and_then(|text| text.rsplit_once('/')) else {
                return false;
            };
            if !level.captures(part, values) {
                return false;
            }
            rest = Some(before);
        }
        let (Some(rest), Some(Level::Many(name))) = (rest, self.levels.get(many)) else {
            return false;
        };
        keep(values, *name, rest)
    }

    /// Fills the template in; false, with `topic` in any state, if a value is missing or does
    /// not fit its level.
    pub fn fill(&self, values: &Captures<'_>, topic: &mut String) -> bool {
        topic.clear();
        for (at, level) in self.levels.iter().enumerate() {
            if at > 0 {
                topic.push('/');
            }
            let filled = match level {
                Level::Text(text) => {
                    topic.push_str(text);
                    true
                }
                Level::Parts(parts) => parts.iter().all(|part| push(part, values, topic)),
                Level::Many(name) => match values[usize::from(*name)] {
                    Some(value) if is_topic(value) => {
                        topic.push_str(value);
                        true
                    }
                    _ => false,
                },
            };
            if !filled {
                return false;
            }
        }
        topic.len() <= MAX_TOPIC
    }

    /// The topic with every level that holds a name outside `kept` shown as `+`.
    pub fn shown(&self, values: &Captures<'_>, kept: &[u8], topic: &mut String) {
        topic.clear();
        for (at, level) in self.levels.iter().enumerate() {
            if at > 0 {
                topic.push('/');
            }
            let hidden = level.names().any(|name| !kept.contains(&name));
            match level {
                Level::Text(text) => topic.push_str(text),
                Level::Parts(parts) if !hidden => {
                    for part in parts {
                        push(part, values, topic);
                    }
                }
                Level::Many(name) if !hidden => {
                    topic.push_str(values[usize::from(*name)].unwrap_or_default());
                }
                Level::Many(_) | Level::Parts(_) => topic.push('+'),
            }
        }
    }
}

impl Level {
    fn names(&self) -> impl Iterator<Item = u8> {
        let parts: &[Part] = match self {
            Self::Parts(parts) => parts,
            Self::Text(_) | Self::Many(_) => &[],
        };
        let many = if let Self::Many(name) = self { Some(*name) } else { None };
        let named = parts.iter().filter_map(|part| match part {
            Part::Name(name) => Some(*name),
            Part::Text(_) => None,
        });
        named.chain(many)
    }

    fn captures<'t>(&self, text: &'t str, values: &mut Captures<'t>) -> bool {
        let parts = match self {
            Self::Text(wanted) => return **wanted == *text,
            Self::Many(_) => return false,
            Self::Parts(parts) => parts,
        };
        let mut rest = text;
        let mut open = None;
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::Name(name) => open = Some(*name),
                Part::Text(wanted) => {
                    let found = match open {
                        None => rest.starts_with(&**wanted).then_some(0),
                        Some(_) if at + 1 == parts.len() => {
                            rest.ends_with(&**wanted).then(|| rest.len() - wanted.len())
                        }
                        Some(_) => rest.find(&**wanted),
                    };
                    let Some(found) = found else { return false };
                    if let Some(name) = open.take()
                        && !keep(values, name, &rest[..found])
                    {
                        return false;
                    }
                    rest = &rest[found + wanted.len()..];
                }
            }
        }
        match open {
            Some(name) => keep(values, name, rest),
            None => rest.is_empty(),
        }
    }
}

/// The first level of a topic, and what follows it. Topics are short: a plain loop finds the slash
/// sooner than what is made for long texts.
fn first_level(topic: &str) -> (&str, Option<&str>) {
    match topic.bytes().position(|byte| byte == b'/') {
        Some(at) => (&topic[..at], Some(&topic[at + 1..])),
        None => (topic, None),
    }
}

fn keep<'t>(values: &mut Captures<'t>, name: u8, value: &'t str) -> bool {
    let slot = &mut values[usize::from(name)];
    *slot.get_or_insert(value) == value
}

fn push(part: &Part, values: &Captures<'_>, topic: &mut String) -> bool {
    match part {
        Part::Text(text) => topic.push_str(text),
        Part::Name(name) => match values[usize::from(*name)] {
            Some(value) if is_topic(value) && !value.contains('/') => topic.push_str(value),
            _ => return false,
        },
    }
    true
}

/// Whether a text can be a topic, or a part of one: no wildcards, no NUL, not too long.
pub fn is_topic(text: &str) -> bool {
    text.len() <= MAX_TOPIC && memchr::memchr3(b'+', b'#', 0, text.as_bytes()).is_none()
}

/// Whether a name stands for what the message says, not its topic.
pub(super) fn is_outer(name: &str) -> bool {
    name.starts_with(BODY) || name.starts_with(PROPERTY)
}

fn check_topic(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("a template is not empty".into());
    }
    if text.len() > MAX_TOPIC {
        return Err(format!("a template has at most {MAX_TOPIC} bytes"));
    }
    if text.contains('\0') {
        return Err("a topic has no NUL character".into());
    }
    if text.contains(['+', '#']) {
        return Err("wildcards have names: {name} for one level, {name...} for many".into());
    }
    Ok(())
}

fn parse_level(level: &str, names: &mut Names, outer: bool) -> Result<Level, String> {
    if let Some(name) = level.strip_prefix('{').and_then(|rest| rest.strip_suffix("...}")) {
        return Ok(Level::Many(named(name, names, false)?));
    }
    if level.contains("...}") {
        return Err("{name...} stands for whole levels and takes one of its own".into());
    }
    let parts = parse_parts(level, names, outer)?;
    Ok(match <[Part; 1]>::try_from(parts) {
        Ok([Part::Text(text)]) => Level::Text(text),
        Ok(parts) => Level::Parts(parts.into()),
        Err(parts) if parts.is_empty() => Level::Text("".into()),
        Err(parts) => Level::Parts(parts),
    })
}

/// The names and texts that a text is made of; new names are added.
pub(super) fn parse_parts(text: &str, names: &mut Names, outer: bool) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        if rest[open..].starts_with('}') {
            return Err("a } without its {".into());
        }
        let close = rest[open..].find('}').map(|at| open + at);
        let close = close.ok_or("a { without its }")?;
        if open > 0 {
            parts.push(Part::Text(rest[..open].into()));
        } else if matches!(parts.last(), Some(Part::Name(_))) {
            return Err("two names side by side cannot be told apart".into());
        }
        parts.push(Part::Name(named(&rest[open + 1..close], names, outer)?));
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.into()));
    }
    Ok(parts)
}

fn named(name: &str, names: &mut Names, outer: bool) -> Result<u8, String> {
    let word = |text: &str, more: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || more.contains(c);
        !text.is_empty() && text.chars().all(fits)
    };
    let said = if let Some(path) = name.strip_prefix(BODY) {
        Some(path.split('.').all(|member| word(member, "-")))
    } else {
        name.strip_prefix(PROPERTY).map(|property| word(property, "-.:"))
    };
    if said.is_some() && !outer {
        return Err(format!("{{{name}}} is known only once a call is read: use it in `reply`"));
    }
    if !said.unwrap_or_else(|| word(name, "")) {
        return Err(format!("{{{name}}} is no name: letters, digits and _ are allowed"));
    }
    names.index(name).ok_or_else(|| format!("at most {MAX_NAMES} names are allowed in a pair"))
}

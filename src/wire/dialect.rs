//! What a pair does otherwise than JSON-RPC on two topics.
//!
//! Members of the body may have other names, the outcome may stand elsewhere, calls may have no
//! ids, both sides may call on one topic, and payloads may be no JSON. Each of these is one
//! setting, and what is not set is as everywhere.

use super::composition::Composition;
use super::encoding::Encoding;
use super::envelope::{Envelope, Id, raw_id, string};
use super::error::{Reading, error_says};
use super::glob::Glob;
use super::message::Message;
use super::outcome::{RuleSpec, Rules, Ruling};
use super::source::{Members, Path, Source, Told, first};
use super::template::Captures;
use crate::observer::call::{Answer, Malformed};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Most places that are tried for one member.
const MAX_PATHS: usize = 8;

/// What is different in a pair, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DialectSpec {
    /// Where the outcome stands, if not in `result` and `error`.
    pub outcome: Vec<RuleSpec>,
    /// Paths of the members, if they have other names.
    pub body: BodySpec,
    /// Whether calls without an id are two-way; the oldest is answered first.
    pub oldest: bool,
    /// Whether only messages with a Response Topic are calls.
    pub only_addressed: bool,
    /// Which user property says who sends, where both sides call on one topic.
    pub sender: Option<SenderSpec>,
    /// What composes the name of a client that is called by its server.
    pub called_by: Option<String>,
    /// Where a reply says which service it is from.
    pub replied_by: Option<String>,
    /// What payloads are written in.
    pub encoding: Encoding,
}

/// Paths of the members of a body, each tried in order; the standard name where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodySpec {
    /// Of the id.
    pub id: Vec<String>,
    /// Of the method.
    pub method: Vec<String>,
    /// Of the result.
    pub result: Vec<String>,
    /// Of the error.
    pub error: Vec<String>,
}

/// A user property that says who sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderSpec {
    /// Its name.
    pub property: String,
    /// Its values when a client sends.
    pub client: Vec<String>,
    /// Its values when a server sends.
    pub server: Vec<String>,
}

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client, who calls by itself.
    Client,
    /// The server, who is called.
    Server,
}

impl Side {
    /// Who is on the other side.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

#[derive(Clone, Debug)]
struct Sender {
    property: Box<str>,
    client: Vec<Glob>,
    server: Vec<Glob>,
}

/// Paths of members; none where the standard name holds.
#[derive(Clone, Debug, Default)]
struct Paths {
    id: Vec<Path>,
    method: Vec<Path>,
    result: Vec<Path>,
    error: Vec<Path>,
}

/// What is different in a pair.
#[derive(Clone, Debug)]
pub struct Dialect {
    rules: Rules,
    paths: Paths,
    sender: Option<Sender>,
    /// See [`DialectSpec::oldest`].
    pub oldest: bool,
    /// See [`DialectSpec::only_addressed`].
    pub only_addressed: bool,
    called_by: Option<Composition>,
    /// See [`DialectSpec::replied_by`].
    pub replied_by: Option<Source>,
    /// See [`DialectSpec::encoding`].
    pub encoding: Encoding,
}

/// Where mistakes are noted: the member of the pair, what was found, what is wrong with it.
type Note<'n> = &'n mut dyn FnMut(String, &str, String);

impl Dialect {
    /// Compiles what is different; `None` if nothing is. `fixed` is whether a reply template fixes
    /// an outcome.
    pub(super) fn new(
        spec: &DialectSpec,
        called_by: Option<Composition>,
        fixed: bool,
        told: Told<'_>,
        members: &mut Members,
        note: Note<'_>,
    ) -> Option<Self> {
        if !fixed && *spec == DialectSpec::default() {
            return None;
        }
        let rules = Rules::new(&spec.outcome, fixed, told, members, note);
        let body = &spec.body;
        let mut paths = |name, texts| paths(name, texts, members, note);
        let paths = Paths {
            id: paths("id", &body.id),
            method: paths("method", &body.method),
            result: paths("result", &body.result),
            error: paths("error", &body.error),
        };
        let sender = spec.sender.as_ref().map(|spec| sender(spec, note));
        let replied_by =
            spec.replied_by.as_ref().and_then(|text| match Source::new(text, told, members) {
                Ok(Source::Template) => {
                    let problem = "property:NAME, body:PATH or topic:NAME";
                    note("replied_by".to_owned(), text, problem.to_owned());
                    None
                }
                source => source.map_err(|it| note("replied_by".to_owned(), text, it)).ok(),
            });
        if let (Some(text), None) = (&spec.called_by, &sender) {
            let problem = "nothing says who sends: set `sender_property` too";
            note("called_by".to_owned(), text, problem.to_owned());
        }
        let DialectSpec { oldest, only_addressed, encoding, .. } = *spec;
        Some(Self { rules, paths, sender, oldest, only_addressed, called_by, replied_by, encoding })
    }

    /// What composes the name of a client that its server calls, if this is such a call.
    pub fn reverse(&self, side: Option<Side>) -> Option<&Composition> {
        self.called_by.as_ref().filter(|_| side == Some(Side::Server))
    }

    /// User properties that are read.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        let sources = self.rules.sources().chain(&self.replied_by);
        let sender = self.sender.as_ref().map(|sender| &*sender.property);
        sources.filter_map(Source::property).chain(sender)
    }

    /// Members that are read, each with what a redacted copy must keep of it.
    pub fn paths(&self) -> impl Iterator<Item = (&Path, Kept)> {
        let Paths { id, method, result, error } = &self.paths;
        let sources = self.rules.sources().chain(&self.replied_by).filter_map(Source::path);
        let whole = id.iter().chain(method).chain(sources).map(|path| (path, Kept::Scalar));
        let result = result.iter().map(|path| (path, Kept::Presence));
        whole.chain(result).chain(error.iter().map(|path| (path, Kept::Error)))
    }

    /// Whether callers read JSON-RPC responses, so that lookout can answer them.
    pub fn is_jsonrpc(&self) -> bool {
        let Paths { id, method, result, error } = &self.paths;
        let renamed = [id, method, result, error].iter().any(|paths| !paths.is_empty());
        self.encoding == Encoding::Json && self.rules.is_empty() && !renamed && !self.oldest
    }

    /// Whether any payload on a call topic is a call, as nothing in it has to be read.
    pub fn takes_any(&self) -> bool {
        self.oldest || self.encoding == Encoding::Opaque
    }

    /// Who sends a message, if it says so.
    pub fn side(&self, message: &Message<'_>) -> Option<Side> {
        let Sender { property, client, server } = self.sender.as_ref()?;
        let value = message.properties.user(property)?;
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(value));
        match (any(client), any(server)) {
            (true, _) => Some(Side::Client),
            (false, true) => Some(Side::Server),
            (false, false) => None,
        }
    }

    /// Whether the messages of both sides are told apart, where they say who sends.
    pub const fn has_sides(&self) -> bool {
        self.sender.is_some()
    }

    /// Whether it is a request: it has a method, or is a service-call document.
    pub fn is_request(&self, envelope: &Envelope<'_>) -> bool {
        if self.paths.method.is_empty() {
            return envelope.has_method() || envelope.is_service_call();
        }
        first(&self.paths.method, envelope).is_some()
    }

    /// Whether it has a result, or an error.
    pub fn is_response(&self, envelope: &Envelope<'_>) -> bool {
        self.result(envelope) || self.error(envelope).is_some()
    }

    /// Its id; `None` if it is absent.
    pub fn id<'a>(&self, envelope: &Envelope<'a>) -> Result<Option<Id<'a>>, Malformed> {
        if self.paths.id.is_empty() {
            return envelope.id();
        }
        raw_id(first(&self.paths.id, envelope))
    }

    /// Whether methods stand elsewhere than usual.
    pub fn has_own_method(&self) -> bool {
        !self.paths.method.is_empty()
    }

    /// Its method, where methods stand elsewhere than usual; `None` if it is absent.
    pub fn method<'a>(
        &self,
        envelope: &Envelope<'a>,
    ) -> Option<Result<Option<Cow<'a, str>>, Malformed>> {
        if self.paths.method.is_empty() {
            return None;
        }
        Some(match first(&self.paths.method, envelope) {
            None => Ok(None),
            Some(raw) if raw.get().starts_with('"') => string(raw).map(Some),
            Some(_) => Err(Malformed::BadMethod),
        })
    }

    /// What the rules say of a reply, if they say anything.
    pub fn ruling<'a>(
        &self,
        message: &Message<'a>,
        envelope: Option<&Envelope<'a>>,
        values: &Captures<'a>,
        template: Option<Ruling>,
    ) -> Option<Answer> {
        self.rules.say(message, envelope, values, template).map(Answer::from)
    }

    /// What it says as a response whose outcome no rule knows; `own` is the id by which lookout
    /// knows its own.
    pub fn answer(&self, envelope: &Envelope<'_>, own: &str) -> Result<Reading, Malformed> {
        let Paths { result, error, .. } = &self.paths;
        if result.is_empty() && error.is_empty() {
            return envelope.answer(own);
        }
        match (self.result(envelope), self.error(envelope)) {
            (_, Some(error)) => Ok(Reading::Answer(error_says(error))),
            (true, None) => Ok(Reading::Answer(Answer::Result)),
            (false, None) => Err(Malformed::Ambiguous),
        }
    }

    /// What it says to a call that takes any payload, if no rule knows.
    pub fn lenient_answer(&self, envelope: &Envelope<'_>) -> Answer {
        if self.paths.error.is_empty() {
            return envelope.lenient_answer();
        }
        self.error(envelope).map_or(Answer::Result, error_says)
    }

    fn result(&self, envelope: &Envelope<'_>) -> bool {
        if self.paths.result.is_empty() {
            return envelope.has_result();
        }
        first(&self.paths.result, envelope).is_some()
    }

    /// The error; `false` is none, as `null` is.
    fn error<'a>(&self, envelope: &Envelope<'a>) -> Option<&'a RawValue> {
        if self.paths.error.is_empty() {
            return envelope.error();
        }
        first(&self.paths.error, envelope).filter(|error| error.get() != "false")
    }
}

/// What a redacted copy must keep of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Its value, if it is a scalar.
    Scalar,
    /// That it is there.
    Presence,
    /// That it is there, and its code.
    Error,
}

fn paths(name: &str, texts: &[String], members: &mut Members, note: Note<'_>) -> Vec<Path> {
    if texts.len() > MAX_PATHS {
        let found = format!("{} paths", texts.len());
        note(format!("body.{name}"), &found, format!("at most {MAX_PATHS} paths"));
        return Vec::new();
    }
    let path = |text: &String| {
        Path::new(text, members).map_err(|problem| note(format!("body.{name}"), text, problem)).ok()
    };
    texts.iter().filter_map(path).collect()
}

fn sender(spec: &SenderSpec, note: Note<'_>) -> Sender {
    let mut globs = |side: &str, texts: &[String]| {
        let glob = |text: &String| {
            let key = format!("sender_property.{side}");
            Glob::new(text).map_err(|problem| note(key, text, problem)).ok()
        };
        texts.iter().filter_map(glob).collect()
    };
    Sender {
        client: globs("client", &spec.client),
        server: globs("server", &spec.server),
        property: spec.property.as_str().into(),
    }
}

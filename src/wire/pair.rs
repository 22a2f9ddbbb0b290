//! A pair of topics: where calls go and where their replies come back, as written and compiled.
//!
//! What most pairs have in common stands in [`Pair`] itself. What a pair does otherwise than
//! JSON-RPC on two topics stands in its [`Dialect`], which most pairs do not have; so their
//! messages are not asked a single question more.

use super::composition::Composition;
use super::dialect::{Dialect, DialectSpec};
use super::envelope::{Envelope, is_string};
use super::message::Message;
use super::outcome::Ruling;
use super::source::{Members, Path, text};
use super::template::{BODY, Captures, Names, PROPERTY, Template};
use super::traffic::Mistake;
use crate::observer::call::PairId;
use smallvec::SmallVec;
use std::borrow::Cow;

/// Most reply templates of a pair: each message is tried against all of them.
const MAX_REPLIES: usize = 16;

/// One `[[traffic.pair]]` as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairSpec {
    /// Its name.
    pub name: String,
    /// Template of the call topics.
    pub call: String,
    /// Templates of the reply topics, at least one.
    pub reply: Vec<ReplySpec>,
    /// What composes the service's name, if not the capture `{service}`.
    pub service: Option<String>,
    /// What composes the method, if not the capture `{method}` or the body.
    pub method: Option<String>,
    /// The methods that are counted by name; all, if there are none.
    pub methods: Vec<String>,
    /// What is different from JSON-RPC on two topics.
    pub dialect: DialectSpec,
}

/// A reply template as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplySpec {
    /// The template.
    pub template: String,
    /// What a reply on such a topic says, whatever is in it.
    pub outcome: Option<Ruling>,
}

impl From<&str> for ReplySpec {
    fn from(template: &str) -> Self {
        Self { template: template.to_owned(), outcome: None }
    }
}

impl PairSpec {
    /// Its reply templates, as reports show them.
    pub fn replies(&self) -> String {
        let templates: Vec<_> = self.reply.iter().map(|reply| reply.template.as_str()).collect();
        templates.join(", ")
    }

    /// Which setting an outer name stands in; the first, if several.
    fn member_with(&self, name: &str) -> &'static str {
        let placeholder = format!("{{{name}}}");
        let has = |text: &str| text.contains(&placeholder);
        let composed = [
            ("service", &self.service),
            ("method", &self.method),
            ("called_by", &self.dialect.called_by),
        ];
        if self.reply.iter().any(|reply| has(&reply.template)) {
            return "reply";
        }
        let found = composed.iter().find(|(_, text)| text.as_deref().is_some_and(has));
        found.map_or("reply", |(member, _)| member)
    }
}

/// Where replies come back.
#[derive(Clone, Debug)]
pub struct ReplyTemplate {
    /// The template.
    pub template: Template,
    /// What a reply on such a topic says, whatever is in it.
    pub outcome: Option<Ruling>,
}

/// One compiled pair.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Its place in the order.
    pub id: PairId,
    /// Its name.
    pub name: String,
    /// Where calls go.
    pub call: Template,
    /// Where replies come back.
    pub replies: SmallVec<[ReplyTemplate; 1]>,
    /// What composes the service's name, if a topic does.
    pub service: Option<Composition>,
    /// Names that make up the service's name; other levels are shown as `+`.
    pub naming: Vec<u8>,
    /// Whether every level of the call template names the service.
    pub all_naming: bool,
    /// Names whose values all templates agree on.
    pub shared: Vec<u8>,
    /// What composes the method, if the topic says it.
    pub method: Option<Composition>,
    /// The names with a meaning, where they occur.
    pub session: Option<u8>,
    /// See `session`.
    pub client: Option<u8>,
    /// See `session`.
    pub call_id: Option<u8>,
    /// What is asked of the call itself, not of its topic.
    pub outer: Vec<(u8, Outer)>,
    /// The methods that are counted by name, in order; all, if there are none.
    pub methods: Box<[Box<str>]>,
    /// What is different from JSON-RPC on two topics.
    pub dialect: Option<Box<Dialect>>,
}

/// A value that a call says, not its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outer {
    /// A member of its body.
    Body(Path),
    /// A user property.
    Property(Box<str>),
}

impl Outer {
    /// One that is written with `body.` or `property.` before it, or what is wrong with it.
    pub(super) fn named(text: &str, members: &mut Members) -> Result<Self, String> {
        if text.starts_with(BODY) || text.strip_prefix(PROPERTY).is_some_and(|it| !it.is_empty()) {
            return Self::new(text, members);
        }
        Err("`body.` and the path of a member, or `property.` and the name of a user property"
            .into())
    }

    fn new(name: &str, members: &mut Members) -> Result<Self, String> {
        match (name.strip_prefix(BODY), name.strip_prefix(PROPERTY)) {
            (Some(path), _) => Path::new(path, members).map(Self::Body),
            (None, name) => Ok(Self::Property(name.unwrap_or_default().into())),
        }
    }

    /// The value, if the call says it: a string, or a user property, that is not empty.
    pub fn value<'a>(
        &self,
        message: &Message<'a>,
        envelope: Option<&Envelope<'a>>,
    ) -> Option<Cow<'a, str>> {
        let value = match self {
            Self::Property(name) => message.properties.user(name).map(Cow::Borrowed),
            Self::Body(path) => {
                let raw = path.find(envelope?)?;
                if is_string(Some(raw)) { text(raw) } else { None }
            }
        };
        value.filter(|value| !value.is_empty())
    }
}

impl Pair {
    /// Compiles a pair; every mistake is reported.
    pub(super) fn new(
        at: usize,
        spec: &PairSpec,
        members: &mut Members,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut note = |member: String, found: &str, problem: String| {
            let key = format!("traffic.pair[{at}].{member}");
            mistakes.push(Mistake { key, found: found.to_owned(), problem });
        };
        let mut names = Names::default();
        let call = Template::new(&spec.call, &mut names, false);
        let call = call.map_err(|problem| note("call".to_owned(), &spec.call, problem)).ok();
        let called = names.clone();
        let replies = replies(spec, &mut names, &mut note);
        let mut compose = |member: &str, text: &str| {
            let composed = Composition::new(text, &called, &mut names);
            composed.map_err(|problem| note(member.to_owned(), text, problem)).ok()
        };
        let service = match &spec.service {
            Some(text) => compose("service", text),
            None if called.get("service").is_some() => compose("service", "{service}"),
            None => None,
        };
        let method = match &spec.method {
            Some(text) => compose("method", text),
            None if called.get("method").is_some() => compose("method", "{method}"),
            None => None,
        };
        let called_by = spec.dialect.called_by.as_deref();
        let called_by = called_by.and_then(|text| compose("called_by", text));
        let mut outer = Vec::new();
        for (at, name) in names.outer() {
            match Outer::new(name, members) {
                Ok(asked) => outer.push((at, asked)),
                Err(problem) => note(spec.member_with(name).to_owned(), name, problem),
            }
        }
        let fixed = spec.reply.iter().any(|reply| reply.outcome.is_some());
        let in_replies = |at: &u8| replies.iter().any(|reply| reply.template.has(*at));
        let told = |name: &str| names.get(name).filter(in_replies);
        let dialect =
            Dialect::new(&spec.dialect, called_by, fixed, &told, members, &mut note).map(Box::new);
        let Ok(id) = u16::try_from(at) else {
            note("name".to_owned(), &spec.name, "at most 65536 pairs are allowed".into());
            return Err(mistakes);
        };
        let (Some(call), true) = (call, mistakes.is_empty()) else {
            return Err(mistakes);
        };
        let naming: Vec<u8> = service.iter().flat_map(Composition::names).collect();
        let mut methods: Vec<Box<str>> = spec.methods.iter().map(|it| it.as_str().into()).collect();
        methods.sort_unstable();
        let all_naming = call.names().all(|name| naming.contains(&name));
        Ok(Self {
            id: PairId(id),
            name: spec.name.clone(),
            service,
            naming,
            all_naming,
            shared: shared(&call, &replies),
            method,
            session: names.get("session"),
            client: called.get("client"),
            call_id: names.get("call"),
            outer,
            methods: methods.into(),
            dialect,
            call,
            replies,
        })
    }

    /// Whether a method is counted by its name.
    pub fn knows(&self, method: &str) -> bool {
        self.methods.is_empty()
            || self.methods.binary_search_by(|known| (**known).cmp(method)).is_ok()
    }

    /// The values of a call's names: those of its topic, and those that it says itself.
    pub(super) fn values<'k>(&self, topic: &Captures<'k>, said: &'k Said<'_>) -> Captures<'k> {
        let mut values = *topic;
        for ((at, _), value) in self.outer.iter().zip(said) {
            if let Some(slot) = values.get_mut(usize::from(*at)) {
                *slot = value.as_deref();
            }
        }
        values
    }

    /// What a call says of the pair's outer names, in their order.
    pub(super) fn said<'a>(
        &self,
        message: &Message<'a>,
        envelope: Option<&Envelope<'a>>,
    ) -> Said<'a> {
        self.outer.iter().map(|(_, outer)| outer.value(message, envelope)).collect()
    }
}

/// The values of a pair's outer names.
pub(super) type Said<'a> = SmallVec<[Option<Cow<'a, str>>; 2]>;

fn replies(
    spec: &PairSpec,
    names: &mut Names,
    note: &mut dyn FnMut(String, &str, String),
) -> SmallVec<[ReplyTemplate; 1]> {
    let mut replies = SmallVec::new();
    if spec.reply.is_empty() || spec.reply.len() > MAX_REPLIES {
        let found = format!("{} templates", spec.reply.len());
        note("reply".to_owned(), &found, format!("1 to {MAX_REPLIES} templates"));
        return replies;
    }
    for reply in &spec.reply {
        match Template::new(&reply.template, names, true) {
            Ok(template) => replies.push(ReplyTemplate { template, outcome: reply.outcome }),
            Err(problem) => note("reply".to_owned(), &reply.template, problem),
        }
    }
    replies
}

/// The names that stand in the call template and in every reply template.
fn shared(call: &Template, replies: &[ReplyTemplate]) -> Vec<u8> {
    let everywhere = |name: &u8| replies.iter().all(|reply| reply.template.has(*name));
    let mut shared: Vec<u8> = call.names().filter(everywhere).collect();
    shared.sort_unstable();
    shared.dedup();
    shared
}

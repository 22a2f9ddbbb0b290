//! Which topics mean what: the compiled form of `[traffic]`.
//!
//! A topic is, in this order: our own (`system/{cluster}/#`), ignored, activity, security, or
//! it belongs to pairs: to the first whose call template matches, and to each whose reply
//! template does.

use super::filter::{Filter, covers};
use super::message::TRACEPARENT;
use super::template::{Captures, Composition, MAX_NAMES, Names, Template};
use crate::observer::call::PairId;
use smallvec::SmallVec;

/// `[traffic]` as it was written: templates and filters still in text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficSpec {
    /// The cluster, which names `system/{cluster}/#`.
    pub cluster: String,
    /// lookout's own id, which marks its direct answers.
    pub observer_id: String,
    /// Filters of topics to ignore.
    pub ignore: Vec<String>,
    /// Templates of activity topics.
    pub activity: Vec<String>,
    /// Templates of security topics.
    pub security: Vec<String>,
    /// The pairs; the first match in order wins.
    pub pairs: Vec<PairSpec>,
    /// Largest payload that is read, in bytes.
    pub max_payload: usize,
}

/// One `[[traffic.pair]]` as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairSpec {
    /// Its name.
    pub name: String,
    /// Template of the call topics.
    pub call: String,
    /// Template of the reply topics.
    pub reply: String,
    /// What composes the service's name, if not the capture `{service}`.
    pub service: Option<String>,
}

/// What is wrong with a template or filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, such as `traffic.pair[0].call`.
    pub key: String,
    /// What was found, as written.
    pub found: String,
    /// What is allowed, or what is wrong with it.
    pub problem: String,
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
    pub reply: Template,
    /// What composes the service's name, if a topic does.
    pub service: Option<Composition>,
    /// Names that make up the service's name; other levels are shown as `+`.
    pub naming: Vec<u8>,
    /// Whether every level of the call template names the service.
    pub all_naming: bool,
    /// Names whose values the two templates agree on.
    pub shared: Vec<u8>,
    /// The names with a meaning, where they occur.
    pub method: Option<u8>,
    /// See `method`.
    pub session: Option<u8>,
    /// See `method`.
    pub client: Option<u8>,
    /// See `method`.
    pub call_id: Option<u8>,
    /// Members of the call's body that the reply template asks for.
    pub members: Vec<(u8, String)>,
}

/// The pairs of a topic.
#[derive(Debug, Default)]
pub struct Place<'r, 't> {
    /// The first pair whose call template matches.
    pub call: Option<(&'r Pair, Captures<'t>)>,
    /// Every pair whose reply template matches.
    pub replies: SmallVec<[(&'r Pair, Captures<'t>); 1]>,
}

/// What a topic is.
#[derive(Debug)]
// Made and taken apart once per message, on the stack; a box would cost more than the size.
#[allow(clippy::large_enum_variant)]
pub enum Sorted<'r, 't> {
    /// Nothing that is looked at.
    Ignored,
    /// Activity on this channel.
    Activity(&'t str),
    /// A security event of this kind.
    Security(&'t str),
    /// Calls, replies, or both.
    Pairs(Place<'r, 't>),
}

/// The compiled traffic rules.
#[derive(Clone, Debug)]
pub struct Traffic {
    own: String,
    ignore: Vec<Filter>,
    activity: Vec<(Template, Option<u8>)>,
    security: Vec<(Template, Option<u8>)>,
    pairs: Vec<Pair>,
    /// Largest payload that is read, in bytes.
    pub max_payload: usize,
    /// lookout's own id, which marks its direct answers.
    pub observer_id: String,
}

impl Traffic {
    /// Compiles the templates; every mistake is reported, not only the first.
    pub fn new(spec: &TrafficSpec) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut filters = Vec::new();
        for (at, text) in spec.ignore.iter().enumerate() {
            match Filter::new(text) {
                Ok(filter) => filters.push(filter),
                Err(problem) => {
                    mistakes.push(mistake(format!("traffic.ignore[{at}]"), text, problem))
                }
            }
        }
        let mut templates = |list: &[String], key: &str, name: &str| {
            let mut compiled = Vec::new();
            for (at, text) in list.iter().enumerate() {
                let mut names = Names::default();
                match Template::new(text, &mut names, false) {
                    Ok(template) => compiled.push((template, names.get(name))),
                    Err(problem) => {
                        mistakes.push(mistake(format!("traffic.{key}[{at}]"), text, problem))
                    }
                }
            }
            compiled
        };
        let activity = templates(&spec.activity, "activity", "channel");
        let security = templates(&spec.security, "security", "kind");
        let mut pairs = Vec::new();
        for (at, pair) in spec.pairs.iter().enumerate() {
            match Pair::new(at, pair) {
                Ok(pair) => pairs.push(pair),
                Err(found) => mistakes.extend(found),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            own: format!("system/{}", spec.cluster),
            ignore: filters,
            activity,
            security,
            pairs,
            max_payload: spec.max_payload,
            observer_id: spec.observer_id.clone(),
        })
    }

    /// The pairs, in order.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// The MQTT filters to subscribe to. One that another covers is left out: a broker may
    /// deliver a message once for each filter it matches, and a call heard twice would look
    /// like an id in use twice.
    pub fn filters(&self) -> Vec<String> {
        let listed = self.activity.iter().chain(&self.security).map(|(template, _)| template);
        let paired = self.pairs.iter().flat_map(|pair| [&pair.call, &pair.reply]);
        let mut filters: Vec<String> = Vec::new();
        for template in paired.chain(listed) {
            let filter = template.filter();
            if !filters.iter().any(|known| covers(known, &filter)) {
                filters.retain(|known| !covers(&filter, known));
                filters.push(filter);
            }
        }
        filters
    }

    /// What a topic is.
    pub fn sort<'t>(&self, topic: &'t str) -> Sorted<'_, 't> {
        if self.is_own(topic) || self.ignore.iter().any(|filter| filter.matches(topic)) {
            return Sorted::Ignored;
        }
        if let Some(channel) = named(&self.activity, topic) {
            return Sorted::Activity(channel);
        }
        if let Some(kind) = named(&self.security, topic) {
            return Sorted::Security(kind);
        }
        let mut place = Place::default();
        for pair in &self.pairs {
            let mut values = [None; MAX_NAMES];
            if place.call.is_none() && pair.call.captures(topic, &mut values) {
                place.call = Some((pair, values));
            }
            let mut values = [None; MAX_NAMES];
            if pair.reply.captures(topic, &mut values) {
                place.replies.push((pair, values));
            }
        }
        if place.call.is_none() && place.replies.is_empty() {
            return Sorted::Ignored;
        }
        Sorted::Pairs(place)
    }

    /// Whether a reply on this topic would be heard and read as one.
    pub fn hears(&self, topic: &str) -> bool {
        matches!(self.sort(topic), Sorted::Pairs(_))
    }

    /// Whether anything is read from user properties of this name.
    pub fn reads_property(&self, name: &str) -> bool {
        name == TRACEPARENT
    }

    fn is_own(&self, topic: &str) -> bool {
        let rest = topic.strip_prefix(self.own.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn mistake(key: String, found: &str, problem: String) -> Mistake {
    Mistake { key, found: found.to_owned(), problem }
}

fn named<'t>(templates: &[(Template, Option<u8>)], topic: &'t str) -> Option<&'t str> {
    templates.iter().find_map(|(template, name)| {
        let mut values = [None; MAX_NAMES];
        let matched = template.captures(topic, &mut values);
        matched.then(|| name.and_then(|name| values[usize::from(name)]).unwrap_or(topic))
    })
}

impl Pair {
    fn new(at: usize, spec: &PairSpec) -> Result<Self, Vec<Mistake>> {
        let key = |member: &str| format!("traffic.pair[{at}].{member}");
        let mut mistakes = Vec::new();
        let mut note = |member: &str, found: &str, problem| {
            mistakes.push(mistake(key(member), found, problem));
        };
        let mut names = Names::default();
        let call = Template::new(&spec.call, &mut names, false);
        let call = call.map_err(|problem| note("call", &spec.call, problem)).ok();
        let called = names.clone();
        let reply = Template::new(&spec.reply, &mut names, true);
        let reply = reply.map_err(|problem| note("reply", &spec.reply, problem)).ok();
        let service = match &spec.service {
            Some(text) => Composition::new(text, &called)
                .map_err(|problem| note("service", text, problem))
                .ok(),
            None if called.get("service").is_some() => Composition::new("{service}", &called).ok(),
            None => None,
        };
        let Ok(id) = u16::try_from(at) else {
            note("name", &spec.name, "at most 65536 pairs are allowed".into());
            return Err(mistakes);
        };
        let (Some(call), Some(reply), true) = (call, reply, mistakes.is_empty()) else {
            return Err(mistakes);
        };
        let naming: Vec<u8> = service.iter().flat_map(Composition::names).collect();
        let all_naming = call.names().all(|name| naming.contains(&name));
        let mut shared: Vec<u8> = reply.names().filter(|name| call.has(*name)).collect();
        shared.sort_unstable();
        shared.dedup();
        let members = names.body_members().map(|(at, member)| (at, member.to_owned())).collect();
        Ok(Self {
            id: PairId(id),
            name: spec.name.clone(),
            service,
            naming,
            all_naming,
            shared,
            method: called.get("method"),
            session: names.get("session"),
            client: called.get("client"),
            call_id: names.get("call"),
            members,
            call,
            reply,
        })
    }
}

//! Which topics mean what: the compiled form of `[traffic]`.
//!
//! A topic is, in this order: our own (`system/{cluster}/#`), ignored, activity, security, or
//! it belongs to pairs: to the first whose call template matches, and to each whose reply
//! template does.

use super::encoding::Encoding;
use super::filter::{Filter, covers};
use super::message::TRACEPARENT;
use super::outcome::Ruling;
use super::pair::{Outer, Pair, PairSpec};
use super::security;
use super::source::Members;
use super::template::{Captures, MAX_NAMES, Names, Template};
use super::who::{Sources, WhoSpec};
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
    /// Where calls say who makes them, if there is a security watch.
    pub who: Option<WhoSpec>,
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

/// The pairs of a topic.
#[derive(Debug, Default)]
pub struct Place<'r, 't> {
    /// The first pair whose call template matches.
    pub call: Option<(&'r Pair, Captures<'t>)>,
    /// Every pair one of whose reply templates matches.
    pub replies: SmallVec<[Replied<'r, 't>; 1]>,
}

/// A pair whose replies come on a topic.
#[derive(Debug)]
pub struct Replied<'r, 't> {
    /// The pair.
    pub pair: &'r Pair,
    /// The values of its names.
    pub values: Captures<'t>,
    /// What the template says of its replies.
    pub outcome: Option<Ruling>,
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
    /// A security event.
    Security(security::Place<'t>),
    /// Calls, replies, or both.
    Pairs(Place<'r, 't>),
}

/// The compiled traffic rules.
#[derive(Clone, Debug)]
pub struct Traffic {
    own: String,
    ignore: Vec<Filter>,
    activity: Vec<(Template, Option<u8>)>,
    security: Vec<(Template, Option<u8>, Option<u8>)>,
    /// Who makes calls, if there is a security watch.
    pub(super) who: Option<Sources>,
    pairs: Vec<Pair>,
    members: Members,
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
                    Ok(template) => {
                        compiled.push((template, names.get(name), names.get("service")));
                    }
                    Err(problem) => {
                        mistakes.push(mistake(format!("traffic.{key}[{at}]"), text, problem))
                    }
                }
            }
            compiled
        };
        let activity = templates(&spec.activity, "activity", "channel");
        let activity = activity.into_iter().map(|(it, channel, _)| (it, channel)).collect();
        let security = templates(&spec.security, "security", "kind");
        let mut pairs = Vec::new();
        let mut members = Members::default();
        for (at, pair) in spec.pairs.iter().enumerate() {
            match Pair::new(at, pair, &mut members) {
                Ok(pair) => pairs.push(pair),
                Err(found) => mistakes.extend(found),
            }
        }
        let who = spec.who.as_ref().map(|who| Sources::new(who, &mut members, &mut mistakes));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            who,
            own: format!("system/{}", spec.cluster),
            ignore: filters,
            activity,
            security,
            pairs,
            members,
            max_payload: spec.max_payload,
            observer_id: spec.observer_id.clone(),
        })
    }

    /// The pairs, in order.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Members of a body that some pair reads beside those of every envelope.
    pub fn members(&self) -> &[String] {
        self.members.names()
    }

    /// The MQTT filters to subscribe to. One that another covers is left out: a broker may
    /// deliver a message once for each filter it matches, and a call heard twice would look
    /// like an id in use twice.
    pub fn filters(&self) -> Vec<String> {
        let activity = self.activity.iter().map(|(template, _)| template);
        let listed = activity.chain(self.security.iter().map(|(template, ..)| template));
        let paired = self.pairs.iter().flat_map(|pair| {
            std::iter::once(&pair.call).chain(pair.replies.iter().map(|reply| &reply.template))
        });
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
        let mut security = self.security.iter();
        let place = security
            .find_map(|(it, kind, service)| security::Place::new(topic, it, *kind, *service));
        if let Some(place) = place {
            return Sorted::Security(place);
        }
        let mut place = Place::default();
        for pair in &self.pairs {
            let mut values = [None; MAX_NAMES];
            if place.call.is_none() && pair.call.captures(topic, &mut values) {
                place.call = Some((pair, values));
            }
            for reply in &pair.replies {
                let mut values = [None; MAX_NAMES];
                if reply.template.captures(topic, &mut values) {
                    place.replies.push(Replied { pair, values, outcome: reply.outcome });
                    break;
                }
            }
        }
        if place.call.is_none() && place.replies.is_empty() {
            return Sorted::Ignored;
        }
        Sorted::Pairs(place)
    }

    /// The session whose replies come on this topic.
    pub fn session<'t>(&self, topic: &'t str) -> Option<&'t str> {
        let Sorted::Pairs(place) = self.sort(topic) else { return None };
        place.replies.iter().find_map(|it| it.values[usize::from(it.pair.session?)])
    }

    /// Whether a reply on this topic would be heard and read as one.
    pub fn hears(&self, topic: &str) -> bool {
        matches!(self.sort(topic), Sorted::Pairs(_))
    }

    /// A pair whose payloads are read, but cannot be redacted, if there is one.
    pub fn unredactable(&self) -> Option<&str> {
        let binary = |pair: &&Pair| {
            let encoding = pair.dialect.as_deref().map(|dialect| dialect.encoding);
            matches!(encoding, Some(Encoding::Cbor | Encoding::MessagePack))
        };
        self.pairs.iter().find(binary).map(|pair| pair.name.as_str())
    }

    /// Whether anything is read from user properties of this name.
    pub fn reads_property(&self, name: &str) -> bool {
        let asks = |pair: &Pair| {
            let dialect = pair.dialect.iter().flat_map(|dialect| dialect.properties());
            let outer = pair.outer.iter().filter_map(|(_, outer)| match outer {
                Outer::Property(name) => Some(&**name),
                Outer::Body(_) => None,
            });
            dialect.chain(outer).any(|asked| asked == name)
        };
        name == TRACEPARENT || self.pairs.iter().any(asks)
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

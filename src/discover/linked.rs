//! Messages that share an id: the first asks, the later one answers.
//!
//! Values are compared whatever they are called. Two messages that hold the same one within half a
//! minute are linked; links between topics of one shape, from one place to another, make a group.
//! In a group each reply has one call: the one whose body names the reply's topic, or whose topic
//! the reply's is made of, else the oldest. Then it is asked whether this is a conversation or a
//! coincidence (`is_conversation`).

use super::draft::Draft;
use super::places::{Place, places};
use super::tape::{Heard, Tape};
use super::templates::{Example, Joint, fits, joint};
use super::words::{is_call_topic, is_reply_topic, outcome_path};
use crate::observer::Span;
use serde_json::Value;
use siphasher::sip::SipHasher13;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

/// A reply comes at most so long after its call.
const WITHIN: Span = Span::from_secs(30);
/// Messages with one value that are remembered.
const PER_VALUE: usize = 8;
/// Links of a group, and groups, that are looked at.
const LINKS: usize = 10_000;
const GROUPS: usize = 20_000;
/// Least replies of a conversation.
const REPLIES: usize = 3;

/// Topics of one shape: how many levels, and the first of them.
type Shape<'t> = (usize, &'t str);

fn shape(topic: &str) -> Shape<'_> {
    (topic.split('/').count(), topic.split('/').next().unwrap_or_default())
}

/// Where a group's ids stand: shapes of call and reply, and the numbers of the places in each.
type Key<'t> = (Shape<'t>, Shape<'t>, (u32, u32));

/// Calls with replies that may be theirs.
#[derive(Default)]
struct Group {
    /// Reply and call, in the order of replies.
    links: Vec<(usize, usize)>,
}

/// Pairs made of messages that share ids, the likeliest first.
pub(super) fn drafts(tape: &Tape, messages: &[usize]) -> Vec<Draft> {
    let (mut groups, known) = link(tape, messages);
    join_first_levels(tape, &mut groups);
    let mut found: Vec<(usize, Draft)> = Vec::new();
    for ((_, _, (asked, told)), group) in &groups {
        let (Some(asked), Some(told)) = (known.get(*asked), known.get(*told)) else { continue };
        let places = &(asked.clone(), told.clone());
        let pairs = group.pairs(tape);
        if is_conversation(tape, group, &pairs)
            && is_id(tape, &places.0, &pairs)
            && let Some(joint) = templates(tape, places, &pairs)
            && takes_most(tape, messages, &joint, places, &pairs)
        {
            found.push((pairs.len(), draft(tape, places, &pairs, joint)));
        }
    }
    found.sort_by_key(|(replies, _)| std::cmp::Reverse(*replies));
    found.into_iter().map(|(_, draft)| draft).collect()
}

/// Whether a level of the topic holds an id and not a name that many calls have. In a body small
/// numbers are ids all the same, as each caller counts for itself.
fn is_id(tape: &Tape, place: &Place, pairs: &[(usize, usize)]) -> bool {
    let Place::Level(at) = place else { return true };
    let level = |(call, _): &(usize, usize)| tape.get(*call)?.topic().split('/').nth(*at);
    let values: BTreeSet<_> = pairs.iter().filter_map(level).collect();
    values.len() * 10 >= pairs.len() * 6
}

/// Whether most of the messages that a pair would hear take part in its conversation.
fn takes_most(
    tape: &Tape,
    messages: &[usize],
    joint: &Joint,
    (asked, told): &(Place, Place),
    pairs: &[(usize, usize)],
) -> bool {
    let (mut calls, mut replies) = (0, 0);
    // Only so many links are looked at, so what came after the last of them is none of theirs.
    let last = pairs.iter().map(|(_, reply)| *reply).max().unwrap_or_default();
    let seen = messages.iter().take_while(|at| **at <= last);
    for heard in seen.filter_map(|at| tape.get(*at)) {
        let holds = |wanted: &Place| places(heard).iter().any(|(place, _)| place == wanted);
        let (call, reply) = (fits(&joint.call, heard.topic()), fits(&joint.reply, heard.topic()));
        // On one topic the two directions are told apart by their bodies.
        let both = call && reply;
        calls += usize::from(call && holds(asked) && (!both || asks(heard)));
        replies += usize::from(reply && holds(told) && (!both || !asks(heard)));
    }
    pairs.len() * 10 >= calls * 6 && pairs.len() * 10 >= replies * 6
}

fn asks(heard: &Heard) -> bool {
    body(heard).is_some_and(super::words::asks)
}

fn answers(heard: &Heard) -> bool {
    body(heard).is_some_and(|body| outcome_path(body).is_some())
}

fn body(heard: &Heard) -> Option<&Value> {
    heard.body.as_ref().map(|(_, body)| body)
}

/// Places by number, so that links need not name them.
#[derive(Default)]
struct Places {
    numbers: BTreeMap<Place, u32>,
    all: Vec<Place>,
}

impl Places {
    /// The number of a place.
    fn number(&mut self, place: Place) -> u32 {
        if let Some(number) = self.numbers.get(&place) {
            return *number;
        }
        // A tape holds fewer messages than fit, and each has few places.
        let number = self.all.len() as u32;
        self.all.push(place.clone());
        self.numbers.insert(place, number);
        number
    }

    fn get(&self, number: u32) -> Option<&Place> {
        self.all.get(number as usize)
    }
}

/// A digest of a value, by which it is found again; the values themselves would be too many.
fn digest(value: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(value.as_bytes());
    hasher.finish()
}

fn link<'t>(tape: &'t Tape, messages: &[usize]) -> (BTreeMap<Key<'t>, Group>, Places) {
    let mut groups: BTreeMap<Key<'t>, Group> = BTreeMap::new();
    let mut known = Places::default();
    let mut recent: BTreeMap<u64, SmallVec<[(u32, u32); 2]>> = BTreeMap::new();
    for at in messages {
        let Some(reply) = tape.get(*at) else { continue };
        for (place, value) in places(reply) {
            let in_body = matches!(place, Place::Body(_));
            let place = known.number(place);
            let same_value = recent.entry(digest(&value)).or_default();
            for (before, from) in same_value.iter() {
                let (before, from) = (*before as usize, *from);
                let Some(call) = tape.get(before) else { continue };
                let late = reply.at.since(call.at) > WITHIN || before == *at;
                // An id in the topic is no id in the body, and one topic needs two kinds of bodies.
                let alike = matches!(known.get(from), Some(Place::Body(_))) == in_body;
                let one_topic = call.topic() == reply.topic();
                let other = !one_topic || asks(call) && answers(reply) && !asks(reply);
                let key = (shape(call.topic()), shape(reply.topic()), (from, place));
                let room = groups.len() < GROUPS || groups.contains_key(&key);
                if late || !alike || !other || !room {
                    continue;
                }
                let group = groups.entry(key).or_default();
                if group.links.len() < LINKS {
                    group.links.push((*at, before));
                }
            }
            same_value.push((*at as u32, place));
            if same_value.len() > PER_VALUE {
                same_value.remove(0);
            }
        }
    }
    (groups, known)
}

/// What groups have in common that differ in the first levels of their topics only: how many levels
/// calls and replies have, what follows the first, and where the ids stand.
type Alike<'t> = (usize, usize, &'t str, &'t str, (u32, u32));

/// Where groups differ in the first levels of their topics only, the first level varies: their
/// links make one group more, whose shapes have no first level.
fn join_first_levels<'t>(tape: &'t Tape, groups: &mut BTreeMap<Key<'t>, Group>) {
    let mut joined: BTreeMap<Alike<'t>, Vec<Key<'t>>> = BTreeMap::new();
    for (key, group) in groups.iter() {
        let Some((reply, call)) = group.links.first() else { continue };
        let (Some(call), Some(reply)) = (tape.get(*call), tape.get(*reply)) else { continue };
        let rest = |topic: &'t str| topic.split_once('/').map_or("", |(_, rest)| rest);
        let (asked, told) = (rest(call.topic()), rest(reply.topic()));
        if key.0.0 > 1 && !asked.is_empty() {
            let like = (key.0.0, key.1.0, asked, told, key.2);
            joined.entry(like).or_default().push(*key);
        }
    }
    for ((calls, replies, _, _, places), keys) in joined {
        if keys.len() < 2 {
            continue;
        }
        let mut links: Vec<_> =
            keys.iter().filter_map(|key| groups.get(key)).flat_map(|it| it.links.clone()).collect();
        links.sort_unstable();
        links.truncate(LINKS);
        groups.insert(((calls, ""), (replies, ""), places), Group { links });
    }
}

/// Whether the reply's topic follows from the call: named in its body, or made of its topic.
fn follows(call: &Heard, reply: &Heard) -> bool {
    let named = body(call).and_then(Value::as_object).is_some_and(|members| {
        members.values().filter_map(Value::as_str).any(|text| {
            text.len() > 1
                && (text == reply.topic() || reply.topic().split('/').any(|it| it == text))
        })
    });
    let mut levels = reply.topic().split('/');
    named
        || call.topic() != reply.topic()
            && call.topic().split('/').all(|level| {
                super::words::is_call_level(level) || levels.any(|other| other == level)
            })
}

impl Group {
    /// Each reply with its one call.
    fn pairs(&self, tape: &Tape) -> Vec<(usize, usize)> {
        let mut candidates: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        self.links
            .iter()
            .for_each(|(reply, call)| candidates.entry(*reply).or_default().push(*call));
        let mut used = BTreeSet::new();
        let mut pairs = Vec::new();
        for (reply, calls) in candidates {
            let free = calls.iter().filter(|call| !used.contains(*call));
            let best = free.max_by_key(|call| {
                let likely = match (tape.get(**call), tape.get(reply)) {
                    (Some(call), Some(reply)) => follows(call, reply),
                    _ => false,
                };
                (likely, std::cmp::Reverse(**call))
            });
            if let Some(call) = best {
                used.insert(*call);
                pairs.push((*call, reply));
            }
        }
        pairs
    }

    /// The share of replies that only one call could have.
    fn selective(&self) -> f64 {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        self.links.iter().for_each(|(reply, _)| *counts.entry(*reply).or_default() += 1);
        let single = counts.values().filter(|count| **count == 1).count();
        single as f64 / counts.len().max(1) as f64
    }
}

/// Whether linked messages are calls and replies, and not things that happen to share values:
/// both look like what they would be, and each id links one message to one other, or the reply's topic follows from the call. A topic that is the call's
/// with a word for replies behind it says all of that by itself.
fn is_conversation(tape: &Tape, group: &Group, pairs: &[(usize, usize)]) -> bool {
    if pairs.len() < REPLIES {
        return false;
    }
    let count = |test: fn(&Heard, &Heard) -> bool| {
        let both = pairs.iter().filter_map(|(call, reply)| tape.get(*call).zip(tape.get(*reply)));
        both.filter(|(call, reply)| test(call, reply)).count()
    };
    let nearly = |count: usize| count * 10 >= pairs.len() * 9;
    let asked = nearly(count(|call, _| asks(call) || is_call_topic(call.topic())));
    let told = nearly(count(|_, reply| answers(reply) || is_reply_topic(reply.topic())));
    let related = nearly(count(follows));
    let extends = nearly(count(|call, reply| {
        let rest = reply.topic().strip_prefix(call.topic()).and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(is_reply_topic)
    }));
    // Events of one chain share ids too: without a word for it in a topic, bodies have to be clear.
    let sure = nearly(count(|call, reply| {
        let bodies = body(call).zip(body(reply));
        is_call_topic(call.topic())
            || is_reply_topic(reply.topic())
            || bodies.is_some_and(|(call, reply)| super::words::are_sure(call, reply))
    }));
    told && (extends || asked && (related || sure && group.selective() >= 0.9))
}

fn heard<'t>(tape: &'t Tape, at: impl Iterator<Item = &'t usize>) -> Vec<&'t Heard> {
    at.filter_map(|at| tape.get(*at)).collect()
}

fn templates(tape: &Tape, at: &(Place, Place), pairs: &[(usize, usize)]) -> Option<Joint> {
    let both = pairs.iter().filter_map(|(call, reply)| tape.get(*call).zip(tape.get(*reply)));
    let examples: Vec<Example<'_>> = both
        .map(|(call, reply)| Example { call: call.topic(), reply: reply.topic(), body: body(call) })
        .collect();
    let id = match at {
        (Place::Level(call), Place::Level(reply)) => Some((*call, *reply)),
        _ => None,
    };
    joint(&examples, id)
}

fn draft(tape: &Tape, at: &(Place, Place), pairs: &[(usize, usize)], joint: Joint) -> Draft {
    let calls = heard(tape, pairs.iter().map(|(call, _)| call));
    let replies = heard(tape, pairs.iter().map(|(_, reply)| reply));
    let place = |place: &Place| match place {
        Place::Body(path) => format!("`{path}` in the body"),
        Place::Level(at) => format!("level {} of the topic", at + 1),
    };
    let evidence = vec![format!(
        "{} messages share an id with an earlier one: {} of the call, {} of the reply.",
        pairs.len(),
        place(&at.0),
        place(&at.1)
    )];
    Draft::linked(joint, at, &calls, &replies, evidence)
}

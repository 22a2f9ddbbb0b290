//! Replies: what they say, and the keys of the call they may belong to.

use super::calls::{agreement, id_key};
use super::dialect::Dialect;
use super::encoding::Encoding;
use super::envelope::Envelope;
use super::error::Reading;
use super::marks;
use super::read::{Context, Element, Sink, home};
use super::traffic::Replied;
use crate::observer::call::{Answer, Malformed};
use crate::observer::digest::{Digest, Kind};
use crate::observer::input::{self, Direction, Input, Reply, Stray};
use smallvec::SmallVec;

/// Ids of a reply: in the body, Correlation Data, in the topic.
type Ids = SmallVec<[Digest; 3]>;

/// Reads an element as a reply and hands it on. `stray` is what it is on this topic if no call
/// waits for it.
pub(super) fn read(
    context: Context<'_>,
    element: &Element<'_, '_, '_>,
    stray: Option<Stray>,
    sink: Sink<'_>,
) {
    let (message, place) = (element.message, element.place);
    let own = &context.traffic.observer_id;
    let topic_id = place.replies.first().and_then(|reply| topic_id(reply));
    let other_id = message.properties.correlation_data.is_some() || topic_id.is_some();
    let mut strict = match element.envelope.and_then(|envelope| answer(envelope, own, other_id)) {
        Ok(Reading::Own) => return sink(Input::Ignored),
        Ok(Reading::Answer(answer)) => Ok(answer),
        Err(kind) => Err(kind),
    };
    let body = element.envelope.ok().and_then(|envelope| envelope.id().ok().flatten());
    let ids = context.ids(element, body.map(|id| id_key(context.key, &id)), topic_id);
    let topic = context.topic(message.topic);
    let mut keys: SmallVec<[Digest; 4]> = SmallVec::new();
    let mut dialect = None;
    // What a dialect adds to a key makes it sharper, so such keys come before the plain ones.
    for reply in &place.replies {
        if let Some(own) = reply.pair.dialect.as_deref() {
            let said: &mut Box<input::Dialect> = dialect.get_or_insert_default();
            let bases = [topic, agreement(context.key, reply.pair, &reply.values)];
            let Some(reading) = context.reading(element, reply, own, bases, said, &mut keys) else {
                return sink(Input::Ignored);
            };
            said.readings.push(reading);
        }
    }
    keys.extend(ids.iter().map(|id| topic.with(*id)));
    for reply in place.replies.iter().filter(|reply| reply.pair.dialect.is_none()) {
        let agreed = agreement(context.key, reply.pair, &reply.values);
        keys.extend(ids.iter().map(|id| agreed.with(*id)));
    }
    keys.push(topic);
    // What it is to the first pair decides what it is if no call waits for it.
    if let (Some(first), Some(dialect)) = (place.replies.first(), &dialect)
        && let Some(reading) = dialect.readings.iter().find(|it| it.pair == first.pair.id)
    {
        strict = reading.strict;
    }
    let unread = strict.err().map_or(Stray::Unmatched, Stray::Malformed);
    let stray = stray.unwrap_or(unread);
    let named = message.properties.correlation_data.is_some() && dialect.is_some();
    let hold = !place.replies.is_empty() && (stray != Stray::Ignored || named);
    let (pair, direction) = match place.replies.first() {
        Some(reply) if place.call.is_none() => (reply.pair.id, Direction::Reply),
        _ => home(place),
    };
    sink(Input::Reply(Reply {
        pair,
        direction,
        topic: message.topic,
        keys,
        strict,
        lenient: element.envelope.map_or(Answer::Result, Envelope::lenient_answer),
        stray,
        hold,
        dialect,
        bytes: u32::try_from(message.payload.len()).unwrap_or(u32::MAX),
    }));
}

/// The id that a reply topic holds.
fn topic_id<'t>(reply: &Replied<'_, 't>) -> Option<&'t str> {
    reply.pair.call_id.and_then(|at| reply.values[usize::from(at)]).filter(|id| !id.is_empty())
}

impl Context<'_> {
    fn ids(self, element: &Element<'_, '_, '_>, body: Option<Digest>, topic: Option<&str>) -> Ids {
        let bytes = |bytes: &[u8]| self.key.digest(Kind::BytesId, bytes);
        let mut ids = Ids::new();
        ids.extend(body);
        ids.extend(element.message.properties.correlation_data.map(bytes));
        ids.extend(topic.map(|id| bytes(id.as_bytes())));
        ids
    }

    /// What a reply says to the calls of a pair with a dialect, and the keys of those under each of
    /// the `bases`; `None` if it is lookout's own answer.
    #[inline(never)]
    fn reading<'a>(
        self,
        element: &Element<'_, '_, 'a>,
        reply: &Replied<'_, 'a>,
        dialect: &Dialect,
        bases: [Digest; 2],
        said: &mut input::Dialect,
        keys: &mut SmallVec<[Digest; 4]>,
    ) -> Option<input::Reading> {
        let message = element.message;
        let envelope = element.envelope.ok();
        let id = envelope.map_or(Ok(None), |envelope| dialect.id(envelope));
        let body = id.as_ref().ok().and_then(Option::as_ref).map(|id| id_key(self.key, id));
        let ids = self.ids(element, body, topic_id(reply));
        let side = dialect.side(message);
        let source = dialect.replied_by.as_ref();
        let service = source.and_then(|from| from.value(message, envelope, &reply.values));
        let none = marks::no_id(self.key);
        for base in bases {
            let mut mark = |id: Digest| {
                let key = (self.key, dialect);
                let plain = base.with(id);
                said.unsure |= marks::of_reply(key, side, service.as_deref(), plain, keys);
            };
            ids.iter().for_each(|id| mark(*id));
            if dialect.oldest && ids.is_empty() {
                mark(none);
            }
        }
        let ruled = dialect.ruling(message, envelope, &reply.values, reply.outcome);
        let strict = match (ruled, element.envelope) {
            (Some(answer), _) => Ok(answer),
            // What is not read is no answer of a wrong form.
            (None, Err(Malformed::NotDecoded)) if dialect.encoding == Encoding::Opaque => {
                Ok(Answer::Result)
            }
            (None, Err(kind)) => Err(kind),
            (None, Ok(envelope)) => {
                let read = envelope.check().and(id.map(drop));
                let known = !ids.is_empty() || dialect.oldest;
                let read = read.and(if known { Ok(()) } else { Err(Malformed::BadId) });
                match read.and_then(|()| dialect.answer(envelope, &self.traffic.observer_id)) {
                    Ok(Reading::Own) => return None,
                    Ok(Reading::Answer(answer)) => Ok(answer),
                    Err(kind) => Err(kind),
                }
            }
        };
        let lenient = || envelope.map_or(Answer::Result, |it| dialect.lenient_answer(it));
        let lenient = ruled.unwrap_or_else(lenient);
        Some(input::Reading { pair: reply.pair.id, strict, lenient })
    }
}

/// What it says as a JSON-RPC response, or the first thing that is wrong with it.
fn answer(envelope: &Envelope<'_>, own: &str, other_id: bool) -> Result<Reading, Malformed> {
    envelope.check()?;
    envelope.id()?;
    if !envelope.has_id() && !other_id {
        return Err(Malformed::BadId);
    }
    envelope.answer(own)
}

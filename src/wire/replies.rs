//! Replies: what they say, and the keys of the call they may belong to.

use super::calls::{agreement, id_key};
use super::envelope::{Envelope, Reading};
use super::read::{Context, Element, Sink, home};
use crate::observer::call::{Answer, Malformed};
use crate::observer::digest::{Digest, Kind};
use crate::observer::input::{Direction, Input, Reply, Stray};
use smallvec::SmallVec;

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
    let topic_id = place.replies.first().and_then(|(pair, values)| {
        pair.call_id.filter(|at| pair.reply.has(*at)).and_then(|at| values[usize::from(at)])
    });
    let other_id = message.properties.correlation_data.is_some() || topic_id.is_some();
    let strict = match element.envelope.and_then(|envelope| answer(envelope, own, other_id)) {
        Ok(Reading::Own) => return sink(Input::Ignored),
        Ok(Reading::Answer(answer)) => Ok(answer),
        Err(kind) => Err(kind),
    };
    let mut ids: SmallVec<[Digest; 3]> = SmallVec::new();
    let body = element.envelope.ok().and_then(|envelope| envelope.id().ok().flatten());
    ids.extend(body.map(|id| id_key(context.key, &id)));
    let bytes = |bytes: &[u8]| context.key.digest(Kind::BytesId, bytes);
    ids.extend(message.properties.correlation_data.map(bytes));
    ids.extend(topic_id.map(|id| bytes(id.as_bytes())));
    let topic = context.topic(message.topic);
    let mut keys: SmallVec<[Digest; 4]> = ids.iter().map(|id| topic.with(*id)).collect();
    for (pair, values) in &place.replies {
        let agreed = agreement(context.key, pair, values);
        keys.extend(ids.iter().map(|id| agreed.with(*id)));
    }
    keys.push(topic);
    let unread = strict.err().map_or(Stray::Unmatched, Stray::Malformed);
    let stray = stray.unwrap_or(unread);
    let hold = !place.replies.is_empty() && stray != Stray::Ignored;
    let (pair, direction) = match place.replies.first() {
        Some((pair, _)) if place.call.is_none() => (pair.id, Direction::Reply),
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
    }));
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

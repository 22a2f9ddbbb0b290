//! Whose a message is: the callers of the calls in it, or those that a reply is for.

use super::message::Message;
use super::read::Reader;
use crate::observer::Input;
use crate::observer::digest::Digest;
use crate::observer::input::CallKind;
use smallvec::SmallVec;

/// Whose a call or a reply is, as far as that is known.
#[derive(Debug)]
pub struct About<'a> {
    /// Whether it is a call.
    pub is_call: bool,
    /// The user of a call.
    pub user: Option<&'a str>,
    /// The caller: of a call as the observer knows it, of a reply its session as a caller.
    pub caller: Option<Digest>,
    /// What ties a call to its replies.
    pub keys: SmallVec<[Digest; 4]>,
}

/// Hands on whose each call or reply in a message is.
pub fn about(reader: &mut Reader, message: &Message<'_>, mut hand: impl FnMut(&About<'_>)) {
    let session = reader.caller(message.topic);
    reader.read(message, &mut |input| match input {
        Input::Call(call) => {
            let keys = match call.kind {
                CallKind::TwoWay { keys: (one, other), .. } => [Some(one), other],
                _ => [None, None],
            };
            let keys = keys.into_iter().flatten().collect();
            let user = call.who.and_then(|who| who.user).map(|user| user.text);
            hand(&About { is_call: true, user, caller: call.caller, keys });
        }
        Input::Reply(reply) => {
            let keys = reply.keys.iter().copied().collect();
            hand(&About { is_call: false, user: None, caller: session, keys });
        }
        _ => {}
    });
}

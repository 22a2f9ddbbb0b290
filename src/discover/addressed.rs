//! Calls that carry a Response Topic: it says where the reply goes, so nothing has to be guessed but
//! what varies in the topics.

use super::draft::Draft;
use super::tape::Tape;
use super::templates::{Example, fits, joint};
use std::collections::BTreeMap;

/// Examples of a group that are looked at.
const MOST: usize = 2_000;

/// Pairs made of the addressed calls among these messages, those with the most calls first.
pub(super) fn drafts(tape: &Tape, messages: &[usize]) -> Vec<Draft> {
    let mut groups: BTreeMap<(usize, &str, usize), Vec<Example<'_>>> = BTreeMap::new();
    for heard in messages.iter().filter_map(|at| tape.get(*at)) {
        let Some(reply) = heard.response_topic() else {
            continue;
        };
        let call = heard.topic();
        let first = call.split('/').next().unwrap_or_default();
        let key = (call.split('/').count(), first, reply.split('/').count());
        let group = groups.entry(key).or_default();
        if group.len() < MOST {
            group.push(Example { call, reply, body: None });
        }
    }
    let joints = groups.into_values().filter_map(|it| Some((it.len(), joint(&it, None)?)));
    let mut joints: Vec<_> = joints.collect();
    joints.sort_by_key(|(calls, _)| std::cmp::Reverse(*calls));
    let mut drafts: Vec<Draft> = Vec::new();
    for (_, joint) in joints {
        // The same calls may be answered on topics of several lengths.
        match drafts.iter_mut().find(|known| fits(&known.call, &joint.call)) {
            Some(known) => known.replies.push(joint.reply),
            None => {
                let evidence = vec!["Calls carry a Response Topic (MQTT 5).".to_owned()];
                drafts.push(Draft::addressed(joint, evidence));
            }
        }
    }
    drafts
}

//! What the loop does about attacks: it asks whether somebody else speaks where lookout does, and hands on what
//! is to be done or undone.

use super::Corridor;
use crate::app::witness::{Word, at_once};
use crate::mqtt::Heard;
use crate::observer::attack::Response;
use crate::observer::measure::{Measure, Stage};
use crate::security::sign::{Foreign, Sign};
use crate::wire::Document;
use std::sync::Arc;

impl<S: FnMut(&Document)> Corridor<S> {
    /// Something was heard where lookout speaks: did somebody else say it?
    pub(super) fn overheard(&mut self, heard: &Heard) {
        let Some(echoes) = &mut self.echoes else { return };
        let Some(kind) = echoes.foreign(heard) else { return };
        let topic = String::from_utf8_lossy(&heard.topic);
        let (of, kind) = (echoes.whose(), kind.as_deref());
        let foreign = Foreign { of, topic: &topic, kind };
        self.pipeline.tell_sign(self.now, Sign::Foreign(foreign));
    }

    /// Hands a measure on that is to be done or undone now.
    pub(super) fn measure(&mut self, measure: &Arc<Measure>) {
        let undo = measure.stage == Stage::Undoing;
        if measure.dry_run || !(undo || measure.stage == Stage::Started) {
            return;
        }
        let own = match measure.response {
            Response::PreserveEvidence => self.witness.as_mut().and_then(|witness| {
                if undo {
                    witness.end(self.now, measure.id)
                } else {
                    Some(witness.begin(self.now, measure))
                }
            }),
            // The pipeline did it.
            Response::IncreaseMonitoring => {
                let said = if undo {
                    "thresholds are as usual"
                } else {
                    "half of each threshold is enough"
                };
                Some(at_once(said))
            }
            _ => None,
        };
        self.measures.push((measure.clone(), own));
    }

    /// Measures that are to be done or undone now.
    pub(in crate::app) fn measures(&mut self) -> std::vec::Drain<'_, (Arc<Measure>, Option<Word>)> {
        self.measures.drain(..)
    }
}

//! What is done about attacks, and what was done lately.

use crate::observer::Snapshot;
use crate::observer::event::{Event, What};
use crate::observer::incident::IncidentId;
use crate::observer::measure::{Measure, MeasureId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Measures that are kept; the oldest that is over goes first.
const KEPT: usize = 1_000;

/// Measures, in force and past.
#[derive(Debug, Default)]
pub struct Measures(BTreeMap<MeasureId, Arc<Measure>>);

impl Measures {
    /// Takes what was said.
    pub fn hear(&mut self, event: &Event) {
        let What::Measure(measure) = &event.what else { return };
        self.0.insert(measure.id, measure.clone());
        self.make_room();
    }

    /// Takes what is in force: some of it may be of an earlier run.
    pub fn take(&mut self, snapshot: &Snapshot) {
        for measure in &snapshot.measures {
            self.0.entry(measure.id).or_insert_with(|| measure.clone());
        }
        self.make_room();
    }

    /// All of them, the latest first.
    pub fn latest(&self) -> impl Iterator<Item = &Measure> {
        self.0.values().rev().map(|it| &**it)
    }

    /// Those of an incident, in the order in which they were decided; those of one moment as responses are listed.
    pub fn of(&self, incident: IncidentId) -> Vec<&Measure> {
        let all = self.0.values().map(|it| &**it).filter(|it| it.incident == incident);
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|it| (it.began, it.response));
        all
    }

    fn make_room(&mut self) {
        while self.0.len() > KEPT {
            let over = self.0.values().find(|it| !it.stage.is_in_force());
            let Some(id) = over.or_else(|| self.0.values().next()).map(|it| it.id) else { return };
            self.0.remove(&id);
        }
    }
}

//! Incidents and their stories: what happened from the first sign to the end.
//!
//! Which incidents are open is what the snapshot says; what happened in them is what was said under
//! their id. One that is taken up from an earlier run begins with what the broker kept of it.

use super::story::{self, Line};
use crate::observer::attack;
use crate::observer::component::Condition;
use crate::observer::event::{Event, What};
use crate::observer::incident::IncidentId;
use crate::observer::trace::TraceId;
use crate::observer::{Instant, Snapshot};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Incidents that are kept; the oldest that is over goes first.
const KEPT: usize = 200;
/// Lines of one story. Beyond, the first half stays, and the latest of the rest.
const LINES: usize = 60;

/// One incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// Whose it is: the service or component of the first sign.
    pub subject: String,
    /// When it began.
    pub began: Instant,
    /// When it ended.
    pub ended: Option<Instant>,
    /// What happened, in order.
    pub lines: Vec<(Instant, Line)>,
    /// Lines that were left out.
    pub left_out: u32,
    /// The attack as it was last said, if it is one.
    pub attack: Option<Arc<attack::Incident>>,
}

/// Incidents, open and past.
#[derive(Debug, Default)]
pub struct Incidents(BTreeMap<IncidentId, Incident>);

impl Incidents {
    /// Takes what was said.
    pub fn hear(&mut self, event: &Event) {
        let Some(line) = story::line(&event.what) else { return };
        // An alert belongs to an incident or to none; it begins none, and neither does what is done about one.
        if matches!(event.what, What::Alert(_) | What::Measure(_))
            && !self.0.contains_key(&line.incident)
        {
            return;
        }
        let known = self.0.entry(line.incident);
        let incident =
            known.or_insert_with(|| Incident::new(line.incident, &line.subject, event.at));
        if let What::Attack(attack) = &event.what {
            incident.attack = Some(attack.clone());
        }
        // That it still lasts is no news, but it may be known in which trace.
        if line.is_repeat {
            incident.trace(&line);
        } else {
            incident.add(event.at, line);
        }
        self.make_room();
    }

    /// Takes which ones are open.
    pub fn take(&mut self, snapshot: &Snapshot) {
        let mut open: BTreeMap<IncidentId, (Cow<'_, str>, Instant)> = BTreeMap::new();
        for service in &snapshot.services {
            if let Some((id, since)) = service.incident {
                open.insert(id, (Cow::Borrowed(&*service.name), since));
            }
        }
        for component in &snapshot.components {
            let finding = component.finding.as_ref();
            if let Some((finding, since)) =
                finding.filter(|_| component.condition != Condition::Healthy)
            {
                open.insert(finding.incident, (Cow::Borrowed(&*component.name), *since));
            }
        }
        for attack in &snapshot.attacks {
            open.insert(attack.id, (Cow::Owned(attack.about()), attack.since));
        }
        for (id, incident) in &mut self.0 {
            // What was said after the snapshot was drawn up is not in it.
            let lasts = open.remove(id).is_some() || incident.last() > snapshot.at;
            incident.ended = if lasts { None } else { incident.ended.or(Some(snapshot.at)) };
        }
        for (id, (subject, since)) in open {
            self.0.insert(id, Incident::new(id, &subject, since));
        }
        for attack in &snapshot.attacks {
            if let Some(incident) = self.0.get_mut(&attack.id) {
                incident.attack = Some(attack.clone());
            }
        }
        self.make_room();
    }

    /// All of them, the latest first.
    pub fn latest(&self) -> impl Iterator<Item = &Incident> {
        self.0.values().rev()
    }

    /// One of them.
    pub fn get(&self, id: IncidentId) -> Option<&Incident> {
        self.0.get(&id)
    }

    fn make_room(&mut self) {
        while self.0.len() > KEPT {
            let over = self.0.values().find(|incident| incident.ended.is_some());
            let Some(id) = over.or_else(|| self.0.values().next()).map(|it| it.id) else { return };
            self.0.remove(&id);
        }
    }
}

impl Incident {
    fn new(id: IncidentId, subject: &str, began: Instant) -> Self {
        let subject = subject.to_owned();
        Self { id, subject, began, ended: None, lines: Vec::new(), left_out: 0, attack: None }
    }

    /// A trace in which it is told: that of the last line that has one.
    pub fn told_in(&self) -> Option<TraceId> {
        self.lines.iter().rev().find_map(|(_, line)| line.trace)
    }

    /// When something last happened in it.
    fn last(&self) -> Instant {
        self.lines.last().map_or(self.began, |(at, _)| *at)
    }

    /// A line was said again: what it was first said of gets its trace, if it had none.
    fn trace(&mut self, again: &Line) {
        let same = |line: &&mut Line| line.kind == again.kind && line.subject == again.subject;
        let last = self.lines.iter_mut().rev().map(|(_, line)| line).find(same);
        if let Some(last) = last {
            last.trace = last.trace.or(again.trace);
        }
    }

    fn add(&mut self, at: Instant, line: Line) {
        if self.lines.len() == LINES {
            self.lines.remove(LINES / 2);
            self.left_out += 1;
        }
        self.lines.push((at, line));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::observer::alert::Severity;
    use crate::observer::attack::{Kind, Party, State};

    #[test]
    fn an_attack_is_open_until_it_is_in_no_snapshot() {
        let at = |seconds: u64| Instant::from_micros(seconds * 1_000_000);
        let attack = attack::Incident {
            id: IncidentId(7),
            kind: Kind::BruteForce,
            severity: Severity::Critical,
            state: State::Opened,
            said: at(10),
            source: Party::default(),
            target: Party { user: Some("ana".into()), ..Party::default() },
            since: at(5),
            last: at(10),
            signs: 1,
            measured: 5.0,
            threshold: 5.0,
            evidence: Vec::new(),
        };
        let attack = Arc::new(attack);
        let mut incidents = Incidents::default();
        incidents.hear(&Event { at: at(10), what: What::Attack(attack.clone()) });
        let during = Snapshot { at: at(11), attacks: vec![attack.clone()], ..Snapshot::default() };
        incidents.take(&during);
        let open = incidents.get(IncidentId(7)).unwrap();
        assert_eq!((open.subject.as_str(), open.ended), ("ana", None));
        assert_eq!(open.lines.len(), 1);
        incidents.take(&Snapshot { at: at(900), ..Snapshot::default() });
        assert_eq!(incidents.get(IncidentId(7)).unwrap().ended, Some(at(900)));

        // Whoever starts anew knows it from the snapshot alone.
        let mut late = Incidents::default();
        late.take(&during);
        let open = late.get(IncidentId(7)).unwrap();
        assert_eq!((open.subject.as_str(), open.began, open.ended), ("ana", at(5), None));
    }
}

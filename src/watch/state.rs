//! What is known, and what is looked at.

use crate::observer::{Instant, Span};
use crate::wire::heard::{Circuit, Happening, Health, Said, Verdict, moment};
use crate::wire::line::tame;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Services that are kept: as many as an observer has by default.
const SERVICES: usize = 10_000;
/// Events that are kept.
const FEED: usize = 500;
/// Observers, and emergencies, that are kept.
const OTHERS: usize = 100;
/// Characters kept of a name, and of an event.
const NAME: usize = 256;
const LINE: usize = 500;
/// The summary comes every 30 s; one that is older than this is old.
const STALE: Span = Span::from_secs(75);

/// A key that was pressed, as far as it means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// See the names.
    Up,
    /// See the names.
    Down,
    /// See the names.
    PageUp,
    /// See the names.
    PageDown,
    /// See the names.
    Enter,
    /// See the names.
    Escape,
    /// See the names.
    Backspace,
    /// See the names.
    Tab,
    /// Control and C.
    Interrupt,
}

/// Which services are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those that are unavailable or degraded.
    Bad,
    /// Those whose circuit is not closed.
    Circuits,
}

impl Filter {
    /// Its name, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Bad => "bad",
            Self::Circuits => "circuits",
        }
    }

    /// The filter of a name.
    pub fn read(name: &str) -> Option<Self> {
        [Self::All, Self::Bad, Self::Circuits].into_iter().find(|filter| filter.name() == name)
    }
}

/// A service as it stands.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What was said of it last.
    pub verdict: Verdict,
    /// Since when.
    pub since: Option<Instant>,
    /// When its circuit is tried again.
    pub retry_after: Option<Instant>,
}

impl Row {
    /// How urgent it is; the smaller, the more.
    pub fn urgency(&self) -> u8 {
        match self.verdict.verdict.as_str() {
            "unavailable" => 0,
            "degraded" => 1,
            _ if self.is_circuit_open() => 2,
            "unknown" => 3,
            _ => 4,
        }
    }

    /// Whether its circuit keeps callers away.
    pub fn is_circuit_open(&self) -> bool {
        matches!(self.verdict.circuit.as_str(), "open" | "half_open" | "forced_open")
    }
}

/// Everything that is shown.
#[derive(Debug, Default)]
pub struct State {
    /// Services by name.
    pub rows: BTreeMap<String, Row>,
    /// The summary, and when it was heard.
    pub health: Option<(Health, Instant)>,
    /// Observers, and whether they are there.
    pub observers: BTreeMap<String, bool>,
    /// What happened, the latest first.
    pub feed: VecDeque<Happening>,
    /// Emergencies that are not over, by subject, each with its line.
    pub emergencies: BTreeMap<String, String>,
    /// Those that somebody has seen.
    seen: BTreeSet<String>,
    /// Circuits that were heard of before their services.
    early: BTreeMap<String, Circuit>,
    /// Why there is no link to the broker; `None` while there is one.
    pub problem: Option<String>,
    /// Which services are shown.
    pub filter: Filter,
    /// What is looked for.
    pub search: String,
    /// Whether keys are part of what is looked for.
    pub is_searching: bool,
    /// The service that is pointed at; the first one shown if it is not among them.
    chosen: Option<String>,
    /// Lines of what happened that are passed over, while keys move there.
    pub passed: Option<usize>,
    /// Whether it is shown alone.
    pub is_alone: bool,
    /// Whether the keys are shown.
    pub has_help: bool,
    bell: bool,
    quit: bool,
}

impl State {
    /// One that has no link yet.
    pub fn new(filter: Filter) -> Self {
        Self { filter, problem: Some("connecting".to_owned()), ..Self::default() }
    }

    /// Takes what was said at `now`; `live` is whether it was said just now.
    pub fn hear(&mut self, now: Instant, said: Said, live: bool) {
        match said {
            Said::Health(health) => {
                // One that the broker kept may be old, whatever the clocks say of each other.
                let said = moment(&health.timestamp).filter(|_| !live).unwrap_or(now);
                self.health = Some((health, said.min(now)));
            }
            Said::Verdict(verdict) => self.stands(verdict),
            Said::Circuit(circuit) => self.circuit(&circuit),
            Said::Gone(name) => {
                self.rows.remove(&name);
            }
            Said::Observer(id, online) => {
                let id = cut(&tame(&id), NAME);
                if self.observers.contains_key(&id) || self.observers.len() < OTHERS {
                    self.observers.insert(id, online);
                }
            }
            Said::Happened(happened) => self.happened(happened, live),
        }
    }

    fn stands(&mut self, mut verdict: Verdict) {
        let name = cut(&verdict.service, NAME);
        if !self.rows.contains_key(&name) && self.rows.len() >= SERVICES {
            return;
        }
        for text in [&mut verdict.verdict, &mut verdict.circuit, &mut verdict.service] {
            *text = cut(text, NAME);
        }
        for text in [&mut verdict.reason, &mut verdict.correlation_id].into_iter().flatten() {
            *text = cut(text, NAME);
        }
        let early = self.early.remove(&name);
        let row = self.rows.entry(name).or_default();
        row.since = moment(&verdict.since);
        row.verdict = verdict;
        if let Some(circuit) = early.filter(|it| it.state == row.verdict.circuit) {
            row.retry_after = circuit.retry_after.as_deref().and_then(moment);
        }
    }

    fn circuit(&mut self, circuit: &Circuit) {
        let name = cut(&circuit.service, NAME);
        if let Some(row) = self.rows.get_mut(&name) {
            row.verdict.circuit = cut(&circuit.state, NAME);
            row.retry_after = circuit.retry_after.as_deref().and_then(moment);
        } else if self.early.len() < SERVICES {
            let state = cut(&circuit.state, NAME);
            let retry_after = circuit.retry_after.as_deref().map(|text| cut(text, NAME));
            self.early.insert(name.clone(), Circuit { service: name, state, retry_after });
        }
    }

    fn happened(&mut self, mut happened: Happening, live: bool) {
        happened.line = cut(&happened.line, LINE);
        happened.subject = cut(&tame(&happened.subject), NAME);
        let over =
            ["infrastructure_recovered", "service_recovered"].contains(&happened.kind.as_str());
        if over {
            self.emergencies.remove(&happened.subject);
            self.seen.remove(&happened.subject);
        }
        if happened.emergency {
            let known = self.emergencies.contains_key(&happened.subject);
            let new = !known && !self.seen.contains(&happened.subject);
            if new && self.emergencies.len() < OTHERS {
                self.emergencies.insert(happened.subject.clone(), happened.line.clone());
                self.bell |= live;
            }
            // It is on `errors` as well.
            return;
        }
        self.feed.push_front(happened);
        self.feed.truncate(FEED);
    }

    /// Takes a key.
    pub fn press(&mut self, key: Key) {
        if key == Key::Interrupt {
            self.quit = true;
        } else if self.is_searching {
            self.search_by(key);
        } else if std::mem::take(&mut self.has_help) {
            self.quit |= key == Key::Char('q');
        } else {
            self.act(key);
        }
    }

    /// Which of the services shown is pointed at.
    pub fn selected(&self) -> usize {
        let chosen = self.chosen.as_deref();
        let place = chosen.and_then(|it| self.shown().iter().position(|(name, _)| *name == it));
        place.unwrap_or(0)
    }

    /// Points at another service, or passes over lines of what happened.
    fn step(&mut self, by: isize) {
        if let Some(passed) = &mut self.passed {
            *passed = passed.saturating_add_signed(by).min(self.feed.len().saturating_sub(1));
            return;
        }
        let wanted = self.selected().saturating_add_signed(by);
        let shown = self.shown();
        let next = shown.get(wanted).or(shown.last()).map(|(name, _)| (*name).to_owned());
        self.chosen = next;
    }

    fn search_by(&mut self, key: Key) {
        match key {
            Key::Char(c) if !c.is_control() && self.search.len() < NAME => self.search.push(c),
            Key::Backspace => {
                self.search.pop();
            }
            Key::Escape => {
                self.search.clear();
                self.is_searching = false;
            }
            Key::Enter => self.is_searching = false,
            Key::Up | Key::Down => {
                self.is_searching = false;
                self.act(key);
            }
            _ => {}
        }
    }

    fn act(&mut self, key: Key) {
        match key {
            Key::Char('q') => self.quit = true,
            Key::Char('j') | Key::Down => self.step(1),
            Key::Char('k') | Key::Up => self.step(-1),
            Key::PageDown => self.step(10),
            Key::PageUp => self.step(-10),
            Key::Tab => self.passed = if self.passed.is_some() { None } else { Some(0) },
            Key::Char('f') => {
                self.filter = match self.filter {
                    Filter::All => Filter::Bad,
                    Filter::Bad => Filter::Circuits,
                    Filter::Circuits => Filter::All,
                }
            }
            Key::Char('/') => {
                self.is_alone = false;
                self.is_searching = true;
            }
            Key::Char('a') => {
                // They are over when that is said; until then they ring no more.
                self.seen.extend(std::mem::take(&mut self.emergencies).into_keys());
                while self.seen.len() > OTHERS {
                    self.seen.pop_first();
                }
            }
            Key::Char('?') => self.has_help = true,
            Key::Enter => {
                self.step(0);
                self.is_alone = !self.shown().is_empty();
            }
            Key::Escape if self.is_alone => self.is_alone = false,
            Key::Escape => self.search.clear(),
            _ => {}
        }
    }

    /// The services that are shown, the most urgent first.
    pub fn shown(&self) -> Vec<(&str, &Row)> {
        let search = self.search.to_lowercase();
        let wanted = |(name, row): &(&String, &Row)| {
            let fits = match self.filter {
                Filter::All => true,
                Filter::Bad => row.urgency() < 2,
                Filter::Circuits => row.is_circuit_open(),
            };
            fits && name.to_lowercase().contains(&search)
        };
        let mut shown: Vec<_> =
            self.rows.iter().filter(wanted).map(|(name, row)| (name.as_str(), row)).collect();
        shown.sort_by_key(|(_, row)| row.urgency());
        shown
    }

    /// Why what is shown may be wrong, if it may.
    pub fn doubt(&self, now: Instant) -> Option<String> {
        if let Some(problem) = &self.problem {
            return Some(format!("no link to the broker: {}", tame(problem)));
        }
        let there = self.observers.values().filter(|online| **online).count();
        match &self.health {
            None => Some("nothing was heard of a lookout of this cluster yet".to_owned()),
            Some(_) if there == 0 && !self.observers.is_empty() => {
                Some("lookout is offline: nobody watches".to_owned())
            }
            Some((_, at)) if now.since(*at) > STALE => {
                Some(format!("no word from lookout for {} s", now.since(*at).micros() / 1_000_000))
            }
            Some((health, _)) if health.in_doubt => {
                Some("lookout doubts its own ears: nobody is blamed".to_owned())
            }
            Some(_) => None,
        }
    }

    /// Whether the bell is to ring; it rings once.
    pub const fn take_bell(&mut self) -> bool {
        std::mem::replace(&mut self.bell, false)
    }

    /// Whether it is time to go.
    pub const fn is_over(&self) -> bool {
        self.quit
    }
}

/// The first so many characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

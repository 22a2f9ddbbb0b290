//! How a row drives the plain machine.
//!
//! A script is words: settled calls, the passing of time, what an operator says, and what the
//! state must be at that point. The clock is driven as the observer drives it: a turn at the end
//! of every second and at the end of the open time, both before what happens at that moment.

use lookout::observer::breaker::{Breaker, Mode, Setting, Transition};
use lookout::observer::call::Outcome;
use lookout::observer::evidence::{Settled, Silence};
use lookout::observer::settings::CircuitPolicy;
use lookout::observer::{Instant, Span};

/// A case of the plain machine.
pub(crate) struct Row {
    /// Its id in the list of cases.
    pub(crate) id: &'static str,
    /// The settings it names; all others are the defaults, but without jitter.
    pub(crate) set: fn(&mut CircuitPolicy),
    /// Milliseconds from one settled call to the next.
    pub(crate) every: u64,
    /// `S` ok, `R` rejected, `F` failed, `U` unanswered, `s` ok but slow, `V` void; `F*9` nine
    /// of them; `old:F` one made before the last transition; `+3s` time; `=open` the state;
    /// `doubt`, `sure`, `heard`, `ahead`, `back`, and the modes.
    pub(crate) script: &'static str,
    /// Every transition: when, from and to, why, failures of settled calls, openings in a row,
    /// how long it waits, and how long it was not closed.
    pub(crate) told: &'static [&'static str],
}

impl Row {
    /// What differs from what the row says.
    pub(crate) fn wrong(&self) -> Option<String> {
        let mut machine = Machine::new(self);
        self.script.split_whitespace().for_each(|word| machine.step(word));
        if machine.told != self.told {
            let (wanted, got) = (self.told.join("\n         "), machine.told.join("\n         "));
            machine.wrong.push(format!("wanted {wanted}\n   got   {got}"));
        }
        let shown = machine.wrong.join("\n   ");
        (!shown.is_empty()).then(|| format!("{} {}\n   {shown}", self.id, self.script))
    }
}

/// A transition in one line.
pub(crate) fn line(after: Span, moved: &Transition, at: Instant) -> String {
    let (from, to, cause) = (moved.from.name(), moved.to.name(), moved.cause.name());
    let counts = format!("{}/{} #{}", moved.failures, moved.requests, moved.open_count);
    let wait = moved.retry_after.map(|until| format!(" wait {}", until.since(at)));
    let open_for = moved.open_for.map(|span| format!(" after {span}"));
    let rest = wait.unwrap_or_default() + &open_for.unwrap_or_default();
    format!("{after} {from}>{to} {cause} {counts}{rest}")
}

const START: Instant = Instant::from_micros(1_700_000_000_000_000);

struct Machine {
    breaker: Breaker,
    policy: CircuitPolicy,
    every: Span,
    now: Instant,
    moved: Instant,
    heard: Option<Instant>,
    doubt: bool,
    told: Vec<String>,
    wrong: Vec<String>,
}

impl Machine {
    fn new(row: &Row) -> Self {
        let mut policy = CircuitPolicy { jitter: 0.0, ..CircuitPolicy::default() };
        (row.set)(&mut policy);
        Self {
            breaker: Breaker::new(7, Mode::Automatic).0,
            policy,
            every: Span::from_millis(row.every),
            now: START,
            moved: START,
            heard: None,
            doubt: false,
            told: Vec::new(),
            wrong: Vec::new(),
        }
    }

    fn step(&mut self, word: &str) {
        if let Some(state) = word.strip_prefix('=') {
            let is = self.breaker.state().name();
            if is != state {
                let after = self.now.since(START);
                self.wrong.push(format!("at {after} it is {is}, not {state}"));
            }
        } else if let Some(span) = word.strip_prefix('+') {
            self.advance(span_of(span));
        } else {
            let (word, times) = word.split_once('*').unwrap_or((word, "1"));
            (0..times.parse().unwrap()).for_each(|_: u32| self.word(word));
        }
    }

    fn word(&mut self, word: &str) {
        let now = self.now;
        let moved = match word {
            "doubt" | "sure" => {
                self.doubt = word == "doubt";
                None
            }
            "heard" => {
                self.heard = Some(now);
                None
            }
            "ahead" => self.breaker.open_ahead(now),
            "back" => self.breaker.dependency_recovered(now),
            "auto" => self.breaker.set_mode(Mode::Automatic, now),
            "forced" => self.breaker.set_mode(Mode::ForcedOpen, now),
            "disabled" => self.breaker.set_mode(Mode::Disabled, now),
            "observe" => self.breaker.set_mode(Mode::ObserveOnly, now),
            call => self.settle(call),
        };
        self.note(moved);
    }

    fn settle(&mut self, word: &str) -> Option<Transition> {
        self.advance(self.every);
        let (outcome, old) = word.strip_prefix("old:").map_or((word, false), |word| (word, true));
        let made = if old { self.moved } else { self.now - Span::TICK };
        let slow = outcome == "s";
        let outcome = match outcome {
            "S" | "s" => Outcome::Ok,
            "R" => Outcome::Rejected,
            "F" => Outcome::Failed,
            "U" => Outcome::Unanswered,
            // Void calls are not settled: nobody tells the machine.
            "V" => return None,
            other => panic!("no such word: {other}"),
        };
        if outcome.answered() {
            self.heard = Some(self.now);
        }
        let call = Settled { made, at: self.now, outcome, slow };
        let (policy, silence, doubt) = (self.policy, self.silence(), self.doubt);
        let setting = Setting { policy: &policy, silence, doubt };
        self.breaker.record(call, &setting)
    }

    /// The machine is told whether silence is witnessed: here when it has lasted.
    fn silence(&self) -> Silence {
        let lasted = |heard| self.now.since(heard) >= self.policy.min_silence;
        Silence { heard: self.heard, witnessed: self.heard.is_none_or(lasted) }
    }

    fn advance(&mut self, span: Span) {
        let end = self.now + span;
        loop {
            let turn = self.breaker.deadline().unwrap_or(end).min(self.now.next_second()).min(end);
            self.now = self.now.max(turn);
            let (policy, silence, doubt) = (self.policy, self.silence(), self.doubt);
            let setting = Setting { policy: &policy, silence, doubt };
            let moved = self.breaker.tick(self.now, &setting);
            self.note(moved);
            if self.now >= end {
                return;
            }
        }
    }

    fn note(&mut self, moved: Option<Transition>) {
        if let Some(moved) = moved {
            self.moved = self.now;
            self.told.push(line(self.now.since(START), &moved, self.now));
        }
    }
}

fn span_of(text: &str) -> Span {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: u64 = text.trim_end_matches(unit).parse().unwrap();
    match unit {
        "ms" => Span::from_millis(number),
        "s" => Span::from_secs(number),
        "m" => Span::from_secs(number * 60),
        "h" => Span::from_secs(number * 3600),
        other => panic!("no such unit: {other}"),
    }
}

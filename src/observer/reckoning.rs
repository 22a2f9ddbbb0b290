//! What was noted of a service, reckoned many at a time.
//!
//! A message leaves a note of twelve bytes. What follows from notes (totals, windows, reply
//! times, evidence, callers) lies in some thirty cache lines, which are cold when a service is
//! not called often: so notes are *reckoned* together, when somebody asks for anything that rests
//! on them, or when there are enough to be *sealed*. Whoever takes a service from the registry
//! gets it reckoned; nobody sees a figure that lags behind.
//!
//! Only what cannot change the judgement may wait: the notes of calls, and of replies to a calm
//! service (see [`super::calm`]). Everything else is reckoned as it comes, and judged.

use super::call::Outcome;
use super::counts::Counts;
use super::front::Front;
use super::good::Good;
use super::last::LAST;
use super::note::{Fact, Note};
use super::pace::Learned;
use super::service::Service;
use super::settings::Patience;
use super::time::{Instant, Span};
use smallvec::SmallVec;

impl Front {
    /// Notes what may be reckoned later: a call, a void one, or a reply that the service takes
    /// calmly.
    #[inline]
    pub fn note(&mut self, note: Note) {
        self.learned.heard(note.micros());
        if !self.notes.push(&note) {
            self.note_beyond(&note);
        }
    }

    /// Notes what has no room here: there is no more, or the service has it.
    #[cold]
    fn note_beyond(&mut self, note: &Note) {
        self.hand_over();
        self.service.note(note);
        self.service.window.swap(&mut self.notes);
    }

    /// Notes and reckons what is judged by whoever calls this. Nothing waits to be reckoned.
    pub fn note_now(&mut self, note: Note) {
        self.learned.heard(note.micros());
        self.hand_over();
        self.service.note(&note);
        self.service.catch_up();
        // It is evidence only if whoever calls this says so.
        self.service.window.weigh();
    }

    /// Hands the notes over to the service, unless it has them.
    fn hand_over(&mut self) {
        if self.notes.is_here() {
            self.service.window.swap(&mut self.notes);
        }
    }

    /// Brings everything but the figures of methods and all reply times up to date.
    pub fn reckon(&mut self) {
        self.hand_over();
        self.service.catch_up();
        self.service.weigh();
    }

    /// Brings everything up to date.
    pub fn seal(&mut self) {
        self.hand_over();
        self.service.seal();
    }

    /// Forgets what is older than the longest window.
    pub fn roll(&mut self, now: Instant) {
        self.reckon();
        self.service.roll(now);
    }

    /// How long to wait for the reply to a call made now.
    #[inline]
    pub fn patience(&mut self, now: Instant, policy: &Patience, brisk: Span) -> Span {
        if now.second() >= self.learned.before {
            self.learn(now, policy, brisk);
        }
        self.learned.span
    }

    fn learn(&mut self, now: Instant, policy: &Patience, brisk: Span) {
        self.learned = if let Some(span) = self.service.settings.patience {
            Learned::fixed(span)
        } else {
            // What is evidence may wait on.
            self.hand_over();
            self.service.catch_up();
            self.service.roll(now);
            self.service.pace.patience(now, &self.service.window, policy, brisk)
        };
    }

    /// Gives memory back that a quiet service does not need.
    pub fn rest(&mut self, now: Instant) {
        self.roll(now);
        self.service.window.rest();
        self.service.judge.rest(now);
        self.service.breaker.rest(now);
    }
}

impl Service {
    fn note(&mut self, note: &Note) {
        if !self.window.note(note) {
            self.full();
            self.window.note(note);
        }
    }

    /// Brings totals, reply times of the last minutes, callers and pace up to date.
    fn catch_up(&mut self) {
        if self.window.fresh().len() == 0 {
            return;
        }
        // Of many replies only the last are kept one by one.
        let mut replies = 0_usize;
        let mut counts = [0; Fact::COUNT];
        for note in self.window.fresh() {
            counts[note.fact.index()] += 1;
            if let Some(caller) = note.caller() {
                self.callers.note(note.at, caller);
            }
            replies += usize::from(note.fact.is_reply());
            if note.fact == Fact::Settled(Outcome::Ok) {
                self.last_result = Some(note.at);
            }
        }
        let answered = Outcome::Ok as usize..=Outcome::Failed as usize;
        self.totals.count_all(&counts);
        if counts[answered].iter().any(|count| *count > 0) {
            // What went unanswered is reckoned alone, so it was before.
            self.unanswered_before = self.totals.unanswered;
        }
        let fresh = self.window.fresh();
        let kept = fresh.filter_map(|note| note.time().map(|time| (note.at, time)));
        for (at, time) in kept.skip(replies.saturating_sub(LAST)) {
            self.pace.reply(at, time);
        }
        self.window.reckon();
    }

    /// Brings the evidence up to date with the good replies that were taken calmly. Nothing but
    /// such replies was left out, so the last of them are the last that there were.
    fn weigh(&mut self) {
        let mut good = Good::default();
        self.window.unweighed(|second, count| good.add(second, count));
        if good.count() > 0 {
            good.tell(self.pace.last(good.count()));
            self.last_heard = self.last_heard.max(self.pace.last_heard());
            self.judge.note(&good);
            self.breaker.note(&good);
        }
        self.window.weigh();
    }

    /// Packs what was handed over.
    pub fn pack(&mut self) {
        self.catch_up();
        if self.window.is_weighed() {
            self.weigh();
        }
        for note in self.window.notes().iter() {
            let Some(trace) = self.traces.get_mut(usize::from(note.method)) else { continue };
            if note.fact.is_reply() {
                self.times.add(note.micros());
                trace.times.add(note.micros());
            } else if note.fact.is_call() {
                trace.called = note.at;
            }
            if note.fact.kind().is_none()
                && let Some(method) = self.methods.get_mut(usize::from(note.method))
            {
                method.totals.count_apart(note.fact);
            }
        }
        self.window.seal();
    }

    /// Brings the figures of the methods, and all reply times by bin, up to date with what is
    /// packed. They lie far apart, so that is done with some hundred calls at a time.
    pub fn fold(&mut self) {
        let (methods, replies, pace) = (&mut self.methods, &mut self.replies, &mut self.pace);
        let mut counts: SmallVec<[Counts; 16]> =
            SmallVec::from_elem(Counts::default(), methods.len());
        self.window.fold(|second, entry| {
            let timed = entry.kind.has_time();
            if timed {
                replies.add(entry.bin, entry.count);
                pace.remember(second, entry.bin, entry.count);
            }
            let at = usize::from(entry.method);
            if let Some(counts) = counts.get_mut(at) {
                counts.count(&entry);
            }
            if let Some(method) = methods.get_mut(at).filter(|_| timed) {
                method.replies.add(entry.bin, entry.count);
            }
        });
        for (method, counts) in self.methods.iter_mut().zip(&counts) {
            method.totals.add_counts(counts);
            method.totals.close();
        }
    }

    /// Brings everything up to date with what was handed over.
    pub fn seal(&mut self) {
        self.pack();
        self.fold();
        self.weigh();
    }

    /// Forgets what is older than the longest window.
    pub fn roll(&mut self, now: Instant) {
        if self.window.roll(now) {
            self.seal();
            self.window.roll(now);
        }
    }

    /// There are as many notes as there is room for.
    fn full(&mut self) {
        let last = self.window.notes().iter().next_back().map(|note| note.at);
        self.pack();
        if self.window.has_much() {
            self.fold();
            self.weigh();
        }
        if let Some(last) = last {
            self.roll(last);
        }
    }
}

//! Holds a snapshot against itself, against the bounds, and against what lookout was given.

use crate::messages::Count;
use crate::rules::{Book, Rule};
use lookout::observer::Snapshot;
use lookout::observer::limits::Limits;
use lookout::observer::service::Totals;

const OTHER: &str = "_other";

/// Everything that must hold of a snapshot taken after `given` was heard.
pub(crate) fn check(snapshot: &Snapshot, limits: &Limits, given: &Count, book: &mut Book) {
    let mut all = Totals::default();
    for service in &snapshot.services {
        let (name, totals) = (&service.name, &service.figures.totals);
        all.add(totals);
        conserved(name, totals, book);
        let mut sum = Totals::default();
        for (method, figures) in service.methods.iter() {
            conserved(&format!("{name}.{method}"), &figures.totals, book);
            sum.add(&figures.totals);
        }
        book.hold(sum == *totals, Rule::Methods, || {
            format!("{name}: {totals:?}, by method {sum:?}")
        });
        let own = service.methods.iter().filter(|(method, _)| &**method != OTHER).count();
        let few = own <= limits.methods as usize;
        book.hold(few, Rule::Bounds, || format!("{name} has {own} methods"));
    }
    let open = u64::from(snapshot.open_calls);
    book.hold(all.open == open, Rule::OpenCalls, || format!("{open}, by service {}", all.open));
    let own = snapshot.services.iter().filter(|service| &*service.name != OTHER).count();
    let bounded = open <= u64::from(limits.open_calls) && own <= limits.services as usize;
    book.hold(bounded, Rule::Bounds, || format!("{open} open calls of {own} services"));
    counted(snapshot, &all, limits, given, book);
}

fn conserved(name: &str, totals: &Totals, book: &mut Book) {
    let sum = totals.settled() + totals.void + totals.open;
    book.hold(totals.calls == sum, Rule::Conservation, || format!("{name}: {totals:?}"));
}

/// Each call counts as a call, and whatever is no call as one of these; what is left is held.
fn counted(snapshot: &Snapshot, all: &Totals, limits: &Limits, given: &Count, book: &mut Book) {
    let calls = all.calls == given.calls && all.oneway == given.oneway;
    book.hold(calls, Rule::Counted, || format!("{all:?} of {given:?}"));
    let malformed: u64 = snapshot.malformed.iter().map(|(.., count)| count).sum();
    let answered = all.ok + all.rejected + all.failed;
    let decided = answered
        + snapshot.late
        + snapshot.duplicate
        + snapshot.unmatched
        + snapshot.ignored
        + malformed;
    let held = given.others.checked_sub(decided);
    let bounded = held.is_some_and(|held| held <= u64::from(limits.held_replies));
    book.hold(bounded, Rule::Counted, || {
        format!("{answered} answered of {given:?}, held {held:?}: {snapshot:?}")
    });
    book.hold(all.late == snapshot.late, Rule::Counted, || {
        format!("late {}, by service {}", snapshot.late, all.late)
    });
}

/// What must hold at the end, when nothing is awaited any more.
pub(crate) fn settled(snapshot: &Snapshot, given: &Count, book: &mut Book) {
    let none = Limits { open_calls: 0, held_replies: 0, ..Limits::default() };
    check(snapshot, &none, given, book);
}

/// Right after everything up to `now` was handled, what is next is due later.
pub(crate) fn deadline(due: u64, now: u64, book: &mut Book) {
    book.hold(due > now, Rule::Deadline, || format!("{due} is due at {now}"));
}

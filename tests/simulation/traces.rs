//! Holds what is told of calls as traces against what is counted of them: each is told once, as what
//! it was.

use crate::rules::{Book, Rule};
use lookout::observer::Snapshot;
use lookout::observer::call::Outcome;
use lookout::observer::service::Totals;
use lookout::observer::trace::{End, SpanId, Traced};
use std::collections::BTreeSet;

/// Calls that were told, by how they ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Ok, rejected, failed, unanswered, one-way.
    ends: [u64; 5],
    late: u64,
    spans: BTreeSet<SpanId>,
    /// Told twice, ended before it began, or under itself.
    odd: Option<String>,
}

impl Told {
    pub(crate) fn hear(&mut self, traced: &Traced) {
        let at = match traced.end {
            End::Answered(Outcome::Ok, _) => 0,
            End::Answered(Outcome::Rejected, _) => 1,
            End::Answered(..) => 2,
            End::Unanswered { .. } => 3,
            End::OneWay => 4,
            End::Late { .. } => {
                self.late += 1;
                return;
            }
            End::Unheard | End::Direct(_) => return,
        };
        self.ends[at] += 1;
        let new = self.spans.insert(traced.span);
        if !new || traced.ended < traced.made || traced.parent == Some(traced.span) {
            self.odd.get_or_insert_with(|| format!("{traced:?}"));
        }
    }
}

/// What must hold of all that was told until a snapshot was taken.
pub(crate) fn check(snapshot: &Snapshot, told: &Told, book: &mut Book) {
    let mut all = Totals::default();
    snapshot.services.iter().for_each(|service| all.add(&service.figures.totals));
    let counted = [all.ok, all.rejected, all.failed, all.unanswered, all.oneway];
    book.hold(counted == told.ends, Rule::Traced, || format!("{counted:?} of {:?}", told.ends));
    book.hold(told.late <= all.late, Rule::Traced, || {
        format!("{} late of {}", told.late, all.late)
    });
    book.hold(told.odd.is_none(), Rule::Traced, || format!("{:?}", told.odd));
}

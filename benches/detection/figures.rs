//! From trials to rows: quantiles in which a miss is worse than any time.

use super::ears::Word;
use super::faults::{Fault, Outcome, Plan};
use super::rules::NAMES;
use std::collections::BTreeMap;

/// All trials of a fault at a rate, for one service.
pub(crate) struct Cell {
    pub(crate) fault: Fault,
    pub(crate) plan: Plan,
    /// 1 for the origin of a broken dependency, else 0.
    pub(crate) service: usize,
    pub(crate) outcomes: Vec<Outcome>,
}

/// The nearest rank; `None` is a miss, and comes last.
pub(crate) fn quantile(values: impl Iterator<Item = Option<f64>>, share: f64) -> Option<f64> {
    let mut values: Vec<f64> = values.map(|value| value.unwrap_or(f64::INFINITY)).collect();
    values.sort_by(f64::total_cmp);
    let rank = ((share * values.len() as f64).ceil() as usize).max(1);
    values.get(rank - 1).copied().filter(|value| value.is_finite())
}

pub(crate) fn shown(seconds: Option<f64>) -> String {
    match seconds {
        None => "–".to_owned(),
        Some(long) if long >= 100.0 => format!("{long:.0}"),
        Some(short) => format!("{short:.1}"),
    }
}

impl Cell {
    pub(crate) fn name(&self) -> String {
        match (self.fault, self.service) {
            (Fault::Dependency, 0) => format!("{}: dependent", self.fault.name()),
            (Fault::Dependency, _) => format!("{}: origin", self.fault.name()),
            _ => self.fault.name().to_owned(),
        }
    }

    pub(crate) fn detected(&self, share: f64) -> Option<f64> {
        quantile(self.outcomes.iter().map(|one| one.verdict().map(|(at, _)| *at)), share)
    }

    /// The first word of a kind.
    pub(crate) fn told(&self, share: f64, holds: impl Fn(&Word) -> bool) -> Option<f64> {
        quantile(self.outcomes.iter().map(|one| one.first(&holds)), share)
    }

    pub(crate) fn recovered(&self, share: f64) -> Option<f64> {
        quantile(self.outcomes.iter().map(|one| one.recovery), share)
    }

    pub(crate) fn missed(&self) -> usize {
        self.outcomes.iter().filter(|one| one.verdict().is_none()).count()
    }

    pub(crate) fn other(&self, index: usize, share: f64, recovery: bool) -> Option<f64> {
        let pick = |one: &Outcome| if recovery { one.others[index].1 } else { one.others[index].0 };
        quantile(self.outcomes.iter().map(pick), share)
    }

    /// The first verdicts and how often each was given, the most frequent first.
    fn verdicts(&self) -> String {
        let mut counts = BTreeMap::new();
        for (_, word) in self.outcomes.iter().filter_map(Outcome::verdict) {
            *counts.entry(word.label()).or_insert(0_usize) += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let share = |count: usize| 100 * count / self.outcomes.len();
        let each = counts.iter().map(|(label, count)| format!("{label} {} %", share(*count)));
        each.collect::<Vec<_>>().join(", ")
    }
}

/// What lookout said.
pub(crate) fn lookout(cells: &[Cell]) -> String {
    let head = "| fault | calls/s | trials | horizon s | p50 s | p95 s | missed | circuit p50 s | \
                recovery p50 s | p95 s | early | first verdict |\n\
                |---|---|---|---|---|---|---|---|---|---|---|---|\n";
    let row = |cell: &Cell| {
        let early: usize = cell.outcomes.iter().map(|one| one.early).sum();
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {early} | {} |\n",
            cell.name(),
            cell.plan.rate,
            cell.outcomes.len(),
            cell.plan.fault,
            shown(cell.detected(0.5)),
            shown(cell.detected(0.95)),
            cell.missed(),
            shown(cell.told(0.5, |word| matches!(word, Word::Opened(_)))),
            shown(cell.recovered(0.5)),
            shown(cell.recovered(0.95)),
            cell.verdicts()
        )
    };
    head.to_owned() + &cells.iter().map(row).collect::<String>()
}

/// Time to detect (or to recover) at p50 / p95, lookout beside the other rules.
pub(crate) fn beside(cells: &[Cell], recovery: bool) -> String {
    let mut table = format!("| fault | calls/s | lookout | {} |\n", NAMES.join(" | "));
    table += &format!("|---|---|---|{}\n", "---|".repeat(NAMES.len()));
    for cell in cells {
        let pair = |a, b| format!("{} / {}", shown(a), shown(b));
        let own = match recovery {
            true => pair(cell.recovered(0.5), cell.recovered(0.95)),
            false => pair(cell.detected(0.5), cell.detected(0.95)),
        };
        table += &format!("| {} | {} | {own} |", cell.name(), cell.plan.rate);
        for index in 0..NAMES.len() {
            let at = |share| cell.other(index, share, recovery);
            table += &format!(" {} |", pair(at(0.5), at(0.95)));
        }
        table += "\n";
    }
    table
}

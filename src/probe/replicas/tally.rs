//! What was told of each service, and what is to be told: changes at once, everything every so often.

use super::{Counts, Replicated, SERVICES};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<Arc<str>, Counts>);

impl Tally {
    /// Takes what is known now. What changed is to be told; all of it, if `all` is set. A service
    /// that is no longer there is told with nothing, once.
    pub(super) fn turn(&mut self, now: BTreeMap<Arc<str>, Counts>, all: bool) -> Vec<Replicated> {
        let gone = self.0.keys().filter(|service| !now.contains_key(*service)).cloned();
        let gone: Vec<_> = gone.map(|service| (service, Counts::default())).collect();
        let mut told: Vec<_> =
            gone.into_iter().map(|(service, counts)| Replicated { service, counts }).collect();
        let before = std::mem::take(&mut self.0);
        self.0 = now.into_iter().take(SERVICES).collect();
        for (service, counts) in &self.0 {
            if all || before.get(service) != Some(counts) {
                told.push(Replicated { service: service.clone(), counts: *counts });
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(ready: u32) -> Counts {
        Counts { running: 3, ready, total: 3, restarts: 0, cause: None }
    }

    fn known(services: &[(&str, u32)]) -> BTreeMap<Arc<str>, Counts> {
        services.iter().map(|(name, ready)| (Arc::from(*name), counts(*ready))).collect()
    }

    fn line(told: &[Replicated]) -> Vec<String> {
        told.iter()
            .map(|it| format!("{} {}/{}", it.service, it.counts.ready, it.counts.total))
            .collect()
    }

    #[test]
    fn changes_are_told_at_once_and_all_of_it_now_and_then() {
        let mut tally = Tally::default();
        for (now, all, told) in [
            (&[("A", 3), ("B", 3)][..], false, &["A 3/3", "B 3/3"][..]),
            (&[("A", 3), ("B", 3)], false, &[]),
            (&[("A", 2), ("B", 3)], false, &["A 2/3"]),
            (&[("A", 2), ("B", 3)], true, &["A 2/3", "B 3/3"]),
            (&[("B", 3)], false, &["A 0/0"]),
            (&[("B", 3)], true, &["B 3/3"]),
            (&[("A", 3), ("B", 3)], false, &["A 3/3"]),
        ] {
            assert_eq!(line(&tally.turn(known(now), all)), told);
        }
    }

    #[test]
    fn services_are_bounded() {
        let names: Vec<_> = (0..SERVICES + 5).map(|it| format!("{it:06}")).collect();
        let many = names.iter().map(|name| (Arc::from(name.as_str()), counts(1))).collect();
        assert_eq!(Tally::default().turn(many, false).len(), SERVICES);
    }
}

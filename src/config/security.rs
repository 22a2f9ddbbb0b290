//! `[security]`: the policy of the watch, and where calls say who makes them.

use super::draft::SecurityDraft;
use super::table::security::severity;
use crate::security::incident::Kind;
use crate::security::policy::Policy;
use crate::wire::who::WhoSpec;

/// What the watch takes for an attack.
pub(super) fn policy(draft: &SecurityDraft) -> Policy {
    Policy {
        off: draft.off.iter().filter_map(|name| Kind::read(name)).collect(),
        severities: draft.severities.iter().filter_map(|text| severity(text)).collect(),
        bytes_floor: draft.bytes_floor.into(),
        remembered: draft.remembered as usize,
        incidents: draft.incidents as usize,
        ..draft.policy.clone()
    }
}

/// Where calls say who makes them, if there is a watch.
pub(super) fn who(draft: &SecurityDraft) -> Option<WhoSpec> {
    let SecurityDraft { user, address, .. } = draft.clone();
    draft.policy.enabled.then_some(WhoSpec { user, address })
}

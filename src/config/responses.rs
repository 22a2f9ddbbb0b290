//! `[responses]`: the policy of what is done about attacks, and where recordings go.

use super::draft::Draft;
use super::gather::Gathered;
use super::mistake::quoted;
use super::receivers::Webhook;
use super::table::responses::row;
use crate::security::incident::Response;
use crate::security::responses::Responses;
use crate::security::spared::{Network, Spared};
use std::path::PathBuf;

const ENABLED: &str = "responses.enabled";
const EMQX: &str = "responses.emqx";

/// What may be done, and the folder for recordings; `None` if a mistake was noted.
pub(super) fn responses(
    gathered: &mut Gathered,
    draft: &Draft,
    webhooks: Option<&[Webhook]>,
) -> Option<(Responses, Option<PathBuf>)> {
    let set = &draft.responses;
    let on = set.policy.enabled;
    if on && !draft.security.policy.enabled {
        let spot = gathered.spot(ENABLED);
        gathered.mistake(spot, "true".to_owned(), "false where `security.enabled` is false");
        return None;
    }
    if !set.emqx.is_empty() && draft.emqx.url.is_none() {
        let spot = gathered.spot(EMQX);
        gathered.mistake(spot, quoted(&set.emqx.join(", ")), "nothing where `emqx.url` is not set");
        return None;
    }
    let read = |names: &[String]| names.iter().filter_map(|name| Response::read(name)).collect();
    let mut webhook: Vec<_> = webhooks?.iter().flat_map(|hook| hook.actions.clone()).collect();
    webhook.sort_unstable();
    webhook.dedup();
    let policy = Responses {
        table: set.table.iter().filter_map(|text| row(text)).collect(),
        spared: Spared {
            users: set.never_users.clone(),
            networks: set.never_addresses.iter().filter_map(|text| Network::read(text)).collect(),
        },
        emqx: read(&set.emqx),
        webhook,
        records: set.evidence_folder.is_some(),
        ..set.policy.clone()
    };
    Some((policy, set.evidence_folder.as_ref().map(PathBuf::from)))
}

//! The settings of `[responses]`: what is done about attacks, and to whom never.

use super::{H, Kind, PATH, S, Section, Slot, count, setting, span};
use crate::security::incident::{self, Response};
use crate::security::responses::OF_EMQX;
use crate::security::spared::Network;

/// `[responses]`.
pub(super) static RESPONSES: Section = Section {
    name: "responses",
    meaning: "What is done about attacks that the security watch finds. Off by default, and a dry run when it is on: \
              what would be done is said on `actions`, and nothing is done. docs/SECURITY.md tells what each response \
              does, who does it, and how it is undone.",
    settings: &[
        setting(
            "enabled",
            Kind::Flag,
            Slot::Flag(|d| &mut d.responses.policy.enabled),
            "Whether responses are decided at all. Needs `security.enabled`.",
        ),
        setting(
            "dry_run",
            Kind::Flag,
            Slot::Flag(|d| &mut d.responses.policy.dry_run),
            "Says what would be done, and does nothing.",
        ),
        setting(
            "table",
            Kind::Texts {
                of: "an attack and what is done about it, such as brute_force=block_ip+notify_security_team",
                check: is_row,
            },
            Slot::Texts(|d| &mut d.responses.table),
            "What is done about a kind of attack, where it is not what docs/SECURITY.md recommends; nothing after `=` \
             is nothing.",
        ),
        setting(
            "emqx",
            Kind::Texts { of: EMQX_DOES, check: is_of_emqx },
            Slot::Texts(|d| &mut d.responses.emqx),
            "Responses that EMQX does, by its list of those who are banned. Needs `emqx.url` and a key of the role \
             `administrator`. What a program does stands in `actions` of its `[[webhook]]`; what nobody is set to do \
             is only said.",
        ),
        setting(
            "evidence_folder",
            PATH,
            Slot::MaybeText(|d| &mut d.responses.evidence_folder),
            "A folder for recordings of sessions, `preserve_evidence`: what they say is left out of them. At most 8 at \
             once, 64 MiB each; nothing is deleted.",
        )
        .unset("\"/var/lib/lookout/evidence\"", "nothing is recorded"),
        setting(
            "never_addresses",
            Kind::Texts { of: "addresses and networks such as 10.0.0.0/8", check: is_network },
            Slot::Texts(|d| &mut d.responses.never_addresses),
            "Addresses that are never blocked: gateways, offices, and whatever lookout itself connects from.",
        ),
        setting(
            "never_users",
            Kind::Texts { of: "names of users, `*` at the end for any ending", check: is_user },
            Slot::Texts(|d| &mut d.responses.never_users),
            "Users that are never locked, suspended or limited.",
        ),
        count(
            "per_hour",
            |d| &mut d.responses.policy.per_hour,
            (1, 1_000),
            "Most responses of each kind within an hour: whoever can make up attacks must not be able to lock \
             everybody out.",
        ),
        span(
            "block_for",
            |d| &mut d.responses.policy.block_for,
            (S, 30 * 24 * H),
            "How long an address is blocked.",
        ),
        span(
            "lock_for",
            |d| &mut d.responses.policy.lock_for,
            (S, 30 * 24 * H),
            "How long a user is locked.",
        ),
        span(
            "suspend_for",
            |d| &mut d.responses.policy.suspend_for,
            (S, 30 * 24 * H),
            "How long a user is suspended: long enough for somebody to look at it.",
        ),
        span(
            "rate_limit_for",
            |d| &mut d.responses.policy.rate_limit_for,
            (S, 30 * 24 * H),
            "How long a user may make few calls.",
        ),
        span(
            "monitor_for",
            |d| &mut d.responses.policy.monitor_for,
            (S, 30 * 24 * H),
            "How long half of each threshold is an attack for who was part of one.",
        ),
        span(
            "record_for",
            |d| &mut d.responses.policy.record_for,
            (S, 24 * H),
            "How long a session is recorded.",
        ),
    ],
};

/// In the order of [`OF_EMQX`].
const EMQX_DOES: &str = "what EMQX can do (block_ip, lock_user, suspend_user)";
/// In the order of [`Response::ALL`].
pub(super) const RESPONSES_ARE: &str = "names of responses (block_ip, lock_user, suspend_user, rate_limit_user, notify_user, \
     notify_security_team, increase_monitoring, preserve_evidence)";

/// The attack and the responses of `brute_force=block_ip+notify_user`.
pub(in crate::config) fn row(text: &str) -> Option<(incident::Kind, Vec<Response>)> {
    let (kind, responses) = text.split_once('=')?;
    let kind = incident::Kind::read(kind.trim())?;
    let responses = responses.trim();
    if responses.is_empty() {
        return Some((kind, Vec::new()));
    }
    let responses: Option<Vec<_>> =
        responses.split('+').map(|name| Response::read(name.trim())).collect();
    Some((kind, responses?))
}

fn is_row(text: &str) -> bool {
    row(text).is_some()
}

fn is_of_emqx(name: &str) -> bool {
    Response::read(name).is_some_and(|it| OF_EMQX.contains(&it))
}

pub(super) fn is_response(name: &str) -> bool {
    Response::read(name).is_some()
}

fn is_network(text: &str) -> bool {
    Network::read(text).is_some()
}

fn is_user(text: &str) -> bool {
    !text.trim_end_matches('*').contains('*') && !text.ends_with("**") && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_response_is_named() {
        let names =
            |all: &[Response]| all.iter().map(|it| it.name()).collect::<Vec<_>>().join(", ");
        assert_eq!(EMQX_DOES, format!("what EMQX can do ({})", names(&OF_EMQX)));
        assert_eq!(RESPONSES_ARE, format!("names of responses ({})", names(&Response::ALL)));
    }
}

//! The settings of `[security]`: whether there is a watch, and what counts as an attack.

use super::{H, Kind, MIN, S, Section, Slot, count, number, setting, span};
use crate::observer::alert::Severity;
use crate::security::incident;

/// `[security]`.
pub(super) static SECURITY: Section = Section {
    name: "security",
    meaning: "The security watch: what looks like an attack in logins, rights and calls, said on `security` and as \
              alerts, with evidence. docs/SECURITY.md tells what it sees and what it cannot see.",
    settings: &[
        setting(
            "enabled",
            Kind::Flag,
            Slot::Flag(|d| &mut d.security.policy.enabled),
            "Whether there is a watch.",
        ),
        setting(
            "user",
            SOURCES,
            Slot::Texts(|d| &mut d.security.user),
            "Where a call says which user makes it: `body.` and the path of a member, or `property.` and the name of a \
             user property, the first that is there. Without a user nothing is learned from a call.",
        ),
        setting(
            "address",
            SOURCES,
            Slot::Texts(|d| &mut d.security.address),
            "Where a call says which address it comes from. lookout believes it: only what a gateway sets itself \
             should be named here.",
        ),
        span(
            "window",
            |d| &mut d.security.policy.window,
            (MIN, 24 * H),
            "How long failed logins, denials and stray replies are counted.",
        ),
        count(
            "failures",
            |d| &mut d.security.policy.failures,
            (2, 64),
            "Failed logins of one user, or from one address, that are an attack: 5 within 15 minutes is what account \
             lockouts commonly take for one.",
        ),
        count(
            "users",
            |d| &mut d.security.policy.users,
            (2, 64),
            "Different users that logins from one address fail for: credential stuffing.",
        ),
        count(
            "addresses",
            |d| &mut d.security.policy.addresses,
            (2, 64),
            "Different addresses from which logins of one user fail: password spraying.",
        ),
        number(
            "volume",
            |d| &mut d.security.policy.volume,
            (1.1, 1_000.0),
            "Calls of a user in an hour, as a multiple of what it usually makes in such an hour.",
        ),
        count(
            "volume_floor",
            |d| &mut d.security.policy.volume_floor,
            (1, 1_000_000_000),
            "Calls of a user in an hour below which nothing is unusual.",
        ),
        count(
            "services",
            |d| &mut d.security.policy.services,
            (2, 64),
            "Services that a user never called before, within an hour.",
        ),
        span(
            "learn",
            |d| &mut d.security.policy.learn,
            (H, 60 * 24 * H),
            "How long a user is learned before its calls can be unusual.",
        ),
        count(
            "denials",
            |d| &mut d.security.policy.denials,
            (2, 64),
            "Denials of a user after which a right that it is given is suspicious.",
        ),
        count(
            "service_denials",
            |d| &mut d.security.policy.service_denials,
            (2, 1_000_000),
            "Denials of a service within `window` below which nothing is unusual; above, three times what is usual for \
             it are. A service that is known for less than a day needs five times as many.",
        ),
        number(
            "bytes",
            |d| &mut d.security.policy.bytes,
            (1.1, 1_000.0),
            "Bytes of answers to a user in an hour, as a multiple of what is usual for it.",
        ),
        count(
            "bytes_floor",
            |d| &mut d.security.bytes_floor,
            (1_024, 4_294_967_295),
            "Bytes of answers in an hour below which nothing is unusual.",
        ),
        count(
            "strays",
            |d| &mut d.security.policy.strays,
            (2, 64),
            "Replies to one session that no call waited for.",
        ),
        span(
            "calm",
            |d| &mut d.security.policy.calm,
            (S, 24 * H),
            "How long after its last sign an attack is over. Signs before that belong to it, and are not said again.",
        ),
        span(
            "escalate",
            |d| &mut d.security.policy.escalate,
            (MIN, 24 * H),
            "An attack that goes on for so long becomes worse by one severity.",
        ),
        setting(
            "off",
            Kind::Texts { of: DETECTORS, check: is_detector },
            Slot::Texts(|d| &mut d.security.off),
            "Detectors that are off, by name: `[\"unusual_hours\"]`.",
        ),
        setting(
            "severities",
            Kind::Texts {
                of: "a detector and how bad it is, such as unusual_volume=error",
                check: is_severity,
            },
            Slot::Texts(|d| &mut d.security.severities),
            "How bad what a detector finds is, where it is not what docs/SECURITY.md says.",
        ),
        setting(
            "peers",
            Kind::Texts { of: "ids of observers, `*` at the end for any ending", check: is_peer },
            Slot::Texts(|d| &mut d.security.peers),
            "Other observers of this cluster that may be there. While one is, what others publish where lookout speaks \
             cannot be told from what it says, and `impostor` is not looked for. Name them, or nobody (`[]`): else \
             whoever says that it is an observer is believed.",
        ),
        span(
            "bans_every",
            |d| &mut d.security.bans_every,
            (S, H),
            "How often EMQX is asked whom it banned by itself, where `[emqx]` is set; a key of the role `viewer` will do.",
        ),
        count(
            "remembered",
            |d| &mut d.security.remembered,
            (1_000, 1_000_000),
            "Users, addresses and sessions that are remembered, so many of each; beyond, who was not heard of for \
             longest is forgotten.",
        ),
        count(
            "incidents",
            |d| &mut d.security.incidents,
            (10, 10_000),
            "Attacks that may be open at once; beyond, further ones are only counted.",
        ),
    ],
};

const SOURCES: Kind =
    Kind::Texts { of: "places such as body.userId or property.user", check: is_source };

/// In the order of [`incident::Kind::ALL`].
const DETECTORS: &str = "names of detectors (brute_force, credential_stuffing, password_spraying, success_after_failures, \
                         unusual_volume, unusual_services, unusual_hours, escalation, exfiltration, spoofing, denials, \
                         impostor, flapping)";

fn is_source(text: &str) -> bool {
    ["body.", "property."].iter().any(|it| text.strip_prefix(it).is_some_and(|it| !it.is_empty()))
}

/// The detector and the severity of `unusual_volume=error`.
pub(in crate::config) fn severity(text: &str) -> Option<(incident::Kind, Severity)> {
    let (kind, severity) = text.split_once('=')?;
    Some((incident::Kind::read(kind.trim())?, Severity::read(severity.trim())?))
}

fn is_peer(text: &str) -> bool {
    !text.is_empty() && !text.trim_end_matches('*').contains('*') && !text.ends_with("**")
}

fn is_severity(text: &str) -> bool {
    severity(text).is_some()
}

fn is_detector(name: &str) -> bool {
    incident::Kind::read(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detector_is_named() {
        let names = incident::Kind::ALL.map(incident::Kind::name).join(", ");
        assert_eq!(DETECTORS, format!("names of detectors ({names})"));
    }
}

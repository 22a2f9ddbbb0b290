//! An attack as a document, for `security`.

use super::documents::{Happened, PartyDocument, SecurityAlert, Time};
use super::speak::correlation_id;
use crate::observer::Instant;
use crate::observer::attack::{Incident, Party, Response};

/// What is said of an attack at a moment.
pub(super) fn shape<'a>(cluster: &'a str, at: Instant, attack: &'a Incident) -> SecurityAlert<'a> {
    let evidence = attack.evidence.iter();
    let responses = attack.kind.responses().iter();
    SecurityAlert {
        r#type: "security_alert",
        cluster_id: cluster,
        attack: attack.kind.name(),
        severity: attack.severity.name(),
        state: attack.state.name(),
        source: party(&attack.source),
        target: party(&attack.target),
        since: Time(attack.since),
        last_seen: Time(attack.last),
        signs: attack.signs,
        measured: attack.measured,
        threshold: attack.threshold,
        evidence: evidence.map(|it| Happened { at: Time(it.at), what: &it.what }).collect(),
        recommended_actions: responses.map(|it| Response::name(*it)).collect(),
        timestamp: Time(at),
        correlation_id: correlation_id(attack.id),
    }
}

pub(super) fn party(party: &Party) -> PartyDocument<'_> {
    let Party { user, address, client, session, service } = party;
    let [user, address, client, session, service] =
        [user, address, client, session, service].map(Option::as_deref);
    PartyDocument { user, address, client, session, service }
}

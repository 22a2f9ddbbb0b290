//! The members of a replica set, as one of them sees them (`replSetGetStatus`).
//!
//! What it says of others is as old as a heartbeat, two seconds. How far one is behind is the time
//! between the primary's last write and the last that it has: an idle set writes a line every ten
//! seconds, so that the time tells something there as well. Who may vote is not said; where all
//! do, the healthy ones are counted against the majority, and elsewhere the set says it by having
//! no primary.

use super::reply::{number, text};
use crate::observer::Span;
use crate::probe::found::{Found, Trouble};
use crate::probe::kind::shown::names;
use ::mongodb::bson::{Bson, Document};
use serde_json::json;

/// Members that are looked at: a set has at most fifty.
const MOST: usize = 100;
/// Members that are shown among the details.
const SHOWN: usize = 50;

const PRIMARY: i64 = 1;
const SECONDARY: i64 = 2;
const ARBITER: i64 = 7;

/// What to look at when something is wrong with the set.
pub(super) const STATUS: &str =
    "See the state of each member and why: mongosh --eval 'rs.status()'";

/// What is wanted of the members, and how many there were.
pub(super) struct Members {
    expect: Option<u32>,
    max_lag: Span,
    most: usize,
}

/// A member.
struct Member {
    name: String,
    healthy: bool,
    state: i64,
    word: String,
    /// When the last write that it has was made, in ms.
    written: Option<i64>,
}

impl Member {
    fn read(document: &Document) -> Self {
        let state = number(document, "state").unwrap_or(-1.0) as i64;
        let name = text(document, "name").unwrap_or_else(|| "a member without a name".to_owned());
        // One that is down is `(not reachable/healthy)`, with the brackets.
        let word = text(document, "stateStr").unwrap_or_else(|| format!("state {state}"));
        let word = word.trim_matches(['(', ')']).to_owned();
        let written = match document.get("optimeDate") {
            Some(Bson::DateTime(time)) => Some(time.timestamp_millis()),
            _ => None,
        };
        // What says nothing of its health is well, such as the one that is asked.
        let healthy = number(document, "health") != Some(0.0);
        Self { name, healthy, state, word, written }
    }

    /// Whether it is gone: unreachable, or DOWN, ROLLBACK, REMOVED.
    const fn is_gone(&self) -> bool {
        !self.healthy || matches!(self.state, 8..=10)
    }
}

impl Members {
    /// How many there have to be, and how far one may be behind.
    pub(super) const fn new(expect: Option<u32>, max_lag: Span) -> Self {
        Self { expect, max_lag, most: 0 }
    }

    /// Judges a server that belongs to no set.
    pub(super) fn alone(&self, found: &mut Found) {
        if let Some(wanted) = self.expect.filter(|wanted| *wanted > 1) {
            let message =
                format!("it runs on its own, and not in a replica set of {wanted} members");
            found.trouble(Trouble::error("fewer_members", message).definite().advice(
                "Set replication.replSetName in its configuration, or take `expect` out of the check",
            ));
        }
    }

    /// Says what is wrong with the set.
    pub(super) fn judge(&mut self, status: &Document, found: &mut Found) {
        let members: Vec<Member> = status
            .get_array("members")
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .take(MOST)
            .filter_map(Bson::as_document)
            .map(Member::read)
            .collect();
        let primary = members.iter().find(|it| it.state == PRIMARY && it.healthy);
        self.tell(&members, primary, found);
        if primary.is_none() {
            found.trouble(no_primary());
        }
        majority(&members, status, found);
        self.count(members.len(), found);
        let gone = members.iter().filter(|member| member.is_gone());
        let gone: Vec<_> = gone.map(|it| format!("{} ({})", it.name, it.word)).collect();
        if !gone.is_empty() {
            let message = format!("members are down: {}", names(gone.iter().map(String::as_str)));
            found.trouble(Trouble::error("fewer_members", message).definite().advice(STATUS));
        }
        let unready = members.iter().filter(|member| {
            !member.is_gone() && !matches!(member.state, PRIMARY | SECONDARY | ARBITER)
        });
        let unready: Vec<_> = unready.map(|it| format!("{} ({})", it.name, it.word)).collect();
        if !unready.is_empty() {
            let message =
                format!("members are not ready: {}", names(unready.iter().map(String::as_str)));
            found.trouble(Trouble::warning("stale_reads", message).advice(STATUS));
        }
        self.behind(&members, primary, found);
    }

    /// Says who is behind the primary.
    fn behind(&self, members: &[Member], primary: Option<&Member>, found: &mut Found) {
        let Some(latest) = primary.and_then(|member| member.written) else { return };
        let lags = members.iter().filter(|member| member.state == SECONDARY && !member.is_gone());
        let lags: Vec<_> =
            lags.filter_map(|member| Some((member, lag(latest, member.written?)))).collect();
        if let Some((_, most)) = lags.iter().max_by_key(|(_, lag)| lag.micros()) {
            found.detail("maxLagSeconds", most.as_secs_f64());
        }
        let behind: Vec<_> = lags
            .iter()
            .filter(|(_, lag)| *lag > self.max_lag)
            .map(|(member, lag)| format!("{} by {lag}", member.name))
            .collect();
        if !behind.is_empty() {
            let message = format!(
                "secondaries are behind: {} (limit {})",
                names(behind.iter().map(String::as_str)),
                self.max_lag
            );
            found.trouble(Trouble::warning("stale_reads", message).advice(
                "See how far each is: mongosh --eval 'rs.printSecondaryReplicationInfo()'; then its disk and network",
            ));
        }
    }

    /// Says whether there are too few.
    fn count(&mut self, members: usize, found: &mut Found) {
        let wanted = self.expect.map_or(self.most, |wanted| wanted as usize);
        self.most = self.most.max(members);
        if members < wanted {
            let message = format!("the replica set has {members} of {wanted} members");
            let advice = "Add the one that is missing on the primary: rs.add(\"HOST:27017\"). If it was removed on \
                purpose, set `expect` of the check, or restart lookout";
            found.trouble(Trouble::error("fewer_members", message).definite().advice(advice));
        }
    }

    /// Adds the facts.
    fn tell(&self, members: &[Member], primary: Option<&Member>, found: &mut Found) {
        found.detail("members", members.len());
        if let Some(wanted) = self.expect {
            found.detail("expectedMembers", wanted);
        }
        if let Some(primary) = primary {
            found.detail("primary", primary.name.as_str());
        }
        let shown = members.iter().take(SHOWN).map(
            |member| json!({"name": member.name, "state": member.word, "healthy": member.healthy}),
        );
        found.detail("memberStates", shown.collect::<Vec<_>>());
    }
}

/// Says whether those that are there can elect a primary.
fn majority(members: &[Member], status: &Document, found: &mut Found) {
    let voting = number(status, "votingMembersCount").map_or(members.len(), |it| it as usize);
    let needed = number(status, "majorityVoteCount").map_or(voting / 2 + 1, |it| it as usize);
    // DOWN and REMOVED do not vote; who rolls back does.
    let healthy = members.iter().filter(|it| it.healthy && !matches!(it.state, 8 | 10)).count();
    if !members.is_empty() && healthy < needed {
        let message =
            format!("only {healthy} of {voting} voting members are well, and {needed} must be");
        found.trouble(Trouble::down("no_writes", message).definite().advice(
            "Bring members back until a majority is there: systemctl start mongod on their hosts",
        ));
    }
}

/// The trouble that there is no primary.
pub(super) fn no_primary() -> Trouble {
    Trouble::down("no_writes", "the replica set has no primary").definite().advice(STATUS)
}

/// The trouble that there is no set yet.
pub(super) fn uninitialized() -> Trouble {
    Trouble::down("no_writes", "the replica set has not been initialized")
        .definite()
        .advice("Make it, once and on one member only: mongosh --eval 'rs.initiate()'")
}

/// From one moment to an earlier one, both in ms.
fn lag(latest: i64, written: i64) -> Span {
    Span::from_millis(u64::try_from(latest.saturating_sub(written)).unwrap_or_default())
}

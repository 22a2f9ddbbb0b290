//! Decides what is done about attacks, and when it is undone.
//!
//! Each attack gets the responses of its kind, each once, as soon as it is known whom they are about; when it
//! becomes an attack of a worse kind, those of that kind too. What is in force against somebody is not
//! begun a second time. Nothing is done to those who are spared, to a name that may not be whole, or beyond so
//! many an hour; and each of that is said. What was done is undone when its time is over, or when an
//! operator wants it; what cannot be undone is tried again, and given up after a day.
//!
//! Nothing is done here: whoever is handed a measure that is started, or to be undone, tells what came of it.

use super::incident::{Incident, Party, Response, State};
use super::responses::Responses;
use crate::observer::incident::{Ids, IncidentId};
use crate::observer::measure::{Counts, Measure, MeasureId, Stage};
use crate::observer::{Instant, Span};
use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const HOUR: Span = Span::from_secs(3_600);
/// Measures that may be in force at once.
const MOST: usize = 500;
/// The first pause before something is undone again, and the longest.
const RETRY: (Span, Span) = (Span::from_secs(60), HOUR);
/// What cannot be undone for so long is given up.
const GIVE_UP: Span = Span::from_secs(24 * 3_600);
/// The longest that anything can be set to be in force.
const LONGEST: Span = Span::from_secs(30 * 24 * 3_600);
/// A name of this many bytes may have been cut where it was read.
const CUT: usize = 252;

/// A measure in force.
#[derive(Debug)]
struct Live {
    measure: Measure,
    /// When it is tried to be undone, if that is planned.
    due: Option<Instant>,
    /// When that was first tried.
    tried: Option<Instant>,
    pause: Span,
}

/// What is decided and what is in force.
#[derive(Debug)]
pub struct Responder {
    policy: Responses,
    now: Instant,
    ids: Ids,
    live: BTreeMap<MeasureId, Live>,
    /// Responses that each open attack got, as bits in the order of [`Response::ALL`].
    taken: BTreeMap<IncidentId, u8>,
    /// When measures of each response were decided, within the last hour.
    lately: [VecDeque<Instant>; Response::ALL.len()],
    said: VecDeque<Measure>,
    counts: Counts,
}

impl Responder {
    /// Nothing is in force at `now`; ids of measures follow from `seed`.
    pub fn new(policy: Responses, seed: u64, now: Instant) -> Self {
        Self {
            policy,
            now,
            ids: Ids::new(seed ^ 0x006d_6561_7375_7265),
            live: BTreeMap::new(),
            taken: BTreeMap::new(),
            lately: Default::default(),
            said: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// An attack was found, is worse, or is over.
    pub fn hear(&mut self, now: Instant, attack: &Incident) {
        self.now = self.now.max(now);
        if attack.state == State::Ended {
            self.taken.remove(&attack.id);
            return;
        }
        if !self.policy.enabled {
            return;
        }
        for response in self.policy.to(attack.kind).to_vec() {
            let bit = 1 << response as u8;
            let taken = self.taken.entry(attack.id).or_default();
            let Some(on) = whom(response, attack).filter(|_| *taken & bit == 0) else { continue };
            *taken |= bit;
            if !self.is_in_force(response, &on) {
                self.decide(attack, response, on);
            }
        }
    }

    fn is_in_force(&self, response: Response, on: &Party) -> bool {
        let same = |it: &Measure| it.response == response && it.on.name() == on.name();
        lasting(response) && self.live.values().any(|live| same(&live.measure))
    }

    fn decide(&mut self, attack: &Incident, response: Response, on: Party) {
        let (now, policy) = (self.now, &self.policy);
        let means = policy.means(response);
        let mut measure = Measure {
            id: MeasureId(self.ids.next(now).0),
            incident: attack.id,
            attack: attack.kind,
            response,
            on,
            stage: Stage::Proposed,
            dry_run: policy.dry_run,
            means,
            began: now,
            until: policy.lasts(response).map(|span| now + span),
            said: now,
            message: None,
        };
        if let Some(why) = self.refusal(response, &measure.on) {
            (measure.stage, measure.message, measure.until) = (Stage::Refused, Some(why), None);
            return self.say(measure);
        }
        self.lately[response as usize].push_back(now);
        if means.is_none() {
            measure.message = Some("nobody is set to do it".into());
        } else if !measure.dry_run {
            measure.stage = Stage::Started;
            let live = Live { measure: measure.clone(), due: None, tried: None, pause: RETRY.0 };
            self.live.insert(measure.id, live);
        }
        self.say(measure);
    }

    /// Why it is not to be done to somebody.
    fn refusal(&mut self, response: Response, on: &Party) -> Option<Arc<str>> {
        let (now, policy) = (self.now, &self.policy);
        if response.is_against_somebody() {
            if let Some(address) = on.address.as_deref().and_then(|it| it.parse::<IpAddr>().ok())
                && policy.spared.has_address(address)
            {
                return Some("the address is in `responses.never_addresses`".into());
            }
            if let Some(user) = on.user.as_deref() {
                if policy.spared.has_user(user) {
                    return Some("the user is in `responses.never_users`".into());
                }
                if user.len() >= CUT || user.contains(char::REPLACEMENT_CHARACTER) {
                    return Some(
                        "the name may not be whole: it is too long, or holds control characters"
                            .into(),
                    );
                }
            }
        }
        let lately = &mut self.lately[response as usize];
        while lately.front().is_some_and(|at| now.since(*at) >= HOUR) {
            lately.pop_front();
        }
        if lately.len() >= policy.per_hour as usize {
            let many =
                format!("{} of its kind within the hour: `responses.per_hour`", lately.len());
            return Some(many.into());
        }
        (self.live.len() >= MOST).then(|| format!("{MOST} measures are in force").into())
    }

    /// What came of a measure that was started, or was to be undone.
    pub fn told(&mut self, now: Instant, id: MeasureId, done: Result<&str, &str>) {
        self.now = self.now.max(now);
        let now = self.now;
        let Some(live) = self.live.get_mut(&id) else { return };
        let (Ok(message) | Err(message)) = done;
        let measure = &mut live.measure;
        measure.message = (!message.is_empty()).then(|| message.into());
        measure.said = now;
        match (measure.stage, done.is_ok()) {
            (Stage::Started, true) => {
                measure.stage = Stage::Done;
                // It may have been asked to end while it was done.
                live.due = live.due.or(measure.until);
            }
            (Stage::Started, false) => measure.stage = Stage::Failed,
            (Stage::Undoing, true) => measure.stage = Stage::Undone,
            (Stage::Undoing, false) => {
                let tried = *live.tried.get_or_insert(now);
                let given_up = now.since(tried) >= GIVE_UP;
                measure.stage = if given_up { Stage::Failed } else { Stage::Stuck };
                live.due = Some(now + live.pause);
                live.pause = Span::from_micros(live.pause.micros() * 2).min(RETRY.1);
            }
            // It was told before.
            _ => return,
        }
        let measure = measure.clone();
        let is_over = !measure.stage.is_in_force()
            || (measure.stage == Stage::Done && measure.until.is_none());
        if is_over {
            self.live.remove(&id);
        }
        self.say(measure);
    }

    /// Begins to undo what is due.
    pub fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let now = self.now;
        let is_due = |live: &&Live| {
            live.measure.stage != Stage::Started && live.due.is_some_and(|due| due <= now)
        };
        let due: Vec<_> = self.live.values().filter(is_due).map(|live| live.measure.id).collect();
        for id in due {
            self.begin_to_undo(id, "its time is over");
        }
    }

    /// An operator wants a measure to be undone: how it stands then, `None` if no such measure is in force.
    pub fn undo(&mut self, now: Instant, id: MeasureId) -> Option<Measure> {
        self.now = self.now.max(now);
        let live = self.live.get_mut(&id)?;
        match live.measure.stage {
            // It is undone as soon as it is done.
            Stage::Started => live.due = Some(self.now),
            Stage::Done | Stage::Stuck => self.begin_to_undo(id, "an operator wants it"),
            _ => {}
        }
        self.live.get(&id).map(|live| live.measure.clone())
    }

    fn begin_to_undo(&mut self, id: MeasureId, why: &str) {
        let Some(live) = self.live.get_mut(&id) else { return };
        live.due = None;
        let measure = &mut live.measure;
        (measure.stage, measure.said, measure.message) =
            (Stage::Undoing, self.now, Some(why.into()));
        let measure = measure.clone();
        self.say(measure);
    }

    /// A measure that was in force when an earlier run said so, or another observer, which may be there. What an
    /// earlier run did itself ended with it.
    pub fn restore(&mut self, now: Instant, measure: Measure, of_earlier_run: bool) {
        self.now = self.now.max(now);
        let is_new = !self.live.contains_key(&measure.id);
        if !measure.stage.is_in_force() || measure.dry_run || !is_new || self.live.len() >= MOST {
            return;
        }
        let id = measure.id;
        // Who may publish there may have written any time.
        let due = measure.until.map_or(self.now, |until| until.min(self.now + LONGEST));
        let ended = measure.means.own && of_earlier_run;
        let mut live = Live { measure, due: Some(due), tried: None, pause: RETRY.0 };
        live.measure.stage = Stage::Done;
        self.live.insert(id, live);
        if ended {
            self.begin_to_undo(id, "lookout was started anew");
        }
    }

    /// When [`Responder::advance`] is next needed.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let settled = self.live.values().filter(|live| live.measure.stage != Stage::Started);
        settled.filter_map(|live| live.due).min()
    }

    /// The next thing to say.
    pub fn poll(&mut self) -> Option<Measure> {
        self.said.pop_front()
    }

    /// What is in force.
    pub fn live(&self) -> impl Iterator<Item = &Measure> {
        self.live.values().map(|live| &live.measure)
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        Counts { in_force: self.live.len() as u64, ..self.counts.clone() }
    }

    fn say(&mut self, measure: Measure) {
        self.counts.stages[measure.response as usize][measure.stage as usize] += 1;
        self.said.push_back(measure);
    }
}

/// Whether it is in force for a while.
const fn lasting(response: Response) -> bool {
    !matches!(response, Response::NotifyUser | Response::NotifySecurityTeam)
}

/// To whom a response to an attack is done; `None` as long as that is not known.
fn whom(response: Response, attack: &Incident) -> Option<Party> {
    let Incident { source, target, .. } = attack;
    let either =
        |of: fn(&Party) -> &Option<Arc<str>>| of(target).clone().or_else(|| of(source).clone());
    let user = either(|it| &it.user);
    match response {
        Response::BlockIp => {
            // Who is to be kept out is known by a number; anything else would keep nobody out.
            let address = source.address.clone().filter(|it| it.parse::<IpAddr>().is_ok())?;
            Some(Party { address: Some(address), ..Party::default() })
        }
        Response::LockUser
        | Response::SuspendUser
        | Response::RateLimitUser
        | Response::NotifyUser => Some(Party { user: Some(user?), ..Party::default() }),
        Response::PreserveEvidence => {
            let session = either(|it| &it.session);
            let user = user.filter(|_| session.is_none());
            (session.is_some() || user.is_some()).then(|| Party {
                user,
                session,
                ..Party::default()
            })
        }
        Response::NotifySecurityTeam | Response::IncreaseMonitoring => {
            let address = source.address.clone();
            let (client, session, service) =
                (either(|it| &it.client), either(|it| &it.session), either(|it| &it.service));
            Some(Party { user, address, client, session, service })
        }
    }
}

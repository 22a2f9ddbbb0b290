//! Twenty callers who share the calls between them.
//!
//! Each waits a random while, picks a service by its share of the traffic, and calls it without
//! waiting for earlier answers: people do not stop to arrive because a service is down. What the
//! callers themselves see is counted, to be set against what lookout says.

use super::cast::{CALLERS, CAST, FLOOD_RATE, RUSH, Role};
use super::door::Door;
use super::random::Random;
use crate::client::{CallError, Options, Platform};
use crate::clock::Clock;
use crate::observer::Instant;
use serde::de::IgnoredAny;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a caller waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What all callers know.
#[derive(Debug)]
struct Plan {
    clock: Clock,
    /// When everybody last began to sign in, in microseconds.
    rush: AtomicU64,
    /// Which services get invalid calls, in the order of the cast.
    floods: [AtomicBool; CAST.len()],
    tally: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    ok: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
    unanswered: AtomicU64,
}

/// What the callers saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls made.
    pub calls: u64,
    /// Answered with a result.
    pub ok: u64,
    /// Answered with an error that is the caller's doing.
    pub rejected: u64,
    /// Answered with an error that is the service's doing.
    pub failed: u64,
    /// Not answered.
    pub unanswered: u64,
}

/// The callers; they stop when dropped.
#[derive(Debug)]
pub struct Callers {
    plan: Arc<Plan>,
    waiting: Vec<(Platform, Random)>,
    tasks: JoinSet<()>,
}

impl Callers {
    /// Connects the callers; they call nobody yet.
    pub fn connect(broker: &Door, clock: Clock, random: &mut Random) -> Self {
        let plan = Plan {
            clock,
            rush: AtomicU64::new(0),
            floods: std::array::from_fn(|_| AtomicBool::new(false)),
            tally: Counters::default(),
        };
        let waiting = (1..=CALLERS)
            .filter_map(|number| {
                let session = format!("s-{number:02}");
                let endpoint = broker.endpoint(session.as_str());
                let options = careless(Options::at(endpoint, session));
                // Nothing is wrong with these options.
                Some((Platform::connect(options).ok()?, random.fork()))
            })
            .collect();
        Self { plan: Arc::new(plan), waiting, tasks: JoinSet::new() }
    }

    /// Waits until every caller can hear answers.
    pub async fn ready(&self) -> Result<(), CallError> {
        for (client, _) in &self.waiting {
            client.ready().await?;
        }
        Ok(())
    }

    /// Lets everybody sign in now, and begins to call if that has not happened yet.
    pub fn start(&mut self) {
        self.plan.rush.store(self.plan.clock.now().micros(), Ordering::Relaxed);
        for (client, random) in self.waiting.drain(..) {
            self.tasks.spawn(calling(client, random, Arc::clone(&self.plan)));
        }
    }

    /// Begins or ends a flood of invalid calls to a service.
    pub fn set_flood(&self, service: &str, flood: bool) {
        for (role, flag) in CAST.iter().zip(&self.plan.floods) {
            if role.name == service {
                flag.store(flood, Ordering::Relaxed);
            }
        }
    }

    /// What the callers saw so far.
    pub fn tally(&self) -> Tally {
        let counters = &self.plan.tally;
        Tally {
            calls: counters.calls.load(Ordering::Relaxed),
            ok: counters.ok.load(Ordering::Relaxed),
            rejected: counters.rejected.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
            unanswered: counters.unanswered.load(Ordering::Relaxed),
        }
    }
}

/// How most callers are: they know nothing of lookout, and call whoever they want to.
fn careless(options: Options) -> Options {
    let mut options = options;
    (options.listen, options.fail_fast, options.deadline) = (false, false, TIMEOUT);
    options
}

/// One share of the traffic: whom to call, whether with valid parameters, how often a second.
type Share = (&'static Role, bool, f64);

impl Plan {
    /// The traffic at this moment.
    fn shares(&self) -> Vec<Share> {
        let begun = Instant::from_micros(self.rush.load(Ordering::Relaxed));
        let rush = self.clock.now().since(begun).micros() < RUSH.micros();
        let normal = CAST.iter().map(|role| (role, true, if rush { role.rush } else { role.rate }));
        let flooded = CAST.iter().zip(&self.floods).filter(|(_, on)| on.load(Ordering::Relaxed));
        normal.chain(flooded.map(|(role, _)| (role, false, FLOOD_RATE))).collect()
    }
}

/// Picks a share by its weight.
fn pick(shares: &[Share], random: &mut Random) -> Option<Share> {
    let total: f64 = shares.iter().map(|(.., rate)| rate).sum();
    let mut left = random.unit() * total;
    for share in shares {
        left -= share.2;
        if left <= 0.0 {
            return Some(*share);
        }
    }
    shares.last().copied()
}

/// One caller.
async fn calling(client: Platform, mut random: Random, plan: Arc<Plan>) {
    let mut open = JoinSet::new();
    loop {
        let shares = plan.shares();
        let total: f64 = shares.iter().map(|(.., rate)| rate).sum();
        tokio::time::sleep(random.wait(total / CALLERS as f64)).await;
        while open.try_join_next().is_some() {}
        let Some((role, valid, _)) = pick(&shares, &mut random) else { continue };
        let Some(method) = random.choose(role.methods) else { continue };
        let item = format!("i-{}", random.number() % 500);
        // A release of the client that forgot a field: null is what reaches the service.
        let quantity = valid.then(|| 1 + random.number() % 5);
        let params = json!({"item": item, "quantity": quantity});
        let (client, plan) = (client.clone(), Arc::clone(&plan));
        open.spawn(async move {
            let answer = client.call::<IgnoredAny>(role.name, method, &params).await;
            plan.tally.count(&answer);
        });
    }
}

impl Counters {
    fn count<T>(&self, answer: &Result<T, CallError>) {
        let kind = match answer {
            Ok(_) => &self.ok,
            Err(CallError::Timeout(_) | CallError::LinkDown { .. }) => &self.unanswered,
            Err(error) if error.is_transient() => &self.failed,
            Err(_) => &self.rejected,
        };
        kind.fetch_add(1, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

impl Tally {
    /// What was added since `earlier`.
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            ok: self.ok.saturating_sub(earlier.ok),
            rejected: self.rejected.saturating_sub(earlier.rejected),
            failed: self.failed.saturating_sub(earlier.failed),
            unanswered: self.unanswered.saturating_sub(earlier.unanswered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_picked_as_often_as_its_weight_says() {
        let shares: Vec<Share> = vec![(&CAST[0], true, 3.0), (&CAST[1], true, 1.0)];
        let mut random = Random::new(5);
        let picked = (0..4_000).filter_map(|_| pick(&shares, &mut random));
        let first = picked.filter(|(role, ..)| role.name == CAST[0].name).count();
        assert!((2_900..3_100).contains(&first), "{first} of 4000");
        assert!(pick(&[], &mut random).is_none());
    }
}

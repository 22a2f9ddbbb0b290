//! A look at everything that is configured, once: for `lookout doctor`.
//!
//! It connects beside a lookout that runs, under a client identifier of its own, and says nothing but
//! songs of a canary, on the topic where lookout's own sings; those of another run are no matter to
//! it. Nothing is judged over time: what one look finds is what is told.

use super::start;
use crate::clock::Clock;
use crate::config::{Check, Config, Kind, Platform, Protocol};
use crate::mqtt::{self, Arrival, Canary, Handle, Inbox, Plan};
use crate::notify::{Reached, reach};
use crate::observer::Span;
use crate::observer::input::{Link, Severity};
use crate::probe::kind::{Setting, probe};
use crate::probe::{self, Ears, Found, Listeners, Waiting, look};
use crate::trace;
use futures_util::future::join_all;
use std::net::TcpListener;
use std::time::Duration;
use tokio::time::timeout;

/// Songs of the canary: enough for a percentile.
const SONGS: u64 = 5;
/// How long a song, and what the broker says of itself, is waited for.
const ANSWER: Duration = Duration::from_secs(5);
/// How long EMQX, or a platform, is waited for.
const ASK: Duration = Duration::from_secs(15);
/// How long the session may take to end.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Good,
    /// It works, but.
    Weak,
    /// It does not work.
    Bad,
}

/// What was found of one thing that is configured.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// Whether lookout, or the platform, cannot do without it.
    pub required: bool,
    /// How it is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do.
    pub advice: Vec<String>,
}

impl Finding {
    fn new(what: impl Into<String>, state: State, found: impl Into<String>) -> Self {
        let (what, found) = (what.into(), found.into());
        Self { what, required: false, state, found, advice: Vec::new() }
    }

    fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn advice(mut self, advice: &str) -> Self {
        self.advice.push(advice.to_owned());
        self
    }
}

/// Looks at everything, and tells what was found in the order of the configuration.
///
/// # Errors
///
/// If the system gives no thread.
pub async fn examine(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let clock = Clock::start();
    let (ears, heard) = Ears::new();
    let mut plan = Plan::listener(config, "doctor");
    plan.canary = Some(Canary::new(&config.cluster, &config.id));
    if config.checks.iter().any(|check| matches!(check.kind, Kind::Mosquitto)) {
        plan.told = Ears::filters();
    }
    let filters = plan.filters.len();
    let (session, mut inbox, handle) = mqtt::open(plan, clock);
    let gone = start(session)?;
    let mut findings = vec![link(config, &handle, filters).await];
    let linked = findings.iter().all(|it| it.state == State::Good);
    if linked {
        findings.push(songs(&handle, &mut inbox, &ears).await);
        told(config, &mut inbox, &ears).await;
    }
    let status = handle.status().borrow().clone();
    let up = (status.link == Link::Up).then_some(status.since);
    ears.turn(clock.now(), up, status.problem.as_deref(), Span::ZERO);
    findings.extend(listeners(config, clock).await);
    findings.extend(platform(config).await);
    let setting = Setting { platforms: config.platforms.clone(), heard };
    findings.extend(join_all(config.checks.iter().map(|check| component(check, &setting))).await);
    findings.extend(told_of_alerts(config).await);
    findings.extend(traces(config).await);
    findings.extend(pages(config));
    handle.stop();
    let _ = timeout(STOP_WITHIN, gone).await;
    Ok(findings)
}

/// Whether those who are told of alerts are there.
async fn told_of_alerts(config: &Config) -> Vec<Finding> {
    let each = |Reached { who, found }: Reached| {
        match found {
        Ok(found) => Finding::new(who, State::Good, found).required(),
        Err(problem) => Finding::new(who, State::Bad, problem).required().advice(
            "Check its address, its certificate and `ca_file`, user and password or token: alerts wait for it \
             meanwhile",
        ),
    }
    };
    reach(config).await.into_iter().map(each).collect()
}

/// Whether the collector of traces takes spans.
async fn traces(config: &Config) -> Option<Finding> {
    let (host, reached) = trace::reach(config).await?;
    let what = format!("traces {host}");
    Some(match reached {
        Ok(()) => Finding::new(what, State::Good, "takes spans"),
        Err(problem) => Finding::new(what, State::Bad, problem).advice(
            "Check `trace.endpoint`, its certificate and `trace.ca_file`, headers, user and password or token: calls \
             are judged without it, and not traced",
        ),
    })
}

/// Whether there is a link, or why not.
async fn link(config: &Config, handle: &Handle, filters: usize) -> Finding {
    let broker = &config.broker;
    let what = format!("broker {}", super::urls(broker));
    let mut status = handle.status();
    let several = broker.addresses.len() as u32;
    let patience = Duration::from_micros(broker.connect_timeout.micros()) + ANSWER;
    let mut problem = None;
    let waiting = async {
        loop {
            let now = status.borrow_and_update().clone();
            if now.link == Link::Up {
                return true;
            }
            problem = now.problem.or(problem.take());
            // Of several addresses the others have their turn.
            if (problem.is_some() && several == 1) || status.changed().await.is_err() {
                return false;
            }
        }
    };
    let up = timeout(patience * several, waiting).await.unwrap_or(false);
    let version = if broker.protocol == Protocol::V5 { "5" } else { "3.1.1" };
    if up {
        let user = broker.addresses.first().and_then(|address| address.user.as_deref());
        let user = user.map_or(String::new(), |user| format!(" as {user}"));
        let found = format!("connected{user} over MQTT {version}, {filters} subscriptions granted");
        return Finding::new(what, State::Good, found).required();
    }
    let problem = problem.unwrap_or_else(|| "no answer".to_owned());
    Finding::new(what, State::Bad, problem).required().advice(
        "Check `broker.url`, user and password, TLS, and the broker's access rules (deploy/mosquitto/acl)",
    )
}

/// Whether what lookout publishes comes back.
async fn songs(handle: &Handle, inbox: &mut Inbox, ears: &Ears) -> Finding {
    let mut longest = Span::ZERO;
    for number in 0..SONGS {
        let watch = crate::clock::Stopwatch::start();
        handle.sing(number);
        let hears =
            |arrival: &Arrival| matches!(arrival, Arrival::Canary(_, song) if *song == number);
        if !wait(inbox, ears, hears).await {
            return Finding::new("canary", State::Bad, "what lookout published did not come back")
                .required()
                .advice(
                    "Let lookout's user write and read `system/{cluster}/observer/{id}/canary`: without it, it \
                     doubts its ears and blames nobody",
                );
        }
        let took = watch.elapsed();
        ears.song(took);
        longest = longest.max(took);
    }
    let found = format!("{SONGS} messages came back, the slowest after {longest}");
    Finding::new("canary", State::Good, found).required()
}

/// Hears what the broker says of itself, if a check wants to know.
async fn told(config: &Config, inbox: &mut Inbox, ears: &Ears) {
    if config.checks.iter().any(|check| matches!(check.kind, Kind::Mosquitto)) {
        let beat = |arrival: &Arrival| matches!(arrival, Arrival::Message(heard) if heard.topic.ends_with(b"/uptime"));
        // What does not come is what the check finds.
        let _ = wait(inbox, ears, beat).await;
    }
}

/// Waits for an arrival; whether it came.
async fn wait(inbox: &mut Inbox, ears: &Ears, wanted: impl Fn(&Arrival) -> bool) -> bool {
    let waiting = async {
        let mut batch = Vec::new();
        loop {
            if inbox.recv_many(&mut batch, 100).await == 0 {
                return false;
            }
            let mut came = false;
            for arrival in batch.drain(..) {
                if let Arrival::Message(heard) = &arrival {
                    ears.hear(heard.at, &heard.topic, &heard.payload);
                }
                came |= wanted(&arrival);
            }
            if came {
                return true;
            }
        }
    };
    timeout(ANSWER, waiting).await.unwrap_or(false)
}

/// Whether EMQX tells who listens, if it is to be asked.
async fn listeners(config: &Config, clock: Clock) -> Option<Finding> {
    let emqx = config.emqx.clone()?;
    let what = format!("emqx {}", emqx.url);
    let asked = async {
        let own = format!("{}-doctor", config.broker.client_id);
        let (listeners, mut results) = Listeners::new(emqx, &own, clock)?;
        let task = tokio::spawn(listeners.run());
        let topic = "service/lookout-doctor".into();
        results.set_waiting(vec![Waiting { service: "lookout-doctor".into(), topic }]);
        let look = timeout(ASK, results.next()).await;
        task.abort();
        Ok::<_, anyhow::Error>(look.map_err(|_| "no answer".to_owned()).and_then(|it| it.found))
    };
    Some(match asked.await {
        Ok(Ok(_)) => Finding::new(what, State::Good, "tells who subscribes to what"),
        Ok(Err(problem)) => Finding::new(what, State::Bad, problem)
            .advice("Without it, no_subscriber is never told; see `[emqx]`"),
        Err(error) => Finding::new(what, State::Bad, format!("{error:#}")),
    })
}

/// Whether the platform that runs the services lets lookout see them.
async fn platform(config: &Config) -> Option<Finding> {
    let from = config.platforms.replicas.as_ref()?.from;
    let what = match from {
        Platform::Kubernetes => "replicas Kubernetes",
        Platform::Docker => "replicas Docker",
    };
    let advice =
        "Without it, a silent service is not explained by its replicas; see docs/CHECKS.md";
    Some(match timeout(ASK, probe::reach(&config.platforms)).await {
        Ok(Ok(found)) => Finding::new(what, State::Good, found),
        Ok(Err(error)) => Finding::new(what, State::Bad, format!("{error:#}")).advice(advice),
        Err(_) => Finding::new(what, State::Bad, "no answer").advice(advice),
    })
}

/// One look at a component.
async fn component(check: &Check, setting: &Setting) -> Finding {
    let what = format!("{} {}", check.kind.name(), check.name);
    let watch = crate::clock::Stopwatch::start();
    let found = match probe(&check.kind, setting) {
        Ok(mut probe) => look(&mut *probe, check).await,
        Err(error) => return Finding::new(what, State::Bad, format!("{error:#}")),
    };
    let (state, told) = match found.severity() {
        None => (State::Good, format!("well, after {}", watch.elapsed())),
        Some(Severity::Info | Severity::Warning) => (State::Weak, found.message()),
        Some(Severity::Error | Severity::Critical) => (State::Bad, found.message()),
    };
    let advice = Found::advice(&found);
    Finding { required: check.critical, advice, ..Finding::new(what, state, told) }
}

/// Whether the pages can be served.
fn pages(config: &Config) -> Option<Finding> {
    let listen = config.http.as_ref()?.listen;
    let what = format!("http {listen}");
    Some(match TcpListener::bind(listen) {
        Ok(_) => Finding::new(what, State::Good, "free"),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Finding::new(what, State::Weak, "in use: by a lookout that runs, or by somebody else")
        }
        Err(error) => Finding::new(what, State::Bad, error.to_string())
            .advice("Set `http.listen` to an address of this host, or to \"off\""),
    })
}

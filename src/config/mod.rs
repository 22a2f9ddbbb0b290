//! What the operator meant: from what was written to a configuration that cannot be wrong.
//!
//! Three steps. `raw` keeps exactly what was written, with lines. `sources`, `walk` and `gather`
//! look every key up in the one `table` of settings and read every value into a draft, over the
//! defaults: file, then environment, then flags. `resolve` checks the values against each other,
//! reads password, certificates and keys, compiles the traffic rules, and only then is there a [`Config`].
//!
//! Edge rules: every mistake is reported, not only the first; a mistake says where it is, what
//! was found and what is allowed; a secret is never shown, not even in a mistake about it. The
//! printed default and the reference page come from the same table, and tests hold the copies
//! in the repository to it.

mod address;
mod alerts;
pub mod asyncapi;
mod broker;
mod check;
mod draft;
mod duration;
mod emqx;
mod gather;
mod http;
mod kind;
mod mistake;
mod pair;
mod print;
mod profile;
mod raw;
mod receivers;
mod replicas;
mod resolve;
mod responses;
mod row;
mod runbooks;
mod schema;
mod security;
mod sources;
mod suggest;
mod table;
mod tls;
mod trace;
mod url;
mod walk;

pub use address::{Address, Scheme};
pub use alerts::Links;
pub use check::{Check, Kind, Limits, Server, is_encrypted};
pub use duration::parse_duration;
pub use emqx::Emqx;
pub use http::{Http, Token};
pub use mistake::Mistake;
pub use print::{default_file, reference};
pub use profile::{PROFILES, Profile};
pub use receivers::{Alertmanager, Door, Key, Login, Webhook};
pub use replicas::{Kubernetes, Label, Namespace, Platform, Platforms, Replicas};
pub use schema::schema;
pub use sources::{Sources, parse_flag};
pub use tls::Tls;
pub use trace::{Collector, Otlp, Trace};

use crate::alert::{Alerts, Policy, librarian};
use crate::observer::{Instant, Settings, Span};
use crate::runbook::Book;
use crate::security::responder::Responder;
use crate::security::responses::Responses;
use crate::security::watch::Watch;
use crate::wire::{Envelope, Traffic, Voice};
use std::path::PathBuf;

/// A configuration that cannot be wrong.
#[derive(Clone, Debug)]
pub struct Config {
    /// Names `system/{cluster}/…`.
    pub cluster: String,
    /// lookout's id.
    pub id: String,
    /// The broker and how to reach it.
    pub broker: Broker,
    /// The broker's own interface, where it is EMQX and may be asked.
    pub emqx: Option<Emqx>,
    /// What is heard.
    pub traffic: Traffic,
    /// How it is judged.
    pub settings: Settings,
    /// Messages that may wait between socket and observer.
    pub inbox: usize,
    /// Events that may wait for the broker.
    pub outbox: usize,
    /// How often the canary sings.
    pub canary: Span,
    /// When lookout gives up.
    pub fail_fast: FailFast,
    /// What lookout's documents are wrapped in.
    pub envelope: Envelope,
    /// lookout's own logs.
    pub log: Log,
    /// The HTTP server; `None` is none.
    pub http: Option<Http>,
    /// The components that are looked at.
    pub checks: Vec<Check>,
    /// What runs the services.
    pub platforms: Platforms,
    /// Which alerts there are; `None` is none.
    pub alert_policy: Option<Policy>,
    /// What stands in every alert.
    pub links: Links,
    /// The Alertmanagers that are sent alerts.
    pub alertmanagers: Vec<Alertmanager>,
    /// Those who are told without one.
    pub webhooks: Vec<Webhook>,
    /// Who is sent traces, and where people see them.
    pub trace: Trace,
    /// What the security watch takes for an attack.
    pub security: crate::security::policy::Policy,
    /// Other observers of the cluster that may be there, by their ids; `*` at the end stands for any ending.
    pub peers: Vec<String>,
    /// How often EMQX is asked whom it banned by itself.
    pub bans_every: Span,
    /// What may be done about an attack.
    pub responses: Responses,
    /// Where recordings of sessions go, if there is a place for them.
    pub evidence_folder: Option<PathBuf>,
    /// What to do about alerts: runbooks that came along and the operator's own.
    pub runbooks: Book,
}

impl Config {
    /// Who speaks, and how.
    pub fn voice(&self) -> Voice {
        let Self { cluster, id, envelope, .. } = self;
        Voice { cluster: cluster.clone(), id: id.clone(), envelope: *envelope }
    }

    /// The security watch, if there is to be one, that begins now.
    pub fn watch(&self, now: Instant) -> Option<Watch> {
        let policy = &self.security;
        policy.enabled.then(|| Watch::new(policy.clone(), self.settings.seed, now))
    }

    /// Who decides what is done about attacks, if there is a security watch. Where nobody acts (`acts` is false), it
    /// is a dry run whatever is set.
    pub fn responder(&self, now: Instant, acts: bool) -> Option<Responder> {
        let policy =
            Responses { dry_run: self.responses.dry_run || !acts, ..self.responses.clone() };
        self.security.enabled.then(|| Responder::new(policy, self.settings.seed, now))
    }

    /// Alerts that have not begun, if there are to be any.
    pub fn alerts(&self) -> Option<Alerts> {
        let policy = self.alert_policy.clone()?;
        Some(Alerts::new(policy, librarian(self.runbooks.clone(), self.cluster.clone())))
    }
}

/// The broker and how to reach it.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Where it is: at least one address, tried in this order.
    pub addresses: Vec<Address>,
    /// How to speak TLS with it; set exactly if the addresses ask for it.
    pub tls: Option<Tls>,
    /// MQTT protocol version.
    pub protocol: Protocol,
    /// Client identifier.
    pub client_id: String,
    /// Keep-alive interval, at least 5 s.
    pub keep_alive: Span,
    /// Time to wait for a connection.
    pub connect_timeout: Span,
    /// First wait before reconnecting.
    pub backoff_min: Span,
    /// Longest wait before reconnecting.
    pub backoff_max: Span,
    /// Largest packet accepted, in bytes; advertised to an MQTT 5 broker.
    pub max_packet: u32,
    /// Quality of service of the subscriptions: 0 or 1.
    pub qos: u8,
}

/// When lookout gives up, and ends with the reason: whoever runs it starts it anew, and sees that
/// it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailFast {
    /// Without a link for so long.
    pub no_link: Span,
    /// With a link, and without its canary for so long: it is deaf.
    pub no_canary: Span,
    /// With a link, and without any message for so long; `None` if quiet is no reason.
    pub quiet: Option<Span>,
    /// With a critical component in a state of severity critical.
    pub on_critical: bool,
}

/// MQTT protocol versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 3.1.1.
    V311,
    /// MQTT 5.
    V5,
}

/// A string that does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// lookout's own logs, on stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// JSON lines instead of human-readable ones.
    pub json: bool,
    /// A `tracing` filter such as `info` or `lookout=debug`.
    pub level: String,
}

/// Reads and resolves a configuration, or reports every mistake in it. lookout's id, where
/// none is set, follows from the host.
pub fn load(sources: &Sources) -> Result<Config, Vec<Mistake>> {
    load_for(sources, None)
}

/// Reads a configuration that no file holds; environment and flags have no say in it.
pub fn from_text(text: &str) -> Result<Config, Vec<Mistake>> {
    let mut gathered = gather::Gathered::new("text".to_owned());
    match raw::parse(text) {
        Ok(entries) => gathered.file(&entries),
        Err(error) => {
            gathered.mistake(gather::file_spot(error.line, "syntax"), error.message, "TOML")
        }
    }
    match resolve::resolve(&mut gathered) {
        Some(config) if !gathered.has_mistakes() => Ok(config),
        _ => Err(gathered.into_mistakes()),
    }
}

/// As [`load`], with an `id` to take where none is set: a replay is the same on every host.
pub fn load_for(sources: &Sources, id: Option<&str>) -> Result<Config, Vec<Mistake>> {
    let mut gathered = sources.gather();
    if let Some(id) = id {
        gathered.draft.id.get_or_insert_with(|| id.to_owned());
    }
    match resolve::resolve(&mut gathered) {
        Some(config) if !gathered.has_mistakes() => Ok(config),
        _ => Err(gathered.into_mistakes()),
    }
}

#[cfg(test)]
mod tests;

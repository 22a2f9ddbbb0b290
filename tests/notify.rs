//! Who is told of alerts, with a real Alertmanager and receivers that count.
//!
//! The board of alerts is made by the test; how alerts come to be is `tests/alerts.rs`' and the
//! scenarios' affair. Intervals are those of the configuration, shortened.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/alertmanager.rs"]
mod alertmanager;
#[path = "support/api.rs"]
mod api;
#[path = "support/authority.rs"]
mod authority;
#[path = "support/mosquitto.rs"]
mod mosquitto;

#[path = "notify/direct.rs"]
mod direct;
#[path = "notify/hook.rs"]
mod hook;
#[path = "notify/mail.rs"]
mod mail;
#[path = "notify/routes.rs"]
mod routes;

use api::{Answer, Api, Asked};
use lookout::alert::Board;
use lookout::clock::Clock;
use lookout::config;
use lookout::notify::{Notices, Receivers};
use lookout::observer::Instant;
use lookout::observer::alert::{Alert, Context, Impact, Key, Runbook, Severity};
use lookout::observer::incident::IncidentId;
use lookout::observer::trace::TraceId;
use lookout::wire::line::tame;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Those who are told, at work; they end with the value.
struct Telling {
    notices: Notices,
    clock: Clock,
    task: JoinHandle<()>,
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Telling {
    /// Begins to tell those of a configuration.
    fn start(toml: &str) -> Self {
        let mut config = config::from_text(toml).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        config.links.trace = Some("https://traces.example/{traceId}".to_owned());
        let clock = Clock::start();
        let (receivers, notices) = Receivers::new(&config, clock);
        let task = tokio::spawn(async move {
            let ended = receivers.run().await;
            panic!("it ended: {ended:?}");
        });
        Self { notices, clock, task }
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Says that these fire and those are over.
    fn tell(&self, firing: &[Arc<Alert>], ended: &[Arc<Alert>]) {
        let board = Board { firing: firing.to_vec(), ended: ended.to_vec(), signals: Vec::new() };
        self.notices.tell(Arc::new(board));
    }
}

/// An alert about a service.
fn alert(name: &str, service: &str, severity: Severity, starts: Instant) -> Arc<Alert> {
    Arc::new(Alert {
        key: Key::new(name).with("service", service.into()),
        severity,
        starts,
        ends: None,
        // As lookout makes it: names in texts for people show what is hidden.
        summary: format!("{} is unavailable", tame(service)),
        description: "0 of 42 calls were answered.".to_owned(),
        event: "service_unavailable",
        reason: Some("not_responding".into()),
        value: None,
        context: Context {
            impact: Impact {
                services: vec![service.into()],
                services_total: 1,
                methods: vec!["getUser".into()],
                calls_per_second: 0.5,
                calls_share: Some(0.25),
                callers: 3.0,
            },
            causes: vec!["users_db (postgresql): no connection".to_owned()],
            ..Context::default()
        },
        runbook: Some(Runbook {
            name: "not-responding".to_owned(),
            title: "It does not answer".to_owned(),
            steps: vec![("Look at it".to_owned(), Some("kubectl get pods".to_owned()))],
        }),
        repeat: 0,
        incident: IncidentId(7),
        explained: None,
        trace: Some(TraceId::of(0x4bf9_2f35)),
    })
}

/// The same, over.
fn over(alert: &Arc<Alert>, ends: Instant) -> Arc<Alert> {
    Arc::new(Alert { ends: Some(ends), ..(**alert).clone() })
}

/// A receiver of notifications that takes all of them.
async fn receiver(paths: &[&str]) -> Api {
    let api = Api::on_port().await;
    for path in paths {
        api.answers("POST", path, Answer::json(json!({})));
    }
    api
}

fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap()
}

/// The alerts of a notification of Alertmanager: name, service, status.
fn told(asked: &Asked) -> Vec<(String, String, String)> {
    let body = body(asked);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let alerts = body["alerts"].as_array().unwrap().iter();
    alerts
        .map(|it| {
            (text(&it["labels"]["alertname"]), text(&it["labels"]["service"]), text(&it["status"]))
        })
        .collect()
}

/// Whether a notification says that an alert about a service fires, or is over.
fn says(asked: &Asked, service: &str, status: &str) -> bool {
    asked.method == "POST" && told(asked).iter().any(|(_, of, is)| of == service && is == status)
}

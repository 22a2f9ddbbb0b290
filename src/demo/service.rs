//! A made-up service: answers calls after a believable while.
//!
//! It is what anybody would build with `lookout::client`: methods, and nothing of JSON-RPC. It
//! validates a little (a member of `params` that is null is a validation error) and applies
//! one business rule to about one call in fifty, so that the traffic has the errors that are
//! nobody's outage. Killing it drops its connection and every answer that was still due, as a
//! crash does.

use super::cast::{ASKED, Ask, LATENCY, Role, SLOW};
use super::door::Door;
use super::random::Random;
use crate::client::{self, Call, CallError, Endpoint, FieldError, Options, Platform, Refusal};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A service that can be killed, restarted and made slow.
#[derive(Debug)]
pub struct Service {
    endpoint: Endpoint,
    desk: Arc<Desk>,
    serving: Option<client::Service>,
}

/// What all its methods share.
#[derive(Debug)]
struct Desk {
    role: Role,
    random: Mutex<Random>,
    slow: AtomicBool,
    /// By which it asks others.
    platform: Option<Platform>,
}

impl Service {
    /// Starts the service at a broker.
    pub fn start(role: Role, broker: impl Into<Door>, random: Random) -> Self {
        let broker = broker.into();
        let endpoint = broker.endpoint(format!("service-{}", role.name));
        let session = format!("service-{}-asks", role.name);
        let mut options = Options::at(broker.endpoint(session.as_str()), session);
        (options.listen, options.fail_fast, options.deadline) = (false, false, ASKED);
        // Nothing is wrong with these options.
        let platform = role.asks.and_then(|_| Platform::connect(options).ok());
        let (random, slow) = (Mutex::new(random), AtomicBool::new(false));
        let desk = Desk { role, random, slow, platform };
        let mut service = Self { endpoint, desk: Arc::new(desk), serving: None };
        service.restart();
        service
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.desk.role.name
    }

    /// Waits until it hears calls.
    pub async fn ready(&self) -> Result<(), CallError> {
        if let Some(platform) = &self.desk.platform {
            platform.ready().await?;
        }
        match &self.serving {
            Some(serving) => serving.ready().await,
            None => Err(CallError::LinkDown { sent: false }),
        }
    }

    /// What keeps it from the broker, if anything does and it is not dead anyway.
    pub fn problem(&self) -> Option<String> {
        self.serving.as_ref().and_then(client::Service::problem)
    }

    /// Ends it without a goodbye; what it was about to answer is never answered.
    pub fn kill(&mut self) {
        self.serving = None;
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        let Role { name, methods, asks, .. } = self.desk.role;
        let service = methods.iter().fold(client::Service::builder(name), |service, method| {
            let desk = Arc::clone(&self.desk);
            let ask = asks.filter(|_| methods.first() == Some(method));
            service.method(*method, move |call, params: Value| {
                let (wait, outcome) = desk.work(&params);
                let desk = Arc::clone(&desk);
                async move {
                    if let Some(ask) = ask {
                        desk.ask(ask, call).await;
                    }
                    tokio::time::sleep(wait).await;
                    outcome
                }
            })
        });
        // The names of the cast are names.
        self.serving = service.serve(&self.endpoint).ok();
    }

    /// Makes it slow, or quick again.
    pub fn set_slow(&self, slow: bool) {
        self.desk.slow.store(slow, Ordering::Relaxed);
    }
}

impl Desk {
    /// Asks another service on behalf of a call, in its trace and operation, and does without an answer
    /// if there is none.
    async fn ask(&self, Ask { service, method }: Ask, call: Call) {
        let Some(platform) = &self.platform else { return };
        let mut request = platform.request(service, method).params(&json!({"item": "user"}));
        if let Some(trace) = call.traceparent {
            request = request.traceparent(trace);
        }
        if let Some(operation) = call.correlation_id {
            request = request.correlation_id(operation);
        }
        let _ = request.send::<IgnoredAny>().await;
    }

    /// How long a call takes, and what comes of it.
    fn work(&self, params: &Value) -> (Duration, Result<Value, Refusal>) {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = if self.slow.load(Ordering::Relaxed) {
            let (least, most) = SLOW;
            least + (most - least).mul_f64(random.unit())
        } else {
            random.latency(Duration::from_millis(self.role.median_ms), LATENCY)
        };
        let missing = params.as_object().and_then(|all| all.iter().find(|(_, v)| v.is_null()));
        let outcome = if let Some((field, _)) = missing {
            Err(Refusal::validation([FieldError {
                field: field.clone(),
                message: "required".to_owned(),
                value: Some(Value::Null),
                constraint: None,
            }]))
        } else if random.unit() <= 0.02 {
            Err(Refusal::business_rule("quota", "limit of the day reached"))
        } else {
            let number = random.number() % 10_000;
            Ok(json!({"success": true, "reference": format!("r-{number}")}))
        };
        (wait, outcome)
    }
}

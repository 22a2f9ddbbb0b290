//! A made-up service: answers calls after a believable while.
//!
//! It validates a little (a member of `params` that is null is a validation error) and applies
//! one business rule to about one call in fifty, so that the traffic has the errors that are
//! nobody's outage. Killing it drops its connection and every answer that was still due, as a
//! crash does.

use super::cast::{LATENCY, Role, SLOW};
use super::door::Door;
use super::random::Random;
use crate::client::{Endpoint, Heard, Link, Publisher};
use crate::clock::Clock;
use jsonrpsee_types::{ErrorObjectOwned, Id, Response, ResponsePayload};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// A service that can be killed, restarted and made slow.
#[derive(Debug)]
pub struct Service {
    role: Role,
    endpoint: Endpoint,
    clock: Clock,
    random: Random,
    slow: Arc<AtomicBool>,
    link: Option<Link>,
}

impl Service {
    /// Starts the service at a broker.
    pub fn start(role: Role, broker: impl Into<Door>, clock: Clock, random: Random) -> Self {
        let endpoint = broker.into().endpoint(format!("service-{}", role.name));
        let slow = Arc::new(AtomicBool::new(false));
        let mut service = Self { role, endpoint, clock, random, slow, link: None };
        service.restart();
        service
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.role.name
    }

    /// Waits until it hears calls.
    pub async fn ready(&self) -> Result<(), crate::client::CallError> {
        match &self.link {
            Some(link) => link.ready().await,
            None => Err(crate::client::CallError::Disconnected),
        }
    }

    /// What keeps it from the broker, if anything does and it is not dead anyway.
    pub fn problem(&self) -> Option<String> {
        self.link.as_ref().and_then(Link::problem)
    }

    /// Ends it without a goodbye; what it was about to answer is never answered.
    pub fn kill(&mut self) {
        self.link = None;
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        let mut desk = Desk {
            role: self.role,
            clock: self.clock,
            random: self.random.fork(),
            slow: Arc::clone(&self.slow),
            due: JoinSet::new(),
        };
        let filter = format!("service/{}", self.role.name);
        let hook = move |publisher: &Publisher, heard| desk.hear(publisher, heard);
        self.link = Some(Link::open(&self.endpoint, vec![filter], hook));
    }

    /// Makes it slow, or quick again.
    pub fn set_slow(&self, slow: bool) {
        self.slow.store(slow, Ordering::Relaxed);
    }
}

/// A call as a service reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    method: String,
    #[serde(default)]
    params: Value,
    reply_to: String,
    #[serde(default)]
    correlation_id: String,
}

/// Where calls come in. Lives inside the link's task, and the answers that are due with it.
struct Desk {
    role: Role,
    clock: Clock,
    random: Random,
    slow: Arc<AtomicBool>,
    due: JoinSet<()>,
}

impl Desk {
    fn hear(&mut self, publisher: &Publisher, heard: Heard) {
        while self.due.try_join_next().is_some() {}
        let Heard::Message { payload, .. } = heard else { return };
        // A service cannot answer what it cannot read.
        let Ok(call) = serde_json::from_slice::<Call<'_>>(&payload) else { return };
        let Ok(answer) = serde_json::to_vec(&self.answer(&call)) else { return };
        let (reply_to, wait, publisher) = (call.reply_to, self.latency(), publisher.clone());
        self.due.spawn(async move {
            tokio::time::sleep(wait).await;
            let _ = publisher.publish(&reply_to, answer).await;
        });
    }

    fn latency(&mut self) -> Duration {
        if self.slow.load(Ordering::Relaxed) {
            let (least, most) = SLOW;
            return least + (most - least).mul_f64(self.random.unit());
        }
        self.random.latency(Duration::from_millis(self.role.median_ms), LATENCY)
    }

    fn answer<'a>(&mut self, call: &Call<'a>) -> Response<'a, Value> {
        let missing = call.params.as_object().and_then(|all| all.iter().find(|(_, v)| v.is_null()));
        let payload = if !self.role.methods.contains(&call.method.as_str()) {
            let error = ErrorObjectOwned::owned(-32601, "Method not found", None::<()>);
            ResponsePayload::error(error)
        } else if let Some((field, _)) = missing {
            let details = json!({"field": field, "message": "required", "value": null});
            self.error(call, -32001, "Validation Error", "ValidationError", &details)
        } else if self.random.unit() <= 0.02 {
            let details = json!({"rule": "quota", "message": "limit of the day reached"});
            self.error(call, -32002, "Business Logic Error", "BusinessLogicError", &details)
        } else {
            let number = self.random.number() % 10_000;
            ResponsePayload::success(json!({"success": true, "reference": format!("r-{number}")}))
        };
        Response::new(payload, call.id.clone())
    }

    fn error(
        &self,
        call: &Call<'_>,
        code: i32,
        message: &'static str,
        kind: &str,
        details: &Value,
    ) -> ResponsePayload<'static, Value> {
        let micros = i64::try_from(self.clock.now().micros()).unwrap_or(i64::MAX);
        let timestamp = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
        let data = json!({
            "errorType": kind,
            "details": details,
            "correlationId": call.correlation_id,
            "timestamp": format!("{timestamp:.3}"),
            "service": self.role.name,
            "method": call.method,
        });
        ResponsePayload::error(ErrorObjectOwned::owned(code, message, Some(data)))
    }
}

//! The other end: a service that answers calls, whoever makes them.
//!
//! Methods are functions from parameters to a result; the rest is the same for every service and
//! done here: JSON-RPC and its standard codes, batches, one-way calls, a time limit for each call,
//! a bound on how many are under way, answers that outlive a reconnection.
//!
//! - A call that is not understood is answered with −32700, −32600, −32601 or −32602, one that
//!   takes too long with −32007, one that makes the method panic with −32603.
//! - A call without an id is carried out and not answered.
//! - When as many calls are under way as may be, or the service is closing, the next one is
//!   answered with −32503, with a time to come back: a queue would only make all of them late.
//! - An answer goes to the MQTT 5 Response Topic of the call, else to its `replyTo`, with its
//!   Correlation Data. A call that has neither cannot be answered.

mod desk;
mod refusal;
mod requests;

pub use refusal::Refusal;

use super::error::CallError;
use super::link::{Filters, Link, Publisher};
use super::options::Endpoint;
use crate::clock::Clock;
use desk::{Desk, Shared};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What a method is told beside its parameters.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Call {
    /// The method.
    pub method: String,
    /// The `correlationId` of the call, if it has one.
    pub correlation_id: Option<String>,
    /// The `sessionId` of the caller, if it has one.
    pub session_id: Option<String>,
    /// The user on whose behalf it was made, if it says so.
    pub user_id: Option<String>,
    /// The trace that it is a part of, if it says so.
    pub traceparent: Option<String>,
}

type Outcome = Result<Box<RawValue>, Refusal>;
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;
type Method = Box<dyn Fn(Call, &RawValue) -> Running + Send + Sync>;

/// A service that is being put together.
#[must_use = "a service answers nobody until it serves"]
pub struct ServiceBuilder {
    name: String,
    group: Option<String>,
    time_limit: Duration,
    most: usize,
    methods: BTreeMap<String, Method>,
}

impl std::fmt::Debug for ServiceBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let methods: Vec<_> = self.methods.keys().collect();
        f.debug_struct("ServiceBuilder")
            .field("name", &self.name)
            .field("methods", &methods)
            .finish()
    }
}

/// A service that answers calls on `service/{name}` until it is closed or dropped. Dropped, it is
/// gone as if it had crashed: answers that are due are never given.
#[derive(Debug)]
pub struct Service {
    link: Link,
    shared: Arc<Shared>,
}

impl ServiceBuilder {
    /// Several processes with the same group share the calls between them, by a shared
    /// subscription of MQTT 5. Without a group, each process gets every call.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// How long a call may take. Default 30 s.
    pub const fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How many calls may be under way at once, from 1 to 1 000 000. Default 1 024.
    pub fn most(mut self, calls: usize) -> Self {
        self.most = calls.clamp(1, 1_000_000);
        self
    }

    /// Adds a method: from what is known of the call and its parameters to its result.
    pub fn method<P, R, F, D>(mut self, name: impl Into<String>, handle: F) -> Self
    where
        P: DeserializeOwned,
        R: Serialize,
        F: Fn(Call, P) -> D + Send + Sync + 'static,
        D: Future<Output = Result<R, Refusal>> + Send + 'static,
    {
        let method = move |call: Call, params: &RawValue| -> Running {
            let due = match serde_json::from_str::<P>(params.get()) {
                Ok(params) => handle(call, params),
                Err(error) => {
                    return Box::pin(std::future::ready(Err(Refusal::invalid_params(&error))));
                }
            };
            Box::pin(async move {
                let result = due.await?;
                serde_json::value::to_raw_value(&result).map_err(|_| Refusal::internal("no JSON"))
            })
        };
        self.methods.insert(name.into(), Box::new(method));
        self
    }

    /// Connects, on the current runtime, and answers calls from then on.
    ///
    /// # Errors
    ///
    /// [`CallError::Options`], if the name is none.
    pub fn serve(self, endpoint: &Endpoint) -> Result<Service, CallError> {
        if self.name.is_empty() || self.name.contains(['+', '#', '\0']) {
            let why = format!("{:?} is no name of the service", self.name);
            return Err(CallError::Options(why));
        }
        let filter = match &self.group {
            Some(group) => format!("$share/{group}/service/{}", self.name),
            None => format!("service/{}", self.name),
        };
        let shared = Arc::new(Shared {
            name: self.name,
            methods: self.methods,
            time_limit: self.time_limit,
            most: self.most,
            under_way: Arc::new(Semaphore::new(self.most)),
            closing: AtomicBool::new(false),
            clock: Clock::start(),
        });
        let mut desk = Desk { shared: Arc::clone(&shared), due: JoinSet::new() };
        let hook = move |publisher: &Publisher, heard| desk.hear(publisher, heard);
        let link = Link::open(endpoint, Filters::needed([filter]), hook);
        Ok(Service { link, shared })
    }
}

impl Service {
    /// A service of this name, without methods yet.
    pub fn builder(name: impl Into<String>) -> ServiceBuilder {
        ServiceBuilder {
            name: name.into(),
            group: None,
            time_limit: Duration::from_secs(30),
            most: 1_024,
            methods: BTreeMap::new(),
        }
    }

    /// Waits until it hears calls.
    ///
    /// # Errors
    ///
    /// [`CallError::Refused`], if the broker does not let it.
    pub async fn ready(&self) -> Result<(), CallError> {
        self.link.ready().await
    }

    /// What keeps it from the broker, if anything does. Not free of what a broker says.
    pub fn problem(&self) -> Option<String> {
        self.link.problem()
    }

    /// Takes no more calls, waits for those under way, at most for their time limit, and says
    /// goodbye.
    pub async fn close(self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        let all = u32::try_from(self.shared.most).unwrap_or(u32::MAX);
        let idle = self.shared.under_way.acquire_many(all);
        let _ = tokio::time::timeout(self.shared.time_limit, idle).await;
        self.link.close().await;
    }
}

//! Calls: a request out, its answer back.
//!
//! Every open call is an entry in one shared map from id to a one-shot channel. The entry goes
//! when the answer comes, when the time limit passes, when the link breaks (the answer would be
//! published to a session that no longer exists) and when the caller stops waiting; so the map
//! holds open calls and nothing else. An answer without an entry is late or not ours: counted
//! and dropped.

use super::envelope::{self, Return, Verdict};
use super::error::CallError;
use super::link::{Endpoint, Heard, Link, LinkState};
use crate::observer::call::CodeTable;
use dashmap::DashMap;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// How a client reaches its broker.
#[derive(Clone, Debug)]
pub struct Options {
    /// The broker; the client identifier defaults to the session's name.
    pub endpoint: Endpoint,
    /// The session, unique among clients: answers come on `session/{session}/response`.
    pub session: String,
    /// How long an answer is awaited. Default 30 s.
    pub timeout: Duration,
}

impl Options {
    /// The defaults for a session at a broker.
    pub fn new(host: impl Into<String>, port: u16, session: impl Into<String>) -> Self {
        let session = session.into();
        let endpoint = Endpoint::new(host, port, session.clone());
        Self { endpoint, session, timeout: Duration::from_secs(30) }
    }
}

/// What the polling task and the callers share.
#[derive(Debug, Default)]
struct Open {
    calls: DashMap<u64, oneshot::Sender<Verdict>>,
    strays: AtomicU64,
    codes: CodeTable,
}

impl Open {
    fn hear(&self, heard: Heard) {
        match heard {
            // Nobody answers a call before it is made, so a retained message is no answer.
            Heard::Message { retain: true, .. } => {}
            Heard::Message { payload, .. } => {
                let answered = envelope::answer(&payload, &self.codes)
                    .and_then(|(id, verdict)| Some((self.calls.remove(&id)?.1, verdict)));
                match answered {
                    // The caller may have stopped waiting just now; then nobody misses it.
                    Some((waiting, verdict)) => drop(waiting.send(verdict)),
                    None => drop(self.strays.fetch_add(1, Ordering::Relaxed)),
                }
            }
            // Dropping the channels tells every waiting caller.
            Heard::Lost => self.calls.clear(),
        }
    }
}

/// Removes a call's entry however its future ends, also when it is dropped half-way.
struct Entry<'a>(&'a Open, u64);

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.0.calls.remove(&self.1);
    }
}

/// Calls services over MQTT. Share it by reference or in an `Arc`.
#[derive(Debug)]
pub struct Client {
    link: Link,
    open: Arc<Open>,
    next: AtomicU64,
    session: String,
    reply_to: String,
    timeout: Duration,
}

impl Client {
    /// A client that starts to connect at once, on the current runtime.
    pub fn open(options: Options) -> Self {
        let reply_to = format!("session/{}/response", options.session);
        let open = Arc::new(Open::default());
        let hearing = Arc::clone(&open);
        let hook = move |_: &_, heard| hearing.hear(heard);
        Self {
            link: Link::open(&options.endpoint, vec![reply_to.clone()], hook),
            open,
            next: AtomicU64::new(1),
            session: options.session,
            reply_to,
            timeout: options.timeout,
        }
    }

    /// Waits until answers can be heard. Calls do this themselves, within their time limit.
    pub async fn ready(&self) -> Result<(), CallError> {
        self.link.ready().await
    }

    /// How the link to the broker stands.
    pub fn state(&self) -> LinkState {
        self.link.state()
    }

    /// Calls that wait for their answer.
    pub fn open_calls(&self) -> usize {
        self.open.calls.len()
    }

    /// Answers that belonged to no open call: late ones, for the most part.
    pub fn strays(&self) -> u64 {
        self.open.strays.load(Ordering::Relaxed)
    }

    /// Calls `method` of `service` and returns its result as it was sent.
    pub async fn call(
        &self,
        service: &str,
        method: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Result<Box<RawValue>, CallError> {
        if service.is_empty() || service.contains(['+', '#', '\0']) {
            return Err(CallError::Unsendable(format!("{service:?} is no service name")));
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let correlation = format!("{}-{id}", self.session);
        let back =
            Return { reply_to: &self.reply_to, correlation: &correlation, session: &self.session };
        let request = envelope::request(id, method, params, back)
            .map_err(|error| CallError::Unsendable(error.to_string()))?;

        let limit = tokio::time::sleep(self.timeout);
        tokio::pin!(limit);
        tokio::select! {
            ready = self.link.ready() => ready?,
            () = &mut limit => return Err(CallError::Disconnected),
        }
        let (send, answer) = oneshot::channel();
        let _entry = Entry(&self.open, id);
        self.open.calls.insert(id, send);
        let exchange = async {
            self.link.publisher().publish(&format!("service/{service}"), request).await?;
            answer.await.unwrap_or(Err(CallError::Disconnected))
        };
        tokio::select! {
            // An answer that is there counts, even if the limit has passed as well.
            biased;
            verdict = exchange => verdict,
            () = &mut limit => Err(CallError::Timeout(self.timeout)),
        }
    }

    /// Says goodbye to the broker; open calls end as disconnected.
    pub async fn close(self) {
        self.link.close().await;
        self.open.calls.clear();
    }
}

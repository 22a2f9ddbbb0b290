//! Where calls come in and answers go out.
//!
//! Each message is a task of its own, and all of them end with the link: what a service that is
//! gone was about to answer is never answered. A batch is answered at once, in the order in which
//! it was asked, its calls are carried out side by side.

use super::requests::{self, Asked, Reading};
use super::{Call, Method, Outcome, Refusal, Running};
use crate::client::link::{Heard, Publisher};
use crate::client::protocol::{Extras, Message};
use crate::clock::Clock;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// How long an answer waits for a link that is down.
const LINK_WAIT: Duration = Duration::from_secs(30);

/// What all calls of a service share.
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) methods: BTreeMap<String, Method>,
    pub(super) time_limit: Duration,
    pub(super) most: usize,
    pub(super) under_way: Arc<Semaphore>,
    pub(super) closing: AtomicBool,
    pub(super) clock: Clock,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Where calls come in. Lives inside the link's task, and the answers that are due with it.
pub(super) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) due: JoinSet<()>,
}

/// Where an answer goes.
struct Door {
    topic: String,
    correlation: Option<bytes::Bytes>,
    publisher: Publisher,
}

impl Desk {
    pub(super) fn hear(&mut self, publisher: &Publisher, heard: Heard) {
        while self.due.try_join_next().is_some() {}
        let Heard::Message(message) = heard else { return };
        // A call that the broker kept is an old one, whose caller is long gone.
        if message.retain {
            return;
        }
        let reading = requests::read(&message);
        let door = reading.reply_to.clone().map(|topic| Door {
            topic,
            correlation: message.correlation.clone(),
            publisher: publisher.clone(),
        });
        let shared = Arc::clone(&self.shared);
        let closing = shared.closing.load(Ordering::Relaxed);
        // Each call of a batch is one; a batch of more than may be under way waits for nobody else.
        let calls = reading.asked.as_ref().map_or(1, Vec::len).clamp(1, shared.most);
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        let permit = Arc::clone(&shared.under_way).try_acquire_many_owned(calls).ok();
        match permit.filter(|_| !closing) {
            Some(permit) => drop(self.due.spawn(shared.handle(reading, message, door, permit))),
            None => drop(self.due.spawn(shared.turn_away(reading, door))),
        }
    }
}

impl Shared {
    /// Carries out what a message asks for, and answers it.
    async fn handle(
        self: Arc<Self>,
        reading: Reading,
        message: Message,
        door: Option<Door>,
        permit: OwnedSemaphorePermit,
    ) {
        let payload = match reading.asked {
            Err(refusal) => self.answer(None, Err(refusal), &Call::default()),
            Ok(asked) if !reading.batch => {
                let mut asked = asked.into_iter();
                match asked.next() {
                    Some(asked) => self.carry_out(asked, &message, false).await,
                    None => None,
                }
            }
            Ok(asked) => {
                let mut answers = Vec::new();
                let mut running = Vec::new();
                for asked in asked {
                    running.push(self.carry_out(asked, &message, true));
                }
                // Side by side, in the order in which they were asked.
                for answer in all(running).await.into_iter().flatten() {
                    answers.push(String::from_utf8(answer).unwrap_or_default());
                }
                (!answers.is_empty()).then(|| format!("[{}]", answers.join(",")).into_bytes())
            }
        };
        if let (Some(payload), Some(door)) = (payload, door) {
            door.answer(payload).await;
        }
        drop(permit);
    }

    /// Answers that there is no room.
    async fn turn_away(self: Arc<Self>, reading: Reading, door: Option<Door>) {
        let busy = || Refusal::unavailable("overloaded", Duration::from_secs(1));
        let asked = reading.asked.unwrap_or_default();
        let answer = |asked: &Asked| {
            let id = asked.id.as_deref()?;
            self.answer(Some(id), Err(busy()), &asked.call)
        };
        let mut answers: Vec<_> = asked.iter().filter_map(answer).collect();
        let payload = if reading.batch {
            let texts = answers.into_iter().map(|it| String::from_utf8(it).unwrap_or_default());
            let texts = texts.collect::<Vec<_>>();
            (!texts.is_empty()).then(|| format!("[{}]", texts.join(",")).into_bytes())
        } else {
            answers.pop()
        };
        if let (Some(payload), Some(door)) = (payload, door) {
            door.answer(payload).await;
        }
    }

    /// Carries out one call; its answer, if it wants one.
    async fn carry_out(&self, asked: Asked, message: &Message, batch: bool) -> Option<Vec<u8>> {
        let Asked { id, mut call, params, problem } = asked;
        if call.traceparent.is_none() {
            call.traceparent.clone_from(&message.traceparent);
        }
        let told = call.clone();
        let outcome = match (problem, self.methods.get(&call.method)) {
            (Some(refusal), _) => Err(refusal),
            (None, None) => Err(Refusal::method_not_found()),
            (None, Some(method)) => {
                let running = caught(|| method(call, &params));
                let limited = tokio::time::timeout(self.time_limit, running);
                limited.await.unwrap_or_else(|_| Err(Refusal::timed_out(self.time_limit)))
            }
        };
        // Without an id, only Correlation Data can say what is answered, of one call at a time.
        let correlated = message.correlation.is_some() && message.response_topic.is_some();
        let id = match &id {
            Some(id) => id,
            None if correlated && !batch => RawValue::NULL,
            None => return None,
        };
        self.answer(Some(id), outcome, &told)
    }

    fn answer(&self, id: Option<&RawValue>, outcome: Outcome, call: &Call) -> Option<Vec<u8>> {
        let id = id.unwrap_or(RawValue::NULL);
        match outcome {
            Ok(result) => serde_json::to_vec(&Outgoing {
                jsonrpc: "2.0",
                id,
                result: Some(&result),
                error: None,
            }),
            Err(refusal) => {
                let error = refusal.object(&self.name, call, self.clock.now());
                serde_json::to_vec(&Outgoing {
                    jsonrpc: "2.0",
                    id,
                    result: None,
                    error: Some(&error),
                })
            }
        }
        .ok()
    }
}

/// An answer. The id goes back as it came, whatever a caller chose.
#[derive(Serialize)]
struct Outgoing<'a> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a jsonrpsee_types::ErrorObjectOwned>,
}

impl Door {
    async fn answer(self, payload: Vec<u8>) {
        let Self { topic, correlation, publisher } = self;
        // The caller may be waiting still when the link is back.
        let ready = tokio::time::timeout(LINK_WAIT, publisher.ready()).await;
        if matches!(ready, Ok(Ok(()))) {
            let extras = Extras { correlation, ..Extras::default() };
            let _ = publisher.send(topic, payload, extras).await;
        }
    }
}

/// Runs a method. One that panics ends its own call and no other.
async fn caught(start: impl FnOnce() -> Running) -> Outcome {
    let crashed = || Err(Refusal::internal("the method crashed"));
    let Ok(mut running) = std::panic::catch_unwind(AssertUnwindSafe(start)) else {
        return crashed();
    };
    std::future::poll_fn(|context| {
        let poll = AssertUnwindSafe(|| running.as_mut().poll(context));
        std::panic::catch_unwind(poll).unwrap_or_else(|_| std::task::Poll::Ready(crashed()))
    })
    .await
}

/// Waits for all futures, side by side, and keeps their order.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|it| (Box::pin(it), None)).collect();
    std::future::poll_fn(|context| {
        let mut done = true;
        for (future, output) in &mut running {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => done = false,
                }
            }
        }
        if done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

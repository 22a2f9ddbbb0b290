//! Spans on their way to a collector: batches, a few requests at once, and patience with it.
//!
//! A batch is encoded once and is the same at each attempt. While the collector is away every
//! request under way waits and tries again, calls wait in the queue, and what does not fit there is
//! dropped; when one request gets through, the others that wait do not wait any longer (`standing` says how
//! often). Order does not matter. When the corridor is gone, what is left has one attempt and two seconds.

use super::post::{Post, Said};
use super::queue::{Bounds, Loss, Queue, Tracer, queue};
use super::retry::Backoff;
use super::span::Teller;
use super::standing::{Flood, Record, Standing};
use crate::clock::Clock;
use crate::config::{Collector, Config};
use crate::observer::Span;
use crate::observer::trace::Traced;
use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use prost::Message;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How long what is left may take when lookout stops.
const FLUSH: Duration = Duration::from_secs(2);

/// Sends spans; the corridor leaves calls with its [`Tracer`].
#[derive(Clone, Debug)]
pub struct Exporter {
    collector: Collector,
    teller: Teller,
    clock: Clock,
    queue: Queue,
}

/// Who brings requests to a collector; tests have a made-up one beside the network's.
trait Carrier: Sync {
    /// Who the collector is, without what may be secret in the address.
    fn host(&self) -> String;
    /// Sends a request.
    fn send(&self, body: Bytes) -> impl Future<Output = Said> + Send;
}

impl Carrier for Post {
    fn host(&self) -> String {
        self.host()
    }

    fn send(&self, body: Bytes) -> impl Future<Output = Said> + Send {
        self.send(body)
    }
}

/// One run.
struct Worker<C> {
    collector: Collector,
    teller: Teller,
    post: C,
    queue: Queue,
    standing: Mutex<Record>,
    /// Somebody got through again.
    back: Notify,
    /// For waits that differ.
    seed: AtomicU64,
}

/// Spans under way. They are accounted for, whatever happens to the task that sends them.
struct Parcel<'a> {
    queue: &'a Queue,
    spans: u64,
}

impl Parcel<'_> {
    fn lost(mut self, why: Loss) {
        self.queue.tally().lose(why, std::mem::take(&mut self.spans));
    }

    fn taken(mut self, rejected: u64) {
        let spans = std::mem::take(&mut self.spans);
        let rejected = rejected.min(spans);
        let tally = self.queue.tally();
        tally.lose(Loss::Refused, rejected);
        tally.exported.fetch_add(spans - rejected, Ordering::Relaxed);
    }
}

impl Drop for Parcel<'_> {
    fn drop(&mut self) {
        self.queue.tally().lose(Loss::Stopped, self.spans);
    }
}

impl Exporter {
    /// That of a configuration, and the corridor's end; `None` if there are to be no traces.
    pub fn new(config: &Config, clock: Clock) -> Option<(Self, Tracer)> {
        let collector = config.trace.collector.clone()?;
        let address = config.broker.addresses.first();
        let teller = Teller {
            cluster: config.cluster.clone(),
            callers: collector.callers.as_str().into(),
            pairs: config.settings.pairs.iter().map(|pair| pair.call.clone()).collect(),
            broker: address.map(|it| (it.host.clone(), it.port)).unwrap_or_default(),
            server_spans: collector.server_spans,
        };
        let (tracer, queue) = queue(Bounds {
            calls: collector.queue,
            batch: collector.batch,
            server_spans: collector.server_spans,
        });
        Some((Self { collector, teller, clock, queue }, tracer))
    }

    /// Sends until the corridor's end is gone, and then what is left.
    ///
    /// # Errors
    ///
    /// If the way to the collector cannot be set up.
    pub async fn run(self) -> anyhow::Result<()> {
        let post = Post::new(&self.collector, self.clock)?;
        Worker::new(self, post).run().await;
        Ok(())
    }
}

impl<C: Carrier> Worker<C> {
    fn new(exporter: Exporter, post: C) -> Self {
        let Exporter { collector, teller, clock, queue } = exporter;
        Self {
            collector,
            teller,
            post,
            queue,
            standing: Mutex::new(Record::new()),
            back: Notify::new(),
            seed: AtomicU64::new(clock.now().micros()),
        }
    }

    async fn run(&self) {
        let mut under_way = FuturesUnordered::new();
        let mut closed = pin!(self.queue.closed());
        let mut tick = interval(duration(self.collector.every));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut flood = Flood::default();
        loop {
            let room = under_way.len() < self.collector.requests;
            if let Some(batch) = room.then(|| self.queue.take_full()).flatten() {
                under_way.push(self.deliver(batch));
                continue;
            }
            tokio::select! {
                () = &mut closed => break,
                Some(()) = under_way.next() => {}
                () = self.queue.filled(), if room => {}
                _ = tick.tick() => {
                    flood.look(&self.queue);
                    if let Some(batch) = room.then(|| self.queue.take()).flatten() {
                        under_way.push(self.deliver(batch));
                    }
                }
            }
        }
        let rest = async {
            loop {
                while under_way.len() < self.collector.requests
                    && let Some(batch) = self.queue.take()
                {
                    under_way.push(self.deliver(batch));
                }
                if under_way.next().await.is_none() {
                    return;
                }
            }
        };
        if timeout(FLUSH, rest).await.is_err() {
            tracing::warn!(
                "the collector of traces at {} was too slow for the last spans",
                self.post.host()
            );
        }
        drop(under_way);
        self.queue.give_up();
    }

    /// Sends a batch until it is taken or given up.
    async fn deliver(&self, calls: Vec<Traced>) {
        let (request, spans) = self.teller.request(&calls);
        drop(calls);
        let parcel = Parcel { queue: &self.queue, spans };
        let body = Bytes::from(request.encode_to_vec());
        drop(request);
        let mut backoff = Backoff::new(self.seed.fetch_add(1 << 32, Ordering::Relaxed));
        let mut give_up_at = None;
        loop {
            let last = self.queue.closed().now_or_never().is_some();
            let (why, asked) = match self.post.send(body.clone()).await {
                Said::Took(rejected, why) => {
                    self.took(rejected, parcel.spans, &why);
                    return parcel.taken(rejected);
                }
                Said::Never(status, why) => {
                    self.failed(Standing::Refuses(status), &why);
                    return parcel.lost(Loss::Refused);
                }
                Said::Later(why, asked) => (why, asked),
            };
            self.failed(Standing::Away, &why);
            if last {
                return parcel.lost(Loss::Stopped);
            }
            // A rest of no length ends now: the runtime's own clock, which a test can move.
            let give_up_at = *give_up_at
                .get_or_insert_with(|| sleep(duration(self.collector.retry_for)).deadline());
            let wait = sleep(duration(backoff.next(asked)));
            if wait.deadline() > give_up_at {
                return parcel.lost(Loss::Expired);
            }
            tokio::select! {
                () = wait => {}
                () = self.back.notified(), if asked.is_none() => {}
                () = self.queue.closed() => {}
            }
        }
    }

    fn took(&self, rejected: u64, spans: u64, why: &str) {
        let rejected = rejected.min(spans);
        let standing = if rejected > 0 { Standing::RefusesSome } else { Standing::Good };
        let (cuts, news) = {
            let mut known = self.standing();
            (known.cuts(), known.says(standing))
        };
        if cuts {
            self.back.notify_waiters();
        }
        if !news {
            return;
        }
        let host = self.post.host();
        if rejected > 0 {
            let why = self.collector.hide(why);
            tracing::warn!(
                "the collector of traces at {host} refused {rejected} of {spans} spans: {why}"
            );
        } else {
            tracing::info!("the collector of traces at {host} takes spans again");
        }
    }

    fn failed(&self, standing: Standing, why: &str) {
        self.queue.tally().failed.fetch_add(1, Ordering::Relaxed);
        if !self.standing().says(standing) {
            return;
        }
        let (host, why) = (self.post.host(), self.collector.hide(why));
        match standing {
            Standing::Refuses(_) => tracing::warn!(
                "the collector of traces at {host} refuses spans, and they are dropped: {why}"
            ),
            _ => tracing::warn!(
                "the collector of traces at {host} takes no spans: {why}; they are kept for it as long as there \
                 is room"
            ),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Record> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn duration(span: Span) -> Duration {
    Duration::from_micros(span.micros())
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;

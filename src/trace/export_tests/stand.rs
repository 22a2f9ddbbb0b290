//! A made-up collector that does what a test wants with each attempt, and the exporter at work beside it.

use crate::clock::Clock;
use crate::observer::Span;
use crate::observer::call::Outcome;
use crate::observer::errors::Code;
use crate::observer::trace::{End, Traced};
use crate::telemetry::TraceFigures;
use crate::trace::export::{Carrier, Exporter, Worker};
use crate::trace::post::Said;
use crate::trace::queue::Tracer;
use crate::trace::sample::call;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};

/// How long a collector that hangs is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the made-up collector does with a request.
#[derive(Clone)]
pub(super) enum Does {
    /// Says so.
    Says(Said),
    /// Says so after some milliseconds.
    Slowly(u64, Said),
    /// Nothing, until whoever asked gives up.
    Hangs,
}

pub(super) fn takes() -> Does {
    Does::Says(Said::Took(0, String::new()))
}

pub(super) fn later(seconds: Option<u64>) -> Does {
    Does::Says(Said::Later("503".to_owned(), seconds.map(Span::from_secs)))
}

pub(super) fn never(status: u16) -> Does {
    Does::Says(Said::Never(status, "its words".to_owned()))
}

/// A request as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asked {
    /// In milliseconds from the start.
    pub(super) at: u64,
    /// The request's number; it stays the same when it is tried again.
    pub(super) request: usize,
}

/// What it does with the attempt of this number on a request.
type Script = Box<dyn Fn(Asked, usize) -> Does + Send + Sync>;

/// A made-up collector.
pub(super) struct Stand {
    start: Instant,
    script: Script,
    pub(super) asked: Mutex<Vec<Asked>>,
    bodies: Mutex<Vec<Bytes>>,
    /// Spans that it took, and those of them that were told whatever the ratio.
    pub(super) took: AtomicUsize,
    pub(super) kept: AtomicUsize,
    /// Requests that it has at once, and most of them.
    open: AtomicUsize,
    pub(super) most: AtomicUsize,
}

impl Stand {
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn took(&self) -> u64 {
        self.took.load(Ordering::Relaxed) as u64
    }

    /// Notes a request; gives it with the number of this attempt.
    async fn note(&self, body: &Bytes) -> (Asked, usize) {
        let at = (now().await - self.start).as_millis() as u64;
        let mut bodies = self.bodies.lock().unwrap();
        let known = bodies.iter().position(|it| it.as_ptr() == body.as_ptr());
        let request = known.unwrap_or_else(|| {
            bodies.push(body.clone());
            bodies.len() - 1
        });
        let asked = Asked { at, request };
        let mut all = self.asked.lock().unwrap();
        all.push(asked);
        (asked, all.iter().filter(|it| it.request == request).count())
    }

    fn take(&self, body: Bytes, rejected: u64) {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = request.resource_spans.iter().flat_map(|it| &it.scope_spans);
        let spans: Vec<_> = scopes.flat_map(|it| &it.spans).collect();
        self.took.fetch_add(spans.len().saturating_sub(rejected as usize), Ordering::Relaxed);
        let kept = spans.iter().filter(|it| it.trace_state == KEPT).count();
        self.kept.fetch_add(kept, Ordering::Relaxed);
    }
}

impl Carrier for Arc<Stand> {
    fn host(&self) -> String {
        "http://collector".to_owned()
    }

    async fn send(&self, body: Bytes) -> Said {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(open, Ordering::Relaxed);
        let (asked, attempt) = self.note(&body).await;
        let said = match (self.script)(asked, attempt) {
            Does::Says(said) => said,
            Does::Slowly(millis, said) => {
                let _ = timeout(Duration::from_millis(millis), pending::<()>()).await;
                said
            }
            Does::Hangs => {
                let _ = timeout(PATIENCE, pending::<()>()).await;
                Said::Later("no answer".to_owned(), None)
            }
        };
        if let Said::Took(rejected, _) = said {
            self.take(body, rejected);
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
        said
    }
}

/// This moment of virtual time: an interval begins with it.
async fn now() -> Instant {
    interval(PATIENCE).tick().await
}

/// Lets so much time pass.
pub(super) async fn pass(millis: u64) {
    let _ = timeout(Duration::from_millis(millis), pending::<()>()).await;
}

/// What marks calls that are told whatever the ratio.
const KEPT: &str = "kept=1";

/// A call of two spans.
pub(super) fn good() -> Traced {
    call(End::Answered(Outcome::Ok, Code::None))
}

/// One of one span that is told whatever the ratio.
pub(super) fn kept() -> Traced {
    let state = Some(KEPT.into());
    Traced { kept: true, state, ..call(End::Unanswered { worked: false }) }
}

/// The exporter at work.
pub(super) struct Scene {
    pub(super) exporter: Exporter,
    pub(super) tracer: Option<Tracer>,
    pub(super) stand: Arc<Stand>,
    pub(super) task: JoinHandle<()>,
}

impl Scene {
    pub(super) async fn new(
        settings: &str,
        script: impl Fn(Asked, usize) -> Does + Send + Sync + 'static,
    ) -> Self {
        let text = format!("[trace]\nendpoint = \"http://collector\"\n{settings}");
        let config = crate::config::from_text(&text).unwrap();
        let (exporter, tracer) = Exporter::new(&config, Clock::start()).unwrap();
        let stand = Arc::new(Stand {
            start: now().await,
            script: Box::new(script),
            asked: Mutex::default(),
            bodies: Mutex::default(),
            took: AtomicUsize::default(),
            kept: AtomicUsize::default(),
            open: AtomicUsize::default(),
            most: AtomicUsize::default(),
        });
        let task = run(&exporter, &stand);
        Self { exporter, tracer: Some(tracer), stand, task }
    }

    pub(super) fn tell(&self, call: Traced) {
        self.tracer.as_ref().unwrap().tell_all([call]);
    }

    pub(super) fn figures(&self) -> TraceFigures {
        self.tracer.as_ref().unwrap().figures()
    }

    /// Spans that were taken, those that were dropped by why, and failed requests.
    pub(super) fn counted(&self) -> (u64, [u64; 4], u64) {
        let tally = self.exporter.queue.tally();
        let dropped = tally.dropped.each_ref().map(|it| it.load(Ordering::Relaxed));
        (tally.exported.load(Ordering::Relaxed), dropped, tally.failed.load(Ordering::Relaxed))
    }

    /// When the attempts were made, in milliseconds.
    pub(super) fn attempts(&self, request: usize) -> Vec<u64> {
        let all = self.stand.asked();
        all.iter().filter(|it| it.request == request).map(|it| it.at).collect()
    }

    /// The corridor's end is gone; gives how long the rest took, in milliseconds.
    pub(super) async fn stop(&mut self) -> u64 {
        let before = now().await;
        self.tracer = None;
        (&mut self.task).await.unwrap();
        (now().await - before).as_millis() as u64
    }
}

pub(super) fn run(exporter: &Exporter, stand: &Arc<Stand>) -> JoinHandle<()> {
    let worker = Worker::new(exporter.clone(), stand.clone());
    tokio::spawn(async move { worker.run().await })
}

//! A collector that decodes what it is sent, and answers with the status that a test wants.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(60);

/// A span, as a test reads it.
#[derive(Clone, Debug)]
pub struct Told {
    pub service: String,
    pub namespace: String,
    pub scope: String,
    pub trace: String,
    pub span: String,
    pub parent: String,
    pub state: String,
    pub flags: u32,
    pub name: String,
    pub kind: String,
    pub start: u64,
    pub end: u64,
    /// What is said with an error; empty if the status is not set.
    pub status: String,
    attributes: BTreeMap<String, String>,
}

impl Told {
    /// An attribute; empty if it is not there.
    pub fn get(&self, key: &str) -> String {
        self.attributes.get(key).cloned().unwrap_or_default()
    }
}

#[derive(Clone)]
struct Shared {
    status: Arc<AtomicU16>,
    told: watch::Sender<Vec<Told>>,
    headers: watch::Sender<Vec<String>>,
}

/// The collector; it ends with the value.
pub struct Collector {
    pub port: u16,
    shared: Shared,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Collector {
    /// One that answers with this status.
    pub async fn start(status: u16) -> Self {
        let shared = Shared {
            status: Arc::new(AtomicU16::new(status)),
            told: watch::channel(Vec::new()).0,
            headers: watch::channel(Vec::new()).0,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().route("/v1/traces", post(take)).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, shared, task }
    }

    /// From now on it answers so.
    pub fn answers(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// Waits for so many spans, and gives all.
    pub async fn spans(&self, count: usize) -> Vec<Told> {
        let mut told = self.shared.told.subscribe();
        let found = tokio::time::timeout(PATIENCE, told.wait_for(|all| all.len() >= count)).await;
        match found {
            Ok(all) => all.unwrap().clone(),
            Err(_) => {
                let all = self.shared.told.borrow();
                panic!("{} of {count} spans: {all:#?}", all.len())
            }
        }
    }

    /// The tenant of each request.
    pub fn headers(&self) -> Vec<String> {
        self.shared.headers.borrow().clone()
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let status = StatusCode::from_u16(shared.status.load(Ordering::SeqCst)).unwrap();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let tenant = headers["x-scope-orgid"].to_str().unwrap().to_owned();
    shared.headers.send_modify(|all| all.push(tenant));
    if status.is_success() {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        shared.told.send_modify(|all| all.extend(told(request)));
    }
    status
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |it: &KeyValue| match it.value.clone().and_then(|it| it.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|it| (it.key.clone(), text(it))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn told(request: ExportTraceServiceRequest) -> Vec<Told> {
    let mut all = Vec::new();
    for resource_spans in request.resource_spans {
        let Resource { attributes, .. } = resource_spans.resource.unwrap();
        let resource = texts(&attributes);
        for scope_spans in resource_spans.scope_spans {
            let scope = scope_spans.scope.unwrap().name;
            all.extend(scope_spans.spans.into_iter().map(|span| one(span, &resource, &scope)));
        }
    }
    all
}

fn one(span: Span, resource: &BTreeMap<String, String>, scope: &str) -> Told {
    Told {
        service: resource["service.name"].clone(),
        namespace: resource["service.namespace"].clone(),
        scope: scope.to_owned(),
        trace: hex(&span.trace_id),
        span: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        state: span.trace_state.clone(),
        flags: span.flags,
        kind: format!("{:?}", span.kind()),
        name: span.name,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        status: span.status.map(|it| it.message).unwrap_or_default(),
        attributes: texts(&span.attributes),
    }
}

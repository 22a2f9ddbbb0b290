//! A collector that decodes what it is sent, and answers as a test wants: with any status, headers and body, late
//! or never, with TLS or without.

use crate::authority::Authority;
use crate::line::soon;
use crate::told::Told;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::serve::Listener;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as Outcome;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use rumqttc::tokio_rustls::TlsAcceptor;
use rumqttc::tokio_rustls::rustls;
use rumqttc::tokio_rustls::server::TlsStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What is answered to each request.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// It reads, and never says a word.
    pub hangs: bool,
}

impl Answer {
    /// One with a status and no words.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// It takes a request, but not all spans of it.
    pub fn rejects(spans: i64, why: &str) -> Self {
        let partial =
            ExportTracePartialSuccess { rejected_spans: spans, error_message: why.to_owned() };
        let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        Self { body, ..Self::status(200) }
    }

    /// It never says a word.
    pub fn hangs() -> Self {
        Self { hangs: true, ..Self::status(200) }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    /// Its spans.
    pub spans: usize,
}

impl Asked {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone)]
struct Shared {
    answer: Arc<Mutex<Answer>>,
    told: watch::Sender<Vec<Told>>,
    asked: watch::Sender<Vec<Asked>>,
}

/// The collector; it ends with the value.
pub struct Collector {
    pub port: u16,
    secure: bool,
    shared: Shared,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Collector {
    /// One that answers so.
    pub async fn start(answer: Answer) -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").await.unwrap(), None, answer)
    }

    /// The same with TLS; it shows this certificate.
    pub async fn start_encrypted(authority: &Authority, name: &str, answer: Answer) -> Self {
        let chain = vec![CertificateDer::from_pem_file(authority.path(name)).unwrap()];
        let key = PrivateKeyDer::from_pem_file(authority.path(&format!("{name}.key"))).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::at(listener, Some(TlsAcceptor::from(Arc::new(config))), answer)
    }

    fn at(listener: TcpListener, tls: Option<TlsAcceptor>, answer: Answer) -> Self {
        let shared = Shared {
            answer: Arc::new(Mutex::new(answer)),
            told: watch::channel(Vec::new()).0,
            asked: watch::channel(Vec::new()).0,
        };
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().fallback(take).with_state(shared.clone());
        let secure = tls.is_some();
        let task = tokio::spawn(async move {
            match tls {
                None => axum::serve(listener, router).await.unwrap(),
                Some(tls) => axum::serve(Secure(listener, tls), router).await.unwrap(),
            }
        });
        Self { port, secure, shared, task }
    }

    /// Where it is, as a setting has it.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// From now on it answers so.
    pub fn answers(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// Waits until it took so many spans.
    pub async fn until(&self, count: usize) {
        let mut told = self.shared.told.subscribe();
        soon(&format!("{count} spans"), told.wait_for(|all| all.len() >= count)).await.unwrap();
    }

    /// Waits for so many spans, and gives all.
    pub async fn spans(&self, count: usize) -> Vec<Told> {
        self.until(count).await;
        self.told()
    }

    /// All that it took.
    pub fn told(&self) -> Vec<Told> {
        self.shared.told.borrow().clone()
    }

    /// Waits for so many requests, and gives all.
    pub async fn requests(&self, count: usize) -> Vec<Asked> {
        let mut asked = self.shared.asked.subscribe();
        soon(&format!("{count} requests"), asked.wait_for(|all| all.len() >= count)).await.unwrap();
        self.asked()
    }

    /// All that it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.borrow().clone()
    }
}

/// Connections with TLS; who does not like the certificate is not heard.
struct Secure(TcpListener, TlsAcceptor);

impl Listener for Secure {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, from) = Listener::accept(&mut self.0).await;
            if let Ok(stream) = self.1.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

async fn take(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 32 << 20).await.unwrap();
    assert_eq!(head.headers["content-type"], "application/x-protobuf");
    let told = told(ExportTraceServiceRequest::decode(body).unwrap());
    let answer = shared.answer.lock().unwrap().clone();
    let path = head.uri.path().to_owned();
    let asked = Asked { path, headers: head.headers, spans: told.len() };
    shared.asked.send_modify(|all| all.push(asked));
    if answer.hangs {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(answer.status).unwrap();
    if status.is_success() {
        shared.told.send_modify(|all| all.extend(told));
    }
    let mut response = Response::builder().status(status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(Bytes::from(answer.body))).unwrap()
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
    for ResourceSpans { resource, scope_spans, .. } in request.resource_spans {
        let Resource { attributes, .. } = resource.unwrap();
        let resource = texts(&attributes);
        for ScopeSpans { scope, spans, schema_url } in scope_spans {
            let scope = scope.unwrap();
            let of = Told {
                service: resource["service.name"].clone(),
                namespace: resource["service.namespace"].clone(),
                scope: format!("{} {}", scope.name, scope.version),
                schema: schema_url,
                ..Told::default()
            };
            all.extend(spans.into_iter().map(|span| one(span, of.clone())));
        }
    }
    all
}

fn one(span: Span, of: Told) -> Told {
    let error = |status: &Option<_>| status.is_some();
    assert!(!error(&span.status) || span.status.as_ref().unwrap().code() == Outcome::Error);
    Told {
        trace: hex(&span.trace_id),
        span: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        state: span.trace_state.clone(),
        flags: Some(span.flags),
        kind: format!("{:?}", span.kind()),
        name: span.name,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        status: span.status.map(|it| it.message).unwrap_or_default(),
        attributes: texts(&span.attributes),
        ..of
    }
}

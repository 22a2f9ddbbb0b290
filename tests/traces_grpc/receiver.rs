//! A receiver of OTLP over gRPC on a server of HTTP/2, driven by hand: each request is answered as a test
//! wants, also in ways that no library for gRPC would let it.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lookout::clock::Clock;
use lookout::observer::Instant;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const PATIENCE: Duration = Duration::from_secs(60);

/// How a request is answered; without anything else it is taken.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Taken, but for so many spans, and why.
    Partly(i64, &'static str),
    /// A status of gRPC with words, and base64 of details if there are any.
    Status(u16, &'static str, String),
    /// Such a status behind an answer that had begun.
    Ends(u16, &'static str),
    /// A status of HTTP by somebody between here and there.
    Http(u16),
    /// Taken, with an answer of a megabyte that nobody can read.
    Long,
    /// Begun, and ended without a status.
    CutOff,
    /// None.
    Silence,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// On which connection, counted from one.
    pub connection: usize,
    pub at: Instant,
    pub path: String,
    pub headers: HeaderMap,
    /// With what gRPC has before a message.
    pub body: Bytes,
    /// Whether its spans were taken.
    pub taken: bool,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn spans(&self) -> Vec<Span> {
        let (prefix, message) = self.body.split_at(5);
        assert_eq!(prefix[0], 0, "not compressed");
        assert_eq!(prefix[1..], (message.len() as u32).to_be_bytes(), "one message");
        let request = ExportTraceServiceRequest::decode(message).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|it| it.scope_spans);
        scopes.flat_map(|it| it.spans).collect()
    }
}

struct Shared {
    clock: Clock,
    plan: Mutex<VecDeque<Answer>>,
    asked: watch::Sender<Vec<Asked>>,
    /// Connections that are open.
    open: watch::Sender<usize>,
    tls: Option<TlsAcceptor>,
}

/// The receiver; it ends with the value.
pub struct Receiver {
    pub port: u16,
    shared: Arc<Shared>,
    task: Option<AbortHandle>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Receiver {
    /// One in the clear, on a port.
    pub async fn start(port: u16) -> Self {
        Self::with(port, None).await
    }

    /// One that shows a certificate, and speaks only what is agreed on: these protocols.
    pub async fn encrypted(port: u16, (certificate, key): (String, String), alpn: &[&str]) -> Self {
        let chain = CertificateDer::pem_file_iter(certificate).unwrap();
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let mut config = config.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = alpn.iter().map(|it| it.as_bytes().to_vec()).collect();
        Self::with(port, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn with(port: u16, tls: Option<TlsAcceptor>) -> Self {
        let shared = Arc::new(Shared {
            clock: Clock::start(),
            plan: Mutex::new(VecDeque::new()),
            asked: watch::channel(Vec::new()).0,
            open: watch::channel(0).0,
            tls,
        });
        let mut receiver = Self { port, shared, task: None };
        receiver.open().await;
        receiver
    }

    /// Ends it, with its connections.
    pub fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Begins again, where it was.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let shared = Arc::clone(&self.shared);
        let serving = async move {
            let mut connections = JoinSet::new();
            for number in 1.. {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(Arc::clone(&shared), number, stream));
            }
        };
        self.task = Some(tokio::spawn(serving).abort_handle());
    }

    /// The next requests are answered so.
    pub fn answers(&self, plan: impl IntoIterator<Item = Answer>) {
        self.shared.plan.lock().unwrap().extend(plan);
    }

    /// Waits for so many requests, and gives all.
    pub async fn asked(&self, count: usize) -> Vec<Asked> {
        self.wait(&format!("{count} requests"), |all| all.len() >= count).await
    }

    /// Waits for so many spans that were taken, and gives all.
    pub async fn spans(&self, count: usize) -> Vec<Span> {
        let taken = |all: &[Asked]| -> Vec<Span> {
            all.iter().filter(|it| it.taken).flat_map(Asked::spans).collect()
        };
        let what = format!("{count} spans");
        taken(&self.wait(&what, |all| taken(all).len() >= count).await)
    }

    /// Waits until so many connections are open.
    pub async fn connections(&self, count: usize) {
        let mut open = self.shared.open.subscribe();
        let found = tokio::time::timeout(PATIENCE, open.wait_for(|open| *open == count)).await;
        assert!(found.is_ok(), "{:?} connections", self.shared.open.borrow());
    }

    async fn wait(&self, what: &str, enough: impl Fn(&[Asked]) -> bool) -> Vec<Asked> {
        let mut asked = self.shared.asked.subscribe();
        let found = tokio::time::timeout(PATIENCE, asked.wait_for(|all| enough(all))).await;
        match found {
            Ok(all) => all.unwrap().clone(),
            Err(_) => panic!("no {what}: {:#?}", self.shared.asked.borrow()),
        }
    }
}

/// A connection, as it is counted.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

async fn serve(shared: Arc<Shared>, number: usize, stream: TcpStream) {
    shared.open.send_modify(|open| *open += 1);
    let _open = Open(Arc::clone(&shared));
    match shared.tls.clone() {
        None => speak(shared, number, stream).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                speak(shared, number, stream).await;
            }
        }
    }
}

async fn speak<T>(shared: Arc<Shared>, number: usize, stream: T)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request| take(Arc::clone(&shared), number, request));
    let connection = Builder::new(TokioExecutor::new());
    // How it ends is the other side's affair.
    drop(connection.serve_connection(TokioIo::new(stream), service).await);
}

type Body = BoxBody<Bytes, Infallible>;

async fn take(
    shared: Arc<Shared>,
    connection: usize,
    request: Request<Incoming>,
) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    assert_eq!(head.method, "POST");
    let body = body.collect().await?.to_bytes();
    let plan = shared.plan.lock().unwrap().pop_front();
    let taken = matches!(plan, None | Some(Answer::Partly(..) | Answer::Long));
    let asked = Asked {
        connection,
        at: shared.clock.now(),
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body,
        taken,
    };
    shared.asked.send_modify(|all| all.push(asked));
    Ok(match plan {
        None => message(0, "", &ExportTraceServiceResponse::default()),
        Some(Answer::Long) => {
            let body = Full::new(Bytes::from(vec![0; 1 << 20]));
            let trailers = status(0, "", "");
            answer(body.with_trailers(async { Some(Ok(trailers)) }).boxed())
        }
        Some(Answer::Partly(rejected_spans, why)) => {
            let partial = ExportTracePartialSuccess { rejected_spans, error_message: why.into() };
            message(0, "", &ExportTraceServiceResponse { partial_success: Some(partial) })
        }
        Some(Answer::Ends(code, words)) => {
            message(code, words, &ExportTraceServiceResponse::default())
        }
        Some(Answer::Status(code, words, details)) => {
            let mut answer = answer(Empty::new().boxed());
            *answer.headers_mut() = status(code, words, &details);
            answer
        }
        Some(Answer::Http(status)) => {
            let mut answer = Response::new(Empty::new().boxed());
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            answer
        }
        Some(Answer::CutOff) => answer(Full::new(Bytes::from_static(&[0, 0])).boxed()),
        Some(Answer::Silence) => std::future::pending().await,
    })
}

fn answer(body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    let sort = HeaderValue::from_static("application/grpc");
    answer.headers_mut().insert("content-type", sort);
    answer
}

/// A message, and a status behind it.
fn message(code: u16, words: &str, message: &ExportTraceServiceResponse) -> Response<Body> {
    let message = message.encode_to_vec();
    let prefix = [&[0][..], &(message.len() as u32).to_be_bytes()].concat();
    let body = Full::new(Bytes::from([prefix, message].concat()));
    let trailers = status(code, words, "");
    answer(body.with_trailers(async { Some(Ok(trailers)) }).boxed())
}

fn status(code: u16, words: &str, details: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(code));
    headers.insert("grpc-message", words.parse().unwrap());
    if !details.is_empty() {
        headers.insert("grpc-status-details-bin", details.parse().unwrap());
    }
    headers
}

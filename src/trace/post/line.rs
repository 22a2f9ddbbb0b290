//! A connection of HTTP/2 to a collector, for gRPC: made when it is needed, kept, and made anew when it is
//! lost.
//!
//! The HTTP client that alerts and traces share speaks HTTP/1.1, which gRPC cannot be spoken over. TLS is
//! that of the settings, and there is no proxy. A connection on which a request went wrong or had no answer in
//! time is not used again: nobody would say that the other side is gone, other than that it does not
//! answer. Requests that are still under way on it may end. One that nobody used for a while may have been
//! forgotten between here and there, so it is not relied upon.

use super::READ;
use crate::clock::Clock;
use crate::config::{Door, Tls};
use crate::observer::{Instant, Span};
use crate::post::because;
use bytes::Bytes;
use bytes::buf::Chain;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

/// What may be on its way to here, of an answer and of all: what HTTP/2 has for both, as answers are short.
const WINDOW: u32 = 65_535;
/// Bytes of headers that an answer may have, with the words of what went wrong.
const HEADERS: u32 = 64 * 1_024;
/// How long a connection without requests is relied upon.
const IDLE: Span = Span::from_secs(90);

/// What is sent: what gRPC has before a message, and the message.
pub(super) type Body = Full<Chain<Bytes, Bytes>>;

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The beginning of what is in it.
    pub(super) body: Vec<u8>,
    pub(super) trailers: HeaderMap,
}

/// The way to a collector.
pub(super) struct Line {
    url: Url,
    /// TLS that agrees on HTTP/2; `None` is a way in the clear.
    tls: Option<TlsConnector>,
    patience: Duration,
    clock: Clock,
    /// Whoever finds no connection makes one, and the others wait for it.
    kept: Mutex<Kept>,
}

/// What is kept for the next request.
struct Kept {
    connection: Option<Arc<Connection>>,
    used: Instant,
}

/// A connection, as long as anybody has a use for it.
struct Connection {
    sender: SendRequest<Body>,
    tasks: Tasks,
}

/// What works on a connection. It ends with it and at once, as a farewell to somebody who is gone could
/// take as long as the system is patient.
#[derive(Clone, Default)]
struct Tasks(Arc<std::sync::Mutex<JoinSet<()>>>);

impl Tasks {
    fn all(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Future<Output = ()> + Send + 'static> Executor<T> for Tasks {
    fn execute(&self, task: T) {
        let mut all = self.all();
        while all.try_join_next().is_some() {}
        all.spawn(task);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tasks.all().abort_all();
    }
}

impl Line {
    /// A way that is not taken yet.
    pub(super) fn new(door: &Door, clock: Clock) -> Self {
        let tls = || TlsConnector::from(door.tls.over_http2().0);
        Self {
            url: door.url.clone(),
            tls: (door.url.scheme() == "https").then(tls),
            patience: Duration::from_micros(door.timeout.micros()),
            clock,
            kept: Mutex::new(Kept { connection: None, used: clock.now() }),
        }
    }

    /// Sends a request, and reads the whole answer.
    ///
    /// # Errors
    ///
    /// Why there is no answer, or not all of it.
    pub(super) async fn ask(&self, request: Request<Body>) -> Result<Answer, String> {
        let mut used = None;
        let asking = async {
            let connection = used.insert(self.connection().await?);
            let mut sender = connection.sender.clone();
            let answer = sender.send_request(request).await;
            read(answer.map_err(|error| because(&error))?).await
        };
        let answer = timeout(self.patience, asking).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        if let (Err(_), Some(connection)) = (&answer, used) {
            self.forget(&connection);
        }
        answer
    }

    /// The connection that is there, or a new one.
    async fn connection(&self) -> Result<Arc<Connection>, String> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let idle = now.since(std::mem::replace(&mut kept.used, now)) > IDLE;
        let good = |it: &Arc<Connection>| !it.sender.is_closed() && !idle;
        if let Some(connection) = kept.connection.take().filter(good) {
            return Ok(Arc::clone(kept.connection.insert(connection)));
        }
        let connection = Arc::new(self.connect().await?);
        Ok(Arc::clone(kept.connection.insert(connection)))
    }

    /// Has a connection not used again.
    fn forget(&self, connection: &Arc<Connection>) {
        // Who holds the lock for longer than a moment is about to have another one.
        if let Ok(mut kept) = self.kept.try_lock() {
            kept.connection.take_if(|known| Arc::ptr_eq(known, connection));
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        let port = self.url.port_or_known_default().unwrap_or(0);
        // An IPv6 address stands in brackets.
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, port)).await;
        let stream = stream.map_err(|error| format!("no connection: {error}"))?;
        // A system that cannot do that is only slower.
        let _ = stream.set_nodelay(true);
        let Some(connector) = &self.tls else {
            return speak(stream).await;
        };
        let name = Tls::name(&self.url).ok_or("a host that no certificate can name")?;
        let stream = connector.connect(name, stream).await;
        let stream = stream.map_err(|error| format!("no connection with TLS: {error}"))?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err("no HTTP/2 over TLS, which gRPC needs".to_owned());
        }
        speak(stream).await
    }
}

/// Begins to speak HTTP/2.
async fn speak<T>(stream: T) -> Result<Connection, String>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let tasks = Tasks::default();
    let (sender, connection) = Builder::new(tasks.clone())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_header_list_size(HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| because(&error))?;
    // How it ends, those learn who wait for an answer.
    tasks.execute(async { drop(connection.await) });
    Ok(Connection { sender, tasks })
}

/// Reads an answer to its end; what is too long is passed over.
async fn read(answer: Response<Incoming>) -> Result<Answer, String> {
    let (head, mut body) = answer.into_parts();
    let (status, headers) = (head.status, head.headers);
    let mut answer = Answer { status, headers, body: Vec::new(), trailers: HeaderMap::new() };
    while let Some(frame) = body.frame().await {
        match frame.map_err(|error| because(&error))?.into_data() {
            Ok(part) => {
                let room = READ - answer.body.len();
                answer.body.extend_from_slice(part.get(..room).unwrap_or(&part));
            }
            Err(frame) => answer.trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    Ok(answer)
}

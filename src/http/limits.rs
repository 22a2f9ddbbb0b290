//! Bounds on connections: how many at once, and how long each may last.
//!
//! A scraper connects, asks, reads and goes. Whoever opens connections and sends nothing, or a
//! byte a minute, would otherwise hold memory and descriptors for as long as it likes. So a
//! connection ends with an error, on both ways, when its time is up; beyond the number allowed,
//! the next ones wait in the system's queue. One that was given a stream lives for as long as it
//! reads it: it ends when it has taken nothing for half a minute.

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Connections at once: those that listen to events, and some more.
const CONNECTIONS: usize = super::events::LISTENERS + 64;

/// How long a connection may last: several times what a scrape may take by default (10 s).
const LIFETIME: Duration = Duration::from_secs(60);

/// How long one that has a stream may read nothing of it.
const STALL: Duration = Duration::from_secs(30);

/// A listener whose connections are bounded in number and time.
pub(super) struct Limited {
    listener: TcpListener,
    room: Arc<Semaphore>,
    lifetime: Duration,
    stall: Duration,
}

impl Limited {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self::with(listener, CONNECTIONS, LIFETIME, STALL)
    }

    fn with(
        listener: TcpListener,
        connections: usize,
        lifetime: Duration,
        stall: Duration,
    ) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(connections)), lifetime, stall }
    }
}

impl axum::serve::Listener for Limited {
    type Io = Mortal;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Mortal, SocketAddr) {
        // The semaphore is never closed; without a permit the connection is just not counted.
        let permit = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, peer) = axum::serve::Listener::accept(&mut self.listener).await;
        let end = Box::pin(sleep(self.lifetime));
        let connection = Connection { peer, streams: Arc::default() };
        (Mortal { stream, end, connection, stall: self.stall, _permit: permit }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// What a handler may know of its connection, and do with it.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    /// Who is at the other end.
    pub(super) peer: SocketAddr,
    streams: Arc<AtomicBool>,
}

impl Connection {
    /// It was given a stream: it lives for as long as it reads.
    pub(super) fn has_stream(&self) {
        self.streams.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Limited>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Limited>) -> Self {
        stream.io().connection.clone()
    }
}

/// A connection that ends when its time is up.
pub(super) struct Mortal {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    connection: Connection,
    stall: Duration,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Mortal {
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        // Polling it also wakes the connection when its time comes.
        self.end.as_mut().poll(cx).is_ready()
    }

    /// Bytes were taken: one with a stream has its time anew.
    fn lives_on(&mut self) {
        if self.connection.streams.load(Ordering::Relaxed) {
            self.end.set(sleep(self.stall));
        }
    }
}

fn over<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Mortal {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(cx) {
            return over();
        }
        pin!(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Mortal {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_over(cx) {
            return over();
        }
        let written = pin!(&mut self.stream).poll_write(cx, bytes);
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.lives_on();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_connection_that_says_nothing_ends_and_makes_room() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limited = Limited::with(listener, 1, Duration::from_millis(1), STALL);
        let routes = Router::new().route("/", get(|| async { "here" }));
        let serving = tokio::spawn(async move { axum::serve(limited, routes).await });

        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut nothing = Vec::new();
        // Only the end of its time can end this connection.
        let ended = silent.read_to_end(&mut nothing).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        // There is room for one: this one is accepted because the first is gone.
        let mut next = TcpStream::connect(address).await.unwrap();
        let _ = next.write_all(b"G").await;
        let ended = next.read_to_end(&mut nothing).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        serving.abort();
    }

    #[tokio::test]
    async fn a_stream_lives_for_as_long_as_it_is_read() {
        use futures_util::stream;
        use std::convert::Infallible;

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let brief = Duration::from_millis(50);
        let limited = Limited::with(listener, 2, brief, brief);
        let endless = |connection: axum::extract::ConnectInfo<Connection>| async move {
            connection.0.has_stream();
            let block = || Ok::<_, Infallible>(axum::body::Bytes::from(vec![b'x'; 65_536]));
            axum::body::Body::from_stream(stream::repeat_with(block))
        };
        let routes = Router::new().route("/", get(endless));
        let routes = routes.into_make_service_with_connect_info::<Connection>();
        let serving = tokio::spawn(async move { axum::serve(limited, routes).await });

        let mut reader = TcpStream::connect(address).await.unwrap();
        let mut sleeper = TcpStream::connect(address).await.unwrap();
        for stream in [&mut reader, &mut sleeper] {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        }
        // Long after both would have ended without a stream, the one that reads still gets bytes.
        let (mut block, mut end) = (vec![0; 1 << 16], Vec::new());
        let mut deadline = std::pin::pin!(sleep(brief * 10));
        loop {
            tokio::select! {
                () = &mut deadline => break,
                read = reader.read(&mut block) => assert!(read.unwrap() > 0, "it was cut off"),
            }
        }
        // For the other one the endless stream has an end, after what the system held for it.
        let _ = sleeper.read_to_end(&mut end).await;
        assert!(!end.is_empty());
        assert!(reader.read(&mut block).await.unwrap() > 0);
        serving.abort();
    }
}

//! Bounds on connections: how many at once, and how long each may last.
//!
//! A scraper connects, asks, reads and goes. Whoever opens connections and sends nothing, or a
//! byte a minute, would otherwise hold memory and descriptors for as long as it likes. So a
//! connection ends with an error, on both ways, when its time is up; beyond the number allowed,
//! the next ones wait in the system's queue.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Connections at once.
const CONNECTIONS: usize = 32;

/// How long a connection may last: several times what a scrape may take by default (10 s).
const LIFETIME: Duration = Duration::from_secs(60);

/// A listener whose connections are bounded in number and time.
pub(super) struct Limited {
    listener: TcpListener,
    room: Arc<Semaphore>,
    lifetime: Duration,
}

impl Limited {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self::with(listener, CONNECTIONS, LIFETIME)
    }

    fn with(listener: TcpListener, connections: usize, lifetime: Duration) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(connections)), lifetime }
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
        (Mortal { stream, end, _permit: permit }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when its time is up.
pub(super) struct Mortal {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Mortal {
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        // Polling it also wakes the connection when its time comes.
        self.end.as_mut().poll(cx).is_ready()
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
        pin!(&mut self.stream).poll_write(cx, bytes)
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
        let limited = Limited::with(listener, 1, Duration::from_millis(1));
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
}

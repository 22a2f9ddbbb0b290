//! Anything that lets others connect: whether it does, and how soon.

use super::Probe;
use crate::clock::Stopwatch;
use crate::observer::Span;
use crate::platform::words::because;
use crate::probe::found::{Found, Trouble};
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;

/// A TCP port.
pub(super) struct Tcp {
    host: String,
    port: u16,
    slow: Span,
}

impl Tcp {
    /// The port of a host.
    pub(super) fn new(host: &str, port: u16, slow: Span) -> Self {
        Self { host: host.to_owned(), port, slow }
    }

    async fn connect(&self) -> Found {
        let Self { host, port, slow } = self;
        let mut found = Found::new();
        let watch = Stopwatch::start();
        match TcpStream::connect((host.as_str(), *port)).await {
            Ok(_) => {
                let took = watch.elapsed();
                found.detail("connectMs", took.as_millis_f64());
                if took > *slow {
                    let message = format!("{host}:{port} took {took} to connect (limit {slow})");
                    found.trouble(Trouble::warning("slow_connections", message));
                }
            }
            Err(error) => found.trouble(
                Trouble::down("unreachable", format!("{host}:{port}: {}", because(&error))).advice(
                    format!("Check that something listens on {host}:{port}, and firewalls"),
                ),
            ),
        }
        found
    }
}

impl Probe for Tcp {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.connect())
    }
}

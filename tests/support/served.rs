//! A real HTTP server on a port of its own, which shows what a test tells it; it ends with the value.

#![allow(unreachable_pub, clippy::unwrap_used)]

use lookout::clock::Clock;
use lookout::config::Links;
use lookout::http::{Desk, Order, Plan, Server};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The server.
pub struct Served {
    /// Where it is: host and port.
    pub address: String,
    /// Where it is told what to show.
    pub desk: Desk,
    _orders: mpsc::Receiver<Order>,
    serving: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Served {
    /// One that shows nothing yet; traces are shown at this link.
    pub fn start(clock: Clock, link: Option<&str>) -> Self {
        let plan = Plan {
            listen: ([127, 0, 0, 1], 0).into(),
            tokens: Vec::new(),
            cluster: "shop".to_owned(),
            id: "lookout".to_owned(),
            pairs: vec!["default".to_owned()],
            runbooks: lookout::runbook::Book::shipped(),
            links: Links { trace: link.map(str::to_owned), ..Links::default() },
        };
        let (server, desk, orders) = Server::bind(plan, clock).unwrap();
        let address = server.address().to_string();
        let serving = tokio::spawn(async move { server.serve().await.unwrap() });
        Self { address, desk, _orders: orders, serving }
    }
}

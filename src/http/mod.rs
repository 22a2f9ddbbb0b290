//! The HTTP server: what lookout knows, for machines and people. It shows and decides nothing; the
//! one thing that can be changed here, how a circuit behaves, is an order to the corridor.
//!
//! It runs on a thread of its own, so that no reader costs the observer anything. `routes` is the
//! table of all paths, `guard` says who may ask for what, `limits` bounds how many connections there are
//! and how long each may last, so that a slow or hostile reader costs a known amount.

mod accept;
mod answers;
mod api;
mod ask;
mod assets;
mod events;
mod guard;
mod health;
mod limits;
mod openapi;
mod orders;
mod probes;
mod problem;
mod routes;
mod rows;
mod shared;

pub use openapi::document as openapi;
pub use shared::{Desk, Order, Plan};

use crate::advice::Advice;
use crate::clock::Clock;
use anyhow::Context;
use limits::{Connection, Limited};
use shared::{Inbox, Shared};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

/// Advice in the shape of `/api/v1/advice`, for those who have it from elsewhere.
pub fn advice(advice: &Advice) -> serde_json::Result<String> {
    serde_json::to_string(&api::advice::advice(advice, usize::MAX))
}

/// A server that is bound and not yet serving. Clones serve the same view, one after the other.
#[derive(Clone, Debug)]
pub struct Server {
    listener: Arc<TcpListener>,
    shared: Arc<Shared>,
    inbox: Arc<Mutex<Inbox>>,
}

impl Server {
    /// Binds the address; with port 0 the system chooses one. Gives the corridor's ends too.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound; the error names the setting.
    pub fn bind(
        mut plan: Plan,
        clock: Clock,
    ) -> anyhow::Result<(Self, Desk, mpsc::Receiver<Order>)> {
        let address = plan.listen;
        let mut bind = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            plan.listen = listener.local_addr()?;
            Ok::<_, std::io::Error>(listener)
        };
        let listener =
            bind().with_context(|| format!("`http.listen` = \"{address}\" cannot be bound"))?;
        let (shared, desk, orders, inbox) = Shared::new(plan, clock);
        let inbox = Arc::new(Mutex::new(inbox));
        Ok((Self { listener: Arc::new(listener), shared, inbox }, desk, orders))
    }

    /// The address it is bound to.
    pub fn address(&self) -> SocketAddr {
        self.shared.plan.listen
    }

    /// lookout was asked to end: it is no longer ready.
    pub fn stopping(&self) {
        self.shared.view().stop();
    }

    /// Serves until the future is dropped. To be run on a runtime of its own.
    ///
    /// # Errors
    ///
    /// If the server fails as a whole; a failing connection costs that connection only.
    pub async fn serve(self) -> anyhow::Result<()> {
        let listener = self.listener.try_clone().context("the listener cannot be shared")?;
        let listener = tokio::net::TcpListener::from_std(listener)
            .context("no runtime for the HTTP server")?;
        let routes =
            routes::router(&self.shared).into_make_service_with_connect_info::<Connection>();
        let mut inbox = self.inbox.lock().await;
        tokio::select! {
            served = axum::serve(Limited::new(listener), routes) => served.context("the HTTP server failed"),
            () = events::keep(&self.shared, &mut inbox) => Ok(()),
        }
    }
}

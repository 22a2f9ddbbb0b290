//! Where the players find their broker, and as whom they log in there.

use crate::client::{Endpoint, Login};
use std::net::SocketAddr;

/// A broker, as the players reach it.
#[derive(Clone, Debug)]
pub struct Door {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Who logs in: all players are one user of the broker.
    pub login: Option<Login>,
}

impl Door {
    /// The endpoint of a player with its client identifier.
    pub(super) fn endpoint(&self, client_id: impl Into<String>) -> Endpoint {
        let login = self.login.clone();
        Endpoint { login, ..Endpoint::new(self.host.as_str(), self.port, client_id) }
    }
}

impl From<SocketAddr> for Door {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port(), login: None }
    }
}

//! A Redis server: whether it answers and how soon, its replicas or its primary, memory, persistence,
//! clients, and the slots of its cluster.
//!
//! One connection is kept. One that broke since the last look, as by a restart, is made anew and
//! asked once more before that is a finding. Nothing is sent but `PING`, `INFO` and `CLUSTER INFO`,
//! after the login, so that a user with just these rights will do.

mod info;
mod refusal;
mod replication;
mod resources;

use super::Probe;
use crate::clock::Stopwatch;
use crate::config::{Limits, Server};
use crate::probe::found::{Found, Trouble};
use anyhow::Context;
use futures_util::future::BoxFuture;
use info::Info;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo,
    RedisResult, TlsCertificates,
};
use std::time::Duration;

/// How long a connection may take; a look has a limit of its own.
const CONNECT: Duration = Duration::from_secs(5);

/// What is too much, and what was seen before.
pub(super) struct Redis {
    client: Client,
    /// Host and port, for people.
    place: String,
    limits: Limits,
    max_memory: f64,
    expect: Option<u32>,
    /// The most replicas that were seen.
    most: u32,
    /// Connections refused as of the last look.
    rejected: Option<f64>,
    connection: Option<MultiplexedConnection>,
}

impl Redis {
    /// The server at an address.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(
        at: &Server,
        limits: Limits,
        max_memory: f64,
        expect: Option<u32>,
    ) -> anyhow::Result<Self> {
        let host = at.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = at.url.port().unwrap_or(6_379);
        let place = format!("{host}:{port}");
        let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some(user) = &at.user {
            login = login.set_username(user);
        }
        if let Some(password) = &at.password {
            login = login.set_password(&password.0);
        }
        let encrypted = at.url.scheme() == "rediss";
        let address = if encrypted {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        let whither = address.into_connection_info().context("no address of a Redis server")?;
        let whither = whither.set_redis_settings(login);
        let client = if encrypted {
            let file = at.ca_file.as_deref().map(std::fs::read).transpose();
            let root_cert = file.context("`ca_file` cannot be read")?;
            Client::build_with_tls(whither, TlsCertificates { client_tls: None, root_cert })
        } else {
            Client::open(whither)
        };
        // What the library says of its settings may hold them.
        let client = client.map_err(|error| {
            anyhow::anyhow!("the way to {place} cannot be set up: {:?}", error.kind())
        })?;
        let (most, rejected, connection) = (0, None, None);
        Ok(Self { client, place, limits, max_memory, expect, most, rejected, connection })
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(None);
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    async fn ask(&mut self) -> Found {
        if let Some(mut kept) = self.connection.take()
            && let Ok(found) = self.look_at(&mut kept).await
        {
            self.connection = Some(kept);
            return found;
        }
        let asked = match self.connect().await {
            Ok(mut connection) => match self.look_at(&mut connection).await {
                Ok(found) => {
                    self.connection = Some(connection);
                    return found;
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        Found::only(refusal::trouble(&asked, &self.place))
    }

    async fn look_at(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<Found> {
        let mut found = Found::new();
        let watch = Stopwatch::start();
        // One that loads its data answers this with an error, and INFO all the same.
        let ping: RedisResult<String> = redis::cmd("PING").query_async(connection).await;
        let took = watch.elapsed();
        found.detail("pingMs", took.as_millis_f64());
        if took > self.limits.slow {
            let message = format!("took {took} to answer a PING (limit {})", self.limits.slow);
            found.trouble(
                Trouble::warning("slow_answers", message)
                    .advice("See what keeps it busy: SLOWLOG GET 10, LATENCY DOCTOR"),
            );
        }
        let text: String = match redis::cmd("INFO").query_async(connection).await {
            Ok(text) => text,
            Err(error) => return Err(ping.err().unwrap_or(error)),
        };
        let info = Info::read(&text);
        found.detail("version", info.text("redis_version"));
        if info.number("loading") == Some(1.0) {
            found.trouble(
                Trouble::error("no_answers", "it loads its data and answers nobody yet").definite(),
            );
        }
        let (expect, most) = (self.expect, &mut self.most);
        replication::judge(&info, &self.limits, (expect, most), &mut found);
        resources::judge_memory(&info, self.max_memory, &mut found);
        resources::judge_persistence(&info, &mut found);
        resources::judge_clients(&info, &self.limits, &mut self.rejected, &mut found);
        if info.number("cluster_enabled") == Some(1.0) {
            let text: String = redis::cmd("CLUSTER").arg("INFO").query_async(connection).await?;
            replication::judge_cluster(&Info::read(&text), &mut found);
        }
        Ok(found)
    }
}

impl Probe for Redis {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.ask())
    }

    fn gave_up(&mut self) {
        // It was taken for the look, and went with it.
        self.connection = None;
    }
}

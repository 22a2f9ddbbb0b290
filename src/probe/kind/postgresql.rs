//! A PostgreSQL server: whether it answers and how soon, its replicas or its primary, connections
//! and transactions.
//!
//! One connection is kept, so that a server whose connections are all taken can still be asked, and
//! so that looking costs no login. Everything is asked with the simple protocol, which every pooler
//! passes on. A connection that broke since the last look, as by a restart, is made anew and asked
//! once more before that is a finding.
//!
//! `pg_stat_replication` forgets a replica as soon as it is gone, and has no lag for one that has
//! nothing to replay. So replicas are missed by name, and lag is judged in bytes as well.

mod primary;
mod refusal;
mod replica;
mod rows;

use super::Probe;
use crate::clock::Stopwatch;
use crate::config::{Limits, Server, is_encrypted};
use crate::observer::Span;
use crate::probe::found::{Found, Trouble};
use futures_util::future::BoxFuture;
use rows::Row;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take; a look has a limit of its own.
const CONNECT: Duration = Duration::from_secs(5);

/// What every server is asked.
const SERVER: &str = "select pg_is_in_recovery() as replica, current_setting('server_version') as version, \
    current_setting('max_connections') as most, current_setting('superuser_reserved_connections') as reserved, \
    pg_database_size(current_database()) as bytes, pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees";

/// Without `pg_monitor` most of the columns of others are null; their database is not.
const ACTIVITY: &str = "select count(*) filter (where coalesce(backend_type, 'client backend') = 'client backend') as used, \
    count(*) filter (where state like 'idle in transaction%') as idle, \
    count(*) filter (where wait_event_type = 'Lock') as waiting \
    from pg_stat_activity where datid is not null";

/// The transaction that lasts longest, lookout's own aside.
const OLDEST: &str = "select extract(epoch from now() - xact_start)::float8 as seconds, application_name as name, state \
    from pg_stat_activity where xact_start is not null and backend_type = 'client backend' \
    and pid <> pg_backend_pid() order by xact_start limit 1";

/// What lookout is allowed and what it is to look for.
pub(super) struct Postgresql {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    /// Host and port, for people.
    place: String,
    user: String,
    limits: Limits,
    replicas: Vec<String>,
    max_transaction: Span,
    session: Option<Session>,
}

/// A connection, and the task that moves its bytes.
struct Session {
    client: Client,
    task: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Postgresql {
    /// The server at an address, with the replicas that it has to have.
    pub(super) fn new(
        at: &Server,
        limits: Limits,
        replicas: &[String],
        max_transaction: Span,
    ) -> Self {
        let host = at.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = at.url.port().unwrap_or(5432);
        let database = at.url.path().trim_matches('/');
        let user = at.user.clone().unwrap_or_else(|| "lookout".to_owned());
        let mut config = Config::new();
        config
            .host(&host)
            .port(port)
            .user(&user)
            .dbname(if database.is_empty() { "postgres" } else { database })
            .application_name("lookout")
            .connect_timeout(CONNECT);
        if let Some(password) = &at.password {
            config.password(&password.0);
        }
        let tls = is_encrypted(&at.url).then(|| {
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
            MakeRustlsConnect::new((*at.tls.0).clone())
        });
        Self {
            config,
            tls,
            place: format!("{host}:{port}"),
            user,
            limits,
            replicas: replicas.to_vec(),
            max_transaction,
            session: None,
        }
    }

    async fn connect(&self) -> Result<Session, Error> {
        let (client, task) = match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                // Why it ended is said by the next question.
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
        };
        Ok(Session { client, task })
    }

    async fn ask(&mut self) -> Found {
        if let Some(session) = self.session.take()
            && let Ok(found) = self.look_at(&session.client).await
        {
            self.session = Some(session);
            return found;
        }
        let session = match self.connect().await {
            Ok(session) => session,
            Err(error) => return Found::only(self.refused(&error)),
        };
        match self.look_at(&session.client).await {
            Ok(found) => {
                self.session = Some(session);
                found
            }
            Err(error) => Found::only(self.refused(&error)),
        }
    }

    fn refused(&self, error: &Error) -> Trouble {
        refusal::trouble(error, &self.place, &self.user)
    }

    async fn look_at(&self, client: &Client) -> Result<Found, Error> {
        let mut found = Found::new();
        let watch = Stopwatch::start();
        client.simple_query("select 1").await?;
        let ping = watch.elapsed();
        found.detail("pingMs", ping.as_millis_f64());
        if ping > self.limits.slow {
            let message = format!("took {ping} to answer (limit {})", self.limits.slow);
            found.trouble(
                Trouble::warning("slow_answers", message)
                    .advice("Look at its load, its locks, and the network on the way to it"),
            );
        }
        let server = rows::first(client, SERVER).await?;
        let sees = server.is("sees");
        found.detail("version", server.text("version"));
        found.detail("databaseBytes", server.number("bytes"));
        self.judge_activity(client, &server, &mut found).await?;
        let blind = if server.is("replica") {
            found.detail("role", "replica");
            replica::judge(client, &self.limits, sees, &mut found).await?
        } else {
            found.detail("role", "primary");
            primary::judge(client, &self.limits, &self.replicas, sees, &mut found).await?
        };
        if !sees {
            found.detail("missingRight", "pg_monitor");
        }
        if blind {
            let message = format!("{} may not see the state of replicas", self.user);
            found.trouble(
                Trouble::warning("cannot_be_checked", message)
                    .advice(format!("grant pg_monitor to \"{}\";", self.user)),
            );
        }
        Ok(found)
    }

    async fn judge_activity(
        &self,
        client: &Client,
        server: &Row,
        found: &mut Found,
    ) -> Result<(), Error> {
        let activity = rows::first(client, ACTIVITY).await?;
        let used = activity.number("used");
        let most = server.number("most") - server.number("reserved");
        found.detail("connections", used);
        found.detail("maxConnections", most);
        found.detail("idleInTransaction", activity.number("idle"));
        found.detail("waitingForLocks", activity.number("waiting"));
        if most > 0.0 && used >= self.limits.max_connections * most {
            let limit = self.limits.max_connections * 100.0;
            let message = format!("{used} of {most} connections are in use (limit {limit:.0} %)");
            found.trouble(Trouble::warning("connections_run_out", message).advice(
                "See who holds them: select usename, application_name, state, count(*) from pg_stat_activity \
                 group by 1, 2, 3 order by 4 desc;",
            ));
        }
        for oldest in rows::all(client, OLDEST).await? {
            let seconds = oldest.number("seconds").max(0.0);
            found.detail("longestTransactionSeconds", seconds.round());
            if seconds <= self.max_transaction.as_secs_f64() {
                continue;
            }
            let message = format!(
                "a transaction of \"{}\" ({}) lasts for {seconds:.0} s (limit {})",
                oldest.text("name"),
                oldest.text("state"),
                self.max_transaction
            );
            found.trouble(Trouble::warning("locks_are_held", message).advice(
                "Find it: select pid, usename, state, xact_start from pg_stat_activity order by xact_start limit 5; \
                 end it: select pg_terminate_backend(PID);",
            ));
        }
        Ok(())
    }
}

impl Probe for Postgresql {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.ask())
    }

    fn gave_up(&mut self) {
        // It was taken for the look, and went with it.
        self.session = None;
    }
}

//! A member of a MongoDB replica set, or a server on its own: its role, how the set is, and what
//! it is short of.
//!
//! It is this member that is asked and no other: the driver connects directly. The connection is
//! kept between looks, and given up with a look that was. One that broke in between, as by a
//! restart, is no finding: a look that meets it asks once more over a new one. What the set is like
//! needs a right of its own (role clusterMonitor); without it, only the member's role is judged,
//! and the missing right is said.

mod driver;
mod members;
mod reply;

use super::Probe;
use super::shown::share;
use crate::clock::Stopwatch;
use crate::config::{Limits, Server};
use crate::probe::found::{Found, Trouble};
use ::mongodb::Client;
use ::mongodb::bson::{Document, doc};
use ::mongodb::error::{Error, ErrorKind};
use ::mongodb::options::ClientOptions;
use driver::{is_broken, options, refused};
use futures_util::future::BoxFuture;
use members::Members;
use reply::{flag, number, text};

/// What the server says when it may not tell.
const UNAUTHORIZED: i32 = 13;
/// What it says on its own.
const NO_REPLICATION: i32 = 76;
/// What it says as long as nobody has made the set.
const NOT_INITIALIZED: i32 = 94;
/// What it says when the set does not have it.
const NOT_A_MEMBER: i32 = 93;

/// A server.
pub(super) struct Mongodb {
    options: ClientOptions,
    at: Server,
    limits: Limits,
    members: Members,
    client: Option<Client>,
}

impl Mongodb {
    /// The server at an address, what is too much, and how many members the set has to have.
    ///
    /// # Errors
    ///
    /// If the address has no host.
    pub(super) fn new(at: &Server, limits: Limits, expect: Option<u32>) -> anyhow::Result<Self> {
        let options = options(at)?;
        let members = Members::new(expect, limits.max_lag);
        Ok(Self { options, at: at.clone(), limits, members, client: None })
    }

    async fn ask(&mut self) -> Found {
        let kept = self.client.is_some();
        let mut found = self.try_once().await;
        if kept && found.as_ref().is_err_and(is_broken) {
            found = self.try_once().await;
        }
        found.unwrap_or_else(|error| Found::only(refused(&self.at, &error)))
    }

    /// Asks over the connection that is kept, or over a new one; it is kept if all went well.
    async fn try_once(&mut self) -> Result<Found, Error> {
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::with_options(self.options.clone())?,
        };
        let found = self.asked(&client).await?;
        self.client = Some(client);
        Ok(found)
    }

    async fn asked(&mut self, client: &Client) -> Result<Found, Error> {
        let admin = client.database("admin");
        // The first may have to connect and to log in, which says nothing of how soon it answers.
        let hello = admin.run_command(doc! {"hello": 1}).await?;
        let watch = Stopwatch::start();
        admin.run_command(doc! {"ping": 1}).await?;
        let took = watch.elapsed();
        let mut found = Found::new();
        found.detail("pingMs", took.as_millis_f64());
        if took > self.limits.slow {
            let message = format!("took {took} to answer a ping (limit {})", self.limits.slow);
            found.trouble(Trouble::warning("slow_answers", message).advice(
                "See what keeps it busy: mongosh --eval 'db.currentOp({active: true, secs_running: {$gt: 1}})'",
            ));
        }
        let role = role(&hello);
        found.detail("role", role);
        if let Some(set) = text(&hello, "setName") {
            found.detail("set", set);
        }
        let mut unseen = Vec::new();
        if role != "mongos" {
            match said(admin.run_command(doc! {"replSetGetStatus": 1}).await)? {
                Ok(status) => self.members.judge(&status, &mut found),
                Err((UNAUTHORIZED, _)) => {
                    unseen.push("replSetGetStatus");
                    self.judge_role(role, &hello, &mut found);
                }
                Err((code, message)) => self.judge_refusal(code, &message, &mut found),
            }
        }
        match said(admin.run_command(server_status()).await)? {
            Ok(status) => self.judge_server(&status, &mut found),
            Err((UNAUTHORIZED, _)) => unseen.push("serverStatus"),
            Err((code, message)) => {
                found.detail("skipped", format!("serverStatus: code {code}: {message}"));
            }
        }
        if !unseen.is_empty() {
            found.trouble(self.unauthorized(&unseen.join(" and ")));
        }
        Ok(found)
    }

    /// What can be told by the member's role alone.
    fn judge_role(&self, role: &str, hello: &Document, found: &mut Found) {
        match role {
            "uninitialized" => found.trouble(members::uninitialized()),
            "recovering" => found.trouble(
                Trouble::warning("stale_reads", "it is neither primary nor secondary (recovering)")
                    .advice(members::STATUS),
            ),
            "secondary" | "arbiter" if text(hello, "primary").is_none() => {
                found.trouble(members::no_primary());
            }
            _ => {}
        }
    }

    /// What it means that there is no state of the set.
    fn judge_refusal(&self, code: i32, message: &str, found: &mut Found) {
        match code {
            NO_REPLICATION => self.members.alone(found),
            NOT_INITIALIZED => found.trouble(members::uninitialized()),
            NOT_A_MEMBER => found.trouble(
                Trouble::error("fewer_members", "it is no member of its replica set (any more)")
                    .definite()
                    .advice("Add it again on the primary: rs.add(\"HOST:27017\")"),
            ),
            _ => {
                let message = format!("replSetGetStatus fails with code {code}: {message}");
                found.trouble(Trouble::warning("checked_in_part", message));
            }
        }
    }

    /// Says what the server is short of.
    fn judge_server(&self, status: &Document, found: &mut Found) {
        if let Some(version) = text(status, "version") {
            found.detail("version", version);
        }
        let Ok(connections) = status.get_document("connections") else { return };
        let (Some(current), Some(available)) =
            (number(connections, "current"), number(connections, "available"))
        else {
            return;
        };
        let all = current + available;
        found.detail("connections", current as u64);
        found.detail("maxConnections", all as u64);
        if all <= 0.0 {
            return;
        }
        let used = current / all;
        found.detail("usedConnectionsShare", share(used));
        if used >= self.limits.max_connections {
            let message = format!(
                "{:.0} % of the connections are in use ({current:.0} of {all:.0}, limit {:.0} %)",
                used * 100.0,
                self.limits.max_connections * 100.0
            );
            found.trouble(Trouble::warning("refused_connections", message).advice(
                "See who holds them: mongosh --eval 'db.currentOp(true).inprog' by client and appName; lower \
                 maxPoolSize of the clients, or raise net.maxIncomingConnections",
            ));
        }
    }

    /// The trouble that something may not be seen.
    fn unauthorized(&self, what: &str) -> Trouble {
        let message = match &self.at.user {
            Some(_) => format!("`user` may not run {what}: it needs the role clusterMonitor"),
            None => {
                format!("nobody may run {what} without `user`: it needs the role clusterMonitor")
            }
        };
        let trouble = Trouble::warning("checked_in_part", message).definite();
        let grant = "db.getSiblingDB(\"admin\")";
        trouble.advice(match &self.at.user {
            Some(user) => format!(
                "On the primary: {grant}.grantRolesToUser({user:?}, [{{role: \"clusterMonitor\", db: \"admin\"}}])"
            ),
            None => format!(
                "Create a user for `user` and `password_file`, on the primary: {grant}.createUser({{user: \
                 \"lookout\", pwd: passwordPrompt(), roles: [{{role: \"clusterMonitor\", db: \"admin\"}}]}})"
            ),
        })
    }
}

/// What the server is, by its own words.
fn role(hello: &Document) -> &'static str {
    let set = text(hello, "setName").is_some();
    if text(hello, "msg").as_deref() == Some("isdbgrid") {
        "mongos"
    } else if flag(hello, "isWritablePrimary") || flag(hello, "ismaster") {
        if set { "primary" } else { "standalone" }
    } else if flag(hello, "secondary") {
        "secondary"
    } else if flag(hello, "arbiterOnly") {
        "arbiter"
    } else if set {
        "recovering"
    } else if flag(hello, "isreplicaset") {
        "uninitialized"
    } else {
        "unknown"
    }
}

/// The state of the server without what nobody reads here.
fn server_status() -> Document {
    let mut command = doc! {"serverStatus": 1};
    for part in ["locks", "metrics", "opLatencies", "tcmalloc", "transactions", "wiredTiger"] {
        command.insert(part, 0);
    }
    command
}

/// An answer, or with which code and words the server refused it; an error is all else.
fn said(answer: Result<Document, Error>) -> Result<Result<Document, (i32, String)>, Error> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => match error.kind.as_ref() {
            ErrorKind::Command(refusal) => {
                Ok(Err((refusal.code, super::shown::short(&refusal.message))))
            }
            _ => Err(error),
        },
    }
}

impl Probe for Mongodb {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.ask())
    }

    fn gave_up(&mut self) {
        // `try_once` holds it while it asks, so that it went with the look.
        self.client = None;
    }
}

//! Keeps addresses and users out by EMQX's list of those who are banned.
//!
//! <https://docs.emqx.com/en/emqx/latest/dashboard/blacklist.html>. A ban has an end of its own, so that it ends
//! without lookout too. EMQX refuses to change a ban that is there: one of lookout's own is removed and made
//! anew, so that it lasts longer; one of somebody else's is left as it is, now and when it is to be undone. A ban
//! keeps new connections out and, but for one by client identifier, leaves those that are there; these are closed
//! here, at most a hundred. lookout never bans itself: it asks EMQX where it is connected from first.

use super::means::{Failure, Outcome};
use crate::config::Emqx;
use crate::observer::attack::Response;
use crate::observer::measure::Measure;
use crate::platform::emqx::{self, Api, SECTION, Why};
use crate::security::spared::Spared;
use crate::wire::line::tame;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use std::net::IpAddr;

/// How lookout signs its bans.
const BY: &str = "lookout";
/// Connections that are closed.
const MOST: &str = "100";
/// Where bans are, and clients.
const BANNED: &str = "banned";
const CLIENTS: &str = "clients";

/// The way to the list.
#[derive(Clone, Debug)]
pub(super) struct Bans {
    api: Api,
    /// lookout's own client identifier.
    own: String,
    spared: Spared,
}

/// Whom a ban is about, in EMQX's words.
struct Whom<'m> {
    kind: &'static str,
    /// How clients of it are found.
    filter: &'static str,
    who: &'m str,
}

/// A page of bans, or of clients.
#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
}

/// A ban.
#[derive(Deserialize)]
struct Ban {
    r#as: String,
    who: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    until: String,
}

/// A client that is connected.
#[derive(Deserialize)]
struct Client {
    clientid: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    ip_address: Option<String>,
}

impl Bans {
    /// A way that is not taken yet. `own` is lookout's client identifier.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(emqx: &Emqx, own: &str, spared: Spared) -> anyhow::Result<Self> {
        let api = Api::new(emqx.clone(), SECTION)?;
        Ok(Self { api, own: own.to_owned(), spared })
    }

    /// Bans whom a measure is about.
    pub(super) async fn ban(&self, measure: &Measure) -> Outcome {
        let whom = whom(measure)?;
        if self.is_own(&whom).await? {
            return Err(Failure::Never("lookout itself is connected from there".to_owned()));
        }
        let until = measure.until.unwrap_or(measure.began).micros() / 1_000_000;
        let ban = serde_json::json!({
            "as": whom.kind,
            "who": whom.who,
            "by": BY,
            "reason": format!("{} (lookout)", measure.attack.words()),
            "until": until,
        });
        let ask = || self.api.change(Method::POST, (BANNED, &[]), Some(ban.to_string()));
        let mut done = ask().await;
        if done.as_ref().is_err_and(|failure| is_there(failure.why())) {
            match self.find(&whom).await? {
                Some(ban) if ban.by != BY => {
                    let (by, until) = (short(&ban.by), short(&ban.until));
                    let who = whom.who;
                    return Ok(format!("EMQX: {who} is banned already, by {by} until {until}"));
                }
                Some(_) => self.remove(&whom).await?,
                // It ended meanwhile.
                None => {}
            }
            done = ask().await;
        }
        done?;
        let closed = self.close(&whom).await;
        let closed = match closed {
            Ok(count) => format!("connections closed: {count}"),
            // New ones are kept out, and that was asked for.
            Err(failure) => format!("its connections could not be closed: {}", failure.text()),
        };
        Ok(format!("EMQX: {} is banned; {closed}", whom.who))
    }

    /// Lets whom a measure is about in again.
    pub(super) async fn lift(&self, measure: &Measure) -> Outcome {
        let whom = whom(measure)?;
        match self.find(&whom).await? {
            None => Ok(format!("EMQX: the ban of {} is over", whom.who)),
            Some(ban) if ban.by != BY => {
                let by = short(&ban.by);
                Ok(format!("EMQX: the ban of {} is left, as it is by {by}", whom.who))
            }
            Some(_) => {
                self.remove(&whom).await?;
                Ok(format!("EMQX: {} is banned no longer", whom.who))
            }
        }
    }

    async fn is_own(&self, whom: &Whom<'_>) -> Result<bool, Failure> {
        let found = self.api.get_at::<Client>(CLIENTS, &[&self.own], &[]).await;
        let client = match found {
            Ok(client) => client,
            // It may be connected to another broker, or by another name.
            Err(failure) if is_gone(failure.why()) => return Ok(false),
            Err(failure) => return Err(failure.into()),
        };
        Ok(match whom.kind {
            "username" => client.username.as_deref() == Some(whom.who),
            _ => same(client.ip_address.as_deref(), whom.who),
        })
    }

    async fn find(&self, whom: &Whom<'_>) -> Result<Option<Ban>, Failure> {
        let query = [(whom.kind, whom.who), ("limit", MOST)];
        let page: Page<Ban> = self.api.get(BANNED, &query).await?;
        let is_it = |ban: &Ban| ban.r#as == whom.kind && ban.who == whom.who;
        Ok(page.data.into_iter().find(is_it))
    }

    async fn remove(&self, whom: &Whom<'_>) -> Result<(), Failure> {
        self.delete(BANNED, &[whom.kind, whom.who]).await.map(|_| ())
    }

    /// Removes what is there; whether it was.
    async fn delete(&self, path: &'static str, levels: &[&str]) -> Result<bool, Failure> {
        match self.api.change(Method::DELETE, (path, levels), None).await {
            Ok(()) => Ok(true),
            Err(failure) if is_gone(failure.why()) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Closes connections; how many.
    async fn close(&self, whom: &Whom<'_>) -> Result<usize, Failure> {
        let query = [(whom.filter, whom.who), ("limit", MOST)];
        let page: Page<Client> = self.api.get(CLIENTS, &query).await?;
        let mut closed = 0;
        for client in page.data {
            let is_spared = |user: &String| self.spared.has_user(user);
            if client.clientid == self.own || client.username.as_ref().is_some_and(is_spared) {
                continue;
            }
            closed += usize::from(self.delete(CLIENTS, &[&client.clientid]).await?);
        }
        Ok(closed)
    }
}

/// Whom a measure is about.
fn whom(measure: &Measure) -> Result<Whom<'_>, Failure> {
    let nobody = || Failure::Never("it is not known to whom".to_owned());
    match measure.response {
        Response::BlockIp => {
            let who = measure.on.address.as_deref().ok_or_else(nobody)?;
            Ok(Whom { kind: "peerhost", filter: "ip_address", who })
        }
        Response::LockUser | Response::SuspendUser => {
            let who = measure.on.user.as_deref().ok_or_else(nobody)?;
            Ok(Whom { kind: "username", filter: "username", who })
        }
        other => Err(Failure::Never(format!("EMQX cannot {}", other.words()))),
    }
}

/// Whether two addresses are the same, however they are written.
fn same(one: Option<&str>, other: &str) -> bool {
    let read = |text: &str| text.parse::<IpAddr>().map(|it| it.to_canonical());
    one.is_some_and(|one| one == other || read(one).is_ok_and(|one| read(other) == Ok(one)))
}

/// What somebody wrote, cut and fit to be shown.
fn short(text: &str) -> String {
    tame(&text.chars().take(64).collect::<String>())
}

/// Whether there is such a ban already.
fn is_there(why: &Why) -> bool {
    matches!(why, Why::Refused(StatusCode::BAD_REQUEST, code) if code == "ALREADY_EXISTS")
}

/// Whether there is no such thing.
const fn is_gone(why: &Why) -> bool {
    matches!(why, Why::Refused(StatusCode::NOT_FOUND, _))
}

impl From<emqx::Failure> for Failure {
    fn from(failure: emqx::Failure) -> Self {
        match failure.why() {
            Why::Refused(status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), code) => {
                Self::Never(format!(
                    "EMQX does not let `emqx.api_key` do it ({status} {code}): give it the role `administrator`"
                ))
            }
            Why::Refused(StatusCode::TOO_MANY_REQUESTS, _) | Why::NoAnswer(_) => {
                Self::Later(failure.to_string())
            }
            Why::Refused(status, _) if status.is_server_error() => Self::Later(failure.to_string()),
            Why::Refused(..) | Why::TooLong | Why::Strange => Self::Never(failure.to_string()),
        }
    }
}

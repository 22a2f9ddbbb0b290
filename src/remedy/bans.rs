//! Keeps addresses and users out by EMQX's list of those who are banned.
//!
//! <https://docs.emqx.com/en/emqx/latest/dashboard/blacklist.html>. A ban has an end of its own, so that it ends
//! without lookout too. EMQX refuses to change a ban that is there: one of lookout's own is removed and made
//! anew, so that it lasts longer; one of somebody else's is left as it is, now and when it is to be undone. A ban
//! keeps new connections out and, but for one by client identifier, leaves those that are there; these are closed
//! here, at most a hundred. lookout never bans itself: it asks EMQX where it is connected from first.

use super::means::{Failure, Outcome};
use crate::config::{Door, Emqx, Login};
use crate::observer::attack::Response;
use crate::observer::measure::Measure;
use crate::post::{Answer, Method, Way};
use crate::security::spared::Spared;
use crate::wire::line::tame;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use url::Url;

/// How lookout signs its bans.
const BY: &str = "lookout";
/// Bytes of an answer that are read.
const READ: usize = 1 << 20;
/// Connections that are closed.
const MOST: &str = "100";

/// The way to the list.
#[derive(Clone, Debug)]
pub(super) struct Bans {
    way: Way,
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

/// Why EMQX says no.
#[derive(Deserialize, Default)]
struct No {
    #[serde(default)]
    code: String,
}

impl Bans {
    /// A way that is not taken yet. `own` is lookout's client identifier.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(emqx: &Emqx, own: &str, spared: Spared) -> anyhow::Result<Self> {
        let (key, secret) = emqx.key.clone();
        let door = Door {
            url: Url::parse(&format!("{}/api/v5", emqx.url))?,
            login: Login::Basic(key, secret),
            tls: emqx.tls.clone(),
            timeout: emqx.timeout,
        };
        Ok(Self { way: Way::new(door)?, own: own.to_owned(), spared })
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
        let ask = || self.ask(Method::POST, &["banned"], &[], Some(ban.to_string()));
        let mut answer = ask().await?;
        if answer.status == StatusCode::BAD_REQUEST && code(&answer) == "ALREADY_EXISTS" {
            match self.find(&whom).await? {
                Some(ban) if ban.by != BY => {
                    let (by, until) = (short(&ban.by), short(&ban.until));
                    return Ok(format!(
                        "EMQX: {} is banned already, by {by} until {until}",
                        whom.who
                    ));
                }
                Some(_) => self.remove(&whom).await?,
                // It ended meanwhile.
                None => {}
            }
            answer = ask().await?;
        }
        done(&answer, "banned")?;
        let closed = self.close(&whom).await;
        let closed = match closed {
            Ok(count) => format!("{count} connections closed"),
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
        let answer = self.ask(Method::GET, &["clients", &self.own], &[], None).await?;
        // It may be connected to another broker, or by another name.
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        let client: Client = read(&answer, "clients")?;
        Ok(match whom.kind {
            "username" => client.username.as_deref() == Some(whom.who),
            _ => same(client.ip_address.as_deref(), whom.who),
        })
    }

    async fn find(&self, whom: &Whom<'_>) -> Result<Option<Ban>, Failure> {
        let query = [(whom.kind, whom.who), ("limit", MOST)];
        let answer = self.ask(Method::GET, &["banned"], &query, None).await?;
        let page: Page<Ban> = read(&answer, "banned")?;
        let is_it = |ban: &Ban| ban.r#as == whom.kind && ban.who == whom.who;
        Ok(page.data.into_iter().find(is_it))
    }

    async fn remove(&self, whom: &Whom<'_>) -> Result<(), Failure> {
        let levels = ["banned", whom.kind, whom.who];
        let answer = self.ask(Method::DELETE, &levels, &[], None).await?;
        if answer.status == StatusCode::NOT_FOUND { Ok(()) } else { done(&answer, "banned") }
    }

    /// Closes connections; how many.
    async fn close(&self, whom: &Whom<'_>) -> Result<usize, Failure> {
        let query = [(whom.filter, whom.who), ("limit", MOST)];
        let answer = self.ask(Method::GET, &["clients"], &query, None).await?;
        let page: Page<Client> = read(&answer, "clients")?;
        let mut closed = 0;
        for client in page.data {
            let is_spared = |user: &String| self.spared.has_user(user);
            if client.clientid == self.own || client.username.as_ref().is_some_and(is_spared) {
                continue;
            }
            let levels = ["clients", &*client.clientid];
            let answer = self.ask(Method::DELETE, &levels, &[], None).await?;
            if answer.status != StatusCode::NOT_FOUND {
                done(&answer, "clients")?;
                closed += 1;
            }
        }
        Ok(closed)
    }

    async fn ask(
        &self,
        method: Method,
        levels: &[&str],
        query: &[(&str, &str)],
        json: Option<String>,
    ) -> Result<Answer, Failure> {
        let answer = self.way.request(method, levels, query, json, READ).await;
        answer.map_err(|why| Failure::Later(format!("EMQX gives no answer: {why}")))
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

fn code(answer: &Answer) -> String {
    serde_json::from_slice::<No>(&answer.body).unwrap_or_default().code
}

/// That it was done, or why not. Of what EMQX says only its status and its code are shown.
fn done(answer: &Answer, what: &str) -> Result<(), Failure> {
    let status = answer.status;
    if status.is_success() {
        return Ok(());
    }
    let code = code(answer);
    let word = code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let code = if word && code.len() <= 64 { code } else { String::new() };
    let said = format!("{status} {code}");
    let said = said.trim_end();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Failure::Never(format!(
            "EMQX does not let `emqx.api_key` change {what} ({said}): give it the role `administrator`"
        ))),
        status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            Err(Failure::Never(format!("EMQX refuses it: {said}")))
        }
        _ => Err(Failure::Later(format!("EMQX answered with {said}"))),
    }
}

fn read<T: DeserializeOwned>(answer: &Answer, what: &str) -> Result<T, Failure> {
    done(answer, what)?;
    serde_json::from_slice(&answer.body)
        .map_err(|_| Failure::Never("what answers there is not EMQX 5".to_owned()))
}

//! `lookout actions`: what is done about attacks, how it is undone, and the record of an incident.
//!
//! It asks the lookout that runs here, whose address and tokens it finds as `lookout health` does, or another
//! one at `--url`. To undo something needs a token of `http.token_file`. Names were written by strangers: what a
//! terminal would obey is escaped.

use super::health::door;
use crate::config::{self, Door, Login, Secret, Sources, Tls};
use crate::observer::Span;
use crate::post::{Method, Way};
use crate::wire::line::tame;
use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use url::Url;

/// Largest answer, in bytes: a thousand actions with the longest names there can be fit in.
const LARGEST: usize = 4 << 20;
/// How long an answer may take.
const TIMEOUT: Span = Span::from_secs(8);

/// Arguments of `lookout actions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// Where the lookout listens that is asked, such as http://127.0.0.1:9464; without it the one of
    /// `http.listen`.
    #[arg(long, value_name = "URL", global = true)]
    url: Option<String>,
    /// A file with a token, as `http.token_file`; without it, and without --url, the first one there.
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// The configuration file; without it the defaults and `LOOKOUT_…` variables apply.
    #[arg(long, short, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag, global = true)]
    set: Vec<(String, String)>,
}

/// What is wanted.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show what is in force.
    List {
        /// Also what was only said, and what is over.
        #[arg(long)]
        all: bool,
        /// Print JSON, in the shape of `/api/v1/actions`.
        #[arg(long)]
        json: bool,
    },
    /// Undo one now.
    Undo {
        /// Its id, such as action-019bc1a3f7d9c2.
        #[arg(value_name = "ACTION")]
        id: String,
    },
    /// Print the record of an incident as JSON: its time line, and for an attack what was seen and done.
    Export {
        /// Its id, such as incident-019bc1a3f7d841.
        #[arg(value_name = "INCIDENT")]
        id: String,
    },
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Args { what, url, token_file, config, set } = args;
    let (address, known) = match url {
        // A token goes to the lookout that it was made for, and to nobody else.
        Some(url) => (url, None),
        None => {
            let config = match config::load(&Sources::of_process(config, set)) {
                Ok(config) => config,
                Err(mistakes) => return Ok(super::refuse(&mistakes)),
            };
            let Some(http) = config.http else {
                bail!("`http.listen` is \"off\": there is nothing to ask")
            };
            (format!("http://{}", door(http.listen)), http.tokens.into_iter().next())
        }
    };
    let token = match token_file {
        Some(file) => Some(read_token(&file)?),
        None => known.map(|token| token.secret),
    };
    let asked = Asked::new(&address, token)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match what {
        What::List { all, json } => {
            let query: &[_] = if all { &[] } else { &[("in_force", "true")] };
            let said = runtime.block_on(asked.get(&["actions"], query))?;
            if json { super::print(&(said + "\n")) } else { super::print(&show(&said)?) }
        }
        What::Undo { id } => {
            let said = runtime.block_on(asked.undo(&id))?;
            super::print(&show_one(&said)?)
        }
        What::Export { id } => {
            let said = runtime.block_on(asked.get(&["incidents", &id], &[]))?;
            super::print(&(said + "\n"))
        }
    }
}

/// The first token of a file: the last word of its first line that is no comment.
fn read_token(file: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let lines = text.lines().map(str::trim);
    let line = lines.into_iter().find(|line| !line.is_empty() && !line.starts_with('#'));
    let token = line.and_then(|line| line.split_whitespace().last());
    let token = token.with_context(|| format!("there is no token in {}", file.display()))?;
    Ok(Secret(token.to_owned()))
}

/// A lookout that is asked.
struct Asked {
    way: Way,
    has_token: bool,
}

impl Asked {
    fn new(address: &str, token: Option<Secret>) -> anyhow::Result<Self> {
        let url = Url::parse(address).ok().filter(|url| url.scheme() == "http");
        let url = url
            .with_context(|| format!("{address:?} is no address such as http://127.0.0.1:9464"))?;
        let tls = Tls::distrusting().context("TLS cannot be set up")?;
        let has_token = token.is_some();
        let login = token.map_or(Login::None, Login::Bearer);
        Ok(Self { way: Way::new(Door { url, login, tls, timeout: TIMEOUT })?, has_token })
    }

    async fn get(&self, levels: &[&str], query: &[(&str, &str)]) -> anyhow::Result<String> {
        self.ask(Method::GET, levels, query, None).await
    }

    async fn undo(&self, id: &str) -> anyhow::Result<String> {
        ensure!(
            self.has_token,
            "to undo something needs a token: `http.token_file`, or --token-file"
        );
        let wish = r#"{"state":"undone"}"#.to_owned();
        self.ask(Method::POST, &["actions", id], &[], Some(wish)).await
    }

    async fn ask(
        &self,
        method: Method,
        levels: &[&str],
        query: &[(&str, &str)],
        json: Option<String>,
    ) -> anyhow::Result<String> {
        let levels: Vec<_> = ["api", "v1"].into_iter().chain(levels.iter().copied()).collect();
        let answer = self.way.request(method, &levels, query, json, LARGEST).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => bail!("no answer from {}: {why}", self.way.host()),
        };
        ensure!(answer.status.is_success(), "{}", problem(&answer.text(), &answer.body));
        String::from_utf8(answer.body).context("an answer that is no text")
    }
}

/// What a refusal says.
fn problem(otherwise: &str, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        title: String,
        #[serde(default)]
        detail: String,
    }
    let read = serde_json::from_slice::<Problem>(body);
    read.map_or_else(
        |_| otherwise.to_owned(),
        |it| tame(format!("{}: {}", it.title, it.detail).trim_end_matches(": ")),
    )
}

#[derive(Deserialize)]
struct Actions {
    actions: Vec<Action>,
}

/// What people are shown of an action.
#[derive(Deserialize)]
struct Action {
    id: String,
    action: String,
    state: String,
    target: Target,
    attack: String,
    incident: String,
    #[serde(rename = "dryRun")]
    dry_run: bool,
    until: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    user: Option<String>,
    address: Option<String>,
    client: Option<String>,
    session: Option<String>,
    service: Option<String>,
}

fn show(said: &str) -> anyhow::Result<String> {
    let Actions { actions } =
        serde_json::from_str(said).context("an answer that cannot be read")?;
    if actions.is_empty() {
        return Ok("nothing is in force\n".to_owned());
    }
    Ok(actions.iter().map(line).collect())
}

fn show_one(said: &str) -> anyhow::Result<String> {
    Ok(line(&serde_json::from_str(said).context("an answer that cannot be read")?))
}

fn line(action: &Action) -> String {
    let Target { user, address, client, session, service } = &action.target;
    let whom = [user, address, client, session, service].into_iter().flatten().next();
    let whom = whom.map_or("-", String::as_str);
    let mut line = format!("{} {} {whom}: {}", action.id, action.action, action.state);
    // Writing to a string cannot fail.
    if action.dry_run {
        line.push_str(" (dry run)");
    }
    if let Some(until) = &action.until {
        let _ = write!(line, " until {until}");
    }
    let _ = write!(line, ", for {} {}", action.attack, action.incident);
    if let Some(message) = &action.message {
        let _ = write!(line, "; {message}");
    }
    tame(&line) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_shown_a_line_each_and_cannot_play_tricks() -> anyhow::Result<()> {
        let action = |target: &str, more: &str| {
            format!(
                r#"{{"id":"action-1","action":"block_ip","state":"done","target":{target},"attack":"brute_force","incident":"incident-2","dryRun":false{more}}}"#
            )
        };
        let first = action(
            r#"{"address":"192.0.2.7"}"#,
            r#","until":"2026-01-15T11:30:00.000Z","message":"m""#,
        );
        let second = action("{\"user\":\"a\\nb\"}", "").replace("false", "true");
        let shown = show(&format!(r#"{{"at":"x","actions":[{first},{second}]}}"#))?;
        assert_eq!(
            shown,
            "action-1 block_ip 192.0.2.7: done until 2026-01-15T11:30:00.000Z, for brute_force incident-2; m\n\
             action-1 block_ip a\\nb: done (dry run), for brute_force incident-2\n"
        );
        assert_eq!(show(r#"{"at":"x","actions":[]}"#)?, "nothing is in force\n");
        Ok(())
    }

    #[test]
    fn a_refusal_is_said_in_its_words() {
        let body = br#"{"title":"Not Found","status":404,"detail":"no such action is in force"}"#;
        assert_eq!(problem("404", body), "Not Found: no such action is in force");
        assert_eq!(problem("502 Bad Gateway", b"<html>"), "502 Bad Gateway");
    }
}

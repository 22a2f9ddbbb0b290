//! `lookout runbook`: what to do, on the terminal of whoever was woken.
//!
//! A name that is a runbook's, or names given with `--value`, are answered from lookout's own runbooks
//! and those of the configuration; nothing needs to run for that. Any other name is asked of the
//! lookout that runs here, which knows how the service or component stands. What is printed is Markdown
//! in which nothing moves a cursor.

use super::health::door;
use crate::config::{self, Sources};
use crate::probe;
use crate::runbook::{Book, CONSTANTS, Filled, PLACEHOLDERS, Runbook, Subject, tame};
use anyhow::{Context, bail};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Largest answer that is read, in bytes: all of a runbook of 64 KiB, twice, escaped.
const LARGEST: usize = 1 << 20;

/// Arguments of `lookout runbook`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What it is about: an alert, a service, a component, or the name of a runbook.
    #[arg(required_unless_present_any = ["list", "value"])]
    name: Option<String>,
    /// Print the names of all runbooks with their titles.
    #[arg(long, conflicts_with_all = ["name", "value", "url"])]
    list: bool,
    /// What is known of the matter, such as service=Orders or reason=no_subscriber; may be given
    /// several times. Then no lookout is asked.
    #[arg(long, value_name = "NAME=VALUE", value_parser = named_value, conflicts_with = "url")]
    value: Vec<(String, String)>,
    /// The lookout to ask, such as http://127.0.0.1:9464; without it the one of the configuration.
    #[arg(long)]
    url: Option<String>,
    /// The configuration file; without it the defaults and `LOOKOUT_…` variables apply.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag)]
    set: Vec<(String, String)>,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let config = match config::load(&Sources::of_process(args.config, args.set)) {
        Ok(config) => config,
        Err(mistakes) => return Ok(super::refuse(&mistakes)),
    };
    let book = config.runbooks;
    if args.list {
        return super::print(&list(&book));
    }
    let name = args.name.unwrap_or_default();
    // Several alerts can share a runbook, which then has the name of one of them.
    let alert = Subject { alert: &name, ..Subject::default() };
    let found = || book.find(&alert).filter(|runbook| !runbook.is_general());
    let known = book.get(&name).or_else(found).filter(|_| args.url.is_none());
    if known.is_some() || !args.value.is_empty() {
        if let Some((name, _)) = args.value.iter().find(|(name, _)| !is_known(&book, name)) {
            eprintln!("lookout: --value {name}=…: {}", known_names(&book));
            return Ok(ExitCode::from(super::BAD_USAGE));
        }
        let filled = filled(&book, known, &name, &args.value, &config.cluster);
        let Some(filled) = filled else { bail!("no runbook fits") };
        return super::print(&tame(filled.markdown()));
    }
    let base = match (args.url, config.http) {
        (Some(url), _) => url,
        (None, Some(http)) => format!("http://{}", door(http.listen)),
        (None, None) => bail!(
            "no runbook is called {name:?}, and `http.listen` is \"off\": there is no lookout to ask. \
             `lookout runbook --list` shows all runbooks"
        ),
    };
    super::print(&ask(&base, &name)?)
}

/// Asks a lookout that runs; gives Markdown.
fn ask(base: &str, name: &str) -> anyhow::Result<String> {
    let mut url = url::Url::parse(base)
        .ok()
        .filter(|url| url.scheme() == "http" && url.host().is_some())
        .with_context(|| format!("{base:?} is no address such as http://127.0.0.1:9464"))?;
    url.set_path("/api/v1/runbook");
    url.query_pairs_mut().clear().append_pair("about", name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(probe::page_up_to(url.as_str(), LARGEST)).with_context(|| {
        format!(
            "no runbook is called {name:?}, and no lookout says whether a service or component is. \
             `lookout runbook --list` shows all runbooks, --value service=… fills one in"
        )
    })?;
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let text = |member: &str| body.get(member).and_then(|text| text.as_str()).map(tame);
    match text("markdown").filter(|_| answer.good) {
        Some(markdown) => Ok(markdown),
        None => {
            let detail = text("detail").unwrap_or_else(|| "no runbook in its answer".to_owned());
            bail!("{name:?}: {detail} ({base} said {})", answer.status)
        }
    }
}

/// A runbook of these books with what is known in it.
fn filled(
    book: &Book,
    known: Option<&Runbook>,
    name: &str,
    values: &[(String, String)],
    cluster: &str,
) -> Option<Filled> {
    let value = |wanted: &str| {
        let mut values = values.iter().rev();
        values.find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let subject = Subject {
        alert: value("alert").unwrap_or(name),
        event: value("event").unwrap_or_default(),
        reason: value("reason"),
        component: value("component"),
        kind: value("kind"),
        severity: value("severity").unwrap_or_default(),
        service: value("service"),
        cluster: value("cluster").unwrap_or(cluster),
        topic: value("topic"),
        incident: value("incident"),
    };
    let mut constants = book.constants_for(&subject);
    // Those of the subject's are never looked for among constants.
    constants.extend(values.iter().cloned());
    let runbook = known.or_else(|| book.find(&subject))?;
    Some(runbook.fill(&subject, &constants))
}

/// Whether a name of `--value` stands for something.
fn is_known(book: &Book, name: &str) -> bool {
    name == "event"
        || PLACEHOLDERS.contains(&name)
        || CONSTANTS.contains(&name)
        || book.constants().contains_key(name)
}

fn known_names(book: &Book) -> String {
    let own = book.constants().keys().map(String::as_str);
    let mut names: Vec<&str> =
        PLACEHOLDERS.into_iter().chain(CONSTANTS).chain(["event"]).chain(own).collect();
    names.sort_unstable();
    names.dedup();
    format!("the name is one of {}", names.join(", "))
}

/// Reads `service=Orders`.
fn named_value(text: &str) -> Result<(String, String), String> {
    let plain =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let named = text.split_once('=').filter(|(name, _)| plain(name));
    let named = named.map(|(name, value)| (name.to_owned(), value.to_owned()));
    named.ok_or_else(|| "NAME=VALUE, such as service=Orders".to_owned())
}

/// All runbooks, one a line.
fn list(book: &Book) -> String {
    let mut out = String::new();
    let width = book.all().map(|runbook| runbook.name().len()).max().unwrap_or_default();
    for runbook in book.all() {
        let title = runbook.fill(&Subject::default(), book.constants()).title;
        let own = if runbook.is_shipped() { "" } else { " (own)" };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:width$}  {}{own}", runbook.name(), tame(&title));
    }
    out
}

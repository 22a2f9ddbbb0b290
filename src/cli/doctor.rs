//! `lookout doctor`: connects to everything that is configured, once, and says what works, what does
//! not, and what to do about it.
//!
//! Exit code 1 if something fails that lookout or the platform cannot do without: the broker, the
//! canary, a check that is `critical`.

use crate::app::{self, Finding, State};
use crate::config::{self, Log, Sources};
use crate::logs;
use crate::wire::line::tame;
use anyhow::Context;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lookout doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file.
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
    // What goes wrong is in the table.
    logs::start(&Log { level: "off".to_owned(), ..config.log.clone() })?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let findings = runtime.block_on(app::examine(&config))?;
    runtime.shutdown_background();
    super::print(&table(&findings))?;
    let fails = findings.iter().any(|it| it.required && it.state == State::Bad);
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What was found, a line for each, and what to do below it.
fn table(findings: &[Finding]) -> String {
    let width = findings.iter().map(|it| tame(&it.what).chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for Finding { what, required, state, found, advice } in findings {
        let mark = match (state, required) {
            (State::Good, _) => "ok  ",
            (State::Weak, _) => "weak",
            (State::Bad, true) => "FAIL",
            (State::Bad, false) => "fail",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{mark}  {:<width$}  {}", tame(what), tame(found));
        for line in advice.iter().filter(|_| *state != State::Good) {
            let _ = writeln!(out, "      {:<width$}  -> {}", "", tame(line));
        }
    }
    let count = |wanted| findings.iter().filter(|it| it.state == wanted).count();
    let required = findings.iter().filter(|it| it.required && it.state == State::Bad).count();
    let _ = writeln!(
        out,
        "\n{} work, {} work with a warning, {} fail, {required} of them required",
        count(State::Good),
        count(State::Weak),
        count(State::Bad),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_what_fails_and_what_to_do() {
        let finding = |what: &str, required, state, found: &str| Finding {
            what: what.to_owned(),
            required,
            state,
            found: found.to_owned(),
            advice: vec!["Mend it".to_owned()],
        };
        let all = [
            finding("broker", true, State::Good, "connected"),
            finding("db", true, State::Bad, "refused\u{1b}[2J"),
            finding("cache", false, State::Bad, "refused"),
            finding("disk", false, State::Weak, "fills"),
        ];
        let table = table(&all);
        for line in [
            "ok    broker  connected\nFAIL",
            "FAIL  db      refused\\u{1b}[2J\n              -> Mend it\n",
            "fail  cache   refused\n",
            "weak  disk    fills\n",
            "\n1 work, 1 work with a warning, 2 fail, 1 of them required\n",
        ] {
            assert!(table.contains(line), "{line:?} is missing in\n{table}");
        }
    }
}

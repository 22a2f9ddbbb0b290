//! The command line: one file per command.
//!
//! Each command has its `Args` and a `main` that returns the exit code: 0 done, 1 failure,
//! 64 bad usage or configuration (`EX_USAGE` of `sysexits.h`).

pub mod actions;
pub mod advise;
pub mod check_config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod discover;
pub mod doctor;
pub mod health;
pub mod profile;
pub mod record;
pub mod replay;
pub mod run;
pub mod runbook;
pub mod schema;
mod signals;
pub mod watch;

use crate::config::Mistake;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// Exit code for bad usage and bad configuration.
pub const BAD_USAGE: u8 = 64;

/// An MQTT-native operations observer: hears every call and reply, and says what is broken.
#[derive(Debug, Parser)]
#[command(name = "lookout", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Observe a broker and publish what is found.
    Run(run::Args),
    /// Watch lookout at work: embedded broker, made-up services, a script of faults.
    #[cfg(feature = "demo")]
    Demo(demo::Args),
    /// Listen to a broker and propose what to configure: which topics carry calls and replies.
    Discover(discover::Args),
    /// Record the traffic of a broker in a file for `lookout replay`.
    Record(record::Args),
    /// Run a recorded traffic file through the same pipeline, under the file's own clock.
    Replay(replay::Args),
    /// What the last day says about services: slow methods, short patience, missing replicas, …
    Advise(advise::Args),
    /// What is done about attacks: list it, undo it, export the record of an incident.
    Actions(actions::Args),
    /// Systems whose topics, ids and outcomes are known, for `traffic.profiles`.
    Profile(profile::Args),
    /// Watch a platform in the terminal, from what lookout publishes about it.
    Watch(watch::Args),
    /// Say what to do about an alert, a service or a component, with the names filled in.
    Runbook(runbook::Args),
    /// Ask the lookout that runs here whether it is ready: exit 0 if it is, else 1.
    Health(health::Args),
    /// Connect to everything that is configured, once: what works, what does not, what to do.
    Doctor(doctor::Args),
    /// Check a configuration file and report every mistake in it.
    CheckConfig(check_config::Args),
    /// Print JSON Schemas of what is read and published, for programs written against it.
    Schema(schema::Args),
}

/// Runs the program on its command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, and they are no mistakes.
            let code = if error.use_stderr() { BAD_USAGE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let done = match cli.command {
        Command::Run(args) => run::main(args),
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::main(args),
        Command::Discover(args) => discover::main(args),
        Command::Record(args) => record::main(args),
        Command::Replay(args) => replay::main(args),
        Command::Advise(args) => advise::main(args),
        Command::Actions(args) => actions::main(args),
        Command::Profile(args) => profile::main(args),
        Command::Watch(args) => watch::main(args),
        Command::Runbook(args) => runbook::main(args),
        Command::Health(args) => health::main(args),
        Command::Doctor(args) => doctor::main(args),
        Command::CheckConfig(args) => check_config::main(args),
        Command::Schema(args) => schema::main(args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("lookout: {error:#}");
        ExitCode::FAILURE
    })
}

/// Prints every mistake in a configuration, one a line.
fn refuse(mistakes: &[Mistake]) -> ExitCode {
    for mistake in mistakes {
        eprintln!("{mistake}");
    }
    ExitCode::from(BAD_USAGE)
}

/// Prints to stdout. That nobody reads on (`| head`) is no failure.
fn print(text: &str) -> anyhow::Result<ExitCode> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Whether a failure is that nobody reads on.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

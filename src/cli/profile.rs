//! `lookout profile`: the systems whose pairs are known.
//!
//! `show` prints a profile as it is read, so that it can be taken over into a configuration and
//! changed there.

use super::BAD_USAGE;
use crate::config::{PROFILES, Profile};
use std::fmt::Write;
use std::process::ExitCode;

/// Arguments of `lookout profile`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Name every profile and what it is for.
    List,
    /// Print a profile as the configuration that it stands for.
    Show {
        /// The profile, as `list` names it.
        name: String,
    },
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        What::List => super::print(&list()),
        What::Show { name } => match Profile::find(&name) {
            Some(profile) => super::print(profile.text),
            None => {
                let known: Vec<_> = PROFILES.iter().map(|profile| profile.name).collect();
                eprintln!("lookout: no profile {name:?}: there are {}", known.join(", "));
                Ok(ExitCode::from(BAD_USAGE))
            }
        },
    }
}

fn list() -> String {
    let mut out = String::new();
    for profile in &PROFILES {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:<24}{}", profile.name, profile.about());
    }
    out
}

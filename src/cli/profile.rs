//! `lookout profile`: the systems whose pairs are known.
//!
//! `show` prints a profile as it is read, so that it can be taken over into a configuration and
//! changed there.

use super::BAD_USAGE;
use crate::config::{PROFILES, Profile, asyncapi};
use anyhow::Context;
use std::fmt::Write;
use std::path::PathBuf;
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
    /// Print the pairs of an AsyncAPI 3 document (JSON or YAML): its operations that have a reply,
    /// with their methods.
    Import {
        /// The document.
        file: PathBuf,
    },
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
        What::Import { file } => {
            let text =
                std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            match asyncapi::pairs(&text) {
                Ok(lines) => super::print(&lines),
                Err(problem) => {
                    eprintln!("lookout: {}: {problem}", file.display());
                    Ok(ExitCode::from(BAD_USAGE))
                }
            }
        }
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

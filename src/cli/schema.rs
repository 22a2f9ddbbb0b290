//! `lookout schema`: what lookout reads and writes, for programs that are written against it.
//!
//! Without a name it lists what there is. The files in `schemas` are copies of what it prints.

use crate::schema;
use anyhow::Context;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `lookout schema`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to print; without it, what there is.
    name: Option<String>,
    /// Write every file into a directory.
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    all: Option<PathBuf>,
    /// Print the page about all documents.
    #[arg(long, hide = true, conflicts_with_all = ["name", "all"])]
    docs: bool,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    match args {
        Args { docs: true, .. } => super::print(&schema::docs()),
        Args { all: Some(directory), .. } => write_all(&directory),
        Args { name: None, .. } => super::print(&list()),
        Args { name: Some(name), .. } => match schema::print(stem(&name)) {
            Some(text) => super::print(&text),
            None => Ok(unknown(&name)),
        },
    }
}

/// Names and what they are, one a line.
fn list() -> String {
    let longest = schema::files().map(|file| file.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for file in schema::files() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:longest$}  {}", file.name, file.title);
    }
    out
}

fn write_all(directory: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    for file in schema::files() {
        let path = directory.join(format!("{}.{}", file.name, file.kind));
        let text = schema::print(file.name).unwrap_or_default();
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The name without what its file ends with.
fn stem(name: &str) -> &str {
    [".json", ".yaml"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

fn unknown(name: &str) -> ExitCode {
    let known: Vec<_> = schema::files().map(|file| file.name).collect();
    let name = crate::wire::line::tame(name);
    eprintln!("lookout: no schema is called `{name}`; there are {}", known.join(", "));
    ExitCode::from(super::BAD_USAGE)
}

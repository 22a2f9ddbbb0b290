//! `lookout demo` (to be built)

use std::process::ExitCode;

/// Arguments of `lookout demo`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn main(_args: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}

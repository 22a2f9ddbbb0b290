//! `lookout check-config`: is this configuration right, and what does it mean?
//!
//! The environment and `--set` count as they do for `lookout run`, so that the answer is about
//! what would run. Every mistake is printed, one a line.

use crate::config::{self, Config, Sources};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lookout check-config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration to check.
    #[arg(required_unless_present_any = ["print_default", "print_docs", "print_openapi", "print_metrics"])]
    file: Option<PathBuf>,
    /// Print every setting with its default and its reason, as a configuration file.
    #[arg(long, conflicts_with_all = ["file", "print_docs"])]
    print_default: bool,
    /// Print the reference page of all settings.
    #[arg(long, hide = true, conflicts_with = "file")]
    print_docs: bool,
    /// Print the OpenAPI document of the HTTP server.
    #[arg(long, hide = true, conflicts_with = "file")]
    print_openapi: bool,
    /// Print the reference page of all metrics.
    #[arg(long, hide = true, conflicts_with = "file")]
    print_metrics: bool,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag)]
    set: Vec<(String, String)>,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Args { file, print_default, print_docs, print_openapi, print_metrics, set } = args;
    if print_default {
        return super::print(&config::default_file());
    }
    if print_docs {
        return super::print(&config::reference());
    }
    if print_openapi {
        let document = serde_json::to_string_pretty(&crate::http::openapi())?;
        return super::print(&format!("{document}\n"));
    }
    if print_metrics {
        return super::print(&crate::telemetry::reference());
    }
    let name = file.as_deref().map(|file| file.display().to_string()).unwrap_or_default();
    match config::load(&Sources::of_process(file, set)) {
        Ok(config) => super::print(&format!("{name}: ok\n{}", summary(&config))),
        Err(mistakes) => Ok(super::refuse(&mistakes)),
    }
}

/// What a configuration means, in a few lines.
fn summary(config: &Config) -> String {
    let Config { cluster, id, broker, settings, traffic, http, .. } = config;
    let mut out = String::new();
    let version = match broker.protocol {
        config::Protocol::V5 => "5",
        config::Protocol::V311 => "3.1.1",
    };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  cluster  {cluster} (lookout's id: {id})");
    for address in &broker.addresses {
        let user = address.user.as_deref().map_or(String::new(), |user| format!(" as {user}"));
        let _ = writeln!(out, "  broker   {address}{user}, MQTT {version}");
    }
    for pair in &settings.pairs {
        let _ = writeln!(out, "  pair     {}: {} -> {}", pair.name, pair.call, pair.reply);
    }
    for filter in traffic.filters() {
        let _ = writeln!(out, "  hears    {filter}");
    }
    for check in &config.checks {
        let critical = if check.critical { ", critical" } else { "" };
        let _ = writeln!(out, "  check    {check}{critical}");
    }
    if let Some(replicas) = &config.platforms.replicas {
        let from = match replicas.from {
            config::Platform::Kubernetes => format!("Kubernetes, {}", replicas.namespace),
            config::Platform::Docker => format!("Docker at {}", config.platforms.docker),
        };
        let _ = writeln!(out, "  replicas {from}, label {}", replicas.label.key);
    }
    let http = http.as_ref().map_or("off".to_owned(), |http| http.listen.to_string());
    let _ = writeln!(out, "  http     {http}");
    out
}

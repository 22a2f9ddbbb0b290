//! `lookout health`: is the lookout that runs here ready?
//!
//! For health checks where there is nothing else to ask with: an image without shell and curl. It
//! reads the same configuration as `lookout run`, and asks the address on which that one listens.
//! Nothing is printed if all is well; what is not goes to stderr.

use crate::config::{self, Sources};
use crate::probe;
use anyhow::bail;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

/// What is asked for by default.
const READY: &str = "/readyz";

/// Arguments of `lookout health`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to ask for: a path such as /livez at the address of `http.listen`, or a whole address
    /// such as http://127.0.0.1:9464/livez, for which no configuration is read.
    #[arg(value_name = "URL", default_value = READY)]
    page: String,
    /// The configuration file; without it the defaults and `LOOKOUT_…` variables apply.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag)]
    set: Vec<(String, String)>,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Args { page, config, set } = args;
    let url = if page.starts_with('/') {
        let config = match config::load(&Sources::of_process(config, set)) {
            Ok(config) => config,
            Err(mistakes) => return Ok(super::refuse(&mistakes)),
        };
        let Some(http) = config.http else {
            bail!("`http.listen` is \"off\": there is nothing to ask");
        };
        format!("http://{}{page}", door(http.listen))
    } else {
        page
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(probe::page(&url))?;
    if answer.good {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{url}: {}\n{}", answer.status, answer.body.trim_end());
    Ok(ExitCode::FAILURE)
}

/// Where a server that listens on `address` is reached from the same machine: one that listens on
/// every address also does on the loopback, and the address of all is none to connect to.
pub(super) fn door(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_asked_on_the_loopback() {
        for (listening, asked) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:9464", "[::1]:9464"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("10.0.0.7:9464", "10.0.0.7:9464"),
        ] {
            assert_eq!(door(listening.parse().unwrap()).to_string(), asked);
        }
    }
}

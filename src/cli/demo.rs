//! `lookout demo`: lookout and something to observe, in one process.
//!
//! The demo sets a stage (broker, services, callers); this command puts lookout itself beside
//! it, connected through the stage's relay as through a cable that can be cut. Both run on one
//! thread, taking turns. If lookout ends by itself, the demo ends with its error.
//!
//! With `--broker` the same services, callers and faults play at somebody else's broker, without
//! lookout: something to observe for one that is tried out there. That show ends with 0 on
//! SIGTERM or SIGINT, as it has no other end.

use crate::app::Lookout;
use crate::client::Login;
use crate::clock::Clock;
use crate::config::{self, Config, Mistake, Scheme, Sources};
use crate::demo::door::Door;
use crate::demo::play::{Rounds, play};
use crate::demo::players::Players;
use crate::demo::random::Random;
use crate::demo::script::Script;
use crate::demo::settings::SETTINGS;
use crate::demo::show::{Show, Style};
use crate::demo::stage::Stage;
use crate::demo::tour::tour;
use crate::observer::digest::DigestKey;
use anyhow::{Context, bail};
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::oneshot;

/// The seed of the demo's traffic.
const SEED: u64 = 2;
/// The usual port of lookout's pages.
const PAGES: u16 = 9464;
/// How long lookout may take to appear, and to leave.
const PATIENCE: Duration = Duration::from_secs(15);

/// Arguments of `lookout demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Play the script once; exit 0 if lookout saw everything and said nothing else, else 1.
    /// With --broker nothing is checked.
    #[arg(long)]
    once: bool,
    /// Port of the embedded broker on 127.0.0.1; any free one by default.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Play services, callers and faults at this broker, such as mqtt://user@host:1883, without an
    /// embedded broker and without lookout, until SIGTERM or SIGINT.
    #[arg(long, value_name = "URL", conflicts_with_all = ["port", "pages"])]
    broker: Option<String>,
    /// The file with the password for --broker.
    #[arg(long, value_name = "FILE", requires = "broker")]
    password_file: Option<String>,
    /// Port of lookout's live page on 127.0.0.1; 9464 by default, or any free one if that is taken.
    #[arg(long)]
    pages: Option<u16>,
    /// Send traces of all calls to this OpenTelemetry collector, such as http://127.0.0.1:4318.
    #[arg(long, value_name = "URL", conflicts_with = "broker")]
    traces: Option<String>,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let door = match args.broker.as_deref().map(|url| door(url, args.password_file.as_deref())) {
        None => None,
        Some(Ok(door)) => Some(door),
        Some(Err(mistakes)) => return Ok(super::refuse(&mistakes)),
    };
    let traces = args.traces.iter().map(|url| ("trace.endpoint".to_owned(), url.clone())).collect();
    if let Err(mistakes) =
        config::load(&Sources { file: None, environment: Vec::new(), flags: traces })
    {
        return Ok(super::refuse(&mistakes));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some((name, door)) = door {
        let asked = super::signals::watch()?;
        let ended = runtime.block_on(elsewhere(&args, &name, &door, asked));
        // Nothing is left to wait for, least of all a name that is still being looked up.
        runtime.shutdown_background();
        return ended;
    }
    let good = runtime.block_on(demo(&args))?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn demo(args: &Args) -> anyhow::Result<bool> {
    let script = Script::standard();
    let mut show = Show::new(Box::new(io::stdout()), style(args));
    let mut stage = Stage::set(args.port, SEED).await?;
    let lookout = open(stage.observer_door(), args)?;
    show.opening(stage.broker(), lookout.pages(), &script)?;

    let (stop, stopped) = oneshot::channel::<()>();
    // The key is fixed: whoever can publish here is on this machine, and made up.
    let lookout = lookout.run(DigestKey::new(1, 2), async { drop(stopped.await) }, |_| {});
    tokio::pin!(lookout);

    let rounds = if args.once { Rounds::One } else { Rounds::Endless };
    let watching = async {
        let ready = tokio::time::timeout(PATIENCE, stage.observer_ready()).await;
        ready.context("lookout did not appear on the embedded broker")?;
        anyhow::Ok(play(&mut stage, &script, &mut show, rounds).await?)
    };
    let good = tokio::select! {
        good = watching => good?,
        ended = &mut lookout => match ended {
            Ok(()) => bail!("lookout ended before the demo did"),
            Err(error) => return Err(error.context("lookout failed")),
        },
        stopped = tokio::signal::ctrl_c() => {
            stopped?;
            // Whoever stops an endless show has seen enough; stopped, `--once` proves nothing.
            !args.once
        }
    };
    let _ = stop.send(());
    if let Ok(ended) = tokio::time::timeout(PATIENCE, lookout).await {
        ended.context("lookout failed while stopping")?;
    }
    Ok(good)
}

/// Somebody else's broker: how it is shown, and how the players reach it.
fn door(url: &str, password_file: Option<&str>) -> Result<(String, Door), Vec<Mistake>> {
    // Read like the settings of the same meaning, with all that is known of their mistakes.
    let mut flags = vec![("broker.url".to_owned(), url.to_owned())];
    flags.extend(password_file.map(|path| ("broker.password_file".to_owned(), path.to_owned())));
    let config = config::load(&Sources { file: None, environment: Vec::new(), flags })?;
    let mistake = |allowed: &str| {
        vec![Mistake {
            place: "command line".to_owned(),
            key: "--broker".to_owned(),
            found: "an address that the players have no way to".to_owned(),
            allowed: allowed.to_owned(),
        }]
    };
    let [address] = config.broker.addresses.as_slice() else {
        return Err(mistake("one address"));
    };
    if address.scheme != Scheme::Mqtt {
        return Err(mistake("mqtt://, as they know neither TLS nor WebSocket"));
    }
    let password = address.password.as_ref().map_or_else(String::new, |secret| secret.0.clone());
    let login = address.user.as_ref().map(|user| Login { user: user.clone(), password });
    Ok((address.to_string(), Door { host: address.host.clone(), port: address.port, login }))
}

/// Plays at somebody else's broker.
async fn elsewhere(
    args: &Args,
    name: &str,
    door: &Door,
    asked: oneshot::Receiver<()>,
) -> anyhow::Result<ExitCode> {
    let script = Script::standard().for_others();
    let mut show = Show::new(Box::new(io::stdout()), style(args));
    show.touring(name, &script)?;
    let clock = Clock::start();
    let mut players = Players::gather(door, clock, &mut Random::new(SEED));
    let rounds = if args.once { Rounds::One } else { Rounds::Endless };
    tokio::select! {
        played = tour(&mut players, &script, &mut show, clock, rounds) => played?,
        // Otherwise nobody can ask any more, and the show goes on.
        Ok(()) = asked => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn style(args: &Args) -> Style {
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match (args.json, colour) {
        (true, _) => Style::Json,
        (false, true) => Style::Colour,
        (false, false) => Style::Plain,
    }
}

/// lookout, with its pages on this port of the loopback, or on the usual one, or on any that is free.
fn open(door: SocketAddr, args: &Args) -> anyhow::Result<Lookout> {
    let traces = args.traces.as_deref();
    match args.pages {
        Some(port) => Lookout::open(configuration(door, port, traces)?),
        None => Lookout::open(configuration(door, PAGES, traces)?)
            .or_else(|_| Lookout::open(configuration(door, 0, traces)?)),
    }
}

/// The demo's configuration for a lookout that reaches its broker at `door`.
fn configuration(door: SocketAddr, pages: u16, traces: Option<&str>) -> anyhow::Result<Config> {
    let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let mut flags: Vec<_> = SETTINGS.iter().map(|set| own((set.key, set.value))).collect();
    flags.push(own(("broker.url", &format!("mqtt://{door}"))));
    flags.push(own(("http.listen", &format!("127.0.0.1:{pages}"))));
    flags.extend(traces.map(|url| own(("trace.endpoint", url))));
    // Neither a file nor the environment: the demo is the same everywhere.
    let sources = Sources { file: None, environment: Vec::new(), flags };
    config::load(&sources).map_err(|mistakes| {
        let line = |m: &Mistake| format!("{}: found {}, allowed: {}", m.key, m.found, m.allowed);
        let lines: Vec<_> = mistakes.iter().map(line).collect();
        anyhow::anyhow!("the demo's own configuration is wrong: {}", lines.join("; "))
    })
}

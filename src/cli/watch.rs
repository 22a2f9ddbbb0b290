//! `lookout watch`: a platform in the terminal, from what lookout publishes about it.
//!
//! It needs no HTTP and says nothing itself: it reads what stands on the broker and what happens, under a
//! client identifier of its own. Into a pipe, or with `--plain`, it prints a line for each thing that
//! changes or happens instead. The terminal is as it was when it ends, whatever ends it.

use crate::app;
use crate::clock::Clock;
use crate::config::{self, Config, Sources};
use crate::logs;
use crate::mqtt::{self, Arrival, Plan, Status};
use crate::observer::input::Link;
use crate::watch::draw::{Palette, draw};
use crate::watch::state::{Filter, Key, State};
use crate::wire::document;
use crate::wire::heard::{self, Said};
use crate::wire::line::tame;
use anyhow::Context;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::interval;

/// Messages taken between two looks at everything else.
const BATCH: usize = 256;
/// How often the screen is drawn at most, and the time on it moves on.
const DRAW: Duration = Duration::from_millis(200);
/// Things whose last line is kept: services, observers, the platform.
const THINGS: usize = 10_200;
/// Keys that may wait.
const KEYS: usize = 64;

/// Arguments of `lookout watch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The broker's address; short for `--set broker.url=…`.
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
    /// The platform; short for `--set cluster=…`.
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// Which services are shown at first.
    #[arg(long, value_name = "WHICH", value_parser = ["all", "bad", "circuits"], default_value = "all")]
    filter: String,
    /// Print a line for each change and event; so it is where stdout is no terminal.
    #[arg(long)]
    plain: bool,
    /// Print each document as a JSON line.
    #[arg(long)]
    json: bool,
    /// The configuration file, for the broker and how to reach it.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag)]
    set: Vec<(String, String)>,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Args { broker, cluster, filter, plain, json, config, mut set } = args;
    set.extend(broker.map(|url| ("broker.url".to_owned(), url)));
    set.extend(cluster.map(|name| ("cluster".to_owned(), name)));
    let config = match config::load(&Sources::of_process(config, set)) {
        Ok(config) => config,
        Err(mistakes) => return Ok(super::refuse(&mistakes)),
    };
    let plain = plain || json || !std::io::stdout().is_terminal();
    if plain {
        logs::start(&config.log)?;
    }
    let stop = super::signals::watch()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let ended = if plain {
        runtime.block_on(lines(&config, json, stop))
    } else {
        let mut terminal = ratatui::try_init().context("the terminal cannot be taken")?;
        let filter = Filter::read(&filter).unwrap_or_default();
        let ended = runtime.block_on(screen(&config, filter, &mut terminal, stop));
        ratatui::try_restore().context("the terminal cannot be given back")?;
        ended
    };
    runtime.shutdown_background();
    match ended {
        Err(error) if super::is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        ended => ended.map(|()| ExitCode::SUCCESS),
    }
}

/// What is to be heard.
fn plan(config: &Config) -> Plan {
    let mut plan = Plan::listener(config, "watch");
    (plan.filters, plan.standing) = heard::filters(&config.cluster);
    plan
}

/// The document in a message, if it is one, and whether it was said just now.
fn said(config: &Config, arrival: &Arrival) -> Option<(Said, bool)> {
    let Arrival::Message(message) = arrival else { return None };
    let topic = std::str::from_utf8(&message.topic).ok()?;
    Some((heard::read(&config.cluster, topic, &message.payload)?, !message.retain))
}

/// Prints lines until asked to stop.
async fn lines(config: &Config, json: bool, mut stop: oneshot::Receiver<()>) -> anyhow::Result<()> {
    let clock = Clock::start();
    let (session, mut inbox, handle) = mqtt::open(plan(config), clock);
    let gone = app::start(session)?;
    let mut batch = Vec::with_capacity(BATCH);
    let mut tick = interval(Duration::from_secs(1));
    let mut news = News::default();
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => break,
            _ = tick.tick() => {
                let status = handle.status().borrow().clone();
                if let Some(line) = news.link(&status).filter(|_| !json) {
                    writeln!(std::io::stdout(), "{line}")?;
                }
                let hopeless = app::hopeless(config.fail_fast.no_link, &status, clock.now());
                if let Some(reason) = hopeless {
                    anyhow::bail!(reason);
                }
            }
            count = inbox.recv_many(&mut batch, BATCH) => {
                anyhow::ensure!(count > 0, "the session with the broker ended");
                let mut out = std::io::stdout().lock();
                for arrival in batch.drain(..) {
                    let line = if json { as_json(config, &arrival) } else { news.line(config, &arrival) };
                    if let Some(line) = line {
                        writeln!(out, "{line}")?;
                    }
                }
                out.flush()?;
            }
        }
    }
    handle.stop();
    let _ = tokio::time::timeout(Duration::from_secs(8), gone).await;
    Ok(())
}

fn as_json(config: &Config, arrival: &Arrival) -> Option<String> {
    let Arrival::Message(message) = arrival else { return None };
    said(config, arrival)?;
    let topic = std::str::from_utf8(&message.topic).ok()?;
    // Read and written anew, so that it is one line whatever its spaces are.
    let payload: serde_json::Value = serde_json::from_slice(&message.payload).unwrap_or_default();
    Some(document::line(message.at, topic, message.retain, Some(&payload.to_string())))
}

/// What was printed of how things stand, so that only news is: what is kept comes again with every
/// connection.
#[derive(Default)]
struct News {
    /// The last line of each thing that stands, by what it is.
    told: BTreeMap<String, String>,
    /// Whether there is a link; `None` before the first.
    linked: Option<bool>,
}

impl News {
    /// A line for a document, if it is news.
    fn line(&mut self, config: &Config, arrival: &Arrival) -> Option<String> {
        let (said, _) = said(config, arrival)?;
        let (what, line) = match said {
            Said::Happened(happened) => return Some(happened.line),
            Said::Verdict(it) => {
                let reason = it.reason.map_or(String::new(), |reason| format!(", {reason}"));
                let circuit = if it.circuit == "closed" {
                    String::new()
                } else {
                    format!(", circuit {}", it.circuit)
                };
                let line = format!("{} {} {}{reason}{circuit}", it.since, it.service, it.verdict);
                (format!("service {}", it.service), line)
            }
            Said::Observer(id, online) => {
                let state = if online { "online" } else { "offline" };
                (format!("observer {id}"), format!("- observer {id} is {state}"))
            }
            Said::Gone(name) => {
                self.told.remove(&format!("service {name}"))?;
                return Some(tame(&format!("- {name} is no longer known")));
            }
            Said::Health(it) => ("platform".to_owned(), format!("- platform {}", it.status)),
            // What stands of a circuit is in the verdict.
            Said::Circuit(_) => return None,
        };
        let line = tame(&line);
        if self.told.get(&what) == Some(&line) {
            return None;
        }
        // Beyond the bound everything is news.
        if self.told.len() < THINGS || self.told.contains_key(&what) {
            self.told.insert(what, line.clone());
        }
        Some(line)
    }

    /// A line for the link, if it is lost, or is there again.
    fn link(&mut self, status: &Status) -> Option<String> {
        let up = status.link == Link::Up;
        let problem = status.problem.as_deref();
        let line = match (self.linked, up) {
            (None, false) if problem.is_none() => return None,
            (known, now) if known == Some(now) => return None,
            (None, true) => None,
            (_, true) => Some("- link to the broker again".to_owned()),
            (_, false) => {
                Some(format!("- no link to the broker: {}", problem.unwrap_or("it was lost")))
            }
        };
        self.linked = Some(up);
        line.map(|line| tame(&line))
    }
}

/// Shows the screen until asked to stop.
async fn screen(
    config: &Config,
    filter: Filter,
    terminal: &mut DefaultTerminal,
    mut stop: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let clock = Clock::start();
    let (session, mut inbox, handle) = mqtt::open(plan(config), clock);
    let gone = app::start(session)?;
    let mut keys = keys()?;
    let palette =
        if std::env::var_os("NO_COLOR").is_some() { Palette::Plain } else { Palette::Colour };
    let mut state = State::new(filter);
    let mut batch = Vec::with_capacity(BATCH);
    let mut tick = interval(DRAW);
    while !state.is_over() {
        tokio::select! {
            biased;
            _ = &mut stop => break,
            Some(key) = keys.recv() => match key {
                Some(key) => state.press(key),
                None => terminal.autoresize()?,
            },
            _ = tick.tick() => {
                let status = handle.status().borrow().clone();
                let why = status.problem.unwrap_or_else(|| "connecting".to_owned());
                state.problem = (status.link == Link::Down).then_some(why);
                if state.take_bell() {
                    let _ = std::io::stdout().write_all(b"\x07");
                }
                terminal.draw(|frame| draw(frame, &state, &config.cluster, clock.now(), palette))?;
            }
            count = inbox.recv_many(&mut batch, BATCH) => {
                anyhow::ensure!(count > 0, "the session with the broker ended");
                for arrival in batch.drain(..) {
                    if let Some((said, live)) = said(config, &arrival) {
                        state.hear(arrival.at(), said, live);
                    }
                }
            }
        }
    }
    handle.stop();
    let _ = tokio::time::timeout(Duration::from_secs(8), gone).await;
    Ok(())
}

/// Keys as they are pressed; `None` is another size of the terminal.
fn keys() -> anyhow::Result<mpsc::Receiver<Option<Key>>> {
    let (tell, keys) = mpsc::channel(KEYS);
    let body = move || {
        // It ends with the program, or when nobody wants keys any more.
        while let Ok(event) = event::read() {
            let told = match event {
                Event::Key(pressed) if pressed.kind != KeyEventKind::Release => {
                    let Some(key) = key(pressed.code, pressed.modifiers) else { continue };
                    Some(key)
                }
                Event::Resize(..) => None,
                _ => continue,
            };
            if tell.blocking_send(told).is_err() {
                break;
            }
        }
    };
    std::thread::Builder::new()
        .name("keys".to_owned())
        .spawn(body)
        .context("no thread for keys")?;
    Ok(keys)
}

const fn key(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    Some(match code {
        KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => Key::Interrupt,
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Tab => Key::Tab,
        _ => return None,
    })
}

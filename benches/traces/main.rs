//! What traces cost: the path of a message without them, with them, and with a collector that is away;
//! how many spans are sent a second; and whether the whole program keeps up with 50 000 of them.
//!
//! ```text
//! cargo bench --bench traces               # all three
//! cargo bench --bench traces -- --path     # or one of them: --path, --export, --flow
//! ```
//!
//! `--flow` runs the real program and a real Mosquitto, and ends with an error if a span or a message is
//! lost. Method and results: `docs/PERFORMANCE.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod export;
mod flow;
#[path = "../../tests/support/mosquitto.rs"]
mod mosquitto;
mod path;
mod receiver;
mod talk;

use lookout::clock::Clock;
use lookout::config::{self, Config};
use lookout::trace::{Exporter, Tracer};
use std::process::ExitCode;
use std::thread::JoinHandle;

fn main() -> ExitCode {
    let wanted = |part: &str| {
        let parts: Vec<_> =
            std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
        parts.is_empty() || parts.iter().any(|it| it == part)
    };
    if wanted("--path") {
        path::report();
    }
    if wanted("--export") {
        export::report();
    }
    if wanted("--flow") && !flow::report() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// A configuration whose `[trace]` has these lines.
fn config(lines: &str) -> Config {
    config::from_text(&format!("[trace]\n{lines}\n")).expect("a configuration")
}

/// Those who send the traces of a configuration, on a thread of their own as in the program; they end
/// when the other end is dropped.
fn sending(config: &Config) -> Option<(Tracer, JoinHandle<()>)> {
    let (exporter, tracer) = Exporter::new(config, Clock::start())?;
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(exporter.run()).unwrap();
    });
    Some((tracer, thread))
}

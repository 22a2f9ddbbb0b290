//! What a recording says of itself on stderr: one line that changes where somebody looks on, a
//! line in the log now and then elsewhere, and the totals at the end.
//!
//! Lost messages are said as soon as they are lost, and again at the end.

use super::size;
use crate::observer::{Instant, Span};
use std::fmt::Arguments;
use std::io::{IsTerminal, Write};

/// How often a recording that nobody watches says how far it is.
const RARELY: Span = Span::from_secs(60);

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Messages that were recorded.
    pub(super) messages: u64,
    /// Messages that the inbox had no room for.
    pub(super) dropped: u64,
    /// Messages that no line can hold.
    pub(super) left_out: u64,
}

/// How far the recording is.
#[derive(Debug)]
pub(super) struct Progress {
    terminal: bool,
    shown: bool,
    said: Option<Instant>,
    dropped: u64,
}

impl Progress {
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { terminal, shown: false, said: None, dropped: 0 }
    }

    /// To be called once a second, with the bytes that were written.
    pub(super) fn show(&mut self, now: Instant, tally: &Tally, written: u64) {
        if tally.dropped > self.dropped {
            self.end();
            tracing::warn!(
                "messages arrive faster than they can be written: {} lost since the start",
                tally.dropped
            );
            self.dropped = tally.dropped;
        }
        let so_far =
            format!("{} messages, {}, {} lost", tally.messages, size::show(written), tally.dropped);
        if self.terminal {
            draw(format_args!("\r\x1b[K{so_far}"));
            self.shown = true;
        } else if now.since(*self.said.get_or_insert(now)) >= RARELY {
            tracing::info!("recorded so far: {so_far}");
            self.said = Some(now);
        }
    }

    /// Makes room for other lines.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            draw(format_args!("\r\x1b[K"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// Says what was recorded where, and what was not.
pub(super) fn done(tally: &Tally, written: u64, place: &str) {
    let Tally { messages, dropped, left_out } = tally;
    let size = size::show(written);
    say(format_args!("recorded {messages} messages in {place} ({size})"));
    if *dropped > 0 {
        say(format_args!(
            "{dropped} messages were lost, they came faster than they could be written: what a \
             replay says of that time may be wrong"
        ));
    }
    if *left_out > 0 {
        say(format_args!(
            "{left_out} messages were left out: their topic is no text, or their line would be \
             longer than 16 MiB"
        ));
    }
}

/// Says something to whoever started the program.
pub(super) fn say(what: Arguments<'_>) {
    draw(format_args!("lookout: {what}\n"));
}

/// Writes to stderr; that nobody reads it is no reason to end a recording.
fn draw(what: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(what);
}

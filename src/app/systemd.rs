//! What systemd is told, where it runs lookout (`Type=notify`): that it is ready, that its loop
//! turns (`WatchdogSec=`), how the link stands, and that it stops.
//!
//! Ready is when the loop turns, not when there is a link: a broker that is away is no reason to
//! end lookout, which waits for it as long as it is told to. Without systemd nothing happens.

use crate::mqtt::Status;
use crate::observer::input::Link;
use sd_notify::NotifyState;

/// What systemd is told.
#[derive(Debug)]
pub(super) struct Systemd {
    watched: bool,
    told: String,
}

impl Systemd {
    /// Tells that lookout is ready.
    pub(super) fn ready() -> Self {
        notify(&[NotifyState::Ready]);
        Self { watched: sd_notify::watchdog_enabled().is_some(), told: String::new() }
    }

    /// The loop turns, and the link stands so.
    pub(super) fn turn(&mut self, status: &Status) {
        if self.watched {
            notify(&[NotifyState::Watchdog]);
        }
        let text = match (&status.link, &status.problem) {
            (Link::Up, _) => "observing".to_owned(),
            (Link::Down, None) => "no link to the broker yet".to_owned(),
            // One line, whatever is in it.
            (Link::Down, Some(problem)) => {
                format!("no link to the broker: {}", problem.replace(char::is_control, " "))
            }
        };
        if text != self.told {
            notify(&[NotifyState::Status(&text)]);
            self.told = text;
        }
    }

    /// lookout stops.
    pub(super) fn stopping() {
        notify(&[NotifyState::Stopping]);
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

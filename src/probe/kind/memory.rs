//! The memory of this host, or of the container that lookout runs in if that has a limit.

use super::Probe;
use crate::probe::found::{Found, Trouble};
use futures_util::future::BoxFuture;
use sysinfo::{MemoryRefreshKind, System};

/// The memory.
pub(super) struct Memory {
    max: f64,
    /// `None` if this system tells nothing of itself.
    system: Option<System>,
}

impl Memory {
    /// The memory, and the share of it that is too much.
    pub(super) fn new(max: f64) -> Self {
        Self { max, system: System::new().ok() }
    }

    fn ask(&mut self) -> Found {
        let Some(system) = &mut self.system else { return judge("the host", 0, 0, self.max) };
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let host = (system.available_memory(), system.total_memory());
        let limits = system.cgroup_limits().map(|it| (it.free_memory, it.total_memory));
        // The tighter one is what hurts first.
        let (place, (free, total)) = match limits {
            Some(own) if own.1 > 0 && own.1 < host.1 => ("the container", own),
            _ => ("the host", host),
        };
        judge(place, free, total, self.max)
    }
}

fn judge(place: &str, free: u64, total: u64, max: f64) -> Found {
    if total == 0 {
        return Found::only(Trouble::warning(
            "unknown_memory",
            "the system does not tell its memory",
        ));
    }
    let mut found = Found::new();
    let used = total.saturating_sub(free) as f64 / total as f64;
    found.detail("of", place);
    found.detail("availableBytes", free);
    found.detail("totalBytes", total);
    found.detail("usedShare", (used * 1e4).round() / 1e4);
    if used >= max {
        let message = format!(
            "{:.0} % of the memory of {place} is in use (limit {:.0} %)",
            used * 100.0,
            max * 100.0
        );
        found.trouble(
            Trouble::warning("processes_may_be_killed", message)
                .advice("See who uses it: ps aux --sort=-rss | head"),
        );
    }
    found
}

impl Probe for Memory {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(async { self.ask() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::input::Severity;

    #[test]
    fn what_is_used_is_what_is_not_available() {
        for (free, total, severity) in [
            (16, 100, None),
            (15, 100, Some(Severity::Warning)),
            (0, 100, Some(Severity::Warning)),
            (200, 100, None),
            (0, 0, Some(Severity::Warning)),
        ] {
            assert_eq!(judge("x", free, total, 0.85).severity(), severity, "{free} of {total}");
        }
    }

    #[test]
    fn this_machine_has_memory() {
        let found = Memory::new(1.0).ask();
        let total = found.fact("totalBytes").and_then(serde_json::Value::as_u64);
        assert!(total.is_some_and(|bytes| bytes > 1 << 20), "{found:?}");
    }
}

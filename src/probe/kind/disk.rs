//! A file system of this host: its space and its inodes.
//!
//! One that does not answer, as a network file system whose server is gone, holds whoever asks for
//! as long as it likes. So it is asked on a thread of its own, and not again while it has not
//! answered.

use super::Probe;
use crate::platform::words::because;
use crate::probe::found::{Found, Trouble};
use futures_util::future::BoxFuture;
use rustix::fs::{StatVfs, statvfs};
use std::path::{Path, PathBuf};
use tokio::task::JoinHandle;

/// A file system.
pub(super) struct Disk {
    path: PathBuf,
    warn_at: f64,
    fail_at: f64,
    asked: Option<JoinHandle<rustix::io::Result<StatVfs>>>,
}

impl Disk {
    /// The one that a path is on, and the shares of it that are a warning and an error.
    pub(super) fn new(path: &Path, (warn_at, fail_at): (f64, f64)) -> Self {
        Self { path: path.to_owned(), warn_at, fail_at, asked: None }
    }

    async fn ask(&mut self) -> Found {
        let path = self.path.clone();
        let asked =
            self.asked.get_or_insert_with(|| tokio::task::spawn_blocking(move || statvfs(&path)));
        let answer = asked.await;
        self.asked = None;
        let shown = self.path.display();
        match answer {
            Ok(Ok(stat)) => self.judge(&stat),
            Ok(Err(error)) => Found::only(
                Trouble::down("no_file_system", format!("{shown}: {}", because(&error)))
                    .advice(format!("Check that {shown} is there, mounted, and may be read")),
            ),
            Err(error) => Found::only(Trouble::down(
                "no_file_system",
                format!("{shown}: {}", because(&error)),
            )),
        }
    }

    fn judge(&self, stat: &StatVfs) -> Found {
        let mut found = Found::new();
        // As `df` has it: what only root may use counts neither as used nor as free.
        let used = stat.f_blocks.saturating_sub(stat.f_bfree);
        let size = used + stat.f_bavail;
        found.detail("freeBytes", stat.f_bavail.saturating_mul(stat.f_frsize));
        found.detail("totalBytes", size.saturating_mul(stat.f_frsize));
        let nodes = (stat.f_files.saturating_sub(stat.f_ffree), stat.f_files);
        for (what, name, used, size) in
            [("space", "usedShare", used, size), ("inodes", "usedInodesShare", nodes.0, nodes.1)]
        {
            // Some file systems count no inodes.
            if size == 0 {
                continue;
            }
            let share = used as f64 / size as f64;
            found.detail(name, (share * 1e4).round() / 1e4);
            let limit = if share >= self.fail_at { self.fail_at } else { self.warn_at };
            if share < limit {
                continue;
            }
            let message = format!(
                "{:.0} % of the {what} of {} is used (limit {:.0} %)",
                share * 100.0,
                self.path.display(),
                limit * 100.0
            );
            let trouble = if share >= self.fail_at {
                Trouble::error("writes_may_fail", message)
            } else {
                Trouble::warning("disk_fills", message)
            };
            let path = self.path.display();
            found.trouble(trouble.definite().advice(match what {
                "space" => format!("Find what grows: du -xh --max-depth=2 {path} | sort -h | tail"),
                _ => format!("Find where the files are: du -x --inodes {path} | sort -n | tail"),
            }));
        }
        found
    }
}

impl Probe for Disk {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.ask())
    }
}

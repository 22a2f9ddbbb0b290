//! Tasks are supervised: one that fails is started anew, and the rest goes on meanwhile.
//!
//! The first restart comes after five seconds, each further one after twice as long, up to five
//! minutes; a task that ran for longer than that begins with five seconds again. Each failure is
//! said as an error with its reason and counted. A task that ends because it was asked to is done.
//!
//! A task is a future that the maker hands out anew each time. A panic in it must not pass through
//! here: whoever makes it runs it where panics are caught, on a task or a thread of its own.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// The wait before the first restart, and the longest.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(300);

/// How often a task was started anew.
#[derive(Clone, Debug, Default)]
pub(super) struct Restarts(Arc<AtomicU64>);

/// Those of each task: the HTTP server, the session with the broker, the questions to EMQX, the
/// checks, the watch of replicas, those who send alerts, those who send traces.
pub(super) type Tasks = [Restarts; 7];

impl Restarts {
    /// So far.
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs the task that `make` makes, and makes it anew when it fails; until it ends well, or
/// `stopped` is ready while it waits to be started anew. `what` is what it is called in the log.
pub(super) async fn supervise<T: Future<Output = anyhow::Result<()>>>(
    what: &str,
    restarts: &Restarts,
    stopped: impl Future<Output = ()>,
    mut make: impl FnMut() -> T,
) {
    let mut stopped = pin!(stopped);
    let mut wait = FIRST;
    loop {
        let ended = {
            let mut task = pin!(make());
            tokio::select! {
                biased;
                ended = &mut task => ended,
                () = sleep(LONGEST) => {
                    wait = FIRST;
                    task.await
                }
            }
        };
        let Err(error) = ended else { return };
        let secs = wait.as_secs();
        tracing::error!("{what} failed, and is started anew in {secs} s: {error:#}");
        tokio::select! {
            biased;
            () = &mut stopped => return,
            () = sleep(wait) => {}
        }
        restarts.0.fetch_add(1, Ordering::Relaxed);
        wait = LONGEST.min(wait * 2);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::future::{pending, ready};
    use tokio::task::JoinSet;
    use tokio::time::Instant;

    /// The runtime's simulated time: when a rest of no length ends.
    fn now() -> Instant {
        sleep(Duration::ZERO).deadline()
    }

    /// When a task is started, in seconds, that runs for so long each time and fails; it ends
    /// well at last.
    async fn starts(lives: &[u64]) -> (Vec<u64>, u64) {
        let begin = now();
        let (restarts, starts) = (Restarts::default(), RefCell::new(Vec::new()));
        let make = || {
            starts.borrow_mut().push((now() - begin).as_secs());
            let life = lives.get(starts.borrow().len() - 1).copied();
            async move {
                let Some(life) = life else { return Ok(()) };
                sleep(Duration::from_secs(life)).await;
                anyhow::bail!("it had to be")
            }
        };
        supervise("the task", &restarts, pending(), make).await;
        (starts.take(), restarts.count())
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_is_twice_the_one_before_up_to_five_minutes() {
        let (starts, restarts) = starts(&[0; 9]).await;
        assert_eq!(starts, [0, 5, 15, 35, 75, 155, 315, 615, 915, 1_215]);
        assert_eq!(restarts, 9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ran_for_long_is_soon_back() {
        let (starts, _) = starts(&[0, 0, 301, 299, 0]).await;
        assert_eq!(starts, [0, 5, 15, 15 + 301 + 5, 321 + 299 + 10, 630 + 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_a_failure_like_any_other() {
        let (restarts, mut lives) = (Restarts::default(), 0);
        let make = || {
            lives += 1;
            let life = lives;
            async move {
                let mut own = JoinSet::new();
                own.spawn(async move { assert!(life > 2, "life {life} ends") });
                own.join_next().await.unwrap()?;
                Ok(())
            }
        };
        supervise("the task", &restarts, pending(), make).await;
        assert_eq!((restarts.count(), lives), (2, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_does_not_wait_for_a_restart() {
        let (begin, restarts) = (now(), Restarts::default());
        let make = || ready(Err(anyhow::anyhow!("it had to be")));
        supervise("the task", &restarts, sleep(Duration::from_secs(7)), make).await;
        assert_eq!(((now() - begin).as_secs(), restarts.count()), (7, 1));
    }
}

//! The show at somebody else's broker: services, callers and faults, for a lookout that somebody
//! else runs.
//!
//! Nobody here knows that lookout, so nothing that it says is checked, and its link is not cut. A
//! broker that is away is waited for, before the first round and in the middle of one: the script
//! goes on meanwhile, and so do the callers, whose calls come to nothing.

use super::play::Rounds;
use super::players::Players;
use super::script::{Cue, Fault, Script};
use super::show::Show;
use crate::client::CallError;
use crate::clock::Clock;
use crate::observer::{Instant, Span};
use std::io;
use std::time::Duration;

/// How often a problem with the broker is looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Why the show cannot go on.
#[derive(Debug)]
pub enum TourError {
    /// The broker refused a subscription.
    Refused(CallError),
    /// The output is gone.
    Output(io::Error),
}

impl std::fmt::Display for TourError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "the broker does not let the players play: {error}"),
            Self::Output(error) => write!(f, "cannot print: {error}"),
        }
    }
}

impl std::error::Error for TourError {}

impl From<io::Error> for TourError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Plays rounds once everybody is connected.
///
/// # Errors
///
/// If the broker refuses what the players subscribe to, or the output is gone.
pub async fn tour(
    players: &mut Players,
    script: &Script,
    show: &mut Show,
    clock: Clock,
    rounds: Rounds,
) -> Result<(), TourError> {
    assemble(players, show).await?;
    for number in 1.. {
        let before = players.tally();
        players.start_traffic();
        show.traffic(number)?;
        let start = clock.now();
        for (due, cue) in script.cues() {
            wait(clock, start + due, players, show).await?;
            act(cue, clock.now().since(start), script, players, show)?;
        }
        wait(clock, start + script.length, players, show).await?;
        show.callers(number, players.tally().since(before))?;
        if rounds == Rounds::One {
            break;
        }
    }
    Ok(())
}

/// Waits until everybody is connected, and says what is in the way.
async fn assemble(players: &Players, show: &mut Show) -> Result<(), TourError> {
    let ready = players.ready();
    tokio::pin!(ready);
    loop {
        tokio::select! {
            ready = &mut ready => {
                ready.map_err(TourError::Refused)?;
                return Ok(show.broker(None)?);
            }
            () = tokio::time::sleep(LOOK) => show.broker(players.problem().as_deref())?,
        }
    }
}

/// Waits until a moment of the script, and says how the broker is meanwhile.
async fn wait(
    clock: Clock,
    until: Instant,
    players: &Players,
    show: &mut Show,
) -> Result<(), TourError> {
    loop {
        let left = until.since(clock.now());
        if left == Span::ZERO {
            return Ok(());
        }
        tokio::time::sleep(LOOK.min(Duration::from_micros(left.micros()))).await;
        show.broker(players.problem().as_deref())?;
    }
}

fn act(
    cue: Cue,
    at: Span,
    script: &Script,
    players: &mut Players,
    show: &mut Show,
) -> Result<(), TourError> {
    let (Cue::Begin(number) | Cue::End(number)) = cue;
    let Some(scene) = script.scenes.get(number).filter(|scene| scene.fault != Fault::LinkCut)
    else {
        return Ok(());
    };
    let begins = cue == Cue::Begin(number);
    if begins {
        players.begin(scene.fault);
    } else {
        players.end(scene.fault);
    }
    Ok(show.fault(at, scene.fault, begins)?)
}

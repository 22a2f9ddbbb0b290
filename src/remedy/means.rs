//! Does what is to be done about an attack, and undoes it: by every means that is set for it.
//!
//! What may go well another time is tried again, five times within half a minute. Something is done if one of
//! the means did it; what the others said stands beside it.

use super::bans::Bans;
use super::hook::Hook;
use crate::clock::Clock;
use crate::config::Config;
use crate::observer::measure::{Measure, Stage};
use std::time::Duration;
use tokio::time::sleep;

/// Pauses between attempts.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
];

/// Why something is not done.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// It may be done another time.
    Later(String),
    /// It never will be, as it is.
    Never(String),
}

impl Failure {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Later(text) | Self::Never(text) => text,
        }
    }
}

/// What was done, in a line for people, or why it was not.
pub(super) type Outcome = Result<String, Failure>;

/// All that act on measures.
#[derive(Clone, Debug)]
pub struct Doers {
    bans: Option<Bans>,
    hooks: Vec<Hook>,
}

impl Doers {
    /// Those of a configuration.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub fn new(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let spared = &config.responses.spared;
        // Also where it is no longer set to ban anybody: an earlier run may have.
        let bans = config
            .emqx
            .as_ref()
            .map(|emqx| Bans::new(emqx, &config.broker.client_id, spared.clone()));
        let hooks = config.webhooks.iter().filter(|it| !it.actions.is_empty());
        Ok(Self {
            bans: bans.transpose()?,
            hooks: hooks.map(|it| Hook::new(it, config, clock)).collect::<Result<_, _>>()?,
        })
    }

    /// Does a measure that is started, or undoes one that is to be undone. What came of it, in a line for people;
    /// `own` is what came of what lookout did itself.
    ///
    /// # Errors
    ///
    /// Why none of the means did it.
    pub async fn act(
        &self,
        measure: &Measure,
        own: Option<Result<String, String>>,
    ) -> Result<String, String> {
        let undo = measure.stage == Stage::Undoing;
        let mut said: Vec<_> = own.into_iter().collect();
        if measure.means.emqx {
            said.push(match &self.bans {
                Some(bans) if undo => patiently(|| bans.lift(measure)).await,
                Some(bans) => patiently(|| bans.ban(measure)).await,
                None => Err("`emqx.url` is no longer set".to_owned()),
            });
        }
        if measure.means.webhook {
            let mut any = false;
            for hook in self.hooks.iter().filter(|it| it.does(measure.response)) {
                any = true;
                said.push(patiently(|| hook.ask(measure)).await);
            }
            if !any {
                said.push(Err(format!(
                    "no `[[webhook]]` does {} any more",
                    measure.response.name()
                )));
            }
        }
        weigh(said, undo)
    }
}

/// Done if one did it; undone if all did.
fn weigh(said: Vec<Result<String, String>>, undo: bool) -> Result<String, String> {
    let good = said.iter().filter(|it| it.is_ok()).count();
    let enough = if undo { good == said.len() } else { good > 0 };
    let lines: Vec<_> = said.into_iter().map(|it| it.unwrap_or_else(|why| why)).collect();
    let line = lines.join("; ");
    if enough { Ok(line) } else { Err(line) }
}

/// Tries until it is done, will never be, or was tried often enough.
async fn patiently<F: Future<Output = Outcome>>(attempt: impl Fn() -> F) -> Result<String, String> {
    for pause in PAUSES {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(Failure::Never(why)) => return Err(why),
            Err(Failure::Later(why)) => {
                tracing::warn!("a response to an attack is tried again: {why}");
                sleep(pause).await;
            }
        }
    }
    attempt().await.map_err(|failure| failure.text().to_owned())
}

#[cfg(test)]
mod tests {
    use super::weigh;

    #[test]
    fn one_of_the_means_is_enough_to_do_it_and_all_are_to_undo_it() {
        let (good, bad) = (|| Ok("a".to_owned()), || Err("b".to_owned()));
        for (said, undo, expected) in [
            (vec![good(), bad()], false, Ok("a; b")),
            (vec![good(), bad()], true, Err("a; b")),
            (vec![bad(), bad()], false, Err("b; b")),
            (vec![good()], true, Ok("a")),
            (vec![], true, Ok("")),
            (vec![], false, Err("")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(weigh(said, undo), expected);
        }
    }
}

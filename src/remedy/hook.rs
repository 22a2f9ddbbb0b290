//! Asks a program of the operator's to do something about an attack, or to undo it: a CloudEvent, signed.

use super::means::{Failure, Outcome};
use crate::clock::Clock;
use crate::config::{Config, Key, Webhook};
use crate::observer::attack::Response;
use crate::observer::measure::{Measure, Stage};
use crate::post::{Way, headers, signed};
use crate::wire::{action_id, action_request};
use reqwest::StatusCode;

/// Bytes of an answer that are read.
const READ: usize = 512;

/// The way to one.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    name: String,
    way: Way,
    secret: Option<Key>,
    actions: Vec<Response>,
    cluster: String,
    observer: String,
    clock: Clock,
}

impl Hook {
    /// A way that is not taken yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(hook: &Webhook, config: &Config, clock: Clock) -> anyhow::Result<Self> {
        Ok(Self {
            name: hook.name.clone(),
            way: Way::new(hook.door.clone())?,
            secret: hook.secret.clone(),
            actions: hook.actions.clone(),
            cluster: config.cluster.clone(),
            observer: config.id.clone(),
            clock,
        })
    }

    /// Whether it is asked for such a response.
    pub(super) fn does(&self, response: Response) -> bool {
        self.actions.contains(&response)
    }

    /// Asks for a measure to be done, or undone.
    pub(super) async fn ask(&self, measure: &Measure) -> Outcome {
        let undo = measure.stage == Stage::Undoing;
        // The same for each attempt, so that whoever gets it twice knows.
        let id = format!("{}-{}", action_id(measure.id), if undo { "undo" } else { "do" });
        let now = self.clock.now();
        let body = action_request((&self.cluster, &self.observer), &id, now, measure);
        let headers = headers(&signed(self.secret.as_ref(), &id, now, &body));
        let name = &self.name;
        let answer = self.way.send("", headers, body.into(), READ).await;
        let answer = answer.map_err(|why| Failure::Later(format!("the webhook {name}: {why}")))?;
        let status = answer.status;
        if status.is_success() {
            return Ok(format!("the webhook {name} takes it"));
        }
        let said = format!("the webhook {name}: {}", self.way.hide(&answer.text()));
        let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        Err(if status.is_client_error() && !later {
            Failure::Never(said)
        } else {
            Failure::Later(said)
        })
    }
}

//! Docker, and containers that have to run in it.

use super::{Probe, shown};
use crate::clock::Stopwatch;
use crate::platform::docker;
use crate::platform::words::because;
use crate::probe::found::{Found, Trouble};
use bollard::Docker as Client;
use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, ContainerState, HealthStatusEnum};
use futures_util::future::BoxFuture;
use serde_json::json;
use std::collections::BTreeMap;

/// Docker, and the containers.
pub(super) struct Docker {
    url: String,
    containers: Vec<String>,
    /// How often each was started anew as of the last look.
    restarts: BTreeMap<String, i64>,
}

impl Docker {
    /// At an address, with these containers.
    pub(super) fn new(url: &str, containers: &[String]) -> Self {
        let containers = containers.to_vec();
        Self { url: url.to_owned(), containers, restarts: BTreeMap::new() }
    }

    async fn ask(&mut self) -> Found {
        let client = match docker::client(&self.url) {
            Ok(client) => client,
            Err(error) => return Found::only(self.unreachable(&format!("{error:#}"))),
        };
        let mut found = Found::new();
        let watch = Stopwatch::start();
        match client.version().await {
            Ok(version) => {
                found.detail("answerMs", watch.elapsed().as_millis_f64());
                found.detail("version", version.version.unwrap_or_default());
            }
            Err(error) => return Found::only(self.refusal(&error)),
        }
        let mut facts = Vec::new();
        for name in self.containers.clone() {
            facts.push(self.look_at(&client, &name, &mut found).await);
        }
        if !facts.is_empty() {
            found.detail("containers", facts);
        }
        found
    }

    fn unreachable(&self, why: &str) -> Trouble {
        let message = format!("no answer at `docker.url` = \"{}\": {why}", self.url);
        Trouble::down("unreachable", message)
            .advice("Check that Docker runs, and that lookout's user may use its socket")
    }

    fn refusal(&self, error: &Error) -> Trouble {
        match error {
            Error::DockerResponseServerError { status_code, .. } => Trouble::error(
                "cannot_be_checked",
                format!("Docker at \"{}\" refuses with status {status_code}", self.url),
            )
            .advice("Let the proxy of its socket pass GET /version and GET /containers"),
            error => self.unreachable(&because(error)),
        }
    }

    async fn look_at(
        &mut self,
        client: &Client,
        name: &str,
        found: &mut Found,
    ) -> serde_json::Value {
        let shown = shown::short(name);
        match client.inspect_container(name, None).await {
            Ok(told) => {
                let restarts = told.restart_count.unwrap_or(0);
                let before = self.restarts.insert(name.to_owned(), restarts);
                if let Some(before) = before.filter(|before| restarts > *before) {
                    let message =
                        format!("container {shown} was started anew {} times", restarts - before);
                    found.trouble(
                        Trouble::warning("restarts", message)
                            .advice(format!("See why: docker logs --tail 50 {shown}")),
                    );
                }
                let state = told.state.clone().unwrap_or_default();
                found_of(&shown, &state).into_iter().for_each(|trouble| found.trouble(trouble));
                fact(&shown, &told)
            }
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
                let message = format!("container {shown} does not exist");
                found.trouble(
                    Trouble::error("container_lost", message)
                        .definite()
                        .advice("See what there is: docker ps -a"),
                );
                json!({ "name": shown, "status": "missing" })
            }
            Err(error) => {
                let message = format!("container {shown} cannot be looked at: {}", because(&error));
                found.trouble(Trouble::error("cannot_be_checked", message));
                json!({ "name": shown, "status": "unknown" })
            }
        }
    }
}

/// What is wrong with a container.
fn found_of(name: &str, state: &ContainerState) -> Option<Trouble> {
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    let advice = format!("See why: docker logs --tail 50 {name}");
    if is(state.restarting) {
        let message = format!("container {name} is started again and again");
        return Some(Trouble::error("container_lost", message).advice(advice));
    }
    if !is(state.running) {
        let status = state.status.map(|status| status.to_string()).unwrap_or_default();
        let memory = if is(state.oom_killed) { ", killed for its memory" } else { "" };
        let code = state.exit_code.unwrap_or(0);
        let message = format!("container {name} does not run: {status}, exit code {code}{memory}");
        return Some(Trouble::error("container_lost", message).definite().advice(advice));
    }
    if is(state.paused) {
        let message = format!("container {name} is paused");
        let trouble = Trouble::warning("container_lost", message).definite();
        return Some(trouble.advice(format!("docker unpause {name}")));
    }
    let health = state.health.as_ref()?;
    match health.status? {
        HealthStatusEnum::UNHEALTHY => {
            let last = health.log.as_ref().and_then(|log| log.last());
            let said = last.and_then(|last| last.output.as_deref()).unwrap_or_default();
            let said: String = said.trim().chars().take(200).collect();
            let message = format!("container {name} is unhealthy: {said}");
            Some(Trouble::error("container_lost", message).definite().advice(advice))
        }
        HealthStatusEnum::STARTING => {
            let message = format!("container {name} is not healthy yet");
            Some(Trouble::warning("container_starts", message))
        }
        _ => None,
    }
}

fn fact(name: &str, told: &ContainerInspectResponse) -> serde_json::Value {
    let state = told.state.clone().unwrap_or_default();
    let health = state.health.and_then(|health| health.status);
    json!({
        "name": name,
        "status": state.status.map(|status| status.to_string()),
        "health": health.map(|health| health.to_string()),
        "exitCode": state.exit_code,
        "oomKilled": state.oom_killed,
        "restarts": told.restart_count,
    })
}

impl Probe for Docker {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.ask())
    }
}

//! The containers of each service in Docker, asked for every so often.
//!
//! The list tells the state of each container; those that do not plainly run are asked about one by
//! one, for why. A word that the library does not know fails the answer that it stands in, which then
//! counts as a container that does not run for no known reason.

use super::tally::Tally;
use super::{Cause, Counts, Replicated};
use crate::config::{Label, Replicas};
use crate::platform::docker;
use anyhow::Context;
use bollard::Docker;
use bollard::models::{ContainerInspectResponse, ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::ListContainersOptionsBuilder;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// Containers that are looked at.
const CONTAINERS: usize = 10_000;
/// A container that was started anew so often is in a loop, if it does not run.
const LOOP: i64 = 3;

/// A container, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Container {
    runs: bool,
    is_ready: bool,
    restarts: u32,
    cause: Option<Cause>,
}

/// Asks until nobody takes reports any more.
///
/// # Errors
///
/// If Docker does not answer, or does not let lookout list containers.
pub(super) async fn run(
    url: &str,
    replicas: &Replicas,
    reports: &mpsc::Sender<Replicated>,
) -> anyhow::Result<()> {
    let docker = docker::client(url)?;
    let mut tally = Tally::default();
    let mut turn = interval(Duration::from_micros(replicas.every.micros()));
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turn.tick() => {}
            () = reports.closed() => return Ok(()),
        }
        let now = ask(&docker, url, &replicas.label).await?;
        for told in tally.turn(now, true) {
            if reports.send(told).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Asks once: how many services are seen.
///
/// # Errors
///
/// See [`run`].
pub(super) async fn reach(url: &str, replicas: &Replicas) -> anyhow::Result<String> {
    let now = ask(&docker::client(url)?, url, &replicas.label).await?;
    Ok(format!("{} services have containers with the label {}", now.len(), replicas.label.key))
}

async fn ask(
    docker: &Docker,
    url: &str,
    label: &Label,
) -> anyhow::Result<BTreeMap<Arc<str>, Counts>> {
    let filters = HashMap::from([("label".to_owned(), vec![label.key.clone()])]);
    let wanted = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let found = docker
        .list_containers(Some(wanted))
        .await
        .with_context(|| format!("`docker.url` = \"{url}\": containers cannot be listed"))?;
    let mut services: BTreeMap<Arc<str>, Vec<Container>> = BTreeMap::new();
    for summary in found.into_iter().take(CONTAINERS) {
        let value = summary.labels.as_ref().and_then(|labels| labels.get(&label.key));
        let Some(service) = value.and_then(|value| label.service(value)) else { continue };
        let container = look(docker, &summary).await;
        services.entry(service.into()).or_default().push(container);
    }
    Ok(services.into_iter().map(|(service, all)| (service, count(&all))).collect())
}

/// A container of the list, looked at more closely if it does not plainly run.
async fn look(docker: &Docker, summary: &ContainerSummary) -> Container {
    let status = summary.status.as_deref().unwrap_or_default();
    // `Up 2 minutes (healthy)`; without a health check there is nothing in brackets.
    let plain = summary.state == Some(ContainerSummaryStateEnum::RUNNING) && !status.contains('(');
    if plain || status.contains("(healthy)") {
        return Container { runs: true, is_ready: true, ..Container::default() };
    }
    let Some(id) = &summary.id else { return Container::default() };
    match docker.inspect_container(id, None).await {
        Ok(told) => container(&told),
        Err(_) => Container::default(),
    }
}

fn container(told: &ContainerInspectResponse) -> Container {
    use bollard::models::HealthStatusEnum::{STARTING, UNHEALTHY};
    let Some(state) = &told.state else { return Container::default() };
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    let runs = is(state.running) && !is(state.restarting) && !is(state.paused);
    let health = state.health.as_ref().and_then(|health| health.status);
    let restarts = told.restart_count.unwrap_or(0);
    let failed = state.exit_code.unwrap_or(0) != 0;
    let cause = if is(state.oom_killed) {
        Some(Cause::OutOfMemory)
    } else if is(state.restarting) || (failed && restarts >= LOOP) {
        Some(Cause::RestartLoop)
    } else {
        None
    };
    Container {
        runs,
        is_ready: runs && !matches!(health, Some(STARTING | UNHEALTHY)),
        restarts: u32::try_from(restarts).unwrap_or(0),
        cause: cause.filter(|_| !runs),
    }
}

fn count(containers: &[Container]) -> Counts {
    let sum =
        |wanted: fn(&Container) -> bool| containers.iter().filter(|it| wanted(it)).count() as u32;
    Counts {
        running: sum(|it| it.runs),
        ready: sum(|it| it.is_ready),
        total: containers.len() as u32,
        restarts: containers.iter().fold(0, |sum, it| sum.saturating_add(it.restarts)),
        cause: containers.iter().filter_map(|it| it.cause).max(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_docker_says_of_a_container_is_what_counts() {
        let healthy = json!({"Status": "healthy"});
        let unhealthy = json!({"Status": "unhealthy"});
        for (state, restarts, wanted) in [
            (json!({"Running": true, "Health": healthy}), 0, (true, true, None)),
            (json!({"Running": true, "Health": unhealthy}), 0, (true, false, None)),
            (json!({"Running": true, "Health": {"Status": "starting"}}), 2, (true, false, None)),
            (json!({"Running": true, "Paused": true}), 0, (false, false, None)),
            (
                json!({"Running": true, "Restarting": true, "ExitCode": 1}),
                1,
                (false, false, Some(Cause::RestartLoop)),
            ),
            (
                json!({"Running": false, "OOMKilled": true, "ExitCode": 137}),
                9,
                (false, false, Some(Cause::OutOfMemory)),
            ),
            (json!({"Running": false, "ExitCode": 1}), 3, (false, false, Some(Cause::RestartLoop))),
            (json!({"Running": false, "ExitCode": 1}), 2, (false, false, None)),
            (json!({"Running": false, "ExitCode": 0}), 9, (false, false, None)),
            (json!({}), 0, (false, false, None)),
        ] {
            let told = json!({"State": state, "RestartCount": restarts});
            let told: ContainerInspectResponse = serde_json::from_value(told).unwrap();
            let it = container(&told);
            assert_eq!((it.runs, it.is_ready, it.cause), wanted, "{state}");
            assert_eq!(it.restarts, restarts);
        }
        assert_eq!(container(&ContainerInspectResponse::default()), Container::default());
    }

    #[test]
    fn the_worst_cause_of_all_containers_counts() {
        let with = |runs, cause| Container { runs, is_ready: runs, restarts: u32::MAX, cause };
        let all = [
            with(true, None),
            with(false, Some(Cause::RestartLoop)),
            with(false, Some(Cause::OutOfMemory)),
        ];
        let wanted = Counts {
            running: 1,
            ready: 1,
            total: 3,
            restarts: u32::MAX,
            cause: Some(Cause::OutOfMemory),
        };
        assert_eq!(count(&all), wanted);
        assert_eq!(count(&[]), Counts::default());
    }
}

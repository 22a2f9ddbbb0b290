//! A restart of the containers that run a service, one after the other.

use crate::config::Replicas;
use crate::platform::docker;
use anyhow::{Context, ensure};
use bollard::query_parameters::ListContainersOptionsBuilder;
use std::collections::HashMap;

/// Containers that are restarted at most.
const MOST: usize = 20;

/// Restarts every container with the label of a service.
///
/// # Errors
///
/// If there is none, or Docker gives no answer or does not allow it.
pub(super) async fn restart(
    url: &str,
    replicas: &Replicas,
    service: &str,
) -> anyhow::Result<String> {
    let docker = docker::client(url)?;
    let label = format!("{}={}", replicas.label.key, replicas.label.value(service));
    let filters = HashMap::from([("label".to_owned(), vec![label.clone()])]);
    let wanted = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let found = docker.list_containers(Some(wanted)).await.context("list containers")?;
    ensure!(!found.is_empty(), "no container has the label {label}");
    let mut done = Vec::new();
    for container in found.into_iter().take(MOST) {
        let Some(id) = container.id else { continue };
        let name = container.names.unwrap_or_default().into_iter().next();
        let name = name.map_or_else(|| id.clone(), |name| name.trim_start_matches('/').to_owned());
        docker
            .restart_container(&id, None)
            .await
            .with_context(|| format!("container {name} is not restarted"))?;
        done.push(name);
    }
    Ok(format!("container {} restarted", done.join(", ")))
}

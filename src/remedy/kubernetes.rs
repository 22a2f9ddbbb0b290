//! A rollout restart of the workload that runs a service, as `kubectl rollout restart` does it: the
//! pods are replaced a few at a time, by the workload's own rules.

use crate::config::{Kubernetes, Namespace, Replicas};
use crate::platform::kubernetes::{self, Refusal};
use anyhow::{Context, bail};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use kube::api::ListParams;
use kube::core::NamespaceResourceScope;
use kube::core::util::Restart;
use kube::{Api, Client, Error, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// Restarts every workload with the label of a service; usually there is one.
///
/// # Errors
///
/// If there is none, or the cluster gives no answer or does not allow it.
pub(super) async fn restart(
    settings: &Kubernetes,
    replicas: &Replicas,
    service: &str,
) -> anyhow::Result<String> {
    let client = kubernetes::client(settings).await?;
    let value = replicas.label.value(service);
    let wanted = Wanted {
        client,
        namespace: &replicas.namespace,
        workload: replicas.label.workload(&value).unwrap_or_default(),
        labels: format!("{}={value}", replicas.label.key),
    };
    let mut done = wanted.restart::<Deployment>("deployment").await?;
    done.extend(wanted.restart::<StatefulSet>("statefulset").await?);
    done.extend(wanted.restart::<DaemonSet>("daemonset").await?);
    if done.is_empty() {
        bail!(
            "no deployment, statefulset or daemonset in {} has the label {}",
            wanted.namespace,
            wanted.labels
        );
    }
    Ok(format!("{} restarted", done.join(", ")))
}

struct Wanted<'a> {
    client: Client,
    namespace: &'a Namespace,
    workload: &'a str,
    labels: String,
}

impl Wanted<'_> {
    async fn restart<K>(&self, kind: &str) -> anyhow::Result<Vec<String>>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Restart
            + Clone
            + Debug
            + DeserializeOwned,
    {
        let all = match self.namespace.single() {
            Some(one) => Api::<K>::namespaced(self.client.clone(), one),
            None => Api::all(self.client.clone()),
        };
        let refused = |verb: &str, error: Error| match &error {
            Error::Api(status) if status.code == 403 => anyhow::anyhow!(
                "Kubernetes does not allow it: lookout needs the verbs list and patch on {kind}s of apps in {}",
                self.namespace
            ),
            error => anyhow::anyhow!("{verb} {kind}: {}", Refusal::of(error)),
        };
        let selected = ListParams::default().labels(&self.labels).limit(10);
        let found = all.list(&selected).await.map_err(|error| refused("list", error))?;
        let mut done = Vec::new();
        for workload in found {
            let (name, namespace) = (workload.name_any(), workload.namespace().unwrap_or_default());
            let namespace = self.namespace.single().map_or(namespace, str::to_owned);
            if !self.namespace.holds(&namespace, self.workload) {
                continue;
            }
            let api = Api::<K>::namespaced(self.client.clone(), &namespace);
            api.restart(&name)
                .await
                .map_err(|error| refused("patch", error))
                .with_context(|| format!("{kind}/{name} is not restarted"))?;
            done.push(format!("{kind}/{name} in namespace {namespace}"));
        }
        Ok(done)
    }
}

//! The way to Kubernetes: as the service account of the pod, or as a file says.
//!
//! Proxies are taken from the file only, never from the environment: what is looked at is the
//! cluster itself.

use crate::config::Kubernetes;
use anyhow::Context;
use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use std::time::Duration;

/// How long a connection and an answer may take; those who look have limits of their own.
const CONNECT: Duration = Duration::from_secs(5);
/// A watch is quiet for minutes.
const READ: Duration = Duration::from_secs(300);

/// A client that has not connected yet.
///
/// # Errors
///
/// If there is no configuration, or it cannot be used.
pub async fn client(settings: &Kubernetes) -> anyhow::Result<Client> {
    let options =
        KubeConfigOptions { context: settings.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match &settings.kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path)
                .with_context(|| format!("`kubernetes.kubeconfig` = {path:?}"))?;
            Config::from_custom_kubeconfig(file, &options)
                .await
                .with_context(|| format!("`kubernetes.kubeconfig` = {path:?}"))?
        }
        None => match Config::incluster() {
            Ok(config) => config,
            Err(_) => Config::from_kubeconfig(&options)
                .await
                .context("neither in a cluster nor with a file: set `kubernetes.kubeconfig`")?,
        },
    };
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(READ);
    Client::try_from(config).context("the way to Kubernetes cannot be set up")
}

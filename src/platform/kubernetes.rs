//! The way to Kubernetes: as the service account of the pod, or as a file says.
//!
//! A proxy of the environment is passed over, and one that the file names is refused: what is looked
//! at is the cluster itself. An answer has a most that is read of it, a watch as well: one that reaches it
//! ends, and is taken up again where it was. Requests keep a small distance, so that a server that
//! ends every watch at once is not asked without a break. Nothing is tried again here: whoever asks
//! knows whether that makes sense. A file that cannot be read is named without a word of what it
//! holds, since that may be a secret.

mod refusal;

pub use refusal::Refusal;

use crate::config::Kubernetes;
use anyhow::Context;
use http_body_util::Limited;
use kube::client::ClientBuilder;
use kube::config::{Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Error};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tower::util::{MapFutureLayer, MapResponseLayer};

/// How long a connection and an answer may take; those who look have limits of their own.
const CONNECT: Duration = Duration::from_secs(5);
/// A watch is quiet for minutes.
const READ: Duration = Duration::from_secs(300);
/// Bytes that are read of an answer.
const LONGEST: usize = 64 << 20;
/// From a request to the next.
const PACE: Duration = Duration::from_millis(10);

/// A client that has not connected yet.
///
/// # Errors
///
/// If there is no configuration, or it cannot be used.
pub async fn client(settings: &Kubernetes) -> anyhow::Result<Client> {
    connect(settings).await.map(|(client, _)| client)
}

/// A client that has not connected yet, and where it will: host and port.
///
/// # Errors
///
/// If there is no configuration, or it cannot be used.
pub async fn connect(settings: &Kubernetes) -> anyhow::Result<(Client, String)> {
    let mut config = configured(settings).await?;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(READ);
    config.default_retry = false;
    let url = &config.cluster_url;
    let encrypted = url.scheme_str() != Some("http");
    let port = url.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
    let address = format!("{}:{port}", url.host().unwrap_or_default());
    if !encrypted {
        // Without TLS nobody is trusted, so the authorities of the system need not be there.
        config.root_cert = Some(Vec::new());
        config.root_cert_file = None;
    }
    let client = bounded(config)
        .map_err(|error| anyhow::anyhow!("{}", Refusal::of(&error)))
        .context("the way to Kubernetes cannot be set up")?;
    Ok((client, address))
}

/// What the file says, or the pod.
async fn configured(settings: &Kubernetes) -> anyhow::Result<Config> {
    let options =
        KubeConfigOptions { context: settings.context.clone(), ..KubeConfigOptions::default() };
    let (file, name) = match &settings.kubeconfig {
        Some(path) => {
            (Kubeconfig::read_from(path), format!("`kubernetes.kubeconfig` = {}", path.display()))
        }
        None => match Config::incluster() {
            Ok(config) => return Ok(config),
            Err(_) => (
                Kubeconfig::read(),
                "neither in a cluster nor with a file (`kubernetes.kubeconfig`)".to_owned(),
            ),
        },
    };
    let file = file.map_err(discreet).with_context(|| name.clone())?;
    let proxied = file
        .clusters
        .iter()
        .filter_map(|it| it.cluster.as_ref())
        .any(|cluster| cluster.proxy_url.as_ref().is_some_and(|url| !url.is_empty()));
    let mut config =
        Config::from_custom_kubeconfig(file, &options).await.map_err(discreet).context(name)?;
    if !proxied {
        config.proxy_url = None;
    }
    Ok(config)
}

/// An error without what the file holds.
fn discreet(error: KubeconfigError) -> anyhow::Error {
    match error {
        KubeconfigError::Parse(_) => anyhow::anyhow!("is no kubeconfig, or not written as one"),
        KubeconfigError::ParseClusterUrl(_) => anyhow::anyhow!("`server` is no address"),
        KubeconfigError::ParseProxyUrl(_) => anyhow::anyhow!("`proxy-url` is no address"),
        error => anyhow::Error::new(error),
    }
}

/// A client whose answers and requests are bounded.
fn bounded(config: Config) -> Result<Client, Error> {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let pace = Arc::new(Mutex::new(pace));
    let slow = MapFutureLayer::new(move |answer| {
        let pace = Arc::clone(&pace);
        async move {
            pace.lock().await.tick().await;
            answer.await
        }
    });
    let short = MapResponseLayer::new(|answer: http::Response<_>| {
        answer.map(|body| Limited::new(body, LONGEST))
    });
    Ok(ClientBuilder::try_from(config)?.with_layer(&short).with_layer(&slow).build())
}

//! The pods of each service in Kubernetes, and the workloads that want them, watched.
//!
//! Watches that break off are taken up again by themselves, where they were or from a new list; what
//! was known stands meanwhile, and that there is no answer is logged once. Without leave to watch pods
//! there is nothing to tell, and the watch ends; without leave for workloads, what should be there is
//! as many as are.

mod book;

use super::tally::Tally;
use super::{Counts, Replicated};
use crate::config::{Kubernetes, Namespace, Replicas};
use crate::platform::kubernetes::{self, Refusal};
use anyhow::bail;
use book::{Book, Change, Kind};
use futures_util::stream::{SelectAll, Stream, StreamExt};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::core::NamespaceResourceScope;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// Changes within this time are told together.
const BURST: Duration = Duration::from_millis(250);
/// Objects on a page of a list.
const PAGE: u32 = 500;

/// What a watch brings: of which kind, and what, or why not.
type Brought = (Kind, Result<Change, watcher::Error>);
type Watch = Pin<Box<dyn Stream<Item = Brought> + Send>>;

/// Watches until nobody takes reports any more.
///
/// # Errors
///
/// If there is no way to the cluster, or pods may not be watched.
pub(super) async fn run(
    settings: &Kubernetes,
    replicas: &Replicas,
    reports: &mpsc::Sender<Replicated>,
) -> anyhow::Result<()> {
    let client = kubernetes::client(settings).await?;
    let mut watches = SelectAll::new();
    watches.push(watch::<Pod>(&client, replicas, Kind::Pod, book::pod));
    watches.push(watch::<Deployment>(&client, replicas, Kind::Deployment, book::deployment));
    watches.push(watch::<StatefulSet>(&client, replicas, Kind::StatefulSet, book::stateful_set));
    watches.push(watch::<DaemonSet>(&client, replicas, Kind::DaemonSet, book::daemon_set));
    let mut book = Book::new(replicas.label.clone(), replicas.namespace.clone());
    let mut trouble = Trouble::default();
    let (mut tally, mut news) = (Tally::default(), false);
    let mut soon = interval(BURST);
    let mut again = interval(Duration::from_micros(replicas.every.micros()));
    for turn in [&mut soon, &mut again] {
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    loop {
        let all = tokio::select! {
            Some((kind, brought)) = watches.next() => {
                match brought {
                    Ok(change) => {
                        trouble.over(kind);
                        news |= book.take(kind, change);
                    }
                    Err(error) => {
                        trouble.tell(kind, &error, &replicas.namespace)?;
                        book.missed(kind);
                    }
                }
                continue;
            }
            _ = soon.tick(), if news => false,
            _ = again.tick() => true,
            () = reports.closed() => return Ok(()),
        };
        let Some(now) = book.counts() else { continue };
        news = false;
        for told in tally.turn(now, all) {
            if reports.send(told).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Asks once: how many pods are seen.
///
/// # Errors
///
/// See [`run`].
pub(super) async fn reach(settings: &Kubernetes, replicas: &Replicas) -> anyhow::Result<String> {
    let client = kubernetes::client(settings).await?;
    let pods = api::<Pod>(client, &replicas.namespace);
    let wanted = ListParams::default().labels(&replicas.label.key).limit(PAGE);
    let found = pods.list(&wanted).await;
    let found =
        found.map_err(|error| anyhow::anyhow!(words(Kind::Pod, &error, &replicas.namespace)))?;
    let (count, namespace) = (found.items.len(), &replicas.namespace);
    let more = if found.metadata.continue_.is_some() { " and more" } else { "" };
    Ok(format!("{count}{more} pods in {namespace} have the label {}", replicas.label.key))
}

/// Things of a kind, in the namespaces of the services.
fn api<K>(client: Client, namespace: &Namespace) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    match namespace.single() {
        Some(one) => Api::namespaced(client, one),
        None => Api::all(client),
    }
}

fn watch<K>(
    client: &Client,
    replicas: &Replicas,
    kind: Kind,
    read: fn(K, &str) -> Option<book::Object>,
) -> Watch
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let api = api::<K>(client.clone(), &replicas.namespace);
    let key = replicas.label.key.clone();
    let settings = watcher::Config::default().labels(&key).page_size(PAGE);
    let change = move |event: Event<K>| match event {
        Event::Init => Change::Anew,
        Event::InitApply(object) | Event::Apply(object) => {
            read(object, &key).map_or(Change::Nothing, Change::Is)
        }
        Event::Delete(object) => Change::Gone(book::place(object.meta())),
        Event::InitDone => Change::Whole,
    };
    let brought = move |event: watcher::Result<Event<K>>| (kind, event.map(&change));
    Box::pin(watcher(api, settings).default_backoff().map(brought))
}

/// What is known to be wrong, so that it is said once.
#[derive(Debug, Default)]
struct Trouble(BTreeMap<Kind, String>);

impl Trouble {
    /// Says what is wrong, if that is new.
    ///
    /// # Errors
    ///
    /// If pods may not be watched.
    fn tell(
        &mut self,
        kind: Kind,
        error: &watcher::Error,
        namespace: &Namespace,
    ) -> anyhow::Result<()> {
        let said = match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => words(kind, error, namespace),
            // The cluster forgot where the watch was: it begins anew.
            watcher::Error::WatchError(status) if status.code == 410 => return Ok(()),
            watcher::Error::WatchError(status) => {
                let refusal = Refusal::status(status.code, &status.message);
                format!("Kubernetes ends the watch of {}s: {refusal}", kind.name())
            }
            error => format!("{}s cannot be watched: {error}", kind.name()),
        };
        if kind == Kind::Pod && is_refusal(error) {
            bail!(said);
        }
        if self.0.get(&kind) != Some(&said) {
            tracing::warn!("{said}");
            self.0.insert(kind, said);
        }
        Ok(())
    }

    /// Something was heard.
    fn over(&mut self, kind: Kind) {
        if self.0.remove(&kind).is_some() {
            tracing::info!("{}s are watched again", kind.name());
        }
    }
}

fn is_refusal(error: &watcher::Error) -> bool {
    matches!(
        error,
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) if matches!(status.code, 401 | 403)
    )
}

/// What an answer means, for people.
fn words(kind: Kind, error: &kube::Error, namespace: &Namespace) -> String {
    let name = kind.name();
    match Refusal::of(error) {
        Refusal::Forbidden(_) => format!(
            "Kubernetes does not let lookout watch {name}s in {namespace}: it needs the verbs list and watch on \
             {name}s"
        ),
        refusal @ (Refusal::Unauthorized | Refusal::Credentials(_)) => format!(
            "Kubernetes does not know lookout: {refusal}: check its service account, or \
             `kubernetes.kubeconfig`"
        ),
        refusal => format!("Kubernetes gives no answer on {name}s: {refusal}"),
    }
}

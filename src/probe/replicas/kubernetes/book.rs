//! What is known of pods and workloads, and what follows for each service.
//!
//! A list comes object by object and replaces what was known when it is whole. Nothing is told before
//! pods were listed once, and workloads were, or could not be: a service would seem to have lost what
//! was not read yet.

use super::Counts;
use crate::config::{Label, Namespace};
use crate::probe::replicas::Cause;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects of each kind that are kept.
const OBJECTS: usize = 100_000;
/// A container that was started anew so often, and failed last, is in a loop.
const LOOP: i32 = 3;

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Something that runs.
    Pod = 0,
    /// Something that wants pods.
    Deployment = 1,
    /// See the names.
    StatefulSet = 2,
    /// See the names.
    DaemonSet = 3,
}

impl Kind {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
        }
    }
}

/// What happened to objects of a kind.
#[derive(Debug)]
pub(super) enum Change {
    /// A list begins.
    Anew,
    /// An object is so.
    Is(Object),
    /// An object is gone.
    Gone(String),
    /// The list is whole.
    Whole,
    /// Nothing that matters.
    Nothing,
}

/// An object, as far as it matters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    /// Namespace and name.
    place: String,
    /// The value of the label.
    value: String,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Pod {
        runs: bool,
        is_ready: bool,
        restarts: u32,
        cause: Option<Cause>,
    },
    /// A pod that is finished, or on its way out.
    Ending,
    Wants(u32),
}

/// All objects.
#[derive(Debug)]
pub(super) struct Book {
    label: Label,
    namespace: Namespace,
    kinds: [Shelf; 4],
}

#[derive(Debug, Default)]
struct Shelf {
    known: BTreeMap<String, Object>,
    /// The list that is being read.
    coming: Option<BTreeMap<String, Object>>,
    /// Whether a list was read, or could not be.
    is_settled: bool,
}

impl Book {
    /// A book in which nothing stands.
    pub(super) fn new(label: Label, namespace: Namespace) -> Self {
        Self { label, namespace, kinds: Default::default() }
    }

    /// Takes a change; whether that is news.
    pub(super) fn take(&mut self, kind: Kind, change: Change) -> bool {
        let shelf = &mut self.kinds[kind as usize];
        match change {
            Change::Anew => {
                shelf.coming = Some(BTreeMap::new());
                false
            }
            Change::Is(object) => {
                let is_listed = shelf.coming.is_some();
                let objects = shelf.coming.as_mut().unwrap_or(&mut shelf.known);
                if objects.len() < OBJECTS || objects.contains_key(&object.place) {
                    objects.insert(object.place.clone(), object);
                }
                !is_listed
            }
            Change::Gone(name) => shelf.known.remove(&name).is_some(),
            Change::Whole => {
                if let Some(coming) = shelf.coming.take() {
                    shelf.known = coming;
                }
                shelf.is_settled = true;
                true
            }
            Change::Nothing => false,
        }
    }

    /// Objects of a kind could not be read; what is known of them stands.
    pub(super) fn missed(&mut self, kind: Kind) {
        if kind != Kind::Pod {
            self.kinds[kind as usize].is_settled = true;
        }
    }

    /// The replicas of each service; `None` as long as too little was read.
    pub(super) fn counts(&self) -> Option<BTreeMap<Arc<str>, Counts>> {
        if !self.kinds.iter().all(|shelf| shelf.is_settled) {
            return None;
        }
        let mut services: BTreeMap<String, (Counts, Option<u32>)> = BTreeMap::new();
        for object in self.kinds.iter().flat_map(|shelf| shelf.known.values()) {
            let Some(service) = self.service(object) else { continue };
            let (counts, wanted) = services.entry(service).or_default();
            match object.what {
                What::Pod { runs, is_ready, restarts, cause } => {
                    counts.total += 1;
                    counts.running += u32::from(runs);
                    counts.ready += u32::from(is_ready);
                    counts.restarts = counts.restarts.saturating_add(restarts);
                    counts.cause = counts.cause.max(cause);
                }
                What::Ending => {}
                What::Wants(pods) => *wanted = Some(wanted.unwrap_or(0).saturating_add(pods)),
            }
        }
        let counted = services.into_iter().map(|(service, (counts, wanted))| {
            // Without a workload that is known, what should be there is what is.
            (service.into(), Counts { total: wanted.unwrap_or(counts.total), ..counts })
        });
        Some(counted.collect())
    }
}

impl Book {
    /// The service that an object belongs to.
    fn service(&self, object: &Object) -> Option<String> {
        let workload = self.label.workload(&object.value)?;
        let (namespace, _) = object.place.split_once('/')?;
        let held = self.namespace.holds(namespace, workload);
        self.label.service(&object.value).filter(|_| held)
    }
}

/// Where an object stands: namespace and name.
pub(super) fn place(meta: &ObjectMeta) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}/{}", part(&meta.namespace), part(&meta.name))
}

/// Reads a pod.
pub(super) fn pod(pod: Pod, key: &str) -> Option<Object> {
    let place = place(&pod.metadata);
    let value = pod.metadata.labels?.remove(key)?;
    let status = pod.status.unwrap_or_default();
    let phase = status.phase.as_deref().unwrap_or_default();
    let ends = pod.metadata.deletion_timestamp.is_some() || matches!(phase, "Succeeded" | "Failed");
    let containers = status.container_statuses.unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let is_ready = conditions.iter().any(|it| it.type_ == "Ready" && it.status == "True");
    let begin = status.init_container_statuses.unwrap_or_default();
    let all = begin.iter().chain(&containers);
    let restarts = all
        .clone()
        .fold(0_u32, |sum, it| sum.saturating_add(u32::try_from(it.restart_count).unwrap_or(0)));
    let runs = phase == "Running"
        && !containers.is_empty()
        && containers.iter().all(|it| it.state.as_ref().is_some_and(|it| it.running.is_some()));
    let cause = all.filter_map(cause).max().filter(|_| !is_ready);
    let what = if ends { What::Ending } else { What::Pod { runs, is_ready, restarts, cause } };
    Some(Object { place, value, what })
}

/// Why a container does not run, or did not until just now.
fn cause(container: &ContainerStatus) -> Option<Cause> {
    let (now, last) = (container.state.as_ref(), container.last_state.as_ref());
    let waits = now.and_then(|state| state.waiting.as_ref()).and_then(|it| it.reason.as_deref());
    let ended = [now, last].map(|state| state.and_then(|state| state.terminated.as_ref()));
    let reasons = ended.iter().flatten().filter_map(|it| it.reason.as_deref());
    let again = container.restart_count >= LOOP
        && ended.iter().flatten().any(|terminated| terminated.exit_code != 0);
    let named = reasons.chain(waits).filter_map(Cause::of_kubernetes).max();
    named.or(again.then_some(Cause::RestartLoop))
}

/// Reads a deployment.
pub(super) fn deployment(it: Deployment, key: &str) -> Option<Object> {
    let place = place(&it.metadata);
    let value = it.metadata.labels?.remove(key)?;
    Some(Object { place, value, what: wants(it.spec?.replicas.unwrap_or(1)) })
}

/// Reads a stateful set.
pub(super) fn stateful_set(it: StatefulSet, key: &str) -> Option<Object> {
    let place = place(&it.metadata);
    let value = it.metadata.labels?.remove(key)?;
    Some(Object { place, value, what: wants(it.spec?.replicas.unwrap_or(1)) })
}

/// Reads a daemon set, which wants as many pods as there are nodes for it.
pub(super) fn daemon_set(it: DaemonSet, key: &str) -> Option<Object> {
    let place = place(&it.metadata);
    let value = it.metadata.labels?.remove(key)?;
    let wanted = it.status?.desired_number_scheduled;
    Some(Object { place, value, what: wants(wanted) })
}

fn wants(pods: i32) -> What {
    What::Wants(u32::try_from(pods).unwrap_or(0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(metadata: Value, status: Value) -> What {
        let mut whole =
            json!({"metadata": {"name": "a-1", "labels": {"app": "A"}}, "status": status});
        whole["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        pod(serde_json::from_value(whole).unwrap(), "app").unwrap().what
    }

    fn status(phase: &str, ready: &str, container: Value) -> Value {
        let mut one =
            json!({"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0});
        one.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
        json!({"phase": phase, "conditions": [{"type": "Ready", "status": ready}], "containerStatuses": [one]})
    }

    #[test]
    fn what_a_pod_says_is_what_counts() {
        let running = json!({"state": {"running": {}}});
        let loops = |last: &str| {
            json!({"restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": last}}})
        };
        let pulls = json!({"state": {"waiting": {"reason": "ImagePullBackOff"}}});
        let strange = json!({"state": {"waiting": {"reason": "SomethingNew"}}});
        let ended = |code: i32| {
            json!({"restartCount": 3, "state": {"running": {}},
                "lastState": {"terminated": {"exitCode": code, "reason": "Error"}}})
        };
        for (phase, ready, container, runs, is_ready, cause) in [
            ("Running", "True", running.clone(), true, true, None),
            ("Running", "False", running.clone(), true, false, None),
            ("Running", "Unknown", running, true, false, None),
            ("Running", "False", loops("Error"), false, false, Some(Cause::RestartLoop)),
            ("Running", "False", loops("OOMKilled"), false, false, Some(Cause::OutOfMemory)),
            ("Pending", "False", pulls, false, false, Some(Cause::ImagePull)),
            ("Pending", "False", strange, false, false, None),
            ("Running", "False", ended(1), true, false, Some(Cause::RestartLoop)),
            ("Running", "False", ended(0), true, false, None),
            ("Running", "True", ended(1), true, true, None),
        ] {
            let told = status(phase, ready, container.clone());
            let restarts = container["restartCount"].as_u64().unwrap_or(0) as u32;
            let wanted = What::Pod { runs, is_ready, restarts, cause };
            assert_eq!(read(json!({}), told), wanted, "{phase} {ready} {container}");
        }
        let going = json!({"deletionTimestamp": "2026-01-15T10:30:00Z"});
        let running = || status("Running", "True", json!({"state": {"running": {}}}));
        assert_eq!(read(going, running()), What::Ending);
        assert_eq!(read(json!({}), status("Failed", "False", json!({}))), What::Ending);
        assert_eq!(
            read(json!({}), json!({})),
            What::Pod { runs: false, is_ready: false, restarts: 0, cause: None }
        );
    }

    fn book(namespace: &str) -> Book {
        let text = format!("[replicas]\nfrom = \"kubernetes\"\nnamespace = \"{namespace}\"");
        let replicas = crate::config::from_text(&text).unwrap().platforms.replicas.unwrap();
        Book::new(replicas.label, replicas.namespace)
    }

    fn object(name: &str, value: &str, what: What) -> Change {
        Change::Is(Object { place: format!("shop/{name}"), value: value.to_owned(), what })
    }

    const UP: What = What::Pod { runs: true, is_ready: true, restarts: 1, cause: None };

    /// Running, ready, total and restarts of a service.
    fn of(book: &Book, service: &str) -> Option<[u32; 4]> {
        let counts = book.counts()?;
        let it = counts.get(service)?;
        Some([it.running, it.ready, it.total, it.restarts])
    }

    #[test]
    fn nothing_is_told_before_it_was_read_and_lists_replace_what_was_known() {
        let mut book = book("shop");
        book.take(Kind::Pod, Change::Anew);
        assert!(!book.take(Kind::Pod, object("a-1", "A", UP)));
        book.take(Kind::Pod, object("a-2", "A", UP));
        book.take(Kind::Pod, object("x", "", UP));
        assert!(book.take(Kind::Pod, Change::Whole));
        for kind in [Kind::Deployment, Kind::StatefulSet] {
            book.take(kind, Change::Whole);
        }
        assert_eq!(book.counts(), None);
        book.missed(Kind::DaemonSet);
        assert_eq!(of(&book, "A"), Some([2, 2, 2, 2]), "as many as are there");
        assert!(book.take(Kind::Deployment, object("a", "A", What::Wants(3))));
        assert_eq!(of(&book, "A"), Some([2, 2, 3, 2]));
        assert!(book.take(Kind::Pod, Change::Gone("shop/a-2".to_owned())));
        assert!(!book.take(Kind::Pod, Change::Gone("shop/a-2".to_owned())));
        assert!(book.take(Kind::Pod, object("a-1", "A", What::Ending)));
        assert_eq!(of(&book, "A"), Some([0, 0, 3, 0]));
        book.take(Kind::Deployment, object("a", "A", What::Wants(0)));
        assert_eq!(of(&book, "A"), Some([0, 0, 0, 0]), "nothing is meant to run");
        // A list that is not whole yet changes nothing.
        book.take(Kind::Pod, Change::Anew);
        book.take(Kind::Pod, object("b-1", "B", UP));
        assert_eq!(of(&book, "B"), None);
        book.take(Kind::Pod, Change::Whole);
        assert_eq!(of(&book, "B"), Some([1, 1, 1, 1]));
        book.take(Kind::Deployment, Change::Gone("shop/a".to_owned()));
        assert_eq!(of(&book, "A"), None);
    }
    #[test]
    fn each_service_may_have_a_namespace_of_its_own() {
        for (namespace, wanted) in
            [("shop", true), ("*", true), ("{service}op", false), ("other", false)]
        {
            let mut book = book(namespace);
            for kind in [Kind::Pod, Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet] {
                book.take(kind, Change::Whole);
            }
            book.take(Kind::Pod, object("a-1", "a", UP));
            assert_eq!(of(&book, "a").is_some(), wanted, "{namespace}");
            book.take(Kind::Pod, object("sh-1", "sh", UP));
            assert_eq!(of(&book, "sh").is_some(), namespace != "other", "{namespace}");
        }
    }
}

//! Kubernetes, against a stand-in for its API: nodes, replicas as they are watched, restarts.

use crate::api::{Answer, Api};
use crate::kit::{assert_found, assert_well, configured, facts, look};
use lookout::config::Platforms;
use lookout::observer::input::Severity;
use lookout::probe::kind::probe;
use lookout::probe::{Cause, Counts, Found, Replicated, Watcher};
use lookout::remedy::Remedy;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

const SECRET: &str = "hunter2-of-kubernetes";
const NODES: &str = "/api/v1/nodes";
const PODS: &str = "/api/v1/namespaces/shop/pods";
const SETS: [&str; 3] = [
    "/apis/apps/v1/namespaces/shop/deployments",
    "/apis/apps/v1/namespaces/shop/statefulsets",
    "/apis/apps/v1/namespaces/shop/daemonsets",
];

/// A cluster, and a file that leads to it.
struct Cluster {
    api: Api,
    directory: tempfile::TempDir,
}

impl Cluster {
    async fn start() -> Self {
        let api = Api::on_port().await;
        let directory = tempfile::tempdir().unwrap();
        let server = format!("http://127.0.0.1:{}", api.port);
        let file = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": SECRET}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        });
        std::fs::write(directory.path().join("config"), file.to_string()).unwrap();
        Self { api, directory }
    }

    /// Lines of configuration that lead here.
    fn lines(&self, more: &str) -> String {
        let file = self.directory.path().join("config");
        format!(
            "kind = \"kubernetes\"\n{more}\n[kubernetes]\nkubeconfig = {file:?}\n[replicas]\n\
             from = \"kubernetes\"\nnamespace = \"shop\"\nevery = \"1s\"\n\
             [service.UserManagement]\nworkload = \"user-management\""
        )
    }

    fn platforms(&self) -> Platforms {
        configured(&self.lines("")).1.platforms
    }

    async fn nodes(&self, more: &str) -> Found {
        let (check, setting) = configured(&self.lines(more));
        look(&mut *probe(&check.kind, &setting).unwrap()).await
    }

    /// A list of things, as of now.
    fn has(&self, path: &str, kind: &str, items: Vec<Value>) {
        let list = json!({"kind": format!("{kind}List"), "apiVersion": "v1",
            "metadata": {"resourceVersion": "10"}, "items": items});
        self.api.answers("GET", path, Answer::json(list));
    }
}

fn node(name: &str, conditions: &[(&str, &str)]) -> Value {
    let conditions: Vec<_> =
        conditions.iter().map(|(kind, status)| json!({"type": kind, "status": status})).collect();
    json!({"metadata": {"name": name, "somethingNew": 1}, "spec": {"unschedulable": name == "n9"},
        "status": {"conditions": conditions, "nodeInfo": {"kubeletVersion": "v1.33.1"}}})
}

const READY: (&str, &str) = ("Ready", "True");

#[tokio::test]
async fn nodes_are_judged_by_their_conditions() {
    let cluster = Cluster::start().await;
    let two = |second: &[(&str, &str)]| vec![node("n1", &[READY]), node("n2", second)];
    for (nodes, more, severity, part) in [
        (two(&[READY]), "expect = 2", None, ""),
        (two(&[READY]), "expect = 3", Some(Severity::Error), "2 of 3 nodes are ready"),
        (two(&[("Ready", "False")]), "", Some(Severity::Error), "n2 is not ready"),
        (two(&[("Ready", "Unknown")]), "", Some(Severity::Error), "n2 is not ready"),
        (two(&[]), "", Some(Severity::Error), "n2 is not ready"),
        (
            two(&[READY, ("DiskPressure", "True")]),
            "",
            Some(Severity::Warning),
            "n2 is short of disk",
        ),
        (
            two(&[READY, ("MemoryPressure", "True")]),
            "",
            Some(Severity::Warning),
            "n2 is short of memory",
        ),
        (
            two(&[READY, ("PIDPressure", "True")]),
            "",
            Some(Severity::Warning),
            "n2 has too many processes",
        ),
        (
            two(&[READY, ("NetworkUnavailable", "True")]),
            "",
            Some(Severity::Warning),
            "n2 has no network",
        ),
        (two(&[READY, ("SomethingNew", "True")]), "", None, ""),
        (
            vec![node("n1", &[("Ready", "Unknown")])],
            "",
            Some(Severity::Critical),
            "none of 1 nodes",
        ),
        (vec![], "", Some(Severity::Critical), "none of 0 nodes"),
    ] {
        cluster.has(NODES, "Node", nodes);
        let found = cluster.nodes(more).await;
        assert_eq!(found.severity(), severity, "{part}: {found:#?}");
        assert!(found.message().contains(part), "{found:#?}");
        assert!(!format!("{found:?}").contains(SECRET));
        if let Some(Severity::Error | Severity::Critical) = severity {
            assert!(found.is_definite(), "{found:?}");
        }
    }
    let asked = cluster.api.asked();
    let token = asked[0].headers["authorization"].to_str().unwrap();
    assert_eq!(token, format!("Bearer {SECRET}"));
    assert!(asked[0].query.contains("limit=500"), "{}", asked[0].query);
}

#[tokio::test]
async fn a_node_that_is_gone_is_missed_by_who_knows_the_number() {
    let cluster = Cluster::start().await;
    let (check, setting) = configured(&cluster.lines(""));
    let mut probe = probe(&check.kind, &setting).unwrap();
    cluster.has(NODES, "Node", vec![node("n1", &[READY]), node("n9", &[READY])]);
    let found = look(&mut *probe).await;
    assert_well(&found);
    assert_eq!(
        (&facts(&found)["readyNodes"], &facts(&found)["cordonedNodes"]),
        (&json!(2), &json!(1))
    );
    cluster.has(NODES, "Node", vec![node("n1", &[READY])]);
    assert_well(&look(&mut *probe).await);
    let found = cluster.nodes("expect = 2").await;
    assert_found(&found, Severity::Error, "1 of 2 nodes are ready; the others are gone");
}

#[tokio::test]
async fn answers_that_are_none_are_findings() {
    let cluster = Cluster::start().await;
    for (answer, severity, part) in [
        (Answer::status(403, "Forbidden"), Severity::Error, "does not let lookout list nodes"),
        (Answer::status(401, "Unauthorized"), Severity::Error, "does not know lookout"),
        (Answer::status(404, "NotFound"), Severity::Error, "status 404"),
        (Answer::Body(200, "<html>".to_owned()), Severity::Critical, "the API server"),
        (Answer::Body(200, "{\"items\": 7}".to_owned()), Severity::Critical, "the API server"),
        (Answer::Half("{\"items\": [".to_owned()), Severity::Critical, "the API server"),
    ] {
        cluster.api.answers("GET", NODES, answer.clone());
        let found = cluster.nodes("").await;
        assert_found(&found, severity, part);
        assert!(!format!("{found:?}").contains(SECRET));
    }
    cluster.api.answers("GET", NODES, Answer::Silence);
    let (check, setting) = configured(&cluster.lines("timeout = \"200ms\""));
    let mut probe = probe(&check.kind, &setting).unwrap();
    let found = lookout::probe::look(&mut *probe, &check).await;
    assert_found(&found, Severity::Critical, "no answer within 200ms");
    let lines = cluster.lines("");
    drop(cluster.api);
    let (check, setting) = configured(&lines);
    let found = look(&mut *lookout::probe::kind::probe(&check.kind, &setting).unwrap()).await;
    assert_found(&found, Severity::Critical, "refused");
}

fn pod(name: &str, service: &str, ready: bool, container: Value) -> Value {
    let mut one =
        json!({"name": "c", "image": "i", "imageID": "", "ready": ready, "restartCount": 0});
    one.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let status = if ready { "True" } else { "False" };
    json!({"metadata": {"name": name, "namespace": "shop", "labels": {"app": service}, "resourceVersion": "11"},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status}],
            "containerStatuses": [one]}})
}

fn up(name: &str, service: &str) -> Value {
    pod(name, service, true, json!({"state": {"running": {}}}))
}

fn waiting(name: &str, service: &str, reason: &str, last: Option<&str>) -> Value {
    let last = last.map(|reason| json!({"terminated": {"exitCode": 137, "reason": reason}}));
    pod(
        name,
        service,
        false,
        json!({"restartCount": 4, "state": {"waiting": {"reason": reason}}, "lastState": last.unwrap_or(json!({}))}),
    )
}

fn deployment(service: &str, replicas: u32) -> Value {
    json!({"metadata": {"name": service, "namespace": "shop", "labels": {"app": service}, "resourceVersion": "11"},
        "spec": {"replicas": replicas, "selector": {}, "template": {}}})
}

/// Waits for a report on a service that is as wanted.
async fn told(
    reports: &mut Receiver<Replicated>,
    service: &str,
    [running, ready, total]: [u32; 3],
    cause: Option<Cause>,
) -> Counts {
    let mut last = None;
    let found = async {
        loop {
            let it = reports.recv().await.expect("a watch");
            if &*it.service != service {
                continue;
            }
            let counts = it.counts;
            if ([counts.running, counts.ready, counts.total], counts.cause)
                == ([running, ready, total], cause)
            {
                return counts;
            }
            last = Some(counts);
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), found).await {
        Ok(counts) => counts,
        Err(_) => {
            panic!("{service}: {running}/{ready}/{total} {cause:?} is never told, but {last:?}")
        }
    }
}

#[tokio::test]
async fn replicas_are_told_as_they_change() {
    let cluster = Cluster::start().await;
    let one = "user-management-1";
    let users = "UserManagement";
    cluster.has(
        PODS,
        "Pod",
        vec![
            up(one, "user-management"),
            up("user-management-2", "user-management"),
            up("billing-1", "Billing"),
        ],
    );
    cluster.has(SETS[0], "Deployment", vec![deployment("user-management", 2)]);
    cluster.has(SETS[1], "StatefulSet", vec![]);
    cluster.has(SETS[2], "DaemonSet", vec![]);
    let (watcher, mut reports) = Watcher::new(&cluster.platforms());
    let watching = tokio::spawn(watcher.run());
    told(&mut reports, users, [2, 2, 2], None).await;
    told(&mut reports, "Billing", [1, 1, 1], None).await;
    // Nothing is polled: only what is told of is known.
    let lists =
        |api: &Api| api.asked().iter().filter(|it| !it.query.contains("watch=true")).count();
    assert_eq!(lists(&cluster.api), 4);

    let crash = waiting(one, "user-management", "CrashLoopBackOff", Some("Error"));
    cluster.api.tell(PODS, "MODIFIED", crash).await;
    let counts = told(&mut reports, users, [1, 1, 2], Some(Cause::RestartLoop)).await;
    assert_eq!(counts.restarts, 4);
    let killed = waiting(one, "user-management", "CrashLoopBackOff", Some("OOMKilled"));
    cluster.api.tell(PODS, "MODIFIED", killed).await;
    told(&mut reports, users, [1, 1, 2], Some(Cause::OutOfMemory)).await;
    let pulls = waiting(one, "user-management", "ImagePullBackOff", None);
    cluster.api.tell(PODS, "MODIFIED", pulls).await;
    told(&mut reports, users, [1, 1, 2], Some(Cause::ImagePull)).await;
    cluster.api.tell(PODS, "DELETED", up(one, "user-management")).await;
    told(&mut reports, users, [1, 1, 2], None).await;
    cluster.api.tell(SETS[0], "MODIFIED", deployment("user-management", 0)).await;
    cluster.api.tell(PODS, "DELETED", up("user-management-2", "user-management")).await;
    told(&mut reports, users, [0, 0, 0], None).await;

    // A watch that breaks off goes on; one that the cluster forgot begins anew with a list.
    cluster.api.break_off(PODS).await;
    cluster.api.tell(PODS, "ADDED", up("user-management-3", "user-management")).await;
    cluster.api.tell(SETS[0], "MODIFIED", deployment("user-management", 1)).await;
    told(&mut reports, users, [1, 1, 1], None).await;
    cluster.has(
        PODS,
        "Pod",
        vec![
            up("user-management-4", "user-management"),
            up("user-management-5", "user-management"),
        ],
    );
    let gone = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version", "reason": "Expired", "code": 410});
    cluster.api.tell(PODS, "ERROR", gone).await;
    // Those that are gone are told first.
    told(&mut reports, "Billing", [0, 0, 0], None).await;
    told(&mut reports, users, [2, 2, 1], None).await;
    watching.abort();
    assert!(cluster.api.asked().iter().all(|it| it.method == "GET"));
    assert!(cluster.api.asked()[0].query.contains("labelSelector=app"));
}

#[tokio::test]
async fn without_leave_for_workloads_what_is_there_is_what_should_be() {
    let cluster = Cluster::start().await;
    cluster.has(
        PODS,
        "Pod",
        vec![
            up("billing-1", "Billing"),
            waiting("billing-2", "Billing", "ContainerCreating", None),
        ],
    );
    for path in SETS {
        cluster.api.answers("GET", path, Answer::status(403, "Forbidden"));
    }
    let (watcher, mut reports) = Watcher::new(&cluster.platforms());
    let watching = tokio::spawn(watcher.run());
    told(&mut reports, "Billing", [1, 1, 2], None).await;
    watching.abort();
}

#[tokio::test]
async fn without_leave_for_pods_the_watch_ends_with_what_is_missing() {
    let cluster = Cluster::start().await;
    cluster.api.answers("GET", PODS, Answer::status(403, "Forbidden"));
    let (watcher, _reports) = Watcher::new(&cluster.platforms());
    let ended = tokio::time::timeout(Duration::from_secs(60), watcher.run()).await.unwrap();
    let why = format!("{:#}", ended.unwrap_err());
    assert!(why.contains("does not let lookout watch pods in namespace shop"), "{why}");
    assert!(!why.contains(SECRET));
    let why = lookout::probe::reach(&cluster.platforms()).await.unwrap_err().to_string();
    assert!(why.contains("needs the verbs list and watch on pods"), "{why}");
    cluster.has(PODS, "Pod", vec![up("billing-1", "Billing")]);
    let found = lookout::probe::reach(&cluster.platforms()).await.unwrap();
    assert_eq!(found, "1 pods in namespace shop have the label app");
}

#[tokio::test]
async fn a_workload_is_restarted_by_its_label() {
    let cluster = Cluster::start().await;
    let remedy = Remedy::new(&cluster.platforms());
    cluster.has(SETS[0], "Deployment", vec![deployment("user-management", 2)]);
    cluster.has(SETS[1], "StatefulSet", vec![]);
    cluster.has(SETS[2], "DaemonSet", vec![]);
    let one = format!("{}/user-management", SETS[0]);
    cluster.api.answers("PATCH", &one, Answer::json(deployment("user-management", 2)));
    let done = remedy.restart("UserManagement").await;
    assert_eq!(done.unwrap(), "deployment/user-management in namespace shop restarted");
    let patch = cluster.api.until_asked(|it| it.method == "PATCH").await;
    assert_eq!(patch.path, one);
    assert_eq!(patch.headers["content-type"], "application/merge-patch+json");
    let body: Value = serde_json::from_str(&patch.body).unwrap();
    let annotations = &body["spec"]["template"]["metadata"]["annotations"];
    assert!(annotations["kube.kubernetes.io/restartedAt"].is_string(), "{body}");
    let list = cluster.api.until_asked(|it| it.path == SETS[0]).await;
    assert!(list.query.contains("app%3Duser-management"), "{}", list.query);

    cluster.api.answers("PATCH", &one, Answer::status(403, "Forbidden"));
    let why = remedy.restart("UserManagement").await.unwrap_err();
    assert!(why.contains("needs the verbs list and patch on deployments"), "{why}");
    assert!(!why.contains(SECRET), "{why}");
    cluster.has(SETS[0], "Deployment", vec![]);
    let why = remedy.restart("Nobody").await.unwrap_err();
    assert!(why.ends_with("in namespace shop has the label app=Nobody"), "{why}");
}

//! What a check of kind `emqx` finds, against a stand-in for EMQX's REST API.

use crate::emqx_cluster::{Answer, Cluster, KEY, NODES, SECRET, alarm, alarms};
use crate::kit::{assert_found, assert_well, check, facts, look};
use lookout::observer::input::Severity;
use lookout::probe::Found;
use lookout::probe::kind::Probe;
use serde_json::{Value, json};

/// The lines of a check of a cluster at this address.
pub(crate) fn lines(url: &str, secret: &str, more: &str) -> String {
    format!("kind = \"emqx\"\nurl = \"{url}\"\nuser = \"{KEY}\"\npassword = \"{secret}\"\n{more}")
}

/// A check of a stand-in.
pub(crate) fn checking(cluster: &Cluster, more: &str) -> Box<dyn Probe> {
    check(&lines(&cluster.url, SECRET, more))
}

/// Holds that nothing of what was found tells a secret.
#[track_caller]
pub(crate) fn assert_discreet(found: &Found) {
    let all = format!("{found:?} {} {:?} {:?}", found.message(), found.details(), found.advice());
    // Nor `lookout:hunter2-emqx` as it goes over the wire.
    for secret in ["hunter2", "bG9va291dDpodW50ZXIy"] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[tokio::test]
async fn a_healthy_cluster_is_well_and_tells_of_itself() {
    let cluster = Cluster::start().await;
    let mut check = checking(&cluster, "");
    let found = look(&mut *check).await;
    assert_well(&found);
    assert_discreet(&found);
    let told = facts(&found);
    for (name, value) in [
        ("cluster", json!("emqxcl")),
        ("version", json!("5.8.9")),
        ("edition", json!("Opensource")),
        ("runningNodes", json!(3)),
        ("connections", json!(3612)),
        ("retainedMessages", json!(412)),
        ("receivedPerSecond", json!(812)),
        ("activeAlarms", json!(0)),
        ("lostToFullQueues", Value::Null),
        ("skipped", Value::Null),
    ] {
        assert_eq!(told[name], value, "{name} in {told}");
    }
    assert_eq!(told["nodes"][0]["usedMemoryShare"], json!(0.3025));
    assert_eq!(told["nodes"][2]["load1"], json!(0.62));
    assert_eq!(told["listeners"][0]["connections"], json!(201));
    assert_eq!(facts(&look(&mut *check).await)["lostToFullQueues"], json!(0));
    let asked = cluster.asked();
    assert_eq!(asked[0], "nodes");
    assert!(asked.contains(&"alarms?activated=true&page=1&limit=100".to_owned()), "{asked:?}");
}

/// Makes of the stand-in what EMQX 6 answers.
fn modernize(cluster: &Cluster) {
    cluster.edit("cluster", |body| body["description"] = json!("the cluster of the plant"));
    cluster.edit("nodes", |body| {
        for node in body.as_array_mut().unwrap() {
            node["version"] = json!("6.0.1");
            node["edition"] = json!("Enterprise");
            node["memory_used"] = json!(1_299_227_607_u64);
            node["memory_total"] = json!(4_294_967_296_u64);
            node["something_new"] = json!({"deep": [1, {"er": null}]});
        }
        body.as_array_mut().unwrap()[2].as_object_mut().unwrap().remove("load1");
    });
    cluster.edit("metrics", |body| {
        for node in body.as_array_mut().unwrap() {
            for name in ["quota_exceeded", "receive_maximum"] {
                node[format!("messages.dropped.{name}")] = json!(0);
            }
            node["actions.executed"] = json!(12);
        }
    });
    cluster.edit("monitor_current", |body| {
        body["license_quota"] = json!(25);
        body["sessions_hist_hwmark"] = json!({"peak_time": 1, "peak_value": 2, "current_value": 3});
    });
    cluster.edit("listeners", |body| {
        for listener in body.as_array_mut().unwrap() {
            for node in listener["node_status"].as_array_mut().unwrap() {
                *node = json!({"node": node["node"], "running": true, "current_connections": 67});
            }
        }
    });
}

#[tokio::test]
async fn version_six_is_read_as_well() {
    let cluster = Cluster::start().await;
    modernize(&cluster);
    let mut check = checking(&cluster, "expect = 3");
    let found = look(&mut *check).await;
    assert_well(&found);
    let told = facts(&found);
    assert_eq!(told["version"], json!("6.0.1"), "{told}");
    assert_eq!(told["nodes"][0]["usedMemoryShare"], json!(0.3025), "{told}");
    assert_eq!(told["expectedNodes"], json!(3), "{told}");
    for (name, said) in [
        (
            "messages.dropped.quota_exceeded",
            "7 messages refused, as their publishers exceed a quota",
        ),
        (
            "messages.dropped.receive_maximum",
            "7 messages refused, as their publishers have too many",
        ),
    ] {
        cluster.edit("metrics", |body| body[1][name] = json!(7));
        assert_found(&look(&mut *check).await, Severity::Warning, said);
    }
    cluster.edit("listeners", |body| body[1]["node_status"][2]["running"] = json!(false));
    let found = look(&mut *check).await;
    assert_found(
        &found,
        Severity::Error,
        "listener ssl:default (0.0.0.0:8883) does not run on emqx@emqx-2",
    );
}

/// A trouble: where it shows, how, and what is said of it.
type Case = (&'static str, fn(&mut Value), Severity, bool, &'static str);

const CASES: &[Case] = &[
    (
        "nodes",
        |it| it[2] = json!({"node": NODES[2], "node_status": "stopped", "role": "core"}),
        Severity::Error,
        true,
        "node emqx@emqx-2.emqx-headless.mq.svc.cluster.local is stopped",
    ),
    (
        "nodes",
        |it| {
            for node in it.as_array_mut().unwrap() {
                node["node_status"] = json!("stopped");
            }
        },
        Severity::Critical,
        true,
        "no node of the cluster runs",
    ),
    ("nodes", |it| *it = json!([]), Severity::Critical, true, "no node of the cluster runs"),
    (
        "nodes",
        |it| drop(it.as_array_mut().unwrap().remove(1)),
        Severity::Warning,
        false,
        "in the cluster, and not answering for itself: emqx@emqx-1",
    ),
    (
        "nodes",
        |it| it[0]["memory_used"] = json!("3.80G"),
        Severity::Warning,
        false,
        "emqx@emqx-0.emqx-headless.mq.svc.cluster.local uses 95 % of its memory (limit 90 %)",
    ),
    (
        "nodes",
        |it| it[0]["process_used"] = json!(2_000_000),
        Severity::Warning,
        false,
        "uses 95 % of its processes (limit 90 %)",
    ),
    (
        "nodes",
        |it| it[0]["max_fds"] = json!(1_250),
        Severity::Warning,
        false,
        "uses 96 % of its file descriptors (limit 90 %)",
    ),
    (
        "listeners",
        |it| it[0]["status"]["running"] = json!(false),
        Severity::Error,
        true,
        "listener tcp:default (0.0.0.0:1883) does not run",
    ),
    (
        "listeners",
        |it| {
            it[1]["status"]["running"] = json!("inconsistent");
            it[1]["node_status"][1]["status"]["running"] = json!(false);
        },
        Severity::Error,
        true,
        "listener ssl:default (0.0.0.0:8883) does not run on emqx@emqx-1",
    ),
    (
        "listeners",
        |it| *it = json!([{"id": "tcp:flat", "bind": 1883, "enabled": true, "running": false}]),
        Severity::Error,
        true,
        "listener tcp:flat does not run",
    ),
    (
        "listeners",
        |it| it[1]["status"]["max_connections"] = json!(210),
        Severity::Warning,
        false,
        "listener ssl:default (0.0.0.0:8883) has 96 % of its connections in use (201 of 210, limit 90 %)",
    ),
];

#[tokio::test]
async fn each_trouble_is_found_and_gone_again() {
    let cluster = Cluster::start().await;
    for (path, edit, severity, definite, said) in CASES {
        let mut before = Value::Null;
        cluster.edit(path, |body| {
            before = body.clone();
            edit(body);
        });
        let mut check = checking(&cluster, "");
        let found = look(&mut *check).await;
        assert_found(&found, *severity, said);
        assert_eq!(found.is_definite(), *definite, "{said}");
        assert!(!found.advice().is_empty(), "{said}");
        cluster.set(path, Answer::Body(before));
        assert_well(&look(&mut *check).await);
    }
}

#[tokio::test]
async fn a_listener_that_is_switched_off_need_not_run() {
    let cluster = Cluster::start().await;
    cluster.edit("listeners", |body| {
        body[0]["enable"] = json!(false);
        body[0]["status"]["running"] = json!(false);
    });
    assert_well(&look(&mut *checking(&cluster, "")).await);
}

#[tokio::test]
async fn a_node_that_vanishes_is_missed_by_name() {
    let cluster = Cluster::start().await;
    let mut check = checking(&cluster, "");
    assert_well(&look(&mut *check).await);
    let vanish = |index: usize| {
        cluster.edit("nodes", |body| drop(body.as_array_mut().unwrap().remove(index)));
        cluster.edit("cluster", |body| drop(body["nodes"].as_array_mut().unwrap().remove(index)));
    };
    vanish(1);
    let found = look(&mut *check).await;
    let said = format!("2 of 3 nodes run; gone: {}", NODES[1]);
    assert_found(&found, Severity::Error, &said);
    assert!(found.is_definite());
    // Who begins now knows no better, unless it is told.
    assert_well(&look(&mut *checking(&cluster, "")).await);
    assert_well(&look(&mut *checking(&cluster, "expect = 2")).await);
    let found = look(&mut *checking(&cluster, "expect = 3")).await;
    assert_found(&found, Severity::Error, "2 of 3 nodes run");
    vanish(1);
    let said = format!("1 of 3 nodes run; gone: {}, {}", NODES[1], NODES[2]);
    assert_found(&look(&mut *check).await, Severity::Error, &said);
}

#[tokio::test]
async fn lost_messages_are_told_once() {
    let cluster = Cluster::start().await;
    let mut check = checking(&cluster, "");
    let count = |name: &'static str, count: u64| {
        cluster.edit("metrics", |body| body[0][name] = json!(count));
    };
    count("delivery.dropped.queue_full", 40);
    assert_well(&look(&mut *check).await);
    count("delivery.dropped.queue_full", 41);
    let found = look(&mut *check).await;
    assert_found(&found, Severity::Warning, "1 message lost to full queues of slow subscribers");
    assert!(found.is_definite());
    assert_well(&look(&mut *check).await);
    count("delivery.dropped.queue_full", 3_041);
    let found = look(&mut *check).await;
    assert_found(
        &found,
        Severity::Warning,
        "3000 messages lost to full queues of slow subscribers",
    );
    assert_eq!(facts(&found)["lostToFullQueues"], json!(3_000));
    // A restart sets them to zero; what nobody wants and what expired is no loss.
    count("delivery.dropped.queue_full", 0);
    count("messages.dropped.no_subscribers", 1_118);
    count("delivery.dropped.expired", 5);
    let found = look(&mut *check).await;
    assert_well(&found);
    assert_eq!(facts(&found)["withoutSubscribers"], json!(1_000));
    assert_eq!(facts(&found)["expired"], json!(5));
    count("delivery.dropped.too_large", 2);
    let found = look(&mut *check).await;
    assert_found(&found, Severity::Warning, "2 messages not delivered, as they are larger");
}

#[tokio::test]
async fn alarms_weigh_as_they_should() {
    let cluster = Cluster::start().await;
    let mut check = checking(&cluster, "");
    for (name, message, details, severity, said) in [
        (
            "partition",
            "partition occurs at emqx-1",
            json!({"occurred": NODES[1]}),
            Severity::Critical,
            "the cluster is split: emqx@emqx-0.emqx-headless.mq.svc.cluster.local lost sight of emqx@emqx-1",
        ),
        (
            "high_cpu_usage",
            "92.11% cpu usage",
            json!({"usage": 92.11}),
            Severity::Warning,
            "92.11% cpu usage",
        ),
        (
            "high_system_memory_usage",
            "71% mem",
            json!({}),
            Severity::Warning,
            "high_system_memory_usage on emqx@",
        ),
        (
            "too_many_processes",
            "85% process usage",
            json!({}),
            Severity::Warning,
            "too_many_processes",
        ),
        ("runq_overload", "VM is overloaded", json!({}), Severity::Warning, "VM is overloaded"),
        (
            "conn_congestion/client-7",
            "connection congested",
            json!({}),
            Severity::Warning,
            "congested connections of clients on emqx@emqx-0.emqx-headless.mq.svc.cluster.local: 1",
        ),
        (
            "license_expiry",
            "License will be expired",
            json!({}),
            Severity::Warning,
            "license_expiry: License",
        ),
        (
            "action:http:x:connector:http:y",
            "resource down: timeout",
            json!({"resource_id": "action:http:x:connector:http:y", "reason": "resource_down"}),
            Severity::Error,
            "action:http:x:connector:http:y is down",
        ),
        (
            "moon_phase",
            "it is full",
            json!(null),
            Severity::Warning,
            "alarm moon_phase on emqx@emqx-0",
        ),
    ] {
        cluster.set("alarms", alarms(&[alarm(NODES[0], name, message, details)]));
        let found = look(&mut *check).await;
        assert_found(&found, severity, said);
        assert!(found.is_definite(), "{name}");
        assert_eq!(facts(&found)["alarms"][0]["name"], json!(name));
    }
    cluster.set("alarms", alarms(&[]));
    assert_well(&look(&mut *check).await);
}

#[tokio::test]
async fn a_storm_of_alarms_is_bounded() {
    let cluster = Cluster::start().await;
    let crowd = |of: &str| {
        let alarms = (0..100).map(|index| {
            alarm(NODES[0], &format!("{of}{index}"), &"long ".repeat(1_000), json!({}))
        });
        // The page after each is the same page: there is always another.
        let page = json!({"data": alarms.collect::<Vec<_>>(), "meta": {"hasnext": true}});
        cluster.set("alarms", Answer::Body(page));
    };
    let mut check = checking(&cluster, "");
    crowd("conn_congestion/");
    let found = look(&mut *check).await;
    assert_found(
        &found,
        Severity::Warning,
        "congested connections of clients on emqx@emqx-0.emqx-headless.mq.svc.cluster.local: 500",
    );
    let told = facts(&found);
    assert_eq!((&told["activeAlarms"], &told["moreAlarms"]), (&json!(500), &json!(true)));
    assert_eq!(told["alarms"].as_array().unwrap().len(), 20);
    crowd("x");
    let found = look(&mut *check).await;
    assert_eq!(found.severity(), Some(Severity::Warning));
    assert!(found.details().unwrap().len() < 20_000);
    assert!(format!("{found:?}").contains("80 more alarms are active"));
}

//! What a check of kind `mongodb` finds, against a stand-in that speaks MongoDB's protocol.

use crate::kit::{assert_found, assert_well, check, facts, look};
use crate::mongodb_standin::{Answer, Mongod, NOW, member};
use ::mongodb::bson::{Bson, DateTime, Document, doc};
use lookout::observer::input::Severity;
use lookout::probe::Found;
use lookout::probe::kind::Probe;
use serde_json::json;

pub(crate) const SECRET: &str = "hunter2-mongodb";

/// A check of a stand-in, without a login.
pub(crate) fn checking(mongod: &Mongod, more: &str) -> Box<dyn Probe> {
    checking_at(&format!("mongodb://127.0.0.1:{}", mongod.port), more)
}

pub(crate) fn checking_at(url: &str, more: &str) -> Box<dyn Probe> {
    // What is slow on a busy machine is not what is tested here.
    let slow = if more.contains("slow") { "" } else { "slow = \"20s\"" };
    check(&format!("kind = \"mongodb\"\nurl = \"{url}\"\n{slow}\n{more}"))
}

/// Holds that nothing of what was found tells a secret.
#[track_caller]
pub(crate) fn assert_discreet(found: &Found) {
    let all = format!("{found:?} {} {:?} {:?}", found.message(), found.details(), found.advice());
    assert!(!all.contains("hunter2"), "{all}");
}

fn members(status: &mut Document) -> &mut Vec<Bson> {
    status.get_array_mut("members").unwrap()
}

fn set(status: &mut Document, index: usize, name: &str, value: impl Into<Bson>) {
    members(status)[index].as_document_mut().unwrap().insert(name, value);
}

#[tokio::test]
async fn a_healthy_set_is_well_and_tells_of_itself() {
    let mongod = Mongod::start();
    let mut check = checking(&mongod, "expect = 3");
    let found = look(&mut *check).await;
    assert_well(&found);
    let told = facts(&found);
    for (name, value) in [
        ("role", json!("primary")),
        ("set", json!("rs0")),
        ("primary", json!("db0:27017")),
        ("members", json!(3)),
        ("expectedMembers", json!(3)),
        ("maxLagSeconds", json!(2.0)),
        ("version", json!("7.0.14")),
        ("connections", json!(12)),
        ("skipped", json!(null)),
    ] {
        assert_eq!(told[name], value, "{name} in {told}");
    }
    assert!(told["pingMs"].is_number(), "{told}");
    assert_eq!(
        told["memberStates"][2],
        json!({"name": "db2:27017", "state": "SECONDARY", "healthy": true})
    );
    assert_well(&look(&mut *check).await);
    // One connection to ask, one on which the driver watches, both of one client.
    let clients = mongod.clients();
    assert!(clients.len() <= 2, "{clients:?}");
    let name = clients[0].get_document("application").unwrap().get_str("name").unwrap();
    assert_eq!(name, "lookout");
}

#[tokio::test]
async fn other_roles_are_well_too() {
    let mongod = Mongod::start();
    let role = |name: &'static str| {
        mongod.edit("hello", |hello| {
            for it in ["isWritablePrimary", "ismaster", "secondary", "arbiterOnly"] {
                hello.insert(it, it == name);
            }
        });
    };
    role("secondary");
    let found = look(&mut *checking(&mongod, "")).await;
    assert_well(&found);
    assert_eq!(facts(&found)["role"], json!("secondary"));
    role("arbiterOnly");
    let found = look(&mut *checking(&mongod, "")).await;
    assert_well(&found);
    assert_eq!(facts(&found)["role"], json!("arbiter"));
    role("ismaster");
    mongod.alone();
    let found = look(&mut *checking(&mongod, "")).await;
    assert_well(&found);
    assert_eq!(facts(&found)["role"], json!("standalone"));
    assert_well(&look(&mut *checking(&mongod, "expect = 1")).await);
    let found = look(&mut *checking(&mongod, "expect = 3")).await;
    assert_found(
        &found,
        Severity::Error,
        "it runs on its own, and not in a replica set of 3 members",
    );
    mongod.edit("hello", |hello| drop(hello.insert("msg", "isdbgrid")));
    let asked = mongod.count("replSetGetStatus");
    let found = look(&mut *checking(&mongod, "")).await;
    assert_well(&found);
    assert_eq!(facts(&found)["role"], json!("mongos"));
    assert_eq!(mongod.count("replSetGetStatus"), asked, "a router has no set");
}

#[tokio::test]
async fn unknown_members_and_other_types_of_numbers_are_no_matter() {
    let mongod = Mongod::start();
    mongod.edit("hello", |hello| {
        drop(hello.insert("newest", doc! {"deep": [1, {"er": Bson::Null}]}))
    });
    mongod.edit("replSetGetStatus", |status| {
        status.insert("votingMembersCount", 3_i64);
        status.insert("majorityVoteCount", 2.0);
        status.insert("initialSyncStatus", doc! {"totalInitialSyncElapsedMillis": 5});
        set(status, 1, "health", 1_i64);
        set(status, 1, "state", 2.0);
        set(status, 1, "tags", doc! {"dc": "east"});
        members(status).push(Bson::Int32(7));
    });
    mongod.edit("serverStatus", |status| {
        status.insert("connections", doc! {"current": 1_i64, "available": 99.0, "rejected": 0});
    });
    let found = look(&mut *checking(&mongod, "")).await;
    assert_well(&found);
    assert_eq!(facts(&found)["usedConnectionsShare"], json!(0.01));
    mongod.set("serverStatus", Answer::Document(doc! {"connections": "many"}));
    assert_well(&look(&mut *checking(&mongod, "")).await);
}

/// A trouble: of which answer, how it comes about, and what is said of it.
type Case = (&'static str, fn(&mut Document), Severity, bool, &'static str);

const CASES: &[Case] = &[
    (
        "replSetGetStatus",
        |it| {
            set(it, 0, "state", 2);
            set(it, 0, "stateStr", "SECONDARY");
        },
        Severity::Critical,
        true,
        "the replica set has no primary",
    ),
    (
        "replSetGetStatus",
        |it| {
            for index in [1, 2] {
                set(it, index, "health", 0.0);
                set(it, index, "state", 8);
                set(it, index, "stateStr", "(not reachable/healthy)");
            }
        },
        Severity::Critical,
        true,
        "only 1 of 3 voting members are well, and 2 must be; members are down: db1:27017 (not reachable/healthy), db2",
    ),
    (
        "replSetGetStatus",
        |it| {
            set(it, 2, "health", 0.0);
            set(it, 2, "state", 8);
        },
        Severity::Error,
        true,
        "members are down: db2:27017",
    ),
    (
        "replSetGetStatus",
        |it| {
            set(it, 1, "state", 9);
            set(it, 1, "stateStr", "ROLLBACK");
        },
        Severity::Error,
        true,
        "members are down: db1:27017 (ROLLBACK)",
    ),
    (
        "replSetGetStatus",
        |it| {
            set(it, 1, "state", 10);
            set(it, 1, "stateStr", "REMOVED");
        },
        Severity::Error,
        true,
        "members are down: db1:27017 (REMOVED)",
    ),
    (
        "replSetGetStatus",
        |it| {
            set(it, 1, "state", 3);
            set(it, 1, "stateStr", "RECOVERING");
            set(it, 2, "state", 5);
            set(it, 2, "stateStr", "STARTUP2");
        },
        Severity::Warning,
        false,
        "members are not ready: db1:27017 (RECOVERING), db2:27017 (STARTUP2)",
    ),
    (
        "replSetGetStatus",
        |it| set(it, 2, "optimeDate", DateTime::from_millis(NOW - 31_000)),
        Severity::Warning,
        false,
        "secondaries are behind: db2:27017 by 31s (limit 30s)",
    ),
    (
        "replSetGetStatus",
        |it| *members(it) = Vec::new(),
        Severity::Critical,
        true,
        "the replica set has no primary",
    ),
    (
        "serverStatus",
        |it| {
            it.insert("connections", doc! {"current": 95, "available": 5});
        },
        Severity::Warning,
        false,
        "95 % of the connections are in use (95 of 100, limit 90 %)",
    ),
];

#[tokio::test]
async fn each_trouble_is_found_and_gone_again() {
    let mongod = Mongod::start();
    for (command, edit, severity, definite, said) in CASES {
        let mut before = Document::new();
        mongod.edit(command, |document| {
            before = document.clone();
            edit(document);
        });
        let mut check = checking(&mongod, "");
        let found = look(&mut *check).await;
        assert_found(&found, *severity, said);
        assert_eq!(found.is_definite(), *definite, "{said}");
        assert!(!found.advice().is_empty(), "{said}");
        mongod.set(command, Answer::Document(before));
        assert_well(&look(&mut *check).await);
    }
}

#[tokio::test]
async fn fewer_members_than_wanted_or_seen_are_too_few() {
    let mongod = Mongod::start();
    let mut check = checking(&mongod, "");
    assert_well(&look(&mut *check).await);
    mongod.edit("replSetGetStatus", |status| {
        members(status).truncate(2);
        status.insert("votingMembersCount", 2);
    });
    let found = look(&mut *check).await;
    assert_found(&found, Severity::Error, "the replica set has 2 of 3 members");
    assert!(found.is_definite());
    assert_well(&look(&mut *checking(&mongod, "")).await);
    assert_well(&look(&mut *checking(&mongod, "expect = 2")).await);
    let found = look(&mut *checking(&mongod, "expect = 5")).await;
    assert_found(&found, Severity::Error, "the replica set has 2 of 5 members");
    mongod
        .edit("replSetGetStatus", |status| members(status).push(member(2, 2, "SECONDARY").into()));
    assert_well(&look(&mut *check).await);
}

#[tokio::test]
async fn refusals_of_the_set_mean_what_they_say() {
    let mongod = Mongod::start();
    for (code, name, severity, said) in [
        (94, "NotYetInitialized", Severity::Critical, "has not been initialized"),
        (93, "InvalidReplicaSetConfig", Severity::Error, "no member of its replica set"),
        (8, "UnknownError", Severity::Warning, "replSetGetStatus fails with code 8: for a reason"),
    ] {
        mongod.set("replSetGetStatus", Answer::Refusal(code, name, "for a reason".to_owned()));
        assert_found(&look(&mut *checking(&mongod, "")).await, severity, said);
    }
}

#[tokio::test]
async fn a_slow_answer_is_a_warning() {
    let mongod = Mongod::start();
    mongod.set("ping", Answer::Late(doc! {}, std::time::Duration::from_millis(60)));
    let found = look(&mut *checking(&mongod, "slow = \"50ms\"")).await;
    assert_found(&found, Severity::Warning, "to answer a ping (limit 50ms)");
    assert!(facts(&found)["pingMs"].as_f64().unwrap() >= 60.0);
    assert_well(&look(&mut *checking(&mongod, "slow = \"20s\"")).await);
}

#[tokio::test]
async fn a_missing_right_is_said_with_the_command_that_gives_it() {
    let mongod = Mongod::start();
    mongod.let_in("lookout", SECRET, "admin");
    let unseen = "replSetGetStatus and serverStatus";
    let found = look(&mut *checking(&mongod, "")).await;
    assert_found(&found, Severity::Warning, &format!("nobody may run {unseen} without `user`"));
    assert!(
        found.advice()[0].contains("createUser({user: \"lookout\", pwd: passwordPrompt()"),
        "{found:?}"
    );
    let entered = format!("user = \"lookout\"\npassword = \"{SECRET}\"");
    assert_well(&look(&mut *checking(&mongod, &entered)).await);
    for command in ["replSetGetStatus", "serverStatus"] {
        mongod.set(
            command,
            Answer::Refusal(13, "Unauthorized", "not authorized on admin".to_owned()),
        );
    }
    let found = look(&mut *checking(&mongod, &entered)).await;
    assert_found(
        &found,
        Severity::Warning,
        &format!("`user` may not run {unseen}: it needs the role clusterMonitor"),
    );
    let grant = "grantRolesToUser(\"lookout\", [{role: \"clusterMonitor\", db: \"admin\"}])";
    assert!(found.advice()[0].contains(grant), "{found:?}");
    assert_discreet(&found);
    // What the member says of itself still counts.
    mongod.edit("hello", |hello| {
        hello.insert("isWritablePrimary", false);
        hello.insert("ismaster", false);
        hello.insert("secondary", true);
        hello.remove("primary");
    });
    let found = look(&mut *checking(&mongod, &entered)).await;
    assert_found(&found, Severity::Critical, "the replica set has no primary; `user` may not run");
    mongod.edit("hello", |hello| drop(hello.insert("secondary", false)));
    let found = look(&mut *checking(&mongod, &entered)).await;
    assert_found(&found, Severity::Warning, "neither primary nor secondary (recovering)");
}

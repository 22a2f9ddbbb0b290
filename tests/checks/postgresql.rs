//! A real PostgreSQL with a streaming replica, in health and in trouble.

use crate::kit::{assert_found, assert_well, check, facts, look, until};
use crate::postgresql::Postgresql;
use lookout::observer::input::Severity;
use lookout::probe::Found;

const SECRET: &str = "hunter2-of-postgresql";

fn lines(port: u16, more: &str) -> String {
    format!(
        "kind = \"postgresql\"\nurl = \"postgresql://postgres@127.0.0.1:{port}/postgres\"\n\
         password = \"{SECRET}\"\n{more}"
    )
}

/// One that nothing but a real trouble bothers on a busy machine.
fn calm(port: u16, more: &str) -> String {
    lines(port, &format!("slow = \"1m\"\n{more}"))
}

#[track_caller]
fn assert_secret(found: &Found) {
    let all = format!("{found:?} {} {:?} {:?}", found.message(), found.details(), found.advice());
    assert!(!all.contains(SECRET), "{all}");
}

#[tokio::test]
async fn a_primary_is_well_with_its_replica_and_misses_it_by_name() {
    let primary = Postgresql::start("");
    let replica = primary.replica("replica1");
    let mut probe = check(&calm(primary.port(), "replicas = [\"replica1\"]"));
    let found = until(&mut *probe, Found::is_well).await;
    let told = facts(&found);
    assert_eq!(told["role"], "primary");
    assert_eq!(told["replicas"][0]["name"], "replica1");
    assert_eq!(told["replicas"][0]["state"], "streaming");
    assert_eq!(told["maxConnections"], 9.0, "12 less those reserved");
    assert!(told["databaseBytes"].as_f64() > Some(1e6), "{told}");
    assert!(told["version"].as_str().is_some_and(|version| version.contains('.')), "{told}");

    let mut other = check(&calm(replica.port(), ""));
    let found = until(&mut *other, Found::is_well).await;
    let told = facts(&found);
    assert_eq!((&told["role"], &told["receiver"]), (&"replica".into(), &"streaming".into()));

    // Its primary goes: what it has becomes old.
    primary.kill();
    let found = until(&mut *other, |found| !found.is_well()).await;
    assert_found(&found, Severity::Error, "receives nothing from its primary");
    primary.restart();
    until(&mut *other, Found::is_well).await;
    until(&mut *probe, Found::is_well).await;

    // It stops: it leaves no trace but its idle slot.
    replica.kill();
    let found = until(&mut *probe, |found| !found.is_well()).await;
    assert_found(&found, Severity::Error, "replica replica1 does not stream");
    assert!(found.is_definite());
    assert_eq!(facts(&found)["inactiveSlots"][0], "replica1");
    assert_secret(&found);
    replica.restart();
    until(&mut *probe, Found::is_well).await;
    let found =
        look(&mut *check(&calm(primary.port(), "replicas = [\"replica1\", \"other\"]"))).await;
    assert_found(&found, Severity::Error, "replica other does not stream");
}

#[tokio::test]
async fn a_replica_that_does_not_replay_is_behind_in_bytes_and_time() {
    let primary = Postgresql::start("");
    let replica = primary.replica("replica1");
    let mut probe = check(&calm(primary.port(), "max_lag_bytes = 100000"));
    let mut there = check(&calm(replica.port(), "max_lag_bytes = 100000"));
    until(&mut *probe, Found::is_well).await;
    // One that has replayed nothing yet does not know how old what it has is.
    primary.sql("create table before ()");
    let replayed = |_: &Found| replica.sql("select to_regclass('before') is not null") == "t";
    until(&mut *there, replayed).await;
    replica.sql("select pg_wal_replay_pause()");
    primary.sql("create table t as select generate_series(1, 20000) as n");
    let found = until(&mut *probe, |found| !found.is_well()).await;
    assert_found(&found, Severity::Warning, "replica replica1 is behind by");
    assert!(facts(&found)["replicas"][0]["lagBytes"].as_f64() > Some(100_000.0), "{found:?}");
    let found = until(&mut *there, |found| !found.is_well()).await;
    assert_found(&found, Severity::Warning, "is behind by");
    assert_eq!(facts(&found)["replayPaused"], true);
    // The same by time; the bytes are fewer than a gigabyte.
    let mut slow = check(&calm(replica.port(), "max_lag = \"1s\""));
    let found = until(&mut *slow, |found| !found.is_well()).await;
    assert!(found.message().contains("(limit 1s)"), "{found:?}");
    replica.sql("select pg_wal_replay_resume()");
    for probe in [&mut probe, &mut there, &mut slow] {
        until(&mut **probe, Found::is_well).await;
    }
}

#[tokio::test]
async fn connections_run_out() {
    let primary = Postgresql::start("");
    primary.sql(
        "create role lookout login password 'hunter2-of-postgresql'; grant pg_monitor to lookout",
    );
    let mut lines = calm(primary.port(), "max_connections = 0.9");
    lines = lines.replace("postgres@", "lookout@");
    let mut kept = check(&lines);
    assert_well(&look(&mut *kept).await);
    // Nine for everybody, of which lookout holds one; the superuser takes the reserved ones too.
    let sessions: Vec<_> = (0..11).map(|_| primary.session("select 1;")).collect();
    assert!(sessions.iter().all(|session| session.is_in));
    let found = look(&mut *kept).await;
    assert_found(&found, Severity::Warning, "of 9 connections are in use (limit 90 %)");
    let found = look(&mut *check(&lines)).await;
    assert_found(&found, Severity::Critical, "no connection is free");
    assert!(found.is_definite());
    assert_secret(&found);
    drop(sessions);
    until(&mut *kept, Found::is_well).await;
}

#[tokio::test]
async fn who_may_not_look_is_told_what_is_missing() {
    let primary = Postgresql::start("");
    let _replica = primary.replica("replica1");
    primary.sql("create role lookout login password 'hunter2-of-postgresql'");
    let lines = calm(primary.port(), "").replace("postgres@", "lookout@");
    let found = look(&mut *check(&lines)).await;
    assert_found(&found, Severity::Warning, "lookout may not see the state of replicas");
    assert_eq!(found.advice(), ["grant pg_monitor to \"lookout\";"]);
    primary.sql("grant pg_monitor to lookout");
    until(&mut *check(&lines), Found::is_well).await;

    let wrong = lines.replace(SECRET, "hunter2-that-is-wrong");
    let found = look(&mut *check(&wrong)).await;
    assert_found(&found, Severity::Error, "does not let lookout in");
    assert!(found.is_definite() && !format!("{found:?}").contains("hunter2"), "{found:?}");
    let none = lines.replace(&format!("password = \"{SECRET}\"\n"), "");
    let found = look(&mut *check(&none)).await;
    assert_found(&found, Severity::Error, "asks for a password");
    let elsewhere = lines.replace("/postgres\"", "/nothing\"");
    let found = look(&mut *check(&elsewhere)).await;
    assert_found(&found, Severity::Error, "\"nothing\" does not exist");
    let encrypted = lines.replace("/postgres\"", "/postgres?sslmode=require\"");
    let found = look(&mut *check(&encrypted)).await;
    assert_found(&found, Severity::Critical, "TLS");
    assert_secret(&found);
}

#[tokio::test]
async fn a_transaction_lasts_too_long_and_the_server_goes() {
    let primary = Postgresql::start("");
    let lines = calm(primary.port(), "max_transaction = \"1s\"");
    let mut probe = check(&lines);
    assert_well(&look(&mut *probe).await);
    let session = primary.session("set application_name = 'billing'; begin; select 1;");
    let found = until(&mut *probe, |found| !found.is_well()).await;
    assert_found(&found, Severity::Warning, "a transaction of \"billing\" (idle in transaction)");
    drop(session);
    until(&mut *probe, Found::is_well).await;

    primary.kill();
    let found = look(&mut *probe).await;
    assert_found(&found, Severity::Critical, "refused");
    assert_secret(&found);
    primary.restart();
    until(&mut *probe, Found::is_well).await;
    // A restart between two looks is none of lookout's business.
    primary.kill();
    primary.restart();
    assert_well(&look(&mut *probe).await);
    let found = look(&mut *check(&self::lines(primary.port(), "slow = \"1ms\""))).await;
    assert!(found.severity() <= Some(Severity::Warning), "{found:?}");
}

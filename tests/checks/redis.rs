//! A real Redis, in health and in trouble.

use crate::authority::Authority;
use crate::kit::{assert_found, assert_well, check, facts, look, until};
use crate::redis::Redis;
use lookout::observer::input::Severity;
use lookout::probe::Found;
use std::process::Command;

const SECRET: &str = "hunter2-of-redis";

/// One that nothing but a real trouble bothers on a busy machine.
fn lines(port: u16, more: &str) -> String {
    format!("kind = \"redis\"\nurl = \"redis://127.0.0.1:{port}\"\nslow = \"1m\"\n{more}")
}

#[track_caller]
fn assert_secret(found: &Found) {
    let all = format!("{found:?} {} {:?} {:?}", found.message(), found.details(), found.advice());
    assert!(!all.contains("hunter2"), "{all}");
}

#[tokio::test]
async fn a_primary_misses_its_replica_and_a_replica_its_primary() {
    let mut primary = Redis::start(&[]);
    let port = primary.port().to_string();
    let mut replica = Redis::start(&["--replicaof", "127.0.0.1", &port]);
    let mut probe = check(&lines(primary.port(), "expect = 1"));
    let mut learns = check(&lines(primary.port(), ""));
    let mut there = check(&lines(replica.port(), ""));
    let online = |found: &Found| facts(found)["replicas"][0]["state"] == "online";
    let found = until(&mut *probe, online).await;
    assert_well(&found);
    assert_eq!(facts(&found)["role"], "primary");
    until(&mut *learns, online).await;
    let found = until(&mut *there, Found::is_well).await;
    assert_eq!(facts(&found)["primary"], format!("127.0.0.1:{port}"));

    replica.kill();
    for probe in [&mut probe, &mut learns] {
        let found = until(&mut **probe, |found| !found.is_well()).await;
        assert_found(&found, Severity::Error, "0 of 1 replicas are connected");
        assert!(found.is_definite());
    }
    let found = look(&mut *there).await;
    assert_found(&found, Severity::Critical, "refused");
    replica.restart();
    until(&mut *probe, Found::is_well).await;
    until(&mut *there, Found::is_well).await;

    primary.kill();
    let found = until(&mut *there, |found| !found.is_well()).await;
    assert_found(&found, Severity::Error, "has no link to its primary");
    primary.restart();
    until(&mut *there, Found::is_well).await;
    // It was away between two looks, and is there again.
    until(&mut *probe, Found::is_well).await;
}

#[tokio::test]
async fn a_replica_that_is_behind_is_a_warning() {
    let primary = Redis::start(&["--repl-timeout", "600"]);
    let port = primary.port().to_string();
    let replica = Redis::start(&["--replicaof", "127.0.0.1", &port, "--repl-timeout", "600"]);
    let mut probe = check(&lines(primary.port(), "max_lag_bytes = 10000\nmax_lag = \"10m\""));
    until(&mut *probe, |found| facts(found)["replicas"][0]["state"] == "online").await;
    let stop = |signal: &str| {
        let done = Command::new("kill").args([signal, &replica.id().to_string()]).status();
        assert!(done.unwrap().success());
    };
    stop("-STOP");
    primary.ask(&["SET", "key", &"x".repeat(50_000)]);
    let found = until(&mut *probe, |found| !found.is_well()).await;
    assert_found(&found, Severity::Warning, "bytes (limit 10000)");
    let mut quiet = check(&lines(primary.port(), "max_lag = \"1s\""));
    let found = until(&mut *quiet, |found| !found.is_well()).await;
    assert_found(&found, Severity::Warning, "(limit 1s)");
    stop("-CONT");
    until(&mut *probe, Found::is_well).await;
}

#[tokio::test]
async fn memory_runs_out() {
    let redis = Redis::start(&["--maxmemory", "10mb", "--maxmemory-policy", "noeviction"]);
    let lines = lines(redis.port(), "");
    assert_well(&look(&mut *check(&lines)).await);
    for key in 0..20 {
        redis.ask(&["SET", &format!("key {key}"), &"x".repeat(100_000)]);
    }
    let mut probe = check(&lines);
    let used = facts(&look(&mut *probe).await)["usedMemoryBytes"].as_f64().unwrap();
    let set = |share: f64| {
        let limit = format!("{:.0}", used / share);
        assert_eq!(redis.ask(&["CONFIG", "SET", "maxmemory", &limit]), "OK");
    };
    set(0.95);
    let found = look(&mut *probe).await;
    assert_found(&found, Severity::Warning, "of maxmemory is in use (limit 90 %)");
    set(1.5);
    let found = look(&mut *probe).await;
    assert_found(&found, Severity::Error, "writes are refused");
    assert!(found.is_definite());
    assert!(redis.ask(&["SET", "more", "x"]).contains("OOM"), "they are");
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    until(&mut *probe, |found| found.severity() < Some(Severity::Error)).await;
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_well(&look(&mut *probe).await);
}

#[tokio::test]
async fn a_cluster_loses_slots() {
    let redis = Redis::start(&["--cluster-enabled", "yes", "--cluster-node-timeout", "500"]);
    let mut probe = check(&lines(redis.port(), ""));
    redis.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let found = until(&mut *probe, Found::is_well).await;
    assert_eq!(facts(&found)["clusterState"], "ok");
    redis.ask(&["CLUSTER", "DELSLOTSRANGE", "0", "99"]);
    let found = until(&mut *probe, |found| !found.is_well()).await;
    assert_found(
        &found,
        Severity::Critical,
        "100 of 16384 slots of the cluster are served by nobody",
    );
    assert!(found.is_definite());
    redis.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "99"]);
    until(&mut *probe, Found::is_well).await;
}

#[tokio::test]
async fn what_is_written_is_not_kept() {
    let redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut probe = check(&lines(redis.port(), ""));
    until(&mut *probe, Found::is_well).await;
    // As on a disk that is full: no file of it may grow any further.
    let limit = |bytes: &str| {
        let id = redis.id().to_string();
        let done =
            Command::new("prlimit").args(["--pid", &id, &format!("--fsize={bytes}")]).status();
        assert!(done.unwrap().success());
    };
    redis.ask(&["SET", "key", &"x".repeat(5_000)]);
    limit("10:unlimited");
    redis.ask(&["BGSAVE"]);
    let found = until(&mut *probe, |found| !found.is_well()).await;
    assert_found(&found, Severity::Error, "the last snapshot could not be written");
    limit("unlimited:unlimited");
    redis.ask(&["BGSAVE"]);
    until(&mut *probe, Found::is_well).await;

    limit("1000:unlimited");
    redis.ask(&["CONFIG", "SET", "appendfsync", "everysec"]);
    redis.ask(&["SET", "key", &"x".repeat(5_000)]);
    let found = until(&mut *probe, |found| !found.is_well()).await;
    assert_found(&found, Severity::Error, "the append-only file could not be written");
    limit("unlimited:unlimited");
    until(&mut *probe, Found::is_well).await;
}

#[tokio::test]
async fn who_may_look_and_who_may_not() {
    let redis = Redis::start(&["--requirepass", SECRET]);
    let bare = lines(redis.port(), "");
    let with = |more: &str| check(&format!("{bare}{more}"));
    let found = look(&mut *with("")).await;
    assert_found(&found, Severity::Error, "asks for a password");
    assert!(found.is_definite());
    let found = look(&mut *with("password = \"hunter2-that-is-wrong\"")).await;
    assert_found(&found, Severity::Error, "refuses user and password");
    assert_secret(&found);
    let found = look(&mut *with(&format!("password = \"{SECRET}\""))).await;
    assert_well(&found);
    assert_secret(&found);
    let cli =
        |command: &[&str]| redis.ask(&[&["-a", SECRET, "--no-auth-warning"], command].concat());
    // The rights that the advice names, and those without one of them.
    let all = ["+ping", "+info", "+cluster|info"];
    let own = format!(">{SECRET}");
    let mut command = vec!["ACL", "SETUSER", "lookout", "on", &own, "-@all"];
    command.extend(all);
    assert_eq!(cli(&command), "OK");
    let lookout = format!("user = \"lookout\"\npassword = \"{SECRET}\"");
    assert_well(&look(&mut *with(&lookout)).await);
    assert_eq!(cli(&["ACL", "SETUSER", "lookout", "-info"]), "OK");
    let found = look(&mut *with(&lookout)).await;
    assert_found(&found, Severity::Error, "does not let lookout look");
    assert!(found.advice().iter().any(|line| line.contains("+ping +info +cluster|info")));
    assert_secret(&found);
}

#[tokio::test]
async fn clients_run_out_and_are_refused() {
    let redis = Redis::start(&["--maxclients", "5"]);
    let mut probe = check(&lines(redis.port(), ""));
    assert_well(&look(&mut *probe).await);
    let others: Vec<_> = (0..8)
        .map(|_| std::net::TcpStream::connect(("127.0.0.1", redis.port())).unwrap())
        .collect();
    let found = until(&mut *probe, |found| found.severity() == Some(Severity::Error)).await;
    assert!(found.message().contains("connections were refused"), "{found:?}");
    assert!(found.message().contains("5 of 5 clients are connected (limit 90 %)"), "{found:?}");
    drop(others);
    until(&mut *probe, Found::is_well).await;
}

#[tokio::test]
async fn a_way_with_tls_is_verified() {
    let authority = Authority::new();
    let port = crate::mosquitto::free_port().to_string();
    let (cert, key) = (authority.path("broker"), authority.path("broker.key"));
    let ca = authority.path("ca");
    let _redis = Redis::start(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ]);
    let at = format!("kind = \"redis\"\nurl = \"rediss://localhost:{port}\"\nslow = \"1m\"\n");
    assert_well(&look(&mut *check(&format!("{at}ca_file = {ca:?}"))).await);
    // Nobody else vouches for it.
    let found = look(&mut *check(&at)).await;
    assert_found(&found, Severity::Critical, "certificate");
}

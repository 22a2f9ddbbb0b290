//! `lookout doctor` from outside: a real broker and a real database, then without them.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/alertmanager.rs"]
mod alertmanager;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/postgresql.rs"]
mod postgresql;

use alertmanager::Alertmanager;
use mosquitto::{Mosquitto, Setup, free_port};
use postgresql::Postgresql;
use std::process::Command;

const SECRET: &str = "hunter2-of-the-doctor";

/// Runs the command on a file; its exit code and both of its outputs.
fn doctor(config: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lookout.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOOKOUT_") {
            command.env_remove(name);
        }
    }
    let output = command.arg("doctor").arg("--config").arg(&file).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains(SECRET), "{said}");
    (output.status.code(), said)
}

fn config(broker: u16, database: u16, more: &str) -> String {
    format!(
        "[broker]\nurl = \"mqtt://lookout:{SECRET}@127.0.0.1:{broker}\"\n[http]\nlisten = \"off\"\n\
         [[check]]\nname = \"orders_db\"\nkind = \"postgresql\"\ncritical = true\nslow = \"1m\"\n\
         url = \"postgresql://postgres:{SECRET}@127.0.0.1:{database}/postgres\"\n\
         [[check]]\nname = \"way\"\nkind = \"loopback\"\nslow = \"1m\"\n{more}"
    )
}

/// Holds that a line begins with a mark and a thing, and says something of it.
#[track_caller]
fn assert_line(said: &str, mark: &str, thing: &str, part: &str) {
    let begins = format!("{mark}  {thing}");
    let line = said.lines().find(|line| line.trim_end().starts_with(&begins));
    assert!(line.is_some_and(|line| line.contains(part)), "{begins:?} with {part:?} in\n{said}");
}

#[test]
fn everything_works_and_then_it_does_not() {
    let setup =
        Setup { users: &[("lookout", SECRET)], lines: "sys_interval 1", ..Setup::default() };
    let mosquitto = Mosquitto::with(&setup);
    let database = Postgresql::start("");
    let broker = "[[check]]\nname = \"broker\"\nkind = \"mosquitto\"\ncritical = true\n";
    let well = config(mosquitto.port(), database.port(), broker);
    let (code, said) = doctor(&well);
    assert_eq!(code, Some(0), "{said}");
    assert_line(
        &said,
        "ok  ",
        "broker mqtt://127.0.0.1:",
        "connected as lookout over MQTT 5, 6 subscriptions granted",
    );
    assert_line(&said, "ok  ", "canary", "5 messages came back");
    assert_line(&said, "ok  ", "postgresql orders_db", "well");
    assert_line(&said, "ok  ", "loopback way", "well");
    assert_line(&said, "ok  ", "mosquitto broker", "well");
    assert!(
        said.ends_with("\n5 work, 0 work with a warning, 0 fail, 0 of them required\n"),
        "{said}"
    );

    // What is optional may fail.
    let optional = format!(
        "[[check]]\nname = \"web\"\nkind = \"tcp\"\nurl = \"tcp://127.0.0.1:{}\"\n",
        free_port()
    );
    let (code, said) = doctor(&config(mosquitto.port(), database.port(), &optional));
    assert_eq!(code, Some(0), "{said}");
    assert_line(&said, "fail", "tcp web", "refused");
    assert!(said.contains("-> Check that something listens on"), "{said}");

    // A database that is required, and one that is not let in to.
    let (code, said) = doctor(&config(mosquitto.port(), free_port(), ""));
    assert_eq!(code, Some(1), "{said}");
    assert_line(&said, "FAIL", "postgresql orders_db", "refused");
    let stranger = well.replace("postgres:", "stranger:");
    let (code, said) = doctor(&stranger);
    assert_eq!(code, Some(1), "{said}");
    assert_line(&said, "FAIL", "postgresql orders_db", "does not let stranger in");
    assert!(
        said.contains("-> Check `user` and `password_file` of the check, and pg_hba.conf"),
        "{said}"
    );

    // A broker that refuses, and none at all.
    let (code, said) = doctor(&well.replace("lookout:", "nobody:"));
    assert_eq!(code, Some(1), "{said}");
    assert_line(&said, "FAIL", "broker mqtt://127.0.0.1:", "broker.user");
    assert_line(&said, "fail", "loopback way", "no link to the broker");
    let (code, said) = doctor(&config(free_port(), database.port(), ""));
    assert_eq!(code, Some(1), "{said}");
    assert_line(&said, "FAIL", "broker mqtt://127.0.0.1:", "refused");
    assert_line(&said, "ok  ", "postgresql orders_db", "well");
}

#[test]
fn a_broker_that_keeps_its_own_counsel_and_a_canary_that_is_not_let_out() {
    let acl = "user lookout\ntopic read service/#\ntopic read session/#\ntopic read ui/#\ntopic read security/#\n";
    let setup = Setup { users: &[("lookout", SECRET)], acl: Some(acl), ..Setup::default() };
    let mosquitto = Mosquitto::with(&setup);
    let lines = format!(
        "[broker]\nurl = \"mqtt://lookout:{SECRET}@127.0.0.1:{}\"\n[http]\nlisten = \"off\"\n",
        mosquitto.port()
    );
    let (code, said) = doctor(&lines);
    assert_eq!(code, Some(1), "{said}");
    assert_line(&said, "FAIL", "canary", "did not come back");
    assert!(
        said.contains(
            "-> Let lookout's user write and read `system/{cluster}/observer/{id}/canary`"
        ),
        "{said}"
    );
}

#[test]
fn a_wrong_configuration_is_refused_before_anything_connects() {
    let (code, said) = doctor("[[check]]\nname = \"x\"\nkind = \"oracle\"\n");
    assert_eq!(code, Some(64));
    assert!(said.contains("check[0].kind: found \"oracle\""), "{said}");
}

#[tokio::test]
async fn those_who_are_told_of_alerts_are_there_or_not() {
    let mosquitto = Mosquitto::start();
    let alertmanager =
        Alertmanager::start("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").await;
    let port = free_port();
    let config = |there: &str| {
        format!(
            "[broker]\nurl = \"mqtt://127.0.0.1:{}\"\n[http]\nlisten = \"off\"\n[[alertmanager]]\nurl = \"{there}\"\n\
             user = \"u\"\npassword = \"{SECRET}\"\n[[webhook]]\nname = \"desk\"\nurl = \"{there}/hook?key={SECRET}\"\n",
            mosquitto.port()
        )
    };
    let (code, said) = doctor(&config(&alertmanager.url()));
    assert_eq!(code, Some(0), "{said}");
    assert_line(&said, "ok  ", &format!("alertmanager {}", alertmanager.url()), "ready");
    assert_line(&said, "ok  ", "webhook desk http://127.0.0.1:", "was not tried");
    let (code, said) = doctor(&config(&format!("http://127.0.0.1:{port}")));
    assert_eq!(code, Some(1), "{said}");
    assert_line(&said, "FAIL", &format!("alertmanager http://127.0.0.1:{port}"), "refused");
    assert_line(&said, "FAIL", "webhook desk", "refused");
    assert!(said.contains("-> Check its address, its certificate and `ca_file`"), "{said}");
}

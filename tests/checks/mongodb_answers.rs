//! What a check of kind `mongodb` makes of logins that fail, of answers that it cannot use, and of
//! those that do not come.

use crate::authority::Authority;
use crate::kit::{assert_found, assert_well, facts, look};
use crate::mongodb::{SECRET, assert_discreet, checking, checking_at};
use crate::mongodb_standin::{Answer, Mongod};
use ::mongodb::bson::doc;
use lookout::observer::input::Severity;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_login_is_for_its_database_and_its_password() {
    let mongod = Mongod::start();
    mongod.let_in("lookout", SECRET, "people");
    let entered = |password: &str| format!("user = \"lookout\"\npassword = \"{password}\"");
    let at = |rest: &str| format!("mongodb://127.0.0.1:{}{rest}", mongod.port);
    for rest in ["/?authSource=people", "/orders?authSource=people", "/people"] {
        assert_well(&look(&mut *checking_at(&at(rest), &entered(SECRET))).await);
    }
    for (rest, password, database) in [
        ("", SECRET, "admin"),
        ("/?authSource=people", "hunter2-wrong", "people"),
        ("/orders", SECRET, "orders"),
    ] {
        let found = look(&mut *checking_at(&at(rest), &entered(password))).await;
        let said =
            format!("refuses `user` with the password of `password_file` (database {database:?})");
        assert_found(&found, Severity::Error, &said);
        assert!(found.is_definite(), "{rest}");
        assert!(found.advice()[0].contains("authSource"), "{found:?}");
        assert_discreet(&found);
    }
    // A user without a password.
    let found = look(&mut *checking_at(&at(""), "user = \"lookout\"")).await;
    assert_found(&found, Severity::Error, "refuses `user`");
    // One that stands in the address.
    let url = format!("mongodb://lookout:{SECRET}@127.0.0.1:{}/people", mongod.port);
    assert_well(&look(&mut *checking_at(&url, "")).await);
}

#[tokio::test]
async fn what_is_not_mongodb_is_down() {
    let page = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n<html>no</html>".to_vec();
    let noise: Vec<u8> =
        (0..4_096_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let tiny = [3_i32, 1, 1, 2013].iter().flat_map(|word| word.to_le_bytes()).collect();
    let huge = [i32::MAX, 1, 1, 2013].iter().flat_map(|word| word.to_le_bytes()).collect();
    let hello =
        doc! {"ismaster": true, "maxBsonObjectSize": 1, "minWireVersion": 0, "maxWireVersion": 21};
    let mut looks = tokio::task::JoinSet::new();
    for (answer, said) in [
        (Answer::Bytes(page), "opcode"),
        (Answer::Bytes(noise), "127.0.0.1"),
        (Answer::Bytes(tiny), "127.0.0.1"),
        (Answer::Bytes(huge), "over maximum"),
        (Answer::Bytes(Vec::new()), "127.0.0.1"),
        (Answer::Half(hello), "127.0.0.1"),
        (Answer::Silence, "127.0.0.1"),
        (Answer::Document(doc! {}), "127.0.0.1"),
        (Answer::Refusal(8, "UnknownError", "who? no".to_owned()), "127.0.0.1"),
    ] {
        // Each takes as long as the driver waits, so all do at once.
        looks.spawn(async move {
            let mongod = Mongod::start();
            mongod.set("hello", answer.clone());
            let entered = format!("user = \"lookout\"\npassword = \"{SECRET}\"");
            let found = look(&mut *checking(&mongod, &entered)).await;
            assert_found(&found, Severity::Critical, said);
            assert!(!found.is_definite(), "{answer:?}");
            assert!(found.message().len() < 300, "{}", found.message());
            assert!(!found.message().contains("labels:"), "{}", found.message());
            assert_discreet(&found);
        });
    }
    while let Some(look) = looks.join_next().await {
        look.unwrap();
    }
}

#[tokio::test]
async fn an_old_server_is_told_apart() {
    let mongod = Mongod::start();
    mongod.edit("hello", |hello| drop(hello.insert("maxWireVersion", 8)));
    let found = look(&mut *checking(&mongod, "")).await;
    assert_found(&found, Severity::Error, "wire version");
}

#[tokio::test]
async fn a_part_that_breaks_off_makes_the_look_fail_and_not_the_next() {
    for command in ["ping", "replSetGetStatus", "serverStatus"] {
        for answer in [
            Answer::Half(doc! {"a": "long ".repeat(100)}),
            Answer::Bytes(b"<html></html>".repeat(9)),
        ] {
            let mongod = Mongod::start();
            let mut check = checking(&mongod, "");
            assert_well(&look(&mut *check).await);
            let other = Mongod::start();
            let mut fresh = checking(&other, "");
            for (mongod, check) in [(&mongod, &mut check), (&other, &mut fresh)] {
                mongod.set(command, answer.clone());
                let found = look(&mut **check).await;
                assert_eq!(found.severity(), Some(Severity::Critical), "{found:?}");
            }
            mongod.set(command, Answer::Document(doc! {"members": []}));
            let found = look(&mut *check).await;
            assert!(!found.message().contains("127.0.0.1"), "{found:?}");
        }
    }
}

#[tokio::test]
async fn a_look_that_was_given_up_leaves_nothing_behind() {
    let mongod = Mongod::start();
    let mut check = checking(&mongod, "");
    assert_well(&look(&mut *check).await);
    mongod.set("replSetGetStatus", Answer::Silence);
    let given = tokio::time::timeout(Duration::from_millis(200), check.look()).await;
    assert!(given.is_err(), "{given:?}");
    check.gave_up();
    mongod.alone();
    let found = look(&mut *check).await;
    assert_well(&found);
    assert_eq!(facts(&found)["role"], json!("standalone"));
}

#[tokio::test]
async fn a_restart_between_two_looks_is_no_finding_and_a_stop_is() {
    let mongod = Mongod::start();
    let mut check = checking(&mongod, "");
    assert_well(&look(&mut *check).await);
    let port = mongod.port;
    drop(mongod);
    let found = look(&mut *check).await;
    assert_found(
        &found,
        Severity::Critical,
        &format!("mongodb://127.0.0.1:{port}: Connection refused"),
    );
    assert!(!found.is_definite(), "a restart refuses too");
    let mongod = Mongod::start_at(port, None);
    assert_well(&look(&mut *check).await);
    drop(mongod);
    let _mongod = Mongod::start_at(port, None);
    assert_well(&look(&mut *check).await);
}

#[tokio::test]
async fn over_tls_only_who_is_trusted_is_believed() {
    let authority = std::sync::Arc::new(Authority::new());
    let mut looks = tokio::task::JoinSet::new();
    for (name, ca, trusted) in [
        ("broker", "ca", true),
        ("broker", "stranger-ca", false),
        ("expired", "ca", false),
        ("elsewhere", "ca", false),
    ] {
        let authority = std::sync::Arc::clone(&authority);
        looks.spawn(async move {
            let key = authority.path(&format!("{name}.key"));
            let mongod = Mongod::start_encrypted(&authority.path(name), &key);
            let url = format!("mongodb://127.0.0.1:{}/?tls=true", mongod.port);
            let trust = format!("ca_file = {:?}", authority.path(ca));
            let found = look(&mut *checking_at(&url, &trust)).await;
            if trusted {
                assert_well(&found);
            } else {
                assert_found(&found, Severity::Critical, "certificate");
            }
        });
    }
    while let Some(look) = looks.join_next().await {
        look.unwrap();
    }
}

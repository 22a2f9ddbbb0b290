//! Those who are told without an Alertmanager: what they get, how it is signed, and what is left out.

use crate::api::Answer;
use crate::{Telling, alert, body, over, receiver};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lookout::observer::alert::Severity;
use ring::hmac;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECRET: &str = "planted-secret-of-a-webhook";

fn telling(port: u16, more: &str) -> Telling {
    Telling::start(&format!(
        "cluster = \"shop\"\nid = \"lookout-7\"\n[[webhook]]\nname = \"desk\"\nurl = \"http://127.0.0.1:{port}/hook?key=1\"\n\
         secret = \"{SECRET}\"\ngroup_wait = \"300ms\"\ngroup_interval = \"1s\"\n{more}"
    ))
}

/// The services of a notification that fire, and those that are over.
fn services(notification: &Value) -> (Vec<String>, Vec<String>) {
    let alerts = notification["data"]["alerts"].as_array().unwrap();
    let of = |status: &str| {
        let these = alerts.iter().filter(|it| it["status"] == status);
        these.map(|it| it["service"].as_str().unwrap().to_owned()).collect()
    };
    (of("firing"), of("resolved"))
}

#[tokio::test]
async fn a_group_is_one_signed_cloudevent_and_so_is_its_end() {
    let hook = receiver(&["/hook"]).await;
    let telling = telling(hook.port, "");
    let now = telling.now();
    let orders = alert("A", "Orders", Severity::Error, now);
    let billing = alert("A", "Billing", Severity::Error, now);
    telling.tell(std::slice::from_ref(&orders), &[]);
    // Within the wait of the first.
    telling.tell(&[billing.clone(), orders.clone()], &[]);
    let asked = hook.until_asked(|it| it.path == "/hook").await;
    assert_eq!(asked.query, "key=1");
    let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/cloudevents+json");
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), asked.body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature =
        STANDARD.decode(header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    hmac::verify(&key, signed.as_bytes(), &signature).unwrap();

    let event = body(&asked);
    for (name, value) in [
        ("specversion", "1.0"),
        ("source", "/lookout/shop/lookout-7"),
        ("type", "alert_notification"),
        ("subject", "A"),
        ("datacontenttype", "application/json"),
    ] {
        assert_eq!(event[name], value);
    }
    assert_eq!(event["id"].as_str().unwrap(), header("webhook-id"));
    let data = &event["data"];
    assert_eq!(
        (&data["status"], &data["firing"], &data["resolved"]),
        (&json!("firing"), &json!(2), &json!(0))
    );
    assert_eq!(services(&event).0.len(), 2);
    assert_eq!(data["alerts"][0]["runbook"]["steps"][0]["command"], "kubectl get pods");

    telling.tell(&[billing], &[over(&orders, telling.now())]);
    let ended = |it: &crate::Asked| services(&body(it)).1 == ["Orders"];
    let asked = hook.until_asked(ended).await;
    assert_eq!(services(&body(&asked)).0, ["Billing"], "the group goes on");
}

#[tokio::test]
async fn a_receiver_that_was_away_hears_everything_once() {
    let hook = receiver(&[]).await;
    hook.answers("POST", "/hook", Answer::Body(503, "later".to_owned()));
    let telling = telling(hook.port, "");
    let passing = alert("A", "Passing", Severity::Critical, telling.now());
    telling.tell(std::slice::from_ref(&passing), &[]);
    hook.until_asked(|it| it.path == "/hook").await;
    let lasting = alert("A", "Lasting", Severity::Critical, telling.now());
    telling.tell(std::slice::from_ref(&lasting), &[over(&passing, telling.now())]);
    let figures = telling.notices.figures();
    assert_eq!((figures.sent, figures.dropped), ([0; 2], [0; 2]));
    hook.answers("POST", "/hook", Answer::json(json!({})));
    let both = |it: &crate::Asked| {
        services(&body(it)) == (vec!["Lasting".to_owned()], vec!["Passing".to_owned()])
    };
    hook.until_asked(both).await;
    let mut look = tokio::time::interval(Duration::from_millis(20));
    while telling.notices.figures().sent[1] == 0 {
        look.tick().await;
    }
    assert_eq!(telling.notices.figures().waiting, [0; 2]);
    let ids: std::collections::BTreeSet<_> = hook
        .asked()
        .iter()
        .map(|it| it.headers["webhook-id"].clone().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1, "each attempt is the same notification");
}

#[tokio::test]
async fn what_is_refused_for_good_does_not_hold_up_the_others() {
    let hook = receiver(&[]).await;
    hook.answers("POST", "/hook", Answer::Body(413, "too large".to_owned()));
    let telling = telling(hook.port, "");
    let now = telling.now();
    telling.tell(&[alert("Z", "Large", Severity::Critical, now)], &[]);
    let mut look = tokio::time::interval(Duration::from_millis(20));
    while telling.notices.figures().dropped[1] == 0 {
        look.tick().await;
    }
    hook.answers("POST", "/hook", Answer::json(json!({})));
    telling.tell(
        &[
            alert("Z", "Large", Severity::Critical, now),
            alert("A", "Orders", Severity::Critical, now),
        ],
        &[],
    );
    hook.until_asked(|it| services(&body(it)).0 == ["Orders"]).await;
}

#[tokio::test]
async fn mild_explained_and_passing_alerts_are_left_out() {
    let hook = receiver(&["/hook"]).await;
    let telling = telling(hook.port, "min_severity = \"error\"\n");
    let now = telling.now();
    let passing = alert("A", "Passing", Severity::Error, now);
    let mild = alert("A", "Mild", Severity::Warning, now);
    let explained = lookout::observer::alert::Alert {
        explained: Some("db".into()),
        ..(*alert("A", "Explained", Severity::Error, now)).clone()
    };
    telling.tell(&[std::sync::Arc::new(explained.clone()), mild.clone(), passing.clone()], &[]);
    // Over before the wait was.
    let orders = alert("A", "Orders", Severity::Error, now);
    telling.tell(&[std::sync::Arc::new(explained), mild, orders], &[over(&passing, telling.now())]);
    let asked = hook.until_asked(|it| it.path == "/hook").await;
    assert_eq!(services(&body(&asked)), (vec!["Orders".to_owned()], vec![]));
}

#[tokio::test]
async fn a_thousand_services_are_one_message_with_the_first_fifty() {
    let hook = receiver(&["/hook"]).await;
    let telling = telling(hook.port, "");
    let now = telling.now();
    let all: Vec<_> = (0..1_000)
        .map(|index| alert("A", &format!("Service{index:04}"), Severity::Critical, now))
        .collect();
    telling.tell(&all, &[]);
    let asked = hook.until_asked(|it| it.path == "/hook").await;
    let data = &body(&asked)["data"];
    assert_eq!((&data["firing"], &data["leftOut"]), (&json!(1_000), &json!(950)));
    assert_eq!(data["alerts"].as_array().unwrap().len(), 50);
    assert!(asked.body.len() < 100_000, "{} bytes", asked.body.len());
}

#[tokio::test]
async fn no_secret_is_logged_or_sent() {
    let hook = receiver(&["/hook"]).await;
    let telling = telling(hook.port, "");
    telling.tell(&[alert("A", "Orders", Severity::Critical, telling.now())], &[]);
    let asked = hook.until_asked(|it| it.path == "/hook").await;
    let sent = format!("{:?} {}", asked.headers, asked.body);
    assert!(!sent.contains(SECRET));
}

#[tokio::test]
async fn a_token_is_shown_below_the_path_of_an_address() {
    let paths = ["/am/api/v2/alerts", "/hook"];
    let both = receiver(&paths).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "t0ken\n").unwrap();
    let (port, token) = (both.port, token.display());
    let telling = Telling::start(&format!(
        "[[alertmanager]]\nurl = \"http://127.0.0.1:{port}/am/\"\ntoken_file = \"{token}\"\n\
         [[webhook]]\nname = \"desk\"\nurl = \"http://127.0.0.1:{port}/hook\"\ntoken_file = \"{token}\"\n"
    ));
    telling.tell(&[alert("A", "Orders", Severity::Critical, telling.now())], &[]);
    for path in paths {
        let asked = both.until_asked(|it| it.path == path).await;
        assert_eq!(asked.headers["authorization"], "Bearer t0ken");
        assert!(asked.headers.get("webhook-signature").is_none(), "nothing to sign with");
    }
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_receiver_that_says_what_it_was_shown_is_not_repeated() {
    let log = Log::default();
    let to = log.clone();
    let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || to.clone());
    let _guard = tracing::subscriber::set_default(lines.finish());
    let hook = receiver(&[]).await;
    hook.answers("POST", "/hook", Answer::Body(401, "who is Bearer a-token?".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "a-token\n").unwrap();
    let telling = Telling::start(&format!(
        "[[webhook]]\nname = \"desk\"\nurl = \"http://127.0.0.1:{}/hook\"\ntoken_file = \"{}\"\n\
         group_wait = \"0s\"\n",
        hook.port,
        token.display()
    ));
    telling.tell(&[alert("A", "Orders", Severity::Critical, telling.now())], &[]);
    let mut look = tokio::time::interval(Duration::from_millis(20));
    while telling.notices.figures().failed.iter().sum::<u64>() == 0 {
        look.tick().await;
    }
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(said.contains("401 Unauthorized: who is Bearer ***?"), "{said}");
    assert!(!said.contains("a-token"), "{said}");
}

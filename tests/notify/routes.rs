//! The shipped configuration of Alertmanager: who is told what, how soon, and how often.
//!
//! Addresses and files of secrets are put in, and spans are shortened by the same factor: a minute is
//! half a second. Everything else is as it is shipped.

use crate::alertmanager::Alertmanager;
use crate::{Telling, alert, receiver, told};
use lookout::alert::{Board, Inhibitor};
use lookout::observer::alert::{Alert, Key, Severity};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

/// The shipped configuration with a receiver of the test's own, and its spans sixty times as short or more.
pub(crate) fn shortened(config: &str, port: u16) -> String {
    let mut text = String::new();
    for line in config.lines() {
        // Mails need a server, and that they are meant is seen in the file.
        let mail = ["smtp_", "email_configs", "- to:"];
        if mail.iter().any(|it| line.trim_start().starts_with(it)) {
            continue;
        }
        let line = match line.split_once("- url: https://") {
            Some((indent, rest)) => {
                let name = rest.split('.').next().unwrap();
                format!("{indent}- url: http://127.0.0.1:{port}/{name}")
            }
            None => line.to_owned(),
        };
        // What is secret stands in files, which there are none of here.
        if line.contains("credentials_file") {
            continue;
        }
        let short = [("_wait: ", true), ("_interval: ", true)];
        let span =
            short.iter().find_map(|(name, _)| line.split_once(name).map(|(a, b)| (a, *name, b)));
        match span {
            Some((before, name, span)) => {
                let millis = match span {
                    "0s" => 0,
                    "30s" => 250,
                    "1m" => 500,
                    "2m" => 1_000,
                    "5m" => 2_500,
                    "10m" => 5_000,
                    "12h" => 360_000,
                    span => panic!("{span}"),
                };
                text += &format!("{before}{name}{millis}ms\n");
            }
            None => text += &format!("{line}\n"),
        }
    }
    text
}

fn shipped() -> String {
    std::fs::read_to_string("deploy/alertmanager/alertmanager.yml").unwrap()
}

#[test]
fn amtool_takes_it_and_secrets_are_in_files() {
    let file = "deploy/alertmanager/alertmanager.yml";
    let checked = Command::new("amtool").args(["check-config", file]).status().unwrap();
    assert!(checked.success());
    let text = shipped();
    let hooks = text.matches("- url: https://").count();
    assert_eq!(text.matches("credentials_file: /run/secrets/").count(), hooks);
    for secret in ["password:", "credentials:", "token:", "api_url:"] {
        assert!(!text.contains(secret), "{secret}");
    }
    for (labels, receiver) in [
        ("severity=emergency", "everyone"),
        ("severity=critical", "pager"),
        ("severity=error", "on-call"),
        ("severity=warning", "chat"),
        ("severity=info", "chat"),
        ("alertname=LookoutWatchdog severity=info", "nobody"),
        ("alertname=LookoutExplained severity=info", "nobody"),
    ] {
        let mut command = Command::new("amtool");
        command.args(["config", "routes", "test", "--config.file", file]);
        let output = command.args(labels.split(' ')).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), receiver, "{labels}");
    }
}

#[tokio::test]
async fn five_severities_reach_whom_they_should_and_as_often_as_they_should() {
    const ALL: [&str; 3] = ["/chat", "/on-call", "/pager"];
    let hook = receiver(&ALL).await;
    let alertmanager = Alertmanager::start(&shortened(&shipped(), hook.port)).await;
    let telling = Telling::start(&format!(
        "[[alertmanager]]\nurl = \"{}\"\nresend_every = \"1s\"\n",
        alertmanager.url()
    ));
    let now = telling.now();
    let all: Vec<_> = Severity::ALL
        .map(|severity| alert("A", &format!("of-{}", severity.name()), severity, now))
        .to_vec();
    telling.tell(&all, &[]);
    let tells = |path: &'static str, severity: Severity| {
        let service = format!("of-{}", severity.name());
        move |it: &crate::Asked| it.path == path && told(it).iter().any(|(_, of, _)| *of == service)
    };
    let who: [(Severity, &[&'static str]); 5] = [
        (Severity::Info, &["/chat"]),
        (Severity::Warning, &["/chat"]),
        (Severity::Error, &["/on-call"]),
        (Severity::Critical, &["/pager", "/chat"]),
        (Severity::Emergency, &ALL),
    ];
    for (severity, paths) in who {
        for path in paths {
            hook.until_asked(tells(path, severity)).await;
        }
    }
    // The emergency is said again the soonest, then what is critical, then the error.
    let count = |path, severity| hook.asked().iter().filter(|it| tells(path, severity)(it)).count();
    let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
    while count("/on-call", Severity::Error) < 2 {
        look.tick().await;
    }
    let times = [
        count("/pager", Severity::Emergency),
        count("/pager", Severity::Critical),
        count("/on-call", Severity::Error),
        count("/chat", Severity::Warning),
    ];
    // After five seconds and a bit: every second, every 2.5, every 5, every six minutes.
    let [emergency, critical, error, warning] = times;
    assert!((4..=7).contains(&emergency) && (2..=4).contains(&critical), "{times:?}");
    assert_eq!((error, warning), (2, 1), "{times:?}");
    // Nobody was told of what is not for them.
    for (severity, paths) in who {
        for path in ALL.iter().filter(|path| !paths.contains(path)) {
            assert_eq!(count(path, severity), 0, "{path} {}", severity.name());
        }
    }
}

/// Alerts that may silence each other, each with who is to stay silent.
fn boards() -> Vec<(&'static str, Board, Vec<&'static str>)> {
    let at = lookout::observer::Instant::default();
    let of = |name: &str, severity| alert(name, "Orders", severity, at);
    let plain = |name: &str, severity| {
        Arc::new(Alert { key: Key::new(name), ..(*of(name, severity)).clone() })
    };
    let unavailable = of("LookoutServiceUnavailable", Severity::Critical);
    let degraded = of("LookoutServiceDegraded", Severity::Warning);
    let slow = of("LookoutSlowReplies", Severity::Warning);
    let high = of("LookoutHighFailureRate", Severity::Error);
    let explained = Arc::new(Alert { explained: Some("db".into()), ..(*unavailable).clone() });
    let mark =
        Arc::new(Alert { event: "signal", ..(*of("LookoutExplained", Severity::Info)).clone() });
    let board = |firing: &[&Arc<Alert>], signals: &[&Arc<Alert>]| Board {
        firing: firing.iter().map(|it| Arc::clone(it)).collect(),
        ended: Vec::new(),
        signals: signals.iter().map(|it| Arc::clone(it)).collect(),
    };
    vec![
        ("alone", board(&[&unavailable], &[]), vec![]),
        ("explained", board(&[&explained], &[&mark]), vec!["LookoutServiceUnavailable"]),
        ("a verdict says it", board(&[&degraded, &slow], &[]), vec!["LookoutSlowReplies"]),
        ("worse", board(&[&high, &degraded], &[]), vec!["LookoutServiceDegraded"]),
        (
            "worst",
            board(&[&unavailable, &high, &slow], &[]),
            vec!["LookoutHighFailureRate", "LookoutSlowReplies"],
        ),
        (
            "most",
            board(
                &[&plain("LookoutMostServicesUnavailable", Severity::Emergency), &unavailable],
                &[],
            ),
            vec!["LookoutServiceUnavailable"],
        ),
        (
            "deaf",
            board(&[&plain("LookoutLinkDown", Severity::Critical), &high], &[]),
            vec!["LookoutHighFailureRate"],
        ),
        (
            "another service",
            board(
                &[&unavailable, &alert("LookoutSlowReplies", "Billing", Severity::Warning, at)],
                &[],
            ),
            vec![],
        ),
    ]
}

#[tokio::test]
async fn alertmanager_silences_what_lookout_silences_for_webhooks() {
    for (what, board, silent) in boards() {
        let hook = receiver(&["/chat", "/on-call", "/pager"]).await;
        let alertmanager = Alertmanager::start(&shortened(&shipped(), hook.port)).await;
        let telling =
            Telling::start(&format!("[[alertmanager]]\nurl = \"{}\"\n", alertmanager.url()));
        let inhibitor = Inhibitor::new(board.firing.iter().map(|it| &**it));
        let here = board.firing.iter().filter(|it| inhibitor.inhibits(it));
        let here: BTreeSet<_> = here.map(|it| it.key.name.to_string()).collect();
        assert_eq!(here, silent.iter().map(|it| (*it).to_owned()).collect(), "{what}");
        let count = board.firing.len() + board.signals.len();
        telling.notices.tell(Arc::new(board));
        let wanted = silent.len();
        let all = alertmanager
            .until(&format!("{what}: silent"), |all| {
                let state = |it: &&serde_json::Value| it["status"]["state"] == "suppressed";
                let decided = all.iter().all(|it| it["status"]["state"] != "unprocessed");
                all.len() == count && decided && all.iter().filter(state).count() == wanted
            })
            .await;
        let there = all.iter().filter(|it| it["status"]["state"] == "suppressed");
        let there: BTreeSet<_> =
            there.map(|it| it["labels"]["alertname"].as_str().unwrap().to_owned()).collect();
        assert_eq!(there, here, "{what}");
    }
}

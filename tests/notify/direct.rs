//! One or two Alertmanagers that are told by lookout: firing, again and again, over; away, restarted,
//! behind TLS and passwords; a thousand at once.

use crate::alertmanager::Alertmanager;
use crate::authority::Authority;
use crate::{Telling, alert, over, receiver, says, told};
use lookout::alert::Board;
use lookout::observer::alert::{Alert, Key, Severity};
use serde_json::Value;
use std::sync::Arc;

/// An Alertmanager that tells a receiver at once, and nothing twice.
fn quick(port: u16) -> String {
    format!(
        "route: {{receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
         receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{port}/hook'}}]}}]\n"
    )
}

/// Tells Alertmanagers each second.
fn telling(alertmanagers: &[&Alertmanager]) -> Telling {
    let each = |it: &&Alertmanager| {
        format!("[[alertmanager]]\nurl = \"{}\"\nresend_every = \"1s\"\n", it.url())
    };
    let tables: String = alertmanagers.iter().map(each).collect();
    Telling::start(&format!(
        "cluster = \"shop\"\n[alerts]\nlabels = [\"team=core\"]\npage_url = \"https://lookout.example/x\"\n{tables}"
    ))
}

fn of<'a>(alerts: &'a [Value], service: &str) -> Option<&'a Value> {
    alerts.iter().find(|it| it["labels"]["service"] == service)
}

#[tokio::test]
async fn an_alert_fires_is_sent_again_and_is_over() {
    let hook = receiver(&["/hook"]).await;
    let alertmanager = Alertmanager::start(&quick(hook.port)).await;
    let telling = telling(&[&alertmanager]);
    let begun = telling.now();
    let orders = alert("LookoutServiceUnavailable", "Orders", Severity::Critical, begun);
    telling.tell(std::slice::from_ref(&orders), &[]);
    hook.until_asked(|it| says(it, "Orders", "firing")).await;

    let known = alertmanager.until("there", |all| of(all, "Orders").is_some()).await;
    let first = of(&known, "Orders").unwrap().clone();
    let labels = &first["labels"];
    for (name, value) in [
        ("alertname", "LookoutServiceUnavailable"),
        ("severity", "critical"),
        ("cluster", "shop"),
        ("team", "core"),
        ("service", "Orders"),
    ] {
        assert_eq!(labels[name], value);
    }
    assert_eq!(labels.as_object().unwrap().len(), 5, "no label changes while it fires: {labels}");
    let said = &first["annotations"];
    assert_eq!(said["summary"], "Orders is unavailable");
    assert_eq!(said["reason"], "not_responding");
    assert_eq!(said["impact"], "0.50 calls/s, 25.0 % of all, of about 3 callers; methods: getUser");
    assert_eq!(said["likely_cause"], "users_db (postgresql): no connection");
    assert_eq!(said["runbook"], "1. Look at it\n   kubectl get pods");
    assert_eq!(
        said["runbook_url"],
        "https://lookout.example/x/api/v1/runbook?about=not-responding"
    );
    let trace = "0000000000000000000000004bf92f35";
    assert_eq!(said["trace"], trace);
    assert_eq!(said["trace_url"], format!("https://traces.example/{trace}"));
    assert_eq!(first["generatorURL"], "https://lookout.example/x/#/service/Orders");

    // Sent again, with its end ever further ahead.
    let later = |all: &[Value]| of(all, "Orders").is_some_and(|it| it["endsAt"] != first["endsAt"]);
    alertmanager.until("sent again", later).await;
    let figures = telling.notices.figures();
    assert!(figures.sent[0] >= 2, "{figures:?}");
    assert_eq!((figures.failed, figures.waiting, figures.dropped), ([0; 2], [0; 2], [0; 2]));

    telling.tell(&[], &[over(&orders, telling.now())]);
    hook.until_asked(|it| says(it, "Orders", "resolved")).await;
    let times = |status| hook.asked().iter().filter(|it| says(it, "Orders", status)).count();
    assert_eq!((times("firing"), times("resolved")), (1, 1));
}

#[tokio::test]
async fn what_a_lookout_that_is_gone_said_ends_by_itself() {
    let hook = receiver(&["/hook"]).await;
    let alertmanager = Alertmanager::start(&quick(hook.port)).await;
    let telling = telling(&[&alertmanager]);
    telling.tell(&[alert("A", "Orders", Severity::Error, telling.now())], &[]);
    hook.until_asked(|it| says(it, "Orders", "firing")).await;
    drop(telling);
    hook.until_asked(|it| says(it, "Orders", "resolved")).await;
}

#[tokio::test]
async fn nothing_is_lost_while_alertmanager_is_away() {
    let hook = receiver(&["/hook"]).await;
    let mut alertmanager = Alertmanager::start(&quick(hook.port)).await;
    let telling = telling(&[&alertmanager]);
    let before = alert("A", "Before", Severity::Error, telling.now());
    telling.tell(std::slice::from_ref(&before), &[]);
    hook.until_asked(|it| says(it, "Before", "firing")).await;
    alertmanager.kill();

    // One ends, one comes and goes, one comes.
    let passing = alert("B", "Passing", Severity::Error, telling.now());
    let lasting = alert("C", "Lasting", Severity::Error, telling.now());
    telling.tell(&[before.clone(), passing.clone(), lasting.clone()], &[]);
    let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
    while telling.notices.figures().failed[0] < 2 {
        look.tick().await;
    }
    let ended = [over(&before, telling.now()), over(&passing, telling.now())];
    telling.tell(&[lasting], &ended);
    while telling.notices.figures().failed[0] < 3 {
        look.tick().await;
    }
    assert_eq!(
        telling.notices.figures().waiting,
        [3, 0],
        "the end of the first is not known there"
    );

    alertmanager.run();
    hook.until_asked(|it| says(it, "Passing", "firing")).await;
    hook.until_asked(|it| says(it, "Passing", "resolved")).await;
    hook.until_asked(|it| says(it, "Lasting", "firing")).await;
    hook.until_asked(|it| says(it, "Before", "resolved")).await;
    assert_eq!(telling.notices.figures().waiting, [0, 0]);
    assert_eq!(telling.notices.figures().dropped, [0, 0]);
}

#[tokio::test]
async fn a_restart_of_alertmanager_tells_nobody_twice() {
    let hook = receiver(&["/hook"]).await;
    let mut alertmanager = Alertmanager::start(&quick(hook.port)).await;
    let telling = telling(&[&alertmanager]);
    let first = alert("A", "First", Severity::Error, telling.now());
    telling.tell(std::slice::from_ref(&first), &[]);
    hook.until_asked(|it| says(it, "First", "firing")).await;
    // It writes down what it told only after that was taken.
    alertmanager.until_looked(2.0).await;
    alertmanager.stop();
    alertmanager.run();
    alertmanager.until_ready().await;
    alertmanager.until("sent again", |all| of(all, "First").is_some()).await;
    // Another one in the same group shows that the group was looked at since.
    let second = alert("A", "Second", Severity::Error, telling.now());
    telling.tell(&[first, second], &[]);
    hook.until_asked(|it| says(it, "Second", "firing")).await;
    let alone = hook.asked().iter().filter(|it| told(it).len() == 1).count();
    assert_eq!(alone, 1, "the first is told alone once, before the restart");
}

#[tokio::test]
async fn each_of_two_alertmanagers_is_told() {
    let hook = receiver(&["/hook"]).await;
    let first = Alertmanager::start(&quick(hook.port)).await;
    let mut second = Alertmanager::start(&quick(hook.port)).await;
    let telling = telling(&[&first, &second]);
    let orders = alert("A", "Orders", Severity::Error, telling.now());
    telling.tell(std::slice::from_ref(&orders), &[]);
    for it in [&first, &second] {
        it.until("told", |all| of(all, "Orders").is_some()).await;
    }
    // That one is away keeps nothing from the other.
    second.kill();
    let billing = alert("A", "Billing", Severity::Error, telling.now());
    telling.tell(&[orders, billing], &[]);
    first.until("told", |all| of(all, "Billing").is_some()).await;
    second.run();
    second.until_ready().await;
    second.until("told", |all| of(all, "Billing").is_some() && of(all, "Orders").is_some()).await;
}

#[tokio::test]
async fn a_thousand_services_at_once_are_a_few_messages() {
    let hook = receiver(&["/hook"]).await;
    let alertmanager = Alertmanager::start(&quick(hook.port)).await;
    let telling = telling(&[&alertmanager]);
    let now = telling.now();
    let name = |index: usize| format!("Service{index:04}");
    let all: Vec<_> = (0..1_000)
        .map(|index| alert("LookoutServiceUnavailable", &name(index), Severity::Critical, now))
        .collect();
    telling.tell(&all, &[]);
    alertmanager.until("all of them", |all| all.len() == 1_000).await;
    for index in [0, 999] {
        hook.until_asked(|it| says(it, &name(index), "firing")).await;
    }
    // Sixteen requests of 64 arrive within a moment; the group is told when the first does, and a
    // second later.
    let messages = hook.asked().len();
    assert!(messages <= 4, "{messages}");
    let figures = telling.notices.figures();
    assert_eq!((figures.failed[0], figures.waiting[0]), (0, 0));
    assert!((16..64).contains(&figures.sent[0]), "{figures:?}");
}

#[tokio::test]
async fn what_is_explained_is_a_mark_for_alertmanager() {
    let hook = receiver(&["/hook"]).await;
    let config = std::fs::read_to_string("deploy/alertmanager/alertmanager.yml").unwrap();
    let config = crate::routes::shortened(&config, hook.port);
    let alertmanager = Alertmanager::start(&config).await;
    let telling = telling(&[&alertmanager]);
    let explained = |service: &str| {
        let alert = alert("LookoutServiceUnavailable", service, Severity::Critical, telling.now());
        Arc::new(Alert { explained: Some("users_db".into()), ..(*alert).clone() })
    };
    let (users, orders) =
        (explained("Users"), alert("A", "Orders", Severity::Critical, telling.now()));
    let mark = Alert {
        key: Key::new("LookoutExplained").with("service", "Users".into()),
        severity: Severity::Info,
        event: "signal",
        ..(*users).clone()
    };
    let board =
        Board { firing: vec![users, orders], ended: Vec::new(), signals: vec![Arc::new(mark)] };
    telling.notices.tell(Arc::new(board));
    let all = alertmanager
        .until("inhibited", |all| {
            all.iter().any(|it| {
                it["labels"]["service"] == "Users" && it["status"]["state"] == "suppressed"
            })
        })
        .await;
    let orders = of(&all, "Orders").unwrap();
    assert_eq!(orders["status"]["state"], "active", "what is not explained is told");
}

#[tokio::test]
async fn tls_and_passwords() {
    let hook = receiver(&["/hook"]).await;
    let authority = Authority::new();
    // The hash is that of "test", from the documentation of Prometheus' exporter toolkit.
    let web = format!(
        "tls_server_config: {{cert_file: '{}', key_file: '{}'}}\n\
         basic_auth_users: {{lookout: $2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay}}\n",
        authority.path("broker"),
        authority.path("broker.key"),
    );
    let alertmanager = Alertmanager::with_web(&quick(hook.port), Some(&web));
    let url = format!("https://localhost:{}", alertmanager.port());
    let start = |ca: &str, password: &str| {
        Telling::start(&format!(
            "[[alertmanager]]\nurl = \"{url}\"\nca_file = \"{}\"\nuser = \"lookout\"\npassword = \"{password}\"\n",
            authority.path(ca)
        ))
    };
    let fails = async |telling: &Telling| {
        telling.tell(&[alert("A", "Refused", Severity::Error, telling.now())], &[]);
        let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
        while telling.notices.figures().failed[0] < 2 {
            look.tick().await;
        }
        assert_eq!(telling.notices.figures().sent[0], 0);
    };
    fails(&start("stranger-ca", "test")).await;
    fails(&start("ca", "hunter2")).await;
    let telling = start("ca", "test");
    telling.tell(&[alert("A", "Orders", Severity::Error, telling.now())], &[]);
    hook.until_asked(|it| says(it, "Orders", "firing")).await;
    assert!(hook.asked().iter().all(|it| !says(it, "Refused", "firing")));
}

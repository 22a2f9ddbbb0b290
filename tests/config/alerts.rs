//! Alerts, rules and those who are told, as they are set, and every way to get them wrong.

use super::{check_bad, good};
use lookout::config::Login;
use lookout::observer::Span;
use lookout::observer::alert::Severity;

#[test]
fn a_rule_stands_beside_the_built_in_ones_or_in_place_of_one() {
    let names = |text: &str| {
        let policy = good(text, &[], &[]).alert_policy.unwrap();
        policy
            .rules
            .into_iter()
            .map(|rule| (rule.name.to_string(), rule.severity))
            .collect::<Vec<_>>()
    };
    let built_in = names("");
    let rule = |name: &str| {
        format!("[[rule]]\nname = '{name}'\nexpr = 'service_error_rate > 0.5'\nseverity = 'info'\n")
    };
    let own = names(&rule("Own"));
    assert_eq!(own.len(), built_in.len() + 1);
    assert_eq!(own.last(), Some(&("Own".to_owned(), Severity::Info)));
    let replaced = names(&rule("LookoutHighFailureRate"));
    assert_eq!(replaced.len(), built_in.len());
    assert!(replaced.contains(&("LookoutHighFailureRate".to_owned(), Severity::Info)));
    let whole = "[[rule]]\nname = 'Whole'\nexpr = 'service_response_time_p95 >= 2'\nfor = '30s'\nclear = 1.5\n\
                 clear_for = '10s'\nservices = ['Order*']\nmin_calls = 5\nsummary = 'Too slow'\n";
    let policy = good(whole, &[], &[]).alert_policy.unwrap();
    let rule = policy.rules.last().unwrap();
    assert_eq!((rule.lasting, rule.clear_for), (Span::from_secs(30), Span::from_secs(10)));
    assert_eq!((rule.clear, rule.min_calls, rule.severity), (1.5, 5, Severity::Warning));
    assert!(rule.services[0].matches("OrderService") && !rule.services[0].matches("Billing"));
    assert!(good("[alerts]\nenabled = false", &[], &[]).alert_policy.is_none());
    assert!(good("", &[("LOOKOUT_ALERTS_ENABLED", "false")], &[]).alert_policy.is_none());
}

#[test]
fn receivers_have_an_address_a_login_and_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (token, url) =
        (file("token", "t0ken\n"), file("url", "https://chat.example/hook?key=hunter2\n"));
    let secret = file("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let config = good(
        &format!(
            "[alerts]\nlabels = ['team=core', 'tier=1']\npage_url = 'https://lookout.example/x/'\n\
             [[alertmanager]]\nurl = 'http://a:9093'\n[[alertmanager]]\nurl = 'https://b:9093/am'\nuser = 'u'\n\
             password = 'p'\nresend_every = '30s'\n[[webhook]]\nname = 'chat'\nurl_file = '{url}'\ntoken_file = '{token}'\n\
             secret_file = '{secret}'\nmin_severity = 'critical'\n"
        ),
        &[],
        &[],
    );
    let [first, second] = config.alertmanagers.as_slice() else { panic!("two") };
    assert_eq!((first.door.url.as_str(), &first.door.login), ("http://a:9093/", &Login::None));
    assert_eq!(second.door.url.path(), "/am");
    assert!(matches!(&second.door.login, Login::Basic(user, _) if user == "u"));
    assert_eq!(
        (first.resend_every, second.resend_every),
        (Span::from_secs(60), Span::from_secs(30))
    );
    let [hook] = config.webhooks.as_slice() else { panic!("one") };
    assert_eq!(hook.door.url.query(), Some("key=hunter2"));
    assert!(matches!(&hook.door.login, Login::Bearer(_)));
    assert_eq!(hook.secret.as_ref().unwrap().0.len(), 24);
    assert_eq!(hook.min_severity, Severity::Critical);
    assert_eq!(config.links.page.as_deref(), Some("https://lookout.example/x"));
    assert_eq!(config.links.labels.len(), 2);
    let shown = format!("{:?} {:?}", config.alertmanagers, hook.secret);
    assert!(!shown.contains("\"p\"") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn what_is_wrong_names_the_setting_and_no_secret() {
    check_bad(
        "[alerts]\noff = ['LookoutCircuitOpen', 'LookoutCircuit']\nlabels = ['severity=x']\nevery = '500ms'\n\
         [[rule]]\nexpr = 'a > 1'\n[[rule]]\nname = 'A'\nexpr = 'service_error_rates > 1'\n[[rule]]\nname = 'B'\n\
         expr = 'service_error_rate > 0.1'\nclear = 0.2\n[[rule]]\nname = 'C'\nexpr = 'lookout_link_up < 1'\nservices = ['a']\n\
         [[rule]]\nname = 'D'\nexpr = 'lookout_link_up < 1'\n[[rule]]\nname = 'D'\nexpr = 'lookout_link_up < 1'\n\
         [[rule]]\nname = 'LookoutServiceUnavailable'\nexpr = 'lookout_link_up < 1'\nfro = '1m'\n",
        &[],
        &[],
        &[
            "lookout.toml:2: alerts.off[1]: found \"LookoutCircuit\", allowed: the name of an alert, see docs/ALERTS.md",
            "lookout.toml:3: alerts.labels[0]: found 'severity=x', allowed: labels such as team=platform",
            "lookout.toml:4: alerts.every: found '500ms', allowed: a duration such as 30s, from 1s to 5m",
            "lookout.toml:5: rule[0].name: found nothing, allowed: a name for the alert",
            "lookout.toml:9: rule[1].expr: found \"service_error_rates > 1\", allowed: a figure of docs/METRICS.md, such as \
             service_error_rate",
            "lookout.toml:13: rule[2].clear: found 0.2, allowed: at most 0.1, or the alert would end while it begins",
            "lookout.toml:17: rule[3].services: found services of a rule on lookout_link_up, allowed: such a setting only for \
             figures with the label service",
            "lookout.toml:22: rule[5].name: found \"D\", allowed: a name that no other rule and no alert that is no rule has",
            "lookout.toml:25: rule[6].name: found \"LookoutServiceUnavailable\", allowed: a name that no other rule and no alert \
             that is no rule has",
            "lookout.toml:27: rule[6].fro: found an unknown setting, allowed: a known one, did you mean rule[6].for?",
        ],
    );
    check_bad(
        "[[alertmanager]]\nurl = 'http://ann:hunter2@a:9093'\n[[alertmanager]]\nurl = 'http://a'\nca_file = '/x.pem'\n\
         [[alertmanager]]\nurl = 'http://b'\nuser = 'u'\n[[alertmanager]]\nurl = 'http://c'\npassword = 'hunter2'\n\
         [[alertmanager]]\nurl = 'http://d'\n[[alertmanager]]\nurl = 'http://d'\n[[webhook]]\nname = 'a'\n\
         [[webhook]]\nname = 'b'\nurl = 'http://b'\nsecret = 'hunter2'\n[[webhook]]\nname = 'c'\nurl = 'http://b'\n\
         secret = 'whsec_hunter2!'\n[[webhook]]\nname = 'd'\nurl = 'mqtt://b'\n[[webhook]]\nname = 'e'\nurl = 'http://b'\n\
         [[webhook]]\nname = 'e'\nurl = 'http://b'\nmin_severity = 'fatal'\n",
        &[],
        &[],
        &[
            "lookout.toml:2: alertmanager[0].url: found another address, allowed: an address that begins with http:// or \
             https://, without user and password",
            "lookout.toml:5: alertmanager[1].ca_file: found \"/x.pem\", allowed: such a setting only beside an address with TLS",
            "lookout.toml:8: alertmanager[2].user: found a user without a password, allowed: user and password_file, or \
             token_file",
            "lookout.toml:9: alertmanager[3].password_file: found a password without a user, allowed: user and password_file, \
             or token_file",
            "lookout.toml:15: alertmanager[5].url: found \"http://d/\", allowed: an address that no other has",
            "lookout.toml:16: webhook[0].url: found nothing, allowed: an address that begins with http:// or https://, without \
             user and password",
            "lookout.toml:21: webhook[1].secret: found a secret that could be guessed, allowed: at least 24 bytes",
            "lookout.toml:25: webhook[2].secret: found what is no base64, allowed: whsec_ and base64, or any other text",
            "lookout.toml:28: webhook[3].url: found another address, allowed: an address that begins with http:// or https://, \
             without user and password",
            "lookout.toml:33: webhook[5].name: found \"e\", allowed: a name that no other webhook has",
            "lookout.toml:35: webhook[5].min_severity: found 'fatal', allowed: one of \"info\", \"warning\", \"error\", \
             \"critical\", \"emergency\"",
        ],
    );
    check_bad(
        "rule = 1\n[webhook]\nname = 'a'",
        &[],
        &[],
        &[
            "lookout.toml:1: rule: found an integer, allowed: [[rule]], a table for each rule",
            "lookout.toml:2: webhook: found a table, allowed: [[webhook]], a table for each receiver",
        ],
    );
}

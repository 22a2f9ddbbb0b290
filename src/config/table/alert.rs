//! The settings of alerts: which there are, and who is told.

use super::{Kind, MIN, MS, PATH, S, Section, Setting, Slot, lasting, not_empty, setting, span};

/// `[alerts]`.
pub(super) static ALERTS: Section = Section {
    name: "alerts",
    meaning: "What people are told: alerts from verdicts, circuits, components, lookout's own state and the rules \
              below. They are said on `alerts`, and on `emergency` from critical on; whom they are sent to beside that \
              stands in `[[alertmanager]]` and `[[webhook]]`. docs/ALERTS.md lists them.",
    settings: &[
        setting(
            "enabled",
            Kind::Flag,
            Slot::Flag(|d| &mut d.alerts.enabled),
            "Whether there are alerts at all.",
        ),
        span(
            "every",
            |d| &mut d.alerts.every,
            (S, 5 * MIN),
            "How often figures are held against the rules. What the observer says itself is looked at every second.",
        ),
        span(
            "clear_for",
            |d| &mut d.alerts.clear_for,
            (0, 60 * MIN),
            "How long the cause of an alert has to be gone before it is over, so that what comes and goes is one \
             alert; components have thresholds of their own, and rules this setting too.",
        ),
        span(
            "repeat_every",
            |d| &mut d.alerts.repeat_every,
            (0, 24 * 60 * MIN),
            "How often an alert that lasts is said again on `alerts`; `0s` is never. Alertmanager and webhooks have \
             their own ways to repeat.",
        ),
        setting(
            "off",
            Kind::Texts { of: "names of alerts", check: is_alert },
            Slot::Texts(|d| &mut d.alerts.off),
            "Alerts that are not made, by name, built-in ones included: `[\"LookoutCircuitOpen\"]`.",
        ),
        setting(
            "labels",
            Kind::Texts { of: "labels such as team=platform", check: is_label },
            Slot::Texts(|d| &mut d.alerts.labels),
            "Labels that every alert gets for Alertmanager to route by.",
        ),
        setting(
            "page_url",
            Kind::Web,
            Slot::MaybeText(|d| &mut d.alerts.page_url),
            "Where people reach lookout's live page: alerts link to it.",
        )
        .unset("\"https://lookout.example\"", "alerts have no link to the page"),
        setting(
            "runbook_url",
            Kind::Web,
            Slot::MaybeText(|d| &mut d.alerts.runbook_url),
            "Where runbooks can be read: alerts link to this address with `/NAME.md` behind it.",
        )
        .unset(
            "\"https://git.example/lookout/runbooks\"",
            "alerts link to the page of lookout if `page_url` is set, else to `runbooks/NAME.md`",
        ),
    ],
};

/// `[[rule]]`.
pub(super) static RULE: Section = Section {
    name: super::RULE,
    meaning: "A figure, and what is too much of it. Any number of such tables, beside the built-in ones of \
              docs/ALERTS.md; one with the name of a built-in rule takes its place.",
    settings: &[
        row(
            "name",
            Kind::Text { allowed: "a name of 1 to 64 letters, digits, `_` and `-`", check: is_alert },
            "The alert's name, as those who are told see it.",
        )
        .unset("\"OrdersSlow\"", "refused"),
        row(
            "expr",
            Kind::Text { allowed: "a comparison such as service_failure_rate > 0.1", check: not_empty },
            "What is compared: a figure of docs/METRICS.md, as it is or with labels \
             (`service_pod_count{state=\"ready\"} < 2`), with > >= < <= == or !=, and a number. A counter is compared \
             by what it grew, `increase(lookout_calls_total{outcome=\"failed\"}[5m]) > 10`, or by that per second, \
             `rate(…[5m])`. Each service, component or other label has an alert of its own.",
        )
        .unset("\"service_response_time_p95 > 2\"", "refused"),
        row("for", lasting(0, 24 * 60 * MIN), "How long it has to hold before there is an alert.")
            .unset("\"2m\"", "2m"),
        row("severity", Kind::Choice(SEVERITIES), "How bad it is, and thereby who is told.").unset("\"error\"", "warning"),
        row(
            "clear",
            Kind::Number { min: -1e12, max: 1e12, above: false },
            "What it is compared with once it fires, so that a figure that moves around the threshold is one alert.",
        )
        .unset("1.5", "the number in `expr`"),
        row("clear_for", lasting(0, 60 * MIN), "How long it has to be clear before the alert is over.")
            .unset("\"1m\"", "as `alerts.clear_for`"),
        row(
            "services",
            Kind::Texts { of: "names of services, with `*` for any text", check: is_pattern },
            "The services it is for, where the figure has one.",
        )
        .unset("[\"Order*\"]", "all"),
        row(
            "components",
            Kind::Texts { of: "names of components, with `*` for any text", check: is_pattern },
            "The components it is for, where the figure has one.",
        )
        .unset("[\"orders_db\"]", "all"),
        row(
            "min_calls",
            Kind::Integer { min: 0, max: 1_000_000_000 },
            "Fewest settled calls of a service within five minutes for the alert to begin: one failure of two calls \
             at night is no rate.",
        )
        .unset("20", "0"),
        row(
            "summary",
            Kind::Text { allowed: "a text of at most 200 characters", check: is_summary },
            "What it means, for whoever is told.",
        )
        .unset("\"Orders take too long\"", "the comparison itself"),
    ],
};

/// `[[alertmanager]]`.
pub(super) static ALERTMANAGER: Section = Section {
    name: super::ALERTMANAGER,
    meaning: "A Prometheus Alertmanager that is sent every alert: one table for each instance of a cluster, as \
              Alertmanager wants it. This way does not need the MQTT broker. What an instance does not take is kept \
              for it. deploy/alertmanager/alertmanager.yml is a configuration for it.",
    settings: &[
        row(
            "url",
            Kind::Server,
            "Its address, without `/api/v2/alerts`; a path in front of that is kept.",
        )
        .unset("\"http://127.0.0.1:9093\"", "refused"),
        USER,
        PASSWORD,
        PASSWORD_FILE,
        TOKEN_FILE,
        CA,
        TIMEOUT,
        row(
            "resend_every",
            lasting(S, 60 * MIN),
            "How often alerts that fire are sent again. They carry an end four times as far ahead, so that alerts of \
             a lookout that is gone end by themselves.",
        )
        .unset("\"1m\"", "1m, as Prometheus does"),
    ],
};

/// `[[webhook]]`.
pub(super) static WEBHOOK: Section = Section {
    name: super::WEBHOOK,
    meaning: "Somebody who is told of alerts by HTTP without an Alertmanager: CloudEvents in JSON, grouped by alert and \
              severity, signed if there is a secret. This way does not need the MQTT broker. docs/ALERTS.md tells what \
              is sent.",
    settings: &[
        row(
            "name",
            Kind::Text { allowed: "a name of 1 to 64 letters, digits, `_` and `-`", check: is_alert },
            "By which it is known in logs and metrics. No other webhook has it.",
        )
        .unset("\"on-call\"", "refused"),
        row("url", Kind::Server, "Where notifications are posted to.")
            .unset("\"https://hooks.example/lookout\"", "refused, unless there is `url_file`"),
        row("url_file", PATH, "A file with the address, where the address itself is a secret.")
            .unset("\"/run/secrets/chat-hook\"", "none"),
        row(
            "secret",
            Kind::Secret,
            "What notifications are signed with (Standard Webhooks: HMAC-SHA256 over id, time and body); never shown. \
             `whsec_` and base64, or any text of at least 24 characters.",
        )
        .unset("\"…\"", "they are not signed"),
        row("secret_file", PATH, "A file with the secret; white space around it is trimmed.")
            .unset("\"/run/secrets/hook-secret\"", "none"),
        USER,
        PASSWORD,
        PASSWORD_FILE,
        TOKEN_FILE,
        CA,
        TIMEOUT,
        row(
            "actions",
            Kind::Texts { of: super::responses::RESPONSES_ARE, check: super::responses::is_response },
            "Responses to attacks that it is asked to do, and to undo: see `[responses]`. Needs a secret.",
        )
        .unset("[\"rate_limit_user\", \"notify_user\"]", "none"),
        row("alerts", Kind::Flag, "Whether it is told of alerts.").unset("false", "true"),
        row("min_severity", Kind::Choice(SEVERITIES), "The mildest alerts it is told of.")
            .unset("\"error\"", "warning"),
        row(
            "group_wait",
            lasting(0, 60 * MIN),
            "How long the first alert of a group waits for others. Critical alerts and emergencies do not wait.",
        )
        .unset("\"30s\"", "30s"),
        row("group_interval", lasting(S, 24 * 60 * MIN), "How soon after a notification the next may follow when a group changes.")
            .unset("\"1m\"", "1m"),
        row(
            "repeat_interval",
            lasting(MIN, 7 * 24 * 60 * MIN),
            "How often a group is told again while nothing in it changes.",
        )
        .unset("\"4h\"", "4h"),
    ],
};

const USER: Setting = row(
    "user",
    Kind::Text { allowed: "a string without a colon", check: is_user },
    "The user of HTTP's basic scheme.",
)
.unset("\"lookout\"", "none");
const PASSWORD: Setting =
    row("password", Kind::Secret, "The password; never shown. Better kept in `password_file`.")
        .unset("\"…\"", "none");
const PASSWORD_FILE: Setting =
    row("password_file", PATH, "A file with the password; white space around it is trimmed.")
        .unset("\"/run/secrets/password\"", "none");
const TOKEN_FILE: Setting =
    row("token_file", PATH, "A file with a bearer token, in place of user and password.")
        .unset("\"/run/secrets/token\"", "none");
const CA: Setting = row(
    "ca_file",
    PATH,
    "A PEM file with the authorities that its certificate may come from, where the address is `https://`; nobody \
     else is trusted then.",
)
.unset("\"/etc/lookout/ca.pem\"", "the authorities that the system trusts");
const TIMEOUT: Setting = row("timeout", lasting(100 * MS, 60 * S), "How long an answer may take.")
    .unset("\"10s\"", "10s");

/// The severities, as settings have them.
pub(in super::super) const SEVERITIES: &[&str] =
    &["info", "warning", "error", "critical", "emergency"];

/// A setting of a table that repeats.
const fn row(name: &'static str, kind: Kind, meaning: &'static str) -> Setting {
    setting(name, kind, Slot::Row, meaning)
}

fn is_alert(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether a text is a label of Prometheus with a value, and none of those that alerts have anyway.
fn is_label(text: &str) -> bool {
    const OWN: [&str; 5] = ["alertname", "severity", "cluster", "service", "component"];
    let Some((name, value)) = text.split_once('=') else { return false };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !value.is_empty()
        && value.len() <= 256
        && !value.chars().any(char::is_control)
        && name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(word)
        && !OWN.contains(&name)
}

fn is_pattern(text: &str) -> bool {
    !text.is_empty() && crate::wire::glob::Glob::new(text).is_ok()
}

fn is_summary(text: &str) -> bool {
    not_empty(text) && text.chars().count() <= 200 && !text.chars().any(char::is_control)
}

pub(super) fn is_user(text: &str) -> bool {
    !text.is_empty() && !text.contains(':') && !text.chars().any(char::is_control)
}

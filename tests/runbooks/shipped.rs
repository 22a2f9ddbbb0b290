//! What comes with lookout: one for everything that it says, each of which can be followed.

use crate::kit::{book, inside, sh};
use lookout::observer::event::Step;
use lookout::observer::input::Severity;
use lookout::observer::state;
use lookout::observer::verdict::Reason;
use lookout::probe::Cause;
use lookout::runbook::{Book, CONSTANTS, EVENTS, KINDS, PLACEHOLDERS, SEVERITIES, Subject};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A subject of which everything is known.
fn sample<'a>(event: &'a str, reason: Option<&'a str>, kind: Option<&'a str>) -> Subject<'a> {
    Subject {
        alert: "SomeAlert",
        event,
        reason,
        kind,
        component: Some("orders_db"),
        severity: "critical",
        service: Some("Orders"),
        cluster: "shop",
        topic: Some("service/Orders"),
        incident: Some("0f3c"),
    }
}

/// Causes that a platform gives; one that is new does not compile here.
fn causes() -> Vec<Cause> {
    let next = |cause| match cause {
        Cause::RestartLoop => Some(Cause::ImagePull),
        Cause::ImagePull => Some(Cause::OutOfMemory),
        Cause::OutOfMemory => None,
    };
    std::iter::successors(Some(Cause::RestartLoop), |cause| next(*cause)).collect()
}

/// Everything that lookout says: kind of event, and why.
fn said() -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    let mut add = |event, reason: &str| said.push((event, reason.to_owned()));
    Reason::UNAVAILABLE.iter().for_each(|reason| add("service_unavailable", reason.name()));
    causes().iter().for_each(|cause| add("service_unavailable", cause.name()));
    Reason::DEGRADED.iter().for_each(|reason| add("service_degraded", reason.name()));
    state::Cause::ALL.iter().for_each(|cause| add("circuit_breaker", cause.name()));
    Step::ALL.iter().for_each(|step| add("remedy_action", step.name()));
    said
}

#[track_caller]
fn renders(book: &Book, subject: &Subject<'_>) -> String {
    let constants = [("namespace", "prod"), ("label", "app"), ("broker", "broker.example")];
    let constants: BTreeMap<_, _> =
        constants.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let runbook = book.find(subject).unwrap();
    let markdown = runbook.fill(subject, &constants).markdown().to_owned();
    for place in PLACEHOLDERS.iter().chain(&CONSTANTS) {
        for left in [format!("{{{place}}}"), format!("<{place}>"), place.to_uppercase()] {
            let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let whole = markdown.split(word).any(|part| part == left) && left != "LABEL";
            let braces = left.starts_with(['{', '<']) && markdown.contains(&left);
            assert!(!whole && !braces, "{left} is left in {}:\n{markdown}", runbook.name());
        }
    }
    runbook.name().to_owned()
}

#[test]
fn each_reason_has_a_runbook_of_its_own() {
    let book = Book::shipped();
    for (event, reason) in said() {
        let name = renders(&book, &sample(event, Some(&reason), None));
        let without = renders(&book, &sample(event, Some("something_else"), None));
        assert_ne!(name, without, "{event} {reason}");
        assert_ne!(name, "general", "{event} {reason}");
    }
}

#[test]
fn each_event_and_each_kind_of_component_has_one() {
    let book = Book::shipped();
    for event in EVENTS.iter().filter(|event| **event != "remedy_action") {
        let name = renders(&book, &sample(event, None, None));
        assert_ne!(name, "general", "{event}");
    }
    for kind in kinds() {
        let name =
            renders(&book, &sample("infrastructure_error", Some("unreachable"), Some(&kind)));
        assert_eq!(name, format!("component-{kind}"));
    }
}

/// The kinds of checks that the configuration knows.
fn kinds() -> Vec<String> {
    let schema: Value =
        serde_json::from_str(include_str!("../../schemas/configuration.json")).unwrap();
    let kinds = schema.pointer("/properties/check/items/properties/kind/enum").unwrap();
    kinds.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_runbook_can_be_for_is_what_lookout_says() {
    let mut kinds = kinds();
    kinds.sort();
    assert_eq!(kinds, KINDS);
    for event in EVENTS {
        let schema = root().join(format!("schemas/{event}.json"));
        assert!(schema.exists(), "{event} is published nowhere");
    }
    for severity in Severity::ALL {
        assert!(SEVERITIES.contains(&severity.name()));
    }
}

#[test]
fn each_alert_of_prometheus_has_one() {
    let rules = root().join("deploy/prometheus/rules/lookout-alerts.yml");
    let rules = std::fs::read_to_string(rules).unwrap();
    let book = Book::shipped();
    let alerts: Vec<_> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 15);
    for alert in alerts {
        assert_eq!(book.find(&Subject { alert, ..Subject::default() }).unwrap().name(), alert);
    }
}

#[test]
fn the_folder_is_what_is_in_the_program_and_all_of_it_can_be_read() {
    let folder = root().join("runbooks");
    let mut names = inside(&folder);
    names.sort();
    let read = |name: &String| (name.clone(), std::fs::read_to_string(folder.join(name)).unwrap());
    let files: Vec<_> = names.iter().map(read).collect();
    let texts: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let said = book(&texts).err().unwrap_or_default();
    let said: Vec<_> = said.iter().map(ToString::to_string).collect();
    assert_eq!(said.join("\n"), "");
    let shipped = Book::shipped();
    let listed: Vec<_> = shipped.all().map(|runbook| format!("{}.md", runbook.name())).collect();
    assert_eq!(listed, names);
}

#[test]
fn commands_are_right_for_a_shell_and_no_name_does_anything_in_them() {
    let harm = "';>pwned;'$(>pwned)`>pwned`\";>pwned;\"\n>pwned\n#";
    let subjects = [
        sample("e", Some("r"), Some("k")),
        Subject::default(),
        Subject {
            alert: harm,
            event: harm,
            reason: Some(harm),
            component: Some(harm),
            kind: Some(harm),
            severity: harm,
            service: Some(harm),
            cluster: harm,
            topic: Some(harm),
            incident: Some(harm),
        },
    ];
    let hostile = CONSTANTS.map(|name| (name.to_owned(), "';>pwned;'".to_owned())).into();
    let mut commands = 0;
    for runbook in Book::shipped().all() {
        for subject in &subjects {
            for step in runbook.fill(subject, &hostile).steps {
                let Some(command) = step.command else { continue };
                commands += 1;
                let folder = tempfile::tempdir().unwrap();
                let read =
                    sh("/bin/sh", folder.path(), "/nonexistent", &format!("set -n\n{command}"));
                assert!(read.stderr.is_empty(), "{}: {read:?}", runbook.name());
                // No program is found, so only what the shell itself does is done.
                sh("/bin/sh", folder.path(), "/nonexistent", &command);
                assert!(inside(folder.path()).is_empty(), "{}: {command}", runbook.name());
            }
        }
    }
    assert!(commands > 300, "{commands}");
}

#[test]
fn steps_that_change_something_need_leave() {
    let changes = [
        " rollout restart",
        " rollout undo",
        " scale ",
        " delete ",
        " drain ",
        " set resources",
        " restart ",
        "systemctl restart",
        "docker start",
        " prune",
        "-X POST",
        "config set",
        "pg_terminate",
        "--vacuum",
        "kick",
    ];
    for runbook in Book::shipped().all() {
        let filled = runbook.fill(&Subject::default(), &BTreeMap::new());
        let first = filled.steps.first().unwrap();
        assert!(!first.needs_approval, "{} begins with a step that needs leave", runbook.name());
        for step in &filled.steps {
            let command = step.command.as_deref().unwrap_or_default();
            let changes = changes.iter().any(|change| command.contains(change));
            assert!(!changes || step.needs_approval, "{}: {command}", runbook.name());
            assert!(!step.needs_approval || step.impact.is_some(), "{}", runbook.name());
        }
        assert!(filled.steps.iter().any(|step| step.time_limit.is_some()), "{}", runbook.name());
    }
}

#[test]
fn the_runbook_in_the_documentation_can_be_read() {
    let page = std::fs::read_to_string(root().join("docs/RUNBOOKS.md")).unwrap();
    let example = page.split("````markdown\n").nth(1).unwrap().split("````").next().unwrap();
    let constants = BTreeMap::from([("team".to_owned(), "orders".to_owned())]);
    let book = Book::shipped().with_constants(constants);
    let book = book.with(vec![("mine.md".to_owned(), example.to_owned())]).unwrap();
    let reason = Some("high_failure_rate");
    let subject = Subject { service: Some("Refunds"), ..sample("service_degraded", reason, None) };
    assert_eq!(book.find(&subject).unwrap().name(), "mine");
}

//! Alerts of lookout as they come with the real book of runbooks.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lookout::alert::rule::BUILT_IN;
use lookout::alert::{NAMES, librarian};
use lookout::observer::Instant;
use lookout::observer::alert::{Alert, Context, Key, Severity};
use lookout::observer::incident::IncidentId;
use lookout::runbook::Book;

fn alert(name: &str) -> Alert {
    let mut key = Key::new(name);
    let mut reason = None;
    match name {
        "LookoutComponentUnhealthy" | "LookoutComponentImpaired" => {
            key = key.with("component", "db".into()).with("kind", "redis".into());
        }
        "LookoutPairDeaf" => {
            key = key.with("pair", "functions".into());
            reason = Some("pair_deaf".into());
        }
        "LookoutFailureRate" | "LookoutHighFailureRate" => {
            reason = Some("high_failure_rate".into())
        }
        "LookoutSlowReplies" => reason = Some("slow_responses".into()),
        _ => {}
    }
    Alert {
        key: key.with("service", "Orders; rm -rf /".into()),
        severity: Severity::Error,
        starts: Instant::default(),
        ends: None,
        summary: String::new(),
        description: String::new(),
        event: match name {
            "LookoutServiceUnavailable" => "service_unavailable",
            "LookoutServiceDegraded" => "service_degraded",
            "LookoutCircuitOpen" => "circuit_breaker",
            "LookoutPairDeaf" => "pair_deaf",
            "LookoutComponentUnhealthy" | "LookoutComponentImpaired" => "infrastructure_error",
            _ => "rule",
        },
        reason,
        value: None,
        context: Context::default(),
        runbook: None,
        repeat: 0,
        incident: IncidentId(1),
        explained: None,
        trace: None,
    }
}

#[test]
fn every_alert_has_a_runbook_of_its_own_and_steps_to_begin_with() {
    let find = librarian(Book::shipped(), "shop".to_owned());
    let names = NAMES.iter().map(|(name, _)| *name).chain(BUILT_IN.iter().map(|rule| rule.0));
    for name in names {
        let found = find(&alert(name), Some("service/Orders")).unwrap_or_else(|| panic!("{name}"));
        assert_ne!(found.name, "general", "{name}");
        assert!(!found.steps.is_empty(), "{name}: {}", found.name);
        for command in found.steps.iter().filter_map(|(_, command)| command.as_deref()) {
            let quoted = command.replace("'Orders; rm -rf /'", "");
            assert!(!quoted.contains("rm -rf"), "{name}: {command}");
        }
    }
}

#[test]
fn the_page_lists_every_alert_with_its_severity_and_its_rule() {
    let page = std::fs::read_to_string("docs/ALERTS.md").unwrap();
    let line = |name: &str| {
        let found = page
            .lines()
            .find(|line| line.starts_with("| `") && line.contains(&format!("`{name}`")));
        found.unwrap_or_else(|| panic!("{name} is not listed"))
    };
    for (name, _) in NAMES {
        line(name);
    }
    for (name, expression, clear, lasting, severity, ..) in BUILT_IN {
        let line = line(name);
        assert!(line.contains(severity.name()), "{line}");
        let begins = match lasting {
            0 => "at once".to_owned(),
            lasting => format!("after {} min", lasting / 60),
        };
        assert!(line.contains(&begins), "{line}: {begins}");
        // Those about services and the broker say their rule.
        if !expression.contains("lookout_") {
            assert!(line.contains(&format!("`{expression}`")), "{line}");
            assert!(line.contains(&format!("below {clear}")), "{line}");
        }
    }
}

//! A check from its lines of configuration, looked at as the program does.

use lookout::config::{self, Check};
use lookout::observer::input::Severity;
use lookout::probe::kind::{Probe, Setting, probe};
use lookout::probe::{Ears, Found};
use serde_json::Value;
use std::time::Duration;

/// The probe of a check with these settings beside its name: `kind = "tcp"`, …
pub(crate) fn check(lines: &str) -> Box<dyn Probe> {
    let (check, setting) = configured(lines);
    probe(&check.kind, &setting).expect("what it needs")
}

/// A check with these settings beside its name, and what goes with it.
pub(crate) fn configured(lines: &str) -> (Check, Setting) {
    let text = format!("[[check]]\nname = \"it\"\n{lines}\n");
    let config = config::from_text(&text).unwrap_or_else(|wrong| panic!("{text}\n{wrong:?}"));
    let (_, heard) = Ears::new();
    let setting = Setting { platforms: config.platforms, heard };
    (config.checks.into_iter().next().expect("a check"), setting)
}

/// One look, which must end by itself.
pub(crate) async fn look(probe: &mut dyn Probe) -> Found {
    tokio::time::timeout(Duration::from_secs(30), probe.look()).await.expect("an end")
}

/// Looks until what is found is as wanted; fails with what was found last after a minute.
pub(crate) async fn until(probe: &mut dyn Probe, wanted: impl Fn(&Found) -> bool) -> Found {
    let mut last = None;
    let looking = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        loop {
            pace.tick().await;
            let found = look(probe).await;
            if wanted(&found) {
                return found;
            }
            last = Some(found);
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), looking).await {
        Ok(found) => found,
        Err(_) => panic!("never found; at last {last:#?}"),
    }
}

/// The facts of what was found.
pub(crate) fn facts(found: &Found) -> Value {
    found.details().map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON"))
}

/// Holds what was found to a severity and a part of its message.
#[track_caller]
pub(crate) fn assert_found(found: &Found, severity: Severity, part: &str) {
    assert_eq!(found.severity(), Some(severity), "{found:#?}");
    assert!(found.message().contains(part), "{part:?} is not in {:?}", found.message());
    assert!(found.impact().is_some_and(|impact| !impact.is_empty()), "{found:#?}");
}

/// Holds that nothing was found to be wrong.
#[track_caller]
pub(crate) fn assert_well(found: &Found) {
    assert!(found.is_well(), "{found:#?}");
}

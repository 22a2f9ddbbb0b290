//! `/livez`, `/readyz`, `/healthz`: plain text for probes, as Kubernetes' own servers have it.
//!
//! `ok`, or each check with a sign before it: `[+]link ok`, `[-]link failed: …`. What `exclude` names does not
//! count; a name that is no check is refused, as a probe with a misspelt one would be blind.

use super::answers::with_type;
use super::ask::Ask;
use super::health::by;
use super::problem::Problem;
use super::routes::Answer;
use crate::view::health::{Health, Status};
use std::fmt::Write;

/// `/livez`.
pub(super) fn livez(ask: &Ask) -> Answer {
    probe(ask, "livez", |health| health.live)
}

/// `/readyz`.
pub(super) fn readyz(ask: &Ask) -> Answer {
    probe(ask, "readyz", |health| health.ready)
}

/// `/healthz`.
pub(super) fn healthz(ask: &Ask) -> Answer {
    probe(ask, "healthz", |health| health.status <= Status::Degraded)
}

fn probe(ask: &Ask, name: &str, is_well: fn(&Health) -> bool) -> Answer {
    let verbose = ask.query.flag("verbose")?.unwrap_or(false);
    let excluded = ask.query.list("exclude");
    let view = ask.shared.view();
    let now = ask.shared.clock.now();
    // What is only there at times, as a component or the canary, may be excluded at any time.
    let sometimes =
        |name: &str| name.starts_with("component:") || ["canary", "traffic"].contains(&name);
    let all = view.health(now, &[]);
    let known = |name: &str| sometimes(name) || all.checks.iter().any(|check| check.name == name);
    if let Some(unknown) = excluded.iter().find(|name| !known(name)) {
        let shown: String = unknown.chars().take(64).collect();
        return Err(Problem::bad(format!("`exclude`: there is no check {shown:?}")));
    }
    let health = view.health(now, &excluded);
    let well = is_well(&health);
    let mut text = String::new();
    if verbose || !well {
        // Writing to a string cannot fail.
        for check in &all.checks {
            let _ = match check.status {
                _ if excluded.contains(&check.name.as_str()) => {
                    writeln!(text, "[+]{} excluded: ok", check.name)
                }
                Status::Healthy => writeln!(text, "[+]{} ok", check.name),
                Status::Degraded => writeln!(text, "[+]{} degraded: {}", check.name, check.message),
                _ => writeln!(text, "[-]{} failed: {}", check.name, check.message),
            };
        }
        let _ = writeln!(text, "{name} check {}", if well { "passed" } else { "failed" });
    } else {
        text.push_str("ok");
    }
    Ok(by(well, with_type("text/plain; charset=utf-8", text)))
}

//! EMQX's listeners: where clients connect.
//!
//! Each is on every node. Versions tell it in different places: of all nodes together in `status`,
//! one by one in `node_status`, or straight in the listener. One that is switched off is meant to
//! be; one that is switched on and does not run is where clients are refused.

use super::figures::{figure, member, number};
use crate::probe::found::{Found, Trouble};
use crate::probe::kind::shown::{names, short};
use serde_json::{Map, Value, json};

/// Listeners that are shown, and that are judged.
const SHOWN: usize = 32;
const JUDGED: usize = 1_000;
/// Share of the connections allowed that is too much.
const FULL: f64 = 0.9;

/// Says what is wrong with them.
pub(super) fn judge(listeners: &[Map<String, Value>], found: &mut Found) {
    let shown: Vec<_> = listeners.iter().take(SHOWN).map(details).collect();
    found.detail("listeners", shown);
    for listener in listeners.iter().take(JUDGED).filter(|it| is_enabled(it)) {
        let name = name(listener);
        if let Some(place) = silent(listener) {
            found.trouble(
                Trouble::error("refused_connections", format!("listener {name} does not run{place}"))
                    .definite()
                    .advice(format!(
                        "See whether its port is taken and its certificate is there, then: emqx ctl listeners \
                         start {}",
                        short(text(listener, "id"))
                    )),
            );
        }
        let (current, most) =
            (state(listener, "current_connections"), state(listener, "max_connections"));
        if let (Some(current), Some(most)) = (number(current), number(most))
            && most > 0.0
            && current / most >= FULL
        {
            let message = format!(
                "listener {name} has {:.0} % of its connections in use ({current:.0} of {most:.0}, limit {:.0} %)",
                current / most * 100.0,
                FULL * 100.0
            );
            found.trouble(
                Trouble::warning("refused_connections", message)
                    .advice("Raise max_connections of the listener, or add a node"),
            );
        }
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    member(object, name).as_str().unwrap_or_default()
}

/// Its id, and where it listens.
fn name(listener: &Map<String, Value>) -> String {
    match (short(text(listener, "id")), short(text(listener, "bind"))) {
        (id, bind) if bind.is_empty() => id,
        (id, bind) => format!("{id} ({bind})"),
    }
}

fn is_enabled(listener: &Map<String, Value>) -> bool {
    ["enable", "enabled"].iter().all(|name| *member(listener, name) != Value::Bool(false))
}

/// What is told of all nodes together.
fn state<'a>(listener: &'a Map<String, Value>, name: &str) -> &'a Value {
    member(listener, "status").get(name).unwrap_or_else(|| member(listener, name))
}

/// Where it does not run, as words to go on with; `None` if it runs.
fn silent(listener: &Map<String, Value>) -> Option<String> {
    let nodes = member(listener, "node_status").as_array().map_or(&[][..], Vec::as_slice);
    let runs = |node: &Value| {
        let state = node.get("status").and_then(|status| status.get("running"));
        state.or_else(|| node.get("running")) != Some(&Value::Bool(false))
    };
    let off = || nodes.iter().filter(|node| !runs(node));
    let named: Vec<_> = off().filter_map(|node| node.get("node")?.as_str()).collect();
    match state(listener, "running") {
        Value::Bool(false) => Some(String::new()),
        // The nodes do not agree.
        Value::String(word) if word == "inconsistent" && named.is_empty() => {
            Some(" on some nodes".to_owned())
        }
        _ if off().next().is_some() => Some(format!(" on {}", names(named))),
        _ => None,
    }
}

fn details(listener: &Map<String, Value>) -> Value {
    json!({
        "id": short(text(listener, "id")),
        "bind": short(text(listener, "bind")),
        "enabled": is_enabled(listener),
        "running": silent(listener).is_none(),
        "connections": figure(state(listener, "current_connections")),
    })
}

//! Templates from topics that belong together: what is the same everywhere is text, what varies has
//! a name, and what varies in step in both topics has one name in both.

use super::words::{is_call_level, is_made_up};
use serde_json::Value;

/// A call and its reply, as far as templates are concerned.
pub(super) struct Example<'t> {
    pub(super) call: &'t str,
    pub(super) reply: &'t str,
    /// The body of the call.
    pub(super) body: Option<&'t Value>,
}

/// Templates of calls and replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Joint {
    pub(super) call: String,
    pub(super) reply: String,
    /// What composes the service's name, if levels do.
    pub(super) service: Option<String>,
    /// Whether a level names the method.
    pub(super) method: bool,
}

/// The templates of examples whose calls have as many levels each, and their replies too; `id` are
/// the levels that hold the id. `None` if no template could say it.
pub(super) fn joint(examples: &[Example<'_>], id: Option<(usize, usize)>) -> Option<Joint> {
    let bad = |topic: &str| topic.chars().any(|c| c.is_control() || "{}+#\"\\".contains(c));
    if examples.iter().any(|example| bad(example.call) || bad(example.reply)) {
        return None;
    }
    let calls = columns(examples.iter().map(|example| example.call));
    let replies = columns(examples.iter().map(|example| example.reply));
    let names = call_names(&calls, &replies, id.map(|(call, _)| call));
    let reply = reply_levels(examples, &calls, &replies, &names, id.map(|(_, reply)| reply));
    let call: Vec<String> =
        calls.iter().zip(&names).map(|(column, name)| level(column, name.as_deref())).collect();
    let has = |wanted: &str| names.iter().flatten().any(|name| name == wanted);
    let naming = |name: &&String| *name == "service" || name.starts_with("part");
    let naming: Vec<_> =
        names.iter().flatten().filter(naming).map(|it| format!("{{{it}}}")).collect();
    Some(Joint {
        call: call.join("/"),
        reply: reply.join("/"),
        service: has("service").then(|| naming.join("/")),
        method: has("method"),
    })
}

/// Whether a topic could be one of a template's: as many levels, and its text where it has text.
pub(super) fn fits(template: &str, topic: &str) -> bool {
    let mut levels = topic.split('/');
    let fits = |level: &str| levels.next().is_some_and(|it| level.contains('{') || level == it);
    template.split('/').all(fits) && levels.next().is_none()
}

/// The levels of topics, one column for each place.
fn columns<'t>(topics: impl Iterator<Item = &'t str>) -> Vec<Vec<String>> {
    let mut columns: Vec<Vec<String>> = Vec::new();
    for topic in topics {
        for (at, level) in topic.split('/').enumerate() {
            if at == columns.len() {
                columns.push(Vec::new());
            }
            columns[at].push(level.to_owned());
        }
    }
    columns
}

fn level(column: &[String], name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{{{name}}}"),
        None => column.first().cloned().unwrap_or_default(),
    }
}

fn varies(column: &[String]) -> bool {
    column.iter().any(|value| Some(value) != column.first())
}

/// The names of a call's levels; none where it is text.
fn call_names(
    calls: &[Vec<String>],
    replies: &[Vec<String>],
    id: Option<usize>,
) -> Vec<Option<String>> {
    let text_before = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| calls.get(at))?;
        (!varies(before)).then(|| before.first().map(String::as_str)).flatten()
    };
    let says =
        |at: usize, words: &[&str]| text_before(at).is_some_and(|text| words.contains(&text));
    let mut names: Vec<Option<String>> = vec![None; calls.len()];
    let mut free = Vec::new();
    for (at, column) in calls.iter().enumerate() {
        if id == Some(at) {
            names[at] = Some("call".to_owned());
        } else if says(at, &["service", "services"]) && !names.contains(&Some("service".into())) {
            // One service may be all that was heard, and there will be others.
            names[at] = Some("service".to_owned());
        } else if varies(column) {
            free.push(at);
        }
    }
    // Who calls stands at the end, and its reply goes there too.
    let last = free.last().copied();
    if let Some(last) = last.filter(|last| free.len() > 1 && replies.contains(&calls[*last])) {
        names[last] = Some("client".to_owned());
        free.pop();
    }
    let several = free.len() > 1;
    let end = free.last().copied();
    for at in free {
        let taken = |name: &str, names: &[Option<String>]| names.contains(&Some(name.to_owned()));
        let asked = text_before(at).is_some_and(is_call_level);
        let name = if !taken("service", &names) {
            "service".to_owned()
        } else if !taken("method", &names) && (asked || several && end == Some(at)) {
            "method".to_owned()
        } else {
            format!("part{at}")
        };
        names[at] = Some(name);
    }
    names
}

fn reply_levels(
    examples: &[Example<'_>],
    calls: &[Vec<String>],
    replies: &[Vec<String>],
    names: &[Option<String>],
    id: Option<usize>,
) -> Vec<String> {
    let mut session = false;
    let mut level_of = |at: usize, column: &Vec<String>| {
        if id == Some(at) {
            return "{call}".to_owned();
        }
        let like = calls.iter().zip(names).find(|(call, name)| *call == column && name.is_some());
        if let Some((_, Some(name))) = like {
            return format!("{{{name}}}");
        }
        let before = at.checked_sub(1).and_then(|at| replies.get(at)?.first().cloned());
        let of_one = before
            .is_some_and(|text| matches!(&*text, "session" | "sessions" | "client" | "clients"));
        if !varies(column) && !of_one && !column.iter().all(|value| is_made_up(value)) {
            return level(column, None);
        }
        if let Some(member) = body_member(examples, column) {
            return format!("{{body.{member}}}");
        }
        let name = if session { format!("to{at}") } else { "session".to_owned() };
        session = true;
        format!("{{{name}}}")
    };
    replies.iter().enumerate().map(|(at, column)| level_of(at, column)).collect()
}

/// The member of the call's body that says what stands at a level of the reply's topic.
fn body_member(examples: &[Example<'_>], column: &[String]) -> Option<String> {
    let first = examples.first()?.body?.as_object()?;
    let plain = |name: &&String| {
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !matches!(name.as_str(), "sessionId" | "SessionId")
    };
    let says = |name: &&String| {
        let all = examples.iter().zip(column);
        all.into_iter().all(|(example, value)| {
            example.body.and_then(|body| body.get(name.as_str())?.as_str()) == Some(value)
        })
    };
    first.keys().filter(plain).find(says).cloned()
}

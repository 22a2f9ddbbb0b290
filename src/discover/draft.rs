//! A pair in the making: what will be tried, and printed if it holds.

use super::places::Place;
use super::tape::Heard;
use super::templates::Joint;
use super::words::{method_path, outcome_path};
use crate::wire::encoding::Encoding;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A pair in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) call: String,
    pub(super) replies: Vec<String>,
    /// What composes service and method, if no level of the topic names them.
    service: Option<String>,
    method: Option<String>,
    ids: Vec<String>,
    method_path: Option<String>,
    result_path: Option<String>,
    outcome_path: Option<String>,
    encoding: Encoding,
    pub(super) evidence: Vec<String>,
}

impl Draft {
    /// A pair of addressed calls, whose ids and replies need no more to be said.
    pub(super) fn addressed(joint: Joint, evidence: Vec<String>) -> Self {
        let mut draft = Self { replies: vec![joint.reply.clone()], evidence, ..Self::default() };
        draft.service = service(&joint);
        draft.call = joint.call;
        draft
    }

    /// A pair whose calls and replies share an id at these places.
    pub(super) fn linked(
        joint: Joint,
        places: &(Place, Place),
        calls: &[&Heard],
        replies: &[&Heard],
        evidence: Vec<String>,
    ) -> Self {
        let mut draft = Self { replies: vec![joint.reply.clone()], evidence, ..Self::default() };
        let body = |heard: &&Heard| heard.body.as_ref().map(|(_, body)| body.clone());
        let asked = common(calls.iter().filter_map(body).filter_map(|body| method_path(&body)));
        // JSON-RPC and service-call documents have theirs where every pair looks.
        let known = matches!(asked.as_deref(), Some("method" | "methodName"));
        draft.method_path = asked.clone().filter(|_| !known);
        if asked.is_none() && !joint.method {
            draft.method = Some(literal(&joint.call).unwrap_or_else(|| "call".to_owned()));
        }
        let prefixed = |body: Value| {
            let method = method_path(&body).filter(|path| path == "method")?;
            let method = body.get(&method)?.as_str()?.to_owned();
            Some(method.rfind(['.', '/']).is_some_and(|at| at > 0))
        };
        let named = calls.iter().filter_map(body).filter_map(prefixed).all(|it| it);
        let document = asked.as_deref() == Some("methodName");
        if joint.service.is_some() || !document && (asked.is_none() || !named) {
            draft.service = service(&joint);
        }
        draft.ids = match places {
            (Place::Body(call), Place::Body(reply)) if (&**call, &**reply) == ("id", "id") => {
                Vec::new()
            }
            (Place::Body(call), Place::Body(reply)) if call == reply => vec![call.clone()],
            (Place::Body(call), Place::Body(reply)) => vec![reply.clone(), call.clone()],
            _ => Vec::new(),
        };
        draft.read_replies(&replies.iter().filter_map(body).collect::<Vec<_>>());
        draft.encoding = calls
            .first()
            .and_then(|heard| heard.body.as_ref())
            .map_or(Encoding::Json, |(encoding, _)| *encoding);
        draft.call = joint.call;
        draft
    }

    /// Finds out what replies say by.
    fn read_replies(&mut self, bodies: &[Value]) {
        let plain = |body: &Value| body.get("result").is_some() || body.get("error").is_some();
        if bodies.iter().all(plain) {
            return;
        }
        self.outcome_path = common(bodies.iter().filter_map(outcome_path));
        if self.outcome_path.is_none() {
            let other = |body: &Value| {
                let mut names = body.as_object()?.keys();
                names.find(|name| !self.ids.contains(name) && *name != "id").cloned()
            };
            self.result_path = common(bodies.iter().filter_map(other));
        }
    }

    /// What it is, in a few words.
    pub(super) fn title(&self) -> String {
        format!("{} -> {}", self.call, self.replies.join(", "))
    }

    /// The lines to configure; `number` tells its name from those of others.
    pub(super) fn lines(&self, number: usize) -> String {
        let mut out = String::from("[[traffic.pair]]\n");
        let name = literal(&self.call).unwrap_or_else(|| "found".to_owned());
        let mut put = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{name} = {value}");
        };
        // Topics with quotes, backslashes or control characters make no draft.
        put("name", format!("\"{name}-{}\"", number + 1));
        put("call", format!("\"{}\"", self.call));
        match self.replies.as_slice() {
            [one] => put("reply", format!("\"{one}\"")),
            several => put("reply", format!("{several:?}")),
        }
        for (name, value) in [("service", &self.service), ("method", &self.method)] {
            value.iter().for_each(|value| put(name, format!("\"{value}\"")));
        }
        let mut body = Vec::new();
        match self.ids.as_slice() {
            [] => {}
            [one] => body.push(format!("id = \"{one}\"")),
            several => body.push(format!("id = {several:?}")),
        }
        let paths = [("method", &self.method_path), ("result", &self.result_path)];
        for (name, path) in paths {
            body.extend(path.as_ref().map(|path| format!("{name} = \"{path}\"")));
        }
        if !body.is_empty() {
            put("body", format!("{{ {} }}", body.join(", ")));
        }
        if let Some(path) = &self.outcome_path {
            put(
                "outcome",
                format!(
                    "[{{ from = \"body:{path}\", ok = [\"ok\", \"success\", \"true\", \"0\", \"2??\"], \
                     rejected = [\"*\"] }}]"
                ),
            );
        }
        if let Some((name, _)) = Encoding::ALL.iter().find(|(_, it)| *it == self.encoding)
            && self.encoding != Encoding::Json
        {
            put("encoding", format!("\"{name}\""));
        }
        out
    }
}

/// What composes the service's name: levels of the topic, else what is the same in all of them.
/// `None` where the one level `{service}` does, as everywhere.
fn service(joint: &Joint) -> Option<String> {
    match joint.service.as_deref() {
        Some("{service}") => None,
        Some(levels) => Some(levels.to_owned()),
        None => literal(&joint.call),
    }
}

/// The value that most have, if any.
fn common(values: impl Iterator<Item = String>) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

/// The levels of a template that are text, joined: a name where nothing else is one.
fn literal(template: &str) -> Option<String> {
    let text = |level: &&str| !level.is_empty() && !level.contains('{');
    let name: Vec<_> = template.split('/').filter(text).collect();
    let name: String = name.join("-").chars().take(100).collect();
    (!name.is_empty()).then_some(name)
}

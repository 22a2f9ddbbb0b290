//! `[[traffic.pair]]`: the settings that are more than a text, and how they are read.
//!
//! A pair says nothing of most of its settings. What it does not say is what its profile says, and
//! what that does not say either is as everywhere; so each setting is known to be set or not.

use super::kind::Fault;
use super::raw::{Form, Node};
use super::suggest::nearest;
use crate::observer::call::CodeTable;
use crate::wire::dialect::{BodySpec, SenderSpec};
use crate::wire::outcome::{RuleSpec, Ruling};
use crate::wire::pair::ReplySpec;

/// What is allowed as reply templates, in words.
pub(super) const REPLY: &str = "a template of reply topics such as \"session/{session}/response\", a list of them, or \
                                a table of them by outcome (ok, rejected, failed)";
/// What is allowed as rules, in words.
pub(super) const OUTCOME: &str = "a list of tables { from, ok, rejected, failed }";
/// What is allowed as member names, in words.
pub(super) const BODY: &str =
    "a table { id, method, result, error } of paths such as \"data.id\", or lists of them";
/// What is allowed as who sends, in words.
pub(super) const SENDER: &str = "a table with all of name, client and server";
/// What is allowed as codes, in words.
pub(super) const CODES: &str = "a table { rejected, failed } of lists of integers";
/// What is allowed where a value or a list is, in words.
const TEXTS: &str = "a string that is not empty, or a list of them";
/// What is allowed where one value is, in words.
const ONE_TEXT: &str = "a string that is not empty";

/// One `[[traffic.pair]]`, as far as it says something.
#[derive(Clone, Default, PartialEq)]
pub(super) struct PairDraft {
    pub(super) profile: Option<String>,
    pub(super) name: Option<String>,
    pub(super) call: Option<String>,
    pub(super) reply: Option<Vec<ReplySpec>>,
    pub(super) service: Option<String>,
    pub(super) method: Option<String>,
    pub(super) methods: Option<Vec<String>>,
    pub(super) outcome: Option<Vec<RuleSpec>>,
    pub(super) codes: Option<CodeTable>,
    pub(super) body: Option<BodySpec>,
    pub(super) without_id: Option<String>,
    pub(super) only_addressed: Option<bool>,
    pub(super) sender_property: Option<SenderSpec>,
    pub(super) called_by: Option<String>,
    pub(super) replied_by: Option<String>,
    pub(super) encoding: Option<String>,
}

impl PairDraft {
    /// What this pair says, and else what `base` says.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            profile: None,
            name: self.name.or(base.name),
            call: self.call.or(base.call),
            reply: self.reply.or(base.reply),
            service: self.service.or(base.service),
            method: self.method.or(base.method),
            methods: self.methods.or(base.methods),
            outcome: self.outcome.or(base.outcome),
            codes: self.codes.or(base.codes),
            body: self.body.or(base.body),
            without_id: self.without_id.or(base.without_id),
            only_addressed: self.only_addressed.or(base.only_addressed),
            sender_property: self.sender_property.or(base.sender_property),
            called_by: self.called_by.or(base.called_by),
            replied_by: self.replied_by.or(base.replied_by),
            encoding: self.encoding.or(base.encoding),
        }
    }
}

/// A setting of a pair that is read by a function of its own: into the pair, or why not.
pub(super) type Take = fn(&mut PairDraft, &Node) -> Result<(), Vec<Fault>>;

/// What was wrong, and where within the setting.
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, part: String, node: &Node, allowed: &str) {
        let found = match node.form {
            Form::Table(_) => node.sort().to_owned(),
            _ => node.written.clone(),
        };
        self.0.push(Fault { part, line: node.line, found, allowed: allowed.to_owned() });
    }

    fn or<T>(self, value: T) -> Result<T, Vec<Fault>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    /// A key of a table that is none.
    fn unknown(&mut self, part: &str, key: &str, node: &Node, known: &[&str]) {
        let near = nearest(key, known.iter().copied());
        let allowed = match near {
            Some(near) => format!("a known one, did you mean {near}?"),
            None => format!("one of {}", known.join(", ")),
        };
        let (part, line) = (format!("{part}.{key}"), node.line);
        self.0.push(Fault { part, line, found: "an unknown setting".to_owned(), allowed });
    }

    /// One text; empty, and a fault, if it is none.
    fn text(&mut self, part: String, node: &Node) -> String {
        let text = node.text().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.add(part, node, ONE_TEXT);
        }
        text.unwrap_or_default().to_owned()
    }

    /// A text or a list of texts.
    fn texts(&mut self, part: &str, node: &Node) -> Vec<String> {
        let elements = match &node.form {
            Form::List(elements) => elements.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::new();
        for (at, element) in elements.iter().enumerate() {
            match element.text().filter(|text| !text.trim().is_empty()) {
                Some(text) => texts.push(text.to_owned()),
                None if elements.len() > 1 => self.add(format!("{part}[{at}]"), element, TEXTS),
                None => self.add(part.to_owned(), element, TEXTS),
            }
        }
        texts
    }

    /// A list of integers.
    fn integers(&mut self, part: &str, node: &Node) -> Vec<i64> {
        let Form::List(elements) = &node.form else {
            self.add(part.to_owned(), node, "a list of integers");
            return Vec::new();
        };
        let mut integers = Vec::new();
        for (at, element) in elements.iter().enumerate() {
            match element.form {
                Form::Integer(integer) => integers.push(integer),
                _ => self.add(format!("{part}[{at}]"), element, "an integer"),
            }
        }
        integers
    }

    /// The members of a table, each handed to `take`; a fault if it is none.
    fn table(
        &mut self,
        part: &str,
        node: &Node,
        allowed: &str,
        known: &[&str],
        mut take: impl FnMut(&mut Self, &str, &Node, String),
    ) {
        let Form::Table(entries) = &node.form else {
            return self.add(part.to_owned(), node, allowed);
        };
        for entry in entries {
            if known.contains(&entry.key.as_str()) {
                let part = format!("{part}.{}", entry.key);
                take(self, &entry.key, &entry.value, part);
            } else {
                self.unknown(part, &entry.key, &entry.value, known);
            }
        }
    }
}

/// The names of the outcomes that a reply can have.
const OUTCOMES: [(&str, Ruling); 3] =
    [("ok", Ruling::Ok), ("rejected", Ruling::Rejected), ("failed", Ruling::Failed)];

pub(super) fn reply(pair: &mut PairDraft, node: &Node) -> Result<(), Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let mut replies = Vec::new();
    let spec = |outcome| move |template| ReplySpec { template, outcome };
    match &node.form {
        Form::Table(_) => {
            let known = OUTCOMES.map(|(name, _)| name);
            faults.table("", node, REPLY, &known, |faults, key, value, part| {
                let outcome = OUTCOMES.iter().find(|(name, _)| *name == key);
                let outcome = outcome.map(|(_, outcome)| *outcome);
                replies.extend(faults.texts(&part, value).into_iter().map(spec(outcome)));
            });
        }
        Form::List(_) | Form::Text(_) => {
            replies.extend(faults.texts("", node).into_iter().map(spec(None)));
        }
        _ => {}
    }
    if replies.is_empty() && faults.0.is_empty() {
        faults.add(String::new(), node, REPLY);
    }
    pair.reply = Some(faults.or(replies)?);
    Ok(())
}

pub(super) fn outcome(pair: &mut PairDraft, node: &Node) -> Result<(), Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let mut rules = Vec::new();
    match &node.form {
        Form::List(elements) => {
            for (at, element) in elements.iter().enumerate() {
                rules.push(rule(&mut faults, &format!("[{at}]"), element));
            }
        }
        _ => faults.add(String::new(), node, OUTCOME),
    }
    pair.outcome = Some(faults.or(rules)?);
    Ok(())
}

fn rule(faults: &mut Faults, part: &str, node: &Node) -> RuleSpec {
    let mut rule = RuleSpec::default();
    let known = ["from", "ok", "rejected", "failed"];
    let before = faults.0.len();
    faults.table(
        part,
        node,
        "a table { from, ok, rejected, failed }",
        &known,
        |faults, key, value, part| match key {
            "from" => rule.from = faults.text(part, value),
            "ok" => rule.ok = faults.texts(&part, value),
            "rejected" => rule.rejected = faults.texts(&part, value),
            _ => rule.failed = faults.texts(&part, value),
        },
    );
    if rule.from.is_empty() && faults.0.len() == before {
        let allowed = "from, which is property:NAME, body:PATH, topic:NAME or template";
        faults.add(part.to_owned(), node, allowed);
    }
    rule
}

pub(super) fn body(pair: &mut PairDraft, node: &Node) -> Result<(), Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let mut body = BodySpec::default();
    let known = ["id", "method", "result", "error"];
    faults.table("", node, BODY, &known, |faults, key, value, part| {
        let paths = faults.texts(&part, value);
        match key {
            "id" => body.id = paths,
            "method" => body.method = paths,
            "result" => body.result = paths,
            _ => body.error = paths,
        }
    });
    pair.body = Some(faults.or(body)?);
    Ok(())
}

pub(super) fn sender(pair: &mut PairDraft, node: &Node) -> Result<(), Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let mut sender = SenderSpec::default();
    let known = ["name", "client", "server"];
    faults.table("", node, SENDER, &known, |faults, key, value, part| match key {
        "name" => sender.property = faults.text(part, value),
        "client" => sender.client = faults.texts(&part, value),
        _ => sender.server = faults.texts(&part, value),
    });
    let whole =
        !sender.property.is_empty() && !sender.client.is_empty() && !sender.server.is_empty();
    if !whole && faults.0.is_empty() {
        faults.add(String::new(), node, SENDER);
    }
    pair.sender_property = Some(faults.or(sender)?);
    Ok(())
}

pub(super) fn codes(pair: &mut PairDraft, node: &Node) -> Result<(), Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    // What is not said is as JSON-RPC has it, whatever `[codes]` says of all pairs.
    let mut codes = CodeTable::default();
    faults.table("", node, CODES, &["rejected", "failed"], |faults, key, value, part| {
        let list = if key == "rejected" { &mut codes.rejected } else { &mut codes.failed };
        *list = faults.integers(&part, value);
    });
    let both = codes.failed.iter().position(|code| codes.rejected.contains(code));
    if let (Some(at), true) = (both, faults.0.is_empty()) {
        faults.add(format!(".failed[{at}]"), node, "a code that is not in rejected");
    }
    pair.codes = Some(faults.or(codes)?);
    Ok(())
}

pub(super) fn only_addressed(pair: &mut PairDraft, node: &Node) -> Result<(), Vec<Fault>> {
    let Form::Flag(flag) = node.form else {
        let mut faults = Faults(Vec::new());
        faults.add(String::new(), node, "true or false");
        return faults.or(());
    };
    pair.only_addressed = Some(flag);
    Ok(())
}

pub(super) fn methods(pair: &mut PairDraft, node: &Node) -> Result<(), Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let methods = faults.texts("", node);
    pair.methods = Some(faults.or(methods)?);
    Ok(())
}

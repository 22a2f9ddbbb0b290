//! Whether every value that one schema accepts is accepted by another; what is not, is named.
//!
//! It goes by structure, keyword by keyword, for the keywords that the schemas of lookout use, and
//! errs on the side of refusal: what it cannot compare has to be equal. Annotations count for nothing,
//! but for `x-open`: an `enum` with it may grow, because readers leave alone what they do not know.

use serde_json::{Map, Value};

/// Keywords that say nothing about which values are accepted.
const ANNOTATIONS: &[&str] = &[
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "contentEncoding",
    "default",
    "description",
    "examples",
    "title",
    "x-open",
];
/// Keywords that [`Pair::check`] compares.
const COMPARED: &[&str] = &[
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "dependentSchemas",
    "enum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "pattern",
    "properties",
    "propertyNames",
    "required",
    "type",
    "x-maximumMs",
    "x-minimumMs",
];
/// Bounds, and whether more of one is stricter.
const BOUNDS: &[(&str, bool)] = &[
    ("minimum", true),
    ("exclusiveMinimum", true),
    ("minLength", true),
    ("minItems", true),
    ("maximum", false),
    ("maxLength", false),
    ("maxItems", false),
    // Of durations, in the schema of the configuration.
    ("x-minimumMs", true),
    ("x-maximumMs", false),
];

/// What `inner` accepts and `outer` refuses, each with its place.
pub(crate) fn beyond(inner: &Value, outer: &Value) -> Vec<String> {
    beyond_within((inner, inner), (outer, outer))
}

/// The same of schemas within documents, to which their references lead: document and schema.
pub(crate) fn beyond_within(inner: (&Value, &Value), outer: (&Value, &Value)) -> Vec<String> {
    let mut found = Vec::new();
    Pair { inner_root: inner.0, outer_root: outer.0 }.check(inner.1, outer.1, "", &mut found);
    found
}

/// Members that `old` names and `new` does not: an open object accepts them still, but nobody says
/// or understands them any more.
pub(crate) fn dropped(old: &Value, new: &Value) -> Vec<String> {
    dropped_within((old, old), (new, new))
}

/// The same of schemas within documents.
pub(crate) fn dropped_within(old: (&Value, &Value), new: (&Value, &Value)) -> Vec<String> {
    let mut found = Vec::new();
    walk(old.1, new.1, (old.0, new.0), "", &mut found);
    found
}

fn walk(old: &Value, new: &Value, roots: (&Value, &Value), place: &str, found: &mut Vec<String>) {
    let (old, new) = (resolved(roots.0, old), resolved(roots.1, new));
    for (name, member) in members(&old, "properties") {
        match new.get("properties").and_then(|it| it.get(&name)) {
            Some(now) => walk(&member, now, roots, &format!("{place}/{name}"), found),
            None => found.push(format!("{place}/{name}: the member is gone")),
        }
    }
    for key in ["items", "additionalProperties"] {
        if let (Some(old @ Value::Object(_)), Some(new @ Value::Object(_))) =
            (old.get(key), new.get(key))
        {
            walk(old, new, roots, &format!("{place}/*"), found);
        }
    }
}

/// A schema with what it refers to in place of the reference.
fn resolved(root: &Value, schema: &Value) -> Map<String, Value> {
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    let local = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#'));
    if let Some(target) = local.and_then(|place| root.pointer(place)) {
        let target = resolved(root, target);
        schema.remove("$ref");
        for (key, value) in target {
            schema.entry(key).or_insert(value);
        }
    }
    schema
}

fn members(schema: &Map<String, Value>, key: &str) -> Map<String, Value> {
    schema.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn elements(schema: &Map<String, Value>, key: &str) -> Vec<Value> {
    schema.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The values that are accepted, where they are counted.
fn values(schema: &Map<String, Value>) -> Option<Vec<Value>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(one), _) => Some(vec![one.clone()]),
        (None, Some(Value::Array(all))) => Some(all.clone()),
        _ => None,
    }
}

/// The types that are accepted; all if it does not say.
fn types(schema: &Map<String, Value>) -> Vec<String> {
    let all = ["null", "boolean", "integer", "number", "string", "array", "object"];
    match (schema.get("type"), values(schema)) {
        (Some(Value::String(one)), _) => vec![one.clone()],
        (Some(Value::Array(some)), _) => {
            some.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        (_, Some(values)) => values.iter().map(|value| type_of(value).to_owned()).collect(),
        _ => all.map(str::to_owned).to_vec(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

struct Pair<'a> {
    inner_root: &'a Value,
    outer_root: &'a Value,
}

impl Pair<'_> {
    fn check(&self, inner: &Value, outer: &Value, place: &str, found: &mut Vec<String>) {
        if *outer == Value::Bool(true) || *inner == Value::Bool(false) {
            return;
        }
        if *outer == Value::Bool(false) {
            return found.push(format!("{place}: nothing is accepted"));
        }
        let (a, b) = (resolved(self.inner_root, inner), resolved(self.outer_root, outer));
        self.counted(&a, &b, place, found);
        if values(&a).is_none() {
            bounds(&a, &b, place, found);
        }
        self.object(&a, &b, place, found);
        self.combined(&a, &b, place, found);
        if let Some(items) = b.get("items") {
            let anything = Value::Bool(true);
            if types(&a).iter().any(|it| it == "array") {
                self.check(
                    a.get("items").unwrap_or(&anything),
                    items,
                    &format!("{place}/*"),
                    found,
                );
            }
        }
        for (key, value) in &b {
            let compared = COMPARED.contains(&key.as_str()) && key != "$ref";
            if !compared && !ANNOTATIONS.contains(&key.as_str()) && a.get(key) != Some(value) {
                found.push(format!("{place}: `{key}` is not the same"));
            }
        }
    }

    /// Types and counted values.
    fn counted(
        &self,
        a: &Map<String, Value>,
        b: &Map<String, Value>,
        place: &str,
        found: &mut Vec<String>,
    ) {
        let allowed = types(b);
        let fits = |it: &String| {
            allowed.contains(it) || it == "integer" && allowed.iter().any(|it| it == "number")
        };
        for more in types(a).iter().filter(|it| !fits(it)) {
            found.push(format!("{place}: may be of type {more}"));
        }
        let Some(allowed) = values(b) else { return };
        let open = b.get("x-open") == Some(&Value::Bool(true));
        match values(a) {
            Some(values) => {
                for more in values.iter().filter(|it| !open && !allowed.contains(it)) {
                    found.push(format!("{place}: may be {more}"));
                }
            }
            None => found.push(format!("{place}: may be any value")),
        }
    }

    fn object(
        &self,
        a: &Map<String, Value>,
        b: &Map<String, Value>,
        place: &str,
        found: &mut Vec<String>,
    ) {
        if !types(a).iter().any(|it| it == "object") {
            return;
        }
        let required = elements(a, "required");
        for name in elements(b, "required").iter().filter(|it| !required.contains(it)) {
            found.push(format!("{place}/{}: may be absent", name.as_str().unwrap_or_default()));
        }
        let anything = Value::Bool(true);
        let (mine, theirs) = (members(a, "properties"), members(b, "properties"));
        let (my_rest, their_rest) = (
            a.get("additionalProperties").unwrap_or(&anything),
            b.get("additionalProperties").unwrap_or(&anything),
        );
        for (name, theirs) in &theirs {
            let mine = mine.get(name).unwrap_or(my_rest);
            self.check(mine, theirs, &format!("{place}/{name}"), found);
        }
        for (name, mine) in mine.iter().filter(|(name, _)| !theirs.contains_key(*name)) {
            self.check(mine, their_rest, &format!("{place}/{name}"), found);
        }
        self.check(my_rest, their_rest, &format!("{place}/*"), found);
        if let Some(names) = b.get("propertyNames") {
            let mine = a.get("propertyNames").unwrap_or(&anything);
            self.check(mine, names, &format!("{place}/(names)"), found);
        }
        for (name, theirs) in members(b, "dependentSchemas") {
            let mine = members(a, "dependentSchemas").remove(&name);
            // Where the member is never there, nothing depends on it.
            let never = *my_rest == Value::Bool(false) && !mine_has(a, &name);
            if !never {
                self.check(
                    &mine.unwrap_or(Value::Bool(true)),
                    &theirs,
                    &format!("{place}/({name})"),
                    found,
                );
            }
        }
    }

    /// Alternatives and conditions.
    fn combined(
        &self,
        a: &Map<String, Value>,
        b: &Map<String, Value>,
        place: &str,
        found: &mut Vec<String>,
    ) {
        for key in ["anyOf", "oneOf"] {
            let theirs = elements(b, key);
            if theirs.is_empty() {
                continue;
            }
            let mut mine = elements(a, key);
            if mine.is_empty() {
                mine.push(Value::Object(a.clone()));
            }
            for one in &mine {
                let fits = |it: &Value| {
                    let mut faults = Vec::new();
                    self.check(one, it, place, &mut faults);
                    faults.is_empty()
                };
                if !theirs.iter().any(fits) {
                    found.push(format!("{place}: no alternative holds {one}"));
                }
            }
        }
        let mine = elements(a, "allOf");
        for condition in elements(b, "allOf").iter().filter(|it| !mine.contains(it)) {
            if !never_holds(condition, a) {
                found.push(format!("{place}: a new condition, {condition}"));
            }
        }
    }
}

fn mine_has(a: &Map<String, Value>, name: &str) -> bool {
    a.get("properties").is_some_and(|it| it.get(name).is_some())
}

/// Whether the `if` of a condition asks for a value that the schema does not know.
fn never_holds(condition: &Value, schema: &Map<String, Value>) -> bool {
    let asked = condition["if"]["properties"].as_object().cloned().unwrap_or_default();
    asked.iter().any(|(name, asked)| {
        let asked = asked.as_object().and_then(values);
        let known = members(schema, "properties").remove(name);
        let known = known.as_ref().and_then(Value::as_object).and_then(values);
        asked.zip(known).is_some_and(|(asked, known)| !asked.iter().any(|it| known.contains(it)))
    })
}

fn bounds(a: &Map<String, Value>, b: &Map<String, Value>, place: &str, found: &mut Vec<String>) {
    for (key, more_is_stricter) in BOUNDS {
        let Some(theirs) = b.get(*key).and_then(Value::as_f64) else { continue };
        // What is above a bound is not below it.
        let also = if *key == "minimum" { a.get("exclusiveMinimum") } else { None };
        let mine = a.get(*key).or(also).and_then(Value::as_f64);
        let within = mine
            .is_some_and(|mine| if *more_is_stricter { mine >= theirs } else { mine <= theirs });
        if !within {
            found.push(format!("{place}: `{key}` {theirs} does not hold any more"));
        }
    }
    for key in ["pattern", "format"] {
        if let Some(theirs) = b.get(key)
            && a.get(key) != Some(theirs)
        {
            found.push(format!("{place}: `{key}` {theirs} does not hold any more"));
        }
    }
}

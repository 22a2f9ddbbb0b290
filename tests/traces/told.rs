//! A span as a test reads it, whoever was told of it.

use std::collections::BTreeMap;

/// A span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub service: String,
    pub namespace: String,
    /// Name and version.
    pub scope: String,
    pub schema: String,
    pub trace: String,
    pub span: String,
    /// Empty if there is none.
    pub parent: String,
    pub state: String,
    /// Not everybody shows them.
    pub flags: Option<u32>,
    pub name: String,
    pub kind: String,
    /// In nanoseconds.
    pub start: u64,
    pub end: u64,
    /// What is said with an error; empty if the status is not set.
    pub status: String,
    pub attributes: BTreeMap<String, String>,
}

impl Told {
    /// An attribute; empty if it is not there.
    pub fn get(&self, key: &str) -> &str {
        self.attributes.get(key).map_or("", String::as_str)
    }
}

/// The only span of a call on one side.
pub fn one<'t>(all: &'t [Told], id: &str, kind: &str) -> &'t Told {
    let mut found = all.iter().filter(|it| it.get("jsonrpc.request.id") == id && it.kind == kind);
    let first = found.next().unwrap_or_else(|| panic!("no {kind} {id}: {all:#?}"));
    assert!(found.next().is_none(), "{kind} {id} twice");
    first
}

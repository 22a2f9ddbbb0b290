//! Services as the page lists them, and which of them changed since it was last told.
//!
//! A row is written once a second for all who listen, and sent only if its text differs; figures
//! are rounded to what a reader can tell apart, so a steady service is silent.

use super::api::services::{Row, row};
use crate::view::View;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows as they were last sent.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<Arc<str>, String>);

impl Rows {
    /// The rows that changed, as JSON: `{"at":…,"changed":[…],"gone":[…]}`; `None` if none did.
    pub(super) fn changes(&mut self, view: &View) -> Option<String> {
        let services = &view.turn().snapshot.services;
        let mut changed = Vec::new();
        for service in services {
            let row: Row = row(view, service);
            let text = serde_json::to_string(&row).unwrap_or_default();
            match self.0.get_mut(&service.name) {
                Some(known) if *known == text => {}
                Some(known) => {
                    changed.push(text.clone());
                    *known = text;
                }
                None => {
                    changed.push(text.clone());
                    self.0.insert(service.name.clone(), text);
                }
            }
        }
        let mut gone = Vec::new();
        if self.0.len() > services.len() {
            self.0.retain(|name, _| {
                let here = view.service(name).is_some();
                if !here {
                    gone.push(name.clone());
                }
                here
            });
        }
        if changed.is_empty() && gone.is_empty() {
            return None;
        }
        let gone = serde_json::to_string(&gone).unwrap_or_default();
        Some(format!(r#"{{"changed":[{}],"gone":{gone}}}"#, changed.join(",")))
    }

    /// Nobody listens: the next who does asks for all.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

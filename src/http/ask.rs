//! A request as handlers see it: who asks, for what, with which parameters.
//!
//! Everything that strangers may send too much of is bounded before a handler sees it: parameters
//! that a route does not know are refused by name, and a body has at most a few kilobytes.

use super::limits::Connection;
use super::problem::Problem;
use super::shared::Shared;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most bytes of a body.
pub(super) const BODY: usize = 4_096;
/// Most parameters of a query, the same ones again included.
const PARAMETERS: usize = 32;

/// A request.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) shared: Arc<Shared>,
    pub(super) connection: Connection,
    pub(super) headers: HeaderMap,
    /// What the path names.
    pub(super) name: String,
    pub(super) query: Query,
    pub(super) body: Bytes,
}

/// Parameters of a query.
#[derive(Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query of which these parameters are known.
    pub(super) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut read = BTreeMap::new();
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        for (at, (name, value)) in pairs.enumerate() {
            if at == PARAMETERS {
                return Err(Problem::bad(format!("at most {PARAMETERS} parameters")));
            }
            if !known.contains(&&*name) {
                let shown: String = name.chars().take(64).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Problem::bad(format!("unknown parameter {shown:?}; known: {known}")));
            }
            // The same one again adds to it, as the probes of Kubernetes do.
            let known: &mut String = read.entry(name.into_owned()).or_default();
            if !known.is_empty() {
                known.push(',');
            }
            known.push_str(&value);
        }
        Ok(Self(read))
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The values of a parameter that may be given several times, or with commas.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let parts = self.get(name).into_iter().flat_map(|value| value.split(','));
        parts.map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    /// Whether a parameter is given, and not as `false`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some("" | "true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Problem::bad(format!("`{name}` is true or false"))),
        }
    }

    /// A number up to some other.
    pub(super) fn number(&self, name: &str, most: usize) -> Result<Option<usize>, Problem> {
        let Some(given) = self.get(name) else { return Ok(None) };
        let number = given.parse().ok().filter(|number| *number <= most);
        let wrong = || Problem::bad(format!("`{name}` is a number from 0 to {most}"));
        number.map(Some).ok_or_else(wrong)
    }

    /// One of several values.
    pub(super) fn choice<'c>(
        &self,
        name: &str,
        all: &[&'c str],
    ) -> Result<Option<&'c str>, Problem> {
        let Some(given) = self.get(name) else { return Ok(None) };
        let found = all.iter().find(|choice| **choice == given);
        let wrong = || Problem::bad(format!("`{name}` is one of {}", all.join(", ")));
        found.copied().map(Some).ok_or_else(wrong)
    }
}

/// Reads a body, if it is not too large.
pub(super) async fn body(body: Body) -> Result<Bytes, Problem> {
    let large = || {
        let detail = format!("a body of at most {BODY} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    axum::body::to_bytes(body, BODY).await.map_err(|_| large())
}

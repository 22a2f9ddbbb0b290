//! The published schemas, ready to check documents with; shared by the tests that look at what
//! lookout says.

use serde_json::Value;
use std::collections::BTreeMap;

/// What the ids of the schemas begin with, so that their references to each other resolve.
const HOME: &str = "https://lookout.invalid/schemas/v1/";

/// Every schema of `schemas`, by its file name.
#[derive(Clone)]
pub(crate) struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// Reads them from the repository.
    pub(crate) fn load() -> Self {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
        let mut schemas = BTreeMap::new();
        for entry in std::fs::read_dir(directory).expect("the schemas") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
            // They have schemas and are none: tests/http.rs and tests/asyncapi.rs hold them.
            if matches!(name, "openapi.json" | "asyncapi.yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a readable schema");
            let schema = serde_json::from_str(&text);
            schemas.insert(name.to_owned(), schema.unwrap_or_else(|e| panic!("{name}: {e}")));
        }
        Self(schemas)
    }

    /// Every schema with its file name.
    #[allow(dead_code)] // Not every test that shares this file needs it.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, schema)| (name.as_str(), schema))
    }

    /// Checks a value against a schema, such as `notification.json` for what is published and
    /// `traffic_line.json` for a line of a traffic file; says all that is wrong with it.
    pub(crate) fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let schema = self.0.get(name).unwrap_or_else(|| panic!("no schema {name}"));
        let validator = jsonschema::options()
            .with_base_uri(format!("{HOME}{name}"))
            .with_retriever(self.clone())
            .build(schema)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let say = |error: jsonschema::ValidationError<'_>| {
            let place = error.instance_path().to_string();
            format!("{place}: {error}")
        };
        let wrong: Vec<String> = validator.iter_errors(value).map(say).collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("{name}: {}", wrong.join("; "))) }
    }
}

impl jsonschema::Retrieve for Schemas {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().strip_prefix(HOME);
        let schema = name.and_then(|name| self.0.get(name));
        schema.cloned().ok_or_else(|| format!("no schema {uri}").into())
    }
}

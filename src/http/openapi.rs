//! The OpenAPI 3.1 document, made from the table of routes and the shapes of their answers.

use super::answers::with_type;
use super::ask::Ask;
use super::problem::{self, Problem};
use super::routes::{Answer, Content, ROUTES, Route, Values};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// `/api/v1/openapi.json`.
pub(super) fn serve(_: &Ask) -> Answer {
    let document = serde_json::to_string(&document()).map_err(|_| Problem::unavailable("a bug"))?;
    Ok(with_type("application/json", document))
}

/// The document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.for_serialize().into_generator();
    let mut paths = Map::new();
    for route in ROUTES {
        let operation = operation(route, &mut generator);
        let method = if route.changes { "post" } else { "get" };
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method] = operation;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lookout",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What lookout knows of a platform that speaks request and reply over MQTT, and how lookout itself is.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "One of the tokens of `http.token_file`.",
                },
            },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let content = |schema: Value, kind: &str| json!({ kind: { "schema": schema } });
    let answer = match route.content {
        Content::Json(schema) => content(schema(generator).to_value(), "application/json"),
        Content::Other(kind) => content(json!({ "type": "string" }), kind),
        Content::Either(kinds) => {
            let text = || json!({ "schema": { "type": "string" } });
            kinds.into_iter().map(|kind| (kind.to_owned(), text())).collect::<Map<_, _>>().into()
        }
    };
    let of_problem = generator.subschema_for::<problem::Document>().to_value();
    let mut responses = Map::new();
    responses
        .insert("200".to_owned(), json!({ "description": "As asked for.", "content": answer }));
    for status in [400, 421].iter().chain(route.problems) {
        let meaning = axum::http::StatusCode::from_u16(*status).ok();
        let meaning = meaning.and_then(|status| status.canonical_reason()).unwrap_or_default();
        // How lookout is, is told with 503 when it is not well.
        let told = route.path.contains("health")
            || route.path.ends_with("livez")
            || route.path.ends_with("readyz");
        let body = match (*status, told) {
            (503, true) => answer.clone(),
            _ => content(of_problem.clone(), problem::TYPE),
        };
        responses.insert(status.to_string(), json!({ "description": meaning, "content": body }));
    }
    let mut operation = json!({
        "summary": route.meaning,
        "operationId": operation_id(route),
        "responses": responses,
    });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = route.body {
        let schema = body(generator).to_value();
        operation["requestBody"] =
            json!({ "required": true, "content": content(schema, "application/json") });
    }
    if route.changes {
        operation["security"] = json!([{ "token": [] }]);
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let names = route.path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let mut all: Vec<_> = names
        .map(|(name, _)| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    for parameter in route.parameters {
        let schema = match parameter.values {
            Values::OneOf(values) => json!({ "type": "string", "enum": values }),
            Values::Flag => json!({ "type": "string", "enum": ["true", "false", "1", "0", ""] }),
            Values::Text(most) => json!({ "type": "string", "maxLength": most }),
            Values::Number(most) => json!({ "type": "integer", "minimum": 0, "maximum": most }),
            Values::Several(pattern) => {
                json!({ "type": "array", "items": { "type": "string", "pattern": pattern } })
            }
        };
        let (name, description) = (parameter.name, parameter.meaning);
        all.push(
            json!({ "name": name, "in": "query", "description": description, "schema": schema }),
        );
    }
    all
}

/// Such as `getApiV1Services`.
fn operation_id(route: &Route) -> String {
    let mut id = if route.changes { "post" } else { "get" }.to_owned();
    for word in
        route.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
    {
        let (first, rest) = word.split_at(1);
        id.push_str(&first.to_ascii_uppercase());
        id.push_str(rest);
    }
    id
}

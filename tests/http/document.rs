//! The OpenAPI document says what there is: each path answers in its shape, the document is the one
//! that is checked in, and every text that is promised is there.

use crate::kit::Platform;
use serde_json::{Value, json};

/// What stands in the place of a name.
const NAMES: [(&str, &str); 4] = [
    ("{name}", "Catalogue"),
    ("{file}", "app.js"),
    ("{service}", "Catalogue"),
    ("/runbook", "/runbook?about=LookoutDown"),
];

fn check(document: &Value, schema: &Value, body: &Value) -> Result<(), String> {
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&whole).map_err(|error| error.to_string())?;
    let errors: Vec<_> = validator
        .iter_errors(body)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

#[tokio::test]
async fn every_answer_is_what_the_document_says() {
    let watch = "[security]\nenabled = true\n[responses]\nenabled = true\n";
    let platform = Platform::healthy(watch).await;
    let login = json!({"user": "ana", "address": "192.0.2.7", "success": false});
    (0..5).for_each(|_| platform.say("security/auth/login", &login));
    let proposed =
        |_: u16, body: &Value| body["actions"].as_array().is_some_and(|actions| actions.len() == 3);
    let actions = platform.until("/api/v1/actions", "actions", proposed).await;
    let incident = actions["actions"][0]["incident"].as_str().unwrap().to_owned();
    // Something of everything: errors, and ten seconds that are over.
    let full = |_: u16, body: &Value| {
        body["recentErrors"].as_array().is_some_and(|list| list.len() == 20)
            && body["history"]["cells"].as_array().is_some_and(|list| !list.is_empty())
            && body["errors"].as_array().is_some_and(|list| list.len() == 2)
    };
    platform.until("/api/v1/services/Catalogue", "full", full).await;
    let (status, document) = platform.json("/api/v1/openapi.json").await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(operation) = item.get("get").filter(|_| path != "/api/v1/events") else {
            continue;
        };
        let real = NAMES.iter().fold(path.clone(), |path, (name, value)| path.replace(name, value));
        let real = real.replace("{id}", &incident);
        let response = platform.get(&real).send().await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(status, 200, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(response.headers()[name], value, "{path}");
        }
        assert!(response.headers().get("access-control-allow-origin").is_none(), "{path}");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body = response.text().await.unwrap();
        let content = operation["responses"]["200"]["content"].as_object().unwrap();
        let fits = |promised: &str| promised == "*/*" || kind.starts_with(promised);
        let promised = content.iter().find(|(promised, _)| fits(promised));
        let (promised, shape) = promised.unwrap_or_else(|| panic!("{path}: {kind}"));
        if promised == "application/json" && path != "/api/v1/openapi.json" {
            let body: Value = serde_json::from_str(&body).unwrap();
            check(&document, &shape["schema"], &body)
                .unwrap_or_else(|it| panic!("{path}: {it}\n{body:#}"));
        }
        asked += 1;
    }
    assert!(asked >= 18, "{asked} paths were asked for");
}

#[tokio::test]
async fn a_service_is_shown_with_all_that_is_known_of_it() {
    let platform = Platform::healthy("").await;
    let known = |_: u16, body: &Value| {
        body["history"]["cells"].as_array().is_some_and(|list| !list.is_empty())
            && body["errors"].as_array().is_some_and(|list| list.len() == 2)
    };
    let body = platform.until("/api/v1/services/Catalogue", "known", known).await;
    let names: Vec<_> =
        body["methods"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bad", "down", "ok"]);
    let errors = body["errors"].as_array().unwrap();
    let kind = |code: i64| errors.iter().find(|it| it["code"] == code).unwrap();
    assert_eq!((&kind(-32503)["outcome"], &kind(-32503)["tier"]), (&json!("failed"), &json!(2)));
    assert_eq!((&kind(-32602)["outcome"], &kind(-32602)["tier"]), (&json!("rejected"), &json!(1)));
    assert_eq!(
        body["calledBy"],
        json!([{ "name": "Orders", "verdict": body["calledBy"][0]["verdict"] }])
    );
    let cell = &body["history"]["cells"][0];
    let replies: u64 =
        cell["times"].as_array().unwrap().iter().map(|it| it.as_u64().unwrap()).sum();
    assert!(replies > 0 && cell["calls"].as_u64().unwrap() > 0, "{cell}");
    let totals = &body["totals"];
    let sum: u64 = ["ok", "rejected", "failed", "unanswered", "void", "open"]
        .iter()
        .map(|it| totals[it].as_u64().unwrap())
        .sum();
    assert_eq!(totals["calls"], sum);
    // Of two in ten of its errors, one is its callers' doing and one says that it is unavailable.
    let row = &body["service"];
    let (one, two) = (row["tier1Rate"].as_f64().unwrap(), row["tier2Rate"].as_f64().unwrap());
    assert!(
        one > 0.0 && two > 0.0 && (one + two - row["errorRate"].as_f64().unwrap()).abs() < 0.001,
        "{row}"
    );
    let (_, only) = platform.json("/api/v1/services?verdict=healthy&history=true").await;
    let rows = only["services"].as_array().unwrap();
    assert!(
        rows.iter()
            .any(|row| row["name"] == "Catalogue" && !row["cells"].as_array().unwrap().is_empty()),
        "{only}"
    );
    assert!(rows.iter().all(|row| row["verdict"] == "healthy"));
    let (_, none) = platform.json("/api/v1/services?verdict=unavailable").await;
    assert_eq!(none["services"], json!([]));
}

#[test]
fn the_document_that_is_checked_in_is_the_one_that_is_served() {
    let checked_in = include_str!("../../schemas/openapi.json");
    let made = serde_json::to_string_pretty(&lookout::http::openapi()).unwrap() + "\n";
    assert_eq!(
        checked_in, made,
        "run `lookout check-config --print-openapi > schemas/openapi.json`"
    );
}

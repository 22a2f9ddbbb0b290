//! An operator sets how a circuit behaves: a token, a line in the log, an event for everyone.

use crate::kit::{Platform, TOKEN, client, read};
use serde_json::{Value, json};

async fn set(platform: &Platform, state: &str) -> (u16, Value) {
    let request = platform.ask("POST", "/api/v1/circuits/Catalogue").bearer_auth(TOKEN);
    read(request.json(&json!({ "state": state })).send().await.unwrap()).await
}

#[tokio::test]
async fn an_operator_with_a_token_sets_a_circuit_and_everyone_hears_of_it() {
    let mut platform = Platform::healthy("").await;
    for (wanted, state, previous) in [
        ("forced_open", "forced_open", "closed"),
        ("disabled", "disabled", "forced_open"),
        ("automatic", "closed", "disabled"),
    ] {
        let (status, circuit) = set(&platform, wanted).await;
        assert_eq!(
            (status, &circuit["mode"], &circuit["state"]),
            (200, &json!(wanted), &json!(state))
        );
        assert_eq!(
            (&circuit["service"], &circuit["reason"]),
            (&json!("Catalogue"), &json!("manual"))
        );
        let audit = platform.lookout.log("a circuit was set").await;
        assert_eq!(audit, "a circuit was set");
        let event =
            platform.heard("transition", |topic, _| topic == "system/web/circuit-breaker").await;
        let params = &event["params"];
        assert_eq!(
            (&params["state"], &params["previous"]),
            (&json!(state), &json!(previous)),
            "{event}"
        );
        assert_eq!(params["reason"], "manual");
        let here = |_: u16, body: &Value| {
            body["circuits"]
                .as_array()
                .unwrap()
                .iter()
                .any(|it| it["service"] == "Catalogue" && it["mode"] == wanted)
        };
        platform.until("/api/v1/circuits", wanted, here).await;
    }
    // The same again is nothing new.
    assert_eq!(set(&platform, "automatic").await.0, 200);
    // One that only observes reads as before, until it would have opened.
    let (status, circuit) = set(&platform, "observe_only").await;
    assert_eq!(
        (status, &circuit["mode"], &circuit["state"]),
        (200, &json!("observe_only"), &json!("closed"))
    );
}

#[tokio::test]
async fn without_a_token_file_nobody_changes_anything() {
    let mosquitto = crate::mosquitto::Mosquitto::start();
    let config = format!(
        "[broker]\nurl = \"mqtt://127.0.0.1:{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
        mosquitto.port()
    );
    let mut lookout = crate::program::Lookout::start(&config).await;
    let url = format!("http://{}/api/v1/circuits/A", lookout.host());
    let request = client().post(url);
    let request = request.bearer_auth(TOKEN).json(&json!({ "state": "disabled" }));
    let (status, problem) = read(request.send().await.unwrap()).await;
    assert_eq!(status, 403);
    assert!(problem["detail"].as_str().unwrap().contains("`http.token_file`"), "{problem}");
    lookout.log("refused to set a circuit").await;
}

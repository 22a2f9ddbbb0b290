//! The runbook of what stands: of a service that is well, closed off, or silent with a name that means
//! harm; of a component; asked for over HTTP and by `lookout runbook`.

use crate::kit::{Platform, TOKEN, read};
use crate::line::{Line, Message, Trouble, Version};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::process::Command;

const PATH: &str = "/api/v1/runbook";

/// Runs `lookout runbook`; gives its exit code and both of its outputs.
async fn command(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOOKOUT_") {
            command.env_remove(name);
        }
    }
    let ended = command.arg("runbook").args(arguments).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

/// Calls a service that answers for a while, so that it is known to be able to, and then no more.
async fn fall_silent(platform: &Platform, name: &str) -> Line {
    let broker = (Version::V5, platform.mosquitto.port());
    let caller = Line::open(broker, "silent", "nothing", &Trouble::default(), |_, _| {});
    caller.ready().await;
    let (post, topic) = (caller.post().clone(), format!("service/{name}"));
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        for id in 1_000_000_u64.. {
            pace.tick().await;
            let method = if id < 1_000_100 { "ok" } else { "lost" };
            let answers = "session/caller/response";
            let call = json!({ "jsonrpc": "2.0", "id": id, "method": method, "replyTo": answers });
            let (topic, payload) = (topic.clone(), call.to_string().into());
            post.send(Message { topic, payload, ..Message::default() });
        }
    });
    caller
}

#[tokio::test]
async fn what_is_asked_for_is_found_or_said_to_be_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let own = "---\ntitle: Call {team} about {service}\nmatch: {service: Orders}\n---\n## Steps\n### 1. Do\n";
    std::fs::write(folder.path().join("Mine.md"), own).unwrap();
    let platform = Platform::healthy(&format!(
        "[runbooks]\nfolder = {:?}\nvalues = [\"team=us\"]\n\
         [[check]]\nname = \"data\"\nkind = \"disk\"\npath = \"/\"\n",
        folder.path().display().to_string()
    ))
    .await;
    let there = |status: u16, _: &Value| status == 200;
    platform.until(&format!("{PATH}?component=data"), "known", there).await;
    for (query, status, wanted) in [
        ("?component=data", 200, "component-disk"),
        ("?about=data", 200, "component-disk"),
        ("?about=LookoutDown", 200, "LookoutDown"),
        ("?alert=LookoutServiceUnavailable", 200, "LookoutServiceUnavailable"),
        ("?about=no-subscriber", 200, "no-subscriber"),
        // An operator's own is found though all is well.
        ("?service=Orders", 200, "Mine"),
        // Nothing is wrong with it, and nothing ever was.
        ("?service=Catalogue", 404, "nothing is wrong with it"),
        ("?about=Nobody", 404, "nothing of this name is known"),
        ("?component=Catalogue", 404, "nothing of this name"),
        ("?service=data", 404, "nothing of this name"),
        ("?alert=Catalogue", 404, "nothing of this name"),
        ("?service=", 404, "nothing of this name"),
        ("", 400, "one of about, service, component and alert"),
        ("?about=a&service=b", 400, "one of about, service, component and alert"),
        ("?name=a", 400, "unknown parameter \"name\"; known: about, service, component, alert"),
    ] {
        let (got, body) = platform.json(&format!("{PATH}{query}")).await;
        assert_eq!(got, status, "{query}: {body}");
        let said = if status == 200 { &body["name"] } else { &body["detail"] };
        assert!(said.as_str().unwrap().contains(wanted), "{query}: {body}");
    }
    let (_, mine) = platform.json(&format!("{PATH}?service=Orders")).await;
    assert_eq!((&mine["title"], &mine["shipped"]), (&json!("Call us about Orders"), &json!(false)));

    // The command asks the lookout of its configuration.
    let listen = format!("http.listen={}", platform.lookout.host());
    let (code, out, _) = command(&["Orders", "--set", &listen]).await;
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "# Call us about Orders\n\n## Steps\n\n### 1. Do\n")
    );
    let (code, out, err) = command(&["Catalogue", "--set", &listen]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(
        err.contains("\"Catalogue\": nothing of this name is known, or nothing is wrong"),
        "{err}"
    );

    // A circuit that somebody opened.
    let request = platform.ask("POST", "/api/v1/circuits/Catalogue").bearer_auth(TOKEN);
    let set = request.json(&json!({ "state": "forced_open" })).send().await.unwrap();
    assert_eq!(read(set).await.0, 200);
    let manual = |_: u16, body: &Value| body["name"] == "circuit-manual";
    let body = platform.until(&format!("{PATH}?service=Catalogue"), "manual", manual).await;
    assert_eq!(body["title"], "Somebody set the circuit of Catalogue");
}

#[tokio::test]
async fn a_hostile_name_is_one_word_wherever_it_is_shown() {
    let platform = Platform::start("").await;
    let name = "x'; touch pwned; \"$(touch pwned)`touch pwned`\u{202e}<b>";
    let _caller = fall_silent(&platform, name).await;
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let silent = |_: u16, body: &Value| body["name"] == "not-responding";
    let body = platform.until(&format!("{PATH}?about={encoded}"), "silent", silent).await;
    let word = r#"'x'\''; touch pwned; "$(touch pwned)`touch pwned`�<b>'"#;
    let commands: Vec<_> =
        body["steps"].as_array().unwrap().iter().filter_map(|it| it["command"].as_str()).collect();
    assert!(commands.iter().any(|it| it.ends_with(&format!("LABEL={word}"))), "{commands:#?}");
    let url = format!("http://{}", platform.lookout.host());
    let (code, out, err) = command(&[name, "--url", &url]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, body["markdown"].as_str().unwrap());
    assert!(out.starts_with("# x\\'\\; touch pwned\\; "), "{out}");
    assert!(out.contains(&format!("LABEL={word}\n")) && !out.contains('\u{202e}'), "{out}");
}

#[tokio::test]
async fn a_component_that_explains_a_service_is_mended_first() {
    // Nobody listens there any more.
    let port = crate::mosquitto::free_port();
    let platform = Platform::start(&format!(
        "[[check]]\nname = \"orders_db\"\nkind = \"tcp\"\nurl = \"tcp://127.0.0.1:{port}\"\n\
         interval = \"1s\"\nexplains = [\"Backend\"]\n"
    ))
    .await;
    let down = |_: u16, body: &Value| body["components"][0]["condition"] == "unhealthy";
    platform.until("/api/v1/components", "down", down).await;
    let _caller = fall_silent(&platform, "Backend").await;
    let blamed = |_: u16, body: &Value| body["name"] == "component-tcp";
    let body = platform.until(&format!("{PATH}?service=Backend"), "explained", blamed).await;
    assert_eq!(body["title"], "orders_db does not let others connect");
    let (_, row) = platform.json("/api/v1/services/Backend").await;
    assert_eq!(row["service"]["causedBy"]["component"], "orders_db", "{row}");
}

//! docker-compose.yml, as Docker Compose itself reads it, and what it starts, started by hand: its
//! secrets, its Mosquitto, its lookout and its demo, without the containers around them.

use crate::kit::{check_config, must, read, root, run, strings, tool, yaml};
use crate::line::soon;
use crate::mosquitto::{Mosquitto, Setup};
use crate::program::Lookout;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

const EMQX: &[&str] = &["--env-file", "deploy/compose/emqx.env"];

/// The file as Compose resolves it.
fn resolved(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["config", "--format", "json"]].concat();
    serde_json::from_str(&must(tool("bin/docker-compose"), &arguments, "")).unwrap()
}

fn services(project: &Value) -> Vec<(&str, &Value)> {
    let services = project["services"].as_object().unwrap();
    services.iter().map(|(name, service)| (name.as_str(), service)).collect()
}

fn environment(service: &Value) -> Vec<(String, String)> {
    let Some(environment) = service["environment"].as_object() else { return Vec::new() };
    let pair = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().into());
    environment.iter().map(pair).collect()
}

#[test]
fn mosquitto_is_the_broker_unless_emqx_is_asked_for() {
    let names = |arguments: &[&str]| {
        let project = resolved(arguments);
        let all = services(&project);
        all.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>().join(" ")
    };
    let others = "grafana lookout";
    assert_eq!(names(&[]), format!("alertmanager demo {others} mosquitto prometheus setup"));
    for arguments in [EMQX, &["--profile", "emqx"]] {
        assert_eq!(names(arguments), format!("alertmanager demo emqx {others} prometheus setup"));
    }
}

#[test]
fn every_container_is_pinned_bounded_and_shut_in() {
    for arguments in [&[][..], EMQX] {
        for (name, service) in services(&resolved(arguments)) {
            let image = service["image"].as_str().unwrap();
            let (_, tag) = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image}"));
            assert!(tag != "latest" && tag != "main", "{name}: {image}");
            assert!(tag == "local" || tag.matches('.').count() == 2, "{name}: {image}");
            assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
            assert_eq!(strings(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
            assert!(service["mem_limit"].is_string(), "{name} has no limit of memory");
            assert!(service["pids_limit"].is_u64(), "{name}");
            assert!(service["healthcheck"].is_object(), "{name}: neither check nor none by intent");
            // Only what the image cannot do otherwise, each with its reason in the file.
            assert!(service["read_only"] == true || name == "emqx", "{name}");
            assert!(service["cap_add"].is_null() || name == "setup", "{name}");
            let restart = if name == "setup" { "no" } else { "unless-stopped" };
            assert_eq!(service["restart"], restart, "{name}");
            for port in service["ports"].as_array().unwrap_or(&Vec::new()) {
                assert_eq!(port["host_ip"], "127.0.0.1", "{name}: {port}");
            }
            for mount in service["volumes"].as_array().unwrap_or(&Vec::new()) {
                let source = mount["source"].as_str().unwrap();
                assert!(mount["type"] != "bind" || Path::new(source).exists(), "{name}: {source}");
                assert!(mount["type"] != "bind" || mount["read_only"] == true, "{name}: {source}");
            }
        }
    }
}

#[test]
fn no_secret_stands_in_a_file() {
    for arguments in [&[][..], EMQX] {
        for (service, settings) in services(&resolved(arguments)) {
            for (name, value) in environment(settings) {
                let secret = ["PASSWORD", "SECRET", "TOKEN"].iter().any(|word| name.contains(word));
                // How EMQX keeps passwords is no password.
                let file = name.ends_with("_FILE") || name.contains("PASSWORD_HASH");
                assert!(!secret || file, "{service}: {name}={value}");
            }
        }
    }
}

#[test]
fn lookout_knows_its_settings() {
    let file = root().join("deploy/compose/lookout.toml");
    for arguments in [&[][..], EMQX] {
        let project = resolved(arguments);
        let lookout = &project["services"]["lookout"];
        check_config(&file, &environment(lookout));
        assert_eq!(strings(&lookout["healthcheck"]["test"]), ["CMD", "/lookout", "health"]);
    }
}

#[test]
fn grafana_finds_prometheus_and_the_dashboards() {
    let project = resolved(&[]);
    let provisioning = "deploy/grafana/provisioning";
    let source = yaml(&read(&format!("{provisioning}/datasources/prometheus.yml")));
    assert_eq!(source["datasources"][0]["url"], "http://prometheus:9090");
    let provider = yaml(&read(&format!("{provisioning}/dashboards/lookout.yml")));
    let folder = &provider["providers"][0]["options"]["path"];
    let mounts = project["services"]["grafana"]["volumes"].as_array().unwrap();
    let mount = mounts.iter().find(|mount| mount["target"] == *folder).expect("the dashboards");
    assert!(mount["source"].as_str().unwrap().ends_with("deploy/grafana/dashboards"));
}

/// Runs the script that makes the secrets, in a directory of the test's own.
fn make_secrets(at: &Path) -> String {
    let project = resolved(&[]);
    for mount in project["services"]["setup"]["volumes"].as_array().unwrap() {
        if let Some(volume) = mount["target"].as_str().unwrap().strip_prefix("/secrets/") {
            std::fs::create_dir_all(at.join(volume)).unwrap();
        }
    }
    let output = Command::new("sh")
        .arg(root().join("deploy/compose/setup.sh"))
        .env("SECRETS", at)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Mosquitto with the shipped configuration: what differs is where its files are, which port it
/// has, and that it logs what tells the test that it runs.
fn mosquitto(secrets: &Path, data: &Path) -> Mosquitto {
    let shipped = read("deploy/mosquitto/mosquitto.conf");
    let ours = |line: &&str| !line.starts_with("log_") && !line.starts_with("listener ");
    let lines: String = shipped.lines().filter(ours).flat_map(|line| [line, "\n"]).collect();
    let acl = root().join("deploy/mosquitto/acl");
    let lines = lines
        .replace("/run/secrets", secrets.join("broker").to_str().unwrap())
        .replace("/mosquitto/config/acl", acl.to_str().unwrap())
        .replace("/mosquitto/data", data.to_str().unwrap());
    Mosquitto::with(&Setup { lines: lines.leak(), ..Setup::default() })
}

#[tokio::test]
async fn what_it_starts_works_together() {
    let directory = tempfile::tempdir().unwrap();
    let secrets = directory.path().join("secrets");
    assert_eq!(make_secrets(&secrets), "the secrets are made\n");
    let password = std::fs::read_to_string(secrets.join("lookout/broker-password")).unwrap();
    assert_eq!(make_secrets(&secrets), "the secrets are there\n");
    let again = std::fs::read_to_string(secrets.join("lookout/broker-password")).unwrap();
    assert!(password.len() == 32 && password == again);
    let users = std::fs::read_to_string(secrets.join("broker/emqx-users.csv")).unwrap();
    assert!(users.contains(&format!("\nlookout,{password},false\n")), "{users}");

    let mut broker = mosquitto(&secrets, directory.path());
    let url = format!("mqtt://127.0.0.1:{}", broker.port());
    let project = resolved(&[]);
    let here = |volume: &str, text: &str| {
        text.replace("/run/secrets", secrets.join(volume).to_str().unwrap())
            .replace("broker:1883", &url["mqtt://".len()..])
    };
    // The settings of the container, as a file: what else is in it is the file that is mounted.
    let mut config = String::from("http.listen = \"127.0.0.1:0\"\n");
    for (name, value) in environment(&project["services"]["lookout"]) {
        let key = name.strip_prefix("LOOKOUT_BROKER_").map(|key| key.to_lowercase());
        if let Some(key) = key {
            config += &format!("broker.{key} = {:?}\n", here("lookout", &value));
        }
    }
    config += &read("deploy/compose/lookout.toml");
    let lookout = Lookout::start(&config).await;

    let command = project["services"]["demo"]["command"].as_array().unwrap();
    let command = command.iter().map(|word| here("demo", word.as_str().unwrap()));
    let mut demo = tokio::process::Command::new(env!("CARGO_BIN_EXE_lookout"))
        .args(command)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    lookout.metrics("answered calls", |it| it.all_calls("ok") > 50).await;
    let id = demo.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(soon("end of the demo", demo.wait()).await.unwrap().code(), Some(0));
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));

    // The health check of the broker, as Compose hands it to the container's shell.
    let check = &project["services"]["mosquitto"]["healthcheck"]["test"];
    assert_eq!(check[0], "CMD-SHELL");
    let check = here("broker", check[1].as_str().unwrap())
        .replace("$$", "$")
        .replace("-p 1883", &format!("-p {}", broker.port()));
    assert!(run("sh", &["-c", &check], "").good, "{check}");
    // Nobody else gets in.
    let port = broker.port().to_string();
    let anonymous = run("mosquitto_pub", &["-p", &port, "-t", "health", "-n"], "");
    assert!(anonymous.stderr.contains("not authorised"), "{}", anonymous.stderr);
    broker.kill();
    assert!(!run("sh", &["-c", &check], "").good, "{check}");
}

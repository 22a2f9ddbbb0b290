//! Rules and dashboards beside a real Prometheus that reads a real lookout: the demo's outage becomes an
//! alert, every rule can be evaluated, and every panel has something to show.

#![cfg(all(feature = "daemon", feature = "demo"))]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "prometheus/exemplars.rs"]
mod exemplars;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/served.rs"]
mod served;

use lookout::telemetry;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The longest that something may take; it only turns a test that would hang into one that fails.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Panels that have nothing to show in the demo: no component is checked, no replica is known, and nothing
/// is malformed.
const EMPTY: [&str; 4] = ["Components", "Replicas", "Malformed messages", "Incidents under way"];

/// A process that ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder with an ending, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        all.filter(|path| path.extension().is_some_and(|it| it == ending)).collect();
    found.sort();
    assert!(!found.is_empty(), "{folder} has no .{ending}");
    found
}

fn rules() -> Vec<PathBuf> {
    files("deploy/prometheus/rules", "yml")
}

/// Runs promtool, which has to be content.
fn promtool(arguments: &[&str], files: &[PathBuf]) {
    let output = Command::new("promtool").args(arguments).args(files).output().expect("promtool");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
}

#[test]
fn every_alert_fires_when_it_must_and_is_silent_next_to_it() {
    promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &rules());
    promtool(&["test", "rules"], &files("deploy/prometheus/tests", "yml"));
    let tests: String = files("deploy/prometheus/tests", "yml")
        .iter()
        .map(|it| std::fs::read_to_string(it).unwrap())
        .collect();
    let text = std::fs::read_to_string(&rules()[0]).unwrap();
    let alerts: BTreeSet<_> =
        text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 15);
    for alert in alerts {
        let cases = tests.matches(&format!("alertname: {alert}\n")).count();
        let wanted = if alert == "LookoutWatchdog" { 1 } else { 2 };
        assert!(cases >= wanted, "{alert} has {cases} cases");
        let page = format!("runbooks/{alert}.md");
        assert!(text.contains(&format!("runbook_url: {page}\n")), "{alert} has no runbook");
        assert!(lookout::runbook::Book::shipped().get(alert).is_some(), "{page}");
        let listed = std::fs::read_to_string(root().join("docs/ALERTS.md")).unwrap();
        assert!(
            listed.contains(&format!("[{alert}](../runbooks/{alert}.md)")),
            "docs/ALERTS.md names {alert}"
        );
    }
}

#[test]
fn the_page_of_metrics_that_is_checked_in_is_the_one_that_is_printed() {
    let wanted = "run `lookout check-config --print-metrics > docs/METRICS.md`";
    assert_eq!(include_str!("../docs/METRICS.md"), telemetry::reference(), "{wanted}");
}

/// A panel: the dashboard, its title, and what it asks for.
struct Panel {
    dashboard: String,
    title: String,
    queries: Vec<String>,
}

fn panels() -> Vec<Panel> {
    let mut all = Vec::new();
    for file in files("deploy/grafana/dashboards", "json") {
        let dashboard: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let name = dashboard["title"].as_str().unwrap().to_owned();
        let panels = dashboard["panels"].as_array().unwrap();
        let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), panels.len(), "{name}: each panel has an id of its own");
        for panel in panels {
            let queries = panel["targets"].as_array().unwrap().iter();
            all.push(Panel {
                dashboard: name.clone(),
                title: panel["title"].as_str().unwrap().to_owned(),
                queries: queries
                    .map(|target| target["expr"].as_str().unwrap().to_owned())
                    .collect(),
            });
        }
        for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
            let queries = vec![annotation["expr"].as_str().unwrap().to_owned()];
            all.push(Panel { dashboard: name.clone(), title: "annotation".to_owned(), queries });
        }
    }
    all
}

#[test]
fn dashboards_and_rules_ask_for_metrics_that_there_are() {
    let recorded: Vec<String> = rules()
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let names = text.lines().filter_map(|line| line.trim().strip_prefix("- record: "));
            names.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let metrics: Vec<_> = telemetry::metrics().map(|metric| metric.name).collect();
    let known = |name: &str| {
        let bare = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        metrics.contains(&name)
            || bare.is_some_and(|bare| metrics.contains(&bare))
            || recorded.iter().any(|it| it == name)
    };
    let texts = rules().into_iter().map(|file| std::fs::read_to_string(file).unwrap());
    let asked = panels().into_iter().flat_map(|panel| panel.queries);
    let mut seen = 0;
    for text in asked.chain(texts) {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
        for word in words.filter(|word| {
            ["lookout_", "service_", "function_", "mqtt_", "service:", "lookout:"]
                .iter()
                .any(|begin| word.starts_with(begin))
        }) {
            assert!(known(word), "{word} is no metric: {text}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} names were looked at");
}

/// A demo, and where it shows its metrics.
struct Demo {
    target: String,
    _process: Running,
    _output: BufReader<ChildStdout>,
}

impl Demo {
    fn start() -> Self {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_lookout"));
        demo.args(["demo", "--json", "--pages", "0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut demo = demo.spawn().expect("lookout starts");
        let mut output = BufReader::new(demo.stdout.take().unwrap());
        let mut opening = String::new();
        output.read_line(&mut opening).unwrap();
        let opening: Value = serde_json::from_str(&opening).unwrap();
        let target = opening["pages"].as_str().unwrap().to_owned();
        Self { target, _process: Running(demo), _output: output }
    }
}

/// A Prometheus that reads a lookout.
struct Prometheus {
    url: String,
    client: reqwest::Client,
    _process: Running,
    _directory: tempfile::TempDir,
}

impl Prometheus {
    fn start(target: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let shipped = rules();
        let names: Vec<_> =
            shipped.iter().map(|file| format!("  - {}\n", file.display())).collect();
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files:\n{}\
             scrape_configs:\n  - job_name: lookout\n    static_configs: [{{ targets: [\"{target}\"] }}]\n",
            names.concat()
        );
        let file = directory.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let port = mosquitto::free_port();
        let mut prometheus = Command::new("prometheus");
        prometheus
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--enable-feature=exemplar-storage")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Running(prometheus.spawn().expect("prometheus starts"));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            url: format!("http://127.0.0.1:{port}"),
            client,
            _process: process,
            _directory: directory,
        }
    }

    async fn api(&self, path: &str, query: &[(&str, &str)]) -> Option<Value> {
        let mut url = url::Url::parse(&format!("{}/api/v1/{path}", self.url)).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        self.client.get(url).send().await.ok()?.json().await.ok()
    }

    /// What a query gives; the error, if it has one.
    async fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let answer = self.api("query", &[("query", query)]).await.unwrap_or_default();
        if answer["status"] != "success" {
            return Err(answer.to_string());
        }
        let data = &answer["data"];
        Ok(data["result"].as_array().cloned().unwrap_or_default())
    }

    /// Waits until a query gives something.
    async fn until(&self, query: &str) -> Vec<Value> {
        let mut look = tokio::time::interval(LOOK);
        let waiting = async {
            loop {
                look.tick().await;
                match self.query(query).await {
                    Ok(found) if !found.is_empty() => return found,
                    _ => {}
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("{query} never gave anything"))
    }
}

#[tokio::test]
async fn the_demos_outage_is_an_alert_and_every_panel_shows_something() {
    let demo = Demo::start();
    let scene = Prometheus::start(&demo.target);
    scene.until("count_over_time(up{job=\"lookout\"}[1m]) > 5").await;
    let page = scene.client.get(format!("http://{}/metrics", demo.target)).send().await.unwrap();
    check_metrics(&page.text().await.unwrap());

    let alert = r#"ALERTS{alertname="LookoutServiceUnavailable", service="UserManagement"}"#;
    let found = scene.until(alert).await;
    assert_eq!(found[0]["metric"]["severity"], "critical");
    scene.until(r#"ALERTS{alertname="LookoutWatchdog", alertstate="firing"}"#).await;

    let all = scene.api("rules", &[]).await.unwrap();
    let groups = all["data"]["groups"].as_array().unwrap();
    let rules: Vec<_> =
        groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert!(rules.len() > 30, "{}", rules.len());
    // The recorded ones are looked at every half minute.
    scene.until("service:lookout_unanswered:ratio_rate5m").await;
    for rule in rules {
        assert_ne!(rule["health"], "err", "{rule}");
    }
    for Panel { dashboard, title, queries } in panels() {
        for query in queries {
            let query =
                query.replace("$instance", &demo.target).replace("$service", "UserManagement");
            let found =
                scene.query(&query).await.unwrap_or_else(|it| panic!("{dashboard}, {title}: {it}"));
            let may_be_empty = EMPTY.contains(&title.as_str()) || title == "annotation";
            assert!(may_be_empty || !found.is_empty(), "{dashboard}, {title}: nothing for {query}");
        }
    }
}

/// Prometheus' own linter has nothing to say.
fn check_metrics(page: &str) {
    let mut promtool = Command::new("promtool");
    promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut promtool = promtool.spawn().expect("promtool");
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

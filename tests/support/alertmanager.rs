//! A real Alertmanager, started by the test and stopped with it.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// How long something is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running Alertmanager; it ends with the value.
pub struct Alertmanager {
    child: Option<Child>,
    port: u16,
    folder: tempfile::TempDir,
    /// The configuration of its own server: TLS, users.
    web: Option<PathBuf>,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Alertmanager {
    /// Starts one with a configuration, and waits until it is ready.
    pub async fn start(config: &str) -> Self {
        let alertmanager = Self::with_web(config, None);
        alertmanager.until_ready().await;
        alertmanager
    }

    /// The same with a configuration of its server; it is ready when it is.
    pub fn with_web(config: &str, web: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
        let web = web.map(|text| {
            let path = folder.path().join("web.yml");
            std::fs::write(&path, text).unwrap();
            path
        });
        let port = crate::mosquitto::free_port();
        let mut alertmanager = Self { child: None, port, folder, web };
        alertmanager.run();
        alertmanager
    }

    /// Starts it on the port that it has.
    pub fn run(&mut self) {
        let folder = self.folder.path();
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", folder.join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg("--cluster.listen-address=");
        if let Some(web) = &self.web {
            command.arg(format!("--web.config.file={}", web.display()));
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("prometheus-alertmanager"));
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end, so that it writes down whom it told.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = child.id().to_string();
            assert!(Command::new("kill").arg(&pid).status().unwrap().success());
            child.wait().unwrap();
        }
    }

    /// Waits until it is ready.
    pub async fn until_ready(&self) {
        let url = format!("{}/-/ready", self.url());
        let mut look = tokio::time::interval(LOOK);
        let ready = async {
            loop {
                look.tick().await;
                if lookout::probe::page(&url).await.is_ok_and(|page| page.good) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("a ready Alertmanager");
    }

    /// Waits until it has looked into its log of notifications so often: what it told the time before is
    /// written there.
    pub async fn until_looked(&self, times: f64) {
        let url = format!("{}/metrics", self.url());
        let mut look = tokio::time::interval(LOOK);
        let looked = async {
            loop {
                look.tick().await;
                let page = lookout::probe::page_up_to(&url, 4 << 20).await.unwrap();
                let lines = page.body.lines();
                let mut counts =
                    lines.filter_map(|it| it.strip_prefix("alertmanager_nflog_queries_total "));
                if counts.any(|it| it.parse::<f64>().unwrap() >= times) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, looked).await.expect("a second look");
    }

    /// The alerts that it has.
    pub async fn alerts(&self) -> Vec<Value> {
        let url = format!("{}/api/v2/alerts", self.url());
        let page = lookout::probe::page_up_to(&url, 64 << 20).await.unwrap();
        serde_json::from_str(&page.body).unwrap()
    }

    /// Waits until its alerts are as wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut look = tokio::time::interval(LOOK);
        let found = async {
            loop {
                look.tick().await;
                let alerts = self.alerts().await;
                if wanted(&alerts) {
                    return alerts;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("never {what}"))
    }
}

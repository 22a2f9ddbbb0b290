//! `lookout run` as a child process: started with a file, read on both of its outputs, asked for
//! its metrics, told to stop.

use crate::line::soon;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The pause between two looks at the metrics, which are exported once a second.
const LOOK: Duration = Duration::from_millis(200);

/// A running lookout; it ends with the value.
pub struct Lookout {
    child: Child,
    logs: UnboundedReceiver<String>,
    findings: UnboundedReceiver<String>,
    metrics: String,
    /// What was logged so far, as far as it was read.
    said: Vec<String>,
    _directory: tempfile::TempDir,
}

impl Lookout {
    /// Starts it with a configuration, and waits until it serves metrics.
    pub async fn start(config: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("lookout.toml");
        std::fs::write(&file, config).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LOOKOUT_") {
                command.env_remove(name);
            }
        }
        command.arg("run").arg("--config").arg(file).arg("--json");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("lookout starts");
        let logs = lines(child.stderr.take().expect("a pipe"));
        let findings = lines(child.stdout.take().expect("a pipe"));
        let metrics = String::new();
        let said = Vec::new();
        let mut lookout = Self { child, logs, findings, metrics, said, _directory: directory };
        let said = lookout.log("metrics at ").await;
        lookout.metrics = said.split_once("metrics at ").unwrap().1.to_owned();
        lookout
    }

    /// Where its pages are, as `host:port`.
    #[allow(dead_code)] // Not everybody who shares this file asks.
    pub fn host(&self) -> &str {
        self.metrics.trim_start_matches("http://").trim_end_matches("/metrics")
    }

    /// Waits for a log message that contains `what`.
    pub async fn log(&mut self, what: &str) -> String {
        let mut said = Vec::new();
        let wanted = async {
            while let Some(line) = self.logs.recv().await {
                self.said.push(line.clone());
                let entry: Value = serde_json::from_str(&line).unwrap_or_default();
                let message = entry["message"].as_str().unwrap_or(&line).to_owned();
                if message.contains(what) {
                    return message;
                }
                said.push(message);
            }
            panic!("lookout ended without {what:?}: {said:#?}");
        };
        soon(&format!("log of {what:?}"), wanted).await
    }

    /// Waits until the metrics are as wanted.
    pub async fn metrics(&self, what: &str, wanted: impl Fn(&Metrics) -> bool) -> Metrics {
        let mut look = tokio::time::interval(LOOK);
        let looking = async {
            loop {
                look.tick().await;
                let metrics = Metrics(self.page());
                if wanted(&metrics) {
                    return metrics;
                }
            }
        };
        soon(what, looking).await
    }

    fn page(&self) -> String {
        self.get("metrics")
    }

    /// A page, with its head.
    pub fn get(&self, path: &str) -> String {
        let host = self.host();
        let mut stream = TcpStream::connect(host).expect("the metrics");
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let (name, id) = (format!("-{name}"), self.child.id().to_string());
        assert!(Command::new("kill").args([&name, &id]).status().unwrap().success());
    }

    /// Ends it without a word, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
    }

    /// Waits for its end; gives its exit code and what it said on stdout from start to end, as
    /// pairs of topic and document.
    pub async fn end(self) -> (Option<i32>, Vec<(String, Value)>) {
        let (code, findings, _) = self.end_with_logs().await;
        (code, findings)
    }

    /// The same, with all that it logged.
    pub async fn end_with_logs(mut self) -> (Option<i32>, Vec<(String, Value)>, Vec<String>) {
        let mut findings = Vec::new();
        let end = async {
            // The outputs end with the process.
            while let Some(line) = self.findings.recv().await {
                let mut line: Value = serde_json::from_str(&line).expect("a line of JSON");
                let topic = line["topic"].as_str().expect("a topic").to_owned();
                // What people are told of it is another test's affair.
                if !topic.ends_with("/alerts") {
                    findings.push((topic, line["payload"].take()));
                }
            }
            while let Some(line) = self.logs.recv().await {
                self.said.push(line);
            }
        };
        soon("end of lookout", end).await;
        let code = self.child.wait().unwrap().code();
        (code, findings, std::mem::take(&mut self.said))
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of an output, read to the end so that the program is never held up.
fn lines(output: impl Read + Send + 'static) -> UnboundedReceiver<String> {
    let (tell, lines) = unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    lines
}

/// The page of metrics.
pub struct Metrics(String);

impl Metrics {
    /// Whether the page has this line.
    #[allow(dead_code)] // Not everybody who shares this file asks.
    pub fn has(&self, wanted: &str) -> bool {
        self.0.lines().any(|line| line == wanted)
    }

    /// The value of a metric without labels; 0 if it is not there yet.
    pub fn value(&self, name: &str) -> f64 {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// The open calls of a service.
    pub fn open(&self, service: &str) -> f64 {
        let begins = format!("lookout_open_calls{{service=\"{service}\"");
        let wanted = self.0.lines().filter(|line| line.starts_with(&begins));
        wanted.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// The calls of all services with an outcome.
    #[allow(dead_code)] // Not everybody who shares this file asks.
    pub fn all_calls(&self, outcome: &str) -> u64 {
        self.sum("lookout_calls_total{service=\"", outcome)
    }

    /// The calls of a service with an outcome, over its methods.
    pub fn calls(&self, service: &str, outcome: &str) -> u64 {
        self.sum(&format!("lookout_calls_total{{service=\"{service}\","), outcome)
    }

    fn sum(&self, begins: &str, outcome: &str) -> u64 {
        let contains = format!("outcome=\"{outcome}\"");
        let wanted = |line: &&str| line.starts_with(begins) && line.contains(&contains);
        let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
        self.0.lines().filter(wanted).map(value).sum()
    }
}

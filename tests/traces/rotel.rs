//! A real collector, rotel, which `scripts/collector` brings: it writes down each span that it took.
//!
//! It cannot be asked to choose a port; if somebody else was faster, it ends, and the next one is tried.

use crate::line::soon;
use crate::mosquitto::free_port;
use crate::told::Told;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::interval;

/// Between two looks at a port.
const LOOK: Duration = Duration::from_millis(20);

/// A running collector; it ends with the value.
pub struct Rotel {
    child: Child,
    /// Its port for OTLP over HTTP.
    pub http: u16,
    /// That for OTLP over gRPC.
    pub grpc: u16,
    spans: watch::Receiver<usize>,
    log: Option<JoinHandle<Vec<String>>>,
    _directory: tempfile::TempDir,
}

impl Drop for Rotel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Rotel {
    /// One that keeps nothing.
    pub async fn start() -> Self {
        for _ in 0..20 {
            let mut rotel = Self::launch(free_port(), free_port());
            if soon("a collector that listens", rotel.listens()).await {
                return rotel;
            }
        }
        panic!("rotel does not start");
    }

    fn launch(http: u16, grpc: u16) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/collector/rotel-agent");
        assert!(program.exists(), "{} is missing: run scripts/collector", program.display());
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ROTEL_") {
                command.env_remove(name);
            }
        }
        command.arg("start").current_dir(directory.path());
        command.args(["--pid-file", "pid", "--log-file", "log", "--disable-batching"]);
        command.args(["--debug-log", "traces", "--debug-log-verbosity", "detailed"]);
        command.arg(format!("--otlp-http-endpoint=127.0.0.1:{http}"));
        command.arg(format!("--otlp-grpc-endpoint=127.0.0.1:{grpc}"));
        command.arg("--exporter=blackhole");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("rotel starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (tell, spans) = watch::channel(0);
        // Read to the end, so that it is never held up.
        let log = std::thread::spawn(move || {
            let lines = lines.map_while(Result::ok).inspect(|line| {
                tell.send_modify(|spans| *spans += usize::from(line.starts_with("Span #")));
            });
            lines.collect()
        });
        Self { child, http, grpc, spans, log: Some(log), _directory: directory }
    }

    /// Waits until it listens, or ends because it cannot.
    async fn listens(&mut self) -> bool {
        let mut look = interval(LOOK);
        loop {
            look.tick().await;
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            let ports = [self.http, self.grpc];
            if ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
                return true;
            }
        }
    }

    /// Where it takes spans by HTTP, as a setting has it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Waits until it wrote of so many spans.
    pub async fn until(&self, count: usize) {
        let mut spans = self.spans.clone();
        soon(&format!("{count} spans"), spans.wait_for(|spans| *spans >= count)).await.unwrap();
    }

    /// Ends it in an orderly way, and gives all the spans that it wrote of.
    pub fn end(mut self) -> Vec<Told> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        assert!(self.child.wait().unwrap().success());
        read(&self.log.take().unwrap().join().unwrap())
    }
}

/// The spans of its log.
fn read(log: &[String]) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    let mut of = Told::default();
    let mut in_span = false;
    for line in log {
        if line.starts_with("ResourceSpans #") || line.starts_with("ScopeSpans #") {
            in_span = false;
        } else if line.starts_with("Span #") {
            in_span = true;
            all.push(of.clone());
        } else if let Some(named) = line.strip_prefix("InstrumentationScope ") {
            named.clone_into(&mut of.scope);
        } else if let Some((key, value)) = line.split_once(':') {
            let span = if in_span { all.last_mut().unwrap() } else { &mut of };
            field(span, key.trim(), value.trim());
        }
    }
    all
}

/// A line of a span, or of what is said of several.
fn field(of: &mut Told, key: &str, value: &str) {
    let text = value.to_owned();
    match key {
        "ScopeSpans SchemaURL" => of.schema = text,
        "Trace ID" => of.trace = text,
        "Parent ID" => of.parent = text,
        "ID" => of.span = text,
        "Name" => of.name = text,
        "Kind" => of.kind = kind(value).to_owned(),
        "TraceState" => of.state = text,
        "Start time" => of.start = value.parse().unwrap(),
        "End time" => of.end = value.parse().unwrap(),
        "Status code" => assert_eq!(value, "STATUS_CODE_ERROR", "nothing else is ever set"),
        "Status message" => of.status = text,
        "-> service.name" => of.service = typed(value),
        "-> service.namespace" => of.namespace = typed(value),
        _ => {
            if let Some(name) = key.strip_prefix("-> ") {
                let before = of.attributes.insert(name.to_owned(), typed(value));
                assert_eq!(before, None, "{name} twice");
            }
        }
    }
}

fn kind(named: &str) -> &str {
    match named {
        "SPAN_KIND_CLIENT" => "Client",
        "SPAN_KIND_SERVER" => "Server",
        "SPAN_KIND_PRODUCER" => "Producer",
        other => panic!("{other}"),
    }
}

/// `Str(text)`, `Int(5)` or `Bool(true)` without its type.
fn typed(value: &str) -> String {
    let (kind, inner) = value.strip_suffix(')').unwrap().split_once('(').unwrap();
    assert!(["Str", "Int", "Bool"].contains(&kind), "{value}");
    inner.to_owned()
}

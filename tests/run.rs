//! `lookout run` from outside: what it says, what it serves, how it ends.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/mosquitto.rs"]
mod mosquitto;

use authority::Authority;
use lookout::clock::Clock;
use mosquitto::{Mosquitto, Setup};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Turns a test that would hang into one that fails; nothing takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; it ends with the value.
struct Lookout {
    child: Child,
    stderr: Receiver<String>,
}

impl Lookout {
    fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LOOKOUT_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .arg("run")
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, stderr) = channel();
        let pipe = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        Self { child, stderr }
    }

    /// Waits for a line that contains `what`.
    fn line(&self, what: &str) -> String {
        // One deadline for all lines: a program that says something else may say it forever.
        let clock = Clock::start();
        let began = clock.now();
        let mut said = String::new();
        loop {
            let waited = Duration::from_micros(clock.now().since(began).micros());
            let left = PATIENCE.saturating_sub(waited);
            match self.stderr.recv_timeout(left) {
                Ok(line) if line.contains(what) => return line,
                Ok(line) => said = said + &line + "\n",
                Err(_) => panic!("lookout did not say {what:?}, but:\n{said}"),
            }
        }
    }

    /// Waits for the end; gives the exit code.
    fn end(mut self) -> Option<i32> {
        // Stderr ends with the process, and is waited for with patience.
        while self.stderr.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().unwrap().code()
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The page at a URL, header and all.
fn get(url: &str) -> String {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

/// A place where systemd would listen.
struct Systemd {
    socket: UnixDatagram,
    directory: tempfile::TempDir,
}

impl Systemd {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, directory }
    }

    /// Waits to be told `what`.
    fn told(&self, what: &str) {
        let mut buffer = [0; 1_024];
        let mut before = String::new();
        loop {
            let Ok(length) = self.socket.recv(&mut buffer) else {
                panic!("systemd was not told {what:?}, but:\n{before}")
            };
            let told = String::from_utf8_lossy(&buffer[..length]);
            if told.lines().any(|line| line == what) {
                return;
            }
            before += &told;
        }
    }
}

#[test]
fn systemd_is_told_that_it_is_ready_turns_and_stops() {
    let mut broker = Mosquitto::start();
    let url = format!("mqtt://127.0.0.1:{}", broker.port());
    let systemd = Systemd::start();
    let socket = systemd.directory.path().join("notify");
    let lookout = Lookout::run(
        &["--set", "http.listen=off"],
        &[
            ("LOOKOUT_BROKER", &url),
            ("NOTIFY_SOCKET", socket.to_str().unwrap()),
            ("WATCHDOG_USEC", "30000000"),
        ],
    );
    systemd.told("READY=1");
    systemd.told("STATUS=observing");
    systemd.told("WATCHDOG=1");
    broker.kill();
    systemd.told("WATCHDOG=1");
    lookout.line("no link to ");
    lookout.terminate();
    systemd.told("STOPPING=1");
    assert_eq!(lookout.end(), Some(0));
}

/// A broker that answers nothing more holds up an orderly stop.
#[test]
fn a_second_signal_stops_at_once() {
    let broker = Mosquitto::start();
    let url = format!("mqtt://127.0.0.1:{}", broker.port());
    let lookout = Lookout::run(&["--set", "http.listen=off"], &[("LOOKOUT_BROKER", &url)]);
    lookout.line("subscribed to ");
    broker.freeze();
    lookout.terminate();
    lookout.line("stopping on SIGTERM");
    lookout.terminate();
    lookout.line("ended at once by a second signal (SIGTERM)");
    assert_eq!(lookout.end(), Some(143));
}

#[test]
fn it_observes_from_the_environment_alone_serves_metrics_and_stops_on_sigterm() {
    let broker = Mosquitto::start();
    let url = format!("mqtt://lookout:hidden-words@127.0.0.1:{}", broker.port());
    let lookout = Lookout::run(
        &["--set", "http.listen=127.0.0.1:0", "--set", "id=lookout-7"],
        &[("LOOKOUT_BROKER", &url)],
    );
    let metrics = lookout.line("metrics at ");
    let start = lookout.line("observing");
    let shown = format!(
        "lookout {} observing mqtt://127.0.0.1:{} as lookout-7, cluster default",
        env!("CARGO_PKG_VERSION"),
        broker.port()
    );
    assert!(start.contains(&shown), "{start}");
    let subscribed = lookout.line("subscribed to ");
    assert!(subscribed.contains("service/+, session/+/response"), "{subscribed}");
    let page = get(metrics.split_once("metrics at ").unwrap().1);
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(page.contains("\n# TYPE lookout_link_up gauge\n"), "{page}");
    lookout.terminate();
    lookout.line("stopping on SIGTERM");
    assert_eq!(lookout.end(), Some(0));
}

#[test]
fn logs_can_be_json() {
    let broker = Mosquitto::start();
    let url = format!("mqtt://127.0.0.1:{}", broker.port());
    let lookout =
        Lookout::run(&["--json", "--set", "http.listen=off"], &[("LOOKOUT_BROKER", &url)]);
    let line = lookout.line("subscribed to ");
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["level"], "INFO");
    assert!(line["message"].as_str().unwrap().starts_with("subscribed to "));
}

#[test]
fn a_port_in_use_ends_it_with_the_reason() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("http.listen={}", taken.local_addr().unwrap());
    let lookout = Lookout::run(&["--set", &listen], &[]);
    lookout.line("`http.listen`");
    assert_eq!(lookout.end(), Some(1));
}

#[test]
fn mistakes_in_the_configuration_are_all_told() {
    let lookout = Lookout::run(&["--set", "broker.qos=7"], &[("LOOKOUT_BROKER", "http://h")]);
    lookout.line("LOOKOUT_BROKER");
    lookout.line("broker.qos");
    assert_eq!(lookout.end(), Some(64));
}

#[test]
fn a_certificate_that_is_refused_is_told_on_stderr() {
    let authority = Authority::new();
    let listeners = vec![authority.listener("expired")];
    let broker = Mosquitto::with(&Setup { listeners, ..Setup::default() });
    let port = broker.listener(0);
    let url = format!("mqtts://lookout:hidden-words@127.0.0.1:{port}");
    let ca = authority.path("ca");
    let lookout = Lookout::run(
        &["--set", "http.listen=off"],
        &[("LOOKOUT_BROKER", &url), ("LOOKOUT_BROKER_CA_FILE", &ca)],
    );
    let line = lookout.line("no link to ");
    assert!(line.contains("ERROR"), "{line}");
    let expected = format!("mqtts://127.0.0.1:{port}: the broker's certificate has expired: ");
    assert!(line.contains(&expected) && line.contains("`broker.url`"), "{line}");
    assert!(!line.contains("hidden-words"), "{line}");
    lookout.terminate();
    assert_eq!(lookout.end(), Some(0));
}

#[test]
fn without_a_file_of_authorities_the_systems_are_trusted() {
    let authority = Authority::new();
    let listeners = vec![authority.listener("broker")];
    let broker = Mosquitto::with(&Setup { listeners, ..Setup::default() });
    // Where OpenSSL and rustls look first for what the system trusts.
    let trusted = authority.path("ca");
    let dead = "mqtts://127.0.0.1:1";
    let urls = format!("{dead}, mqtts://localhost:{}", broker.listener(0));
    let run = |trusted: &str| {
        Lookout::run(
            &["--set", "http.listen=off"],
            &[
                ("LOOKOUT_BROKER", &urls),
                ("SSL_CERT_FILE", trusted),
                ("SSL_CERT_DIR", "/nowhere/at/all"),
            ],
        )
    };
    let lookout = run(&trusted);
    lookout.line(&format!("no link to {dead}: "));
    let line = lookout.line("subscribed to ");
    assert!(line.contains(&format!(" at mqtts://localhost:{}", broker.listener(0))), "{line}");
    lookout.terminate();
    assert_eq!(lookout.end(), Some(0));

    let lookout = run(&authority.write("nobody", ""));
    let line = lookout.line("LOOKOUT_BROKER");
    assert!(line.contains("knows no authorities, allowed: broker.ca_file beside it"), "{line}");
    assert_eq!(lookout.end(), Some(64));
}

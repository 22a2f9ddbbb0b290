//! A real Mosquitto for tests: on a port of its own, in a directory of its own, and gone with
//! the value.
//!
//! Mosquitto cannot be asked to choose a port, so one is chosen below the range from which
//! systems take the ports of outgoing connections: a client that tries again and again to reach
//! a broker that is away could otherwise end up connected to itself. If somebody else was
//! faster, the next port is tried.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a broker may take to start; it takes a fraction of a second unless the machine is
/// busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);

/// What can be set for a broker.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Lines of its access file; without, everything is allowed.
    pub acl: Option<&'static str>,
    /// Users with their passwords; without, anonymous clients are let in.
    pub users: &'static [(&'static str, &'static str)],
    /// Keeps sessions and queued messages over an orderly restart.
    pub persistent: bool,
    /// Further lines of its configuration.
    pub lines: &'static str,
    /// Further listeners, each on a port of its own: the lines of each.
    pub listeners: Vec<String>,
}

/// A running broker.
#[derive(Debug)]
pub struct Mosquitto {
    child: Option<Child>,
    port: u16,
    listeners: Vec<u16>,
    directory: tempfile::TempDir,
}

impl Mosquitto {
    /// A broker that lets everybody do everything.
    pub fn start() -> Self {
        Self::with(&Setup::default())
    }

    /// A broker with the given setup.
    pub fn with(setup: &Setup) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for _ in 0..20 {
            let port = free_port();
            let listeners: Vec<_> = setup.listeners.iter().map(|_| free_port()).collect();
            write_setup(setup, port, &listeners, directory.path());
            if let Ok(child) = launch(directory.path(), port) {
                return Self { child: Some(child), port, listeners, directory };
            }
        }
        panic!("mosquitto does not start; is it installed?");
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port of one of its further listeners on 127.0.0.1.
    pub fn listener(&self, index: usize) -> u16 {
        self.listeners[index]
    }

    /// Ends it without a word, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a process of ours");
            child.wait().expect("its end");
        }
    }

    /// Has it stand still: it keeps its connections and answers nothing.
    pub fn freeze(&self) {
        let id = self.child.as_ref().expect("a broker that runs").id().to_string();
        assert!(Command::new("kill").args(["-STOP", &id]).status().expect("kill").success());
    }

    /// Ends it in an orderly way, so that it stores what it keeps.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let id = child.id().to_string();
            let asked = Command::new("kill").args(["-TERM", &id]).status().expect("kill");
            assert!(asked.success());
            child.wait().expect("its end");
        }
    }

    /// Starts it again on the same port.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "it still runs");
        let child = launch(self.directory.path(), self.port);
        self.child = Some(child.unwrap_or_else(|said| panic!("mosquitto does not start: {said}")));
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test binaries run side by side: each starts somewhere else.
    let start = std::process::id().wrapping_mul(7_919);
    for _ in 0..1_000 {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + (start.wrapping_add(step) % 20_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}

fn write_setup(setup: &Setup, port: u16, listeners: &[u16], directory: &Path) {
    let at = directory.display();
    // It would change to a user of its own who cannot read a directory of ours.
    let mut text = format!("user root\nlistener {port} 127.0.0.1\nlog_dest stderr\n");
    if setup.users.is_empty() {
        text += "allow_anonymous true\n";
    } else {
        let _ = writeln!(text, "allow_anonymous false\npassword_file {at}/passwords");
        std::fs::write(directory.join("passwords"), "").unwrap();
        for (user, password) in setup.users {
            let made = Command::new("mosquitto_passwd")
                .arg("-b")
                .arg(directory.join("passwords"))
                .args([user, password])
                .status();
            assert!(made.expect("mosquitto_passwd").success());
        }
    }
    if let Some(acl) = setup.acl {
        let _ = writeln!(text, "acl_file {at}/acl");
        std::fs::write(directory.join("acl"), acl).unwrap();
    }
    if setup.persistent {
        let _ = writeln!(text, "persistence true\npersistence_location {at}/");
    }
    text += setup.lines;
    text += "\n";
    for (port, lines) in listeners.iter().zip(&setup.listeners) {
        let _ = writeln!(text, "listener {port} 127.0.0.1\n{lines}");
    }
    std::fs::write(directory.join("mosquitto.conf"), text).unwrap();
}

/// Starts a broker and waits until it accepts connections; the error is what it said instead.
fn launch(directory: &Path, port: u16) -> Result<Child, String> {
    let mut child = Command::new(binary())
        .arg("-c")
        .arg(directory.join("mosquitto.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let lines = lines_of(&mut child);
    let mut said = String::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.contains(" running") => break,
            Ok(line) => said = said + &line + "\n",
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(said);
            }
        }
    }
    TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
    Ok(child)
}

/// What a process says on stderr, read to the end so that it is never held up.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let stderr = child.stderr.take().expect("a pipe");
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn binary() -> &'static str {
    // Debian puts it where ordinary users do not look.
    let debian = "/usr/sbin/mosquitto";
    if Path::new(debian).exists() { debian } else { "mosquitto" }
}

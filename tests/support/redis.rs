//! A real Redis for tests: on a port of its own, in a directory of its own, and gone with the value.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::mosquitto::free_port;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
#[derive(Debug)]
pub(crate) struct Redis {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    directory: tempfile::TempDir,
}

impl Redis {
    /// A server with further arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let arguments: Vec<_> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let port = free_port();
        let child = launch(port, directory.path(), &arguments);
        Self { child, port, arguments, directory }
    }

    /// Its port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it keeps its files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a process of ours");
        self.child.wait().expect("its end");
    }

    /// Starts it again on the same port.
    pub(crate) fn restart(&mut self) {
        self.child = launch(self.port, self.directory.path(), &self.arguments);
    }

    /// Sends a command; the answer as it is printed.
    pub(crate) fn ask(&self, command: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "--raw"])
            .args(command)
            .output()
            .expect("redis-cli");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(port: u16, directory: &Path, arguments: &[String]) -> Child {
    // Whoever writes beyond the limit of a file is told so, and not killed.
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec redis-server \"$@\"", "redis-server"])
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--dir", &directory.display().to_string(), "--enable-debug-command", "yes"])
        .args(["--repl-diskless-sync-delay", "0"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server; is it installed?");
    // A pause that nobody ends.
    let (_keep, pause) = channel::<()>();
    let mut waited = Duration::ZERO;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(waited < PATIENCE, "redis-server does not start");
        let step = Duration::from_millis(10);
        assert_eq!(pause.recv_timeout(step), Err(RecvTimeoutError::Timeout));
        waited += step;
    }
    child
}

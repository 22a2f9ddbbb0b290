//! A real NATS server that speaks MQTT 3.1.1: on ports of its own, in a directory of its own, and
//! gone with the value.

#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::mosquitto::free_port;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server.
#[derive(Debug)]
pub struct Nats {
    child: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Nats {
    /// A server that lets everybody do everything.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for _ in 0..20 {
            let port = free_port();
            if let Some(child) = launch(directory.path(), port, free_port()) {
                return Self { child, port, _directory: directory };
            }
        }
        panic!("nats-server does not start; is it installed?");
    }

    /// Its MQTT port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server and waits until it accepts MQTT connections; `None` if it does not.
fn launch(directory: &Path, port: u16, own: u16) -> Option<Child> {
    let at = directory.display();
    // MQTT sessions and retained messages are kept in JetStream, which needs a name and a place.
    let text = format!(
        "server_name: test\nlisten: \"127.0.0.1:{own}\"\njetstream {{ store_dir: \"{at}/store\" }}\n\
         mqtt {{ host: \"127.0.0.1\", port: {port} }}\n"
    );
    let file = directory.join("nats.conf");
    std::fs::write(&file, text).unwrap();
    // Debian puts it where ordinary users do not look.
    let debian = "/usr/sbin/nats-server";
    let binary = if Path::new(debian).exists() { debian } else { "nats-server" };
    let mut command = Command::new(binary);
    command.arg("-c").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Server is ready"));
    // Read to the end, so that it is never held up.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    if ready && TcpStream::connect(("127.0.0.1", port)).is_ok() {
        return Some(child);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

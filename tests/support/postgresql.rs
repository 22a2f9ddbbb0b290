//! A real PostgreSQL for tests: a server on a port of its own, in a directory of its own, and a
//! replica that streams from it; all gone with the value.
//!
//! PostgreSQL does not run as root. Where the tests do, it runs as the user that Debian's package
//! makes for it.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::mosquitto::free_port;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgresql {
    directory: PathBuf,
    port: u16,
    /// The root of the directories, kept by whoever made it.
    _root: std::sync::Arc<tempfile::TempDir>,
}

/// Where Debian keeps the server's programs, else wherever the path leads.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|it| it.path().join("bin").join(name)).collect();
    found.retain(|path| path.exists());
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

/// Runs a program as somebody who may run PostgreSQL.
fn run(name: &str, arguments: &[&str]) -> Output {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program(name));
        command
    } else {
        Command::new(program(name))
    };
    command.args(arguments).env("LC_ALL", "C").current_dir("/");
    command.output().unwrap_or_else(|error| panic!("{name}: {error}; is PostgreSQL installed?"))
}

#[track_caller]
fn done(name: &str, arguments: &[&str]) {
    let output = run(name, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name} {arguments:?}: {said}");
}

impl Postgresql {
    /// A primary that lets everybody in as `postgres` from this host, and others by password.
    pub(crate) fn start(lines: &str) -> Self {
        let root = tempfile::Builder::new().prefix("pg").tempdir().expect("a directory");
        // The server is somebody else.
        done_as_us("chmod", &["0777", &root.path().display().to_string()]);
        let root = std::sync::Arc::new(root);
        let directory = root.path().join("primary");
        let at = directory.display().to_string();
        done(
            "initdb",
            &["-D", &at, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"],
        );
        let sockets = root.path().display();
        let lines = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = '{sockets}'\nwal_level = replica\n\
             max_wal_senders = 4\nmax_replication_slots = 4\nfsync = off\nmax_connections = 12\n\
             shared_buffers = 16MB\nwal_receiver_timeout = 2s\nwal_retrieve_retry_interval = 200ms\n{lines}\n"
        );
        append(&directory.join("postgresql.conf"), &lines);
        let rules = "host all postgres 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n\
                     host all all 127.0.0.1/32 scram-sha-256\n";
        append_instead(&directory.join("pg_hba.conf"), rules);
        let server = Self { directory, port: free_port(), _root: root };
        server.launch();
        server
    }

    /// A replica of this server that streams from it under a name.
    pub(crate) fn replica(&self, name: &str) -> Self {
        self.sql(&format!("select pg_create_physical_replication_slot('{name}')"));
        let directory = self._root.path().join(name);
        let (at, port) = (directory.display().to_string(), self.port.to_string());
        let from = format!("host=127.0.0.1 port={port} user=postgres application_name={name}");
        let slot = ["-R", "-S", name, "-X", "stream", "-c", "fast", "--no-sync"];
        done("pg_basebackup", &[&["-d", &from, "-D", &at], &slot[..]].concat());
        // What was asked with is not what is written down.
        append(&directory.join("postgresql.auto.conf"), &format!("primary_conninfo = '{from}'\n"));
        let server = Self { directory, port: free_port(), _root: self._root.clone() };
        server.launch();
        server
    }

    /// Its port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn launch(&self) {
        let (at, log) = (self.directory.display().to_string(), self.log());
        let options = format!("-p {}", self.port);
        done("pg_ctl", &["-D", &at, "-l", &log, "-o", &options, "-w", "-t", "60", "start"]);
    }

    fn log(&self) -> String {
        format!("{}.log", self.directory.display())
    }

    /// Starts it again on the same port.
    pub(crate) fn restart(&self) {
        self.launch();
    }

    /// Ends it without a word to its clients, as a crash does.
    pub(crate) fn kill(&self) {
        let at = self.directory.display().to_string();
        done("pg_ctl", &["-D", &at, "-m", "immediate", "-w", "stop"]);
    }

    /// Does something there, as the superuser; what it gives, one value a line.
    pub(crate) fn sql(&self, statement: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new("psql")
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "postgres",
                "-d",
                "postgres",
                "-qAt",
                "-c",
                statement,
            ])
            .output()
            .expect("psql");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{statement}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A session of its own that does something and stays until it is dropped.
    pub(crate) fn session(&self, statement: &str) -> Client {
        let port = self.port.to_string();
        let mut child = Command::new("psql")
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", "postgres", "-qAt"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("psql");
        use std::io::{BufRead, BufReader, Write};
        let stdin = child.stdin.as_mut().expect("its input");
        writeln!(stdin, "{statement}\nselect 'ready';").expect("its input");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line == "ready"));
        Client { child, is_in: ready }
    }
}

impl Drop for Postgresql {
    fn drop(&mut self) {
        let at = self.directory.display().to_string();
        let _ = run("pg_ctl", &["-D", &at, "-m", "immediate", "-w", "stop"]);
        // What it made belongs to somebody else.
        let _ = Command::new("rm").args(["-rf", &at]).status();
    }
}

/// A session that stays.
#[derive(Debug)]
pub(crate) struct Client {
    child: std::process::Child,
    /// Whether it was let in.
    pub(crate) is_in: bool,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn done_as_us(name: &str, arguments: &[&str]) {
    assert!(Command::new(name).args(arguments).status().expect(name).success());
}

fn append(path: &Path, lines: &str) {
    let before = std::fs::read_to_string(path).unwrap_or_default();
    std::fs::write(path, before + "\n" + lines).expect("a file of the server");
}

fn append_instead(path: &Path, lines: &str) {
    std::fs::write(path, lines).expect("a file of the server");
}

//! `lookout record` as a child process, somebody who publishes, and replays of what came of it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Turns a test that would hang into one that fails; nothing takes a tenth of it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two looks at a file.
pub const LOOK: Duration = Duration::from_millis(50);

/// A running recorder; it ends with the value.
pub struct Recorder {
    child: Child,
    stderr: Receiver<String>,
    /// What it writes to stdout, line by line, if it was asked for.
    pub stdout: Option<Receiver<String>>,
    said: String,
}

impl Recorder {
    /// Starts it at a broker and waits until it hears.
    pub fn start(port: u16, arguments: &[&str]) -> Self {
        let mut recorder = Self::spawn(port, arguments);
        recorder.line("subscribed to ");
        recorder
    }

    /// Starts it at a broker, and reads what it writes to stdout.
    pub fn spawn(port: u16, arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(["record", "--set", &format!("broker.url=mqtt://127.0.0.1:{port}")]);
        let mut recorder = Self::of(command.args(arguments).stdout(Stdio::piped()));
        recorder.stdout = Some(recorder.read());
        recorder
    }

    /// Reads what it writes to stdout from now on.
    pub fn read(&mut self) -> Receiver<String> {
        lines(self.child.stdout.take().unwrap())
    }

    /// Starts a command that is or becomes a recorder.
    pub fn of(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stderr, stdout: None, said: String::new() }
    }

    /// Waits for a line on stderr that contains `what`.
    pub fn line(&mut self, what: &str) {
        loop {
            match self.stderr.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.said += &line;
                    self.said.push('\n');
                    if line.contains(what) {
                        return;
                    }
                }
                Err(_) => panic!("lookout did not say {what:?}, but:\n{}", self.said),
            }
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits for its end; gives its exit code and all it said on stderr.
    pub fn end(mut self) -> (Option<i32>, String) {
        while let Ok(line) = self.stderr.recv_timeout(PATIENCE) {
            self.said += &line;
            self.said.push('\n');
        }
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.said))
    }

    /// Interrupts it, and holds it to a clean end. Gives what it said.
    pub fn interrupt(self) -> String {
        self.signal("-INT");
        let (code, said) = self.end();
        assert_eq!(code, Some(0), "{said}");
        said
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program without settings from outside.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOOKOUT_") {
            command.env_remove(name);
        }
    }
    command
}

fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    lines
}

/// The summary of a replay, and what it said on stderr.
pub fn replay(file: &Path) -> (Value, String) {
    let directory = tempfile::tempdir().unwrap();
    let summary = directory.path().join("summary.json");
    let output = command().arg("replay").arg(file).arg("--summary").arg(&summary).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {said}", file.display());
    (serde_json::from_slice(&std::fs::read(summary).unwrap()).unwrap(), said)
}

/// The lines of a traffic file, which is read to its very end.
pub fn file_lines(file: &Path) -> Vec<Value> {
    let bytes = std::fs::read(file).unwrap();
    let packed = file.extension().is_some_and(|end| end == "zst");
    let bytes = if packed { zstd::decode_all(bytes.as_slice()).unwrap() } else { bytes };
    assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "{}: half a line", file.display());
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until the files of a directory hold so many messages.
pub async fn written(directory: &Path, messages: usize) {
    let mut look = tokio::time::interval(LOOK);
    let count = |file: &PathBuf| {
        let mut bytes = std::fs::read(file).unwrap();
        if file.extension().is_some_and(|end| end == "zst") {
            // While it is written to, a file may end anywhere.
            let mut text = Vec::new();
            let _ = zstd::stream::copy_decode(bytes.as_slice(), &mut text);
            bytes = text;
        }
        String::from_utf8_lossy(&bytes).matches("\"topic\":").count()
    };
    let enough = async {
        while files(directory).iter().map(count).sum::<usize>() < messages {
            look.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, enough).await.expect("messages in the files");
}

/// The files of a directory, in order.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Somebody who publishes over MQTT 5.
pub struct Publisher {
    client: AsyncClient,
    acknowledged: UnboundedReceiver<()>,
}

impl Publisher {
    pub fn connect(port: u16) -> Self {
        let mut options = MqttOptions::new("publisher", "127.0.0.1", port);
        options.set_max_packet_size(Some(4 << 20));
        let (client, mut events) = AsyncClient::new(options, 100);
        let (tell, acknowledged) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if matches!(event, Event::Incoming(Packet::PubAck(_))) {
                    let _ = tell.send(());
                }
            }
        });
        Self { client, acknowledged }
    }

    /// Publishes, and waits until the broker has it.
    pub async fn say(&mut self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.say_with(topic, payload, PublishProperties::default()).await;
    }

    /// The same with properties.
    pub async fn say_with(
        &mut self,
        topic: &str,
        payload: impl Into<Vec<u8>>,
        properties: PublishProperties,
    ) {
        let (topic, payload) = (topic.to_owned(), payload.into());
        let sent = self.client.publish_with_properties(
            topic,
            QoS::AtLeastOnce,
            false,
            payload,
            properties,
        );
        sent.await.unwrap();
        let acknowledged = tokio::time::timeout(PATIENCE, self.acknowledged.recv());
        acknowledged.await.expect("an acknowledgement").expect("a connection");
    }
}

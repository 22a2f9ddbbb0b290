//! A small platform, and somebody who asks lookout about it.

use crate::line::{Line, Message, PATIENCE, Trouble, Version, soon};
use crate::mosquitto::Mosquitto;
use crate::program::Lookout;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

/// Who may change something.
pub const TOKEN: &str = "0123456789abcdefghij";
/// Between two calls, and between two looks.
const PACE: Duration = Duration::from_millis(20);
const ANSWERS: &str = "session/caller/response";

/// A platform with one service, `Catalogue`, whose method `ok` answers, whose `bad` rejects, whose
/// `down` says that it is unavailable, and whose `lost` says nothing.
pub struct Platform {
    pub mosquitto: Mosquitto,
    pub lookout: Lookout,
    pub said: UnboundedReceiver<(String, Value)>,
    client: Client,
    calls: JoinHandle<()>,
    lines: Vec<Line>,
    _directory: tempfile::TempDir,
}

impl Platform {
    /// Starts it, with lines to add to the configuration, and waits until lookout is linked.
    pub async fn start(more: &str) -> Self {
        let mosquitto = Mosquitto::start();
        let broker = (Version::V5, mosquitto.port());
        let (tell, said) = unbounded_channel();
        let watcher = Line::open(
            broker,
            "watcher",
            "system/web/#",
            &Trouble::default(),
            move |_, message| {
                let document = serde_json::from_slice(&message.payload).unwrap_or(Value::Null);
                let _ = tell.send((message.topic, document));
            },
        );
        let service = Line::open(
            broker,
            "service",
            "service/+",
            &Trouble::default(),
            |post, call| {
                let call: Value = serde_json::from_slice(&call.payload).unwrap();
                let error = |code: i64| json!({ "jsonrpc": "2.0", "id": call["id"], "error": { "code": code, "message": "m" } });
                let answer = match call["method"].as_str().unwrap() {
                    "ok" => json!({ "jsonrpc": "2.0", "id": call["id"], "result": true }),
                    "bad" => error(-32602),
                    "down" => error(-32503),
                    _ => return,
                };
                post.send(Message {
                    topic: ANSWERS.into(),
                    payload: answer.to_string().into(),
                    ..Message::default()
                });
            },
        );
        let caller = Line::open(broker, "caller", "nothing", &Trouble::default(), |_, _| {});
        for line in [&watcher, &service, &caller] {
            line.ready().await;
        }
        let directory = tempfile::tempdir().unwrap();
        let tokens = directory.path().join("tokens");
        std::fs::write(&tokens, format!("# operators\nalice {TOKEN}\n")).unwrap();
        let config = format!(
            "cluster = \"web\"\nid = \"lookout-web\"\ndependencies.Orders = [\"Catalogue\"]\n{more}\n\
             [broker]\nurl = \"mqtt://127.0.0.1:{}\"\n\
             [http]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"{}\"\n",
            mosquitto.port(),
            tokens.display()
        );
        let lookout = Lookout::start(&config).await;
        let post = caller.post().clone();
        let calls = tokio::spawn(async move {
            let mut pace = tokio::time::interval(PACE);
            for id in 0_u64.. {
                pace.tick().await;
                let method = match id % 40 {
                    5 => "down",
                    10 | 30 => "bad",
                    _ => "ok",
                };
                let service = if id % 4 == 0 { "Orders" } else { "Catalogue" };
                let call =
                    json!({ "jsonrpc": "2.0", "id": id, "method": method, "replyTo": ANSWERS });
                post.send(Message {
                    topic: format!("service/{service}"),
                    payload: call.to_string().into(),
                    ..Message::default()
                });
            }
        });
        let client = client();
        let lines = vec![watcher, service, caller];
        let platform =
            Self { mosquitto, lookout, said, client, calls, lines, _directory: directory };
        platform.until("/readyz", "ready", |status, _| status == 200).await;
        platform
    }

    /// As [`Platform::start`], and waits until the service is found to be healthy.
    pub async fn healthy(more: &str) -> Self {
        let platform = Self::start(more).await;
        let well =
            |status: u16, body: &Value| status == 200 && body["service"]["verdict"] == "healthy";
        platform.until("/api/v1/services/Catalogue", "healthy", well).await;
        platform
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.lookout.host())
    }

    /// A request yet to be sent.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// The same, with any method.
    pub fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), self.url(path))
    }

    /// Asks, and gives the status and the JSON; text that is none as a string.
    pub async fn json(&self, path: &str) -> (u16, Value) {
        read(self.get(path).send().await.unwrap()).await
    }

    /// Asks until the answer is as wanted.
    pub async fn until(
        &self,
        path: &str,
        what: &str,
        wanted: impl Fn(u16, &Value) -> bool,
    ) -> Value {
        let mut look = tokio::time::interval(PACE * 5);
        let mut last = Value::Null;
        let looking = async {
            loop {
                look.tick().await;
                let (status, body) = self.json(path).await;
                if wanted(status, &body) {
                    return body;
                }
                last = body;
            }
        };
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(body) => body,
            Err(_) => panic!("{path} never was {what}: {last:#}"),
        }
    }

    /// Somebody publishes something.
    pub fn say(&self, topic: &str, body: &Value) {
        let payload = body.to_string().into();
        let message = Message { topic: topic.to_owned(), payload, ..Message::default() };
        assert!(self.lines[0].post().send(message));
    }

    /// Waits for something that lookout published.
    pub async fn heard(&mut self, what: &str, wanted: impl Fn(&str, &Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let (topic, document) = self.said.recv().await.unwrap();
                if wanted(&topic, &document) {
                    return document;
                }
            }
        };
        soon(what, waiting).await
    }
}

/// Somebody who asks.
pub fn client() -> Client {
    // It never speaks TLS here, and will not be built without a provider; the second is refused.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.calls.abort();
    }
}

/// The status and the body of an answer, as JSON if it is.
pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, body)
}

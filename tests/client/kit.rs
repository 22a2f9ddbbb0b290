//! What the tests of the client share: platforms with short spans, and a service that answers by
//! hand, in whatever way a call asks for.

use crate::line::{Line, Message, Post, Trouble, Version, soon};
use lookout::client::{Endpoint, Options, Platform, Protocol};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;

/// Longer than anything here takes; only a hang gets there.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Both versions of MQTT.
pub const VERSIONS: [Version; 2] = [Version::V5, Version::V311];

pub const fn protocol(version: Version) -> Protocol {
    match version {
        Version::V5 => Protocol::V5,
        Version::V311 => Protocol::V311,
    }
}

/// Options of a caller in the cluster `test`.
pub fn options((version, port): (Version, u16), session: &str) -> Options {
    let endpoint =
        Endpoint { protocol: protocol(version), ..Endpoint::new("127.0.0.1", port, session) };
    let mut options = Options::at(endpoint, session).cluster("test");
    options.deadline = DEADLINE;
    options
}

/// A caller that is connected.
pub async fn platform(options: Options) -> Platform {
    let platform = Platform::connect(options).unwrap();
    soon("link", platform.ready()).await.unwrap();
    platform
}

/// A service that answers by hand, and what it was asked.
pub struct Hand {
    pub line: Line,
    pub calls: mpsc::UnboundedReceiver<Message>,
}

impl Hand {
    /// Answers in the way that the method's name asks for, at once.
    pub async fn start(broker: (Version, u16), service: &str) -> Self {
        let (tell, calls) = mpsc::unbounded_channel();
        let hook = move |post: &Post, message: Message| {
            for answer in answers(&message) {
                assert!(post.send(answer));
            }
            let _ = tell.send(message);
        };
        let id = format!("hand-{service}");
        let line =
            Line::open(broker, &id, &format!("service/{service}"), &Trouble::default(), hook);
        line.ready().await;
        Self { line, calls }
    }

    /// The next call, as JSON.
    pub async fn call(&mut self) -> (Message, Value) {
        let message = soon("call", self.calls.recv()).await.unwrap();
        let body = serde_json::from_slice(&message.payload).unwrap();
        (message, body)
    }

    /// How many calls came that nobody looked at yet.
    pub fn waiting(&mut self) -> usize {
        std::iter::from_fn(|| self.calls.try_recv().ok()).count()
    }

    /// Answers a call.
    pub fn answer(&self, call: &Message, answer: &Value) {
        assert!(self.line.post().send(to(call, answer.to_string())));
    }
}

/// An answer to a call, on its reply topic and with its Correlation Data.
pub fn to(call: &Message, payload: impl Into<String>) -> Message {
    let body: Value = serde_json::from_slice(&call.payload).unwrap();
    let topic = body["replyTo"].as_str().unwrap().to_owned();
    let correlation = call.correlation.clone();
    Message { topic, payload: payload.into().into(), correlation, ..Message::default() }
}

fn answers(call: &Message) -> Vec<Message> {
    let body: Value = serde_json::from_slice(&call.payload).unwrap();
    let id = &body["id"];
    let number = id.as_u64().unwrap();
    let ok = json!({"jsonrpc": "2.0", "id": id, "result": body["params"]});
    let foreign = |id: Value| to(call, json!({"id": id, "result": "foreign"}).to_string());
    match body["method"].as_str().unwrap() {
        "ok" => vec![to(call, ok.to_string())],
        "large" => vec![to(call, json!({"id": id, "result": "x".repeat(500_000)}).to_string())],
        "reject" => {
            let details = json!({"field": "email", "message": "not an address"});
            let error = json!({"code": -32001, "message": "bad", "data": {"details": details}});
            vec![to(call, json!({"id": id, "error": error}).to_string())]
        }
        "fail" => vec![to(
            call,
            json!({"id": id, "error": {"code": -32603, "message": "oh"}}).to_string(),
        )],
        // As servers do that cannot read the call.
        "nameless" => vec![to(
            call,
            json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "what?"}})
                .to_string(),
        )],
        "garbage" => vec![to(call, json!({"id": id}).to_string())],
        "twice" => vec![to(call, ok.to_string()), to(call, ok.to_string())],
        // Ids of others, ids of another kind, no JSON.
        "foreign" => vec![
            foreign(json!(number + 1_000)),
            foreign(json!(number.to_string())),
            // It would be ours with the Correlation Data.
            Message { correlation: None, ..foreign(Value::Null) },
            to(call, "no JSON"),
            to(call, ""),
            to(call, ok.to_string()),
        ],
        _ => Vec::new(),
    }
}

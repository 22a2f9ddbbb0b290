//! A stand-in for the REST API of a cluster of EMQX: no EMQX runs here.
//!
//! It begins as a healthy cluster of three, with the bodies in `tests/samples/emqx` that were
//! built from the sources of EMQX 5.8; a test sets another answer for a path, be it none that
//! EMQX would give. It is written by hand over TCP, so that answers can break off or never come.

#![allow(dead_code, unreachable_pub)]

use base64::Engine;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const KEY: &str = "lookout";
pub const SECRET: &str = "hunter2-emqx";

/// The nodes of the cluster.
pub const NODES: [&str; 3] = [
    "emqx@emqx-0.emqx-headless.mq.svc.cluster.local",
    "emqx@emqx-1.emqx-headless.mq.svc.cluster.local",
    "emqx@emqx-2.emqx-headless.mq.svc.cluster.local",
];

/// What is answered.
#[derive(Clone)]
pub enum Answer {
    /// A body with status 200.
    Body(Value),
    /// Another status, and its body.
    Status(u16, String),
    /// A body with status 200 that breaks off half way.
    Half(String),
    /// These bytes, which need not be HTTP.
    Bytes(Vec<u8>),
    /// None; the connection stays open.
    Silence,
}

#[derive(Default)]
struct Table {
    /// By what follows `/api/v5/`.
    answers: BTreeMap<String, Answer>,
    /// What was asked, with its query.
    asked: Vec<String>,
}

/// A running stand-in; it ends with the value.
pub struct Cluster {
    pub url: String,
    table: Arc<Mutex<Table>>,
    serving: JoinHandle<()>,
}

impl Cluster {
    /// A healthy cluster.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let table = Arc::new(Mutex::new(Table { answers: healthy(), asked: Vec::new() }));
        let own = Arc::clone(&table);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&own)));
            }
        });
        Self { url, table, serving }
    }

    /// Answers so from now on at a path such as `nodes`.
    pub fn set(&self, path: &str, answer: Answer) {
        self.table.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// Changes a body.
    pub fn edit(&self, path: &str, edit: impl FnOnce(&mut Value)) {
        match self.table.lock().unwrap().answers.get_mut(path) {
            Some(Answer::Body(body)) => edit(body),
            _ => panic!("{path} has no body"),
        }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<String> {
        self.table.lock().unwrap().asked.clone()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn healthy() -> BTreeMap<String, Answer> {
    let bodies = [
        ("cluster", include_str!("../samples/emqx/cluster.json")),
        ("nodes", include_str!("../samples/emqx/nodes.json")),
        ("metrics", include_str!("../samples/emqx/metrics.json")),
        ("stats", include_str!("../samples/emqx/stats.json")),
        ("alarms", include_str!("../samples/emqx/alarms.json")),
        ("monitor_current", include_str!("../samples/emqx/monitor_current.json")),
    ];
    let parsed = bodies.map(|(path, body)| (path, serde_json::from_str(body).unwrap()));
    let all = parsed.into_iter().chain([("listeners", listeners())]);
    all.map(|(path, body): (&str, Value)| (path.to_owned(), Answer::Body(body))).collect()
}

/// `/listeners` as `emqx_mgmt_api_listeners.erl` builds it.
pub fn listeners() -> Value {
    let status = |current: u64, most: Value| json!({"running": true, "current_connections": current, "max_connections": most});
    let listener = |kind: &str, port: u16, enable: bool, most: Value| {
        let nodes: Vec<_> = NODES
            .iter()
            .map(|node| json!({"node": node, "status": status(67, most.clone())}))
            .collect();
        json!({
            "id": format!("{kind}:default"),
            "name": "default",
            "type": kind,
            "enable": enable,
            "bind": format!("0.0.0.0:{port}"),
            "acceptors": 16,
            "number": 3,
            "status": status(201, most),
            "node_status": nodes,
        })
    };
    json!([
        listener("tcp", 1883, true, json!("infinity")),
        listener("ssl", 8883, true, json!(1_024_000)),
    ])
}

/// An alarm as EMQX tells it.
pub fn alarm(node: &str, name: &str, message: &str, details: Value) -> Value {
    json!({
        "node": node,
        "name": name,
        "message": message,
        "duration": 60_012,
        "activate_at": "2026-11-21T22:00:00.000+00:00",
        "details": details,
    })
}

/// A page of alarms.
pub fn alarms(alarms: &[Value]) -> Answer {
    Answer::Body(json!({"data": alarms, "meta": {"page": 1, "limit": 100, "hasnext": false}}))
}

/// Answers one question of a connection, and ends it.
async fn serve(mut stream: TcpStream, table: Arc<Mutex<Table>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read_buf(&mut request).await, Ok(1..)) {
            return;
        }
    }
    let request = String::from_utf8(request).unwrap();
    let target = request.split(' ').nth(1).unwrap_or_default();
    let asked = target.strip_prefix("/api/v5/").unwrap_or(target).to_owned();
    let path = asked.split('?').next().unwrap_or_default().to_owned();
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{KEY}:{SECRET}"));
    let known = request.contains(&format!("authorization: Basic {login}\r\n"));
    let answer = {
        let mut table = table.lock().unwrap();
        table.asked.push(asked);
        match table.answers.get(&path) {
            _ if !known => refusal(401, "BAD_API_KEY_OR_SECRET", &request),
            Some(answer) => answer.clone(),
            None => refusal(404, "NOT_FOUND", "Request Path Not Found"),
        }
    };
    let head = |status: u16, length: usize| {
        format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n"
        )
    };
    let whole =
        |status: u16, body: &str| format!("{}{body}", head(status, body.len())).into_bytes();
    let bytes = match answer {
        Answer::Body(body) => whole(200, &body.to_string()),
        Answer::Status(status, body) => whole(status, &body),
        Answer::Half(body) => {
            format!("{}{}", head(200, body.len()), &body[..body.len() / 2]).into_bytes()
        }
        Answer::Bytes(bytes) => bytes,
        Answer::Silence => {
            // Until whoever asked goes away.
            let _ = stream.read(&mut [0]).await;
            return;
        }
    };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

/// A refusal in EMQX's form.
pub fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::Status(status, json!({"code": code, "message": message}).to_string())
}

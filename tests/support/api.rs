//! A stand-in for a platform's API over HTTP, on a port or a socket: it gives the answers that a test
//! sets, keeps what it was asked, and streams watches as Kubernetes does.
//!
//! No cluster and no Docker engine can run where these tests run. What it answers is built from the
//! documented shapes.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{broadcast, watch};

/// How long something is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status and a body.
    Body(u16, String),
    /// Half of a body, and the end of the connection.
    Half(String),
    /// Nothing, ever.
    Silence,
}

impl Answer {
    /// A good one.
    pub(crate) fn json(body: Value) -> Self {
        Self::Body(200, body.to_string())
    }

    /// One that refuses, as Kubernetes words it.
    pub(crate) fn status(code: u16, reason: &str) -> Self {
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "it is forbidden", "reason": reason, "code": code});
        Self::Body(code, body.to_string())
    }
}

/// A question as it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Clone, Debug)]
enum Step {
    Line(String),
    End,
}

#[derive(Clone)]
struct Shared {
    /// By method and path.
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<watch::Sender<Vec<Asked>>>,
    watches: Arc<Mutex<BTreeMap<String, broadcast::Sender<Step>>>>,
}

/// A stand-in; it ends with the value.
pub(crate) struct Api {
    shared: Shared,
    /// Its port, if it is on one.
    pub(crate) port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Api {
    /// On a port of 127.0.0.1.
    pub(crate) async fn on_port() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (shared, router) = router();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, port, task }
    }

    /// On a socket.
    pub(crate) fn on_socket(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let (shared, router) = router();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, port: 0, task }
    }

    /// What is answered to `GET` and so on of a path.
    pub(crate) fn answers(&self, method: &str, path: &str, answer: Answer) {
        self.shared.answers.lock().unwrap().insert(format!("{method} {path}"), answer);
    }

    /// Everything that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.borrow().clone()
    }

    /// Waits until something was asked.
    pub(crate) async fn until_asked(&self, wanted: impl Fn(&Asked) -> bool) -> Asked {
        let mut asked = self.shared.asked.subscribe();
        let found = asked.wait_for(|all| all.iter().any(&wanted));
        let found = tokio::time::timeout(PATIENCE, found).await.expect("a question").unwrap();
        found.iter().find(|it| wanted(it)).unwrap().clone()
    }

    /// Waits until somebody watches a path.
    pub(crate) async fn until_watched(&self, path: &str) {
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        let watched = async {
            while self.watch(path).receiver_count() == 0 {
                pace.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, watched).await.expect("a watch");
    }

    fn watch(&self, path: &str) -> broadcast::Sender<Step> {
        sender(&self.shared, path)
    }

    /// Tells those who watch a path.
    pub(crate) async fn tell(&self, path: &str, kind: &str, object: Value) {
        self.until_watched(path).await;
        let line = json!({"type": kind, "object": object}).to_string();
        self.watch(path).send(Step::Line(line)).unwrap();
    }

    /// Ends the watches of a path, and waits until somebody watches it anew.
    pub(crate) async fn break_off(&self, path: &str) {
        self.until_watched(path).await;
        let is_watch = |it: &&Asked| it.path == path && it.query.contains("watch=true");
        let before = self.asked().iter().filter(is_watch).count();
        self.watch(path).send(Step::End).unwrap();
        let mut asked = self.shared.asked.subscribe();
        let again = asked.wait_for(|all| all.iter().filter(is_watch).count() > before);
        drop(tokio::time::timeout(PATIENCE, again).await.expect("another watch"));
        self.until_watched(path).await;
    }
}

fn sender(shared: &Shared, path: &str) -> broadcast::Sender<Step> {
    let mut watches = shared.watches.lock().unwrap();
    watches.entry(path.to_owned()).or_insert_with(|| broadcast::channel(100).0).clone()
}

fn router() -> (Shared, Router) {
    let shared = Shared {
        answers: Arc::default(),
        asked: Arc::new(watch::Sender::new(Vec::new())),
        watches: Arc::default(),
    };
    (shared.clone(), Router::new().fallback(answer).with_state(shared))
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
    let query = head.uri.query().unwrap_or_default().to_owned();
    let is_watch = query.contains("watch=true");
    let asked = Asked {
        method: method.clone(),
        path: path.clone(),
        query,
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    shared.asked.send_modify(|all| all.push(asked));
    let answer = shared.answers.lock().unwrap().get(&format!("{method} {path}")).cloned();
    match answer {
        Some(Answer::Body(200, _)) | None if is_watch => stream(sender(&shared, &path).subscribe()),
        Some(Answer::Body(status, body)) => respond(status, Body::from(body)),
        Some(Answer::Half(body)) => {
            let parts = [Ok(Bytes::from(body)), Err(std::io::Error::other("cut off"))];
            respond(200, Body::from_stream(futures_util::stream::iter(parts)))
        }
        Some(Answer::Silence) => std::future::pending().await,
        None => respond(404, Body::from(r#"{"message":"no such thing","code":404}"#)),
    }
}

fn respond(status: u16, body: Body) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let answer = Response::builder().status(status).header("content-type", "application/json");
    answer.body(body).unwrap()
}

fn stream(steps: broadcast::Receiver<Step>) -> Response {
    let lines = unfold(steps, |mut steps| async move {
        match steps.recv().await {
            Ok(Step::Line(line)) => {
                Some((Ok::<_, std::io::Error>(Bytes::from(line + "\n")), steps))
            }
            _ => None,
        }
    });
    respond(200, Body::from_stream(lines.boxed()))
}

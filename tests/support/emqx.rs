//! A stand-in for EMQX's REST API: no EMQX runs here. It speaks HTTP, wants the API key, keeps
//! a table of subscriptions, and answers `GET /api/v5/subscriptions` as EMQX 5 and 6 do according
//! to their sources (`emqx_mgmt_api_subscriptions.erl`, `emqx_topic.erl`), page by page.

#![allow(dead_code, unreachable_pub)]

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const KEY: &str = "lookout";
pub const SECRET: &str = "planted-secret";

/// An answer that is none of EMQX's usual ones.
#[derive(Clone)]
pub struct Odd {
    pub status: u16,
    pub body: String,
}

#[derive(Default)]
struct Table {
    /// Client and filter.
    subscriptions: Vec<(String, String)>,
    odd: Option<Odd>,
    /// The queries that were asked.
    asked: Vec<String>,
}

/// A running stand-in; it ends with the value.
pub struct Emqx {
    pub url: String,
    table: Arc<Mutex<Table>>,
    serving: JoinHandle<()>,
}

impl Emqx {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let table = Arc::<Mutex<Table>>::default();
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&table));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, table, serving }
    }

    /// Who subscribes to what from now on.
    pub fn set(&self, subscriptions: &[(&str, &str)]) {
        let owned = |(client, filter): &(&str, &str)| ((*client).to_owned(), (*filter).to_owned());
        self.table.lock().unwrap().subscriptions = subscriptions.iter().map(owned).collect();
    }

    /// Answers so from now on.
    pub fn answer(&self, odd: Odd) {
        self.table.lock().unwrap().odd = Some(odd);
    }

    /// The queries so far.
    pub fn asked(&self) -> Vec<String> {
        self.table.lock().unwrap().asked.clone()
    }
}

impl Drop for Emqx {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(table): State<Arc<Mutex<Table>>>, request: Request) -> Response {
    let mut table = table.lock().unwrap();
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or(""));
    table.asked.push(query.to_owned());
    if let Some(Odd { status, body }) = table.odd.clone() {
        return (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")], body)
            .into_response();
    }
    if path != "/api/v5/subscriptions" {
        return (StatusCode::NOT_FOUND, "").into_response();
    }
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{KEY}:{SECRET}"));
    let given = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    if given != Some(&format!("Basic {login}")) {
        let body = json!({"code": "BAD_API_KEY_OR_SECRET", "message": "Check api_key/api_secret"});
        return (StatusCode::UNAUTHORIZED, body.to_string()).into_response();
    }
    let asked: BTreeMap<String, String> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let found = table.subscriptions.iter().filter(|(_, filter)| match asked.get("topic") {
        Some(exact) => filter == exact,
        None => matches(filter, &asked["match_topic"]),
    });
    let (page, limit): (usize, usize) =
        (asked["page"].parse().unwrap(), asked["limit"].parse().unwrap());
    let rows: Vec<_> = found
        .skip((page - 1) * limit)
        .take(limit + 1)
        .map(|(client, filter)| {
            json!({"clientid": client, "topic": filter, "node": "emqx@127.0.0.1", "qos": 1, "nl": 0,
                "rap": 0, "rh": 0, "durable": false})
        })
        .collect();
    let more = rows.len() > limit;
    let rows = &rows[..rows.len().min(limit)];
    json!({"data": rows, "meta": {"page": page, "limit": limit, "hasnext": more}})
        .to_string()
        .into_response()
}

/// `emqx_topic:match(SubscribedFilter, QueryFilter)`: the subscribed filter is taken for a name.
fn matches(name: &str, filter: &str) -> bool {
    let name = match name.split_once('/') {
        Some(("$share", rest)) => rest.split_once('/').map_or("", |(_, name)| name),
        _ => name,
    };
    if name.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut rest = name.split('/');
    for level in filter.split('/') {
        match (level, rest.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (text, Some(part)) if text == part => {}
            _ => return false,
        }
    }
    rest.next().is_none()
}

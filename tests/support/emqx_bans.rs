//! A stand-in for EMQX's list of those who are banned and its table of clients: no EMQX can be had here.
//!
//! It answers as EMQX 5.8 and 6 do according to their sources (`emqx_mgmt_api_banned.erl`, `emqx_banned.erl`,
//! `emqx_mgmt_api_clients.erl`): a ban that lasts cannot be made a second time, one is found by whom it is
//! about, what is not there is 404, and a key that may only read changes nothing.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const KEY: &str = "lookout";
pub const SECRET: &str = "planted-secret-of-emqx";

/// A client that is connected: its identifier, user and address.
pub type Client = (&'static str, &'static str, &'static str);

#[derive(Default)]
struct Table {
    bans: Vec<Value>,
    clients: Vec<Client>,
    /// Whether the key may only read.
    viewer: bool,
    /// What is answered in place of anything else, so many times.
    failing: u32,
    /// Everything that was asked.
    asked: Vec<String>,
}

/// A running stand-in; it ends with the value.
pub struct Bans {
    pub url: String,
    table: Arc<Mutex<Table>>,
    serving: JoinHandle<()>,
}

impl Bans {
    pub async fn start(clients: &[Client]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let table = Table { clients: clients.to_vec(), ..Table::default() };
        let table = Arc::new(Mutex::new(table));
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&table));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, table, serving }
    }

    /// The bans that there are: kind, whom, and by whom.
    pub fn bans(&self) -> Vec<[String; 3]> {
        let text = |ban: &Value, name: &str| ban[name].as_str().unwrap().to_owned();
        let table = self.table.lock().unwrap();
        table.bans.iter().map(|it| ["as", "who", "by"].map(|name| text(it, name))).collect()
    }

    /// When a ban ends, in seconds since the epoch.
    pub fn until(&self, who: &str) -> i64 {
        let table = self.table.lock().unwrap();
        table.bans.iter().find(|ban| ban["who"] == who).unwrap()["until"].as_i64().unwrap()
    }

    /// Somebody else bans somebody.
    pub fn ban(&self, kind: &str, who: &str, by: &str) {
        let ban =
            json!({"as": kind, "who": who, "by": by, "reason": "", "at": 0, "until": i64::MAX});
        self.table.lock().unwrap().bans.push(ban);
    }

    /// Clients that are connected.
    pub fn clients(&self) -> Vec<&'static str> {
        self.table.lock().unwrap().clients.iter().map(|(id, ..)| *id).collect()
    }

    /// The key may only read from here on.
    pub fn make_viewer(&self) {
        self.table.lock().unwrap().viewer = true;
    }

    /// The next questions fail.
    pub fn fail(&self, times: u32) {
        self.table.lock().unwrap().failing = times;
    }

    /// Everything that was asked: method, path and query.
    pub fn asked(&self) -> Vec<String> {
        self.table.lock().unwrap().asked.clone()
    }
}

impl Drop for Bans {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn refused(status: StatusCode, code: &str) -> Response {
    (status, json!({"code": code, "message": "…"}).to_string()).into_response()
}

async fn answer(State(table): State<Arc<Mutex<Table>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let mut table = table.lock().unwrap();
    table.asked.push(format!("{} {}", head.method, head.uri));
    if table.failing > 0 {
        table.failing -= 1;
        return refused(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE");
    }
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{KEY}:{SECRET}"));
    let given = head.headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    if given != Some(&format!("Basic {login}")) {
        return refused(StatusCode::UNAUTHORIZED, "BAD_API_KEY_OR_SECRET");
    }
    if table.viewer && head.method != "GET" {
        return refused(StatusCode::FORBIDDEN, "UNAUTHORIZED_ROLE");
    }
    let url = url::Url::parse(&format!("http://emqx{}", head.uri)).unwrap();
    let decoded = |level: &str| {
        let pair = format!("v={}", level.replace('+', "%2B"));
        url::form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned()
    };
    let levels: Vec<_> = url.path_segments().unwrap().map(decoded).collect();
    let levels: Vec<_> = levels.iter().map(String::as_str).collect();
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    match (head.method.as_str(), &levels[..]) {
        ("GET", ["api", "v5", "banned"]) => page(found(&table, &query)),
        ("POST", ["api", "v5", "banned"]) => create(&mut table, &body),
        ("DELETE", ["api", "v5", "banned", kind, who]) => {
            let before = table.bans.len();
            table.bans.retain(|ban| ban["as"] != *kind || ban["who"] != *who);
            if table.bans.len() < before {
                gone()
            } else {
                refused(StatusCode::NOT_FOUND, "NOT_FOUND")
            }
        }
        ("GET", ["api", "v5", "clients"]) => page(clients(&table, &query)),
        ("GET", ["api", "v5", "clients", id]) => {
            match clients(&table, &[]).into_iter().find(|it| it["clientid"] == *id) {
                Some(client) => client.to_string().into_response(),
                None => refused(StatusCode::NOT_FOUND, "CLIENTID_NOT_FOUND"),
            }
        }
        ("DELETE", ["api", "v5", "clients", id]) => {
            let before = table.clients.len();
            table.clients.retain(|(known, ..)| known != id);
            if table.clients.len() < before {
                gone()
            } else {
                refused(StatusCode::NOT_FOUND, "CLIENTID_NOT_FOUND")
            }
        }
        _ => refused(StatusCode::NOT_FOUND, "NOT_FOUND"),
    }
}

fn gone() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn page(data: Vec<Value>) -> Response {
    json!({"data": data, "meta": {"page": 1, "limit": 100, "count": 1, "hasnext": false}})
        .to_string()
        .into_response()
}

/// Bans with RFC 3339 ends, as they are listed.
fn found(table: &Table, query: &[(String, String)]) -> Vec<Value> {
    let filter = query.iter().find(|(name, _)| name != "limit" && name != "page");
    let is_wanted =
        |ban: &&Value| filter.is_none_or(|(kind, who)| ban["as"] == *kind && ban["who"] == *who);
    let listed = |ban: &Value| {
        let mut ban = ban.clone();
        let until = ban["until"].as_i64().unwrap();
        ban["until"] = match jiff::Timestamp::from_second(until) {
            Ok(until) => until.to_string().into(),
            Err(_) => "infinity".into(),
        };
        ban["at"] = "2026-01-15T10:30:00Z".into();
        ban
    };
    table.bans.iter().filter(is_wanted).map(listed).collect()
}

fn create(table: &mut Table, body: &Bytes) -> Response {
    let ban: Value = serde_json::from_slice(body).unwrap();
    let (kind, who) = (ban["as"].as_str().unwrap(), ban["who"].as_str().unwrap());
    let is_address = who.parse::<std::net::IpAddr>().is_ok();
    if !["clientid", "username", "peerhost"].contains(&kind) || (kind == "peerhost" && !is_address)
    {
        return refused(StatusCode::BAD_REQUEST, "BAD_REQUEST");
    }
    if table.bans.iter().any(|known| known["as"] == ban["as"] && known["who"] == ban["who"]) {
        return refused(StatusCode::BAD_REQUEST, "ALREADY_EXISTS");
    }
    table.bans.push(ban.clone());
    ban.to_string().into_response()
}

fn clients(table: &Table, query: &[(String, String)]) -> Vec<Value> {
    let is_wanted = |(_, user, address): &&Client| {
        query.iter().all(|(name, value)| match name.as_str() {
            "username" => value == user,
            "ip_address" => value == address,
            _ => true,
        })
    };
    let shown = |(id, user, address): &Client| json!({"clientid": id, "username": user, "ip_address": address, "connected": true, "port": 4711});
    table.clients.iter().filter(is_wanted).map(shown).collect()
}

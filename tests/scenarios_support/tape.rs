//! The pen of the scenarios' authors: writes traffic files one moment at a time.
//!
//! Times are milliseconds since the file begins. Lines may be written in any order; they are
//! sorted by time, and among equal times the order of writing decides.

use base64::Engine;
use serde_json::{Value, json};
use std::ops::Range;

/// The moment at which every file begins: a whole second, and a whole five minutes.
pub(crate) const START: u64 = 1_732_270_200_000_000;
/// How long a healthy service takes for an answer, in milliseconds.
pub(crate) const QUICK: u64 = 20;
/// The service of scenarios that need only one.
pub(crate) const UM: &str = "UserManagement";

/// One traffic file in the making.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    lines: Vec<(u64, String)>,
    next_id: u64,
}

impl Tape {
    /// An empty file.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|(at, _)| *at);
        lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    /// A line as it is, wherever its own `ts` says it belongs.
    pub(crate) fn raw(&mut self, at: u64, line: impl Into<String>) {
        self.lines.push((at, line.into()));
    }

    /// A line with these members beside `ts`.
    pub(crate) fn line(&mut self, at: u64, members: Value) {
        let mut text = members.to_string();
        text.insert_str(1, &format!("\"ts\":{},", START + at * 1_000));
        self.raw(at, text);
    }

    /// A message with its payload as text.
    pub(crate) fn message(&mut self, at: u64, topic: &str, payload: impl Into<String>) {
        let payload: String = payload.into();
        self.line(at, json!({"topic": topic, "payload": payload}));
    }

    /// A message with MQTT 5 properties.
    pub(crate) fn with_props(&mut self, at: u64, topic: &str, payload: &str, props: Value) {
        self.line(at, json!({"topic": topic, "payload": payload, "props": props}));
    }

    /// A message whose payload is no text.
    pub(crate) fn binary(&mut self, at: u64, topic: &str, payload: &[u8]) {
        let encoded = base64::engine::general_purpose::STANDARD.encode(payload);
        self.line(at, json!({"topic": topic, "payload_b64": encoded}));
    }

    /// The link to the broker changes.
    pub(crate) fn link(&mut self, at: u64, state: &str) {
        self.line(at, json!({"link": state}));
    }

    /// The process stood still for so many seconds before `at`.
    pub(crate) fn paused(&mut self, at: u64, seconds: u64) {
        self.line(at, json!({"paused_s": seconds}));
    }

    /// The broker tells whether anybody listens to a service's topic.
    pub(crate) fn subscribers(&mut self, at: u64, service: &str, any: bool) {
        self.line(at, json!({"subscribers": {"service": service, "any": any}}));
    }

    /// The platform tells of a service's replicas: running, ready, total, and a cause.
    pub(crate) fn replicas(
        &mut self,
        at: u64,
        service: &str,
        counts: [u32; 3],
        cause: Option<&str>,
    ) {
        let [running, ready, total] = counts;
        let mut replicas =
            json!({"service": service, "running": running, "ready": ready, "total": total});
        if let Some(cause) = cause {
            replicas["cause"] = cause.into();
        }
        self.line(at, json!({ "replicas": replicas }));
    }

    /// A probe reports on a component.
    pub(crate) fn component(
        &mut self,
        at: u64,
        name: &str,
        healthy: bool,
        definite: bool,
        sev: &str,
    ) {
        let component = json!({"name": name, "kind": "postgresql", "healthy": healthy,
            "definite": definite, "severity": sev, "message": "as the probe found it"});
        self.line(at, json!({ "component": component }));
    }

    /// A JSON-RPC request of session `s1`.
    pub(crate) fn call(&mut self, at: u64, service: &str, id: impl Into<Value>) {
        self.call_from(at, service, "s1", id);
    }

    /// A JSON-RPC request of any session.
    pub(crate) fn call_from(
        &mut self,
        at: u64,
        service: &str,
        session: &str,
        id: impl Into<Value>,
    ) {
        let id: Value = id.into();
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "get", "sessionId": session});
        self.message(at, &format!("service/{service}"), body.to_string());
    }

    /// A result for session `s1`.
    pub(crate) fn ok(&mut self, at: u64, id: impl Into<Value>) {
        self.ok_to(at, "s1", id);
    }

    /// A result for any session.
    pub(crate) fn ok_to(&mut self, at: u64, session: &str, id: impl Into<Value>) {
        let id: Value = id.into();
        let body = json!({"jsonrpc": "2.0", "id": id, "result": 1});
        self.message(at, &format!("session/{session}/response"), body.to_string());
    }

    /// An error for session `s1`.
    pub(crate) fn error(&mut self, at: u64, id: impl Into<Value>, code: i64) {
        let id: Value = id.into();
        let body = json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "no"}});
        self.message(at, "session/s1/response", body.to_string());
    }

    /// An id that no call of this file has had.
    pub(crate) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A call that gets a result after `latency`.
    pub(crate) fn answered(&mut self, at: u64, service: &str, latency: u64) {
        let id = self.id();
        self.call(at, service, id);
        self.ok(at + latency, id);
    }

    /// A call that gets an error soon.
    pub(crate) fn refused(&mut self, at: u64, service: &str, code: i64) {
        let id = self.id();
        self.call(at, service, id);
        self.error(at + QUICK, id, code);
    }

    /// A call that gets no reply.
    pub(crate) fn lost(&mut self, at: u64, service: &str) {
        let id = self.id();
        self.call(at, service, id);
    }

    /// A stretch in which each call is answered soon.
    pub(crate) fn healthy(&mut self, service: &str, range: Range<u64>, step: u64) {
        self.every(range, step, |tape, at| tape.answered(at, service, QUICK));
    }

    /// A stretch in which no call is answered.
    pub(crate) fn dead(&mut self, service: &str, range: Range<u64>, step: u64) {
        self.every(range, step, |tape, at| tape.lost(at, service));
    }

    /// A stretch in which each call is answered with an error.
    pub(crate) fn failing(&mut self, service: &str, range: Range<u64>, step: u64, code: i64) {
        self.every(range, step, |tape, at| tape.refused(at, service, code));
    }

    /// Something at every `step` of a stretch.
    pub(crate) fn every(
        &mut self,
        range: Range<u64>,
        step: u64,
        mut write: impl FnMut(&mut Self, u64),
    ) {
        let mut at = range.start;
        while at < range.end {
            write(self, at);
            at += step;
        }
    }
}

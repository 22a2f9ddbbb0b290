//! A stand-in for a member of a MongoDB replica set: no MongoDB runs here.
//!
//! It speaks OP_MSG over TCP or TLS, as MongoDB does since 3.6, with answers that were built from
//! the manual of `hello`, `replSetGetStatus` and `serverStatus`. It begins as the primary of a
//! healthy set of three; a test changes an answer, or sets one that no MongoDB would give.

#![allow(dead_code, unreachable_pub)]

use crate::scram::Login;
use ::mongodb::bson::spec::BinarySubtype;
use ::mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A document, to which `ok: 1` is added.
    Document(Document),
    /// A refusal with code, name and words.
    Refusal(i32, &'static str, String),
    /// A document, of which half is sent before the connection ends.
    Half(Document),
    /// These bytes, and the end of the connection.
    Bytes(Vec<u8>),
    /// A document after a while.
    Late(Document, Duration),
    /// None; the connection stays open.
    Silence,
}

struct Table {
    answers: BTreeMap<String, Answer>,
    /// Who may ask for more than `hello` and `ping`, with password and database.
    user: Option<(String, String, String)>,
    /// The commands that were asked for.
    asked: Vec<String>,
    /// What clients said of themselves.
    clients: Vec<Document>,
    /// The connections, to end them with the server.
    open: Vec<TcpStream>,
}

/// A running stand-in; it ends with the value.
pub struct Mongod {
    pub port: u16,
    table: Arc<Mutex<Table>>,
    over: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

/// Moments in milliseconds around which the answers are built.
pub const NOW: i64 = 1_795_000_000_000;

impl Mongod {
    /// A primary at a port of its own.
    pub fn start() -> Self {
        Self::start_at(0, None)
    }

    /// The same with TLS, by files with a certificate and its key.
    pub fn start_encrypted(certificate: &str, key: &str) -> Self {
        let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self::start_at(0, Some(Arc::new(config)))
    }

    /// A primary at a port.
    pub fn start_at(port: u16, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let table = Table {
            answers: healthy(),
            user: None,
            asked: Vec::new(),
            clients: Vec::new(),
            open: Vec::new(),
        };
        let table = Arc::new(Mutex::new(table));
        let over = Arc::new(AtomicBool::new(false));
        let (own, stop) = (Arc::clone(&table), Arc::clone(&over));
        let serving = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                own.lock().unwrap().open.push(stream.try_clone().unwrap());
                let (table, tls) = (Arc::clone(&own), tls.clone());
                std::thread::spawn(move || {
                    let socket = stream.try_clone().unwrap();
                    match tls {
                        None => Session { stream, table, login: None, known: false }.serve(),
                        Some(config) => {
                            let connection = rustls::ServerConnection::new(config).unwrap();
                            let stream = rustls::StreamOwned::new(connection, stream);
                            Session { stream, table, login: None, known: false }.serve();
                        }
                    }
                    // The table holds it as well, so that it does not end by itself.
                    let _ = socket.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port, table, over, serving: Some(serving) }
    }

    /// Answers a command so from now on.
    pub fn set(&self, command: &str, answer: Answer) {
        self.table.lock().unwrap().answers.insert(command.to_owned(), answer);
    }

    /// Changes an answer.
    pub fn edit(&self, command: &str, edit: impl FnOnce(&mut Document)) {
        match self.table.lock().unwrap().answers.get_mut(command) {
            Some(Answer::Document(document)) => edit(document),
            other => panic!("{command} has no document but {other:?}"),
        }
    }

    /// Makes a server that belongs to no set.
    pub fn alone(&self) {
        self.edit("hello", |hello| {
            for name in ["setName", "hosts", "primary", "me"] {
                hello.remove(name);
            }
        });
        let words = "not running with --replSet".to_owned();
        self.set("replSetGetStatus", Answer::Refusal(76, "NoReplicationEnabled", words));
    }

    /// Lets only this user of a database see how it is.
    pub fn let_in(&self, user: &str, password: &str, database: &str) {
        let user = (user.to_owned(), password.to_owned(), database.to_owned());
        self.table.lock().unwrap().user = Some(user);
    }

    /// How often a command was asked for.
    pub fn count(&self, command: &str) -> usize {
        self.table.lock().unwrap().asked.iter().filter(|asked| *asked == command).count()
    }

    /// What clients said of themselves.
    pub fn clients(&self) -> Vec<Document> {
        self.table.lock().unwrap().clients.clone()
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.serving.take().map(JoinHandle::join);
        for stream in self.table.lock().unwrap().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A member of the set.
pub fn member(id: i32, state: i32, word: &str) -> Document {
    doc! {
        "_id": id,
        "name": format!("db{id}:27017"),
        "health": 1.0,
        "state": state,
        "stateStr": word,
        "uptime": 86_400,
        "optime": { "ts": Bson::Timestamp(mongodb::bson::Timestamp { time: 1_795_000_000, increment: 1 }), "t": 7_i64 },
        "optimeDate": DateTime::from_millis(NOW - i64::from(id) * 1_000),
        "lastHeartbeat": DateTime::from_millis(NOW),
        "pingMs": 0_i64,
        "lastHeartbeatMessage": "",
        "configVersion": 3,
        "configTerm": 7,
    }
}

fn healthy() -> BTreeMap<String, Answer> {
    let hosts = ["db0:27017", "db1:27017", "db2:27017"].map(Bson::from).to_vec();
    let hello = doc! {
        "helloOk": true,
        "isWritablePrimary": true,
        "ismaster": true,
        "secondary": false,
        "setName": "rs0",
        "setVersion": 3,
        "hosts": hosts,
        "primary": "db0:27017",
        "me": "db0:27017",
        "lastWrite": { "lastWriteDate": DateTime::from_millis(NOW), "majorityWriteDate": DateTime::from_millis(NOW) },
        "maxBsonObjectSize": 16_777_216,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "localTime": DateTime::from_millis(NOW),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": 42,
        "minWireVersion": 0,
        "maxWireVersion": 21,
        "readOnly": false,
    };
    let members = [member(0, 1, "PRIMARY"), member(1, 2, "SECONDARY"), member(2, 2, "SECONDARY")];
    let status = doc! {
        "set": "rs0",
        "date": DateTime::from_millis(NOW),
        "myState": 1,
        "term": 7_i64,
        "heartbeatIntervalMillis": 2_000_i64,
        "majorityVoteCount": 2,
        "writeMajorityCount": 2,
        "votingMembersCount": 3,
        "members": members.map(Bson::Document).to_vec(),
    };
    let server = doc! {
        "host": "db0",
        "version": "7.0.14",
        "process": "mongod",
        "uptime": 86_400.0,
        "connections": { "current": 12, "available": 838_848, "totalCreated": 4_711, "active": 3 },
    };
    let all = [
        ("hello", hello),
        ("ping", doc! {}),
        ("replSetGetStatus", status),
        ("serverStatus", server),
    ];
    all.map(|(name, document)| (name.to_owned(), Answer::Document(document))).into()
}

/// A connection.
struct Session<S> {
    stream: S,
    table: Arc<Mutex<Table>>,
    login: Option<Login>,
    /// Whether somebody has logged in.
    known: bool,
}

impl<S: Read + Write> Session<S> {
    /// Answers until one of both ends it.
    fn serve(mut self) {
        while let Some((id, command)) = self.read() {
            let name = command.keys().next().cloned().unwrap_or_default();
            let answer = self.answer(&name, &command);
            if self.write(id, answer).is_none() {
                break;
            }
        }
    }

    /// A message: its number and its document.
    fn read(&mut self) -> Option<(i32, Document)> {
        let mut head = [0; 16];
        self.stream.read_exact(&mut head).ok()?;
        let word = |at: usize| i32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        assert_eq!(word(12), 2013, "clients send OP_MSG alone");
        let mut body = vec![0; word(0) as usize - 16];
        self.stream.read_exact(&mut body).ok()?;
        // Four bytes of flags, and a section of kind 0.
        assert_eq!(body[4], 0);
        Some((word(4), Document::from_reader(&body[5..]).unwrap()))
    }

    fn answer(&mut self, name: &str, command: &Document) -> Answer {
        let mut table = self.table.lock().unwrap();
        table.asked.push(name.to_owned());
        if let Ok(client) = command.get_document("client") {
            table.clients.push(client.clone());
        }
        let user = table.user.clone();
        let open = matches!(name, "isMaster" | "ismaster" | "hello" | "ping" | "endSessions");
        let answer = match name {
            "isMaster" | "ismaster" => table.answers.get("hello").cloned(),
            "endSessions" => Some(Answer::Document(doc! {})),
            name => table.answers.get(name).cloned(),
        };
        drop(table);
        match (name, user) {
            ("saslStart" | "saslContinue", Some(user)) => self.log_in(name, command, &user),
            (_, Some(_)) if !open && !self.known => {
                let words = format!("Command {name} requires authentication");
                Answer::Refusal(13, "Unauthorized", words)
            }
            _ => match answer {
                Some(Answer::Document(mut document)) => {
                    if command.contains_key("saslSupportedMechs") {
                        document.insert("saslSupportedMechs", vec![Bson::from("SCRAM-SHA-256")]);
                    }
                    Answer::Document(document)
                }
                Some(answer) => answer,
                None => {
                    Answer::Refusal(59, "CommandNotFound", format!("no such command: '{name}'"))
                }
            },
        }
    }

    fn log_in(
        &mut self,
        name: &str,
        command: &Document,
        user: &(String, String, String),
    ) -> Answer {
        let refused =
            || Answer::Refusal(18, "AuthenticationFailed", "Authentication failed.".to_owned());
        let payload =
            String::from_utf8(command.get_binary_generic("payload").unwrap().clone()).unwrap();
        let (next, done) = if name == "saslStart" {
            self.login = Login::begin(&payload);
            let database = command.get_str("$db").unwrap_or_default();
            let login = self.login.as_ref().filter(|it| it.user() == user.0 && database == user.2);
            (login.map(|login| login.challenge().to_owned()), false)
        } else {
            (self.login.take().and_then(|login| login.end(&payload, &user.1)), true)
        };
        let Some(next) = next else { return refused() };
        self.known = done;
        let payload = Binary { subtype: BinarySubtype::Generic, bytes: next.into_bytes() };
        Answer::Document(doc! {"conversationId": 1, "done": done, "payload": payload})
    }

    /// Writes an answer; `None` if the connection is over.
    fn write(&mut self, to: i32, answer: Answer) -> Option<()> {
        let document = match answer {
            Answer::Document(document) => document,
            Answer::Refusal(code, name, words) => {
                let refusal = doc! {"ok": 0.0, "errmsg": words, "code": code, "codeName": name};
                return self.stream.write_all(&message(to, &refusal)).ok();
            }
            Answer::Half(document) => {
                let bytes = message(to, &with_ok(document));
                let _ = self.stream.write_all(&bytes[..bytes.len() / 2]);
                let _ = self.stream.flush();
                return None;
            }
            Answer::Bytes(bytes) => {
                let _ = self.stream.write_all(&bytes);
                let _ = self.stream.flush();
                return None;
            }
            Answer::Late(document, after) => {
                // Nobody sends: this is how long it takes to answer.
                let (_held, never) = mpsc::channel::<()>();
                let _ = never.recv_timeout(after);
                document
            }
            Answer::Silence => {
                let _ = self.stream.read(&mut [0]);
                return None;
            }
        };
        self.stream.write_all(&message(to, &with_ok(document))).ok()?;
        self.stream.flush().ok()
    }
}

fn with_ok(mut document: Document) -> Document {
    document.insert("ok", 1.0);
    document
}

/// An OP_MSG that answers another.
fn message(to: i32, document: &Document) -> Vec<u8> {
    let body = document.to_vec().unwrap();
    let length = i32::try_from(16 + 4 + 1 + body.len()).unwrap();
    let head = [length, 1, to, 2013, 0];
    let mut bytes: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.push(0);
    bytes.extend(body);
    bytes
}

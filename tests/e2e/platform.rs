//! The platform that lookout observes: services that answer, callers that call.
//!
//! Every service owes a few answers at any moment: it answers the oldest call when a new one
//! arrives. Callers call whether or not a service answers; they rest only while a connection
//! that should be there is not, as nobody could be blamed for a call that nobody hears.

use crate::line::{Line, Message, Post, Trouble, Version, soon};
use lookout::client::{LinkState, Options, Platform as Client};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// The pace of a caller: every service once.
const PACE: Duration = Duration::from_millis(100);

/// The pace of the flood.
const FLOOD: Duration = Duration::from_millis(25);

/// Under this name the calls of the flood are counted.
pub const FLOODED: &str = "(flood)";

/// The methods of a service.
pub fn methods(service: &str) -> [&'static str; 2] {
    match service {
        "UserManagement" => ["createUser", "getUser"],
        "OrderService" => ["listOrders", "placeOrder"],
        "Billing" => ["charge", "refund"],
        "Catalogue" => ["describe", "search"],
        "Inventory" => ["release", "reserve"],
        other => panic!("no service {other}"),
    }
}

/// How a caller makes its calls known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The client library of this package, over MQTT 5.
    Client,
    /// Response Topic and Correlation Data, over MQTT 5.
    Properties,
    /// `replyTo` in the body.
    ReplyTo,
    /// `sessionId` in the body, from which the reply topic follows.
    Session,
}

/// Calls and answers as the callers saw them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub calls: u64,
    pub answers: u64,
}

#[derive(Clone)]
struct Tally(Arc<watch::Sender<BTreeMap<&'static str, Count>>>);

impl Tally {
    fn add(&self, service: &'static str, change: impl FnOnce(&mut Count)) {
        self.0.send_modify(|counts| change(counts.entry(service).or_default()));
    }

    fn called(&self, service: &'static str) {
        self.add(service, |count| count.calls += 1);
    }

    fn answered(&self, service: &'static str) {
        self.add(service, |count| count.answers += 1);
    }
}

/// Services and callers at a broker; all of it ends with the value.
pub struct Platform {
    broker: (Version, u16),
    trouble: Trouble,
    tally: Tally,
    services: BTreeMap<&'static str, Line>,
    /// Answers that each of them owes.
    owed: usize,
    callers: JoinSet<()>,
}

impl Platform {
    /// Starts the services, which owe so many answers, and a caller of each form.
    pub async fn start(
        broker: (Version, u16),
        (names, owed): (&[&'static str], usize),
        forms: &[Form],
    ) -> Self {
        let tally = Tally(Arc::new(watch::Sender::new(BTreeMap::new())));
        let mut platform = Self {
            broker,
            trouble: Trouble::default(),
            tally,
            services: BTreeMap::new(),
            owed,
            callers: JoinSet::new(),
        };
        for name in names {
            platform.restart(name);
        }
        for line in platform.services.values() {
            line.ready().await;
        }
        for (form, session) in forms.iter().zip(["s-1", "s-2"]) {
            platform.call(session, *form, names, PACE, true);
        }
        platform
    }

    /// Kills a service: it is gone without a goodbye, with the answers that it owes.
    pub fn kill(&mut self, service: &str) {
        assert!(self.services.remove(service).is_some(), "{service} does not run");
    }

    /// Starts a service, or another one in its place; callers rest until it hears calls.
    pub fn restart(&mut self, service: &'static str) {
        let (mut owed, most) = (VecDeque::new(), self.owed);
        let id = format!("service-{service}");
        let filter = format!("service/{service}");
        let line = Line::open(self.broker, &id, &filter, &self.trouble, move |post, call| {
            owed.push_back(answer(service, &call));
            if owed.len() > most
                && let Some(answer) = owed.pop_front()
            {
                post.send(answer);
            }
        });
        self.services.insert(service, line);
    }

    /// Floods a service with calls that it rejects, until the end.
    pub fn flood(&mut self, service: &'static str) {
        self.call("s-flood", Form::ReplyTo, &[service], FLOOD, false);
    }

    /// What the callers saw of a service.
    pub fn count(&self, service: &str) -> Count {
        self.tally.0.borrow().get(service).copied().unwrap_or_default()
    }

    /// Waits until the callers saw at least so many answers of a service.
    pub async fn answers(&self, service: &str, answers: u64) {
        self.wait(service, "answers", |count| count.answers >= answers).await;
    }

    /// Waits until the callers have called a service so often.
    pub async fn calls(&self, service: &str, calls: u64) {
        self.wait(service, "calls", |count| count.calls >= calls).await;
    }

    async fn wait(&self, service: &str, what: &str, wanted: impl Fn(&Count) -> bool) {
        let mut counts = self.tally.0.subscribe();
        let enough = counts.wait_for(|counts| counts.get(service).is_some_and(&wanted));
        soon(&format!("{what} of {service}"), enough).await.expect("callers");
    }

    fn call(
        &mut self,
        session: &'static str,
        form: Form,
        services: &[&'static str],
        pace: Duration,
        valid: bool,
    ) {
        let services = services.to_vec();
        let (broker, trouble, tally) = (self.broker, self.trouble.clone(), self.tally.clone());
        if form == Form::Client {
            let mut options = Options::new("127.0.0.1", broker.1, session);
            // Whoever holds back calls changes what there is to hear.
            (options.listen, options.fail_fast) = (false, false);
            let client = Client::connect(options).unwrap();
            self.callers.spawn(call_by_client(client, services, trouble, tally));
        } else {
            let caller = Caller { session, form, services, valid, open: Arc::default(), tally };
            self.callers.spawn(caller.call(broker, trouble, paced(pace)));
        }
    }
}

/// A caller's rhythm; what was missed is not made up for.
fn paced(pace: Duration) -> Interval {
    let mut paced = interval(pace);
    paced.set_missed_tick_behavior(MissedTickBehavior::Delay);
    paced
}

/// What a service answers to a call, and where.
fn answer(service: &str, call: &Message) -> Message {
    let body: Value = serde_json::from_slice(&call.payload).expect("a call in JSON");
    let method = body["method"].as_str().expect("a method");
    assert!(methods(service).contains(&method), "{service} has no {method}");
    let topic = match (&call.response_topic, body["replyTo"].as_str()) {
        (Some(topic), _) => topic.clone(),
        (None, Some(topic)) => topic.to_owned(),
        (None, None) => format!("session/{}/response", body["sessionId"].as_str().unwrap()),
    };
    let mut answer = json!({ "jsonrpc": "2.0", "id": body["id"] });
    if body["params"]["item"].is_null() {
        answer["error"] = json!({ "code": -32001, "message": "Validation Error",
            "data": { "errorType": "ValidationError", "details": { "field": "item" } } });
    } else {
        answer["result"] = json!({ "success": true });
    }
    let payload = answer.to_string().into();
    Message { topic, payload, correlation: call.correlation.clone(), ..Message::default() }
}

/// Calls through the client library.
async fn call_by_client(
    client: Client,
    services: Vec<&'static str>,
    trouble: Trouble,
    tally: Tally,
) {
    let mut open = JoinSet::new();
    let mut pace = paced(PACE);
    for number in 0_usize.. {
        pace.tick().await;
        while open.try_join_next().is_some() {}
        if !trouble.is_over() || client.link() != LinkState::Up {
            continue;
        }
        for service in &services {
            let (client, tally, service) = (client.clone(), tally.clone(), *service);
            open.spawn(async move {
                tally.called(service);
                let params = json!({ "item": number });
                let method = methods(service)[number % 2];
                if client.call::<Value>(service, method, &params).await.is_ok() {
                    tally.answered(service);
                }
            });
        }
    }
}

/// Calls with the hands of the test.
struct Caller {
    session: &'static str,
    form: Form,
    services: Vec<&'static str>,
    valid: bool,
    /// The service of each open call, by its id.
    open: Arc<Mutex<BTreeMap<u64, &'static str>>>,
    tally: Tally,
}

impl Caller {
    async fn call(self, broker: (Version, u16), trouble: Trouble, mut pace: Interval) {
        let (open, tally, valid) = (Arc::clone(&self.open), self.tally.clone(), self.valid);
        let hear = move |_: &Post, message: Message| {
            let body: Value = serde_json::from_slice(&message.payload).expect("JSON");
            assert_eq!(body["result"].is_object(), valid, "{body}");
            let id = body["id"].as_u64().expect("the id of a call");
            if let Some(service) = open.lock().unwrap().remove(&id) {
                tally.answered(service);
            }
        };
        let answers = format!("session/{}/response", self.session);
        let line = Line::open(broker, self.session, &answers, &trouble, hear);
        let mut id = 0;
        loop {
            pace.tick().await;
            if !trouble.is_over() {
                continue;
            }
            for service in &self.services {
                // Small numbers, and the same ones in every session.
                id += 1;
                let counted = if self.valid { service } else { FLOODED };
                self.open.lock().unwrap().insert(id, counted);
                assert!(line.post().send(self.request(service, id)), "room for a call");
                self.tally.called(counted);
            }
        }
    }

    fn request(&self, service: &str, id: u64) -> Message {
        let round = id as usize / self.services.len();
        let item = self.valid.then_some(id);
        let mut body = json!({ "jsonrpc": "2.0", "id": id,
            "method": methods(service)[round % 2], "params": { "item": item } });
        let back = format!("session/{}/response", self.session);
        let mut call = Message { topic: format!("service/{service}"), ..Message::default() };
        match self.form {
            Form::Properties => {
                call.response_topic = Some(back);
                call.correlation = Some(id.to_be_bytes().to_vec().into());
            }
            Form::ReplyTo => body["replyTo"] = back.into(),
            Form::Session => body["sessionId"] = self.session.into(),
            Form::Client => unreachable!("it has a client of its own"),
        }
        call.payload = body.to_string().into();
        call
    }
}

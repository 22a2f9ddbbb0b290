//! The service helper: what its methods return reaches callers as what it is, and what cannot be
//! carried out is said in the standard codes.

use crate::advice::until;
use crate::cable::Cable;
use crate::kit::{VERSIONS, options, platform};
use crate::line::{Line, Message, Trouble, Version, soon};
use crate::mosquitto::Mosquitto;
use lookout::client::{Call, CallError, Endpoint, FieldError, Refusal, Resource, Service};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

#[derive(Deserialize)]
struct Charge {
    amount: u32,
}

/// A service with a method for each way in which a call can end.
fn billing() -> lookout::client::ServiceBuilder {
    let field = FieldError {
        field: "amount".to_owned(),
        message: "too much".to_owned(),
        ..FieldError::default()
    };
    let user = Resource { kind: "User".to_owned(), id: "u-7".to_owned() };
    let fails = [
        ("validation", Refusal::validation([field])),
        ("rule", Refusal::business_rule("quota", "enough for today").conflicting(&user)),
        ("forbidden", Refusal::unauthorized("not you")),
        ("missing", Refusal::not_found("no invoice 7")),
        ("conflict", Refusal::conflict("paid already").conflicting(&user)),
        ("slow_down", Refusal::rate_limited(Duration::from_secs(60))),
        ("closed", Refusal::unavailable("night", Duration::from_secs(60))),
        ("broken", Refusal::internal("disk full")),
        ("own", Refusal::other(42, "own").details(json!({"a": 1}))),
    ];
    let service = Service::builder("Billing")
        .time_limit(Duration::from_millis(300))
        .method("charge", |_, charge: Charge| async move { Ok(charge.amount) })
        .method("who", |call: Call, _: Value| async move {
            Ok(json!([
                call.method,
                call.correlation_id,
                call.session_id,
                call.user_id,
                call.traceparent
            ]))
        })
        .method("panic", |_, ()| async { if true { panic!("of the test") } else { Ok(()) } })
        .method("panic_at_once", |_, ()| {
            if true {
                panic!("of the test")
            }
            std::future::ready(Ok(()))
        })
        .method("hang", |_, ()| std::future::pending::<Result<(), Refusal>>());
    fails.into_iter().fold(service, |service, (name, refusal)| {
        service.method(name, move |_, _: Value| std::future::ready(Err::<(), _>(refusal.clone())))
    })
}

#[tokio::test]
async fn what_a_method_returns_reaches_its_caller_as_what_it_is() {
    let mosquitto = Mosquitto::start();
    for version in VERSIONS {
        let broker = (version, mosquitto.port());
        let service = billing().serve(&options(broker, "service-billing").endpoint).unwrap();
        soon("service", service.ready()).await.unwrap();
        let client = platform(options(broker, "s-1")).await;
        let amount: u32 = client.call("Billing", "charge", &json!({"amount": 7})).await.unwrap();
        assert_eq!(amount, 7);
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let request = client.request("Billing", "who").user("u-1").correlation_id("c-1");
        let told: Value = request.traceparent(trace).send().await.unwrap().value;
        assert_eq!(told, json!(["who", "c-1", "s-1", "u-1", trace]));

        for (method, expected) in [
            ("validation", "not valid: Validation Error (-32001); amount: too much"),
            ("rule", "against the rule quota: Business Logic Error (-32002)"),
            ("forbidden", "not allowed: not you (-32003)"),
            ("missing", "not found: no invoice 7 (-32004)"),
            ("conflict", "conflict with User u-7: paid already (-32005)"),
            ("slow_down", "too many calls: Rate Limit Exceeded (-32006)"),
            ("closed", "service unavailable: Billing (night), try again in"),
            ("broken", "service failed: disk full (-32603)"),
            ("own", "request rejected: own (42)"),
            ("fly", "request rejected: Method not found (-32601)"),
            (
                "charge",
                "request rejected: Invalid params: invalid type: string \"x\", expected struct Charge",
            ),
            ("panic", "service failed: the method crashed (-32603)"),
            ("panic_at_once", "service failed: the method crashed (-32603)"),
            ("hang", "the service ran out of time: not done within 0.3 s (-32007)"),
        ] {
            let params = if method.starts_with("panic") || method == "hang" {
                json!(null)
            } else {
                json!("x")
            };
            let error = client.call::<Value>("Billing", method, &params).await.unwrap_err();
            assert!(error.to_string().starts_with(expected), "{method}: {error}");
            if method == "closed" || method == "slow_down" {
                let after = error.retry_after().unwrap().as_secs();
                assert!((50..=60).contains(&after), "{after}");
            }
        }
        // None of it was the end of the service.
        let amount: u32 = client.call("Billing", "charge", &json!({"amount": 8})).await.unwrap();
        assert_eq!(amount, 8);
        service.close().await;
    }
}

/// Somebody who calls by hand, and hears what comes back.
struct Caller(Line, mpsc::UnboundedReceiver<Message>);

impl Caller {
    async fn start(broker: (Version, u16)) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let hook = move |_: &_, message| drop(tell.send(message));
        let line = Line::open(broker, "caller", "answers/#", &Trouble::default(), hook);
        line.ready().await;
        Self(line, heard)
    }

    fn send(&self, payload: &str, response_topic: Option<&str>, correlation: Option<&'static str>) {
        let response_topic = response_topic.map(str::to_owned);
        let correlation = correlation.map(Into::into);
        let (topic, payload) = ("service/Billing".to_owned(), payload.to_owned().into());
        assert!(self.0.post().send(Message {
            topic,
            payload,
            response_topic,
            correlation,
            ..Message::default()
        }));
    }

    async fn hear(&mut self) -> (Message, Value) {
        let message = soon("answer", self.1.recv()).await.unwrap();
        let value = serde_json::from_slice(&message.payload).unwrap();
        (message, value)
    }
}

#[tokio::test]
async fn calls_in_every_form_are_answered_in_theirs() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let service = billing().serve(&options(broker, "service-billing").endpoint).unwrap();
    soon("service", service.ready()).await.unwrap();
    let mut caller = Caller::start(broker).await;
    let code = |answer: &Value| answer["error"]["code"].as_i64();

    // A batch is answered at once and in order; what is one-way in it is not.
    let batch = r#"[{"jsonrpc":"2.0","id":"a","method":"charge","params":{"amount":1},"replyTo":"answers/1"},
        {"jsonrpc":"2.0","method":"charge","params":{"amount":2}}, 7, {"id":-3,"method":"fly"}]"#;
    caller.send(batch, None, None);
    let (message, answers) = caller.hear().await;
    assert_eq!(message.topic, "answers/1");
    assert_eq!(answers[0], json!({"jsonrpc": "2.0", "id": "a", "result": 1}));
    assert_eq!((code(&answers[1]), &answers[1]["id"]), (Some(-32600), &Value::Null));
    assert_eq!((code(&answers[2]), &answers[2]["id"]), (Some(-32601), &json!(-3)));
    assert_eq!(answers.as_array().unwrap().len(), 3);

    // What nobody can understand is answered where MQTT says so.
    for (payload, expected) in [
        ("{", -32700),
        ("[]", -32600),
        ("7", -32600),
        (r#"{"jsonrpc":"1","id":1,"method":"charge"}"#, -32600),
    ] {
        caller.send(payload, Some("answers/2"), Some("key"));
        let (message, answer) = caller.hear().await;
        assert_eq!(
            (code(&answer), message.correlation.as_deref()),
            (Some(expected), Some(&b"key"[..])),
            "{payload}"
        );
    }

    // Neither one-way calls nor those whose reply topic is unknown or cannot be are answered.
    for payload in [
        r#"{"jsonrpc":"2.0","method":"charge","params":{"amount":3},"replyTo":"answers/3"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"charge","params":{"amount":3}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"charge","params":{"amount":3},"replyTo":"answers/#"}"#,
        r#"[{"method":"charge","params":{"amount":3},"replyTo":"answers/3"}]"#,
        "{",
    ] {
        caller.send(payload, None, None);
    }
    // In a batch, Correlation Data cannot say which call it is about.
    caller.send(r#"[{"method":"charge","params":{"amount":3}}]"#, Some("answers/3"), Some("k"));
    // A call without an id, known by its Correlation Data; and one in the other form.
    caller.send(r#"{"method":"charge","params":{"amount":4}}"#, Some("answers/4"), Some("k"));
    let (message, answer) = caller.hear().await;
    assert_eq!((&*message.topic, &answer["result"]), ("answers/4", &json!(4)));
    caller.send(
        r#"{"ServiceName":"Billing","MethodName":"charge","Parameters":{"amount":5},"MessageId":"m","ReplyTo":"answers/5"}"#,
        None,
        None,
    );
    let (_, answer) = caller.hear().await;
    assert_eq!(answer, json!({"jsonrpc": "2.0", "id": "m", "result": 5}));
    service.close().await;
}

#[tokio::test]
async fn what_is_too_much_is_turned_away_and_what_is_under_way_ends() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, door) = (Arc::clone(&begun), Arc::clone(&go));
    let service = Service::builder("Slow").most(1).method("work", move |_, ()| {
        let (inside, door) = (Arc::clone(&inside), Arc::clone(&door));
        async move {
            inside.notify_one();
            door.notified().await;
            Ok("done")
        }
    });
    let service = service.serve(&options(broker, "service-slow").endpoint).unwrap();
    soon("service", service.ready()).await.unwrap();
    let client = platform(options(broker, "s-1")).await;
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.call::<String>("Slow", "work", &()).await }
    });
    soon("call", begun.notified()).await;
    match client.call::<String>("Slow", "work", &()).await {
        Err(CallError::Unavailable(away)) => assert_eq!(away.reason, "overloaded"),
        other => panic!("{other:?}"),
    }
    // It closes only when what is under way is done.
    let closing = tokio::spawn(service.close());
    go.notify_one();
    assert_eq!(first.await.unwrap().unwrap(), "done");
    soon("end", closing).await.unwrap();
}

#[tokio::test]
async fn replicas_of_a_group_share_the_calls() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let replica = |number: u32| {
        let endpoint = Endpoint::new("127.0.0.1", broker.1, format!("replica-{number}"));
        let service = Service::builder("Shared").group("shared");
        service.method("who", move |_, ()| async move { Ok(number) }).serve(&endpoint).unwrap()
    };
    let replicas = [replica(1), replica(2)];
    for replica in &replicas {
        soon("replica", replica.ready()).await.unwrap();
    }
    let client = platform(options(broker, "s-1")).await;
    let mut answered = [0; 3];
    for _ in 0..20 {
        answered[client.call::<usize>("Shared", "who", &()).await.unwrap()] += 1;
    }
    assert_eq!(client.strays(), 0, "each call is answered once");
    assert!(answered[1] > 0 && answered[2] > 0, "{answered:?}");
}

#[tokio::test]
async fn one_way_calls_are_carried_out_and_those_that_the_broker_kept_are_not() {
    let mosquitto = Mosquitto::start();
    for version in VERSIONS {
        let broker = (version, mosquitto.port());
        let mut caller = Caller::start(broker).await;
        let line = caller.0.post().clone();
        let post = |payload: &str, retain| {
            let (topic, payload) = ("service/Notes".to_owned(), payload.to_owned().into());
            let message = Message { topic, payload, retain, ..Message::default() };
            assert!(line.send(message));
        };
        // An old call: whoever made it is long gone, and it may be of last year.
        post(r#"{"jsonrpc":"2.0","id":1,"method":"note","params":0,"replyTo":"answers/1"}"#, true);
        let (tell, mut noted) = mpsc::unbounded_channel();
        let service = Service::builder("Notes").method("note", move |_, number: u32| {
            std::future::ready(tell.send(number).map_err(|_| Refusal::internal("nobody")))
        });
        let service = service.serve(&options(broker, "service-notes").endpoint).unwrap();
        soon("service", service.ready()).await.unwrap();
        for payload in [
            r#"{"jsonrpc":"2.0","method":"note","params":1}"#,
            r#"{"jsonrpc":"2.0","method":"note","params":2,"replyTo":"answers/2"}"#,
            r#"[{"jsonrpc":"2.0","method":"note","params":3},{"method":"note","params":4}]"#,
        ] {
            post(payload, false);
        }
        for expected in 1..=4 {
            assert_eq!(soon("call", noted.recv()).await, Some(expected));
        }
        // It ends when all is done; what follows is heard after whatever it answered.
        service.close().await;
        let (topic, payload) = ("answers/end".to_owned(), "7".into());
        assert!(caller.0.post().send(Message { topic, payload, ..Message::default() }));
        assert_eq!(caller.hear().await.0.topic, "answers/end", "nobody asked for an answer");
        post("", true);
    }
}

#[tokio::test]
async fn an_answer_outlives_the_break_of_the_services_link() {
    let mosquitto = Mosquitto::start();
    for version in VERSIONS {
        let broker = (version, mosquitto.port());
        let cable = Cable::to(broker.1).await;
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (inside, door) = (Arc::clone(&begun), Arc::clone(&go));
        let service = Service::builder("Slow").method("work", move |_, ()| {
            let (inside, door) = (Arc::clone(&inside), Arc::clone(&door));
            async move {
                inside.notify_one();
                door.notified().await;
                inside.notify_one();
                Ok("done")
            }
        });
        let service =
            service.serve(&options((version, cable.port()), "service-slow").endpoint).unwrap();
        soon("service", service.ready()).await.unwrap();
        let client = platform(options(broker, "s-1")).await;
        let answer = async {
            soon("call", begun.notified()).await;
            cable.cut();
            until("a break", || service.problem().is_some()).await;
            go.notify_one();
            soon("its end", begun.notified()).await;
            cable.mend();
        };
        let (answer, ()) = tokio::join!(client.call::<String>("Slow", "work", &()), answer);
        assert_eq!(answer.unwrap(), "done");
    }
}

//! The demo: its parts against each other, a short round with a stand-in for lookout, and the
//! real program from end to end, at its own broker and at another.
#![cfg(feature = "demo")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "demo/elsewhere.rs"]
mod elsewhere;
#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;

use lookout::client::{CallError, Endpoint, Filters, Heard, Link, Options, Platform};
use lookout::demo::broker::Broker;
use lookout::demo::cast::CAST;
use lookout::demo::play::{Rounds, play};
use lookout::demo::random::Random;
use lookout::demo::relay::Relay;
use lookout::demo::script::{Expected, Fault, Scene, Script};
use lookout::demo::service::Service;
use lookout::demo::show::{Show, Style};
use lookout::demo::stage::Stage;
use lookout::observer::Span;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Longer than anything here takes; only a hang gets there.
const DEADLINE: Duration = Duration::from_secs(60);

/// Runs a test on a runtime of its own and ends it if it hangs.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(DEADLINE, test).await.expect("hangs") });
}

/// A server that sends back what it gets.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

#[test]
fn the_relay_passes_bytes_until_it_is_cut() {
    run(async {
        let relay = Relay::start(echo().await).await.unwrap();
        let mut buffer = [0; 4];
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        stream.write_all(b"ping").await.unwrap();
        stream.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"ping");

        relay.cut();
        assert!(matches!(stream.read(&mut buffer).await, Ok(0) | Err(_)));
        let mut refused = TcpStream::connect(relay.address()).await.unwrap();
        assert!(matches!(refused.read(&mut buffer).await, Ok(0) | Err(_)));

        relay.mend();
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        stream.write_all(b"pong").await.unwrap();
        stream.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"pong");
    });
}

fn client(broker: SocketAddr, session: &str, deadline: Duration) -> Platform {
    let mut options = Options::new(broker.ip().to_string(), broker.port(), session);
    options.deadline = deadline;
    Platform::connect(options).unwrap()
}

#[test]
fn a_service_answers_rejects_dies_and_returns() {
    run(async {
        let broker = Broker::start(0).await.unwrap();
        let (role, method) = (CAST[0], CAST[0].methods[0]);
        let mut service = Service::start(role, broker.address(), Random::new(1));
        service.ready().await.unwrap();
        let client = self::client(broker.address(), "s-1", DEADLINE);
        let hasty = self::client(broker.address(), "s-2", Duration::from_millis(800));
        hasty.ready().await.unwrap();

        let mut answered = 0;
        for _ in 0..20 {
            match client.call::<Value>(role.name, method, &json!({"item": "i-1"})).await {
                Ok(_) => answered += 1,
                // One call in fifty breaks the business rule.
                Err(CallError::BusinessRule { rule, .. }) => {
                    assert_eq!(rule.as_deref(), Some("quota"));
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(answered >= 15, "{answered}");
        let invalid = client.call::<Value>(role.name, method, &json!({"item": null})).await;
        assert!(
            matches!(&invalid, Err(CallError::Validation { fields, .. }) if fields[0].field == "item"),
            "{invalid:?}"
        );
        let unknown = client.call::<Value>(role.name, "fly", &json!({})).await;
        assert!(matches!(&unknown, Err(CallError::Rejected(f)) if f.code == Some(-32601)));

        // A slow reply takes longer than the hasty caller waits, a dead service for ever.
        service.set_slow(true);
        let slow = hasty.call::<Value>(role.name, method, &json!({})).await;
        assert!(matches!(slow, Err(CallError::Timeout(_))), "{slow:?}");
        service.kill();
        let dead = hasty.call::<Value>(role.name, method, &json!({})).await;
        assert!(matches!(dead, Err(CallError::Timeout(_))), "{dead:?}");
        service.set_slow(false);
        service.restart();
        service.ready().await.unwrap();
        let back = client.call::<Value>(role.name, method, &json!({"item": null})).await;
        assert!(matches!(back, Err(CallError::Validation { .. })), "{back:?}");
    });
}

/// An output that can be read.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Stands in for lookout: appears, and blames a service each time it lost its link.
async fn stand_in(door: SocketAddr) {
    let endpoint = Endpoint::new(door.ip().to_string(), door.port(), "stand-in");
    let (tell, mut lost) = tokio::sync::mpsc::unbounded_channel();
    let hook = move |_: &_, heard| {
        if let Heard::Lost = heard {
            let _ = tell.send(());
        }
    };
    let link = Link::open(&endpoint, Filters::needed(["service/+".to_owned()]), hook);
    link.ready().await.unwrap();
    let online = json!({"online": true, "timestamp": 0}).to_string();
    link.publisher().retain("system/demo/observer/x", online.into_bytes()).await.unwrap();
    while lost.recv().await.is_some() {
        link.ready().await.unwrap();
        let document = json!({"jsonrpc": "2.0", "method": "service_unavailable", "params": {
            "type": "service_unavailable", "service": "Billing", "reason": "not_responding",
        }});
        let payload = document.to_string().into_bytes();
        link.publisher().publish("system/demo/errors", payload).await.unwrap();
    }
}

/// Cuts the stand-in's link in a short round; returns whether all went as expected, and what was
/// printed.
async fn short_round(expected: Vec<Expected>) -> (bool, Vec<Value>) {
    let script = Script {
        scenes: vec![Scene {
            fault: Fault::LinkCut,
            begin: Span::from_millis(300),
            length: Span::from_millis(300),
            expected,
        }],
        length: Span::from_secs(6),
    };
    let mut stage = Stage::set(0, 1).await.unwrap();
    let output = Output::default();
    let mut show = Show::new(Box::new(output.clone()), Style::Json);
    show.opening(stage.broker(), None, &script).unwrap();
    let observer = tokio::spawn(stand_in(stage.observer_door()));
    stage.observer_ready().await;
    let good = play(&mut stage, &script, &mut show, Rounds::One).await.unwrap();
    observer.abort();
    (good, output.lines())
}

#[test]
fn a_round_in_which_all_goes_as_expected() {
    run(async {
        let expected = Expected {
            kind: "service_unavailable",
            service: "Billing",
            state: None,
            reason: Some("not_responding"),
            window: (0, 6),
        };
        let (good, lines) = short_round(vec![expected]).await;
        assert!(good, "{lines:#?}");
        let kinds: Vec<_> = lines.iter().map(|line| line["line"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["opening", "round", "fault", "fault", "said", "summary"]);
        assert_eq!(lines[4]["text"], "Billing unavailable: not_responding");
        assert_eq!(lines[4]["fault"], "link_cut");
        // All the while the callers were served.
        let callers = &lines[5]["callers"];
        assert!(callers["ok"].as_u64().unwrap() > 50, "{callers}");
        assert_eq!(callers["failed"], 0);
    });
}

#[test]
fn a_round_in_which_something_is_wrongly_said() {
    run(async {
        let (good, lines) = short_round(Vec::new()).await;
        assert!(!good);
        let summary = lines.last().unwrap();
        assert_eq!(summary["ok"], false);
        let wrong = &summary["wronglySaid"][0]["text"];
        assert_eq!(wrong, "Billing unavailable: not_responding");
    });
}

#[test]
fn the_whole_demo_sees_every_fault_and_says_nothing_else() {
    let demo = Command::new(env!("CARGO_BIN_EXE_lookout")).args(["demo", "--once"]).output();
    let demo = demo.unwrap();
    let text = String::from_utf8_lossy(&demo.stdout);
    let errors = String::from_utf8_lossy(&demo.stderr);
    assert_eq!(demo.status.code(), Some(0), "{text}\n{errors}");
    assert!(text.contains("nothing else was said"), "{text}");
    assert!(!text.contains('\x1b'), "colour in a pipe: {text}");
    assert!(errors.is_empty(), "{errors}");
}

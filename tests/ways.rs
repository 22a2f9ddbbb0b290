//! The ways to a broker, against a real Mosquitto: TLS, WebSocket, and several addresses. Each case
//! runs for MQTT 5 and for 3.1.1.
//!
//! The settings go through the configuration, as an operator's would; the certificates are made
//! here. What goes wrong has to name the setting to look at, and the address, and no secret.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/session.rs"]
mod session;

use authority::Authority;
use lookout::config::{self, Broker, Protocol, Sources};
use lookout::mqtt::Plan;
use lookout::observer::Span;
use lookout::observer::input::Link;
use mosquitto::{Mosquitto, Setup};
use session::{Peer, Running, event, plan, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BOTH: [Protocol; 2] = [Protocol::V5, Protocol::V311];

/// In every address; must never be shown.
const LOGIN: &str = "lookout:open-sesame@";

/// A plan with the broker that these settings of `[broker]` mean.
fn planned(protocol: Protocol, settings: &[(&str, String)]) -> Plan {
    let flags = settings.iter().map(|(name, value)| (format!("broker.{name}"), value.clone()));
    let sources = Sources { flags: flags.collect(), ..Sources::default() };
    let meant = config::load(&sources).unwrap_or_else(|mistakes| panic!("{mistakes:?}")).broker;
    let mut plan = plan(0, protocol, &["service/+"]);
    plan.broker = Broker { addresses: meant.addresses, tls: meant.tls, ..plan.broker };
    plan
}

/// The listeners of the broker that all cases of certificates share.
const TLS: usize = 0;
const MUTUAL: usize = 1;
const MUTUAL_12: usize = 2;
const EXPIRED: usize = 3;
const ELSEWHERE: usize = 4;
const WS: usize = 5;
const WSS: usize = 6;
const WSS_MUTUAL: usize = 7;
const SELF_SIGNED: usize = 8;
/// No listener of its own: the port that every broker has.
const PLAIN: usize = usize::MAX;

fn broker(authority: &Authority) -> Mosquitto {
    let tls = authority.listener("broker");
    let listeners = vec![
        tls.clone(),
        format!("{tls}require_certificate true"),
        format!("{tls}require_certificate true\ntls_version tlsv1.2"),
        authority.listener("expired"),
        authority.listener("elsewhere"),
        "protocol websockets".to_owned(),
        format!("protocol websockets\n{tls}"),
        format!("protocol websockets\n{tls}require_certificate true"),
        authority.listener("ca"),
    ];
    Mosquitto::with(&Setup { listeners, ..Setup::default() })
}

fn url(scheme: &str, broker: &Mosquitto, listener: usize) -> String {
    let port = if listener == PLAIN { broker.port() } else { broker.listener(listener) };
    format!("{scheme}://{LOGIN}127.0.0.1:{port}")
}

#[tokio::test]
async fn every_way_carries_messages_of_any_size_in_both_directions() {
    let authority = Authority::new();
    let broker = broker(&authority);
    let file = |name: &str, value: &str| match name {
        "server_name" | "alpn" => value.to_owned(),
        _ => authority.path(value),
    };
    let ca = ("ca_file", "ca");
    let client = [ca, ("cert_file", "client"), ("key_file", "client.key")];
    for (scheme, listener, settings) in [
        ("mqtts", TLS, &[ca][..]),
        ("mqtts", TLS, &[ca, ("alpn", "mqtt")]),
        ("mqtts", MUTUAL, &client),
        ("mqtts", MUTUAL_12, &client),
        ("mqtts", ELSEWHERE, &[ca, ("server_name", "broker.example")]),
        ("ws", WS, &[]),
        ("wss", WSS, &[ca]),
        ("wss", WSS_MUTUAL, &client),
    ] {
        for protocol in BOTH {
            let mut given = vec![("url", url(scheme, &broker, listener))];
            given.extend(settings.iter().map(|(name, value)| (*name, file(name, value))));
            let mut running = Running::start(planned(protocol, &given));
            running.wait_up().await;
            let mut peer = Peer::connect(broker.port(), "peer", "system/test/said", false).await;
            // Mosquitto hands a WebSocket 4 KiB every 100 ms; a megabyte would take it half a minute.
            let large = if scheme.starts_with("ws") { 20_000 } else { 1 << 20 };
            for size in [0, 1, large] {
                let payload = "x".repeat(size);
                peer.publish("service/A", false, payload.clone()).await;
                assert!(running.hear().await.payload == payload, "{size} over {given:?}");
            }
            running.handle.publish(event("system/test/said", &"y".repeat(100_000)));
            assert_eq!(peer.see().await.1.len(), 100_000, "{given:?}");
            assert_eq!(running.handle.figures().links, 1, "{protocol:?} over {given:?}");
            running.stop().await;
        }
    }
}

#[tokio::test]
async fn what_is_wrong_names_the_setting_and_the_address_and_no_secret() {
    let authority = Authority::new();
    let broker = broker(&authority);
    let (ca, strange) = (("ca_file", "ca"), ("ca_file", "stranger-ca"));
    let stranger = [ca, ("cert_file", "stranger"), ("key_file", "stranger.key")];
    for (scheme, listener, settings, words) in [
        ("mqtts", TLS, &[strange][..], ["authority", "`broker.ca_file`"]),
        ("mqtts", MUTUAL, &[ca], ["certificate", "`broker.cert_file`"]),
        ("mqtts", MUTUAL, &stranger, ["certificate", "`broker.cert_file`"]),
        ("mqtts", MUTUAL_12, &[ca], ["certificate", "`broker.cert_file`"]),
        ("mqtts", EXPIRED, &[ca], ["expired", "`broker.url`"]),
        ("mqtts", ELSEWHERE, &[ca], ["for broker.example, not 127.0.0.1", "`broker.server_name`"]),
        ("mqtts", SELF_SIGNED, &[ca], ["authority as its own", "`broker.ca_file`"]),
        ("mqtts", PLAIN, &[ca], ["TLS", "`broker.url`"]),
        ("mqtt", TLS, &[], ["without TLS", "`broker.url`"]),
        ("mqtt", WS, &[], ["without TLS", "`broker.url`"]),
        ("ws", PLAIN, &[], ["", "`broker.url`"]),
        ("ws", WSS, &[], ["", "`broker.url`"]),
        ("wss", WSS, &[strange], ["authority", "`broker.ca_file`"]),
        ("wss", WSS_MUTUAL, &[ca], ["certificate", "`broker.cert_file`"]),
        ("wss", WS, &[ca], ["TLS", "`broker.url`"]),
        ("wss", PLAIN, &[ca], ["TLS", "`broker.url`"]),
    ] {
        for protocol in BOTH {
            let url = url(scheme, &broker, listener);
            let mut given = vec![("url", url.clone())];
            given.extend(settings.iter().map(|(name, value)| (*name, authority.path(value))));
            let mut plan = planned(protocol, &given);
            // A listener that waits for what never comes is given up soon.
            plan.broker.connect_timeout = Span::from_secs(3);
            let running = Running::start(plan);
            let problem = running.wait_problem("").await;
            let case = format!("{protocol:?} over {given:?}: {problem}");
            assert!(words.iter().all(|word| problem.contains(word)), "{case}");
            assert!(problem.starts_with(&url.replace(LOGIN, "")), "{case}");
            assert!(!problem.contains("sesame"), "{case}");
            assert_eq!(running.handle.figures().links, 0, "{case}");
            running.abort().await;
        }
    }
}

/// A server that gives every connection one answer, once it was asked something.
async fn answering(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            if stream.read(&mut asked).await.is_ok_and(|size| size > 0) {
                let _ = stream.write_all(answer).await;
            }
        }
    });
    (port, serving)
}

#[tokio::test]
async fn a_refused_upgrade_says_what_was_answered() {
    // Every sort of character that a path may have.
    let path = "/else/where-._~!$&'()*+,;=:%20";
    for (answer, words) in [
        (&b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"[..], "404 Not Found"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret", "200 OK"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://secret\r\n\r\n", "302"),
        (b"\x20\x02\x00\x00", "WebSocket"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: secret\r\n\r\n", "WebSocket"),
    ] {
        let (port, serving) = answering(answer).await;
        for protocol in BOTH {
            let given = [("url", format!("ws://{LOGIN}127.0.0.1:{port}{path}"))];
            let running = Running::start(planned(protocol, &given));
            let problem = running.wait_problem("path in `broker.url`").await;
            assert!(problem.contains(words) && !problem.contains("secret"), "{problem}");
            let address = format!("ws://127.0.0.1:{port}{path}: ");
            assert!(problem.starts_with(&address), "{problem}");
            running.abort().await;
        }
        serving.abort();
    }
}

/// A plan for several addresses that waits for an hour when each had its turn.
fn patient(protocol: Protocol, urls: &[String]) -> Plan {
    let mut plan = planned(protocol, &[("url", urls.join(","))]);
    plan.broker.backoff_min = Span::from_secs(3_600);
    plan.broker.backoff_max = plan.broker.backoff_min;
    plan
}

#[tokio::test]
async fn a_dead_address_is_passed_over_at_once() {
    for protocol in BOTH {
        let mut dead = Mosquitto::start();
        dead.kill();
        let live = Mosquitto::start();
        let urls = [url("mqtt", &dead, PLAIN), url("mqtt", &live, PLAIN)];
        let mut running = Running::start(patient(protocol, &urls));
        running.wait_up().await;
        assert_eq!(running.handle.figures().attempts, 2, "{protocol:?}");
        let mut peer = Peer::connect(live.port(), "peer", "nothing", false).await;
        peer.publish("service/A", false, "there").await;
        assert_eq!(running.hear().await.payload, "there");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_broker_that_moves_is_followed_there_and_back() {
    for protocol in BOTH {
        let mut brokers = [Mosquitto::start(), Mosquitto::start()];
        let urls = brokers.each_ref().map(|broker| url("mqtt", broker, PLAIN));
        let mut plan = patient(protocol, &urls);
        plan.broker.backoff_min = Span::from_millis(10);
        plan.broker.backoff_max = Span::from_millis(200);
        brokers[1].kill();
        let mut running = Running::start(plan);
        for round in 1..=4_u64 {
            let (here, there) = if round % 2 == 1 { (0, 1) } else { (1, 0) };
            let links = |status: &lookout::mqtt::Status| status.link == Link::Up;
            running.wait("link", links).await;
            running.wait_figures("link", |figures| figures.links == round).await;
            let mut peer = Peer::connect(brokers[here].port(), "peer", "nothing", false).await;
            peer.publish("service/A", false, round.to_string()).await;
            assert_eq!(running.hear().await.payload, round.to_string(), "{protocol:?}");
            brokers[there].restart();
            brokers[here].kill();
            running.wait_figures("next link", |figures| figures.links == round + 1).await;
        }
        running.abort().await;
    }
}

#[tokio::test]
async fn when_each_address_had_its_turn_it_waits() {
    for protocol in BOTH {
        let mut brokers = [Mosquitto::start(), Mosquitto::start(), Mosquitto::start()];
        let urls = brokers.each_ref().map(|broker| url("mqtt", broker, PLAIN));
        brokers.iter_mut().for_each(Mosquitto::kill);
        let running = Running::start(patient(protocol, &urls));
        let last = urls[2].replace(LOGIN, "");
        let problem = running.wait_problem(&last).await;
        assert!(problem.contains("refused") && !problem.contains("sesame"), "{problem}");
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(running.handle.figures().attempts, 3, "{protocol:?}");
        soon("stop", running.stop()).await;
    }
}

#[tokio::test]
async fn each_address_has_its_own_login() {
    let setup = Setup { users: &[("lookout", "open-sesame")], ..Setup::default() };
    for protocol in BOTH {
        let broker = Mosquitto::with(&setup);
        let right = url("mqtt", &broker, PLAIN);
        let wrong = right.replace("open-", "closed-");
        let running = Running::start(patient(protocol, &[wrong.clone(), right]));
        running.wait_up().await;
        assert_eq!(running.handle.figures().attempts, 2, "{protocol:?}");
        running.stop().await;
        let running = Running::start(patient(protocol, &[wrong]));
        let problem = running.wait_problem("`broker.password`").await;
        assert!(!problem.contains("sesame"), "{problem}");
        running.abort().await;
    }
}

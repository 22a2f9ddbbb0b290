//! What lookout asks EMQX, and what it makes of the answers, against a stand-in.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/emqx.rs"]
mod emqx;

use authority::Authority;
use emqx::{Emqx, KEY, Odd, SECRET};
use lookout::clock::Clock;
use lookout::config::{self, Sources};
use lookout::observer::Span;
use lookout::probe::{Listeners, Waiting};

fn settings(url: &str, secret: &str) -> config::Emqx {
    settings_with(url, secret, &[])
}

fn settings_with(url: &str, secret: &str, more: &[(&str, &str)]) -> config::Emqx {
    let environment = [
        ("LOOKOUT_EMQX_URL", url),
        ("LOOKOUT_EMQX_API_KEY", KEY),
        ("LOOKOUT_EMQX_API_SECRET", secret),
        ("LOOKOUT_EMQX_TIMEOUT", "500ms"),
        ("LOOKOUT_EMQX_ONLOOKERS", "logger,explorer-*"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let environment = environment.iter().chain(more).copied().map(owned).collect();
    let sources = Sources { file: None, environment, flags: Vec::new() };
    let settings = config::load(&sources).unwrap().emqx.unwrap();
    // The shortest that can be set is a second.
    config::Emqx { look_every: Span::from_millis(10), ..settings }
}

/// What the first look for a service at `service/A` finds.
async fn look(settings: config::Emqx) -> Result<bool, String> {
    look_at(settings, "service/A").await
}

async fn look_at(settings: config::Emqx, topic: &str) -> Result<bool, String> {
    let (listeners, mut results) = Listeners::new(settings, "lookout-1", Clock::start()).unwrap();
    let looking = tokio::spawn(listeners.run());
    results.set_waiting(vec![Waiting { service: "A".into(), topic: topic.into() }]);
    let look = results.next().await;
    assert_eq!(&*look.service, "A");
    looking.abort();
    look.found
}

#[tokio::test]
async fn who_may_be_the_service_is_found_and_onlookers_are_not() {
    let onlookers = [
        ("lookout-1", "service/+"),
        ("lookout-1-record", "service/+"),
        ("logger", "#"),
        ("explorer-9", "service/#"),
    ];
    let others: [(&str, &str, bool); 11] = [
        ("b", "service/B", false),
        ("b", "$share/workers/service/B", false),
        ("b", "session/A/response", false),
        ("a", "service/A", true),
        ("a", "$share/workers/service/A", true),
        ("a", "service/+", true),
        ("a", "service/#", true),
        ("a", "#", true),
        ("a", "+/A", true),
        ("a", "+/+", true),
        ("lookout-2", "service/+", true),
    ];
    let emqx = Emqx::start().await;
    emqx.set(&onlookers);
    assert_eq!(look(settings(&emqx.url, SECRET)).await, Ok(false));
    for (client, filter, found) in others {
        let all: Vec<_> = onlookers.into_iter().chain([(client, filter)]).collect();
        emqx.set(&all);
        assert_eq!(look(settings(&emqx.url, SECRET)).await, Ok(found), "{client} {filter}");
    }
    emqx.set(&[("a", "rpc/v1/lamp/A/on")]);
    assert_eq!(look_at(settings(&emqx.url, SECRET), "rpc/v1/+/A/+").await, Ok(true));
    assert_eq!(look_at(settings(&emqx.url, SECRET), "rpc/v1/+/B/+").await, Ok(false));
}

#[tokio::test]
async fn the_last_page_counts_and_there_is_an_end_to_them() {
    let emqx = Emqx::start().await;
    let names: Vec<_> = (0..25_000).map(|index| format!("service/S{index}")).collect();
    let crowd = |count: usize| names.iter().take(count).map(|name| ("crowd", name.as_str()));
    let last = crowd(2_500).chain([("a", "service/+")]);
    emqx.set(&last.collect::<Vec<_>>());
    assert_eq!(look(settings(&emqx.url, SECRET)).await, Ok(true));
    emqx.set(&crowd(25_000).collect::<Vec<_>>());
    let problem = look(settings(&emqx.url, SECRET)).await.unwrap_err();
    assert!(problem.contains("more than 20000 subscriptions"), "{problem}");
    let deep = "1/2/3/4/5/6/7/8/9";
    let problem = look_at(settings(&emqx.url, SECRET), deep).await.unwrap_err();
    assert!(problem.contains("more than 8 levels"), "{problem}");
}

#[tokio::test]
async fn services_are_looked_at_in_turn() {
    let emqx = Emqx::start().await;
    let quick = settings(&emqx.url, SECRET);
    let (listeners, mut results) = Listeners::new(quick, "lookout-1", Clock::start()).unwrap();
    let looking = tokio::spawn(listeners.run());
    let wait = |names: &[&str]| {
        let all = names.iter().map(|name| {
            let topic = format!("service/{name}");
            Waiting { service: (*name).into(), topic: topic.into() }
        });
        all.collect::<Vec<_>>()
    };
    // In turns of eight, and everybody has a turn.
    let names: Vec<_> = (10..30).map(|index| format!("S{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    results.set_waiting(wait(&names));
    let mut seen = Vec::new();
    for _ in 0..24 {
        seen.push(results.next().await.service.to_string());
    }
    let (first, again) = seen.split_at(20);
    assert_eq!(first, names);
    assert_eq!(again, &names[..4]);
    results.set_waiting(Vec::new());
    drop(results);
    looking.await.unwrap();
}

#[tokio::test]
async fn what_goes_wrong_names_the_setting_and_not_the_secret() {
    let odd = |status: u16, body: &str| Some(Odd { status, body: body.to_owned() });
    let page = r#"{"data":[{"topic":"service/A","clientid":"a"}],"meta":{"hasnext":false}}"#;
    let long = format!("{page}{}", " ".repeat(5 << 20));
    let cases = [
        ("planted-other-secret", None, "EMQX refuses `emqx.api_key`"),
        (SECRET, odd(403, r#"{"code":"UNAUTHORIZED_ROLE","message":"no"}"#), "role `viewer`"),
        (
            SECRET,
            odd(500, r#"{"code":"NODE_DOWN","message":"x"}"#),
            "500 Internal Server Error NODE_DOWN",
        ),
        (SECRET, odd(400, r#"{"code":"<b>planted</b>"}"#), "answered with 400 Bad Request"),
        (SECRET, odd(302, ""), "answered with 302"),
        (SECRET, odd(200, "<html>planted</html>"), "is not EMQX 5"),
        (SECRET, odd(200, ""), "is not EMQX 5"),
        (SECRET, odd(200, &page[..40]), "is not EMQX 5"),
        (SECRET, odd(200, &long), "an answer of more than 4194304 bytes"),
    ];
    for (secret, odd, wanted) in cases {
        let emqx = Emqx::start().await;
        odd.into_iter().for_each(|odd| emqx.answer(odd));
        let problem = look(settings(&emqx.url, secret)).await.unwrap_err();
        assert!(problem.contains(wanted) && !problem.contains("planted"), "{wanted}: {problem}");
    }
    // A place where nobody answers, and one where nobody says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let slow = look(settings(&format!("http://{address}"), SECRET)).await.unwrap_err();
    drop(silent);
    let closed = look(settings(&format!("http://{address}"), SECRET)).await.unwrap_err();
    for problem in [slow, closed] {
        assert!(problem.contains("`emqx.url` = \"http://127.0.0.1:"), "{problem}");
        assert!(problem.contains("gives no answer") && !problem.contains("planted"), "{problem}");
    }
}

/// Serves one connection with TLS: a page on which the service is.
fn secure(authority: &Authority, name: &str) -> String {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::io::{Read, Write};
    let chain = vec![CertificateDer::from_pem_file(authority.path(name)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(authority.path(&format!("{name}.key"))).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(std::sync::Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, socket);
        let mut request = [0; 4096];
        // Who does not trust the certificate hangs up here.
        if stream.read(&mut request).is_ok() {
            let body = r#"{"data":[{"topic":"service/A","clientid":"a"}],"meta":{}}"#;
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length";
            write!(stream, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    url
}

#[tokio::test]
async fn over_tls_only_who_is_trusted_is_believed() {
    let authority = Authority::new();
    for (name, ca, found) in [
        ("broker", "ca", Some(true)),
        ("broker", "stranger-ca", None),
        ("expired", "ca", None),
        ("elsewhere", "ca", None),
    ] {
        let url = secure(&authority, name);
        let ca = authority.path(ca);
        let settings = settings_with(&url, SECRET, &[("LOOKOUT_EMQX_CA_FILE", &ca)]);
        match (look(settings).await, found) {
            (Ok(any), Some(found)) => assert_eq!(any, found),
            (Err(problem), None) => assert!(problem.contains("certificate"), "{problem}"),
            other => panic!("{name} {ca}: {other:?}"),
        }
    }
}

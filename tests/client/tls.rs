//! Calls over TLS: with the right authority, and refused with any other.

use crate::authority::Authority;
use crate::kit::{options, platform};
use crate::line::{Version, soon};
use crate::mosquitto::{Mosquitto, Setup};
use lookout::client::{CallError, Platform, Service, Tls};

#[tokio::test]
async fn calls_go_over_tls_and_only_to_whom_is_trusted() {
    let authority = Authority::new();
    let listeners = vec![authority.listener("broker")];
    let mosquitto = Mosquitto::with(&Setup { listeners, ..Setup::default() });
    let pem = |name: &str| Tls::trusting(&std::fs::read(authority.path(name)).unwrap()).unwrap();
    for version in crate::kit::VERSIONS {
        let broker = (version, mosquitto.listener(0));
        let mut ours = options(broker, "s-1");
        ours.endpoint.tls = Some(pem("ca"));
        let service = Service::builder("Test").method("echo", |_, it: u32| async move { Ok(it) });
        let mut endpoint = ours.endpoint.clone();
        endpoint.client_id = "service".to_owned();
        let service = service.serve(&endpoint).unwrap();
        soon("service", service.ready()).await.unwrap();
        let client = platform(ours).await;
        assert_eq!(client.call::<u32>("Test", "echo", &7).await.unwrap(), 7);
        client.close().await;
    }
    let mut theirs = options((Version::V5, mosquitto.listener(0)), "s-2");
    theirs.endpoint.tls = Some(pem("stranger-ca"));
    theirs.link_wait = std::time::Duration::from_millis(500);
    let client = Platform::connect(theirs).unwrap();
    let refused = client.call::<u32>("Test", "echo", &7).await;
    assert!(matches!(refused, Err(CallError::LinkDown { sent: false })), "{refused:?}");
    let problem = client.problem().unwrap();
    assert!(problem.contains("certificate"), "{problem}");
}

#[test]
fn a_text_without_certificates_is_refused() {
    for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = Tls::trusting(text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("`tls`"), "{error}");
    }
}

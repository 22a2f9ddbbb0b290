//! Two recorders of one configuration have one identifier at the broker: one of them ends, with
//! the reason, and what it recorded until then is whole.

use crate::fake_broker::FakeBroker;
use crate::recorder::{PATIENCE, Recorder, file_lines};
use lookout::config::Protocol;
use tokio::time::timeout;

/// What MQTT 5 says to a client whose identifier another one took.
const TAKEN_OVER: [u8; 4] = [0xe0, 2, 0x8e, 0];

/// The filters of the default traffic.
const FILTERS: usize = 6;

#[tokio::test]
async fn a_recorder_whose_identifier_is_taken_twice_ends_with_the_reason() {
    let broker = FakeBroker::start(Protocol::V5).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("taken.ndjson");
    let mut recorder = Recorder::spawn(broker.port(), &["-o", file.to_str().unwrap()]);
    for _ in 0..2 {
        let mut connection = timeout(PATIENCE, broker.accept()).await.expect("a connection");
        connection.answer_listener(&[0; FILTERS]).await;
        connection.write(&TAKEN_OVER).await;
        recorder.line("another client connected");
    }
    let (code, said) = recorder.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("lookout: thrown off the broker again and again"), "{said}");
    assert!(said.contains("`broker.client_id`"), "{said}");
    let links: Vec<_> = file_lines(&file).iter().map(|line| line["link"].clone()).collect();
    assert_eq!(links, ["up", "down", "up", "down"]);
}

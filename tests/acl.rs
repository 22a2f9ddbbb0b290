//! The access rules in `deploy/mosquitto`: lookout works under them, and nobody else can speak in
//! its name, nor it in anybody else's.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;

use line::soon;
use mosquitto::{Mosquitto, Setup};
use program::Lookout;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

/// The rules as they are shipped.
const SHIPPED: &str = include_str!("../deploy/mosquitto/acl");

const USERS: &[(&str, &str)] = &[("lookout", "for-lookout"), ("platform", "for-platform")];

/// A broker with the shipped rules, in which the name of the cluster was replaced as they ask for.
fn broker() -> Mosquitto {
    let rules = SHIPPED
        .replace("system/default/", "system/east/")
        .replace("trials/default/", "trials/east/");
    assert_ne!(rules, SHIPPED);
    broker_with(rules)
}

fn broker_with(rules: String) -> Mosquitto {
    Mosquitto::with(&Setup { acl: Some(rules.leak()), users: USERS, ..Setup::default() })
}

/// A user of the broker.
struct User {
    client: AsyncClient,
    heard: UnboundedReceiver<(String, String)>,
    answers: UnboundedReceiver<PubAckReason>,
    task: JoinHandle<()>,
}

impl User {
    /// Logs in and subscribes.
    async fn log_in(broker: &Mosquitto, name: &str, id: &str, filter: &str) -> Self {
        let mut options = MqttOptions::new(id, "127.0.0.1", broker.port());
        options.set_credentials(name, format!("for-{name}")).set_max_packet_size(Some(1 << 20));
        let (client, mut events) = AsyncClient::new(options, 100);
        let (tell, heard) = unbounded_channel();
        let (answer, answers) = unbounded_channel();
        let (ready, mut subscribed) = unbounded_channel();
        client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::Publish(it)) => {
                        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                        let _ = tell.send((text(&it.topic), text(&it.payload)));
                    }
                    Event::Incoming(Packet::PubAck(it)) => {
                        let _ = answer.send(it.reason);
                    }
                    Event::Incoming(Packet::SubAck(_)) => {
                        let _ = ready.send(());
                    }
                    _ => {}
                }
            }
        });
        soon("subscription", subscribed.recv()).await.expect("a login");
        Self { client, heard, answers, task }
    }

    /// Publishes; says whether the broker let it.
    async fn may_say(&mut self, topic: &str, payload: &str) -> bool {
        let payload = payload.to_owned();
        self.client.publish(topic, QoS::AtLeastOnce, false, payload).await.unwrap();
        let answer = soon("answer to a publication", self.answers.recv()).await.unwrap();
        let allowed = matches!(answer, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
        assert!(allowed || answer == PubAckReason::NotAuthorized, "{topic}: {answer:?}");
        allowed
    }

    /// The topics that are heard until one on which this is said.
    async fn topics_until(&mut self, last: &str) -> Vec<String> {
        let mut topics = Vec::new();
        let hearing = async {
            loop {
                let (topic, payload) = self.heard.recv().await.expect("a message");
                topics.push(topic);
                if payload.contains(last) {
                    break;
                }
            }
        };
        soon(last, hearing).await;
        topics
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn lookout_works_under_the_shipped_rules_and_everybody_may_read_it() {
    let broker = broker();
    let mut platform = User::log_in(&broker, "platform", "platform", "system/east/#").await;
    let config = format!(
        "cluster = \"east\"\nid = \"lookout-a\"\n[broker]\nurl = \"mqtt://127.0.0.1:{}\"\n\
         user = \"lookout\"\npassword = \"for-lookout\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
        broker.port()
    );
    let mut lookout = Lookout::start(&config).await;
    lookout.log("subscribed to ").await;
    lookout.metrics("trust in its own ears", |it| it.has("lookout_in_doubt 0")).await;
    let heard = |it: &program::Metrics| it.value("lookout_canary_round_trip_seconds") > 0.0;
    lookout.metrics("canary", heard).await;
    for id in 0..10 {
        let call = format!(r#"{{"id":{id},"method":"m","replyTo":"session/s/response"}}"#);
        assert!(platform.may_say("service/Users", &call).await);
        let reply = format!(r#"{{"id":{id},"result":{{}}}}"#);
        assert!(platform.may_say("session/s/response", &reply).await);
    }
    lookout.metrics("calls in the metrics", |it| it.calls("Users", "ok") == 10).await;
    // On a busy machine lookout may doubt its ears just then, and what it heard counts for nothing.
    let client = platform.client.clone();
    let calling = async {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(200));
        for id in 10_u32.. {
            pace.tick().await;
            for (topic, body) in [
                (
                    "service/Users",
                    format!(r#"{{"id":{id},"method":"m","replyTo":"session/s/response"}}"#),
                ),
                ("session/s/response", format!(r#"{{"id":{id},"result":{{}}}}"#)),
            ] {
                client.publish(topic, QoS::AtLeastOnce, false, body).await.unwrap();
            }
        }
    };
    let said = tokio::select! {
        said = platform.topics_until("\"service\":\"Users\"") => said,
        () = calling => unreachable!("it calls on and on"),
    };
    for topic in ["observer/lookout-a", "services/Users", "health"] {
        assert!(said.contains(&format!("system/east/{topic}")), "{topic} in {said:?}");
    }
    let metrics = lookout.metrics("publications", |_| true).await;
    assert!(metrics.has("lookout_documents_refused_total 0"));
    lookout.terminate();
    platform.topics_until("\"online\":false").await;
    assert_eq!(lookout.end().await.0, Some(0));
}

#[tokio::test]
async fn nobody_speaks_in_the_name_of_another() {
    let broker = broker();
    let mut platform = User::log_in(&broker, "platform", "platform", "#").await;
    let mut lookout = User::log_in(&broker, "lookout", "lookout", "#").await;
    for (topic, by_platform, by_lookout) in [
        ("service/X", true, false),
        ("session/s/response", true, false),
        ("ui/change/x", true, false),
        ("trials/east/X", true, false),
        ("system/east/errors", false, true),
        ("system/east/circuit-breaker/X", false, true),
        ("system/east/observer/lookout-a", false, true),
        ("system/west/errors", false, false),
        ("elsewhere", false, false),
    ] {
        assert_eq!(platform.may_say(topic, "platform").await, by_platform, "platform on {topic}");
        assert_eq!(lookout.may_say(topic, "lookout").await, by_lookout, "lookout on {topic}");
    }
    for topic in ["service/X/more", "session/s/other", "security/login", "service/X/security"] {
        assert!(platform.may_say(topic, "platform").await, "{topic}");
    }
    // To everything subscribed, each hears what it may.
    assert!(lookout.may_say("system/east/services/X", "the end").await);
    let heard = lookout.topics_until("the end").await;
    let wanted = [
        "service/X",
        "session/s/response",
        "ui/change/x",
        "system/east/circuit-breaker/X",
        "service/X/security",
        "system/east/services/X",
    ];
    assert_eq!(heard, wanted);
    let heard = platform.topics_until("the end").await;
    assert!(heard.iter().any(|topic| topic == "system/east/errors"), "{heard:?}");
}

#[tokio::test]
async fn direct_answers_need_the_rule_that_is_commented_out_and_nothing_more() {
    let rules = SHIPPED.replace("#topic write session/", "topic write session/");
    assert_ne!(rules, SHIPPED);
    let broker = broker_with(rules);
    let mut platform = User::log_in(&broker, "platform", "platform", "session/#").await;
    let mut lookout = User::log_in(&broker, "lookout", "lookout", "nothing").await;
    assert!(lookout.may_say("session/s/response", "down").await);
    assert_eq!(platform.topics_until("down").await, ["session/s/response"]);
    assert!(!lookout.may_say("service/X", "call").await);
    assert!(!lookout.may_say("session/s/other", "x").await);
}

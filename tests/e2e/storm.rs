//! The broker is killed with -9 in the middle of two thousand calls a second: nobody is blamed for
//! it, and what lookout had to say while there was no broker is said once when it is back.
//!
//! One service died and was found before, so that there is something to say meanwhile: its
//! circuit is due to be tried while the broker is away. lookout is held while the broker returns,
//! so that whoever reads along is there first and misses nothing.

use crate::line::soon;
use crate::mosquitto::Mosquitto;
use crate::program::{Lookout, Metrics};
use crate::watcher::{Document, Watcher};
use crate::{PRESENCE, Run, config};
use lookout::clock::Clock;
use lookout::observer::Instant;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const SERVICES: [&str; 3] = ["UserManagement", "OrderService", "Catalogue"];

/// It answers the calls of the first six seconds, and then no more.
const DEAD: &str = "Billing";
const LAST: u64 = 12_000;

/// Two thousand calls a second, of which ten are for the dead one.
const STEP: Duration = Duration::from_millis(5);
const CALLS: u64 = 10;
const VAIN: u64 = 200;

/// How many calls are answered later than a call: so many are open at any moment.
const OWED: u64 = 300;

/// So many answered calls are to be heard after the broker is back.
const MANY: u64 = 10_000;

/// So many a second at least.
const PACE: f64 = 1_000.0;

/// Messages that may wait for the connection: those of two and a half seconds.
const ROOM: usize = 10_000;

/// Attempts to connect, at least half a second apart, while the broker is away: longer than
/// patience and silence together, and than the circuit of the dead one stays open.
const ATTEMPTS: usize = 12;

/// Callers and services in one; ends with the value.
struct Storm {
    up: watch::Receiver<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl Storm {
    fn start(port: u16) -> Self {
        let options = MqttOptions::new("storm", "127.0.0.1", port);
        let (client, mut events) = AsyncClient::new(options, ROOM);
        let (tell, up) = watch::channel(false);
        let keep = async move {
            let mut retry = tokio::time::interval(Duration::from_millis(100));
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        tell.send_replace(true);
                    }
                    Ok(_) => {}
                    Err(_) => {
                        tell.send_replace(false);
                        // What was called before the broker was gone is not called after.
                        events.pending.clear();
                        retry.reset();
                        retry.tick().await;
                    }
                }
            }
        };
        let tasks = [tokio::spawn(keep), tokio::spawn(blow(client, up.clone()))];
        Self { up, tasks }
    }

    async fn ready(&self) {
        let mut up = self.up.clone();
        soon("connection of the storm", up.wait_for(|up| *up)).await.expect("a storm");
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Calls, and answers what was called a while ago over the same connection.
async fn blow(client: AsyncClient, up: watch::Receiver<bool>) {
    let say = |topic: String, body: String| {
        // A call that there is no room for is not made.
        client.try_publish(topic, QoS::AtMostOnce, false, body).is_ok()
    };
    let mut step = tokio::time::interval(STEP);
    let (mut next, mut first) = (0, 0);
    loop {
        step.tick().await;
        if !*up.borrow() {
            first = next;
            continue;
        }
        for id in next..next + CALLS {
            let service = if id % VAIN == 0 { DEAD } else { SERVICES[id as usize % 3] };
            let call = format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"get","sessionId":"storm","params":{{}}}}"#
            );
            say(format!("service/{service}"), call);
            // What was open when the broker died is never answered.
            let answered = id.saturating_sub(OWED);
            if answered > first && (answered % VAIN != 0 || answered < LAST) {
                let answer = format!(r#"{{"jsonrpc":"2.0","id":{answered},"result":true}}"#);
                say("session/storm/response".to_owned(), answer);
            }
        }
        next += CALLS;
    }
}

/// Plays the scenario.
pub async fn blames_nobody(run: &Run) {
    let mut mosquitto = Mosquitto::start();
    let mut watcher = Watcher::start((run.version, mosquitto.port()), "watcher").await;
    let storm = Storm::start(mosquitto.port());
    storm.ready().await;
    let mut lookout = Lookout::start(&config(run, mosquitto.port())).await;
    let begin = Heard::by(&lookout).await;
    let open = format!("circuit-breaker {DEAD} closed>open consecutive_unanswered");
    let (open, _) = watcher.find(0, &open, |it| it.gist() == open).await;
    begin.fast_enough(&lookout, 0).await;

    mosquitto.kill();
    for _ in 0..ATTEMPTS {
        lookout.log("no link to ").await;
    }
    lookout.signal("STOP");
    mosquitto.restart();
    watcher.ready().await;
    storm.ready().await;
    lookout.signal("CONT");
    lookout.log("subscribed to ").await;

    let begin = Heard::by(&lookout).await;
    let there = |it: &Document| it.topic == PRESENCE && it.get("online") == true;
    let (_, back) = watcher.find(open, "presence", there).await;
    for service in SERVICES {
        let topic = format!("services/{service}");
        let reads = |it: &Document, verdict| it.topic == topic && it.text("verdict") == verdict;
        let (doubted, _) = watcher.find(open, &topic, |it| reads(it, "unknown")).await;
        watcher.find(doubted, &topic, |it| reads(it, "healthy")).await;
    }
    let tried = format!("circuit-breaker {DEAD} open>half_open open_timeout");
    let (_, tried) = watcher.find(open, &tried, |it| it.gist() == tried).await;
    let early = back.number("timestamp") - tried.time("timestamp") as f64;
    assert!(early > 1_000.0, "said while there was no broker: {early} ms before");
    begin.fast_enough(&lookout, MANY).await;
    let page = lookout.metrics("a page", |_| true).await;
    for service in SERVICES {
        assert_eq!(page.calls(service, "unanswered"), 0, "{service}");
        assert!(page.calls(service, "void") >= OWED / 6, "{service}");
    }

    lookout.terminate();
    let (code, printed) = lookout.end().await;
    assert_eq!(code, Some(0));
    watcher.find(open, "goodbye", |it| it.get("online") == false).await;
    let spoken = watcher.spoken();
    let blamed: Vec<_> = spoken.iter().filter(|it| it.text("service") != DEAD).collect();
    assert!(blamed.is_empty(), "{blamed:#?}");
    let said: Vec<_> =
        spoken.into_iter().map(|it| (format!("system/test/{}", it.topic), it.whole)).collect();
    assert_eq!(said, printed, "each once, and in order");
}

/// How many answered calls lookout had heard, and when.
struct Heard {
    clock: Clock,
    at: Instant,
    calls: u64,
}

impl Heard {
    async fn by(lookout: &Lookout) -> Self {
        let page = lookout.metrics("answered calls", |page| answered(page) > 0).await;
        let clock = Clock::start();
        Self { clock, at: clock.now(), calls: answered(&page) }
    }

    /// Waits until it heard so many more, and holds it to the pace.
    async fn fast_enough(&self, lookout: &Lookout, more: u64) {
        let enough = |page: &Metrics| answered(page) >= self.calls + more;
        let page = lookout.metrics("many calls", enough).await;
        let calls = (answered(&page) - self.calls) as f64;
        let seconds = self.clock.now().since(self.at).as_secs_f64();
        assert!(calls >= PACE * seconds, "{calls} calls in {seconds} s");
    }
}

fn answered(page: &Metrics) -> u64 {
    SERVICES.iter().map(|service| page.calls(service, "ok")).sum()
}

//! Server-Sent Events: what lookout says, once, in order, and again for who was away.

use crate::kit::{Platform, TOKEN, read};
use crate::line::soon;
use reqwest::Response;
use serde_json::{Value, json};

/// One event as it was read.
#[derive(Debug, Default)]
struct Event {
    id: Option<String>,
    kind: String,
    data: Value,
}

/// Reads a stream.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(platform: &Platform, query: &str, last: Option<&str>) -> Self {
        let mut request = platform.get(&format!("/api/v1/events{query}"));
        if let Some(id) = last {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, text: String::new() }
    }

    /// The next event; comments are none.
    async fn next(&mut self) -> Event {
        let reading = async {
            loop {
                if let Some((block, rest)) = self.text.split_once("\n\n") {
                    let event = parse(block);
                    self.text = rest.to_owned();
                    if let Some(event) = event {
                        return event;
                    }
                    continue;
                }
                let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
                self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        soon("event", reading).await
    }

    async fn find(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next().await;
            if event.kind == kind {
                return event;
            }
        }
    }
}

fn parse(block: &str) -> Option<Event> {
    let mut event = Event { kind: "message".to_owned(), ..Event::default() };
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => event.id = Some(id.to_owned()),
            Some(("event", kind)) => kind.clone_into(&mut event.kind),
            Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
            _ => {}
        }
    }
    (!event.data.is_null()).then_some(event)
}

async fn set(platform: &Platform, state: &str) {
    let request = platform.ask("POST", "/api/v1/circuits/Catalogue").bearer_auth(TOKEN);
    let (status, body) = read(request.json(&json!({ "state": state })).send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
}

fn state(event: &Event) -> &Value {
    assert_eq!(event.data["topic"], "system/web/circuit-breaker");
    &event.data["document"]["params"]["state"]
}

#[tokio::test]
async fn a_reader_that_comes_back_misses_nothing_and_hears_nothing_twice() {
    let platform = Platform::healthy("").await;
    let mut stream = Stream::open(&platform, "", None).await;
    set(&platform, "forced_open").await;
    let first = stream.next().await;
    assert_eq!(state(&first), "forced_open");
    drop(stream);
    for wanted in ["disabled", "automatic"] {
        set(&platform, wanted).await;
    }
    let mut stream = Stream::open(&platform, "", first.id.as_deref()).await;
    let mut ids = vec![first.id.unwrap()];
    for wanted in ["disabled", "closed"] {
        let event = stream.next().await;
        assert_eq!(state(&event), wanted);
        ids.push(event.id.unwrap());
    }
    set(&platform, "forced_open").await;
    let event = stream.next().await;
    assert_eq!(state(&event), "forced_open", "live, after what was missed");
    ids.push(event.id.unwrap());
    let numbers: Vec<u64> =
        ids.iter().map(|id| id.rsplit_once('-').unwrap().1.parse().unwrap()).collect();
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{ids:?}");
    let mut stream = Stream::open(&platform, "?recent=2", None).await;
    for id in &ids[2..] {
        assert_eq!(stream.next().await.id.as_ref(), Some(id), "the last two, for who is new");
    }
    // An id of another run: everything that is kept.
    let mut stream = Stream::open(&platform, "", Some("0-99")).await;
    assert_eq!(
        stream.next().await.id.as_ref(),
        Some(&format!("{}-1", ids[0].split_once('-').unwrap().0))
    );
}

#[tokio::test]
async fn the_platform_and_the_rows_that_changed_come_with_it_if_asked_for() {
    let platform = Platform::healthy("").await;
    let mut stream = Stream::open(&platform, "?with=overview,services", None).await;
    let overview = stream.find("overview").await;
    assert_eq!((&overview.data["cluster"], &overview.id), (&json!("web"), &None));
    let all = stream.find("services").await;
    let named = |event: &Event, name: &str| {
        event.data["changed"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned()
    };
    let (_, listed) = platform.json("/api/v1/services/Catalogue").await;
    assert_eq!(named(&all, "Catalogue").unwrap()["since"], listed["service"]["since"]);
    assert!(named(&all, "Orders").is_some(), "the first time all of them");
    set(&platform, "forced_open").await;
    let changed = async {
        loop {
            let event = stream.find("services").await;
            if named(&event, "Catalogue").is_some_and(|row| row["circuit"] == "forced_open") {
                return;
            }
        }
    };
    soon("row of the circuit that was set", changed).await;
    // Who asks for the overview alone gets nothing else.
    let mut plain = Stream::open(&platform, "?with=overview", None).await;
    assert_eq!(plain.next().await.kind, "overview");
    assert_eq!(plain.next().await.kind, "overview");
}

#[tokio::test]
async fn so_many_may_listen_and_one_more_is_told_so() {
    let platform = Platform::start("").await;
    let mut streams = Vec::new();
    for _ in 0..256 {
        streams.push(Stream::open(&platform, "", None).await);
    }
    let (status, problem) = platform.json("/api/v1/events").await;
    assert_eq!((status, &problem["detail"]), (503, &json!("256 listen already")));
    let full =
        platform.lookout.metrics("listeners", |it| it.value("lookout_event_listeners") == 256.0);
    full.await;
    // Everything else is still answered, and whoever leaves makes room.
    assert_eq!(platform.json("/livez").await.0, 200);
    streams.clear();
    platform.lookout.metrics("nobody", |it| it.value("lookout_event_listeners") == 0.0).await;
    Stream::open(&platform, "", None).await;
}

//! `/api/v1/events`: what lookout says, as Server-Sent Events.
//!
//! Each frame is written once, for all who listen. A listener who reads too slowly is cut off and
//! counted: it can come back with `Last-Event-ID` and misses nothing that is still kept. A comment
//! every fifteen seconds shows that the stream lives.
//!
//! Events are those of `errors`, `emergency`, `circuit-breaker`, `actions` and `alerts`: `{"topic":…,"document":…}`. With
//! `with=overview,services` the platform's state and the rows that changed come too, once a second;
//! these have no id, as only their latest matters. `recent=100` begins with the last hundred events.

use super::answers::with_type;
use super::api::overview::overview;
use super::ask::Ask;
use super::problem::Problem;
use super::routes::Answer;
use super::shared::{Frame, Inbox, Shared};
use crate::view::feed::Entry;
use axum::body::{Body, Bytes};
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Most listeners at once.
pub(super) const LISTENERS: usize = 256;
/// Most of the recent events that can be asked for: as many as are kept.
const RECENT: usize = 1_000;
/// How often a stream shows that it lives.
const ALIVE: Duration = Duration::from_secs(15);
/// The longest id that is looked at.
const LONGEST_ID: usize = 64;

/// A listener, and what it has yet to be sent.
struct Listener {
    shared: Arc<Shared>,
    frames: Receiver<Frame>,
    missed: VecDeque<Bytes>,
    /// The last event that it was sent, or was there before.
    last: u64,
    overview: bool,
    services: bool,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Begins a stream.
pub(super) fn listen(ask: &Ask) -> Answer {
    let with = ask.query.list("with");
    if let Some(other) = with.iter().find(|it| !["overview", "services"].contains(it)) {
        let shown: String = other.chars().take(64).collect();
        return Err(Problem::bad(format!("`with` is overview or services, not {shown:?}")));
    }
    let shared = ask.shared.clone();
    // All requests are answered on one thread: nobody comes between.
    if shared.listeners.load(Ordering::Relaxed) >= LISTENERS {
        return Err(Problem::unavailable(format!("{LISTENERS} listen already")));
    }
    shared.listeners.fetch_add(1, Ordering::Relaxed);
    ask.connection.has_stream();
    let id = ask.headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let id = id.filter(|id| id.len() <= LONGEST_ID);
    let recent = ask.query.number("recent", RECENT)?.unwrap_or(0);
    let (missed, last) = missed(&shared, id, recent);
    let listener = Listener {
        frames: shared.frames.subscribe(),
        missed,
        last,
        overview: with.contains(&"overview"),
        services: with.contains(&"services"),
        shared,
    };
    let frames = stream::unfold(listener, |mut listener| async move {
        let frame = listener.next().await?;
        Some((Ok::<_, Infallible>(frame), listener))
    });
    Ok(with_type("text/event-stream", Body::from_stream(frames)))
}

/// What a reader missed, and the last event there is. Who never listened before gets as many of the
/// recent ones as it asks for.
fn missed(shared: &Shared, id: Option<&str>, recent: usize) -> (VecDeque<Bytes>, u64) {
    let view = shared.view();
    let feed = view.feed();
    let last = feed.after(None).next_back().map_or(0, |entry| entry.number);
    // That the stream lives is shown at once.
    let mut missed = VecDeque::from([Bytes::from_static(b"retry: 2000\n: lookout\n\n")]);
    let all = feed.after(id);
    let skipped = if id.is_some() { 0 } else { feed.after(None).count().saturating_sub(recent) };
    missed.extend(all.skip(skipped).map(|entry| event(&feed.id(entry.number), entry)));
    (missed, last)
}

impl Listener {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.missed.pop_front() {
                return Some(frame);
            }
            match tokio::time::timeout(ALIVE, self.frames.recv()).await {
                Err(_) => return Some(Bytes::from_static(b": alive\n\n")),
                Ok(Ok(Frame::Event(entry, frame))) if entry.number > self.last => {
                    self.last = entry.number;
                    return Some(frame);
                }
                Ok(Ok(Frame::Overview(frame))) if self.overview => return Some(frame),
                Ok(Ok(Frame::Services(frame))) if self.services => return Some(frame),
                Ok(Ok(_)) => {}
                Ok(Err(RecvError::Lagged(_))) => {
                    self.shared.listeners_dropped.fetch_add(1, Ordering::Relaxed);
                    return None;
                }
                Ok(Err(RecvError::Closed)) => return None,
            }
        }
    }
}

/// Takes reports into the view, and tells those who listen, until the future is dropped.
pub(super) async fn keep(shared: &Shared, inbox: &mut Inbox) {
    loop {
        tokio::select! {
            biased;
            said = inbox.events.recv() => {
                // The corridor is gone and the program ends; until then probes are answered.
                let Some((event, documents)) = said else { return pending().await };
                let frames = {
                    let mut view = shared.view();
                    let entries = view.hear(&event, &documents);
                    let frame = |entry: Arc<Entry>| {
                        let frame = self::event(&view.feed().id(entry.number), &entry);
                        Frame::Event(entry, frame)
                    };
                    entries.into_iter().map(frame).collect::<Vec<_>>()
                };
                for frame in frames {
                    // Nobody may listen.
                    let _ = shared.frames.send(frame);
                }
            }
            changed = inbox.turns.changed() => {
                if changed.is_err() {
                    return pending().await;
                }
                let turn = inbox.turns.borrow_and_update().clone();
                if let Some(turn) = turn {
                    shared.view().take(turn);
                    tell(shared);
                }
            }
        }
    }
}

/// Tells those who listen how things stand.
fn tell(shared: &Shared) {
    if shared.listeners.load(Ordering::Relaxed) == 0 {
        return shared.rows().forget();
    }
    let view = shared.view();
    let json = serde_json::to_string(&overview(&view, &shared.plan.cluster, &shared.plan.id));
    let json = json.unwrap_or_default();
    let _ =
        shared.frames.send(Frame::Overview(format!("event: overview\ndata: {json}\n\n").into()));
    if let Some(json) = shared.rows().changes(&view) {
        let _ = shared
            .frames
            .send(Frame::Services(format!("event: services\ndata: {json}\n\n").into()));
    }
}

/// An event as a frame. JSON has no line breaks but those that we would write.
fn event(id: &str, entry: &Entry) -> Bytes {
    let topic = serde_json::Value::from(entry.topic.as_str());
    let document = &entry.payload;
    format!("id: {id}\ndata: {{\"topic\":{topic},\"document\":{document}}}\n\n").into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::shared::{FRAMES, Plan};
    use super::*;
    use crate::clock::Clock;
    use crate::config::Links;
    use crate::observer::Instant;
    use crate::runbook::Book;
    use futures_util::{FutureExt, StreamExt};

    fn shared() -> Arc<Shared> {
        let listen = ([127, 0, 0, 1], 0).into();
        let (cluster, id) = ("c".to_owned(), "i".to_owned());
        let plan = Plan {
            listen,
            tokens: Vec::new(),
            cluster,
            id,
            pairs: Vec::new(),
            runbooks: Book::shipped(),
            links: Links::default(),
        };
        Shared::new(plan, Clock::start()).0
    }

    fn listener(shared: &Arc<Shared>) -> Listener {
        shared.listeners.fetch_add(1, Ordering::Relaxed);
        Listener {
            shared: shared.clone(),
            frames: shared.frames.subscribe(),
            missed: VecDeque::new(),
            last: 0,
            overview: true,
            services: false,
        }
    }

    fn say(shared: &Shared, number: u64) {
        let (topic, payload) = ("t".to_owned(), "{}".to_owned());
        let entry = Arc::new(Entry { number, at: Instant::default(), topic, payload });
        let frame = event(&number.to_string(), &entry);
        shared.frames.send(Frame::Event(entry, frame)).unwrap();
    }

    #[tokio::test]
    async fn who_reads_too_slowly_is_cut_off_and_counted_and_nobody_else() {
        let shared = shared();
        let (mut quick, mut slow) = (listener(&shared), listener(&shared));
        for number in 1..=FRAMES as u64 + 1 {
            say(&shared, number);
            assert!(quick.next().await.unwrap().starts_with(b"id: "));
        }
        assert_eq!(slow.next().await, None);
        drop(slow);
        assert_eq!(shared.figures().dropped, 1);
        assert_eq!(shared.figures().listeners, 1);
        say(&shared, 9_999);
        assert!(quick.next().await.unwrap().starts_with(b"id: 9999\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_shows_that_it_lives() {
        let shared = shared();
        let listener = listener(&shared);
        let frames = stream::unfold(listener, |mut it| async move { Some((it.next().await?, it)) });
        let mut frames = std::pin::pin!(frames);
        assert_eq!(frames.next().now_or_never(), None, "nothing yet");
        assert_eq!(frames.next().await.unwrap(), ": alive\n\n");
    }
}

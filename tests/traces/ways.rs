//! The way to a collector: whom it is shown to, who it is believed to be, and what its answers mean. The exporter is
//! the real one, without a lookout around it where none is needed.

use crate::authority::Authority;
use crate::collector::{Answer, Collector};
use crate::line::soon;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lookout::clock::Clock;
use lookout::config::{self, Config};
use lookout::observer::Instant;
use lookout::observer::call::{Outcome, PairId};
use lookout::observer::errors::Code;
use lookout::observer::trace::{End, Identity, Sighting, SpanId, TraceId, Traced};
use lookout::telemetry::TraceFigures;
use lookout::trace::{Exporter, Tracer, reach};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Between two looks at figures.
const LOOK: Duration = Duration::from_millis(10);

/// Where reasons stand in the figures.
pub const REFUSED: usize = 1;
pub const EXPIRED: usize = 2;

/// An exporter at work; it ends with the value.
pub struct Sending {
    tracer: Option<Tracer>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The settings of a collector.
pub fn settings(endpoint: &str, more: &str) -> Config {
    let text = format!("[trace]\nendpoint = \"{endpoint}\"\nevery = \"10ms\"\n{more}\n");
    config::from_text(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

impl Sending {
    pub fn start(config: &Config) -> Self {
        let (exporter, tracer) = Exporter::new(config, Clock::start()).unwrap();
        Self { tracer: Some(tracer), task: tokio::spawn(exporter.run()) }
    }

    /// A call of two spans ended.
    pub fn tell(&self) {
        self.tracer.as_ref().unwrap().tell_all([call()]);
    }

    pub fn figures(&self) -> TraceFigures {
        self.tracer.as_ref().unwrap().figures()
    }

    /// Waits until the figures are as wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&TraceFigures) -> bool) -> TraceFigures {
        let mut look = tokio::time::interval(LOOK);
        let looking = async {
            while !wanted(&self.figures()) {
                look.tick().await;
            }
        };
        soon(what, looking).await;
        self.figures()
    }

    /// Waits until nothing is left of so many spans.
    pub async fn settled(&self, spans: u64) -> TraceFigures {
        let all = |it: &TraceFigures| it.exported + it.dropped.iter().sum::<u64>() == spans;
        self.until("all spans", all).await
    }
}

fn call() -> Traced {
    Traced {
        end: End::Answered(Outcome::Ok, Code::None),
        made: Instant::from_micros(1_796_083_200_000_000),
        ended: Instant::from_micros(1_796_083_200_250_000),
        service: "A".into(),
        method: Some("do".into()),
        pair: PairId(0),
        caller: None,
        trace: TraceId::of(7),
        span: SpanId::of(8),
        parent: None,
        remote: false,
        flags: 1,
        state: None,
        kept: false,
        seen: Arc::new(Sighting::new(Identity::Alone, true, 100, ["do", "1", "", "service/A"])),
    }
}

#[tokio::test]
async fn over_tls_only_who_is_trusted_is_sent_anything() {
    let authority = Authority::new();
    for (shows, trusts, good) in [
        ("broker", "ca", true),
        ("broker", "stranger-ca", false),
        ("expired", "ca", false),
        ("elsewhere", "ca", false),
    ] {
        let collector = Collector::start_encrypted(&authority, shows, Answer::status(200)).await;
        let trusted = format!("ca_file = {:?}\nretry_for = \"0s\"", authority.path(trusts));
        let config = settings(&collector.url(), &trusted);
        let sending = Sending::start(&config);
        sending.tell();
        let figures = sending.settled(2).await;
        let (host, reached) = reach(&config).await.unwrap();
        assert_eq!(host, collector.url());
        if good {
            assert_eq!((figures.exported, figures.failed, reached), (2, 0, Ok(())));
            assert_eq!(collector.told().len(), 2);
        } else {
            assert_eq!((figures.dropped[EXPIRED], figures.failed), (2, 1));
            let why = reached.unwrap_err();
            assert!(why.contains("certificate"), "{shows} {trusts}: {why}");
            assert!(collector.asked().is_empty(), "{shows} {trusts}");
        }
    }
    // Without TLS there is nobody who could speak it.
    let plain = Collector::start(Answer::status(200)).await;
    let url = plain.url().replace("http:", "https:");
    let trusted = format!("ca_file = {:?}\nretry_for = \"0s\"", authority.path("ca"));
    let sending = Sending::start(&settings(&url, &trusted));
    sending.tell();
    assert_eq!(sending.settled(2).await.dropped[EXPIRED], 2);
    assert!(plain.asked().is_empty());
}

#[tokio::test]
async fn a_collector_is_told_who_asks() {
    let files = Authority::new();
    let token = format!("token_file = {:?}", files.write("token", "a-token\n"));
    let password = format!(
        "user = \"lookout\"\npassword_file = {:?}",
        files.write("password", " p:äss wörd \n")
    );
    let lines = "# of the tenant\nX-Scope-OrgID: shop\n\n  x-api-key:  a: key  \n";
    let headers =
        format!("headers = [\"X-More: 1\"]\nheaders_file = {:?}", files.write("headers", lines));
    let basic = format!("Basic {}", BASE64_STANDARD.encode("lookout:p:äss wörd"));
    let cases: [(&str, &[(&str, &str)]); 4] = [
        ("", &[("authorization", ""), ("x-api-key", "")]),
        (&token, &[("authorization", "Bearer a-token")]),
        (&password, &[("authorization", &basic)]),
        (&headers, &[("x-scope-orgid", "shop"), ("x-api-key", "a: key"), ("x-more", "1")]),
    ];
    for (more, wanted) in cases {
        let collector = Collector::start(Answer::status(200)).await;
        let sending = Sending::start(&settings(&format!("{}/a/path", collector.url()), more));
        sending.tell();
        sending.settled(2).await;
        let [asked] = &collector.asked()[..] else { panic!("one request") };
        assert_eq!(asked.path, "/a/path");
        assert!(asked.header("user-agent").starts_with("lookout/"));
        for (name, value) in wanted {
            let sent = asked.headers.get(*name).map_or(&b""[..], |it| it.as_bytes());
            assert_eq!(sent, value.as_bytes(), "{more}");
        }
    }
}

#[tokio::test]
async fn what_may_be_taken_later_is_sent_again_and_what_is_refused_is_not() {
    let elsewhere = Collector::start(Answer::status(200)).await;
    let url = elsewhere.url();
    let refused = [300, 301, 307, 308, 400, 401, 403, 404, 405, 408, 413, 415, 422, 500, 501, 505];
    let later = [429, 502, 503, 504];
    for (statuses, reason) in [(&refused[..], REFUSED), (&later[..], EXPIRED)] {
        for status in statuses {
            let headers = vec![("location", url.clone())];
            let answer = Answer { headers, ..Answer::status(*status) };
            let collector = Collector::start(answer).await;
            let sending = Sending::start(&settings(&collector.url(), "retry_for = \"0s\""));
            sending.tell();
            let figures = sending.settled(2).await;
            assert_eq!((figures.dropped[reason], figures.failed), (2, 1), "{status}");
            assert_eq!(collector.asked().len(), 1, "{status}");
        }
    }
    assert!(elsewhere.asked().is_empty(), "a password goes to nobody else");
}

#[tokio::test]
async fn nobody_and_nobody_who_speaks_are_given_up_when_their_time_is_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let hangs = Collector::start(Answer::hangs()).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, said) in [
        (url, "operation timed out"),
        (hangs.url(), "operation timed out"),
        (format!("http://{closed}"), "Connection refused"),
    ] {
        let config = settings(&url, "timeout = \"100ms\"\nretry_for = \"0s\"");
        let sending = Sending::start(&config);
        sending.tell();
        let figures = sending.settled(2).await;
        assert_eq!((figures.dropped[EXPIRED], figures.failed), (2, 1), "{url}");
        let (_, reached) = reach(&config).await.unwrap();
        assert!(reached.as_ref().is_err_and(|why| why.contains(said)), "{url}: {reached:?}");
    }
}

#[tokio::test]
async fn a_collector_is_not_asked_before_it_wants_to_be() {
    // By itself it would be asked again after two seconds at the latest.
    for (wants, again) in [
        ("30", false),
        ("Fri, 31 Dec 2100 23:59:59 GMT", false),
        ("1", true),
        ("Tue, 01 Jan 2019 00:00:00 GMT", true),
        ("soon", true),
    ] {
        let headers = vec![("retry-after", wants.to_owned())];
        let collector = Collector::start(Answer { headers, ..Answer::status(503) }).await;
        let sending = Sending::start(&settings(&collector.url(), "retry_for = \"10s\""));
        sending.tell();
        sending.until("a refusal", |it| it.failed == 1).await;
        collector.answers(Answer::status(200));
        let figures = sending.settled(2).await;
        let wanted = if again { (2, [0; 4], 1) } else { (0, [0, 0, 2, 0], 1) };
        assert_eq!((figures.exported, figures.dropped, figures.failed), wanted, "{wants}");
        assert_eq!(collector.asked().len(), 1 + usize::from(again), "{wants}");
    }
}

#[tokio::test]
async fn what_it_takes_but_in_part_is_counted_in_parts() {
    let collector = Collector::start(Answer::rejects(3, "too old")).await;
    let sending = Sending::start(&settings(&collector.url(), "batch = 4"));
    for (rejects, refused) in [(3, 3), (0, 0), (-1, 0), (i64::MAX, 4)] {
        collector.answers(Answer::rejects(rejects, "too old"));
        let before = sending.figures();
        sending.tell();
        sending.tell();
        let all = before.exported + before.dropped[REFUSED] + 4;
        let after = sending.settled(all).await;
        assert_eq!(after.dropped[REFUSED] - before.dropped[REFUSED], refused, "{rejects}");
        assert_eq!((after.exported, after.failed), (all - after.dropped[REFUSED], 0));
    }
    // A good answer that nobody can read is one.
    let before = sending.figures().exported;
    collector.answers(Answer { body: b"\xff\xffgood".to_vec(), ..Answer::status(202) });
    sending.tell();
    sending.tell();
    let figures = sending.until("spans that were taken", |it| it.exported == before + 4).await;
    assert_eq!(figures.failed, 0);
}

#[tokio::test]
async fn of_its_words_one_tame_line_is_shown() {
    // `google.rpc.Status`: a code, and a message.
    let status =
        |message: &str| [b"\x08\x03\x12", &[message.len() as u8][..], message.as_bytes()].concat();
    let long = "x".repeat(1 << 20);
    let cut = format!("400 Bad Request: {}", &long[..300]);
    for (body, shown) in [
        (status("no such tenant"), "400 Bad Request: no such tenant"),
        (b"no such tenant\nat line 1".to_vec(), "400 Bad Request: no such tenant"),
        (b"\x1b[31mred\x1b[0m".to_vec(), "400 Bad Request: \\u{1b}[31mred\\u{1b}[0m"),
        (b" \r\n ".to_vec(), "400 Bad Request"),
        (long.clone().into_bytes(), &cut),
    ] {
        let collector = Collector::start(Answer { body, ..Answer::status(400) }).await;
        let (_, reached) = reach(&settings(&collector.url(), "")).await.unwrap();
        assert_eq!(reached.unwrap_err(), shown);
    }
}

#[tokio::test]
async fn its_words_show_no_secret() {
    let files = Authority::new();
    let headers = files.write("headers", "X-Api-Key: a-key-of-mine\nX-Scope-OrgID: shop");
    let (token, password) =
        (files.write("token", "a-token"), files.write("password", "a-password"));
    let basic =
        format!("user = \"lookout\"\npassword_file = {password:?}\nheaders_file = {headers:?}");
    let bearer = format!("token_file = {token:?}");
    for (more, said, shown) in [
        (&basic, "Basic bG9va291dDphLXBhc3N3b3Jk", "Basic ***"),
        (&basic, "shop: a-key-of-mine, a-password", "shop: ***, ***"),
        (&bearer, "what is Bearer a-token?", "what is Bearer ***?"),
    ] {
        let body = said.as_bytes().to_vec();
        let collector = Collector::start(Answer { body, ..Answer::status(401) }).await;
        let (_, reached) = reach(&settings(&collector.url(), more)).await.unwrap();
        assert_eq!(reached.unwrap_err(), format!("401 Unauthorized: {shown}"));
    }
}

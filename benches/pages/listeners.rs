//! What listeners to the event stream cost the loop that observes: with nobody, and with 200 who get every
//! row of 1 000 services each second, a few of whom read nothing.

use super::clocked;
use super::tape::{Cast, Recorder, Scene, at, observer, play};
use lookout::clock::Clock;
use lookout::http::{Desk, Plan, Server};
use lookout::observer::Snapshot;
use lookout::observer::survey::Survey;
use lookout::telemetry::Figures;
use lookout::view::Turn;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const LISTENERS: u64 = 200;
const STALLED: u64 = 5;
const TURNS: usize = 10;
/// What all of them read.
static BYTES: AtomicU64 = AtomicU64::new(0);

/// Times what the loop does for the pages, and how soon everybody has it.
pub(crate) fn report() {
    let snapshots = snapshots();
    let plan = Plan {
        listen: ([127, 0, 0, 1], 0).into(),
        tokens: Vec::new(),
        cluster: "bench".to_owned(),
        id: "bench".to_owned(),
        pairs: Vec::new(),
        runbooks: lookout::runbook::Book::shipped(),
        links: lookout::config::Links::default(),
    };
    let Ok((server, desk, _orders)) = Server::bind(plan, Clock::start()) else {
        return eprintln!("no port");
    };
    let address = server.address();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| runtime.block_on(server.serve()))
    });
    println!("1 000 services x 10 methods, every row changes");
    measure("nobody listens", &desk, &snapshots, &Arc::default(), 0);
    let received: Arc<AtomicU64> = Arc::default();
    for _ in 0..LISTENERS {
        let received = received.clone();
        std::thread::spawn(move || listen(address, &received));
    }
    let _stalled: Vec<_> = (0..STALLED).map(|_| connect(address)).collect();
    while page(address, "lookout_event_listeners ") < LISTENERS + STALLED {
        desk.turn(turn(&snapshots[0]));
        std::thread::sleep(Duration::from_millis(10));
    }
    received.store(0, Ordering::Relaxed);
    // They have the first one.
    measure("200 listen, 5 read nothing", &desk, &snapshots[1..], &received, LISTENERS);
}

/// Snapshots in which every service differs from the one before.
fn snapshots() -> Vec<Snapshot> {
    let scene = Scene {
        name: "listeners",
        services: 1_000,
        methods: 10,
        calls_per_second: 10_000,
        failed: 10,
        lost: 1,
    };
    let cast = Cast::new(&scene);
    let (mut recorder, mut observer, mut survey) =
        (Recorder::new(&scene, &cast, 1), observer(), Survey::default());
    let mut snapshot = |second| {
        play(&mut observer, &cast, &recorder.record(1));
        observer.survey(at(second + 1), &mut survey)
    };
    (0..TURNS as u64 * 10).map(&mut snapshot).step_by(10).collect()
}

fn turn(snapshot: &Snapshot) -> Turn {
    Turn { snapshot: snapshot.clone(), figures: Figures::default(), ..Turn::default() }
}

fn measure(
    what: &str,
    desk: &Desk,
    snapshots: &[Snapshot],
    received: &Arc<AtomicU64>,
    listeners: u64,
) {
    let (mut left, mut told) = (Vec::new(), Vec::new());
    BYTES.store(0, Ordering::Relaxed);
    for snapshot in snapshots {
        let turn = turn(snapshot);
        let before = received.load(Ordering::Relaxed);
        let (millis, ()) = clocked(|| desk.turn(turn));
        left.push(millis * 1e3);
        let (millis, ()) = clocked(|| {
            while received.load(Ordering::Relaxed) < before + listeners {
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        told.push(millis);
    }
    left.sort_by(f64::total_cmp);
    told.sort_by(f64::total_cmp);
    println!(
        "  {what}: the loop leaves a turn in {:.1} us (most {:.1})",
        left[TURNS / 2],
        left[left.len() - 1]
    );
    if listeners > 0 {
        println!(
            "  all have it within {:.0} ms (most {:.0})",
            told[told.len() / 2],
            told[told.len() - 1]
        );
        let reads = listeners * snapshots.len() as u64;
        let each = BYTES.load(Ordering::Relaxed).checked_div(reads).unwrap_or(0);
        println!("  {each} bytes each, each time");
    }
}

fn connect(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    let ask = "GET /api/v1/events?with=services HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(ask.as_bytes()).ok()?;
    Some(stream)
}

/// Reads for ever, and counts the ends of frames.
fn listen(address: SocketAddr, received: &AtomicU64) {
    /// Each frame has it once, near its end.
    const END: &[u8] = b"],\"gone\":[";
    let Some(mut stream) = connect(address) else { return };
    let (mut block, mut kept) = (vec![0; 1 << 16], 0);
    while let Ok(size @ 1..) = stream.read(&mut block[kept..]) {
        BYTES.fetch_add(size as u64, Ordering::Relaxed);
        let read = &block[..kept + size];
        received.fetch_add(memchr::memmem::find_iter(read, END).count() as u64, Ordering::Relaxed);
        // One may be cut in two.
        let (from, to) = (read.len().saturating_sub(END.len() - 1), read.len());
        block.copy_within(from..to, 0);
        kept = to - from;
    }
}

/// A figure of the metrics page.
fn page(address: SocketAddr, name: &str) -> u64 {
    let ask = || {
        let mut stream = TcpStream::connect(address).ok()?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)?.parse().ok())
    };
    ask().unwrap_or(0)
}

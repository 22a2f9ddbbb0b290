//! The whole program under 25 000 calls a second for ten seconds: a real Mosquitto, a generator, lookout as
//! a process of its own, and a collector that counts. Each answered call is two spans.
//!
//! Written for Linux, whose `/proc` tells what a process took.

use super::mosquitto::{Mosquitto, Setup};
use super::receiver::{Receiver, nobody};
use super::talk;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SECONDS: u64 = 10;
/// Bursts of a second, and calls of each.
const BURSTS: u64 = 500;
const CALLS: u64 = 50;

/// How calls travel.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// A burst is one message of fifty calls, and one of fifty replies.
    Batches,
    /// Each call and each reply is a message.
    Single,
}

/// Runs all; says whether nothing was lost where nothing may be.
pub(crate) fn report() -> bool {
    println!("{} calls/s for {SECONDS} s through Mosquitto and the real program", BURSTS * CALLS);
    println!(
        "  {:<42} {:>9} {:>9} {:>9} {:>7} {:>7} {:>7}",
        "", "calls", "spans", "dropped", "inbox -", "CPU s", "RSS MB"
    );
    let collector = Receiver::start();
    let on = format!("endpoint = \"{}\"", collector.url());
    let away = format!("endpoint = \"{}\"", nobody());
    let mut good = true;
    for (name, form, lines, told) in [
        ("batches of 50, no traces", Form::Batches, "", false),
        ("batches of 50, all are sent", Form::Batches, &*on, true),
        ("batches of 50, the collector is away", Form::Batches, &*away, false),
        ("one call a message, no traces", Form::Single, "", false),
        ("one call a message, all are sent", Form::Single, &*on, true),
        ("one call a message, the collector is away", Form::Single, &*away, false),
    ] {
        let before = collector.spans();
        let run = Run::new(form, lines, told);
        let spans = collector.spans() - before;
        let Run { calls, dropped, inbox, cpu, memory } = run;
        println!(
            "  {name:<42} {calls:>9} {spans:>9} {dropped:>9} {inbox:>7} {cpu:>7.2} {memory:>7}"
        );
        let all = SECONDS * BURSTS * CALLS;
        let whole = calls == all && inbox == 0 && (!told || (spans == 2 * all && dropped == 0));
        if !whole {
            println!("  ^ lost: {all} calls were made");
            good = false;
        }
    }
    good
}

/// What was seen of a run.
struct Run {
    calls: u64,
    dropped: u64,
    inbox: u64,
    cpu: f64,
    memory: u64,
}

impl Run {
    fn new(form: Form, lines: &str, told: bool) -> Self {
        // What a slow reader leaves waits at the broker instead of being dropped there.
        let mosquitto =
            Mosquitto::with(&Setup { lines: "max_queued_messages 0", ..Setup::default() });
        let lookout = Program::start(mosquitto.port(), lines);
        lookout.wait_for(|page| page.contains("\nlookout_link_up 1\n"));
        lookout.wait_for(|page| page.contains("\nlookout_in_doubt 0\n"));
        let (cpu, _) = lookout.used();
        generate(mosquitto.port(), form);
        let all = SECONDS * BURSTS * CALLS;
        lookout.wait_for(|page| {
            let lost = sum(page, "mqtt_messages_dropped_total") > 0;
            let answered = sum(page, "lookout_calls_total{") >= all;
            let sent = sum(page, "lookout_trace_spans_exported_total");
            let given_up = sum(page, "lookout_trace_dropped_total");
            lost || (answered && (!told || sent + given_up >= 2 * all))
        });
        let page = lookout.page();
        let (until, memory) = lookout.used();
        Self {
            calls: sum(&page, "lookout_calls_total{"),
            dropped: sum(&page, "lookout_trace_dropped_total"),
            inbox: sum(&page, "lookout_inbox_dropped_total"),
            cpu: until - cpu,
            memory,
        }
    }
}

/// The sum of all lines of the page that begin so.
fn sum(page: &str, begin: &str) -> u64 {
    let values = page.lines().filter(|line| line.starts_with(begin));
    let values = values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    values.sum::<f64>() as u64
}

/// The program; it ends with the value.
struct Program {
    child: Child,
    host: String,
    _directory: tempfile::TempDir,
}

impl Program {
    fn start(broker: u16, trace: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("lookout.toml");
        let config = format!(
            "[broker]\nurl = \"mqtt://127.0.0.1:{broker}\"\n[http]\nlisten = \"127.0.0.1:0\"\n[trace]\n{trace}\n"
        );
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
        command.arg("run").arg("--config").arg(file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let host = loop {
            let line = said.next().expect("lookout runs").unwrap();
            if let Some((_, at)) = line.split_once("metrics at http://") {
                break at.split_once('/').unwrap().0.to_owned();
            }
        };
        std::thread::spawn(move || said.for_each(drop));
        Self { child, host, _directory: directory }
    }

    fn page(&self) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let host = &self.host;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    fn wait_for(&self, wanted: impl Fn(&str) -> bool) {
        for _ in 0..150 {
            let page = self.page();
            assert!(page.starts_with("HTTP/1.1 200"), "{page}");
            if wanted(&page) {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        // What did not come within half a minute, the table shows.
    }

    /// Seconds of processor time so far, and the most memory that it had, in MB.
    fn used(&self) -> (f64, u64) {
        let of = |what: &str| {
            std::fs::read_to_string(format!("/proc/{}/{what}", self.child.id())).unwrap()
        };
        let (stat, status) = (of("stat"), of("status"));
        // Behind the name in parentheses: user and system time are the 12th and 13th.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
        let ticks: f64 = fields.skip(11).take(2).map(|it| it.parse::<f64>().unwrap()).sum();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
        // Linux reports a hundred ticks a second, whatever it uses itself.
        (ticks / 100.0, kilobytes / 1_024)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Publishes all calls and replies at their rate, by MQTT 3.1.1 with QoS 0.
fn generate(broker: u16, form: Form) {
    let mut line = TcpStream::connect(("127.0.0.1", broker)).unwrap();
    line.set_nodelay(true).unwrap();
    line.write_all(b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x03gen").unwrap();
    line.read_exact(&mut [0; 4]).unwrap();
    let watch = lookout::clock::Stopwatch::start();
    let mut bytes = Vec::new();
    for burst in 0..SECONDS * BURSTS {
        let numbers = burst * CALLS..(burst + 1) * CALLS;
        bytes.clear();
        match form {
            Form::Single => {
                numbers
                    .clone()
                    .for_each(|it| publish(&mut bytes, &talk::topic(it), &talk::call(it)));
                numbers.for_each(|it| publish(&mut bytes, talk::REPLIES, &talk::reply(it)));
            }
            Form::Batches => {
                let calls: Vec<_> = numbers.clone().map(talk::call).collect();
                let replies: Vec<_> = numbers.map(talk::reply).collect();
                publish(&mut bytes, &talk::topic(burst), &format!("[{}]", calls.join(",")));
                publish(&mut bytes, talk::REPLIES, &format!("[{}]", replies.join(",")));
            }
        }
        line.write_all(&bytes).unwrap();
        let due = Duration::from_secs(burst + 1) / u32::try_from(BURSTS).unwrap();
        let spent = Duration::from_micros(watch.elapsed().micros());
        std::thread::sleep(due.saturating_sub(spent));
    }
    let took = watch.elapsed().as_secs_f64();
    if took > SECONDS as f64 * 1.05 {
        println!("  the generator took {took:.1} s");
    }
}

/// Adds a message.
fn publish(bytes: &mut Vec<u8>, topic: &str, body: &str) {
    let mut length = 2 + topic.len() + body.len();
    bytes.push(0x30);
    loop {
        let more = if length > 127 { 0x80 } else { 0 };
        bytes.push((length % 128) as u8 | more);
        length /= 128;
        if length == 0 {
            break;
        }
    }
    bytes.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
    bytes.extend(topic.as_bytes());
    bytes.extend(body.as_bytes());
}

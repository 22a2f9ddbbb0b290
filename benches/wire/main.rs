//! What reading costs: time per message from bytes to inputs.
//!
//! `cargo bench --bench wire --no-default-features` reads the same calls and replies again and
//! again and throws the inputs away. The first row is the default pair on plain JSON-RPC; each
//! other row says what it takes beside that, in the same run; a word behind `--` picks the rows
//! whose name has it. Times are the median of several runs. Method and results: `docs/PERFORMANCE.md`.

use lookout::observer::digest::DigestKey;
use lookout::wire::dialect::{BodySpec, DialectSpec, SenderSpec};
use lookout::wire::encoding::Encoding;
use lookout::wire::outcome::RuleSpec;
use lookout::wire::{Message, PairSpec, Properties, Reader, Traffic, TrafficSpec, UserProperty};

const RUNS: usize = 9;
const ROUNDS: u32 = 200;
/// Calls of a round; each has its reply.
const CALLS: u32 = 500;

/// A message, owned.
struct Heard {
    topic: String,
    payload: Vec<u8>,
    user: Vec<UserProperty<'static>>,
}

impl Heard {
    fn message(&self) -> Message<'_> {
        let properties = Properties { user: &self.user, ..Properties::default() };
        Message { topic: &self.topic, payload: &self.payload, retain: false, properties }
    }
}

fn main() {
    let median_of = |spec: &TrafficSpec, heard: &[Heard]| {
        let mut times: Vec<f64> = (0..RUNS).map(|_| run(spec, heard)).collect();
        times.sort_by(f64::total_cmp);
        (times[RUNS / 2], times[0], times[RUNS - 1])
    };
    println!("time per message read, median of {RUNS} runs");
    let mut first = None;
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let wanted = wanted.unwrap_or_default();
    for (name, spec, heard) in scenes().into_iter().filter(|(name, ..)| name.contains(&wanted)) {
        let (median, least, most) = median_of(&spec, &heard);
        let base = *first.get_or_insert(median);
        println!(
            "  {name:<44} {median:>6.0} ns  ({least:.0} to {most:.0}), {:.2} x the first",
            median / base
        );
    }
}

fn scenes() -> Vec<(&'static str, TrafficSpec, Vec<Heard>)> {
    let plain = DialectSpec::default();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let rule = RuleSpec {
        from: "property:__stat".to_owned(),
        ok: texts(&["2??"]),
        rejected: texts(&["4??"]),
        failed: texts(&["5??"]),
    };
    let body = BodySpec { id: texts(&["data.id", "id"]), ..BodySpec::default() };
    let sender = SenderSpec {
        property: "side".to_owned(),
        client: texts(&["client"]),
        server: texts(&["server"]),
    };
    let cbor = DialectSpec { encoding: Encoding::Cbor, ..DialectSpec::default() };
    vec![
        ("JSON-RPC, the default pair", spec(plain.clone()), json(&[])),
        ("the same with a user property", spec(plain), json(&[("__stat", "200")])),
        (
            "its outcome in the user property",
            spec(DialectSpec { outcome: vec![rule], ..DialectSpec::default() }),
            json(&[("__stat", "200")]),
        ),
        ("ids by another name", spec(DialectSpec { body, ..DialectSpec::default() }), json(&[])),
        (
            "who sends in the user property",
            spec(DialectSpec { sender: Some(sender), ..DialectSpec::default() }),
            json(&[("side", "client")]),
        ),
        ("CBOR", spec(cbor), encoded()),
    ]
}

fn spec(dialect: DialectSpec) -> TrafficSpec {
    let text = |text: &str| text.to_owned();
    TrafficSpec {
        cluster: text("main"),
        observer_id: text("lookout-1"),
        ignore: Vec::new(),
        activity: vec![text("ui/change/{channel}")],
        security: ["security/auth/{kind}", "security/authz/{kind}", "service/{service}/security"]
            .map(text)
            .into(),
        pairs: vec![PairSpec {
            name: text("service-functions"),
            call: text("service/{service}"),
            reply: vec!["session/{session}/response".into()],
            dialect,
            ..PairSpec::default()
        }],
        max_payload: 1 << 20,
        who: None,
    }
}

/// The bodies of a call and its reply, some 250 bytes each.
fn bodies(at: u32) -> [String; 2] {
    let session = at % 40;
    [
        format!(
            r#"{{"jsonrpc":"2.0","method":"GetUserById","params":{{"userId":"0b6e4b86-1e2c-4a38-8d8b-{at:012}","include":["roles","groups"],"locale":"de-DE"}},"id":"{at:08}-8d8b-4a38","replyTo":"session/{session}/response","sessionId":"{session}"}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","result":{{"userId":"0b6e4b86-1e2c-4a38-8d8b-{at:012}","name":"Somebody Else","roles":["admin","user"],"groups":[1,2,3],"active":true,"since":"2024-11-22T10:30:00Z"}},"id":"{at:08}-8d8b-4a38"}}"#
        ),
    ]
}

fn topics(at: u32) -> [String; 2] {
    [format!("service/Service{}", at % 50), format!("session/{}/response", at % 40)]
}

fn json(user: &[(&'static str, &'static str)]) -> Vec<Heard> {
    let own: Vec<UserProperty<'static>> =
        user.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let both = (0..CALLS).flat_map(|at| topics(at).into_iter().zip(bodies(at)));
    let heard =
        both.map(|(topic, body)| Heard { topic, payload: body.into_bytes(), user: own.clone() });
    heard.collect()
}

/// The same messages in CBOR.
fn encoded() -> Vec<Heard> {
    let both = (0..CALLS).flat_map(|at| topics(at).into_iter().zip(bodies(at)));
    let heard = both.map(|(topic, body)| {
        let mut payload = Vec::new();
        write(&serde_json::from_str(&body).unwrap_or_default(), &mut payload);
        Heard { topic, payload, user: Vec::new() }
    });
    heard.collect()
}

fn write(value: &serde_json::Value, out: &mut Vec<u8>) {
    let mut encoder = minicbor::Encoder::new(&mut *out);
    // Writing to memory cannot fail.
    let _ = match value {
        serde_json::Value::Null => encoder.null().map(drop),
        serde_json::Value::Bool(flag) => encoder.bool(*flag).map(drop),
        serde_json::Value::Number(number) => {
            encoder.i64(number.as_i64().unwrap_or_default()).map(drop)
        }
        serde_json::Value::String(text) => encoder.str(text).map(drop),
        serde_json::Value::Array(elements) => {
            let begun = encoder.array(elements.len() as u64).map(drop);
            elements.iter().for_each(|element| write(element, out));
            begun
        }
        serde_json::Value::Object(members) => {
            let begun = encoder.map(members.len() as u64).map(drop);
            for (name, value) in members {
                let _ = minicbor::Encoder::new(&mut *out).str(name);
                write(value, out);
            }
            begun
        }
    };
}

fn run(spec: &TrafficSpec, heard: &[Heard]) -> f64 {
    let Ok(traffic) = Traffic::new(spec) else { return f64::NAN };
    let mut reader = Reader::new(traffic, DigestKey::new(1, 2));
    let mut inputs = 0_usize;
    let mut pass = |rounds: u32| {
        for _ in 0..rounds {
            for heard in heard {
                reader.read(std::hint::black_box(&heard.message()), &mut |input| {
                    std::hint::black_box(&input);
                    inputs += 1;
                });
            }
        }
    };
    pass(ROUNDS / 10);
    clocked(|| pass(ROUNDS)) / f64::from(ROUNDS) / heard.len() as f64
}

/// What something takes, in nanoseconds of the real clock.
#[allow(clippy::disallowed_methods)]
fn clocked(what: impl FnOnce()) -> f64 {
    let begin = std::time::Instant::now();
    what();
    begin.elapsed().as_nanos() as f64
}

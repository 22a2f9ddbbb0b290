//! `lookout discover`: the right pair is found in traffic that no profile knows, amid telemetry, and
//! nothing is found in telemetry alone.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lookout::discover::{Proposal, Tape, TapeLimits, proposals};
use lookout::observer::{Instant, Span};
use lookout::wire::{Message, Properties};

/// A message: its time in milliseconds, topic, payload, Response Topic and Correlation Data.
type Said = (u64, String, Vec<u8>, Option<String>, Option<Vec<u8>>);

/// Traffic in the making.
#[derive(Default)]
struct Traffic {
    messages: Vec<Said>,
    seed: u64,
}

impl Traffic {
    fn say(&mut self, at: u64, topic: impl Into<String>, payload: impl Into<String>) {
        self.messages.push((at, topic.into(), payload.into().into_bytes(), None, None));
    }

    fn ask(&mut self, at: u64, topic: &str, reply: &str, data: Option<&str>) {
        let data = data.map(|data| data.as_bytes().to_vec());
        self.messages.push((at, topic.into(), vec![1, 2, 3], Some(reply.into()), data));
    }

    fn tell(&mut self, at: u64, topic: &str, data: Option<&str>) {
        let data = data.map(|data| data.as_bytes().to_vec());
        self.messages.push((at, topic.into(), vec![4], None, data));
    }

    /// xorshift64* (Vigna, 2016): the same numbers each time.
    fn random(&mut self, below: u64) -> u64 {
        self.seed ^= self.seed >> 12;
        self.seed ^= self.seed << 25;
        self.seed ^= self.seed >> 27;
        self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) % below
    }

    /// A minute of what sensors, lamps and gateways say: values, states, counters in step, times,
    /// names of devices everywhere, commands that nobody acknowledges but by a state.
    fn telemetry(&mut self, seed: u64) {
        self.seed = seed | 1;
        for at in (0..60_000_u64).step_by(500) {
            let (value, lamp) = (self.random(400), self.random(6));
            let number = at / 500;
            self.say(at, format!("sensors/{}/temperature", value % 7), format!("{value}"));
            for room in ["kitchen", "hall"] {
                // Two counters in step, an id of a device, and a time.
                let body = format!(
                    r#"{{"id":{number},"device":"sensor-{room}","seq":{number},"ts":1790000{at:06},"value":{value}}}"#
                );
                self.say(at + 3, format!("home/{room}/climate"), body.clone());
                self.say(at + 5, format!("log/{room}/climate"), body);
            }
            self.say(at + 20, format!("zigbee/lamp{lamp}/set"), r#"{"state":"ON"}"#);
            let state = format!(r#"{{"state":"ON","linkquality":{value},"action":"single"}}"#);
            self.say(at + 60, format!("zigbee/lamp{lamp}"), state);
            let status = format!(r#"{{"status":"ok","uptime":{number},"device_id":"gw-{lamp}"}}"#);
            self.say(at + 70, format!("gateways/gw-{lamp}/status"), status);
            // A chain of events that share what they are about, and commands by another name.
            let login = format!(r#"{{"id":"user-{number}","action":"login"}}"#);
            self.say(at + 30, "shop/logins", login);
            let cart = format!(r#"{{"id":"user-{number}","status":"open"}}"#);
            self.say(at + 230, "shop/carts", cart);
            self.say(at + 40, "cmnd/plug/POWER", "TOGGLE");
            self.say(at + 45, "stat/plug/RESULT", r#"{"POWER":"ON"}"#);
            let order = format!(r#"{{"command":"report","device_id":"gw-{lamp}"}}"#);
            self.say(at + 10, format!("gateways/gw-{lamp}/command"), order);
        }
    }

    fn proposals(mut self) -> Vec<Proposal> {
        self.messages.sort_by_key(|(at, ..)| *at);
        let mut tape = Tape::new(TapeLimits::default());
        for (at, topic, payload, response_topic, correlation) in &self.messages {
            let properties = Properties {
                response_topic: response_topic.as_deref(),
                correlation_data: correlation.as_deref(),
                ..Properties::default()
            };
            let at = Instant::from_micros(1_790_000_000_000_000) + Span::from_millis(*at);
            tape.hear(at, &Message { topic, payload, retain: false, properties });
        }
        proposals(&tape)
    }
}

/// What is to be found, and who makes the traffic.
type Case = (&'static str, &'static [&'static str], fn(&mut Traffic));

/// Each with the lines that must be among those proposed.
const CASES: [Case; 11] = [
    (
        "replies where the call says, random ids",
        &[r#"call = "backend/{service}""#, r#"reply = "inbox/{session}/answers""#],
        |traffic| {
            for at in 0..12_u64 {
                let (id, who) = (format!("6f1c{at:04}-77aa-4e02"), at % 3);
                let call = format!(
                    r#"{{"jsonrpc":"2.0","id":"{id}","method":"get","replyTo":"inbox/u{who}/answers"}}"#
                );
                let service = ["Users", "Orders", "Stock"][at as usize % 3];
                traffic.say(at * 700, format!("backend/{service}"), call);
                let reply = format!(r#"{{"jsonrpc":"2.0","id":"{id}","result":{{}}}}"#);
                traffic.say(at * 700 + 30, format!("inbox/u{who}/answers"), reply);
            }
        },
    ),
    (
        "a path with the method and the client, small ids of several clients",
        &[
            r#"call = "plant/v2/{service}/{method}/{client}""#,
            r#"reply = "plant/v2/{service}/{method}/{client}/reply""#,
        ],
        |traffic| {
            for at in 0..20_u64 {
                let topic = format!(
                    "plant/v2/{}/{}/c{}",
                    ["pump", "valve"][at as usize % 2],
                    ["start", "stop", "read"][at as usize % 3],
                    at % 4
                );
                let id = at / 4;
                traffic.say(at * 300, topic.clone(), format!(r#"{{"id":{id},"params":{{}}}}"#));
                let reply = format!(r#"{{"id":{id},"result":1,"error":null}}"#);
                traffic.say(at * 300 + 20, format!("{topic}/reply"), reply);
            }
        },
    ),
    (
        "the reply goes to a name in the body",
        &[r#"call = "{service}/do""#, r#"reply = "{body.src}/do""#],
        |traffic| {
            for at in 0..12_u64 {
                let (device, app) = (at % 3, at % 2);
                let call = format!(r#"{{"id":{at},"src":"app{app}","method":"Switch.Set"}}"#);
                traffic.say(at * 500, format!("plug{device}/do"), call);
                let reply = format!(r#"{{"id":{at},"dst":"app{app}","result":{{"on":true}}}}"#);
                traffic.say(at * 500 + 80, format!("app{app}/do"), reply);
            }
        },
    ),
    (
        "ids by another name, a status for the outcome",
        &[
            r#"call = "bridge/request/{service}""#,
            r#"reply = "bridge/response/{service}""#,
            r#"id = "transaction""#,
            r#"from = "body:status""#,
        ],
        |traffic| {
            for at in 0..9_u64 {
                let what = ["join", "rename", "remove"][at as usize % 3];
                let call = format!(r#"{{"transaction":"t{at}x7","to":"lamp{}"}}"#, at % 2);
                traffic.say(at * 900, format!("bridge/request/{what}"), call);
                let status = if at % 3 == 2 { "error" } else { "ok" };
                let reply =
                    format!(r#"{{"data":{{}},"status":"{status}","transaction":"t{at}x7"}}"#);
                traffic.say(at * 900 + 200, format!("bridge/response/{what}"), reply);
            }
        },
    ),
    (
        "the id is a level of the topic",
        &[r#"call = "units/{service}/req/{call}""#, r#"reply = "units/{service}/res/{call}""#],
        |traffic| {
            for at in 0..15_u64 {
                let unit = ["u-north", "u-south"][at as usize % 2];
                let id = 100 + at;
                traffic.say(at * 400, format!("units/{unit}/req/{id}"), r#"{"method":"read"}"#);
                traffic.say(at * 400 + 15, format!("units/{unit}/res/{id}"), r#"{"value":3}"#);
            }
        },
    ),
    (
        "commands and acknowledgements with nested members",
        &[
            r#"call = "fleet/{service}/cmd""#,
            r#"reply = "fleet/{service}/ack""#,
            r#"method = "cmd.name""#,
        ],
        |traffic| {
            for at in 0..10_u64 {
                let truck = at % 4;
                let call = format!(r#"{{"ref":"r-{at}-9f","cmd":{{"name":"lock"}}}}"#);
                traffic.say(at * 600, format!("fleet/truck{truck}/cmd"), call);
                let reply = format!(r#"{{"ref":"r-{at}-9f","success":true}}"#);
                traffic.say(at * 600 + 400, format!("fleet/truck{truck}/ack"), reply);
            }
        },
    ),
    (
        "both directions on one topic",
        &[r#"call = "bus/{service}""#, r#"reply = "bus/{service}""#],
        |traffic| {
            for at in 0..10_u64 {
                let bus = ["a", "b"][at as usize % 2];
                let call = format!(r#"{{"jsonrpc":"2.0","id":{at},"method":"ping"}}"#);
                traffic.say(at * 400, format!("bus/{bus}"), call);
                let reply = format!(r#"{{"jsonrpc":"2.0","id":{at},"result":"pong"}}"#);
                traffic.say(at * 400 + 9, format!("bus/{bus}"), reply);
            }
        },
    ),
    (
        "Response Topic and Correlation Data, payloads that say nothing",
        &[r#"call = "heating/{service}/set""#, r#"reply = "panel/answers""#],
        |traffic| {
            for at in 0..8_u64 {
                let (topic, data) = (format!("heating/zone{}/set", at % 3), format!("k{at}"));
                traffic.ask(at * 500, &topic, "panel/answers", Some(&data));
                traffic.tell(at * 500 + 40, "panel/answers", Some(&data));
            }
        },
    ),
    (
        "a Response Topic and nothing else",
        &[r#"call = "doors/{service}""#, r#"reply = "desk/{session}""#],
        |traffic| {
            for at in 0..8_u64 {
                let reply = format!("desk/{}", at % 2);
                traffic.ask(at * 500, &format!("doors/d{}", at % 2), &reply, None);
                traffic.tell(at * 500 + 40, &reply, None);
            }
        },
    ),
    ("the default pair", &[r#"profile = "service-functions""#], |traffic| {
        for at in 0..6_u64 {
            let call = format!(r#"{{"jsonrpc":"2.0","id":{at},"method":"get","sessionId":"s1"}}"#);
            traffic.say(at * 800, "service/Users", call);
            let reply = format!(r#"{{"jsonrpc":"2.0","id":{at},"result":[]}}"#);
            traffic.say(at * 800 + 25, "session/s1/response", reply);
        }
    }),
    (
        "service-call documents",
        &[r#"call = "functions/{service}""#, r#"reply = "outbox/{session}""#],
        |traffic| {
            for at in 0..9_u64 {
                let service = ["Mail", "Print"][at as usize % 2];
                let call = format!(
                    r#"{{"serviceName":"{service}","methodName":"send","messageId":"m-{at}","replyTo":"outbox/w{}"}}"#,
                    at % 3
                );
                traffic.say(at * 800, format!("functions/{service}"), call);
                let reply = format!(r#"{{"jsonrpc":"2.0","id":"m-{at}","result":[]}}"#);
                traffic.say(at * 800 + 25, format!("outbox/w{}", at % 3), reply);
            }
        },
    ),
];

#[test]
fn the_pair_is_found_alone_and_amid_telemetry() {
    for (name, wanted, write) in CASES {
        for noise in [None, Some(7), Some(1_234_567)] {
            let mut traffic = Traffic::default();
            write(&mut traffic);
            if let Some(seed) = noise {
                traffic.telemetry(seed);
            }
            let calls = traffic.messages.len() as u64;
            let found = traffic.proposals();
            let lines: Vec<_> = found.iter().map(|it| it.lines.as_str()).collect();
            assert_eq!(found.len(), 1, "{name}, noise {noise:?}: {}", lines.join("\n"));
            for line in wanted {
                assert!(lines[0].contains(line), "{name}, noise {noise:?}: {line} in {}", lines[0]);
            }
            let figures = found[0].figures;
            assert_eq!(figures.answered, figures.calls, "{name}: {figures:?}");
            assert!(noise.is_some() || figures.calls == calls / 2, "{name}: {figures:?}");
        }
    }
}

#[test]
fn nothing_is_found_in_telemetry() {
    for seed in 1..12 {
        let mut traffic = Traffic::default();
        traffic.telemetry(seed * 7_919);
        let found = traffic.proposals();
        assert!(found.is_empty(), "seed {seed}: {found:?}");
    }
}

/// More calls than links that are looked at.
#[test]
fn a_busy_system_is_found_as_well() {
    let mut traffic = Traffic::default();
    for at in 0..11_000_u64 {
        let call = format!(r#"{{"id":"id-{at}","method":"get","replyTo":"inbox/u{}"}}"#, at % 9);
        traffic.say(at * 2, format!("backend/S{}", at % 7), call);
        traffic.say(
            at * 2 + 1,
            format!("inbox/u{}", at % 9),
            format!(r#"{{"id":"id-{at}","result":1}}"#),
        );
    }
    let found = traffic.proposals();
    assert_eq!(found.len(), 1);
    assert!(found[0].lines.contains("call = \"backend/{service}\""), "{}", found[0].lines);
    assert_eq!((found[0].figures.calls, found[0].figures.answered), (11_000, 11_000));
}

#[test]
fn two_systems_are_told_apart() {
    let mut traffic = Traffic::default();
    CASES[0].2(&mut traffic);
    CASES[3].2(&mut traffic);
    CASES[7].2(&mut traffic);
    traffic.telemetry(5);
    let found = traffic.proposals();
    let lines: Vec<_> = found.iter().map(|it| it.lines.as_str()).collect();
    assert_eq!(found.len(), 3, "{}", lines.join("\n"));
    for at in [0, 3, 7] {
        let (name, wanted, _) = CASES[at];
        let all = |lines: &&&str| wanted.iter().all(|line| lines.contains(line));
        assert!(lines.iter().any(|it| all(&it)), "{name} in {}", lines.join("\n"));
    }
}

#[test]
fn what_finds_no_room_is_counted_and_strange_messages_are_harmless() {
    let mut tape = Tape::new(TapeLimits { messages: 40, bytes: 4_000 });
    let deep = "[".repeat(100_000);
    let at = Instant::from_micros(1);
    for topic in ["", "/", "a/{b}/+", "\u{0}", "$x/y", &"l/".repeat(300)] {
        for payload in [
            &b""[..],
            b"{",
            b"{\"id\":1e400}",
            b"{\"a.b\":{\"\":1}}",
            &[0xbf, 0xff],
            deep.as_bytes(),
        ] {
            tape.hear(at, &Message { topic, payload, ..Message::default() });
        }
    }
    assert!(tape.left_out() > 0 && !tape.is_empty());
    assert_eq!(proposals(&tape), []);
}

/// What strangers write into names, topics and bodies stays within a comment or a string.
#[test]
fn nobody_writes_a_line_of_the_configuration() {
    let mut traffic = Traffic::default();
    for at in 0..12_u64 {
        let evil = r#"x\n[broker]\nurl = \"mqtt://evil\"\n#"#;
        let quoted = r#"id\" }\n[broker]\nurl = \"mqtt://evil\"\n#"#;
        let call = format!(
            r#"{{"id":{at},"method":"{evil}.get","{quoted}":"k{at}","{evil}":{{"cmd":"go"}}}}"#
        );
        traffic.say(at * 500, "backend/rpc", call);
        let reply = format!(r#"{{"id":{at},"{quoted}":"k{at}","result":1}}"#);
        traffic.say(at * 500 + 20, "backend/rpc/reply", reply);
    }
    let found = traffic.proposals();
    assert_eq!(found.len(), 1, "{found:?}");
    let comments = found[0].evidence.iter().chain([&found[0].title]);
    assert!(comments.clone().all(|it| !it.contains(['\n', '\r', '\u{1b}'])), "{found:?}");
    assert!(comments.clone().any(|it| it.contains("evil")), "the service's name is one of them");
    assert!(!found[0].lines.contains("evil"), "{}", found[0].lines);
}

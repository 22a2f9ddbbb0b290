//! One hundred thousand messages from a seed: garbage, mutants of good ones, and traps.

use crate::kit::Line;
use crate::lcg::Lcg;
use lookout::wire::Properties;

const MESSAGES: u64 = 100_000;

const VALID: [&str; 8] = [
    r#"{"jsonrpc":"2.0","id":"req-1","method":"createUser","params":{"a":[1,2]},"replyTo":"session/s/response"}"#,
    r#"{"serviceName":"U","methodName":"m","messageId":"7","sessionId":"s","userContext":{"userId":"u"}}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":{"a":null}}"#,
    r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"x","data":{"source":"lookout-1"}}}"#,
    r#"[{"jsonrpc":"2.0","id":1,"method":"a.b"},{"id":2,"result":null}]"#,
    r#"{"id":-9223372036854775808,"method":"\ud83d\ude00"}"#,
    r#"{"id":1e2,"method":"x/y/z","replyTo":"a/+/#"}"#,
    r#"{"id":null,"error":"broken"}"#,
];

/// Names that want out of their topic, or to be too long for it.
fn name(random: &mut Lcg) -> String {
    let odd = [
        "a+b",
        "#",
        "+",
        "a\0b",
        "",
        "a b",
        "ü",
        "%2B",
        "\u{202e}x",
        "..",
        "\"",
        "{x}",
        "$SYS",
        "_other",
        "\n",
    ];
    match random.below(4) {
        0 => random.pick(&odd).to_owned(),
        1 => format!("svc-{}", random.below(1_000_000)),
        2 => "n".repeat(random.below(400) as usize),
        _ => format!("{}{}", random.pick(&odd), random.below(50)),
    }
}

fn topic(random: &mut Lcg) -> String {
    let name = name(random);
    match random.below(9) {
        0..3 => format!("service/{name}"),
        3 => format!("session/{name}/response"),
        4 => format!("rpc/{name}/m{}/{}", random.below(300), random.below(9)),
        5 => format!("rpc/{name}/m/{}/reply", random.below(9)),
        6 => format!("bus/{name}"),
        7 => format!("ui/change/{name}"),
        _ => random
            .pick(&[
                "",
                "/",
                "#",
                "service",
                "security/auth/x",
                "system/main/errors",
                "noise/x",
                "service//",
                "$SYS/x",
            ])
            .to_owned(),
    }
}

fn mutated(random: &mut Lcg) -> Vec<u8> {
    let mut bytes = random.pick(&VALID).as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len().max(1) as u64) as usize;
        match random.below(4) {
            _ if bytes.is_empty() => {}
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes.truncate(at),
            2 => {
                let other = random.pick(&VALID).as_bytes();
                let from = random.below(other.len() as u64) as usize;
                bytes.splice(at.., other[from..].iter().copied());
            }
            _ => bytes[at] = random.next() as u8,
        }
    }
    bytes
}

fn payload(random: &mut Lcg) -> Vec<u8> {
    match random.below(100) {
        0..15 => (0..random.below(80)).map(|_| random.next() as u8).collect(),
        15..60 => mutated(random),
        60..75 => random.pick(&VALID).into(),
        75..78 => {
            let depth = random.below(400) as usize;
            format!(
                r#"{{"id":1,"method":"m","params":{}{}}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            )
            .into()
        }
        78 => format!(r#"{{"id":"{}","method":"m"}}"#, "i".repeat(random.below(20_000) as usize))
            .into(),
        79 => format!(r#"{{"id":1,"method":"{}.m"}}"#, "s".repeat(random.below(20_000) as usize))
            .into(),
        80 => format!(r#"{{"id":{},"method":"m"}}"#, "9".repeat(random.below(300) as usize)).into(),
        81 => "[".repeat(random.below(5_000) as usize).into(),
        82..92 => {
            format!(r#"{{"id":{},"method":"m{}"}}"#, random.below(5), random.below(300)).into()
        }
        _ => format!(r#"{{"id":{},"result":1}}"#, random.below(5)).into(),
    }
}

fn hostile(line: &mut Line, random: &mut Lcg) {
    let topic = topic(random);
    let payload = payload(random);
    let response = ["session/x/response", "", "a/+", "elsewhere", "bus/x", "rpc/a/b/c/reply", "\0"];
    let data = random.next().to_le_bytes();
    let data = &data[..random.below(9) as usize];
    let properties = Properties {
        response_topic: (random.below(6) == 0).then(|| random.pick(&response)),
        correlation_data: (random.below(6) == 0).then_some(data),
        message_expiry: (random.below(9) == 0).then(|| random.next() as u32 >> random.below(32)),
        user: &[],
    };
    line.hear(&topic, &payload, properties);
}

#[test]
fn a_storm_changes_nothing_for_the_good_service() {
    let mut random = Lcg::new(2026);
    let mut line = Line::new(|settings| {
        settings.limits.services = 200;
        settings.limits.open_calls = 5_000;
    });
    // The good service has answered before, so nobody takes its place.
    line.good();
    for at in 1..=MESSAGES {
        hostile(&mut line, &mut random);
        if at % 100 == 0 {
            line.good();
        }
        if at % 5_000 == 0 {
            line.check(200);
            line.pass(random.below(5_000_000));
        }
    }
    line.settle();
    line.check(200);
    line.check_good();
    let counted = line.counted();
    // A message is one thing or, as a batch, several; a reply that settles a call is one too.
    assert!(counted >= line.heard, "{counted} counted of {} heard", line.heard);
}

#[test]
fn without_batches_every_message_is_counted_exactly_once() {
    for seed in 0..20 {
        let mut random = Lcg::new(seed);
        let mut line = Line::new(|settings| settings.limits.services = 20);
        for at in 0..500 {
            let topic = topic(&mut random);
            let payload = payload(&mut random);
            if payload.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
                continue;
            }
            line.hear(&topic, &payload, Properties::default());
            line.pass(random.below(100_000));
            if at % 100 == 0 {
                line.check(20);
            }
        }
        line.settle();
        assert_eq!(line.counted(), line.heard, "seed {seed}");
    }
}

//! Advice from recordings: each is read by the real program with the real pipeline.

use crate::tape::Tape;
use crate::{advise, stdout, text};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

const MINUTE: u64 = 60_000;

/// Calls every so often, each with its own way of being answered.
struct Traffic {
    tape: Tape,
}

impl Traffic {
    fn new() -> Self {
        Self { tape: Tape::new() }
    }

    /// A call of a method at `at`, answered with `reply` after `took`, if at all.
    fn call(&mut self, at: u64, service: &str, method: &str, reply: Option<(u64, Value)>) {
        let id = self.tape.id();
        // Fifty callers.
        let session = format!("s{}", id % 50);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "sessionId": session});
        self.tape.message(at, &format!("service/{service}"), body.to_string());
        if let Some((took, mut reply)) = reply {
            reply["jsonrpc"] = "2.0".into();
            reply["id"] = id.into();
            let topic = format!("session/{session}/response");
            self.tape.message(at + took, &topic, reply.to_string());
        }
    }

    /// What the program makes of it.
    fn advice(&self, config: &str, arguments: &[&str]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| -> PathBuf { directory.path().join(name) };
        std::fs::write(path("day.ndjson"), self.tape.text()).unwrap();
        std::fs::write(path("lookout.toml"), config).unwrap();
        let mut command = advise(&["--replay"]);
        command.arg(path("day.ndjson")).arg("--config").arg(path("lookout.toml"));
        stdout(&command.args(arguments).output().expect("the program runs"))
    }

    /// What lookout says of it meanwhile.
    fn alarms(&self) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), self.tape.text()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
        stdout(&command.env_clear().arg("replay").arg(file.path()).output().unwrap())
    }

    fn json(&self, config: &str) -> Value {
        let advice = serde_json::from_str(&self.advice(config, &["--json"])).expect("JSON");
        check(&advice);
        advice
    }

    /// The kinds that are found, each with its service and method.
    fn kinds(&self, config: &str) -> Vec<String> {
        let advice = self.json(config);
        let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or("-").to_owned();
        let line = |finding: &Value| {
            format!(
                "{} {} {}",
                word(finding, "kind"),
                word(finding, "service"),
                word(finding, "method")
            )
        };
        advice["findings"].as_array().unwrap().iter().map(line).collect()
    }
}

fn ok(took: u64) -> Option<(u64, Value)> {
    Some((took, json!({ "result": 1 })))
}

fn error(code: i64) -> Option<(u64, Value)> {
    Some((20, json!({ "error": { "code": code, "message": "no" } })))
}

/// Holds advice to the shape that the API promises.
fn check(advice: &Value) {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/openapi.json");
    let document: Value = serde_json::from_slice(&std::fs::read(document).unwrap()).unwrap();
    let content = &document["paths"]["/api/v1/advice"]["get"]["responses"]["200"]["content"];
    let mut schema = content["application/json"]["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(advice).map(|it| it.to_string()).collect();
    assert_eq!(errors, [""; 0], "{advice:#}");
}

#[test]
fn what_goes_well_gives_no_advice() {
    let mut traffic = Traffic::new();
    for at in (0..40 * MINUTE).step_by(500) {
        traffic.call(at, "Billing", ["get", "set"][(at / 500 % 2) as usize], ok(20 + at % 60));
    }
    let advice = traffic.advice("", &[]);
    assert!(
        advice.ends_with(
            " on the day before: 1 judged, 0 with too little traffic, 0 in trouble most of the time\n\
             nothing to advise\n"
        ),
        "{advice}"
    );
}

#[test]
fn a_short_recording_is_no_ground_for_advice() {
    let mut traffic = Traffic::new();
    for at in (0..3 * MINUTE).step_by(500) {
        traffic.call(at, "Billing", "get", error(-32_603));
    }
    assert_eq!(traffic.advice("", &[]), "no advice yet: it is drawn up every five minutes\n");
    let mut traffic = Traffic::new();
    for at in (0..20 * MINUTE).step_by(500) {
        traffic.call(at, "Billing", "get", ok(20));
    }
    let advice = traffic.json("");
    assert_eq!((&advice["judged"], &advice["tooLittle"]), (&json!(0), &json!(1)));
}

#[test]
fn the_real_pipeline_gives_what_the_rules_want() {
    let mut traffic = Traffic::new();
    for at in (0..40 * MINUTE).step_by(500) {
        let n = at / 500;
        // One method takes long, and some of its calls fail.
        match n % 4 {
            0 if n.is_multiple_of(40) => traffic.call(at, "Billing", "report", error(-32_603)),
            0 => traffic.call(at, "Billing", "report", ok(3_000)),
            1 => traffic.call(at, "Billing", "list", ok(40)),
            _ => traffic.call(at, "Billing", "get", ok(20)),
        }
        // A limit refuses one call in ten, and another is the caller's fault.
        traffic.call(
            at,
            "Stock",
            "take",
            match n % 10 {
                3 => error(-32_006),
                7 => error(-32_602),
                _ => ok(20),
            },
        );
        // One in twenty is answered after a second, when nobody waits any more.
        traffic.call(at, "Slow", "get", ok(if n % 20 == 0 { 1_500 } else { 20 }));
    }
    let kinds = traffic.kinds("[service.Slow]\npatience = \"1s\"\n");
    let wanted = [
        "patience_short Slow -",
        "rate_limited Stock -",
        "failure_rate Slow -",
        "dominant_method Billing report",
        "failure_rate Billing report",
        "slow_replies Billing report",
        "rejection_rate Stock -",
    ];
    let mut sorted = (kinds.clone(), wanted.map(str::to_owned).to_vec());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1, "{kinds:#?}");
    assert_eq!(kinds, traffic.kinds("[service.Slow]\npatience = \"1s\"\n"), "twice the same");
    // With patience enough there is nothing to say of it.
    let patient = traffic.kinds("");
    assert!(!patient.iter().any(|kind| kind.contains("Slow")), "{patient:#?}");
}

#[test]
fn replicas_that_the_platform_tells_of_are_too_few() {
    for (ready, wanted) in [(1, &["concurrency Billing -"][..]), (3, &[])] {
        let mut traffic = Traffic::new();
        // The platform tells of them again and again, of services that are known by then too.
        for at in (1_000..36 * MINUTE).step_by(60_000) {
            traffic.tape.replicas(at, "Billing", [ready, ready, ready], None);
        }
        // Ten a second for 1.5 s each: fifteen at once.
        for at in (0..36 * MINUTE).step_by(100) {
            traffic.call(at, "Billing", "get", ok(1_500));
        }
        assert_eq!(traffic.kinds(""), wanted, "{ready} replicas");
    }
}

#[test]
fn calls_are_waited_for_long_and_one_caller_never_rests() {
    let mut traffic = Traffic::new();
    for at in (0..36 * MINUTE).step_by(500) {
        // One call in a hundred is lost, and waited for half a minute, which is what is set.
        traffic.call(at, "Billing", "get", ok(20).filter(|_| at % 50_000 != 0));
        // All calls to another one are of one session.
        traffic.tape.answered(at, "Poll", 20);
    }
    let kinds = traffic.kinds("[service.Billing]\npatience = \"30s\"\n");
    let wanted = ["failure_rate Billing -", "chatty_callers Poll -", "patience_long Billing -"];
    assert_eq!(kinds, wanted);
    // What lookout learns is not too long.
    assert_eq!(traffic.kinds(""), wanted[..2]);
}

#[test]
fn a_service_that_comes_and_goes_flaps_and_one_that_stays_away_does_not() {
    for (period, wanted) in [(4, &["circuit_flaps Billing -"][..]), (30, &[])] {
        let mut traffic = Traffic::new();
        for at in (0..60 * MINUTE).step_by(500) {
            // There for half of the time, and away for half.
            let reply = ok(20).filter(|_| at / MINUTE % period < period / 2);
            traffic.call(at, "Billing", "get", reply);
        }
        assert!(traffic.alarms().contains(r#""state":"open""#));
        assert_eq!(traffic.kinds(""), wanted, "away every {period} min");
    }
}

#[test]
fn an_outage_is_no_ground_for_advice() {
    let mut traffic = Traffic::new();
    for at in (0..80 * MINUTE).step_by(500) {
        // Down for eight minutes, and slow for eight more until the component that did it is back.
        let reply = match at / MINUTE {
            20..28 => None,
            28..36 => ok(9_000),
            _ => ok(20),
        };
        traffic.call(at, "Billing", "get", reply);
    }
    for at in (0..80 * MINUTE).step_by(30_000) {
        let well = !(20..36).contains(&(at / MINUTE));
        traffic.tape.component(at, "postgresql", well, true, "critical");
    }
    let alarms = traffic.alarms();
    assert!(alarms.contains("service_unavailable") && alarms.contains("slow_responses"));
    let advice = traffic.json("");
    assert_eq!(advice["findings"], json!([]), "{advice:#}");
    assert_eq!(advice["judged"], 1);
}

#[test]
fn a_queue_that_is_worked_off_is_no_patience_that_is_too_short() {
    // It hangs for a while that ends just before a spell does, and then answers all that waited,
    // most of it late, over the next minute.
    let (hung, back) = (33 * MINUTE, 35 * MINUTE - 5_000);
    let mut traffic = Traffic::new();
    let mut waiting = 0;
    for at in (0..80 * MINUTE).step_by(500) {
        let reply = if (hung..back).contains(&at) {
            waiting += 1;
            ok(back - at + waiting * 250)
        } else {
            ok(20)
        };
        traffic.call(at, "Billing", "get", reply);
    }
    assert!(traffic.alarms().contains("service_unavailable"));
    let advice = traffic.json("");
    assert_eq!((&advice["findings"], &advice["judged"]), (&json!([]), &json!(1)), "{advice:#}");
}

#[test]
fn names_play_no_tricks() {
    let mut traffic = Traffic::new();
    for at in (0..40 * MINUTE).step_by(500) {
        let reply = if at % 10_000 == 0 { error(-32_603) } else { ok(20) };
        traffic.call(at, "a\u{1b}[2J\u{202e}", "get\u{7}\n", reply);
    }
    let advice = traffic.advice("", &[]);
    assert!(advice.contains(r"1. high failure_rate: a\u{1b}[2J\u{202e}"), "{advice}");
    assert!(!advice.chars().any(|c| c.is_control() && c != '\n'), "{advice:?}");
}

#[test]
fn mistakes_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("bad.toml");
    std::fs::write(&config, "clustre = \"x\"\n[verdict]\nmin_silence = 5\n").unwrap();
    let config = config.to_str().unwrap();
    for arguments in [&["--config", config][..], &["--replay", "x.ndjson", "--config", config]] {
        let output = advise(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        let said = text(&output.stderr);
        assert_eq!(said.lines().count(), 2, "{said}");
    }
    let output = advise(&["--replay", "/no/such.ndjson"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/no/such.ndjson"));
    for arguments in [
        &["--replay", "x", "--url", "http://127.0.0.1:1"][..],
        &["--url", "http://127.0.0.1:1", "--config", config],
        &["--url", "http://127.0.0.1:1", "--set", "http.listen=off"],
    ] {
        assert_eq!(advise(arguments).output().unwrap().status.code(), Some(64), "{arguments:?}");
    }
}

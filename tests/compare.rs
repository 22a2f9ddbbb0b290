//! `lookout replay --compare`: recordings under two configurations, by the real program.
//!
//! The recordings are those of `tests/scenarios`, and some that are written here; what is expected
//! follows from what the manual says of each.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/schemas.rs"]
mod schemas;
#[allow(dead_code)]
#[path = "scenarios_support/tape.rs"]
mod tape;

use schemas::Schemas;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tape::{Tape, UM};

/// A recording of the corpus.
fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/scenarios/{name}.ndjson"))
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    command.env_clear().arg("replay").args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Two configurations in a directory of their own.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new(base: &str, other: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("base.toml"), base).unwrap();
        std::fs::write(directory.path().join("other.toml"), other).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// What the program makes of a recording under both.
    fn compare(&self, recording: &Path, more: &[&str]) -> Output {
        let (base, other) = (self.path("base.toml"), self.path("other.toml"));
        let recording = recording.to_str().unwrap();
        run(&[&[recording, "--config", &base, "--compare", &other], more].concat())
    }

    fn compare_json(&self, recording: &Path) -> Value {
        let output = self.compare(recording, &["--json", "-"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let found = serde_json::from_slice(&output.stdout).expect("JSON");
        Schemas::load().check("replay_comparison.json", &found).unwrap();
        found
    }
}

/// A list of alarms as `kind subject reason`, with the seconds that each lasted, if it is over.
fn alarms(list: &Value) -> Vec<String> {
    let line = |alarm: &Value| {
        let word = |name: &str| alarm[name].as_str().unwrap_or_default().to_owned();
        let seconds = alarm["seconds"].as_f64().map_or(String::new(), |it| format!(" {it}s"));
        format!("{} {} {}{seconds}", word("kind"), word("subject"), word("reason"))
    };
    list.as_array().unwrap().iter().map(line).collect()
}

#[test]
fn the_same_configuration_adds_and_spares_nothing() {
    let mut alarms = 0;
    for name in [
        "circuit_cascade",
        "circuit_modes",
        "component_milder_and_worse_again",
        "deaf_pair",
        "doubt_pause",
        "failures_flapping",
        "file_bad_lines",
        "replicas_gone",
        "verdict_two_outages",
    ] {
        let rules = scenario(name).with_extension("toml");
        let rules = std::fs::read_to_string(rules).unwrap_or_default();
        let found = Files::new(&rules, &rules).compare_json(&scenario(name));
        for list in ["added", "spared", "moved"] {
            assert_eq!(found[list], Value::Array(vec![]), "{name}: {list}");
        }
        assert_eq!(found["base"]["alarms"], found["same"], "{name}");
        assert_eq!(found["other"]["alarms"], found["same"], "{name}");
        alarms += found["same"].as_u64().unwrap();
    }
    assert!(alarms > 20, "only {alarms} alarms were compared");
}

#[test]
fn a_shorter_silence_adds_what_a_longer_one_spares() {
    // A restart of five seconds, which the default leaves alone.
    let recording = scenario("verdict_five_second_restart");
    let hasty = "[verdict]\nmin_silence = \"1s\"\n[circuit]\nmin_silence = \"1s\"\n";
    let found = Files::new("", hasty).compare_json(&recording);
    let added = alarms(&found["added"]);
    assert!(
        added.iter().any(|alarm| alarm.starts_with(&format!("service_unavailable {UM} not_resp"))),
        "{found:#}"
    );
    assert_eq!(found["spared"], Value::Array(vec![]));
    assert_eq!(found["base"]["alarms"], 0);
    let back = Files::new(hasty, "").compare_json(&recording);
    assert_eq!((&back["added"], &back["spared"]), (&found["spared"], &found["added"]));
}

#[test]
fn another_threshold_spares_an_alarm() {
    let found = Files::new("", "[verdict]\nmax_failure_rate = 0.9\n")
        .compare_json(&scenario("failures_steady"));
    assert_eq!(alarms(&found["spared"]).len(), 1, "{found:#}");
    assert!(
        alarms(&found["spared"])[0].starts_with(&format!("service_degraded {UM} high_failure"))
    );
    assert_eq!(found["added"], Value::Array(vec![]));
    assert_eq!((&found["base"]["alarms"], &found["other"]["alarms"]), (&1.into(), &0.into()));
}

#[test]
fn a_longer_silence_moves_an_alarm() {
    // The manual: silent since 60.0; unavailable at 67.0, healthy again at 100.02, which another
    // `min_silence` of the verdict does not change; and the circuit does not know of it.
    const BASE: &str = "[circuit]\njitter = 0.0\n";
    let other = format!("{BASE}[verdict]\nmin_silence = \"12s\"\n");
    let recording = scenario("verdict_silent");
    // People are told as late; the alert is told until the recording ends in either.
    let found = Files::new(BASE, &other).compare_json(&recording);
    let moved = found["moved"].as_array().unwrap();
    let told = moved
        .iter()
        .find(|it| it["base"]["kind"] == "alert")
        .unwrap_or_else(|| panic!("{found:#}"));
    assert_eq!(told["base"]["begin"], "2024-11-22T10:11:07.000Z");

    let off = "[alerts]\nenabled = false\n";
    let files = Files::new(&format!("{BASE}{off}"), &format!("{other}{off}"));
    let found = files.compare_json(&recording);
    assert_eq!(found["same"], 1, "the circuit's: {found:#}");
    let moved = found["moved"].as_array().unwrap();
    assert_eq!(moved.len(), 1, "{found:#}");
    let (base, other) = (&moved[0]["base"], &moved[0]["other"]);
    assert_eq!(base["begin"], "2024-11-22T10:11:07.000Z");
    assert_eq!(base["seconds"], 33.02);
    assert_eq!(base["end"], other["end"]);
    assert!(other["begin"].as_str().unwrap() > base["begin"].as_str().unwrap());
    let report = text(&files.compare(&recording, &[]).stdout);
    let late = 33.02 - other["seconds"].as_f64().unwrap();
    let line = format!(
        "  2024-11-22T10:11:07.000Z service_unavailable {UM}: not_responding, begins {0}s later, lasts {0}s shorter\n",
        (late * 1e3).round() / 1e3
    );
    assert!(report.contains("0 added, 0 spared, 1 moved, 1 the same\n"), "{report}");
    assert!(report.ends_with(&line), "{report}\n{line}");
}

#[test]
fn the_report_is_the_same_each_time_and_goes_where_it_is_told_to() {
    let files = Files::new("", "[verdict]\nmin_silence = \"1s\"\n");
    let recording = scenario("verdict_two_outages");
    let json = files.path("found.json");
    let with_file = files.compare(&recording, &["--json", &json]);
    let plain = files.compare(&recording, &[]);
    assert_eq!(text(&with_file.stdout), text(&plain.stdout));
    assert!(text(&plain.stdout).starts_with("2024-11-22T10:10:00.000Z to 2024-11-22T"));
    let on_stdout = files.compare(&recording, &["--json", "-"]).stdout;
    assert_eq!(text(&on_stdout), std::fs::read_to_string(json).unwrap());
}

#[test]
fn a_name_cannot_play_tricks_on_a_terminal() {
    let mut tape = Tape::new();
    tape.healthy("a\u{1b}[2J\u{202e}b", 0..60_000, 500);
    tape.failing("a\u{1b}[2J\u{202e}b", 60_000..120_000, 500, -32000);
    let files = Files::new("", "[verdict]\nmax_failure_rate = 1.0\nburst_failure_rate = 1.0\n");
    let recording = files.path("hostile.ndjson");
    std::fs::write(&recording, tape.text()).unwrap();
    let output = files.compare(Path::new(&recording), &[]);
    let report = text(&output.stdout);
    assert!(
        report.contains(r"service_degraded a\u{1b}[2J\u{202e}b: high_failure_rate"),
        "{report}"
    );
    assert!(!report.chars().any(|c| c.is_control() && c != '\n'), "{report:?}");
}

#[test]
fn a_recording_that_ends_in_the_middle_is_compared_as_far_as_it_goes() {
    let files = Files::new("", "");
    let plain = std::fs::read(scenario("failures_steady")).unwrap();
    let packed = zstd::encode_all(plain.as_slice(), 3).unwrap();
    let cut = files.path("cut.ndjson.zst");
    std::fs::write(&cut, &packed[..packed.len() - 20]).unwrap();
    let output = files.compare(Path::new(&cut), &[]);
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("ends in the middle"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("(the file ends in the middle)\n"));
    assert_eq!(files.compare_json(Path::new(&cut))["whole"], false);
}

#[test]
fn a_recording_of_nothing_has_no_alarms() {
    let files = Files::new("", "");
    let empty = files.path("empty.ndjson");
    std::fs::write(&empty, "").unwrap();
    let report = text(&files.compare(Path::new(&empty), &[]).stdout);
    assert!(report.ends_with("0 added, 0 spared, 0 moved, 0 the same\n"), "{report}");
}

#[test]
fn every_mistake_of_both_configurations_is_told() {
    let files =
        Files::new("[verdict]\nmin_silence = 6\n", "clustre = \"x\"\n[circuit]\njitter = 7.0\n");
    let output = files.compare(&scenario("failures_steady"), &["--set", "no.such=1"]);
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    for (file, line, key) in [
        ("base", 2, "verdict.min_silence"),
        ("other", 1, "clustre"),
        ("other", 3, "circuit.jitter"),
    ] {
        let begin = format!("{}:{line}: {key}: ", files.path(&format!("{file}.toml")));
        assert!(said.lines().any(|line| line.starts_with(&begin)), "{begin}\n{said}");
    }
    // What is wrong in both for the same reason is told once.
    assert_eq!(said.lines().filter(|line| line.contains("no.such")).count(), 1, "{said}");
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let file = scenario("failures_steady");
    let file = file.to_str().unwrap();
    for arguments in [
        &[file, "--json", "-"][..],
        &[file, "--compare", "a.toml", "--summary", "s.json"],
        &[file, "--compare", "/no/such/file.toml"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(64), "{arguments:?}");
    }
}

//! How a recording ends, what is left of it, and what it refuses to begin with.

use crate::mosquitto::Mosquitto;
use crate::recorder::{
    LOOK, PATIENCE, Publisher, Recorder, command, file_lines, files, replay, written,
};
use std::path::Path;
use std::process::Stdio;

/// Large messages that are more than a recorder and a pipe can hold.
const LARGE: u64 = 8;

/// Text that does not compress well.
fn noise(seed: u64, bytes: usize) -> String {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let digit = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_digit((state >> 59) as u32 % 32, 36).unwrap()
    };
    (0..bytes).map(digit).collect()
}

#[tokio::test]
async fn a_row_of_files_is_whole_file_by_file_and_is_never_continued() {
    for ending in ["ndjson", "ndjson.zst"] {
        let broker = Mosquitto::start();
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().join(format!("row.{ending}"));
        let arguments = ["-o", name.to_str().unwrap(), "--rotate", "16KiB"];
        let recorder = Recorder::start(broker.port(), &arguments);
        let mut publisher = Publisher::connect(broker.port());
        for at in 0..100 {
            publisher.say("service/A", noise(at, 1_000)).await;
        }
        written(directory.path(), 100).await;
        let said = recorder.interrupt();
        let files = files(directory.path());
        let row = 1..=files.len();
        let mut wanted: Vec<_> =
            row.map(|number| directory.path().join(format!("row.{number}.{ending}"))).collect();
        assert!(said.contains(wanted.last().unwrap().to_str().unwrap()), "{said}");
        let mut messages = 0;
        for file in &wanted {
            let lines = file_lines(file);
            let said = lines.iter().filter_map(|line| line["payload"].as_str());
            for payload in said {
                assert_eq!(payload, noise(messages, 1_000));
                messages += 1;
            }
            assert!(std::fs::metadata(file).unwrap().len() <= 16 << 10, "{}", file.display());
        }
        assert_eq!(messages, 100, "in order, each once");
        wanted.sort();
        assert_eq!(files, wanted);
        assert!(files.len() >= 4, "{files:?}");
        // With the first file gone the rest of the row would still follow the new one.
        std::fs::remove_file(directory.path().join(format!("row.1.{ending}"))).unwrap();
        let (code, said) = Recorder::spawn(broker.port(), &arguments).end();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("-o ") && said.contains("not overwritten"), "{said}");
    }
}

#[tokio::test]
async fn what_was_recorded_a_while_ago_survives_a_kill() {
    let broker = Mosquitto::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("killed.ndjson.zst");
    let recorder = Recorder::start(broker.port(), &["-o", file.to_str().unwrap()]);
    let mut publisher = Publisher::connect(broker.port());
    publisher.say("service/A", "before").await;
    written(directory.path(), 1).await;
    recorder.signal("-KILL");
    recorder.end();
    assert_eq!(replay(&file).0["messages"], 1);
    // Even half a frame at its end costs no more than itself.
    let whole = std::fs::read(&file).unwrap();
    let torn = directory.path().join("torn.ndjson.zst");
    std::fs::write(&torn, [&whole[..], &whole[..whole.len() / 2]].concat()).unwrap();
    let (summary, said) = replay(&torn);
    assert_eq!(summary["messages"], 1);
    assert!(said.contains("ends in the middle"), "{said}");
}

#[tokio::test]
async fn a_full_disk_ends_it_with_the_reason_and_spoils_nothing() {
    for ending in ["ndjson", "ndjson.zst"] {
        let broker = Mosquitto::start();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(format!("full.{ending}"));
        // No disk is filled here: the process may write so many blocks to a file and no more.
        let script = r#"trap '' XFSZ; ulimit -f 1000; exec "$0" "$@""#;
        let program = command().get_program().to_owned();
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", script]).arg(program).args(["record", "-o"]).arg(&file);
        limited.args(["--set", &format!("broker.url=mqtt://127.0.0.1:{}", broker.port())]);
        let mut recorder = Recorder::of(limited.stdout(Stdio::null()));
        recorder.line("subscribed to ");
        let mut publisher = Publisher::connect(broker.port());
        publisher.say("service/A", "before").await;
        written(directory.path(), 1).await;
        for at in 0..60 {
            publisher.say("service/A", noise(at, 50_000)).await;
        }
        let (code, said) = recorder.end();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&format!("-o {}", file.display())), "{said}");
        assert!(said.contains("File too large"), "{said}");
        assert_eq!(file_lines(&file)[1]["payload"], "before");
        let (summary, note) = replay(&file);
        assert_eq!((&summary["bad_lines"], note.as_str()), (&0.into(), ""));
    }
}

#[tokio::test]
async fn stdout_takes_lines_as_they_come_until_the_time_is_over() {
    let broker = Mosquitto::start();
    let mut recorder = Recorder::start(broker.port(), &["-o", "-", "--for", "5s"]);
    let mut publisher = Publisher::connect(broker.port());
    publisher.say("service/A", "said").await;
    let stdout = recorder.stdout.take().unwrap();
    let (code, said) = recorder.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("recorded 1 messages in stdout"), "{said}");
    let lines: Vec<String> = stdout.iter().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].ends_with(r#""link":"up"}"#), "{lines:?}");
    assert!(lines[1].ends_with(r#""topic":"service/A","payload":"said"}"#), "{lines:?}");
    assert!(lines[2].ends_with(r#""link":"down"}"#), "{lines:?}");
}

/// A recorder whose lines nobody takes, until it is full of them.
async fn held_up(broker: &Mosquitto, publisher: &mut Publisher, settings: &[&str]) -> Recorder {
    let mut command = command();
    command.args(["record", "-o", "-", "--set"]);
    command.arg(format!("broker.url=mqtt://127.0.0.1:{}", broker.port())).args(settings);
    let mut recorder = Recorder::of(command.stdout(Stdio::piped()));
    recorder.line("subscribed to ");
    for at in 0..LARGE {
        publisher.say("service/A", noise(at, 500_000)).await;
    }
    recorder
}

#[tokio::test]
async fn what_was_lost_is_counted_and_said() {
    const SMALL: u64 = 2_000;
    let broker = Mosquitto::start();
    let mut publisher = Publisher::connect(broker.port());
    let settings = ["--set", "inbox.capacity=16"];
    let mut recorder = held_up(&broker, &mut publisher, &settings).await;
    for _ in 0..SMALL {
        publisher.say("service/A", "small").await;
    }
    let stdout = recorder.read();
    let mut ends = 0;
    let (mut recorded, mut links) = (0, Vec::new());
    let heard = async {
        let mut look = tokio::time::interval(LOOK);
        let mut over = false;
        while !over {
            look.tick().await;
            publisher.say("service/A", "the end").await;
            ends += 1;
            let lines: Vec<_> = stdout.try_iter().collect();
            recorded += lines.iter().filter(|line| line.contains("\"topic\"")).count() as u64;
            links.extend(lines.iter().filter(|line| line.contains("\"link\"")).cloned());
            over = lines.iter().any(|line| line.contains("the end"));
        }
    };
    // A message that is heard now comes after all that was lost.
    tokio::time::timeout(PATIENCE, heard).await.expect("a message that is heard");
    let said = recorder.interrupt();
    let (topics, rest): (Vec<_>, Vec<_>) =
        stdout.iter().partition(|line| line.contains("\"topic\""));
    recorded += topics.len() as u64;
    // A replay is told where it must not trust its ears, and the last link is that of the end.
    links.extend(rest);
    let downs = links.iter().filter(|line| line.contains("down")).count();
    assert!(downs >= 2 && links.len() == 2 * downs, "{links:?}");
    assert!(said.contains(&format!("recorded {recorded} messages in stdout")), "{said}");
    let lost = said.lines().find_map(|line| line.split_once(" messages were lost")).unwrap().0;
    let lost: u64 = lost.rsplit(' ').next().unwrap().parse().unwrap();
    let all = LARGE + SMALL;
    assert!(lost > 0 && (all..=all + ends).contains(&(recorded + lost)), "{recorded} + {lost}");
}

#[tokio::test]
async fn a_second_signal_ends_it_even_if_nobody_takes_its_lines() {
    let broker = Mosquitto::start();
    let mut publisher = Publisher::connect(broker.port());
    let mut recorder = held_up(&broker, &mut publisher, &[]).await;
    recorder.signal("-INT");
    recorder.line("stopping on SIGINT");
    recorder.signal("-TERM");
    let (code, said) = recorder.end();
    assert_eq!(code, Some(143), "{said}");
    assert!(said.contains("ended at once by a second signal (SIGTERM)"), "{said}");
}

#[test]
fn without_a_broker_it_says_why_and_leaves_no_file() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("none.ndjson");
    let arguments = ["-o", file.to_str().unwrap(), "--for", "1s"];
    let (code, said) = Recorder::spawn(port, &arguments).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nothing was recorded: no link to the broker: "), "{said}");
    assert!(said.contains("refused"), "{said}");
    assert!(files(directory.path()).is_empty());
}

#[test]
fn what_cannot_be_begun_is_refused_with_its_option() {
    let directory = tempfile::tempdir().unwrap();
    let there = directory.path().join("there.ndjson");
    std::fs::write(&there, "precious").unwrap();
    let nowhere = directory.path().join("nowhere/x.ndjson");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    for (arguments, code, says) in [
        (vec!["-o".to_owned(), text(&there)], 1, "not overwritten"),
        (vec!["-o".to_owned(), text(&nowhere)], 1, "No such file or directory"),
        (vec!["-o".to_owned(), "-".into(), "--rotate".into(), "1MiB".into()], 64, "--rotate"),
        (vec!["--rotate".to_owned(), "12".into()], 64, "100MiB"),
        (vec!["--for".to_owned(), "0s".into()], 64, "10m"),
        (vec!["--set".to_owned(), "broker.qos=7".into()], 64, "broker.qos"),
    ] {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let (ended, said) = Recorder::spawn(1, &arguments).end();
        assert_eq!(ended, Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        let option =
            arguments.iter().rfind(|argument| argument.starts_with('-') && argument.len() > 1);
        assert!(code == 64 || said.contains(option.unwrap()), "{arguments:?}: {said}");
    }
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "precious");
}

/// Nothing is written that would only look redacted.
#[test]
fn what_cannot_be_redacted_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("lookout.toml");
    let pair = "[[traffic.pair]]\nprofile = \"mqtt-json-rpc\"\nencoding = \"cbor\"\n";
    std::fs::write(&config, pair).unwrap();
    let mut recorder = command();
    recorder.args(["record", "--redact", "-o", "-", "--config"]).arg(&config);
    let output = recorder.output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("`encoding` of the pair \"mqtt-json-rpc\""), "{said}");
    assert!(output.stdout.is_empty());
}

//! The configuration from outside: what is refused and in which words, what wins, what is printed.
//!
//! The bad configurations are data: what was written, and the exact messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "config/alerts.rs"]
mod alerts;
#[path = "support/authority.rs"]
mod authority;
#[path = "config/bad_files.rs"]
mod bad_files;
#[path = "config/broker.rs"]
mod broker;
#[path = "config/emqx.rs"]
mod emqx;
#[path = "config/responses.rs"]
mod responses;
#[path = "config/security.rs"]
mod security;
#[path = "config/trace.rs"]
mod trace;

use lookout::config::{self, Config, Protocol, Sources};
use lookout::observer::breaker::Mode;
use lookout::observer::settings::SlowCall;
use lookout::observer::{Settings, Span};
use std::path::Path;
use std::process::{Command, Output};

/// Loads a file's text with variables and flags; messages begin with `lookout.toml`.
fn load(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Config, Vec<String>> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lookout.toml");
    std::fs::write(&path, file).unwrap();
    let owned = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let sources =
        Sources { file: Some(path), environment: owned(environment), flags: owned(flags) };
    let prefix = format!("{}/", directory.path().display());
    config::load(&sources)
        .map_err(|mistakes| mistakes.iter().map(|m| m.to_string().replace(&prefix, "")).collect())
}

fn good(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Config {
    load(file, environment, flags).unwrap_or_else(|mistakes| panic!("{}", mistakes.join("\n")))
}

#[track_caller]
fn check_bad(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)], expected: &[&str]) {
    let mistakes = load(file, environment, flags).err().unwrap_or_default();
    assert_eq!(mistakes.join("\n"), expected.join("\n"), "\nof:\n{file}");
}

#[test]
fn bad_files_are_refused_in_these_words() {
    for (file, expected) in bad_files::BAD_FILES {
        check_bad(file, &[], &[], expected);
    }
}

#[test]
fn ten_mistakes_are_reported_as_ten() {
    let file = "\
cluster = 'a/b'
sed = 1
[broker]
url = 'http://host'
qos = 3
backoff_min = '1m'
[patience]
factor = 0
quantile = 0
[verdict]
flap_changes = 65
[circuit]
max_open_timeout = '1s'
[dependencies]
A = ['A']
";
    let mistakes = load(file, &[], &[]).unwrap_err();
    assert_eq!(mistakes.len(), 10, "{mistakes:#?}");
    let lines: Vec<_> = mistakes.iter().map(|m| m.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["1", "2", "4", "5", "6", "8", "9", "11", "13", "15"]);
}

#[test]
fn a_syntax_error_is_one_mistake_with_its_line_and_no_secret() {
    for (file, place) in [
        ("[broker]\npassword = \"secret\nqos = 0", "lookout.toml:2: syntax: "),
        ("[broker]\npassword = secret", "lookout.toml:2: syntax: "),
        ("[broker\nqos = 0", "lookout.toml:1: syntax: "),
        ("cluster = 'a'\ncluster = 'b'", "lookout.toml:2: syntax: "),
        ("[log]\n[log]", "lookout.toml:2: syntax: "),
        ("x = 1e", "lookout.toml:1: syntax: "),
    ] {
        let mistakes = load(file, &[], &[]).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(
            mistakes[0].starts_with(place) && mistakes[0].ends_with("allowed: TOML"),
            "{mistakes:?}"
        );
        assert!(!mistakes[0].contains("secret"), "{mistakes:?}");
    }
}

#[test]
fn hostile_files_are_mistakes() {
    let deep = 200_000;
    let mut files = vec![
        "a = ".to_owned() + &"[".repeat(deep),
        "a = ".to_owned() + &"{a=".repeat(deep),
        "[".repeat(deep),
        "a.".repeat(deep) + "a = 1",
        format!("[{}a]", "a.".repeat(deep)),
        format!("[[{}a]]", "a.".repeat(deep)),
        "[[traffic.pair]]\n".repeat(10_000),
        "\"".repeat(deep),
        "\u{feff}\u{feff}[broker]".to_owned(),
        format!("cluster = '{}'", "x".repeat(deep)),
        format!("{} = 1", "x".repeat(deep)),
        (0..20_000).map(|i| format!("min_silenc{i} = 1\n")).collect(),
        "#".repeat(2 << 20),
        "\0".to_owned(),
        "cluster = \"\\u0000\"".to_owned(),
    ];
    // Nested as deep as the parser allows, in every way at once.
    let header = "a.".repeat(70);
    files.push(format!("[{header}a]\n{header}a = {}1{}", "[".repeat(70), "]".repeat(70)));
    for file in &files {
        let mistakes = load(file, &[], &[]).unwrap_err();
        assert!(!mistakes.is_empty());
        assert!(mistakes.iter().all(|mistake| mistake.len() < 1_000), "a long message");
        assert!(!mistakes.iter().any(|mistake| mistake.contains(char::is_control)));
    }
}

#[test]
fn unreadable_files_are_mistakes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lookout.toml");
    let place = path.display().to_string();
    let said = |path: &Path| {
        let sources = Sources { file: Some(path.to_owned()), ..Sources::default() };
        config::load(&sources).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let expected =
        "file: found No such file or directory (os error 2), allowed: a file that can be read";
    assert_eq!(said(&path), [format!("{place}: {expected}")]);
    std::fs::write(&path, b"# one\n# \xff").unwrap();
    assert_eq!(
        said(&path),
        [format!("{place}:2: syntax: found bytes that are no text, allowed: UTF-8")]
    );
    assert_eq!(said(directory.path()).len(), 1);
}

#[test]
fn bad_variables_and_flags_are_refused_in_these_words() {
    check_bad(
        "[verdict]\nmin_silence = 1",
        &[
            ("LOOKOUT_VERDICT_MIN_SILENSE", "6s"),
            ("LOOKOUT_VERDICT_MIN_CALLS", "many"),
            ("LOOKOUT_BROKER", "mqtt://ann:secret@host:port"),
            ("LOOKOUT_CIRCUIT_OPEN_TIMEOUT", "1h"),
            ("LOOKOUT_CODES_FAILED", "1,two,3"),
            ("LOOKOUT_CLUSTER", "a\u{fffd}"),
            ("LOOKOUT_TRAFFIC_PAIR", "x"),
            ("LOOKOUT_LOG_FORMAT", ""),
            ("LOOKOUT_SERVICE_HOST", "10.0.0.1"),
            ("PATH", "/bin"),
        ],
        &[
            ("circuit.open", "1"),
            ("seed", "x"),
            ("broker.password", ""),
            ("traffic.pair[0].call", "x"),
            ("service.A.patience", "1"),
            ("dependencies.A", "A"),
            ("a..b", "1"),
        ],
        &[
            "lookout.toml:2: verdict.min_silence: found 1, allowed: a duration such as 30s, from 1ms to 1h",
            "environment: LOOKOUT_BROKER: found \"mqtt://ann:***@host:***\", allowed: an address such as mqtt://host:1883, mqtts://user:password@host or wss://host/mqtt, with a port from 1 to 65535",
            "environment: LOOKOUT_CLUSTER: found bytes that are no text, allowed: UTF-8",
            "environment: LOOKOUT_CODES_FAILED[1]: found \"two\", allowed: integers",
            "environment: LOOKOUT_TRAFFIC_PAIR: found an unknown setting, allowed: a known one, see lookout check-config --print-default",
            "environment: LOOKOUT_VERDICT_MIN_CALLS: found \"many\", allowed: an integer from 1 to 1000",
            "environment: LOOKOUT_VERDICT_MIN_SILENSE: found an unknown setting, allowed: a known one, did you mean LOOKOUT_VERDICT_MIN_SILENCE?",
            "environment: LOOKOUT_CIRCUIT_OPEN_TIMEOUT: found 1h, allowed: at most circuit.max_open_timeout (5m)",
            "command line: circuit.open: found an unknown setting, allowed: a known one, see lookout check-config --print-default",
            "command line: seed: found \"x\", allowed: an integer from 0 to 9223372036854775807",
            "command line: broker.password: found ***, allowed: a string that is not empty",
            "command line: \"traffic.pair[0].call\": found a pair, allowed: [[traffic.pair]] in the file only",
            "command line: service.A.patience: found \"1\", allowed: a duration such as 30s, from 1ms to 1h",
            "command line: dependencies.A: found \"A\", allowed: services other than the one that calls them",
            "command line: \"a..b\": found an unknown setting, allowed: a known one, see lookout check-config --print-default",
        ],
    );
    check_bad(
        "",
        &[("LOOKOUT_BROKER", "a"), ("LOOKOUT_BROKER_URL", "b")],
        &[],
        &[
            "environment: LOOKOUT_BROKER: found LOOKOUT_BROKER_URL beside it, allowed: one of the two, as they mean the same",
        ],
    );
}

#[test]
fn no_file_means_the_manuals_defaults() {
    let config = config::load(&Sources::default()).unwrap();
    assert_eq!(config.cluster, "default");
    assert!(config.id.starts_with("lookout-"), "{}", config.id);
    let mut expected = Settings { seed: 1, ..Settings::with_pairs(config.settings.pairs.clone()) };
    assert_eq!(config.settings, expected);
    expected.pairs.truncate(1);
    let pair = &expected.pairs[0];
    assert_eq!(
        (pair.name.as_str(), pair.call.as_str(), pair.reply.as_str()),
        ("service-functions", "service/{service}", "session/{session}/response")
    );
    let broker = &config.broker;
    let [address] = broker.addresses.as_slice() else { panic!("one address") };
    assert_eq!((address.to_string().as_str(), broker.qos), ("mqtt://localhost:1883", 0));
    assert!(broker.tls.is_none());
    assert_eq!((broker.protocol, &broker.client_id), (Protocol::V5, &config.id));
    assert_eq!((&address.user, &address.password), (&None, &None));
    assert_eq!((broker.max_packet, broker.keep_alive), (1_114_112, Span::from_secs(30)));
    assert_eq!((config.inbox, config.outbox), (65_536, 10_000));
    let http = config.http.as_ref().unwrap();
    assert_eq!(http.listen.to_string(), "127.0.0.1:9464");
    assert!(http.tokens.is_empty(), "nobody may change anything");
    assert!(!config.log.json);
    // The printed default says the same.
    let printed = good(&config::default_file(), &[], &[]);
    assert_eq!(printed.settings, config.settings);
    assert_eq!(format!("{printed:?}"), format!("{config:?}"));
}

#[test]
fn later_sources_win() {
    let file = "cluster = 'file'\nid = 'file'\nseed = 2\n[broker]\nurl = 'mqtt://ann:one@file:1'\n";
    let config = good(
        file,
        &[("LOOKOUT_CLUSTER", "environment"), ("LOOKOUT_ID", "environment"), ("LOOKOUT_SEED", "")],
        &[("cluster", "flag"), ("cluster", "last flag")],
    );
    assert_eq!((config.cluster.as_str(), config.id.as_str()), ("last flag", "environment"));
    assert_eq!(config.settings.seed, 2);
    // User and password, wherever they stand: the strongest source wins.
    for (environment, user, password) in [
        (&[][..], "ann", "one"),
        (&[("LOOKOUT_BROKER_PASSWORD", "two")][..], "ann", "two"),
        (&[("LOOKOUT_BROKER_USER", "bob")][..], "bob", "one"),
        (&[("LOOKOUT_BROKER", "mqtt://cid:three@host")][..], "cid", "three"),
    ] {
        let address = good(file, environment, &[]).broker.addresses.remove(0);
        assert_eq!(address.user.as_deref(), Some(user));
        assert_eq!(address.password.unwrap().0, password);
    }
    // A file's password file is not even opened when the environment has a password.
    let unused = "[broker]\nuser = 'ann'\npassword_file = '/nowhere'";
    let broker = good(unused, &[("LOOKOUT_BROKER_PASSWORD", "x")], &[]).broker;
    assert_eq!(broker.addresses[0].password.as_ref().unwrap().0, "x");
}

#[test]
fn everything_that_can_be_said_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, " s3cret \n").unwrap();
    let file = format!(
        "\
[broker]
url = \"[::1]:1884\"
protocol = \"3.1.1\"
user = \"ann\"
password_file = '{}'
qos = 1
[[traffic.pair]]
name = \"rpc\"
call = \"/rpc/v1/{{driver}}/{{service}}/{{method}}/{{client}}\"
reply = \"/rpc/v1/{{driver}}/{{service}}/{{method}}/{{client}}/reply\"
service = \"{{driver}}/{{service}}\"
[[traffic.pair]]
call = \"a/{{service}}\"
reply = \"b/{{service}}\"
[circuit]
slow_call_duration = \"1.5s\"
slow_call_rate = 1
[dependencies]
OrderService = [\"UserManagement\", \"Stock\", \"Stock\"]
[service.\"driver/Old\"]
patience = \"10s\"
circuit = \"observe_only\"
[service.Bare]
[log]
format = \"json\"
[http]
listen = \"off\"
",
        secret.display()
    );
    let config = good(
        &file,
        &[("LOOKOUT_TRAFFIC_ACTIVITY", "[]"), ("LOOKOUT_CODES_REJECTED", "-32001, -32002")],
        &[
            ("dependencies.Stock", "Depot"),
            ("service.\"driver/Old\".patience", "11s"),
            ("limits.open_calls", "2_000_000"),
        ],
    );
    let broker = &config.broker;
    assert_eq!((broker.addresses[0].to_string().as_str(), broker.qos), ("mqtt://[::1]:1884", 1));
    assert_eq!(broker.protocol, Protocol::V311);
    assert_eq!(broker.addresses[0].password.as_ref().unwrap().0, "s3cret");
    assert!(!format!("{config:?}").contains("s3cret"));
    let settings = &config.settings;
    let names: Vec<_> = settings.pairs.iter().map(|pair| pair.name.as_str()).collect();
    assert_eq!(names, ["rpc", "service-functions"]);
    let slow = SlowCall { duration: Span::from_millis(1500), rate: 1.0 };
    assert_eq!(settings.circuit.slow_call, Some(slow));
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        settings.dependencies,
        [
            ("OrderService".to_owned(), owned(&["UserManagement", "Stock"])),
            ("Stock".to_owned(), owned(&["Depot"]))
        ]
    );
    let (name, service) = &settings.services[0];
    assert_eq!((name.as_str(), service.circuit), ("driver/Old", Mode::ObserveOnly));
    assert_eq!(service.patience, Some(Span::from_secs(11)));
    assert_eq!(settings.limits.open_calls, 2_000_000);
    assert_eq!(settings.codes.rejected, [-32001, -32002]);
    assert!(config.log.json);
    assert!(config.http.is_none());
}

/// Runs `lookout check-config` without the variables of whoever runs the tests.
fn check_config(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOOKOUT_") {
            command.env_remove(name);
        }
    }
    command.arg("check-config").args(arguments).output().unwrap()
}

#[test]
fn the_checked_in_copies_are_what_is_printed() {
    for (flag, printed, path) in [
        ("--print-default", config::default_file(), "lookout.example.toml"),
        ("--print-docs", config::reference(), "docs/CONFIGURATION.md"),
    ] {
        let output = check_config(&[flag]);
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stdout == printed.as_bytes(), "{flag}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let copy = std::fs::read_to_string(&path).unwrap_or_default();
        let command = format!("lookout check-config {flag} > {}", path.display());
        assert!(copy == printed, "{} is out of date: {command}", path.display());
    }
}

#[test]
fn the_command_says_ok_or_every_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lookout.toml");
    let file = path.to_str().unwrap();

    std::fs::write(
        &path,
        "cluster = 'plant'\nid = 'one'\n[broker]\nurl = 'mqtt://ann:secret@host'",
    )
    .unwrap();
    let output = check_config(&[file]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with(&format!("{file}: ok\n  cluster  plant (lookout's id: one)\n")),
        "{said}"
    );
    assert!(said.contains("  broker   mqtt://host:1883 as ann, MQTT 5\n"), "{said}");
    let pair = "service-functions: service/{service} -> session/{session}/response";
    assert!(said.contains(&format!("  pair     {pair}\n")), "{said}");
    assert!(!said.contains("secret"));

    std::fs::write(&path, "clustr = 1\n[broker]\nqos = 7").unwrap();
    let output = check_config(&[file, "--set", "seed=x"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.starts_with(&format!("{file}:1: clustr: found an unknown setting")), "{said}");

    let missing = directory.path().join("missing.toml");
    assert_eq!(check_config(&[missing.to_str().unwrap()]).status.code(), Some(64));
    assert_eq!(check_config(&[]).status.code(), Some(64));
    assert_eq!(check_config(&[file, "--set", "nothing"]).status.code(), Some(64));
}

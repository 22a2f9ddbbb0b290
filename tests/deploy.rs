//! The deployment in `deploy`, `Dockerfile` and `docker-compose.yml`, as far as it can be checked
//! without an engine that runs containers: the tools that read these files read them, lookout knows
//! every setting that they name, and what Compose starts works together when started by hand.
//!
//! Helm, Docker Compose and schemas come from scripts/deploy-tools; promtool, amtool and
//! systemd-analyze are Debian's.

#![cfg(all(feature = "daemon", feature = "demo"))]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/authority.rs"]
mod authority;
#[path = "deploy/chart.rs"]
mod chart;
#[path = "deploy/compose.rs"]
mod compose;
#[path = "deploy/kit.rs"]
mod kit;
#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;

use kit::{check_config, has_token_file, must, read, root, tool};

/// The instructions of the Dockerfile, each on one line.
fn instructions() -> Vec<String> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// The arguments of the last instruction of a kind.
fn last(kind: &str) -> String {
    let all = instructions();
    let found = all.iter().rev().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {kind}")).trim().to_owned()
}

#[test]
fn the_image_is_pinned_and_runs_as_nobody() {
    assert_eq!(must(tool("venv/bin/hadolint"), &["Dockerfile"], ""), "");
    let all = instructions();
    let bases: Vec<_> = all.iter().filter_map(|line| line.strip_prefix("FROM ")).collect();
    // The compiler is the one that the project is checked with.
    let toolchain = read("rust-toolchain.toml");
    let version = toolchain.split("channel = \"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(bases[0], format!("rust:{version}-slim-bookworm AS build"));
    assert_eq!(bases[1..], ["gcr.io/distroless/static-debian12:nonroot"]);
    assert_eq!(last("USER"), "65532:65532");
    assert_eq!(last("ENTRYPOINT"), r#"["/lookout"]"#);
    assert!(last("LABEL").contains(&format!("title=\"{}\"", "lookout")));
    assert!(all.iter().any(|line| *line == format!("ARG VERSION={}", env!("CARGO_PKG_VERSION"))));
    // What it runs is something that the program knows.
    let health = last("HEALTHCHECK");
    for (command, text) in [("run", last("CMD")), ("health", health)] {
        assert!(text.ends_with(&format!("\"{command}\"]")), "{text}");
        must(env!("CARGO_BIN_EXE_lookout"), &[command, "--help"], "");
    }
}

#[test]
fn the_image_is_built_of_what_is_in_its_context() {
    let context = read(".dockerignore");
    let named: Vec<_> = context.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert_eq!(named, ["Cargo.toml", "Cargo.lock", "src", "runbooks"]);
    // A file that is compiled in and is not there would fail only where there are containers.
    let mut waiting = vec![root().join("src")];
    let mut included = 0;
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let parts: Vec<_> = text.split("include_str!(").collect();
            for (before, found) in parts.iter().zip(parts.iter().skip(1)) {
                // What is there for the tests of the documentation alone is not compiled in.
                if before.lines().rev().take(2).any(|line| line.contains("cfg(all(doctest,")) {
                    continue;
                }
                included += 1;
                let what = found.split(')').next().unwrap();
                let up = what.matches("../").count();
                let depth = path.strip_prefix(root()).unwrap().components().count() - 2;
                // Beside src only what is in the context too.
                let beside = named.iter().any(|name| what.contains(&format!("../{name}/")));
                assert!(
                    up <= depth || beside && up == depth + 1,
                    "{} includes what is outside of src",
                    path.display()
                );
            }
        }
    }
    assert!(included > 0, "nothing is included, so the check itself is broken");
}

#[test]
fn prometheus_and_alertmanager_accept_their_configuration() {
    must("promtool", &["check", "config", "deploy/prometheus/prometheus.yml"], "");
    let file = "deploy/alertmanager/alertmanager.yml";
    must("amtool", &["check-config", file], "");
    for (severity, receiver) in [
        ("emergency", "everyone"),
        ("critical", "pager"),
        ("error", "on-call"),
        ("warning", "chat"),
        ("info", "chat"),
    ] {
        let label = format!("severity={severity}");
        let arguments = ["config", "routes", "test", "--config.file", file, &label];
        assert_eq!(must("amtool", &arguments, "").trim(), receiver, "{severity}");
    }
}

#[test]
fn systemd_accepts_the_unit_and_finds_little_exposed() {
    let unit = read("deploy/systemd/lookout.service");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lookout.service");
    let file = file.to_str().unwrap();
    let here = unit.replace("/usr/local/bin/lookout", env!("CARGO_BIN_EXE_lookout"));
    assert_ne!(here, unit);
    std::fs::write(file, here).unwrap();
    let ran = kit::run("systemd-analyze", &["verify", file], "");
    assert!(ran.good && ran.stderr.is_empty(), "{}{}", ran.stdout, ran.stderr);
    // The threshold is ten times the exposure: 1.3 is the most that is accepted.
    let arguments = ["security", "--offline=true", "--threshold=13", "--no-pager", file];
    must("systemd-analyze", &arguments, "");

    let set = |line: &str| {
        let (name, value) = line.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    let active = unit.lines().filter_map(|line| line.strip_prefix("Environment=")).map(set);
    let offered = unit.lines().filter_map(|line| line.strip_prefix("#Environment=")).map(set);
    let mut variables: Vec<_> = active.collect();
    if has_token_file() {
        variables.extend(offered);
    }
    check_config(&root().join("lookout.example.toml"), &variables);
}

#[test]
fn the_example_for_fly_names_settings_that_exist() {
    let file: toml_edit::DocumentMut = read("deploy/fly.toml").parse().unwrap();
    let set = file["env"].as_table().unwrap().iter();
    let set = set.map(|(name, value)| (name.to_owned(), value.as_str().unwrap().to_owned()));
    check_config(&root().join("lookout.example.toml"), &set.collect::<Vec<_>>());
    assert_eq!(file["checks"]["ready"]["path"].as_str(), Some("/readyz"));
    assert_eq!(file["metrics"]["path"].as_str(), Some("/metrics"));
    for port in [&file["checks"]["ready"]["port"], &file["metrics"]["port"]] {
        assert_eq!(port.as_integer(), Some(9464));
    }
    let dockerfile = file["build"]["dockerfile"].as_str().unwrap();
    assert!(root().join("deploy").join(dockerfile).exists(), "{dockerfile}");
}

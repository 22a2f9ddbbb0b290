//! `lookout runbook` and `lookout check-config` as child processes.

use crate::kit::file;
use std::path::Path;
use std::process::{Command, Output};

fn lookout(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOOKOUT_") {
            command.env_remove(name);
        }
    }
    // Nobody listens on this port, so that no other lookout is asked.
    command.args(arguments).env("LOOKOUT_HTTP_LISTEN", "127.0.0.1:1");
    command.output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A configuration with a folder of these runbooks.
fn configuration(folder: &Path, files: &[(&str, &str)], values: &str) -> String {
    let runbooks = folder.join("runbooks");
    std::fs::create_dir(&runbooks).unwrap();
    // As Kubernetes mounts a ConfigMap.
    std::fs::create_dir(runbooks.join("..2026_11_30")).unwrap();
    for (name, text) in files {
        std::fs::write(runbooks.join(name), text).unwrap();
    }
    let file = folder.join("lookout.toml");
    let text =
        format!("[runbooks]\nfolder = {:?}\nvalues = [{values}]\n", runbooks.display().to_string());
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn check_config_names_what_is_wrong_in_a_runbook() {
    let folder = tempfile::tempdir().unwrap();
    let bad = file(
        "",
        "### 1. Do\n\n```sh\nkubectl get pod '{service}'\nkubectl -n {namspace} get pod\n```\n",
    );
    let bad = bad.replace("'{service}'", "{service}");
    let worse = file("match: {kind: mysql}\n", "### 1. Do\n");
    let file = configuration(folder.path(), &[("Bad.md", &bad), ("Worse.md", &worse)], "");
    let (code, out, err) = said(&lookout(&["check-config", &file]));
    let place = folder.path().join("runbooks").display().to_string();
    assert_eq!((code, out.as_str()), (Some(64), ""));
    let lines: Vec<_> = err.lines().collect();
    let wanted = format!(
        "{place}/Bad.md:13: runbooks.folder: found {{namspace}}, allowed: one of alert, broker,"
    );
    assert!(lines[0].starts_with(&wanted), "{err}");
    let wanted =
        format!("{place}/Worse.md:3: runbooks.folder: found kind \"mysql\", allowed: disk,");
    assert!(lines[1].starts_with(&wanted) && lines.len() == 2, "{err}");
}

#[test]
fn values_and_folders_are_checked() {
    let good = file("", "### 1. Do {team}\n");
    for (values, extra, wanted) in [
        ("\"team=orders\"", "", ""),
        ("", "", "found {team}"),
        (
            "\"Team=x\"",
            "",
            "lookout.toml:3: runbooks.values[0]: found \"Team=x\", allowed: a name of 1 to 32",
        ),
        (
            "\"service=x\"",
            "",
            "runbooks.values[0]: found \"service=x\", allowed: another name than alert,",
        ),
        (
            "\"team=a\", \"team=b\"",
            "",
            "runbooks.values[1]: found \"team=b\", allowed: each name once",
        ),
        ("\"team\"", "", "runbooks.values[0]: found \"team\", allowed: "),
        ("\"team=orders\"", "picture.png", "picture.png\", allowed: runbooks alone in this folder"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut files = vec![("Mine.md", good.as_str())];
        if !extra.is_empty() {
            files.push((extra, "x"));
        }
        let file = configuration(folder.path(), &files, values);
        let (code, out, err) = said(&lookout(&["check-config", &file]));
        assert_eq!(code == Some(0), wanted.is_empty(), "{out}{err}");
        assert!(err.contains(wanted), "{wanted}: {err}");
    }
    let (code, _, err) =
        said(&lookout(&["runbook", "--list", "--set", "runbooks.folder=/nonexistent"]));
    assert_eq!(code, Some(64));
    assert!(
        err.contains("runbooks.folder: found \"/nonexistent\", allowed: a folder that can be read"),
        "{err}"
    );
}

#[test]
fn a_runbook_is_printed_by_its_name_and_by_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let mine = file("match: {service: Orders}\n", "### 1. Call {team} about {service}\n");
    let config = configuration(folder.path(), &[("Mine.md", &mine)], "\"team=us\"");
    for (arguments, wanted) in [
        (&["LookoutDown"][..], "# Nobody watches the platform"),
        (&["LookoutServiceUnavailable", "--value", "service=a b"], "# a b does not answer"),
        (
            &["--value", "reason=no_subscriber", "--value", "topic=a;b"],
            "emqx ctl topics show 'a;b'",
        ),
        (
            &["--value", "kind=redis", "--value", "component=cache"],
            "# Redis (cache) fails its checks",
        ),
        (&["LookoutHighFailureRate", "--value", "service=A"], "# Too many calls of A fail"),
        (&["LookoutPairDeaf"], "# lookout hears calls and none of their replies"),
        (&["--value", "event=pair_deaf"], "# lookout hears calls and none of their replies"),
        (&["--value", "service=Orders"], "### 1. Call us about Orders"),
        (&["Mine", "--value", "team=them"], "### 1. Call them about \\<service\\>"),
        (&["--list"], "LookoutDown"),
        (&["--list"], "T (own)"),
    ] {
        let all = [&["runbook", "--config", &config], arguments].concat();
        let (code, out, err) = said(&lookout(&all));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(out.contains(wanted), "{arguments:?}: {out}");
    }
    let harm = "service=\u{1b}]0;x\u{7}\u{202e}\u{9b}2J";
    let (_, out, _) = said(&lookout(&["runbook", "LookoutServiceUnavailable", "--value", harm]));
    assert!(!out.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{out:?}");
}

#[test]
fn what_cannot_be_told_is_an_error_with_a_way_out() {
    for (arguments, code, wanted) in [
        (&["runbook"][..], 64, "required"),
        (
            &["runbook", "No\u{1b}such"],
            1,
            "no runbook is called \"No\\u{1b}such\", and no lookout says",
        ),
        (&["runbook", "x", "--set", "http.listen=off"], 1, "`http.listen` is \"off\""),
        (&["runbook", "x", "--url", "https://x"], 1, "is no address such as http://"),
        (&["runbook", "--value", "servce=x"], 64, "the name is one of alert, broker"),
        (&["runbook", "--value", "service"], 64, "NAME=VALUE"),
        (&["runbook", "x", "--list"], 64, "cannot be used"),
    ] {
        let (ended, out, err) = said(&lookout(arguments));
        assert_eq!((ended, out.as_str()), (Some(code), ""), "{err}");
        assert!(err.contains(wanted), "{arguments:?}: {err}");
    }
}

//! Names from the network in commands, in Markdown and in fields: whatever they are, they are shown
//! and nothing else. Commands go through a real shell.

use crate::kit::{file, fill, inside, sh, with_command};
use lookout::runbook::{Book, Subject};
use std::path::Path;

/// Names, and how each is shown as a word at the beginning of one.
fn names() -> Vec<(String, String)> {
    let same = [
        "Orders",
        "a b",
        "; rm -rf /",
        "$(>pwned)",
        "`>pwned`",
        "a'b",
        "'; >pwned; '",
        "'\\''; >pwned; '\\''",
        "\"; >pwned; \"",
        "$HOME ${HOME} ~ * ? [a-z]",
        "&& >pwned",
        "| >pwned #",
        "> pwned",
        "!!",
        "\\",
        "a\\",
        "{service}",
        "{{service}}",
        "=ls",
        "%s%n%d",
        "é…",
        "#x",
    ];
    let mut names: Vec<(String, String)> =
        same.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
    for (name, shown) in [
        ("-rf", "_rf"),
        ("--help", "_-help"),
        ("- x", "_ x"),
        ("a\n>pwned\n", "a�>pwned�"),
        ("a\r>pwned", "a�>pwned"),
        ("\u{1b}[2J\u{1b}]0;x\u{7}", "�[2J�]0;x�"),
        ("a\0b", "a�b"),
        ("\u{202e}gnp.exe", "�gnp.exe"),
        ("a\u{200b}b\u{feff}\u{2028}c\u{9b}d", "a�b��c�d"),
        ("\t", "�"),
        ("", "SERVICE"),
    ] {
        names.push((name.to_owned(), shown.to_owned()));
    }
    let long = "'x; ".repeat(16 << 10);
    names.push((long.clone(), long.chars().take(200).chain(['…']).collect()));
    names
}

fn of(service: &str) -> Subject<'_> {
    Subject { service: Some(service), ..Subject::default() }
}

#[test]
fn in_a_command_a_name_is_one_word_that_does_nothing() {
    let text = with_command(
        "printf '<%s>\\n' {service} x={service} ''{service}'/'{service}\\\n  {service};printf '<%s>\\n' {service}",
    );
    for shell in ["sh", "bash"] {
        if !Path::new("/bin").join(shell).exists() {
            continue;
        }
        for (name, shown) in names() {
            let filled = fill(&text, &of(&name));
            let command = filled.steps[0].command.clone().unwrap();
            let folder = tempfile::tempdir().unwrap();
            let ended = sh(&format!("/bin/{shell}"), folder.path(), "/nonexistent", &command);
            // Within a word a `-` is no option.
            let within = if shown.starts_with('_') && name.starts_with('-') {
                shown.replacen('_', "-", 1)
            } else {
                shown.clone()
            };
            let wanted =
                format!("<{shown}>\n<x={within}>\n<{shown}/{within}>\n<{shown}>\n<{shown}>\n");
            assert_eq!(String::from_utf8_lossy(&ended.stdout), wanted, "{shell}: {command}");
            assert!(ended.stderr.is_empty(), "{name:?}: {ended:?}");
            assert!(inside(folder.path()).is_empty(), "{name:?} made a file by {command}");
        }
    }
}

#[test]
fn only_words_that_need_it_are_quoted() {
    let text = with_command("kubectl get pod -n {namespace} {service}");
    for (name, wanted) in [
        ("Orders", "kubectl get pod -n prod Orders"),
        ("a.b/c:1@d_e-f", "kubectl get pod -n prod a.b/c:1@d_e-f"),
        ("a b", "kubectl get pod -n prod 'a b'"),
        ("a'b", r"kubectl get pod -n prod 'a'\''b'"),
        ("", "kubectl get pod -n prod SERVICE"),
    ] {
        assert_eq!(fill(&text, &of(name)).steps[0].command.as_deref(), Some(wanted));
    }
}

#[test]
fn a_workload_is_what_the_platform_calls_the_service() {
    let files = vec![("x.md".to_owned(), with_command("kubectl get {workload}"))];
    let workloads = [("Orders".to_owned(), "orders v2".to_owned())].into();
    let book = Book::default().with(files).unwrap().with_workloads(workloads);
    for (service, wanted) in [
        ("Orders", "kubectl get 'orders v2'"),
        ("a;b", "kubectl get 'a;b'"),
        ("", "kubectl get WORKLOAD"),
    ] {
        let filled = book.fill(book.get("x").unwrap(), &of(service));
        assert_eq!(filled.steps[0].command.as_deref(), Some(wanted));
    }
}

#[test]
fn what_stands_between_backticks_is_quoted_as_in_commands() {
    let text = file("", "### 1. Run `printf '<%s>' {service}` now\n");
    for (name, shown) in names() {
        let title = fill(&text, &of(&name)).steps[0].title.clone();
        let parts: Vec<_> = title.split('`').collect();
        assert_eq!(parts.len(), 3, "{title}");
        let folder = tempfile::tempdir().unwrap();
        let ended = sh("/bin/sh", folder.path(), "/nonexistent", parts[1]);
        let wanted = format!("<{}>", shown.replace('`', "ˋ"));
        assert_eq!(String::from_utf8_lossy(&ended.stdout), wanted, "{title}");
        assert!(inside(folder.path()).is_empty(), "{title}");
    }
}

/// A text of Markdown as it reads, if nothing in it means anything; `None` if something does.
fn read_plain(markdown: &str) -> Option<String> {
    let mut read = String::new();
    let mut rest = markdown.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => read.push(rest.next()?),
            '`' | '*' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '!' | '#' | '@' | '$' | '\n' => {
                return None;
            }
            c => read.push(c),
        }
    }
    Some(read)
}

#[test]
fn in_text_a_name_is_no_markdown() {
    let text =
        "---\ntitle: T\n---\n\n{service}\n\n## Steps\n\n### 1. {service}\n\n- Expect: {service}\n";
    let more = [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](http://evil.example/x.png)",
        "**bold** _it_ ~~no~~ | a | b |",
        "# heading",
        "- item",
        "1. item",
        "===",
        "---",
        "http://evil.example www.evil.example a@evil.example",
        "&lt;b&gt;",
        "a_b_c and a-b",
    ];
    let more = more.iter().map(|name| ((*name).to_owned(), (*name).to_owned()));
    for (name, _) in names().into_iter().chain(more) {
        let filled = fill(text, &of(&name));
        let lines: Vec<&str> = filled.markdown().lines().collect();
        let shown = lines[2];
        let read = read_plain(shown).unwrap_or_else(|| panic!("{shown} for {name:?}"));
        // The field is what is seen.
        assert_eq!(filled.prose[0].text, read, "{name:?}");
        assert!(!shown.contains("://") && !shown.contains("www."), "{shown} is a link");
        assert_eq!(lines[6], format!("### 1. {shown}"));
        assert_eq!(lines[8], format!("- Expect: {shown}"));
        assert_eq!(lines.len(), 9, "{name:?} made lines");
        assert!(!shown.starts_with(['#', '-', '+', '=', '>', ' ']), "{shown}");
    }
    assert_eq!(fill(text, &of("a_b-c.d")).markdown().lines().nth(2), Some("a_b-c.d"));
    assert_eq!(fill(text, &of("")).prose[0].text, "<service>");
}

#[test]
fn braces_that_are_no_placeholders_stay() {
    for command in [
        "awk '{print $1}' x",
        "awk '{ print }' x",
        "echo ${HOME} \"${HOME:-x}\" $(id -u)",
        "docker ps --format '{{.Names}} {{json .State}} {{end}}'",
        "docker ps --format {{end}}",
        "curl -d '{\"state\":\"closed\"}' -w '%{http_code}\\n' u",
        "kubectl get pods -o jsonpath='{.items[*].metadata.name}'",
        "echo {a,b} {1..3} {} {A} {a-b}",
        "echo '{ end }' \\; # a comment",
        "f() { echo x; }; f",
        "cat </dev/null >/dev/null 2>&1",
    ] {
        let filled = fill(&with_command(command), &of("Orders"));
        assert_eq!(filled.steps[0].command.as_deref(), Some(command));
    }
    let text =
        file("", "### 1. {{service}} ${service} { service } %{service} {Service} {service}\n");
    let title = &fill(&text, &of("Orders")).steps[0].title;
    assert_eq!(title, "{{service}} ${service} { service } %{service} {Service} Orders");
}

#[test]
fn a_block_between_fences_is_not_ended_by_what_is_in_it() {
    let text = "---\ntitle: T\n---\n\n```text\n{service} `x`\n```\n\n## Steps\n\n### 1. Do\n\n```sh\nprintf %s {service}\n```\n";
    let filled = fill(text, &of("````\n```"));
    let markdown = filled.markdown();
    assert!(markdown.contains("\n`````sh\nprintf %s '````�```'\n`````\n"), "{markdown}");
    assert!(markdown.contains("\n```text\n{service} `x`\n```\n"), "{markdown}");
}

#[test]
fn what_is_filled_in_can_be_written_and_read_again() {
    let text = "---\ntitle: T\n---\n\nfirst\nsecond\n\n## A\n\n- one\n  more\n- two\n\n## Steps\n\n### 1. Do\n\nwords\n\n```sh\ntrue\n```\n\n- Expect: e\n- Look for: l\n- Threshold: t\n- Time limit: 90 s\n- Needs approval: yes\n- Impact: i\n\n### 2. And\n\n- Time limit: 120 min\n\n## B\n\nend\n";
    let filled = fill(text, &Subject::default());
    assert_eq!(filled.steps[0].time_limit, Some(90));
    assert_eq!(filled.steps[1].time_limit, Some(7_200));
    let body = filled.markdown().strip_prefix("# T\n").unwrap();
    let again = fill(&format!("---\ntitle: T\n---\n{body}"), &Subject::default());
    assert_eq!(again, filled);
    assert!(body.contains("- Time limit: 2 h\n"), "{body}");
}

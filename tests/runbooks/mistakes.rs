//! What is wrong in a runbook, and in which words that is said.

use crate::kit::{book, file, with_command};
use lookout::runbook::{MAX_BYTES, check_constant};

/// Says what is wrong with a file of this text, without the file's name.
#[track_caller]
fn wrong(text: &str) -> Vec<String> {
    let mistakes = book(&[("x.md", text)]).err().unwrap_or_default();
    let said = mistakes.iter().map(ToString::to_string);
    said.map(|said| said.strip_prefix("x.md:").unwrap().to_owned()).collect()
}

#[test]
fn each_mistake_is_named_with_its_line() {
    let step = "### 1. Do\n";
    for (text, wanted) in [
        (String::new(), "1: found no front matter"),
        ("# Title\n".to_owned(), "1: found no front matter"),
        ("---\ntitle: x\n".to_owned(), "1: found no front matter"),
        ("---\ntitle: x\n---\n".to_owned(), "3: found no steps, allowed: a line `## Steps`"),
        ("---\ntitle: ''\n---\n## Steps\n".to_owned(), "2: found no title"),
        (file("titel: x\n", step), "3: found unknown field `titel`, allowed: title (in quotes"),
        (file("match: {servce: x}\n", step), "3: found unknown field `servce`, allowed"),
        (file("title: x\n", step), "3: found duplicate mapping key: title, allowed"),
        (
            "---\ntitle: {service} x\n---\n".to_owned(),
            "2: found expected string scalar, allowed: title (in quotes",
        ),
        ("---\nmatch: {kind: disk}\n---\n".to_owned(), "2: found missing field `title`"),
        (file("match:\n  service: S\n  alarm: x\n", step), "5: found"),
        (file("match: {service: {a: b}}\n", step), "3: found invalid type: map, allowed"),
        (file("match: {service: 5}\n", step), "3: found invalid type: integer `5`, allowed"),
        (file("match: {service: [\n", step), "found"),
        (
            file("match: {event: service_gone}\n", step),
            "3: found event \"service_gone\", allowed: cascading",
        ),
        (
            file("match:\n  service: x\n  kind: mysql\n", step),
            "5: found kind \"mysql\", allowed: disk, docker",
        ),
        (
            file("match: {severity: critcal}\n", step),
            "3: found severity \"critcal\", allowed: info, warning",
        ),
        (file("match: {service: '*'}\n", step), "3: found service \"*\""),
        (file("match: {service: 'a*b*'}\n", step), "3: found service \"a*b*\""),
        (file("", ""), "7: found no steps, allowed: ### 1. and what to do first"),
        (file("", "text\n"), "9: found text, allowed: ### 1."),
        (file("", "### 2. Do\n"), "9: found ### 2. Do, allowed: ### 1."),
        (file("", "### Do\n"), "9: found ### Do, allowed: ### 1."),
        (file("", "### 1. Do\n### 1. Do\n"), "10: found ### 1. Do, allowed: ### 2."),
        (file("", "### 1. Do\n\n## Steps\n\n### 1. Do\n"), "11: found ## Steps, allowed: one such"),
        (file("", "### 1. Do\n\n# Title\n"), "11: found # Title"),
        (
            file("", "### 1. Do {servce}\n"),
            "9: found {servce}, allowed: one of alert, broker, cluster",
        ),
        (file("", "### 1. Do `x\n"), "9: found a backtick without a second one"),
        (file("", "### 1. Do ``x``\n"), "9: found two backticks in a row"),
        (file("", "### 1. Do\n\n- Expect: {x}\n"), "11: found {x}, allowed: one of"),
        (file("", "### 1. Do\n\n- Expects: x\n"), "11: found - Expects:, allowed: - Expect:"),
        (file("", "### 1. Do\n\n- Expect x\n"), "11: found - Expect x, allowed: - Expect:"),
        (file("", "### 1. Do\n\n- Expect:\n"), "11: found nothing behind Expect:"),
        (file("", "### 1. Do\n\n- Expect: x\n- Expect: y\n"), "12: found a second Expect:"),
        (
            file("", "### 1. Do\n\n- Time limit: 5 minutes\n"),
            "11: found 5 minutes, allowed: a time such as",
        ),
        (file("", "### 1. Do\n\n- Time limit: 0 s\n"), "11: found 0 s"),
        (file("", "### 1. Do\n\n- Time limit: 25 h\n"), "11: found 25 h"),
        (file("", "### 1. Do\n\n- Time limit: 99999999999 s\n"), "11: found 99999999999 s"),
        (file("", "### 1. Do\n\n- Time limit: -1 s\n"), "11: found -1 s"),
        (file("", "### 1. Do\n\n- Needs approval: maybe\n"), "11: found maybe, allowed: yes or no"),
        (file("", "### 1. Do\n\n- Needs approval: yes\n"), "9: found a step that needs approval"),
        (file("", "### 1. Do\n\none\n\ntwo\n"), "13: found two, allowed: one paragraph before"),
        (file("", "### 1. Do\n\n- Expect: x\n\ntwo\n"), "13: found two"),
        (file("", "### 1. Do\n\n```sh\nls\n"), "11: found a fence that does not end"),
        (file("", "### 1. Do\n\n```\nls\n```\n"), "11: found ```, allowed: ```sh"),
        (file("", "### 1. Do\n\n```sh\n```\n"), "12: found an empty command"),
        (file("", "### 1. Do\n\n```sh\nls\n```\n```sh\nls\n```\n"), "14: found a second command"),
        (file("", "### 1. Do\n\n```sh\nls\nls {oops}\n```\n"), "13: found {oops}"),
        ("---\ntitle: x {oops}\n---\n## Steps\n### 1. Do\n".to_owned(), "2: found {oops}"),
        ("---\ntitle: x\n---\n```\nls\n## Steps\n### 1. Do\n".to_owned(), "4: found a fence"),
        ("---\ntitle: x\n---\n#x\n## Steps\n### 1. Do\n".to_owned(), "4: found #x"),
        (file("", "### 1. Do\u{1b}[2J\n"), "9: found a character that is not seen, U+001B"),
        (file("", "### 1. Do\u{202e}\n"), "9: found a character that is not seen, U+202E"),
        (file("", "### 1. Do\tit\n"), "9: found a character that is not seen, U+0009"),
        (file("", &"x".repeat(MAX_BYTES)), "0: found 65"),
    ] {
        let said = wrong(&text);
        assert!(said.first().is_some_and(|said| said.contains(wanted)), "{wanted}: {said:?}");
        assert!(said.iter().all(|said| said.len() < 1_000), "{said:?}");
    }
}

#[test]
fn a_place_where_a_word_is_not_safe_is_refused() {
    for (command, wanted) in [
        ("echo '{service}'", "{service} inside '"),
        ("echo \"{service}\"", "{service} inside \""),
        ("echo \"a'{service}'\"", "{service} inside \""),
        ("echo 'a\n{service}'", "{service} inside '"),
        ("echo \"$(echo {service})\"", "$( inside quotes"),
        ("echo \"$(echo \"{service}\")\"", "$( inside quotes"),
        ("echo \"a\\\"$(echo \"{service}\")\"", "$( inside quotes"),
        ("echo \"${X:-\"{service}\"}\"", "${ with more than a name"),
        ("echo ${X:-{service}}", "${ with more than a name"),
        ("echo ${#X} {service}", "${ with more than a name"),
        ("echo $((1+{service}))", "(("),
        ("((x={service}))", "(("),
        ("[[ x -eq {service} ]]", "{service} behind [["),
        ("[ -v {service} ]", "{service} behind ["),
        ("let x={service}", "{service} behind let"),
        ("echo \"\\\"{service}\"", "{service} inside \""),
        ("echo '\\'{service}\\''", "an open quote"),
        ("echo \\{service}", "{service} after a backslash"),
        ("echo x # {service}", "{service} in a comment"),
        ("echo x # don't\necho {service}", "' in a comment"),
        ("echo x # \"\necho {service}", "\" in a comment"),
        ("echo `echo {service}`", "a backtick in a command"),
        ("echo \"`id`\"", "a backtick in a command"),
        ("echo $'{service}'", "$' in a command"),
        ("{service} --help", "{service} in place of a command"),
        ("true; {service}", "{service} in place of a command"),
        ("true && {service}", "{service} in place of a command"),
        ("true | {service}", "{service} in place of a command"),
        ("$({service})", "{service} in place of a command"),
        ("if {service}; then true; fi", "{service} in place of a command"),
        ("X=1 {service}", "{service} in place of a command"),
        ("sudo {service}", "{service} in place of a command"),
        ("true\n{service}", "{service} in place of a command"),
        ("echo x > {service}", "{service} as a file"),
        ("echo x >>{service}", "{service} as a file"),
        ("echo x >/tmp/{service}", "{service} as a file"),
        ("cat < {service}", "{service} as a file"),
        ("echo x >&x{service}", "{service} as a file"),
        ("echo x >| {service}", "{service} as a file"),
        ("echo x &>{service}", "{service} as a file"),
        ("./{service}", "{service} in place of a command"),
        ("1X={service} ls", "{service} in place of a command"),
        ("cat <<EOF\n{service}\nEOF", "a here-document"),
        ("cat <<<{service}", "a here-document"),
        ("sh -c {service}", "{service} behind sh"),
        ("/bin/sh -c {service}", "{service} behind sh"),
        ("'sh' -c {service}", "{service} behind sh"),
        ("sudo bash -c {service}", "{service} behind bash"),
        ("eval echo {service}", "{service} behind eval"),
        ("ssh host ls {service}", "{service} behind ssh"),
        ("docker exec x sh -c {service}", "{service} behind sh"),
        ("ls | xargs -I x echo {service}", "{service} behind xargs"),
        ("sed -e {service} x", "{service} behind sed"),
        ("mongosh --eval {service}", "{service} behind --eval"),
        ("mongosh --eval={service}", "{service} behind --eval"),
        ("echo 'x", "an open quote"),
        ("echo \"x", "an open quote"),
        ("echo x \\", "a backslash at the end"),
    ] {
        let said = wrong(&with_command(command));
        assert!(said.first().is_some_and(|said| said.contains(wanted)), "{command}: {said:?}");
    }
    for command in [
        "echo {service}",
        "echo a={service} --x={service}",
        "echo 'a'{service}\"b\"",
        "true; echo {service}",
        "true | grep -F -e {service}",
        "kubectl exec deploy/{service} -- sh -c 'echo x'",
        "echo $(echo {service})",
        "echo x >/dev/null; echo {service}",
        "echo x 2>&1 {service}",
        "X={service} env",
        "kubectl get pods \\\n  -l app={service}",
        "echo \"it's\" {service}",
        "echo '$(' {service} '((' \"${X}\" \"\\$(\" $(id) \\((",
    ] {
        assert_eq!(wrong(&with_command(command)), [""; 0], "{command}");
    }
    // The same holds between backticks in text, where a part of a command may stand.
    for (span, good) in [
        ("service.{service}.patience", true),
        ("{service}", true),
        ("don't", true),
        ("'{service}'", false),
        ("sh -c {service}", false),
        ("> {service}", false),
    ] {
        let said = wrong(&file("", &format!("### 1. Do `{span}`\n")));
        assert_eq!(said.is_empty(), good, "{span}: {said:?}");
    }
}

#[test]
fn names_of_files_and_their_number_are_bounded() {
    let good = file("", "### 1. Do\n");
    for name in ["x.txt", ".md", "a b.md", "a/b.md", "ä.md", "\u{1b}[2J.md"] {
        let said = book(&[(name, &good)]).unwrap_err();
        let said = said[0].to_string();
        assert!(said.contains("found this name") && !said.contains('\u{1b}'), "{said}");
    }
    let long = format!("{}.md", "x".repeat(65));
    assert!(book(&[(&long, &good)]).is_err());
    assert!(book(&[("a.md", &good), ("a.md", &good)]).unwrap_err()[0].found.contains("second"));
    let many: Vec<_> = (0..1_001).map(|at| format!("n{at}.md")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), good.as_str())).collect();
    assert_eq!(book(&many).unwrap_err()[0].found, "1001 files");
    let steps: String = (1..=41).map(|at| format!("### {at}. Do\n")).collect();
    assert!(wrong(&file("", &steps))[0].contains("41 steps"));
    // All are told, up to a bound.
    let steps: String = (1..=40).map(|at| format!("### {at}. Do {{oops}}\n")).collect();
    assert_eq!(wrong(&file("", &steps)).len(), 20);
}

#[test]
fn hostile_files_are_mistakes() {
    for text in [
        "---\n".repeat(10_000),
        format!("---\n{}\n---\n## Steps\n### 1. Do\n", "[".repeat(20_000)),
        format!("---\n{}\n---\n## Steps\n### 1. Do\n", "a: &a [*a]\n".repeat(100)),
        "---\na: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n---\n## Steps\n".to_owned(),
        "---\ntitle: !!binary x\n---\n".to_owned(),
        file("", &"`".repeat(10_000)),
        file("", &"{".repeat(50_000)),
        file("", &format!("### 1. {}\n", "{{".repeat(20_000))),
    ] {
        let said = book(&[("x.md", &text)]);
        if let Err(mistakes) = &said {
            assert!(mistakes.iter().all(|mistake| mistake.found.chars().count() <= 201));
        }
    }
}

#[test]
fn constants_are_checked() {
    for (name, value, good) in [
        ("namespace", "prod", true),
        ("team_a", "it's us", true),
        ("Team", "x", false),
        ("", "x", false),
        ("_x", "x", false),
        ("a-b", "x", false),
        ("service", "x", false),
        ("workload", "x", false),
        ("x", "", false),
        ("x", "a\nb", false),
        ("x", "a\u{202e}b", false),
    ] {
        assert_eq!(check_constant(name, value).is_ok(), good, "{name}={value:?}");
    }
    assert!(check_constant("x", &"y".repeat(201)).is_err());
    assert!(check_constant(&"x".repeat(33), "y").is_err());
}

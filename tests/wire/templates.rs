//! The template matcher against a naive one, and what templates may look like.

use crate::kit::{DEFAULT, P, spec};
use crate::lcg::Lcg;
use lookout::wire::Traffic;
use lookout::wire::filter::Filter;
use lookout::wire::template::{MAX_NAMES, Names, Template};

/// Tries everything: whether a level's text, with names as `{}`, can be read out of `text`.
fn level(template: &str, text: &str) -> bool {
    let Some(open) = template.find('{') else {
        return template == text;
    };
    let Some(rest) = text.strip_prefix(&template[..open]) else { return false };
    let close = template.find('}').unwrap();
    let after = &template[close + 1..];
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| level(after, &rest[at..]))
}

fn levels(template: &[&str], topic: &[&str]) -> bool {
    match template.split_first() {
        None => topic.is_empty(),
        Some((first, after)) if first.ends_with("...}") => {
            (1..=topic.len()).any(|many| levels(after, &topic[many..]))
        }
        Some((first, after)) => topic
            .split_first()
            .is_some_and(|(part, rest)| level(first, part) && levels(after, rest)),
    }
}

fn naive(template: &str, topic: &str) -> bool {
    // A wildcard in the first level does not match topics that begin with $.
    if topic.starts_with('$') && template.split('/').next().unwrap().contains('{') {
        return false;
    }
    let template: Vec<_> = template.split('/').collect();
    levels(&template, &topic.split('/').collect::<Vec<_>>())
}

fn compile(template: &str) -> Result<(Template, Names), String> {
    let mut names = Names::default();
    Template::new(template, &mut names, true).map(|template| (template, names))
}

#[test]
fn the_matcher_agrees_with_a_naive_one() {
    let mut random = Lcg::new(4);
    let (mut matched, mut compared) = (0, 0);
    for _ in 0..4_000 {
        let mut many = false;
        let mut template = Vec::new();
        for at in 0..=random.below(4) {
            let shape = random.pick(&[
                "a", "b", "", "$s", "{#}", "{#}", "a{#}", "{#}a", "{#}ab{#}", "a{#}b{#}",
                "{#}a{#}a", "{#...}",
            ]);
            if shape == "{#...}" && std::mem::replace(&mut many, true) {
                continue;
            }
            // Each name once: x0, x1, …
            let mut level = String::new();
            for (count, part) in shape.split('#').enumerate() {
                level += part;
                if count < shape.matches('#').count() {
                    level += &format!("x{at}{count}");
                }
            }
            template.push(level);
        }
        let template = template.join("/");
        let Ok((compiled, _)) = compile(&template) else { continue };
        let filter = Filter::new(&compiled.filter()).unwrap();
        for _ in 0..20 {
            let level = ["a", "b", "", "ab", "aab", "aba", "$s", "baa", "$", "ä", "abab"];
            let parts: Vec<_> = (0..=random.below(5)).map(|_| random.pick(&level)).collect();
            let topic = parts.join("/");
            let mut values = [None; MAX_NAMES];
            let got = compiled.captures(&topic, &mut values);
            assert_eq!(got, naive(&template, &topic), "{template} on {topic}");
            compared += 1;
            if got {
                matched += 1;
                let mut filled = String::new();
                assert!(compiled.fill(&values, &mut filled), "{template} on {topic}");
                assert_eq!(filled, topic, "{template}: the values are the topic's");
                assert!(filter.matches(&topic), "{template} on {topic}: subscribed to");
            }
        }
    }
    assert!(compared > 50_000 && matched > 3_000, "{matched} of {compared}");
}

/// Names and their values; `None` if the topic does not match.
type Values = Option<&'static [(&'static str, &'static str)]>;

#[test]
fn values_are_captured() {
    let rows: &[(&str, &str, Values)] = &[
        ("service/{service}", "service/User", Some(&[("service", "User")])),
        ("service/{service}", "service/", Some(&[("service", "")])),
        ("service/{service}", "service", None),
        ("service/{service}", "service/a/b", None),
        ("service/{service}", "/service/a", None),
        ("service/{service}", "Service/a", None),
        ("a/{x...}", "a/b", Some(&[("x", "b")])),
        ("a/{x...}", "a/b//c", Some(&[("x", "b//c")])),
        ("a/{x...}", "a/", Some(&[("x", "")])),
        ("a/{x...}", "a", None),
        ("{x...}/z", "a/b/z", Some(&[("x", "a/b")])),
        ("{x...}/z", "z", None),
        ("{x...}", "$SYS/a", None),
        ("{x}", "$SYS", None),
        ("$SYS/{x}", "$SYS/a", Some(&[("x", "a")])),
        ("?$rid={call}", "?$rid=77", Some(&[("call", "77")])),
        ("?$rid={call}", "?$rid=a=b", Some(&[("call", "a=b")])),
        ("?$rid={call}", "$rid=77", None),
        ("v{major}.{minor}", "v1.2", Some(&[("major", "1"), ("minor", "2")])),
        ("//{x}", "//a", Some(&[("x", "a")])),
        ("//{x}", "/a", None),
        ("{a_1}/{B}", "x/ü", Some(&[("a_1", "x"), ("B", "ü")])),
    ];
    for (text, topic, wanted) in rows {
        let (template, names) = compile(text).unwrap();
        let mut values = [None; MAX_NAMES];
        let matched = template.captures(topic, &mut values);
        assert_eq!(matched, wanted.is_some(), "{text} on {topic}");
        for (name, value) in wanted.iter().flat_map(|values| values.iter()) {
            assert_eq!(
                values[usize::from(names.get(name).unwrap())],
                Some(*value),
                "{text} on {topic}"
            );
        }
    }
}

#[test]
fn templates_that_say_nothing_clear_are_refused() {
    let bad = [
        "",
        "a/+",
        "a/#",
        "#",
        "+",
        "a/b+",
        "{",
        "}",
        "{}",
        "a/{x",
        "a/x}",
        "{x-y}",
        "{x y}",
        "{ü}",
        "{x}{y}",
        "a{x...}",
        "{x...}b",
        "{x...}/{y...}",
        "{...}",
        "a\0b",
        "{{x}}",
        "{body.}",
    ];
    for text in bad {
        assert!(compile(text).is_err(), "{text:?} is refused");
    }
    assert!(compile(&"a".repeat(65_535)).is_ok());
    assert!(compile(&"a".repeat(65_536)).is_err());
    // A body is known only once a call is read: in reply templates.
    let pair = |call, reply, service| -> P { ("p", call, reply, service) };
    let compiled = |pair: P| Traffic::new(&spec(&[pair])).is_ok();
    assert!(compiled(pair("{service}/rpc", "{body.src}/rpc", None)));
    assert!(!compiled(pair("{body.src}/rpc", "{service}/rpc", None)));
    assert!(!compiled(pair("a/{x}", "b/{x}", Some("{y}"))));
    assert!(compiled(pair("a/{x}/{y}", "b/{x}", Some("{x}-{y}"))));
}

#[test]
fn every_filter_is_subscribed_to_once() {
    let filters = Traffic::new(&spec(&[DEFAULT, DEFAULT])).unwrap().filters();
    let mut wanted = vec![
        "service/+",
        "session/+/response",
        "ui/change/+",
        "security/auth/+",
        "security/authz/+",
        "service/+/security",
    ];
    let mut got: Vec<_> = filters.iter().map(String::as_str).collect();
    got.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(got, wanted);
}

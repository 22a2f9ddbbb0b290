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

/// The same question asked of the whole text at once, letter by letter, with what the names
/// stand for: a name takes any text without `/`, one with `...` any text at all, and a name that
/// stands there twice takes the same text twice.
fn tries<'t>(template: &'t str, topic: &'t str, bound: &mut Vec<(&'t str, &'t str)>) -> bool {
    let Some(rest) = template.strip_prefix('{') else {
        return match (template.chars().next(), topic.chars().next()) {
            (None, None) => true,
            (Some(wanted), Some(letter)) if wanted == letter => {
                let width = letter.len_utf8();
                tries(&template[width..], &topic[width..], bound)
            }
            _ => false,
        };
    };
    let (name, after) = rest.split_once('}').unwrap();
    if let Some((_, value)) = bound.iter().find(|(known, _)| *known == name) {
        return topic.strip_prefix(*value).is_some_and(|rest| tries(after, rest, bound));
    }
    for at in (0..=topic.len()).filter(|at| topic.is_char_boundary(*at)) {
        if !name.ends_with("...") && topic[..at].contains('/') {
            break;
        }
        bound.push((name, &topic[..at]));
        if tries(after, &topic[at..], bound) {
            return true;
        }
        bound.pop();
    }
    false
}

/// A topic that the template was made for, or nearly so: names filled in with texts that its
/// own literals occur in, and half of the time a letter more, less or changed.
fn near(template: &str, random: &mut Lcg) -> String {
    let values = ["", "a", "b", "ab", "ba", "aab", "abab", "ä", "$", "x"];
    let mut topic = String::new();
    let mut known: Vec<(&str, String)> = Vec::new();
    for part in template.split_inclusive(['{', '}']) {
        let Some(name) = part.strip_suffix('}') else {
            topic += part.trim_end_matches('{');
            continue;
        };
        let mut value = random.pick(&values).to_owned();
        if name.ends_with("...") {
            (0..random.below(3)).for_each(|_| value += &format!("/{}", random.pick(&values)));
        }
        let value = match known.iter().find(|(known, _)| *known == name) {
            // Mostly the same again.
            Some((_, before)) if random.below(4) > 0 => before.clone(),
            _ => value,
        };
        topic += &value;
        known.push((name, value));
    }
    if random.below(2) == 0 && !topic.is_empty() {
        let mut letters: Vec<char> = topic.chars().collect();
        let at = random.below(letters.len() as u64) as usize;
        let letter = ['a', 'b', '/', 'ä', '$'][random.below(5) as usize];
        match random.below(3) {
            0 => letters[at] = letter,
            1 => letters.insert(at, letter),
            _ => drop(letters.remove(at)),
        }
        topic = letters.into_iter().collect();
    }
    topic
}

#[test]
fn topics_made_of_the_template_are_matched_as_letter_by_letter() {
    let mut random = Lcg::new(5);
    let (mut matched, mut compared) = (0, 0);
    for _ in 0..4_000 {
        let mut many = false;
        let mut levels = Vec::new();
        for at in 0..=random.below(4) {
            // A level that is a name alone may say a name again; within a level every name is
            // new, as a value that must be the same twice and may end anywhere has no one match.
            let shape = random.pick(&[
                "a",
                "ä",
                "",
                "{x}",
                "{x}",
                "{y}",
                "a{#}b",
                "{#}ä{#}",
                "{#}a{#}ab{#}",
                "aa{#}aa",
                "{#}.{#}",
                "{m...}",
            ]);
            if shape == "{m...}" && std::mem::replace(&mut many, true) {
                continue;
            }
            let mut level = shape.to_owned();
            for count in 0..shape.matches('#').count() {
                level = level.replacen('#', &format!("n{at}{count}"), 1);
            }
            levels.push(level);
        }
        let template = levels.join("/");
        let Ok((compiled, _)) = compile(&template) else { continue };
        let filter = Filter::new(&compiled.filter()).unwrap();
        for _ in 0..15 {
            let topic = near(&template, &mut random);
            let hidden = topic.starts_with('$') && levels[0].contains('{');
            let wanted = !hidden && tries(&template, &topic, &mut Vec::new());
            let mut values = [None; MAX_NAMES];
            assert_eq!(compiled.captures(&topic, &mut values), wanted, "{template} on {topic}");
            compared += 1;
            if wanted {
                matched += 1;
                let mut filled = String::new();
                assert!(compiled.fill(&values, &mut filled), "{template} on {topic}");
                assert_eq!(filled, topic, "{template}");
                assert!(filter.matches(&topic), "{template} on {topic}: subscribed to");
            }
        }
    }
    assert!(compared > 50_000 && matched > 20_000, "{matched} of {compared}");
}

#[test]
fn no_text_is_too_strange_for_a_template() {
    let mut random = Lcg::new(6);
    let (mut accepted, parts) = (0, ["{", "}", "{a}", "{b}", "{c...}", "...", "/", "a", "+", "ä"]);
    for _ in 0..20_000 {
        let count = random.below(7);
        let text: String = (0..count).map(|_| random.pick(&parts)).collect();
        let Ok((template, _)) = compile(&text) else { continue };
        accepted += 1;
        assert_eq!(template.to_string(), text);
        let filter = Filter::new(&template.filter()).unwrap();
        let topic = near(&text, &mut random);
        let once = ["{a}", "{b}", "{c...}"].iter().all(|name| text.matches(name).count() < 2);
        let wanted = naive(&text, &topic);
        let got = template.captures(&topic, &mut [None; MAX_NAMES]);
        // A name that stands there twice may make fewer topics match, never more.
        assert!(if once { got == wanted } else { wanted || !got }, "{text} on {topic}");
        assert!(!got || filter.matches(&topic), "{text} on {topic}: subscribed to");
    }
    assert!(accepted > 2_000, "{accepted}");
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

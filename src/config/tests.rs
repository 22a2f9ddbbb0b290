//! The table against the structs it fills: no field forgotten, no two settings crossed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::draft::Draft;
use super::gather::{Gathered, Rank};
use super::kind::Kind;
use super::raw::{self, Node};
use super::table::{self, Section, Setting, Slot};
use super::{Sources, resolve};
use crate::observer::Settings;
use crate::observer::call::CodeTable;
use crate::observer::limits::Limits;
use crate::observer::settings::{
    CascadePolicy, CircuitPolicy, ComponentPolicy, DoubtPolicy, Patience, RemedyPolicy,
    ServiceSettings, SlowCall, TracePolicy, VerdictPolicy,
};
use crate::wire;
use std::collections::BTreeSet;

/// A draft in which one setting has another value than its default.
fn changed(key: &str) -> Draft {
    let (_, setting) = single(key).unwrap_or_else(|| panic!("no setting {key}"));
    let mut draft = Draft::default();
    let before = setting.show(&mut draft);
    for candidate in candidates(setting) {
        let node = Node::loose(&candidate);
        if setting.take(&mut draft, &node).is_ok() && setting.show(&mut draft) != before {
            return draft;
        }
    }
    panic!("no other value for {key}")
}

fn single(key: &str) -> Option<(&'static Section, &'static Setting)> {
    table::singles().find(|(section, setting)| section.key(setting.name) == key)
}

/// Values that a setting may take.
fn candidates(setting: &Setting) -> Vec<String> {
    let texts = [
        "10.0.0.1:1",
        "mqtt://elsewhere",
        "tcp://elsewhere:2375",
        "app={service}",
        "https://jaeger.example/trace/{traceId}",
        "debug",
        "other",
        "wirenboard",
        "body.other",
        "brute_force",
        "brute_force=info",
        "brute_force=block_ip",
        "block_ip",
        "192.0.2.0/24",
    ];
    match setting.kind {
        Kind::Span { min, max } => vec![super::duration::show(max), super::duration::show(min)],
        Kind::Integer { min, max } => vec![max.to_string(), min.to_string()],
        Kind::Number { max, .. } => vec![max.to_string(), (max / 2.0).to_string()],
        Kind::Flag => vec!["true".to_owned(), "false".to_owned()],
        Kind::Choice(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        Kind::Integers { max, .. } => vec![max.to_string()],
        // Only settings of a pair have one.
        Kind::Form(_) => Vec::new(),
        // Only settings of a check have one.
        Kind::Server => Vec::new(),
        Kind::Web => vec!["https://emqx.example".to_owned()],
        Kind::Secrets { .. } => vec!["X-Key: hunter2".to_owned()],
        Kind::Text { .. } | Kind::Secret | Kind::Urls | Kind::Texts { .. } => {
            texts.iter().map(|text| (*text).to_owned()).collect()
        }
    }
}

/// Holds that every field of a struct is a setting of a section, and that the setting fills that
/// field. The pattern is exhaustive: a new field does not compile until it is listed here.
macro_rules! covered {
    ($section:literal, $type:ident, $at:expr, { $($field:ident),* $(,)? }) => {{
        let $type { $($field: _),* } = $type::default();
        let at: fn(&Draft) -> &$type = $at;
        $(
            let key = concat!($section, ".", stringify!($field));
            assert!(at(&changed(key)).$field != $type::default().$field, "{key} fills another field");
        )*
    }};
}

#[test]
fn every_field_of_the_observers_settings_can_be_set() {
    let Settings {
        seed: _,
        security: _, // [security]
        limits: _,
        codes: _,
        patience: _,
        verdict: _,
        circuit: _,
        cascade: _,
        component: _,
        components: _, // check
        remedy: _,
        doubt: _,
        direct: _,
        // It is on with trace.endpoint.
        trace: TracePolicy { enabled: _, ratio: _, slow: _, server_spans: _ },
        repeat: _,
        health_interval: _,
        pairs: _,        // traffic.pair
        services: _,     // service.NAME
        dependencies: _, // dependencies.NAME
    } = Settings::default();
    assert_eq!(changed("seed").settings.seed, i64::MAX as u64);
    let default = Draft::default().settings;
    assert!(changed("direct_answers").settings.direct.enabled);
    let changed_rate = changed("direct_answers_per_second").settings.direct.per_second;
    assert_ne!(changed_rate, default.direct.per_second);
    assert_ne!(changed("events.repeat").settings.repeat, default.repeat);
    assert_ne!(changed("events.health_interval").settings.health_interval, default.health_interval);
    covered!("codes", CodeTable, |d| &d.settings.codes, { rejected, failed });
    covered!("patience", Patience, |d| &d.settings.patience, {
        initial, min, max, factor, quantile, samples, max_deadline,
    });
    covered!("verdict", VerdictPolicy, |d| &d.settings.verdict, {
        min_calls, silent_calls, min_silence, min_response_rate, max_failure_rate,
        burst_failure_rate, min_failures, failure_calls, slow_mean, slow_median, slow_factor,
        slow_baseline, slow_after, clear_after, clear_calls, healthy_calls, idle_after,
        flap_changes, flap_span, deaf_calls, short_span, middle_span, long_span, large_share,
    });
    covered!("cascade", CascadePolicy, |d| &d.settings.cascade, {
        share, span, learn, sightings, memory,
    });
    covered!("component", ComponentPolicy, |d| &d.settings.component, {
        failure_threshold, success_threshold,
    });
    covered!("remedy", RemedyPolicy, |d| &d.settings.remedy, {
        enabled, dry_run, services, every, after, delay, attempts, per_hour,
    });
    assert_ne!(changed("trace.ratio").settings.trace.ratio, default.trace.ratio);
    assert_ne!(changed("trace.slow").settings.trace.slow, default.trace.slow);
    assert!(!changed("trace.server_spans").settings.trace.server_spans);
    covered!("doubt", DoubtPolicy, |d| &d.settings.doubt, { after, pause });
    covered!("limits", Limits, |d| &d.settings.limits, {
        open_calls, settled_calls, settled_for, held_replies, held_for, services, methods,
        methods_total, name_bytes, channels, components,
    });
}

#[test]
fn every_field_of_a_circuits_settings_can_be_set() {
    // `slow_call` is set by two settings, so it is not covered like the others.
    let CircuitPolicy {
        failure_rate: _,
        min_calls: _,
        consecutive: _,
        min_silence: _,
        open_timeout: _,
        max_open_timeout: _,
        jitter: _,
        trial_calls: _,
        trial_failures: _,
        slow_call: _,
        window: _,
        burst_window: _,
    } = CircuitPolicy::default();
    let SlowCall { duration: _, rate: _ } = SlowCall { duration: Default::default(), rate: 1.0 };
    assert!(changed("circuit.slow_call_duration").slow_call_duration.is_some());
    assert!(changed("circuit.slow_call_rate").slow_call_rate.is_some());
    let default = CircuitPolicy::default();
    macro_rules! filled {
        ($($field:ident),*) => {$(
            let key = concat!("circuit.", stringify!($field));
            assert!(changed(key).settings.circuit.$field != default.$field, "{key}");
        )*};
    }
    filled!(failure_rate, min_calls, consecutive, min_silence, open_timeout, max_open_timeout);
    filled!(jitter, trial_calls, trial_failures, window, burst_window);
    // What can be set for a service.
    let ServiceSettings { patience: _, circuit: _ } = ServiceSettings::default();
}

#[test]
fn each_setting_fills_its_own_place_only() {
    for (section, setting) in table::singles() {
        let key = section.key(setting.name);
        let mut draft = changed(&key);
        let mut default = Draft::default();
        for (other_section, other) in table::singles() {
            let other_key = other_section.key(other.name);
            let same = other.show(&mut draft) == other.show(&mut default);
            assert_eq!(same, other_key != key, "{key} changes {other_key}");
        }
    }
}

#[test]
fn the_table_is_sound() {
    let mut keys = BTreeSet::new();
    let mut variables = BTreeSet::from(["LOOKOUT_BROKER".to_owned()]);
    for section in table::SECTIONS {
        for setting in section.settings {
            let key = section.key(setting.name);
            assert!(keys.insert(key.clone()), "{key} twice");
            if let Some(variable) = section.variable(setting.name) {
                assert!(variables.insert(variable.clone()), "{variable} twice");
            }
            assert!(setting.meaning.len() > 20 && setting.meaning.ends_with('.'), "{key}");
            let default = setting.show(&mut Draft::default());
            assert_eq!(default.is_none(), setting.unset.is_some(), "{key}");
            // The types that the ranges must fit.
            if let (Slot::Count(_), Kind::Integer { min, max }) = (setting.slot, setting.kind) {
                assert!(u32::try_from(min).is_ok() && u32::try_from(max).is_ok(), "{key}");
            }
        }
    }
    assert!(keys.len() > 80, "{}", keys.len());
}

/// A draft of a file's text.
fn draft_of(text: &str) -> Gathered {
    let mut gathered = Gathered::new("lookout.toml".to_owned());
    gathered.file(&raw::parse(text).unwrap_or_else(|error| panic!("{}", error.message)));
    gathered
}

#[test]
fn the_printed_default_means_the_same_as_no_file() {
    let gathered = draft_of(&super::default_file());
    assert!(!gathered.has_mistakes());
    assert!(gathered.draft == Draft::default());
}

#[test]
fn the_commented_settings_of_the_printed_default_are_right_too() {
    let mut text = String::new();
    for line in super::default_file().lines() {
        // A comment that is a setting: `# name = …`, `# [service.…]` or `# [[…]]`.
        let setting = line.strip_prefix("# ").filter(|rest| {
            let word = rest.split(' ').next().unwrap_or("");
            rest.starts_with("[service.")
                || rest.starts_with("[[")
                || rest.strip_prefix(word).is_some_and(|r| r.starts_with(" = "))
        });
        text.push_str(setting.unwrap_or(line));
        text.push('\n');
    }
    assert_ne!(text, super::default_file());
    let gathered = draft_of(&text);
    assert!(gathered.draft.settings.services.len() == 1);
    assert!(gathered.draft.settings.dependencies.len() == 1);
    assert!(gathered.draft.rows(table::CHECK).len() == 1);
    let mistakes = gathered.into_mistakes();
    assert_eq!(mistakes, []);
}

#[test]
fn the_wires_mistakes_get_their_lines() {
    let text = "\
[traffic]
ignore = [
  'a/#',
  'a/#/b',
]
[[traffic.pair]]
name = 'one'
call = 'a/{x'
reply = 'b/{x}'
[[traffic.pair]]
name = 2
reply = '{'
";
    let mut gathered = draft_of(text);
    let mistake = |key: &str, found: &str| wire::Mistake {
        key: key.to_owned(),
        found: found.to_owned(),
        problem: "# at the end".to_owned(),
    };
    resolve::traffic_mistakes(
        &mut gathered,
        &[0, 1],
        vec![
            mistake("traffic.pair[0].call", "a/{x"),
            mistake("traffic.pair[0].service", "s"),
            // Its name was refused: what stands in for it is not the operator's mistake.
            mistake("traffic.pair[1].name", "service-functions"),
            mistake("traffic.pair[1].reply", "{"),
            mistake("traffic.ignore[1]", "a/#/b"),
            mistake("traffic.activity[0]", "x"),
        ],
    );
    let lines: Vec<_> = gathered.into_mistakes().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "defaults: traffic.activity[0]: found \"x\", allowed: a topic template (# at the end)",
            "lookout.toml:4: traffic.ignore[1]: found \"a/#/b\", allowed: a topic filter (# at the end)",
            "lookout.toml:6: traffic.pair[0].service: found \"s\", allowed: what composes a \
             service's name (# at the end)",
            "lookout.toml:8: traffic.pair[0].call: found \"a/{x\", allowed: a topic template (# at the end)",
            "lookout.toml:11: traffic.pair[1].name: found 2, allowed: one topic level: 1 to 128 \
             bytes without / + # and control characters",
            "lookout.toml:12: traffic.pair[1].reply: found \"{\", allowed: a topic template (# at the end)",
        ]
    );
}

#[test]
fn a_part_of_a_variable_is_named_by_the_variable() {
    let sources = Sources {
        environment: vec![("LOOKOUT_TRAFFIC_IGNORE".to_owned(), "a, b/#/c".to_owned())],
        ..Sources::default()
    };
    let gathered = sources.gather();
    assert!(!gathered.has_mistakes());
    assert_eq!(gathered.draft.traffic.ignore, ["a", "b/#/c"]);
    let spot = gathered.spot("traffic.ignore[1]");
    assert_eq!((spot.rank, spot.name.as_str()), (Rank::Environment, "LOOKOUT_TRAFFIC_IGNORE"));
}

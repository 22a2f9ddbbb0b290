//! From a draft to a configuration that cannot be wrong.
//!
//! Each value is in its range by now. Here they are checked against each other, names that were not
//! given are made, and the traffic rules are compiled; `broker` does the same for the broker, and
//! fetches password, certificates and keys. Where two values contradict each other the one from
//! the stronger source is named, as it was set last; a value that was refused already is not
//! judged a second time.

use super::draft::{Draft, PAIR_NAME};
use super::duration::show;
use super::gather::{Gathered, Rank};
use super::mistake::quoted;
use super::pair::PairDraft;
use super::profile::{self, Expanded};
use super::table;
use super::{
    Config, FailFast, Log, alerts, broker, check, emqx, http, receivers, replicas, responses,
    runbooks, security, trace,
};
use crate::observer::settings::{PairSettings, SlowCall};
use crate::wire::dialect::DialectSpec;
use crate::wire::encoding::Encoding;
use crate::wire::{Envelope, PairSpec, Traffic, TrafficSpec};

/// Checks and resolves; `None` if a mistake was noted.
pub(super) fn resolve(gathered: &mut Gathered) -> Option<Config> {
    let mut draft = gathered.draft.clone();
    profile::name_pairs(&mut draft.traffic, gathered.rank(table::PAIR) > Rank::Default);
    check_order(gathered, &draft);
    check_circuit(gathered, &draft);
    check_codes(gathered, &draft);
    let expanded = profile::expand(&draft.traffic.pairs);
    check_pairs(gathered, &draft, &expanded);
    let id = draft.id.clone().unwrap_or_else(default_id);
    let broker = broker::broker(gathered, &draft, &id);
    let emqx = emqx::emqx(gathered, &draft);
    let http = http::http(gathered, &draft);
    let checks = check::checks(gathered, &draft, emqx.as_ref().and_then(Option::as_ref));
    let platforms = replicas::platforms(gathered, &draft);
    let links = alerts::links(&draft);
    let alertmanagers = receivers::alertmanagers(gathered, &draft);
    let webhooks = receivers::webhooks(gathered, &draft);
    let trace = trace::trace(gathered, &draft);
    let runbooks = runbooks::runbooks(gathered, &draft, broker.as_ref(), platforms.as_ref());
    let spec = traffic_spec(&draft, &expanded, &id);
    let traffic = match Traffic::new(&spec) {
        Ok(traffic) => Some(traffic),
        Err(mistakes) => {
            let origins: Vec<_> = expanded.pairs.iter().map(|(at, _)| *at).collect();
            traffic_mistakes(gathered, &origins, mistakes);
            None
        }
    };
    let names: Vec<_> = spec.pairs.iter().map(|pair| pair.name.clone()).collect();
    let policy = alerts::policy(gathered, &draft, &names);
    let responses = responses::responses(gathered, &draft, webhooks.as_deref());
    let security = security::policy(&draft.security);
    let (peers, bans_every) = (draft.security.peers.clone(), draft.security.bans_every);
    let mut settings = draft.settings;
    settings.security = security.enabled;
    settings.circuit.slow_call = match (draft.slow_call_duration, draft.slow_call_rate) {
        (Some(duration), Some(rate)) => Some(SlowCall { duration, rate }),
        _ => None,
    };
    settings.trace.enabled = trace.as_ref().is_some_and(|trace| trace.collector.is_some());
    let pairs = spec.pairs.into_iter().zip(expanded.pairs);
    settings.pairs = pairs
        .map(|(spec, (_, pair))| PairSettings {
            reply: spec.replies(),
            name: spec.name,
            call: spec.call,
            codes: pair.codes,
        })
        .collect();
    let (checks, components) = checks?;
    let (responses, evidence_folder) = responses?;
    settings.components = components;
    Some(Config {
        cluster: draft.cluster,
        id,
        broker: broker?,
        emqx: emqx?,
        traffic: traffic?,
        settings,
        inbox: draft.inbox as usize,
        outbox: draft.outbox as usize,
        canary: draft.canary,
        fail_fast: FailFast {
            no_link: draft.no_link,
            no_canary: draft.no_canary,
            quiet: draft.exit_on_quiet.then_some(draft.quiet),
            on_critical: draft.stop_on_critical,
        },
        envelope: if draft.envelope == "bare" { Envelope::Bare } else { Envelope::JsonRpc },
        log: Log { json: draft.log_format == "json", level: draft.log_level },
        http: http?,
        checks,
        platforms: platforms?,
        alert_policy: policy?,
        links,
        alertmanagers: alertmanagers?,
        webhooks: webhooks?,
        trace: trace?,
        security,
        peers,
        bans_every,
        responses,
        evidence_folder,
        runbooks: runbooks?,
    })
}

/// What is called a bound of another is one.
fn check_order(gathered: &mut Gathered, draft: &Draft) {
    let Draft { broker, settings, traffic, .. } = draft;
    let (patience, circuit, limits) = (&settings.patience, &settings.circuit, &settings.limits);
    let verdict = &settings.verdict;
    for (low_key, low, high_key, high) in [
        ("broker.backoff_min", broker.backoff_min, "broker.backoff_max", broker.backoff_max),
        ("patience.min", patience.min, "patience.max", patience.max),
        (
            "circuit.open_timeout",
            circuit.open_timeout,
            "circuit.max_open_timeout",
            circuit.max_open_timeout,
        ),
        ("circuit.burst_window", circuit.burst_window, "circuit.window", circuit.window),
        ("verdict.short_span", verdict.short_span, "verdict.middle_span", verdict.middle_span),
        ("verdict.middle_span", verdict.middle_span, "verdict.long_span", verdict.long_span),
        ("limits.held_for", limits.held_for, "limits.settled_for", limits.settled_for),
        ("doubt.canary", draft.canary, "fail_fast.no_canary", draft.no_canary),
    ] {
        ordered(gathered, (low_key, &show(low)), (high_key, &show(high)), low <= high);
    }
    for (low_key, low, high_key, high) in [
        ("traffic.max_payload", traffic.max_payload, "broker.max_packet", broker.max_packet),
        ("trace.batch", draft.trace.batch, "trace.queue", draft.trace.queue),
        ("limits.methods", limits.methods, "limits.methods_total", limits.methods_total),
        (
            "circuit.trial_failures",
            circuit.trial_failures,
            "circuit.trial_calls",
            circuit.trial_calls,
        ),
    ] {
        ordered(gathered, (low_key, &low.to_string()), (high_key, &high.to_string()), low <= high);
    }
}

fn ordered(gathered: &mut Gathered, low: (&str, &str), high: (&str, &str), good: bool) {
    if good || gathered.is_bad(low.0) || gathered.is_bad(high.0) {
        return;
    }
    if gathered.rank(low.0) > gathered.rank(high.0) {
        let spot = gathered.spot(low.0);
        gathered.mistake(spot, low.1, format!("at most {} ({})", high.0, high.1));
    } else {
        let spot = gathered.spot(high.0);
        gathered.mistake(spot, high.1, format!("at least {} ({})", low.0, low.1));
    }
}

/// The slow-call rule needs both of its settings.
fn check_circuit(gathered: &mut Gathered, draft: &Draft) {
    let (duration, rate) = ("circuit.slow_call_duration", "circuit.slow_call_rate");
    if gathered.is_bad(duration) || gathered.is_bad(rate) {
        return;
    }
    let (set, missing) = match (draft.slow_call_duration, draft.slow_call_rate) {
        (Some(_), None) => (duration, rate),
        (None, Some(_)) => (rate, duration),
        _ => return,
    };
    let spot = gathered.spot(set);
    gathered.mistake(
        spot,
        format!("no {missing} beside it"),
        format!("both {set} and {missing}, or neither"),
    );
}

/// No code is both the caller's and the service's doing.
fn check_codes(gathered: &mut Gathered, draft: &Draft) {
    let codes = &draft.settings.codes;
    for (index, code) in codes.failed.iter().enumerate() {
        if codes.rejected.contains(code) {
            let spot = gathered.spot(&format!("codes.failed[{index}]"));
            gathered.mistake(spot, code.to_string(), "a code that is not in codes.rejected");
        }
    }
}

/// Every pair has its templates, and a name of its own.
fn check_pairs(gathered: &mut Gathered, draft: &Draft, expanded: &Expanded) {
    for (index, pair) in draft.traffic.pairs.iter().enumerate() {
        if let Some(name) = profile::own_only(pair) {
            let spot = gathered.spot(&format!("{}[{index}].{name}", table::PAIR));
            let profile = pair.profile.as_deref().unwrap_or_default();
            let allowed =
                format!("no such setting beside the profile {profile}, which has several pairs");
            gathered.mistake(spot, format!("{name} beside profile"), allowed);
            gathered.spoil(&format!("{}[{index}]", table::PAIR));
        }
    }
    let mut names: Vec<&str> = Vec::new();
    for (index, pair) in &expanded.pairs {
        let at = format!("{}[{index}]", table::PAIR);
        if gathered.is_bad(&at) || gathered.is_bad(&format!("{at}.profile")) {
            continue;
        }
        for (name, missing, example) in [
            ("call", pair.call.is_none(), "service/{service}"),
            ("reply", pair.reply.is_none(), "session/{session}/response"),
        ] {
            let key = format!("{at}.{name}");
            if missing && !gathered.is_bad(&key) {
                let spot = gathered.spot(&key);
                let allowed = format!("a template of {name} topics such as \"{example}\"");
                gathered.mistake(spot, "nothing", allowed);
                gathered.spoil(&key);
            }
        }
        let key = format!("{at}.name");
        if gathered.is_bad(&key) {
            continue;
        }
        let name = pair.name.as_deref().unwrap_or(PAIR_NAME);
        if names.contains(&name) {
            let spot = gathered.spot(&key);
            gathered.mistake(spot, quoted(name), "a name that no other pair has");
            gathered.spoil(&key);
        }
        names.push(name);
    }
}

fn traffic_spec(draft: &Draft, expanded: &Expanded, id: &str) -> TrafficSpec {
    let traffic = &draft.traffic;
    let mut ignore = traffic.ignore.clone();
    ignore.extend(expanded.ignore.iter().cloned());
    TrafficSpec {
        cluster: draft.cluster.clone(),
        observer_id: id.to_owned(),
        ignore,
        activity: traffic.activity.clone(),
        security: traffic.security.clone(),
        pairs: expanded.pairs.iter().map(|(_, pair)| pair_spec(pair)).collect(),
        max_payload: traffic.max_payload as usize,
        who: security::who(&draft.security),
    }
}

fn pair_spec(pair: &PairDraft) -> PairSpec {
    // What is missing was reported; something in its place lets the others be checked.
    let text = |text: &Option<String>, otherwise: &str| {
        text.clone().unwrap_or_else(|| otherwise.to_owned())
    };
    let encoding = Encoding::ALL.iter().find(|(name, _)| Some(*name) == pair.encoding.as_deref());
    PairSpec {
        name: text(&pair.name, PAIR_NAME),
        call: text(&pair.call, "service/{service}"),
        reply: pair.reply.clone().unwrap_or_else(|| vec!["session/{session}/response".into()]),
        service: pair.service.clone(),
        method: pair.method.clone(),
        methods: pair.methods.clone().unwrap_or_default(),
        dialect: DialectSpec {
            outcome: pair.outcome.clone().unwrap_or_default(),
            body: pair.body.clone().unwrap_or_default(),
            oldest: pair.without_id.as_deref() == Some("oldest"),
            only_addressed: pair.only_addressed.unwrap_or(false),
            sender: pair.sender_property.clone(),
            called_by: pair.called_by.clone(),
            replied_by: pair.replied_by.clone(),
            encoding: encoding.map_or(Encoding::Json, |(_, encoding)| *encoding),
        },
    }
}

/// Gives the wire's mistakes their lines; `origins` says which pair of the file each pair comes
/// from. What was refused already is not judged again: what the wire saw of it is only what stands
/// in for it.
pub(super) fn traffic_mistakes(
    gathered: &mut Gathered,
    origins: &[usize],
    mistakes: Vec<crate::wire::Mistake>,
) {
    let mut said = Vec::new();
    for mistake in mistakes {
        let key = &origin(&mistake.key, origins);
        // What composes a name takes its names from the call's template.
        let composed = [".service", ".method", ".called_by"];
        let call = composed.iter().find_map(|end| key.strip_suffix(end));
        let call = call.map(|pair| format!("{pair}.call"));
        if gathered.is_part_bad(key) || call.is_some_and(|call| gathered.is_bad(&call)) {
            continue;
        }
        let member = key.split_once("].").map_or("", |(_, member)| member);
        let what = match member {
            _ if key.starts_with("traffic.ignore") => "a topic filter",
            _ if key.starts_with("security.") => "the place of a name",
            "service" => "what composes a service's name",
            "method" => "what composes a method",
            "called_by" => "what composes a client's name",
            "call" | "reply" => "a topic template",
            _ if key.starts_with(table::PAIR) => "something else",
            _ => "a topic template",
        };
        let allowed = match what {
            "something else" => mistake.problem,
            what => format!("{what} ({})", mistake.problem),
        };
        // A profile of several pairs makes several of one mistake.
        let line = (key.clone(), mistake.found.clone(), allowed.clone());
        if !said.contains(&line) {
            let spot = gathered.spot(key);
            gathered.mistake(spot, quoted(&mistake.found), allowed);
            said.push(line);
        }
    }
}

/// The key of a setting in the file, from that of the pair it was put in.
fn origin(key: &str, origins: &[usize]) -> String {
    let own = key.strip_prefix(table::PAIR).and_then(|rest| {
        let (index, member) = rest.strip_prefix('[')?.split_once(']')?;
        let index = origins.get(index.parse::<usize>().ok()?)?;
        Some(format!("{}[{index}]{member}", table::PAIR))
    });
    own.unwrap_or_else(|| key.to_owned())
}

/// `lookout-` and the host's name, made fit for a topic level.
fn default_id() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host =
        host.filter(|host| !host.trim().is_empty()).or_else(|| std::env::var("HOSTNAME").ok());
    id_of_host(host.as_deref().unwrap_or(""))
}

fn id_of_host(host: &str) -> String {
    let host = host.trim();
    if host.is_empty() {
        return "lookout-1".to_owned();
    }
    let tame = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' }
    };
    let host: String = host.chars().take(100).map(tame).collect();
    format!("lookout-{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_makes_an_id() {
        for (host, id) in [
            ("", "lookout-1"),
            (" \n", "lookout-1"),
            ("node7\n", "lookout-node7"),
            ("a/b+c#d é", "lookout-a-b-c-d--"),
        ] {
            assert_eq!(id_of_host(host), id, "{host:?}");
        }
        assert!(table::is_level(&id_of_host(&"x".repeat(300))));
    }
}

//! Settings from fuzzed bytes: within the ranges of the configuration, as the observer trusts
//! what it is given, but for a silence of no length at all. Zero bytes choose the first of
//! each: defaults with bounds so small that they are hit.

use super::bytes::Bytes;
use lookout::observer::breaker::Mode;
use lookout::observer::settings::{ComponentSettings, PairSettings, ServiceSettings, SlowCall};
use lookout::observer::{Settings, Span};

/// Traffic pairs; calls and replies use both.
pub(crate) const PAIRS: u16 = 2;
pub(crate) const MODES: [Mode; 4] =
    [Mode::Automatic, Mode::ForcedOpen, Mode::Disabled, Mode::ObserveOnly];

const fn s(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

const fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

pub(crate) fn take(bytes: &mut Bytes<'_>) -> Settings {
    let pair = |name: u16| PairSettings {
        name: format!("pair {name}"),
        call: format!("{name}/{{service}}"),
        reply: format!("{name}/{{service}}/reply"),
        ..PairSettings::default()
    };
    let mut settings = Settings::with_pairs((0..PAIRS).map(pair).collect());
    settings.seed = u64::from(bytes.byte());
    // One byte leaves whole groups at their defaults, so that most bytes are operations.
    let varied = bytes.byte();
    let varies = |bit: u8| varied & (1 << bit) != 0;
    limits(&mut settings, bytes);
    if varies(0) {
        patience(&mut settings, bytes);
    }
    if varies(1) {
        verdict(&mut settings, bytes);
    }
    if varies(2) {
        spans(&mut settings, bytes);
    }
    if varies(3) {
        circuit(&mut settings, bytes);
    }
    if varies(4) {
        cascade(&mut settings, bytes);
    }
    if varies(5) {
        others(&mut settings, bytes);
    }
    if varies(6) {
        ground(&mut settings);
    }
    settings
}

/// Components that explain services, and remedies.
fn ground(settings: &mut Settings) {
    let explains = |name: &str, services: &[&str]| ComponentSettings {
        name: name.to_owned(),
        critical: true,
        failure_threshold: Some(2),
        explains: services.iter().map(|it| (*it).to_owned()).collect(),
        ..ComponentSettings::default()
    };
    settings.components =
        vec![explains("A", &["*"]), explains("B", &["C", "G*"]), explains("C", &[])];
    settings.remedy.enabled = true;
    settings.remedy.services = vec!["*".to_owned()];
}

fn limits(settings: &mut Settings, bytes: &mut Bytes<'_>) {
    let limits = &mut settings.limits;
    limits.open_calls = bytes.pick(&[20, 1, 3, 1_000]);
    limits.settled_calls = bytes.pick(&[20, 1, 3, 1_000]);
    limits.held_replies = bytes.pick(&[5, 1, 2, 100]);
    limits.services = bytes.pick(&[4, 1, 2, 10]);
    limits.methods = bytes.pick(&[2, 1, 5]);
    limits.methods_total = limits.methods + bytes.pick(&[4, 0, 100]);
    limits.name_bytes = bytes.pick(&[256, 1, 4]);
    limits.channels = bytes.pick(&[2, 1]);
    limits.components = bytes.pick(&[3, 1]);
    (limits.held_for, limits.settled_for) =
        bytes.pick(&[(s(2), s(300)), (ms(1), s(1)), (s(60), s(60))]);
}

fn patience(settings: &mut Settings, bytes: &mut Bytes<'_>) {
    let patience = &mut settings.patience;
    patience.initial = bytes.pick(&[s(30), ms(1), s(3_600)]);
    (patience.min, patience.max) =
        bytes.pick(&[(s(2), s(30)), (ms(1), ms(1)), (s(5), s(5)), (ms(1), s(3_600))]);
    patience.factor = bytes.pick(&[4.0, 1.0, 1_000.0]);
    patience.quantile = bytes.pick(&[0.99, 0.001, 0.5, 1.0]);
    patience.samples = bytes.pick(&[20, 1, 3]);
    patience.max_deadline = bytes.pick(&[s(600), ms(1), s(3_600)]);
}

fn verdict(settings: &mut Settings, bytes: &mut Bytes<'_>) {
    let verdict = &mut settings.verdict;
    verdict.min_calls = bytes.pick(&[5, 1, 2]);
    verdict.silent_calls = bytes.pick(&[5, 1, 20]);
    verdict.min_silence = bytes.pick(&[s(6), Span::ZERO, ms(1), s(60)]);
    verdict.min_response_rate = bytes.pick(&[0.5, 0.0, 1.0]);
    verdict.max_failure_rate = bytes.pick(&[0.1, 0.0, 1.0]);
    verdict.burst_failure_rate = bytes.pick(&[0.5, 0.001, 1.0]);
    verdict.min_failures = bytes.pick(&[5, 1, 2]);
    verdict.failure_calls = bytes.pick(&[20, 1, 5]);
    verdict.slow_mean = bytes.pick(&[s(5), ms(1)]);
    verdict.slow_median = bytes.pick(&[s(1), ms(1)]);
    verdict.slow_factor = bytes.pick(&[5.0, 1.0]);
    verdict.slow_baseline = bytes.pick(&[100, 1, 10]);
    verdict.clear_calls = bytes.pick(&[3, 1]);
    verdict.healthy_calls = bytes.pick(&[3, 1, 20]);
    verdict.flap_changes = bytes.pick(&[6, 1, 2]);
    verdict.deaf_calls = bytes.pick(&[20, 1, 3]);
    verdict.large_share = bytes.pick(&[0.1, 1.0]);
}

fn spans(settings: &mut Settings, bytes: &mut Bytes<'_>) {
    let verdict = &mut settings.verdict;
    verdict.slow_after = bytes.pick(&[s(10), ms(1)]);
    verdict.clear_after = bytes.pick(&[s(10), ms(1), s(60)]);
    verdict.idle_after = bytes.pick(&[s(600), s(1), s(30)]);
    verdict.flap_span = bytes.pick(&[s(600), s(1), s(3_600)]);
    (verdict.short_span, verdict.middle_span, verdict.long_span) = bytes.pick(&[
        (s(10), s(120), s(300)),
        (s(1), s(1), s(1)),
        (s(1), s(5), s(3_600)),
        (s(3_600), s(3_600), s(3_600)),
    ]);
}

fn circuit(settings: &mut Settings, bytes: &mut Bytes<'_>) {
    let circuit = &mut settings.circuit;
    circuit.failure_rate = bytes.pick(&[0.5, 0.0, 1.0, 0.001]);
    circuit.min_calls = bytes.pick(&[10, 1, 20]);
    circuit.consecutive = bytes.pick(&[10, 0, 1, 20]);
    (circuit.burst_window, circuit.window) =
        bytes.pick(&[(s(10), s(300)), (s(1), s(1)), (s(60), s(3_600))]);
    circuit.min_silence = bytes.pick(&[s(6), Span::ZERO, ms(1), s(60)]);
    (circuit.open_timeout, circuit.max_open_timeout) =
        bytes.pick(&[(s(30), s(300)), (ms(1), ms(1)), (s(1), s(3_600))]);
    circuit.jitter = bytes.pick(&[0.1, 0.0, 0.9]);
    (circuit.trial_calls, circuit.trial_failures) = bytes.pick(&[(3, 2), (1, 1), (5, 5), (100, 1)]);
    let slow = |(duration, rate)| SlowCall { duration, rate };
    circuit.slow_call = bytes.pick(&[None, Some((ms(1), 0.001)), Some((s(1), 1.0))]).map(slow);
}

fn cascade(settings: &mut Settings, bytes: &mut Bytes<'_>) {
    settings.cascade.learn = bytes.below(2) == 0;
    settings.cascade.sightings = bytes.pick(&[1, 2, 20]);
    settings.cascade.share = bytes.pick(&[1.0, 0.5, 0.0]);
    settings.cascade.span = bytes.pick(&[s(3_600), s(1)]);
    settings.cascade.memory = bytes.pick(&[s(24 * 3_600), s(3_600)]);
    let called = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let depends = |name: &str, on: &[&str]| (name.to_owned(), called(on));
    settings.dependencies = match bytes.below(3) {
        0 => Vec::new(),
        1 => vec![depends("B", &["A"]), depends("C", &["A"]), depends("D", &["A"])],
        // In a ring, and with someone who is never met.
        _ => vec![depends("A", &["B"]), depends("B", &["C"]), depends("C", &["A", "Nobody"])],
    };
}

fn others(settings: &mut Settings, bytes: &mut Bytes<'_>) {
    settings.repeat = bytes.pick(&[s(300), s(1), s(24 * 3_600)]);
    settings.health_interval = bytes.pick(&[s(30), s(5), s(3_600)]);
    settings.doubt.after = bytes.pick(&[s(5), Span::ZERO, s(600)]);
    settings.doubt.pause = bytes.pick(&[s(5), s(2), s(600)]);
    // Not a choice of its own, so that the files of the corpus go on meaning what they meant.
    settings.direct.enabled = settings.doubt.pause == s(2);
    settings.component.failure_threshold = bytes.pick(&[3, 1]);
    settings.component.success_threshold = bytes.pick(&[2, 1]);
    settings.codes.failed = bytes.pick(&[&[][..], &[7]]).to_vec();
    for name in ["A", "B"] {
        let patience = bytes.pick(&[None, Some(ms(1)), Some(s(60))]);
        let circuit = bytes.pick(&MODES);
        settings.services.push((name.to_owned(), ServiceSettings { patience, circuit }));
    }
}

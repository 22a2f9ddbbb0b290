//! Cases that a row cannot say: what the configuration refuses, how far jitter goes, and
//! settings that no configuration lets through.

use crate::Case;
use lookout::config::{self, Sources};
use lookout::observer::breaker::{Breaker, Mode, Setting, State, Transition};
use lookout::observer::call::Outcome;
use lookout::observer::evidence::{Settled, Silence};
use lookout::observer::settings::{CircuitPolicy, SlowCall};
use lookout::observer::{Instant, Span};

pub(crate) const CASES: &[Case] = &[
    ("R12", "settings of zero or above 100 % are refused by name", refused_by_name),
    ("L41", "a minimum of 0 is refused by name", a_minimum_of_zero_is_refused),
    ("E31", "a cap below the base is refused by name", a_cap_below_the_base_is_refused),
    ("P18", "an open time beyond all numbers is clamped", an_open_time_that_overflows_is_clamped),
    ("P20", "40 failed trials still wait no longer than the cap", forty_failed_trials),
    ("E32", "jitter stays within its range and uses it", jitter_stays_within_its_range),
    ("L41", "settings that nobody can set do no harm", odd_settings_do_no_harm),
];

/// What the configuration says of these lines of `[circuit]`.
fn mistakes(lines: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lookout.toml");
    std::fs::write(&path, format!("[circuit]\n{lines}\n")).unwrap();
    let sources = Sources { file: Some(path), ..Sources::default() };
    let mistakes = config::load(&sources).err().unwrap_or_default();
    mistakes.iter().map(ToString::to_string).collect()
}

/// One mistake, which names the setting, what was found and what is allowed.
#[track_caller]
fn refused(lines: &str, words: &[&str]) {
    let mistakes = mistakes(lines);
    assert_eq!(mistakes.len(), 1, "{lines}: {mistakes:?}");
    for word in words.iter().chain(&["found ", "allowed: "]) {
        assert!(mistakes[0].contains(word), "{lines}: {} lacks {word}", mistakes[0]);
    }
}

fn refused_by_name() {
    for (setting, bad) in [
        ("failure_rate", "1.01"),
        ("failure_rate", "-0.1"),
        ("failure_rate", "nan"),
        ("failure_rate", "50"),
        ("slow_call_duration", "'0s'\nslow_call_rate = 0.5"),
        ("consecutive", "21"),
        ("consecutive", "-1"),
        ("window", "'0s'"),
        ("window", "'61m'"),
        ("burst_window", "'0s'"),
        ("open_timeout", "'0s'"),
        ("max_open_timeout", "'25h'"),
        ("jitter", "1.0"),
        ("jitter", "-0.1"),
        ("trial_calls", "0"),
        ("trial_calls", "101"),
        ("trial_failures", "0"),
    ] {
        refused(&format!("{setting} = {bad}"), &[&format!("circuit.{setting}: ")]);
    }
    for rate in ["0", "0.0", "1.5", "-1"] {
        let lines = format!("slow_call_duration = '1s'\nslow_call_rate = {rate}");
        refused(&lines, &["circuit.slow_call_rate: "]);
    }
    refused("slow_call_rate = 0.5", &["circuit.slow_call_duration"]);
    refused("window = '10s'\nburst_window = '11s'", &["circuit.burst_window", "circuit.window"]);
    refused("trial_failures = 4", &["circuit.trial_failures", "circuit.trial_calls"]);
    // The edges themselves are allowed; 0 is how a rule is turned off.
    for good in [
        "failure_rate = 0",
        "failure_rate = 1",
        "consecutive = 0",
        "consecutive = 20",
        "jitter = 0",
        "window = '10s'",
        "trial_failures = 3",
        "slow_call_duration = '1s'\nslow_call_rate = 1",
    ] {
        assert_eq!(mistakes(good), [""; 0], "{good}");
    }
}

fn a_minimum_of_zero_is_refused() {
    refused("min_calls = 0", &["circuit.min_calls: found 0", "from 1 to 20"]);
    refused("min_calls = 21", &["circuit.min_calls: found 21"]);
}

fn a_cap_below_the_base_is_refused() {
    let default = ["circuit.max_open_timeout: found 1s", "circuit.open_timeout (30s)"];
    refused("max_open_timeout = '1s'", &default);
    let both = ["circuit.max_open_timeout: found 1s", "circuit.open_timeout (2s)"];
    refused("open_timeout = '2s'\nmax_open_timeout = '1s'", &both);
    assert_eq!(mistakes("open_timeout = '2s'\nmax_open_timeout = '2s'"), [""; 0]);
}

/// Nothing was ever heard.
const SILENT: Silence = Silence { heard: None, witnessed: true };

const START: Instant = Instant::from_micros(1_700_000_000_000_000);

fn settle(
    breaker: &mut Breaker,
    policy: &CircuitPolicy,
    at: Instant,
    outcome: Outcome,
) -> Option<Transition> {
    let call = Settled { made: at - Span::TICK, at, outcome, slow: outcome.answered() };
    breaker.record(call, &Setting { policy, silence: SILENT, doubt: false })
}

/// Opens a new circuit with failures, one a second, and says when it opened and until when.
fn opened(seed: u64, policy: &CircuitPolicy) -> (Breaker, Instant, Instant) {
    let mut breaker = Breaker::new(seed, Mode::Automatic).0;
    for second in 1..=20 {
        let at = START + Span::from_secs(second);
        if let Some(moved) = settle(&mut breaker, policy, at, Outcome::Failed) {
            assert_eq!(moved.to, State::Open);
            return (breaker, at, moved.retry_after.unwrap());
        }
    }
    panic!("20 failures did not open it")
}

fn an_open_time_that_overflows_is_clamped() {
    let longest = Span::from_micros(u64::MAX);
    for (base, cap) in [(longest, longest), (Span::from_secs(1), longest), (longest, Span::TICK)] {
        for jitter in [0.0, 0.1, 0.9] {
            let policy = CircuitPolicy {
                open_timeout: base,
                max_open_timeout: cap,
                jitter,
                ..CircuitPolicy::default()
            };
            let (breaker, at, until) = opened(3, &policy);
            assert!(until >= at && until.since(at) <= cap, "{base} {cap} {jitter}");
            assert_eq!(breaker.deadline(), Some(until));
        }
    }
}

/// Doubled 40 times, the base would be 35 000 years.
fn forty_failed_trials() {
    let policy = CircuitPolicy { jitter: 0.0, ..CircuitPolicy::default() };
    let (mut breaker, _, mut until) = opened(1, &policy);
    for _ in 0..40 {
        let setting = Setting { policy: &policy, silence: SILENT, doubt: false };
        assert_eq!(breaker.tick(until, &setting).unwrap().to, State::HalfOpen);
        let at = until + Span::from_secs(1);
        let moved = settle(&mut breaker, &policy, at, Outcome::Unanswered).unwrap();
        until = moved.retry_after.unwrap();
        assert!(until.since(at) <= policy.max_open_timeout, "{moved:?}");
    }
    assert!(until.since(START) > policy.max_open_timeout.times(35));
}

fn jitter_stays_within_its_range() {
    for (jitter, base) in [(0.1, 30), (0.5, 30), (0.9, 1)] {
        let open_timeout = Span::from_secs(base);
        let policy = CircuitPolicy { jitter, open_timeout, ..CircuitPolicy::default() };
        let waits = (0..2_000).map(|seed| {
            let (_, at, until) = opened(seed, &policy);
            until.since(at).as_secs_f64() / base as f64 - 1.0
        });
        let waits: Vec<f64> = waits.collect();
        assert!(waits.iter().all(|share| share.abs() <= jitter), "{jitter}");
        // Not in one corner of the range, nor with a lean: ten equal parts hold 200 each.
        let mut parts = [0_u32; 10];
        waits.iter().for_each(|share| parts[((share / jitter + 1.0) * 4.999) as usize] += 1);
        assert!(parts.iter().all(|part| (130..270).contains(part)), "{jitter}: {parts:?}");
        // The same seed waits the same time.
        assert_eq!(opened(5, &policy).2, opened(5, &policy).2);
    }
    // Jitter does not lead beyond the cap.
    let open_timeout = Span::from_secs(300);
    let policy = CircuitPolicy { jitter: 0.5, open_timeout, ..CircuitPolicy::default() };
    for seed in 0..500 {
        let (_, at, until) = opened(seed, &policy);
        assert!(until.since(at) <= policy.max_open_timeout);
    }
}

/// Whatever a caller of the library hands in: no panic, no division, and a circuit that is off
/// stays closed.
fn odd_settings_do_no_harm() {
    let rates = [0.0, 1.0, 2.0, -1.0, f64::NAN, f64::INFINITY];
    let counts = [0, 1, 21, u32::MAX];
    let spans = [Span::ZERO, Span::TICK, Span::from_micros(u64::MAX)];
    for rate in rates {
        for count in counts {
            for span in spans {
                let policy = CircuitPolicy {
                    failure_rate: rate,
                    min_calls: count,
                    consecutive: count,
                    window: span,
                    burst_window: span,
                    min_silence: span,
                    open_timeout: span,
                    max_open_timeout: span,
                    jitter: rate,
                    trial_calls: count,
                    trial_failures: count,
                    slow_call: Some(SlowCall { duration: span, rate }),
                };
                run_oddly(&policy);
            }
        }
    }
}

fn run_oddly(policy: &CircuitPolicy) {
    let mut breaker = Breaker::new(1, Mode::Automatic).0;
    for step in 1..=80 {
        let at = START + Span::from_millis(step * 700);
        let outcomes = [Outcome::Failed, Outcome::Unanswered, Outcome::Ok, Outcome::Unanswered];
        let _ = settle(&mut breaker, policy, at, outcomes[(step / 8) as usize % 4]);
        let setting = Setting { policy, silence: SILENT, doubt: step % 40 == 0 };
        let _ = breaker.tick(at, &setting);
        assert!(breaker.deadline().is_none() || breaker.state() == State::Open);
    }
}

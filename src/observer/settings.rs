//! Everything about the observer's judgement that an operator can set, with its default.
//!
//! The defaults here are the promises of the manual; `config` reads the same numbers from a
//! file and checks their ranges. The observer trusts what it is given.

use super::call::CodeTable;
use super::limits::Limits;
use super::time::Span;

/// What the observer needs to know before its first input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Seed of everything random: jitter and incident ids.
    pub seed: u64,
    /// Bounds on memory and cardinality.
    pub limits: Limits,
    /// Which error codes speak against a service.
    pub codes: CodeTable,
    /// How long a call is waited for.
    pub patience: Patience,
    /// When a service is called silent, failing, degraded, healthy.
    pub verdict: VerdictPolicy,
    /// When circuits open and close.
    pub circuit: CircuitPolicy,
    /// How cascades are held off, and whom they would reach.
    pub cascade: CascadePolicy,
    /// When component checks become findings.
    pub component: ComponentPolicy,
    /// When lookout doubts its own ears.
    pub doubt: DoubtPolicy,
    /// The components that are known from the start.
    pub components: Vec<ComponentSettings>,
    /// When what runs a service is restarted.
    pub remedy: RemedyPolicy,
    /// Whether and how often callers are answered in place of their service.
    pub direct: DirectPolicy,
    /// Which calls are traced.
    pub trace: TracePolicy,
    /// Whether there is a security watch, which wants to know what users do.
    pub security: bool,
    /// How often a lasting state is said again.
    pub repeat: Span,
    /// How often the health summary is published when nothing changes.
    pub health_interval: Span,
    /// The traffic pairs, in the order of their templates: `PairId` is an index into this.
    pub pairs: Vec<PairSettings>,
    /// What is set for single services, by name.
    pub services: Vec<(String, ServiceSettings)>,
    /// Configured dependencies: each service with those it calls.
    pub dependencies: Vec<(String, Vec<String>)>,
}

impl Settings {
    /// The defaults of the manual for the given pairs.
    pub fn with_pairs(pairs: Vec<PairSettings>) -> Self {
        Self {
            pairs,
            repeat: Span::from_secs(300),
            health_interval: Span::from_secs(30),
            ..Self::default()
        }
    }
}

/// One traffic pair, as far as the observer reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairSettings {
    /// Its name.
    pub name: String,
    /// The template of its call topics, for reports.
    pub call: String,
    /// The templates of its reply topics, for reports.
    pub reply: String,
    /// Which error codes speak against its services, if not those of all pairs.
    pub codes: Option<CodeTable>,
}

/// What can be set for one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceSettings {
    /// A fixed patience instead of the learned one.
    pub patience: Option<Span>,
    /// How its circuit behaves.
    pub circuit: super::breaker::Mode,
}

/// How long a reply is waited for: `factor` × the `quantile` of recent replies, within bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// While fewer than `samples` replies are known. Default 30 s.
    pub initial: Span,
    /// Never less than this. Default 2 s.
    pub min: Span,
    /// Never more than this. Default 30 s.
    pub max: Span,
    /// Multiple of the quantile. Default 4.
    pub factor: f64,
    /// Which quantile, 0 to 1. Default 0.99.
    pub quantile: f64,
    /// How many replies make a quantile. Default (and at most) 20.
    pub samples: u32,
    /// The longest deadline that a call may ask for itself. Default 10 min.
    pub max_deadline: Span,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            initial: Span::from_secs(30),
            min: Span::from_secs(2),
            max: Span::from_secs(30),
            factor: 4.0,
            quantile: 0.99,
            samples: 20,
            max_deadline: Span::from_secs(600),
        }
    }
}

/// The numbers behind a verdict on a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VerdictPolicy {
    /// Settled calls below which nothing is said. Default 5.
    pub min_calls: u32,
    /// Unanswered calls in a row that make a silent service. Default 5, at most 20.
    pub silent_calls: u32,
    /// How long no reply may be heard before a service is silent. Default 6 s: longer than a
    /// five-second restart.
    pub min_silence: Span,
    /// Response rate below which a service is failing to answer. Default 0.5.
    pub min_response_rate: f64,
    /// Failure rate above which a service is degraded. Default 0.1.
    pub max_failure_rate: f64,
    /// Failure rate that degrades at once over 10 s. Default 0.5.
    pub burst_failure_rate: f64,
    /// Failures needed for either. Default 5.
    pub min_failures: u32,
    /// Settled calls that `max_failure_rate` needs. Default 20, at most 20.
    pub failure_calls: u32,
    /// Mean reply time over 5 min above which a service is slow. Default 5 s.
    pub slow_mean: Span,
    /// Median reply time above which a service may be slow. Default 1 s.
    pub slow_median: Span,
    /// … if it is also this many times the median of the hour before. Default 5.
    pub slow_factor: f64,
    /// Replies in the hour before that the comparison needs. Default 100.
    pub slow_baseline: u32,
    /// How long slowness must last. Default 10 s.
    pub slow_after: Span,
    /// How long a finding must be over before it ends. Default 10 s.
    pub clear_after: Span,
    /// Settled calls in 10 s that are enough to end a finding. Default 3.
    pub clear_calls: u32,
    /// Answered calls in a row that a healthy service shows. Default 3, at most 20.
    pub healthy_calls: u32,
    /// Without calls for this long, a verdict reads unknown. Default 10 min.
    pub idle_after: Span,
    /// More changes than this within `flap_span` is flapping. Default 6, at most 64.
    pub flap_changes: u32,
    /// The span of flapping, and the calm that ends it. Default 10 min.
    pub flap_span: Span,
    /// The deaf-pair report comes at this many unanswered calls. Default 20.
    pub deaf_calls: u32,
    /// The span of what happens now: bursts, and whether a finding is over. Default 10 s.
    pub short_span: Span,
    /// The span of the response rate. Default 2 min.
    pub middle_span: Span,
    /// The span of the failure rate and the mean reply time. Default 5 min, at most 1 h.
    pub long_span: Span,
    /// Share of all calls or of all callers from which a finding's impact is large. Default 0.1.
    pub large_share: f64,
}

impl Default for VerdictPolicy {
    fn default() -> Self {
        Self {
            min_calls: 5,
            silent_calls: 5,
            min_silence: Span::from_secs(6),
            min_response_rate: 0.5,
            max_failure_rate: 0.1,
            burst_failure_rate: 0.5,
            min_failures: 5,
            failure_calls: 20,
            slow_mean: Span::from_secs(5),
            slow_median: Span::from_secs(1),
            slow_factor: 5.0,
            slow_baseline: 100,
            slow_after: Span::from_secs(10),
            clear_after: Span::from_secs(10),
            clear_calls: 3,
            healthy_calls: 3,
            idle_after: Span::from_secs(600),
            flap_changes: 6,
            flap_span: Span::from_secs(600),
            deaf_calls: 20,
            short_span: Span::from_secs(10),
            middle_span: Span::from_secs(120),
            long_span: Span::from_secs(300),
            large_share: 0.1,
        }
    }
}

/// The numbers behind a circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CircuitPolicy {
    /// Failure rate that opens a circuit (≥). Default 0.5; 0 turns the rule off.
    pub failure_rate: f64,
    /// Settled calls that a rate needs. Default 10, at most 20.
    pub min_calls: u32,
    /// Unanswered calls in a row that open it. Default 10, at most 20; 0 turns the rule off.
    pub consecutive: u32,
    /// The span of its rates. Default 5 min, at most 1 h.
    pub window: Span,
    /// The span of the rates of what happens now. Default 10 s.
    pub burst_window: Span,
    /// How long unanswered calls, and the failures of a burst, must have been made over.
    /// Default 6 s.
    pub min_silence: Span,
    /// First time in the open state. Default 30 s.
    pub open_timeout: Span,
    /// Longest time in the open state. Default 5 min.
    pub max_open_timeout: Span,
    /// Jitter on the open time, as a share of it. Default 0.1.
    pub jitter: f64,
    /// Answered trials that close a half-open circuit. Default 3.
    pub trial_calls: u32,
    /// Failed trials that reopen it. Default 2. One unanswered trial always does.
    pub trial_failures: u32,
    /// Replies slower than the span count as slow; the circuit opens at this rate of them (≥).
    /// Off by default.
    pub slow_call: Option<SlowCall>,
}

/// How cascades are held off, and how lookout learns whom they would reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CascadePolicy {
    /// Most of the other services' circuits that one cascade may open, as a share. Default 0.5.
    pub share: f64,
    /// Services called within this span count for that share. Default 1 h.
    pub span: Span,
    /// Whether dependencies are learned beside those that are configured. Default no.
    pub learn: bool,
    /// How often a call must be seen inside another to make a dependency. Default 20.
    pub sightings: u32,
    /// How long a sighting counts. Default 24 h.
    pub memory: Span,
}

impl Default for CascadePolicy {
    fn default() -> Self {
        Self {
            share: 0.5,
            span: Span::from_secs(3600),
            learn: false,
            sightings: 20,
            memory: Span::from_secs(24 * 3600),
        }
    }
}

/// Which calls are traced. Calls that fail, are not answered or are slow always are, and so are
/// those that such a call was made within.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TracePolicy {
    /// Whether any are. Default no.
    pub enabled: bool,
    /// Share of all other traces, 0 to 1; which ones, their ids tell. Default 1.
    pub ratio: f64,
    /// A call is slow that took longer. Default 1 s.
    pub slow: Span,
    /// Whether what a service does is a span of its own beside its caller's. Default yes.
    pub server_spans: bool,
}

impl Default for TracePolicy {
    fn default() -> Self {
        Self { enabled: false, ratio: 1.0, slow: Span::from_secs(1), server_spans: true }
    }
}

/// The optional slow-call rule of a circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowCall {
    /// A reply that takes longer is slow.
    pub duration: Span,
    /// The rate that opens the circuit, above 0 and at most 1.
    pub rate: f64,
}

impl Default for CircuitPolicy {
    fn default() -> Self {
        Self {
            failure_rate: 0.5,
            min_calls: 10,
            consecutive: 10,
            window: Span::from_secs(300),
            burst_window: Span::from_secs(10),
            min_silence: Span::from_secs(6),
            open_timeout: Span::from_secs(30),
            max_open_timeout: Span::from_secs(300),
            jitter: 0.1,
            trial_calls: 3,
            trial_failures: 2,
            slow_call: None,
        }
    }
}

/// The numbers behind a component finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentPolicy {
    /// Failed checks in a row that make a finding; 1 for a definite answer. Default 3.
    pub failure_threshold: u32,
    /// Good checks in a row that end it; 1 for a definite answer. Default 2.
    pub success_threshold: u32,
}

impl Default for ComponentPolicy {
    fn default() -> Self {
        Self { failure_threshold: 3, success_threshold: 2 }
    }
}

/// What is set for one component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentSettings {
    /// Its name.
    pub name: String,
    /// What kind of component.
    pub kind: String,
    /// Whether the platform cannot do without it.
    pub critical: bool,
    /// In place of those of all components.
    pub failure_threshold: Option<u32>,
    /// See above.
    pub success_threshold: Option<u32>,
    /// Services that cannot answer while it is down; `*` at the end stands for any ending.
    pub explains: Vec<String>,
}

/// When what runs a service is restarted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemedyPolicy {
    /// Whether it is at all. Default no.
    pub enabled: bool,
    /// Whether it is only said. Default yes.
    pub dry_run: bool,
    /// Services that may be; `*` at the end stands for any ending. Default none.
    pub services: Vec<String>,
    /// How often an unavailable service is judged. Default 30 s.
    pub every: Span,
    /// Judgements in a row before the first attempt. Default 3.
    pub after: u32,
    /// From one attempt to the next of the same service. Default 5 min.
    pub delay: Span,
    /// Attempts before a service is left alone. Default 3.
    pub attempts: u32,
    /// Attempts in an hour, of all services. Default 4.
    pub per_hour: u32,
}

impl Default for RemedyPolicy {
    fn default() -> Self {
        Self {
            enabled: false,
            dry_run: true,
            services: Vec::new(),
            every: Span::from_secs(30),
            after: 3,
            delay: Span::from_secs(300),
            attempts: 3,
            per_hour: 4,
        }
    }
}

/// Whether a pattern, with `*` at its end for any ending, means a name.
pub fn means(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

/// Whether and how often callers are answered in place of their service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectPolicy {
    /// Whether they are at all. Default no: it needs leave to publish on every reply topic.
    pub enabled: bool,
    /// At most so many in a second. Default 100.
    pub per_second: u32,
}

impl Default for DirectPolicy {
    fn default() -> Self {
        Self { enabled: false, per_second: 100 }
    }
}

/// The numbers behind self-doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoubtPolicy {
    /// How long doubt lasts after the link came back or a pause ended. Default 5 s.
    pub after: Span,
    /// A standstill longer than this is a pause. Default 5 s.
    pub pause: Span,
}

impl Default for DoubtPolicy {
    fn default() -> Self {
        Self { after: Span::from_secs(5), pause: Span::from_secs(5) }
    }
}

//! The settings of circuits, of what is set for single services, and of the judgements beside
//! the verdict: components, self-doubt, and how often lookout repeats itself.

use super::{
    H, Kind, MIN, MS, S, SHARE, Section, Slot, count, is_service, lasting, number, setting, span,
};

/// `[circuit]`.
pub(super) static CIRCUIT: Section = Section {
    name: "circuit",
    meaning: "When a service's circuit opens and closes. An open circuit is published advice: lookout cannot stop \
              a message.",
    settings: &[
        number(
            "failure_rate",
            |d| &mut d.settings.circuit.failure_rate,
            (0.0, 1.0),
            "Failure rate that opens a circuit (this rate or more), over `window` or `burst_window`; 0 turns the rule off.",
        ),
        count(
            "min_calls",
            |d| &mut d.settings.circuit.min_calls,
            (1, 20),
            "Settled calls that a rate needs: 9 of 9 failures are not yet a rate. At most 20, which is how \
             many are kept for a quiet service.",
        ),
        count(
            "consecutive",
            |d| &mut d.settings.circuit.consecutive,
            (0, 20),
            "Unanswered calls in a row that open it; 0 turns the rule off.",
        ),
        span(
            "window",
            |d| &mut d.settings.circuit.window,
            (S, H),
            "The span of its rates, in whole seconds: long enough for `min_calls` of most services.",
        ),
        span(
            "burst_window",
            |d| &mut d.settings.circuit.burst_window,
            (S, H),
            "The span of a rate that opens it at once, whatever went well before. At most `window`.",
        ),
        span(
            "min_silence",
            |d| &mut d.settings.circuit.min_silence,
            (0, H),
            "The same as `verdict.min_silence`, for the circuit: unanswered calls, and the failures of a burst, \
             count only if they are spread over longer than a five-second restart.",
        ),
        span(
            "open_timeout",
            |d| &mut d.settings.circuit.open_timeout,
            (MS, 24 * H),
            "First time in the open state; it doubles with each failed trial. As long as a container takes to \
             come back.",
        ),
        span(
            "max_open_timeout",
            |d| &mut d.settings.circuit.max_open_timeout,
            (MS, 24 * H),
            "Longest time in the open state, so that a service that is back is noticed. At least \
             `open_timeout`.",
        ),
        number(
            "jitter",
            |d| &mut d.settings.circuit.jitter,
            (0.0, 0.9),
            "Share of the open time by which it varies either way, so that circuits that opened together are \
             not tried together. Below 1, as an open time of nothing is none.",
        ),
        count(
            "trial_calls",
            |d| &mut d.settings.circuit.trial_calls,
            (1, 100),
            "Answered trials that close a half-open circuit: one may be luck.",
        ),
        count(
            "trial_failures",
            |d| &mut d.settings.circuit.trial_failures,
            (1, 100),
            "Failed trials that reopen it, among the first `trial_calls` and therefore not more than these; \
             one unanswered trial always does.",
        ),
        setting(
            "slow_call_duration",
            lasting(MS, 10 * MIN),
            Slot::MaybeSpan(|d| &mut d.slow_call_duration),
            "A reply that takes longer is slow. Set together with `slow_call_rate`.",
        )
        .unset("\"2s\"", "the slow-call rule is off"),
        setting(
            "slow_call_rate",
            SHARE,
            Slot::MaybeNumber(|d| &mut d.slow_call_rate),
            "Share of slow replies that opens the circuit (this share or more). Set together with \
             `slow_call_duration`; off by default, as slow answers are answers.",
        )
        .unset("0.8", "the slow-call rule is off"),
    ],
};

/// `[cascade]`.
pub(super) static CASCADE: Section = Section {
    name: "cascade",
    meaning: "When a service becomes unavailable, the circuits of those that call it open ahead of the cascade. \
              Who calls whom is configured under `[dependencies]`, and can be learned beside that.",
    settings: &[
        number(
            "share",
            |d| &mut d.settings.cascade.share,
            (0.0, 1.0),
            "Most of the other services' circuits that one cascade may open, as a share of those called \
             within `span`; a prevention that stops more than half of the platform is the outage.",
        ),
        span(
            "span",
            |d| &mut d.settings.cascade.span,
            (S, 24 * H),
            "Services called within this span count for that share.",
        ),
        setting(
            "learn",
            Kind::Flag,
            Slot::Flag(|d| &mut d.settings.cascade.learn),
            "Whether to learn who calls whom: a call to B seen inside an open call to A with the same \
             `correlationId` or trace id. Off by default, as it opens circuits nobody configured.",
        ),
        count(
            "sightings",
            |d| &mut d.settings.cascade.sightings,
            (1, 10_000),
            "How often that must be seen within `memory` before it counts: once may be chance.",
        ),
        span(
            "memory",
            |d| &mut d.settings.cascade.memory,
            (H, 31 * 24 * H),
            "How long a sighting counts: a day, so that what runs nightly is known in the morning, and what \
             was changed is forgotten.",
        ),
    ],
};

/// `[component]`.
pub(super) static COMPONENT: Section = Section {
    name: "component",
    meaning: "When checks of a component become a finding, and when it ends.",
    settings: &[
        count(
            "failure_threshold",
            |d| &mut d.settings.component.failure_threshold,
            (1, 100),
            "Failed checks in a row that make a finding; a definite answer such as \"node stopped\" needs 1.",
        ),
        count(
            "success_threshold",
            |d| &mut d.settings.component.success_threshold,
            (1, 100),
            "Good checks in a row that end it; a definite answer needs 1.",
        ),
    ],
};

/// `[doubt]`.
pub(super) static DOUBT: Section = Section {
    name: "doubt",
    meaning: "When lookout doubts its own ears: a blind observer blames nobody.",
    settings: &[
        span(
            "after",
            |d| &mut d.settings.doubt.after,
            (0, 10 * MIN),
            "How long doubt lasts after the link came back or a pause ended: what is heard first is a backlog.",
        ),
        span(
            "canary",
            |d| &mut d.canary,
            (S, 5 * MIN),
            "How often lookout publishes a number on a topic of its own, to hear it back. One that is missing when \
             the next is due, or that leaves a gap, is a reason for doubt.",
        ),
        span(
            "pause",
            |d| &mut d.settings.doubt.pause,
            (2 * S, 10 * MIN),
            "A standstill of lookout's own process longer than this is a pause. At least 2s, as its loop \
             turns once a second when nothing happens.",
        ),
    ],
};

/// `[events]`.
pub(super) static EVENTS: Section = Section {
    name: "events",
    meaning: "How lookout says things, and how often.",
    settings: &[
        span(
            "repeat",
            |d| &mut d.settings.repeat,
            (S, 24 * H),
            "A verdict or component event is said again this often while it lasts, for those who came late.",
        ),
        span(
            "health_interval",
            |d| &mut d.settings.health_interval,
            (S, H),
            "The health summary is published on change, and this often when nothing changes: proof of life.",
        ),
        setting(
            "envelope",
            Kind::Choice(&["jsonrpc", "bare"]),
            Slot::Text(|d| &mut d.envelope),
            "What each document is wrapped in: a JSON-RPC 2.0 notification whose method is the event's type, as \
             callers that speak JSON-RPC read anyway, or nothing. Over MQTT 5 both carry CloudEvents attributes.",
        ),
    ],
};

/// `[dependencies]`.
pub(super) static DEPENDENCIES: Section = Section {
    name: super::DEPENDENCIES,
    meaning: "Who calls whom. When a service becomes unavailable, circuits of those that call it open ahead of \
              the cascade.",
    settings: &[setting(
        "NAME",
        CALLED,
        Slot::Service,
        "The services that the service NAME calls; not NAME itself.",
    )
    .unset("[\"UserManagement\"]", "none")],
};

/// The kind of a list of services.
const CALLED: Kind = Kind::Texts {
    of: "service names of 1 to 256 bytes without + # and control characters",
    check: is_service,
};

/// `[service.NAME]`.
pub(super) static SERVICE: Section = Section {
    name: super::SERVICE,
    meaning: "What is set for the one service NAME.",
    settings: &[
        setting(
            "patience",
            lasting(MS, H),
            Slot::Service,
            "How long its replies are waited for, in place of what is learned from them.",
        )
        .unset("\"10s\"", "learned, see `[patience]`"),
        setting(
            "circuit",
            Kind::Choice(&["automatic", "forced_open", "disabled", "observe_only"]),
            Slot::Service,
            "How its circuit behaves: by the rules; open until told otherwise; closed and not counted; closed, \
             but a trip is reported once.",
        )
        .unset("\"observe_only\"", "automatic"),
        setting(
            "workload",
            Kind::Text { allowed: "a name of 1 to 63 letters, digits and - _ .", check: is_workload },
            Slot::Service,
            "What the platform that runs it calls it, where that is another name: see `[replicas]`.",
        )
        .unset("\"order-service\"", "the service's own name"),
    ],
};

/// Whether a text can be the value of a label in Kubernetes.
fn is_workload(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=63).contains(&text.len()) && text.chars().all(plain)
}

//! What is contracted: every document, and every topic on which one is said or heard.
//!
//! The members of a document are of its type; what the type does not know stands here: what it is
//! for, where it is said, whether the broker keeps it, who reads it, and samples of it.

/// Whether lookout writes a document or reads it; what it does both with counts as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// lookout writes it.
    Written,
    /// lookout reads it.
    Read,
}

/// A document.
#[derive(Debug)]
pub struct Contract {
    /// Its name, which is that of its file without `.json`.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// When and where it is said.
    pub description: &'static str,
    /// Who makes it.
    pub side: Side,
    /// The channels on which it is said or heard, by their keys; none for files.
    pub channels: &'static [&'static str],
    /// Whom it is for.
    pub readers: &'static str,
    /// Samples of it in JSON, each with its name; an event is in its envelope.
    pub samples: &'static [(&'static str, &'static str)],
}

/// A topic.
#[derive(Debug)]
pub struct Channel {
    /// Its key in the AsyncAPI document.
    pub key: &'static str,
    /// Its address, with names for levels; nothing where each message says it.
    pub address: Option<&'static str>,
    /// What is said or heard there.
    pub meaning: &'static str,
    /// Whether lookout publishes there.
    pub sent: bool,
    /// Whether lookout subscribes to it.
    pub heard: bool,
    /// With which quality of service lookout publishes, or subscribes where it does not publish.
    pub qos: u8,
    /// Whether the broker keeps what lookout says there.
    pub retain: bool,
}

/// A sample, by the name of its file.
macro_rules! sample {
    ($name:literal) => {
        ($name, include_str!(concat!("samples/", $name, ".json")))
    };
}

/// A topic on which lookout publishes.
const fn said(
    key: &'static str,
    address: &'static str,
    retain: bool,
    meaning: &'static str,
) -> Channel {
    let address = Some(address);
    Channel { key, address, meaning, sent: true, heard: false, qos: 1, retain }
}

/// With which quality of service lookout subscribes: `broker.qos` as it is by default.
pub const SUBSCRIBED: u8 = 0;

/// A topic that lookout hears, as the configuration has it by default.
const fn heard(key: &'static str, address: &'static str, meaning: &'static str) -> Channel {
    let address = Some(address);
    Channel { key, address, meaning, sent: false, heard: true, qos: SUBSCRIBED, retain: false }
}

/// What is made of documents about logins and rights.
const SIGNS: &str = "Logins and rights, granted or not: counted by kind, and read by the security watch if there is one.";

/// Every topic.
pub const CHANNELS: &[Channel] = &[
    said("errors", "system/{cluster}/errors", false, "What is wrong, and what is well again."),
    said(
        "emergency",
        "system/{cluster}/emergency",
        false,
        "Findings of severity critical, which are on `errors` as well, and alerts of severity critical and \
         emergency, which are on `alerts` as well.",
    ),
    said(
        "circuitBreaker",
        "system/{cluster}/circuit-breaker",
        false,
        "Every move of every circuit.",
    ),
    Channel {
        heard: true,
        ..said(
            "circuit",
            "system/{cluster}/circuit-breaker/{service}",
            true,
            "A circuit as it stands, for those who join late. Cleared when the service is no longer \
             known. Read back by lookout when it starts.",
        )
    },
    Channel {
        heard: true,
        ..said(
            "service",
            "system/{cluster}/services/{service}",
            true,
            "A verdict as it stands, for those who join late. Cleared when the service is no longer \
             known. Read back by lookout when it starts.",
        )
    },
    said("health", "system/{cluster}/health", true, "The platform in one summary."),
    said(
        "alerts",
        "system/{cluster}/alerts",
        false,
        "What people are told: alerts, when they fire, again while they last, and when they are over.",
    ),
    said(
        "actions",
        "system/{cluster}/actions",
        false,
        "What is done about services, and about attacks.",
    ),
    Channel {
        heard: true,
        ..said(
            "action",
            "system/{cluster}/actions/{action}",
            true,
            "What is done about an attack, while it is in force. Cleared when it is undone. Read back by lookout \
             when it starts, so that it is undone in time.",
        )
    },
    said("security", "system/{cluster}/security", false, "Attacks that the security watch finds."),
    said("observer", "system/{cluster}/observer/{id}", true, "Whether an observer is there."),
    Channel {
        heard: true,
        qos: 0,
        ..said(
            "canary",
            "system/{cluster}/observer/{id}/canary",
            false,
            "A number that counts on, heard back by who said it: proof of its ears.",
        )
    },
    Channel {
        key: "directAnswers",
        address: None,
        meaning: "Where a caller awaits its reply: its Response Topic, its `replyTo`, or what the \
                  pair's reply template makes of its call.",
        sent: true,
        heard: false,
        qos: 1,
        retain: false,
    },
    heard("calls", "service/{service}", "Calls to services: the call template of a pair."),
    heard("replies", "session/{session}/response", "Their replies: the reply template of a pair."),
    heard("activity", "ui/change/{channel}", "Counted by channel, and nothing more."),
    heard("authentication", "security/auth/{kind}", SIGNS),
    heard("authorization", "security/authz/{kind}", SIGNS),
    heard("serviceSecurity", "service/{service}/security", SIGNS),
    heard(
        "broker",
        "$SYS/broker/{figure}",
        "What Mosquitto says of itself, where a check of this kind is configured: a text each.",
    ),
];

/// What a name in an address stands for, with an example.
pub const PARAMETERS: &[(&str, &str, &str)] = &[
    ("cluster", "The cluster that lookout observes: `cluster` of its configuration.", "production"),
    (
        "service",
        "The service. On topics of lookout `+`, `#`, `%` and control characters in it are \
         percent-encoded, and a name with `/` takes several levels.",
        "UserManagement",
    ),
    ("id", "The id of an observer: `id` of its configuration.", "lookout-1"),
    ("action", "The id of an action about an attack.", "action-019bc1a3f7d9c2"),
    ("session", "The session of a caller.", "s-481"),
    ("channel", "What changed.", "orders"),
    ("kind", "What happened.", "login"),
    ("figure", "A figure; some take several levels.", "uptime"),
];

/// The contract of an event.
const fn event(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    channels: &'static [&'static str],
    readers: &'static str,
    samples: &'static [(&'static str, &'static str)],
) -> Contract {
    Contract { name, title, description, side: Side::Written, channels, readers, samples }
}

const OPERATORS: &str = "Operators, and what routes alerts to them.";
const CALLERS: &str = "Callers and their libraries, dashboards; lookout after a restart.";

/// Every document.
pub const CONTRACTS: &[Contract] = &[
    event(
        "service_unavailable",
        "A service does not answer",
        "Published on `system/{cluster}/errors`, once on change and again every 5 min while it lasts.",
        &["errors"],
        OPERATORS,
        &[sample!("event.service_unavailable")],
    ),
    event(
        "service_degraded",
        "A service answers, but not as it should",
        "Published on `system/{cluster}/errors`, once on change and again every 5 min while it lasts.",
        &["errors"],
        OPERATORS,
        &[sample!("event.service_degraded")],
    ),
    event(
        "service_recovered",
        "A service is healthy again",
        "Published on `system/{cluster}/errors`.",
        &["errors"],
        OPERATORS,
        &[sample!("event.service_recovered")],
    ),
    event(
        "circuit_breaker",
        "A circuit moved, or how it stands",
        "Every transition on `system/{cluster}/circuit-breaker`; the circuit as it stands retained on \
         `system/{cluster}/circuit-breaker/{service}`. An open circuit is advice: lookout cannot stop a message.",
        &["circuitBreaker", "circuit"],
        CALLERS,
        &[
            sample!("event.circuit.open"),
            sample!("event.circuit.half_open"),
            sample!("event.circuit.closed"),
        ],
    ),
    event(
        "cascading_failure_prevented",
        "Circuits were opened ahead of a cascade",
        "Published on `system/{cluster}/errors` when the circuits of an unavailable service's direct \
         dependents were opened.",
        &["errors"],
        OPERATORS,
        &[sample!("event.cascading_failure_prevented")],
    ),
    event(
        "pair_deaf",
        "The replies of a pair are never heard",
        "Published on `system/{cluster}/errors`: a reply template or lookout's rights are wrong, not the world.",
        &["errors"],
        "Whoever configures lookout.",
        &[sample!("event.pair_deaf")],
    ),
    event(
        "infrastructure_error",
        "A component fails",
        "Published on `system/{cluster}/errors`, and on `system/{cluster}/emergency` if it is critical; again \
         every 5 min while it lasts.",
        &["errors", "emergency"],
        OPERATORS,
        &[sample!("event.infrastructure_error")],
    ),
    event(
        "infrastructure_recovered",
        "A component is well again",
        "Published on `system/{cluster}/errors`.",
        &["errors"],
        OPERATORS,
        &[sample!("event.infrastructure_recovered")],
    ),
    event(
        "service_verdict",
        "How a service stands",
        "Retained on `system/{cluster}/services/{service}`. Rates are absent when nothing was settled.",
        &["service"],
        CALLERS,
        &[sample!("event.service_verdict")],
    ),
    event(
        "health",
        "The platform in one summary",
        "Retained on `system/{cluster}/health`, on change and every 30 s.",
        &["health"],
        "Dashboards and watchdogs.",
        &[sample!("event.health")],
    ),
    event(
        "alert",
        "People are told",
        "Published on `system/{cluster}/alerts`, and on `system/{cluster}/emergency` if it is critical or an emergency: \
         when it fires, when its reason changes, every `alerts.repeat_every` while it lasts, and when it is over. \
         Sent to webhooks as well.",
        &["alerts", "emergency"],
        OPERATORS,
        &[sample!("event.alert.firing"), sample!("event.alert.resolved")],
    ),
    Contract {
        name: "alert_notification",
        title: "A group of alerts",
        description: "Posted to a `[[webhook]]`: a CloudEvent in JSON with alerts of one name and severity.",
        side: Side::Written,
        channels: &[],
        readers: "Those who are told of alerts without an Alertmanager.",
        samples: &[sample!("alert_notification")],
    },
    event(
        "remedy_action",
        "Something is done about a service that does not answer",
        "Published on `system/{cluster}/actions` at each step: it is to be restarted, the platform does or does \
         not, it recovered, or it did not help and the service is left alone.",
        &["actions"],
        "Operators, and who keeps records of what was done.",
        &[sample!("event.remedy_action")],
    ),
    event(
        "security_alert",
        "An attack",
        "Published on `system/{cluster}/security` when the security watch finds an attack, when it is worse than          was said, and when it is over.",
        &["security"],
        "Those who answer for security, and what acts for them.",
        &[sample!("event.security_alert")],
    ),
    event(
        "security_action",
        "Something is done about an attack",
        "Published on `system/{cluster}/actions` at each step: it is proposed, refused, or to be done now; what came \
         of it; it is to be undone, and what came of that. What is in force is retained on \
         `system/{cluster}/actions/{action}` as well.",
        &["actions", "action"],
        "Those who answer for security, what acts for them, and who keeps records of what was done.",
        &[sample!("event.security_action.done"), sample!("event.security_action.proposed")],
    ),
    Contract {
        name: "security_action_request",
        title: "An action that is to be done, or undone",
        description: "Posted to a `[[webhook]]` with `actions`: a CloudEvent in JSON.",
        side: Side::Written,
        channels: &[],
        readers: "What acts for those who answer for security.",
        samples: &[sample!("security_action_request")],
    },
    event(
        "notification",
        "The envelope of every document",
        "A JSON-RPC 2.0 notification: `method` is the document's type, `params` the document. With \
         `events.envelope = \"bare\"` the document alone is published.",
        &[],
        "Whoever reads a document of an event.",
        &[],
    ),
    event(
        "direct_answer",
        "An answer in place of a service",
        "Published on the reply topic of a call, if `direct_answers` is on: a JSON-RPC 2.0 error response that \
         lookout gives because the service will not answer.",
        &["directAnswers"],
        "The caller, as the reply to its call.",
        &[sample!("direct-answer")],
    ),
    event(
        "observer",
        "Whether an observer is there",
        "Retained on `system/{cluster}/observer/{id}`, without an envelope, because it is also the will.",
        &["observer"],
        "Watchdogs, and other observers of the cluster.",
        &[sample!("observer")],
    ),
    event(
        "canary",
        "A song of the canary",
        "Published every 5 s on `system/{cluster}/observer/{id}/canary`, without an envelope, and heard back by \
         who said it.",
        &["canary"],
        "The observer that said it.",
        &[sample!("canary")],
    ),
    read(
        "request",
        "A call: a JSON-RPC 2.0 request",
        "What callers publish on a call topic; several in an array are a batch. The members beside those of \
         JSON-RPC are the platform's.",
        &["calls"],
        &[sample!("call")],
    ),
    read(
        "service_call",
        "A call: a service-call document",
        "What callers that do not speak JSON-RPC publish on a call topic. The first letter of a member may be a \
         capital.",
        &["calls"],
        &[sample!("call.service-call")],
    ),
    read(
        "reply",
        "The reply to a call",
        "A JSON-RPC 2.0 response, which services publish on the reply topic of a call; several in an array are a \
         batch.",
        &["replies"],
        &[sample!("reply.ok"), sample!("reply.business"), sample!("reply.validation")],
    ),
    read(
        "traffic_line",
        "One line of a traffic file",
        "Traffic files are NDJSON, plain or compressed with Zstandard, ordered by `ts`. Unknown members are \
         ignored. `lookout record` writes them, too.",
        &[],
        &[],
    ),
    read(
        "configuration",
        "The configuration of lookout",
        "`lookout.toml` as JSON. What one value says about another is checked by `lookout check-config` alone.",
        &[],
        &[],
    ),
    event(
        "replay_line",
        "What a replay would publish",
        "One line of what `lookout replay` prints.",
        &[],
        "Whoever tries out settings on a recording.",
        &[],
    ),
    event(
        "replay_comparison",
        "A comparison of two configurations",
        "What `lookout replay --compare OTHER --json FILE` writes: the alarms that the other configuration adds, spares \
         and moves on the same recording.",
        &[],
        "Whoever tries out settings on a recording.",
        &[],
    ),
    event(
        "replay_summary",
        "The figures of a replay",
        "What `lookout replay --summary` writes: the figures over the whole file.",
        &[],
        "Whoever compares runs.",
        &[],
    ),
];

/// The contract of what is read.
const fn read(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    channels: &'static [&'static str],
    samples: &'static [(&'static str, &'static str)],
) -> Contract {
    let readers = "lookout.";
    Contract { name, title, description, side: Side::Read, channels, readers, samples }
}

/// The channel of a key.
pub fn channel(key: &str) -> Option<&'static Channel> {
    CHANNELS.iter().find(|channel| channel.key == key)
}

/// The contract of a name.
pub fn contract(name: &str) -> Option<&'static Contract> {
    CONTRACTS.iter().find(|contract| contract.name == name)
}

//! The settings of `[[check]]`: what a component is, how it is reached, and what is too much.
//!
//! Most settings make sense for some kinds only; which, stands beside each of them.

use super::{Kind, MIN, MS, S, Section, Setting, Slot, lasting, not_empty};

/// The kinds of components that can be checked.
pub(in super::super) const KINDS: &[&str] = &[
    "emqx",
    "mosquitto",
    "loopback",
    "postgresql",
    "mongodb",
    "redis",
    "kubernetes",
    "docker",
    "http",
    "tcp",
    "disk",
    "memory",
];

/// Those that are reached at an address.
const ADDRESSED: &[&str] = &["emqx", "postgresql", "mongodb", "redis", "http", "tcp"];
/// Those that somebody logs in to.
const ENTERED: &[&str] = &["emqx", "postgresql", "mongodb", "redis", "http"];
const TIMED: &[&str] = &["loopback", "postgresql", "mongodb", "redis", "http", "tcp"];
const COPIED: &[&str] = &["postgresql", "mongodb", "redis"];

/// `[[check]]`.
pub(super) static CHECK: Section = Section {
    name: super::CHECK,
    meaning: "A component that is looked at every so often: the ground under the services. Any number of such \
              tables; without any, nothing is checked. What is found is said on `errors`, critical findings on \
              `emergency` too. docs/CHECKS.md tells what each kind looks at and which rights it needs.",
    settings: &[
        of_all("name", NAME, "The component's name in events, on the page and in metrics. No other check has it.")
            .unset("\"orders_db\"", "refused: every check has a name"),
        of_all("kind", Kind::Choice(KINDS), "What is checked, and how.").unset("\"postgresql\"", "refused"),
        of_all(
            "critical",
            Kind::Flag,
            "Whether the platform cannot do without it: that it is down is then of severity critical and said on \
             `emergency`, it weighs double in the score, and lookout is ready only with it.",
        )
        .unset("true", "false"),
        of_all("interval", lasting(S, 60 * MIN), "How long after the end of a look the next one begins.")
            .unset("\"30s\"", "30s"),
        of_all(
            "timeout",
            lasting(100 * MS, 5 * MIN),
            "How long a look may take; one that takes longer has failed.",
        )
        .unset("\"10s\"", "10s"),
        of_all(
            "failure_threshold",
            Kind::Integer { min: 1, max: 100 },
            "Failed looks in a row that make a finding; a definite answer such as \"node stopped\" needs 1.",
        )
        .unset("3", "as in `[component]`"),
        of_all(
            "success_threshold",
            Kind::Integer { min: 1, max: 100 },
            "Good looks in a row that end it; after a definite answer 1.",
        )
        .unset("2", "as in `[component]`"),
        of_all(
            "explains",
            Kind::Texts { of: "names of services, `*` at the end for any ending", check: is_pattern },
            "Services that cannot answer while it is down. Their incidents get its `correlationId`, and their alarms \
             name it as their cause.",
        )
        .unset("[\"Order*\", \"Billing\"]", "all services for `emqx` and `mosquitto`, none for the others"),
        of(
            "url",
            ADDRESSED,
            Kind::Server,
            "Where it is. `postgresql://` (`?sslmode=require` for TLS), `mongodb://` (`?tls=true`; one member, not a \
             list), `redis://` or `rediss://`, `http://` or `https://`, `tcp://host:port`. With TLS the certificate \
             is always verified. A user may stand in it; a password is better kept in `password_file`.",
        )
        .unset("\"postgresql://lookout@db1:5432/orders\"", "refused, but for `emqx`: that of `[emqx]`"),
        of("user", ENTERED, TEXT, "Who logs in; for `emqx` the API key, for `http` the user of basic authentication.")
            .unset("\"lookout\"", "as in `url`"),
        of(
            "password",
            ENTERED,
            Kind::Secret,
            "The password; for `http` without `user` a bearer token. Never shown. Better kept in `password_file`.",
        )
        .unset("\"…\"", "as in `url`"),
        of("password_file", ENTERED, PATH, "A file with the password; white space around it is trimmed.")
            .unset("\"/run/secrets/orders-db\"", "none"),
        of(
            "ca_file",
            &["emqx", "postgresql", "mongodb", "redis", "http"],
            PATH,
            "A PEM file with the authorities that its certificate may come from; nobody else is trusted then.",
        )
        .unset("\"/etc/lookout/ca.pem\"", "the authorities that the system trusts"),
        of(
            "slow",
            TIMED,
            lasting(MS / 2 + 1, 5 * MIN),
            "An answer that takes longer is a warning. For `loopback` the 95th percentile of the canary's last \
             round trips counts.",
        )
        .unset(
            "\"100ms\"",
            "5ms for `redis`, which answers from memory; 1s for `http` and `tcp`; 100ms for the others",
        ),
        of(
            "expect",
            &["emqx", "mongodb", "redis", "kubernetes"],
            Kind::Integer { min: 0, max: 10_000 },
            "How many there have to be: nodes of an EMQX or Kubernetes cluster, members of a MongoDB replica set, \
             replicas of a Redis primary. One that is gone is often just not mentioned any more, so that only who \
             knows the number misses it.",
        )
        .unset("3", "as many as were seen since the start; for `kubernetes`, whose nodes come and go, none is missed"),
        of(
            "replicas",
            &["postgresql"],
            Kind::Texts { of: "names of replicas", check: not_empty },
            "Replicas that must stream from this primary, by `application_name`. One that stops leaves no trace in \
             the server's list, so that only who knows its name misses it.",
        )
        .unset("[\"replica1\"]", "none is missed"),
        of("max_lag", COPIED, lasting(S, 24 * 60 * MIN), "How far a replica may be behind before it is a warning.")
            .unset("\"30s\"", "30s"),
        of(
            "max_lag_bytes",
            &["postgresql", "redis"],
            Kind::Integer { min: 1, max: 1 << 50 },
            "The same in bytes of the log that it has not replayed: an idle primary has no times to compare.",
        )
        .unset("1_073_741_824", "1 GiB for `postgresql`, 64 MiB for `redis`"),
        of("max_connections", COPIED, super::SHARE, "Share of the connections allowed that may be in use.")
            .unset("0.9", "0.9"),
        of(
            "max_transaction",
            &["postgresql"],
            lasting(S, 24 * 60 * MIN),
            "A transaction that lasts longer is a warning: it holds locks, and keeps old rows from being removed.",
        )
        .unset("\"10m\"", "10m"),
        of("max_memory", &["emqx", "redis", "memory"], super::SHARE, "Share of the memory allowed that may be in use.")
            .unset("0.9", "0.9 for `emqx` and `redis`, 0.85 for `memory`"),
        of("path", &["disk"], PATH, "A place on the file system that is looked at.")
            .unset("\"/var/lib/postgresql\"", "refused"),
        of("warn_at", &["disk"], super::SHARE, "Share of the space, or of the inodes, from which on it is a warning.")
            .unset("0.8", "0.8"),
        of("fail_at", &["disk"], super::SHARE, "The same for an error.").unset("0.9", "0.9"),
        of(
            "status",
            &["http"],
            Kind::Integers { min: 100, max: 599 },
            "Status codes that are good. Redirects are not followed.",
        )
        .unset("[200, 204]", "200 to 299"),
        of("contains", &["http"], TEXT, "A text that the first 64 KiB of the answer must hold.")
            .unset("\"\\\"status\\\":\\\"UP\\\"\"", "any answer is good"),
        of(
            "containers",
            &["docker"],
            Kind::Texts { of: "names of containers", check: not_empty },
            "Containers that must run, and be healthy where they have a health check.",
        )
        .unset("[\"orders-db\"]", "only whether Docker itself answers"),
    ],
};

const NAME: Kind =
    Kind::Text { allowed: "a name of 1 to 128 bytes without control characters", check: is_name };
const TEXT: Kind = Kind::Text { allowed: "a string that is not empty", check: not_empty };
const PATH: Kind = Kind::Text { allowed: "the path of a file", check: not_empty };

const fn of_all(name: &'static str, kind: Kind, meaning: &'static str) -> Setting {
    of(name, KINDS, kind, meaning)
}

const fn of(
    name: &'static str,
    kinds: &'static [&'static str],
    kind: Kind,
    meaning: &'static str,
) -> Setting {
    super::setting(name, kind, Slot::Check(kinds), meaning)
}

fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// Whether a text is the name of a service, or the beginning of some.
pub(super) fn is_pattern(text: &str) -> bool {
    let name = text.strip_suffix('*').unwrap_or(text);
    text == "*" || (super::is_service(name) && !name.contains('*'))
}

//! The settings of the program around the observer: names, queues, traffic, logs, HTTP.

use super::{H, Kind, S, Section, Slot, count, is_level, not_empty, setting, span};
use crate::config::Profile;
use std::net::SocketAddr;

/// What a topic level is, in words.
pub(super) const LEVEL: &str =
    "one topic level: 1 to 128 bytes without / + # and control characters";

/// The top level.
pub(super) static TOP: Section = Section {
    name: "",
    meaning: "Names, and what concerns all of it.",
    settings: &[
        setting(
            "cluster",
            Kind::Text { allowed: LEVEL, check: is_level },
            Slot::Text(|d| &mut d.cluster),
            "Names the platform that is observed: everything lookout says is under `system/{cluster}/`.",
        ),
        setting(
            "id",
            Kind::Text { allowed: LEVEL, check: is_level },
            Slot::MaybeText(|d| &mut d.id),
            "Names this lookout, in `system/{cluster}/observer/{id}`. Several observers of one cluster need \
             different ids.",
        )
        .unset("\"lookout-1\"", "`lookout-` and the host's name"),
        setting(
            "seed",
            Kind::Integer { min: 0, max: i64::MAX },
            Slot::Seed(|d| &mut d.settings.seed),
            "Seed of everything random: jitter and incident ids. Fixed, so that a replay gives the same bytes; `run` \
             mixes its `id` in, so that two lookouts give different ids.",
        ),
        setting(
            "direct_answers",
            Kind::Flag,
            Slot::Flag(|d| &mut d.settings.direct.enabled),
            "Whether callers who wait for a service that is unavailable, or whose circuit is open, are answered in \
             its place with the error -32503. Off, because it needs leave to publish on every reply topic. In one \
             lookout of a cluster only: another would take its answers for those of the service.",
        ),
        count(
            "direct_answers_per_second",
            |d| &mut d.settings.direct.per_second,
            (1, 1_000_000),
            "At most so many in a second, so that an outage does not become a flood; the other callers wait as they \
             would without lookout.",
        ),
    ],
};

/// `[inbox]`.
pub(super) static INBOX: Section = Section {
    name: "inbox",
    meaning: "Between socket and observer.",
    settings: &[count(
        "capacity",
        |d| &mut d.inbox,
        (16, 16_777_216),
        "Messages that may wait; beyond, lookout doubts itself rather than the services. The default is a second \
         and a half at 40 000 messages/s.",
    )],
};

/// `[outbox]`.
pub(super) static OUTBOX: Section = Section {
    name: "outbox",
    meaning: "Between observer and broker.",
    settings: &[count(
        "capacity",
        |d| &mut d.outbox,
        (16, 1_000_000),
        "Events that may wait while the broker is away; when full, the oldest that is not critical goes, and is \
         counted. The default outlasts an outage of every service at once.",
    )],
};

/// `[traffic]`.
pub(super) static TRAFFIC: Section = Section {
    name: "traffic",
    meaning: "What lookout hears. A template is a topic filter whose wildcards have names: `{name}` is one level or \
              a part of one, `{name...}` one or more levels.",
    settings: &[
        setting(
            "profiles",
            Kind::Texts { of: "profiles as `lookout profile list` names them", check: is_profile },
            Slot::Texts(|d| &mut d.traffic.profiles),
            "Systems whose pairs are known, in place of the default pair or beside those of the file. What differs \
             from a profile is set in a `[[traffic.pair]]` that names it.",
        ),
        setting(
            "ignore",
            Kind::Texts { of: "topic filters", check: not_empty },
            Slot::Texts(|d| &mut d.traffic.ignore),
            "Filters of topics that are not looked at, tried before everything else.",
        ),
        setting(
            "activity",
            TEMPLATES,
            Slot::Texts(|d| &mut d.traffic.activity),
            "Topics that are counted per channel, nothing more.",
        ),
        setting(
            "security",
            TEMPLATES,
            Slot::Texts(|d| &mut d.traffic.security),
            "Topics of logins, denials and the like, counted per kind.",
        ),
        count(
            "max_payload",
            |d| &mut d.traffic.max_payload,
            (1024, 268_435_455),
            "Largest payload that is read, in bytes; larger ones count as malformed (`too_large`). 1 MiB, which is \
             also what brokers commonly accept.",
        ),
    ],
};

/// `[fail_fast]`.
pub(super) static FAIL_FAST: Section = Section {
    name: "fail_fast",
    meaning: "When lookout gives up and exits with 1 and the reason, for whoever runs it to start it anew.",
    settings: &[
        span(
            "no_link",
            |d| &mut d.no_link,
            (S, 24 * H),
            "Without a link to the broker for longer than this. Long enough for a broker to be repaired.",
        ),
        span(
            "no_canary",
            |d| &mut d.no_canary,
            (2 * S, 24 * H),
            "With a link, and without hearing its own canary (`doubt.canary`) for longer than this: it is deaf.",
        ),
        setting(
            "exit_on_quiet",
            Kind::Flag,
            Slot::Flag(|d| &mut d.exit_on_quiet),
            "Whether hearing no message at all is a reason. Off, because quiet is not deaf: at night nobody calls.",
        ),
        span(
            "quiet",
            |d| &mut d.quiet,
            (S, 24 * H),
            "With `exit_on_quiet`: with a link, and without any message for longer than this.",
        ),
        setting(
            "stop_on_critical",
            Kind::Flag,
            Slot::Flag(|d| &mut d.stop_on_critical),
            "Whether a finding of severity critical on a component that is `critical` is a reason. Off, because \
             lookout is of most use while something is broken.",
        ),
    ],
};

/// `[log]`.
pub(super) static LOG: Section = Section {
    name: "log",
    meaning: "lookout's own logs, on stderr.",
    settings: &[
        setting(
            "format",
            Kind::Choice(&["human", "json"]),
            Slot::Text(|d| &mut d.log_format),
            "For people or for a collector.",
        ),
        setting(
            "level",
            Kind::Text {
                allowed: "a log filter such as \"info\" or \"warn,lookout=debug\"",
                check: is_log_filter,
            },
            Slot::Text(|d| &mut d.log_level),
            "What is logged: `off`, `error`, `warn`, `info`, `debug`, `trace`, or such levels by module.",
        ),
    ],
};

/// `[http]`.
pub(super) static HTTP: Section = Section {
    name: "http",
    meaning: "lookout's own pages.",
    settings: &[
        setting(
            "listen",
            Kind::Text {
                allowed: "an address and port such as \"127.0.0.1:9464\", or \"off\"",
                check: is_listen,
            },
            Slot::Text(|d| &mut d.listen),
            "Where the live page, the API, metrics and health are served; \"off\" is nowhere. The loopback by default, \
             because names of services and methods are shown to whoever can connect, without a password; \
             `0.0.0.0:9464` opens them to the network, as a container needs.",
        ),
        setting(
            "token_file",
            Kind::Text { allowed: "the path of a file", check: not_empty },
            Slot::MaybeText(|d| &mut d.token_file),
            "A file with the tokens of those who may change something over HTTP, which is how a circuit behaves: on \
             each line a name, by which it is known in the log, and a token of at least 16 characters.",
        )
        .unset("\"/run/secrets/lookout-tokens\"", "nobody may"),
    ],
};

/// `[runbooks]`.
pub(super) static RUNBOOKS: Section = Section {
    name: "runbooks",
    meaning: "What to do about alerts, beside what comes with lookout. docs/RUNBOOKS.md says how to write one.",
    settings: &[
        setting(
            "folder",
            Kind::Text { allowed: "the path of a folder", check: not_empty },
            Slot::MaybeText(|d| &mut d.runbook_folder),
            "A folder with runbooks of your own, `NAME.md` each. One that is called as one of lookout's takes its \
             place. Read and checked at the start.",
        )
        .unset("\"/etc/lookout/runbooks\"", "those that come with lookout alone"),
        setting(
            "values",
            Kind::Texts {
                of: "names with their values, such as \"namespace=prod\"",
                check: is_named_value,
            },
            Slot::Texts(|d| &mut d.runbook_values),
            "Values that runbooks may use as `{name}` beside those of the alert. `broker` (its host), `namespace` and \
             the key of `label` follow from other settings where these name one, unless they are set here.",
        ),
    ],
};

/// Whether a text is a name with a value; what both may be is checked when they are taken apart.
fn is_named_value(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty())
}

/// The kind of a list of templates.
const TEMPLATES: Kind = Kind::Texts { of: "topic templates", check: not_empty };

/// Whether a text names a profile.
fn is_profile(text: &str) -> bool {
    Profile::find(text).is_some()
}

/// Whether a text is `off` or an address to listen on.
fn is_listen(text: &str) -> bool {
    text == "off" || text.parse::<SocketAddr>().is_ok()
}

/// Whether a text is a filter of logs.
fn is_log_filter(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    // The filter itself takes a misspelt level for the name of a module, and logs all or nothing.
    let meant = |directive: &str| {
        directive.contains(['=', '['])
            || LEVELS.iter().any(|level| directive.eq_ignore_ascii_case(level))
    };
    text.split(',').all(|directive| meant(directive.trim()))
        && tracing_subscriber::EnvFilter::builder().parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_filters_are_levels_or_name_modules() {
        for (text, good) in [
            ("info", true),
            ("WARN", true),
            ("warn,lookout=debug", true),
            ("lookout::mqtt=trace", true),
            ("inffo", false),
            ("lookout", false),
            ("lookout=loud", false),
            ("info,", false),
            ("", false),
        ] {
            assert_eq!(is_log_filter(text), good, "{text}");
        }
    }
}

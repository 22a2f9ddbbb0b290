//! The settings of `[emqx]`: the broker's own interface, where it is EMQX.

use super::{Kind, PATH, S, Section, Slot, setting, span};

/// `[emqx]`.
pub(super) static EMQX: Section = Section {
    name: "emqx",
    meaning: "EMQX's REST API (version 5 and later), for what only the broker knows. lookout asks it who listens to \
              the topic of a service that lets calls wait, and says `no_subscriber` before the first of them times \
              out. It only reads: a key of the role `viewer` will do.",
    settings: &[
        setting(
            "url",
            Kind::Web,
            Slot::MaybeText(|d| &mut d.emqx.url),
            "Its address, as of the dashboard, without the path `/api/v5`.",
        )
        .unset("\"http://127.0.0.1:18083\"", "EMQX is not asked"),
        setting(
            "api_key",
            Kind::Text { allowed: "a string of visible characters without a colon", check: is_key },
            Slot::MaybeText(|d| &mut d.emqx.api_key),
            "The API key. Users of the dashboard are not let in here.",
        )
        .unset("\"lookout\"", "none"),
        setting(
            "api_secret",
            Kind::Secret,
            Slot::MaybeText(|d| &mut d.emqx.api_secret),
            "The secret of the key; never shown. Better kept out of this file: in `api_secret_file` or \
             `LOOKOUT_EMQX_API_SECRET`.",
        )
        .unset("\"…\"", "none"),
        setting(
            "api_secret_file",
            PATH,
            Slot::MaybeText(|d| &mut d.emqx.api_secret_file),
            "A file with the secret, such as a mounted one; white space around it is trimmed.",
        )
        .unset("\"/run/secrets/emqx-api-secret\"", "none"),
        setting(
            "ca_file",
            PATH,
            Slot::MaybeText(|d| &mut d.emqx.ca_file),
            "A PEM file with the authorities that its certificate may come from, where `url` is `https://`; nobody \
             else is trusted then.",
        )
        .unset("\"/etc/lookout/ca.pem\"", "the authorities that the system trusts"),
        span(
            "timeout",
            |d| &mut d.emqx.timeout,
            (S / 10, 60 * S),
            "How long an answer may take.",
        ),
        span(
            "look_every",
            |d| &mut d.emqx.look_every,
            (S, 60 * S),
            "How often it is asked while a service lets calls wait; otherwise it is not asked at all. Each question \
             makes EMQX go through all of its subscriptions, some tens of milliseconds for a hundred thousand.",
        ),
        setting(
            "onlookers",
            Kind::Texts { of: "client identifiers, `*` at the end for any ending", check: is_client },
            Slot::Texts(|d| &mut d.emqx.onlookers),
            "Client identifiers of programs that listen to calls and answer none, such as loggers. lookout itself \
             and its recorder are known. A wildcard subscription of anybody else may be the service, so that as \
             long as there is one, nothing is said.",
        ),
    ],
};

/// Whether a text can be the user of HTTP's basic scheme.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

/// Whether a text is a client identifier, or the beginning of some.
fn is_client(text: &str) -> bool {
    !text.is_empty() && !text.trim_end_matches('*').contains('*') && !text.ends_with("**")
}

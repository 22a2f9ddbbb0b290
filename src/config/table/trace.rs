//! The settings of `[trace]`: which calls are traced, and who is sent their spans.

use super::alert::is_user;
use super::{Kind, MIN, MS, PATH, S, Section, Slot, count, not_empty, number, setting, span};
use crate::config::trace::{PROTOCOLS, is_header, is_link};

/// `[trace]`.
pub(super) static TRACE: Section = Section {
    name: "trace",
    meaning: "Traces without instrumentation: the calls that lookout sees, as spans of OpenTelemetry for a collector \
              such as Tempo, Jaeger or the OpenTelemetry Collector. Nothing has to be built into services.",
    settings: &[
        setting(
            "endpoint",
            Kind::Web,
            Slot::MaybeText(|d| &mut d.trace.endpoint),
            "Where spans are sent to, by OTLP. For HTTP `/v1/traces` is meant where it has no path; for gRPC it has none.",
        )
        .unset("\"http://127.0.0.1:4318\"", "there are no traces"),
        setting(
            "protocol",
            Kind::Choice(PROTOCOLS),
            Slot::Text(|d| &mut d.trace.protocol),
            "How the collector is spoken to; for gRPC its usual port is 4317, for HTTP 4318.",
        ),
        setting(
            "headers",
            Kind::Secrets { of: "headers such as X-Scope-OrgID: shop", check: is_header },
            Slot::Texts(|d| &mut d.trace.headers),
            "What is said to the collector with each request, such as a tenant or a key; values are never shown. \
             Better kept in `headers_file`.",
        ),
        setting(
            "headers_file",
            PATH,
            Slot::MaybeText(|d| &mut d.trace.headers_file),
            "A file with more of them, one a line; empty lines and those that begin with `#` are left out.",
        )
        .unset("\"/run/secrets/collector-headers\"", "none"),
        setting(
            "user",
            Kind::Text { allowed: "a string without a colon", check: is_user },
            Slot::MaybeText(|d| &mut d.trace.user),
            "The user of HTTP's basic scheme.",
        )
        .unset("\"lookout\"", "none"),
        setting(
            "password",
            Kind::Secret,
            Slot::MaybeText(|d| &mut d.trace.password),
            "The password; never shown. Better kept in `password_file`.",
        )
        .unset("\"…\"", "none"),
        setting(
            "password_file",
            PATH,
            Slot::MaybeText(|d| &mut d.trace.password_file),
            "A file with the password; white space around it is trimmed.",
        )
        .unset("\"/run/secrets/password\"", "none"),
        setting(
            "token_file",
            PATH,
            Slot::MaybeText(|d| &mut d.trace.token_file),
            "A file with a bearer token, in place of user and password.",
        )
        .unset("\"/run/secrets/token\"", "none"),
        setting(
            "ca_file",
            PATH,
            Slot::MaybeText(|d| &mut d.trace.ca_file),
            "A PEM file with the authorities that its certificate may come from, where `endpoint` is `https://`; \
             nobody else is trusted then.",
        )
        .unset("\"/etc/lookout/ca.pem\"", "the authorities that the system trusts"),
        span(
            "timeout",
            |d| &mut d.trace.timeout,
            (100 * MS, 60 * S),
            "How long an answer may take; 10 s is OTLP's default.",
        ),
        number(
            "ratio",
            |d| &mut d.settings.trace.ratio,
            (0.0, 1.0),
            "Share of traces that are kept; which ones, their ids tell, so that all that follow them keep the same. \
             Calls that fail, are not answered or are slow are traced whatever it is, and so are those that such a \
             call was made within.",
        ),
        span(
            "slow",
            |d| &mut d.settings.trace.slow,
            (MS, 10 * MIN),
            "A call is slow, and traced whatever `ratio` is, that took longer.",
        ),
        setting(
            "server_spans",
            Kind::Flag,
            Slot::Flag(|d| &mut d.settings.trace.server_spans),
            "Whether each answered call has a span of its service beside that of its caller, as maps of services in \
             Tempo and the collector want it. Without them a call is one span, of its service: half the volume, and \
             enough for Jaeger's map.",
        ),
        setting(
            "callers",
            Kind::Text { allowed: "a string of 1 to 256 characters", check: is_name },
            Slot::Text(|d| &mut d.trace.callers),
            "The name under which callers appear that are no known service.",
        ),
        count(
            "batch",
            |d| &mut d.trace.batch,
            (1, 4_096),
            "Spans of a request, at most. A span is bounded by its texts to some 4 KB, so that requests stay below the \
             20 MiB that the OpenTelemetry Collector takes by default.",
        ),
        span(
            "every",
            |d| &mut d.trace.every,
            (10 * MS, 60 * S),
            "How long a span waits for others to fill a request.",
        ),
        count(
            "requests",
            |d| &mut d.trace.requests,
            (1, 16),
            "Requests that may be under way at once, so that a collector that takes its time for each can still take \
             many spans.",
        ),
        count(
            "queue",
            |d| &mut d.trace.queue,
            (1_000, 1_000_000),
            "Calls that may wait while the collector is slow or away; the last quarter is for those that are traced \
             whatever `ratio` is. What does not fit is dropped and counted in `lookout_trace_dropped_total`. A call that \
             waits takes some 1.5 KB.",
        ),
        span(
            "retry_for",
            |d| &mut d.trace.retry_for,
            (0, 60 * MIN),
            "How long a request that a collector cannot take for now (no connection, no answer, 429, 502, 503, 504, or a \
             status of gRPC that says so) is tried again, at first after a second or two, in the end every half a minute.",
        ),
        setting(
            "link",
            Kind::Text { allowed: "an address such as https://jaeger.example/trace/{traceId}", check: is_link },
            Slot::MaybeText(|d| &mut d.trace.link),
            "Where people see a trace: `{traceId}` stands for its id.",
        )
        .unset("\"https://jaeger.example/trace/{traceId}\"", "traces are named and not linked"),
    ],
};

fn is_name(text: &str) -> bool {
    not_empty(text) && text.chars().count() <= 256 && !text.chars().any(char::is_control)
}

//! `[trace]`: where spans of calls go, and where people look at them.
//!
//! The address is what turns traces on. Without a path it is a base address, and `/v1/traces` is meant,
//! as OTLP has it; over gRPC the path is that of the service, and the address has none. What only a
//! collector has a use for is refused where there is none.

use super::broker::password_from;
use super::draft::{Draft, TraceDraft};
use super::gather::Gathered;
use super::mistake::quoted;
use super::receivers::login;
use super::row::{Place, Row};
use super::{Door, Secret, Tls, emqx, url::masked};
use crate::observer::Span;

const AT: &str = "trace";
const ENDPOINT: &str = "trace.endpoint";
const HEADERS: &str = "trace.headers";
const HEADERS_FILE: &str = "trace.headers_file";
/// The path that is meant where there is none.
const PATH: &str = "/v1/traces";
/// Ways of OTLP, by the names that `OTEL_EXPORTER_OTLP_PROTOCOL` has for them.
pub(super) const PROTOCOLS: &[&str] = &["http/protobuf", GRPC];
const GRPC: &str = "grpc";

/// Most headers, and the most characters of a value: what collectors take.
const MOST: usize = 32;
const LONGEST: usize = 4_096;

/// Traces: whom they are sent to, and where they are shown.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Where people see a trace: an address with `{traceId}` in it.
    pub link: Option<String>,
    /// Who is sent spans; `None` is nobody.
    pub collector: Option<Collector>,
}

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otlp {
    /// OTLP over HTTP, as protobuf.
    Http,
    /// OTLP over gRPC.
    Grpc,
}

/// A collector of spans, and what it is sent.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Where it is: the whole address; one without a path for gRPC.
    pub door: Door,
    /// How it is spoken to.
    pub protocol: Otlp,
    /// What is said to it with each request: names in small letters. For gRPC they are texts that it
    /// takes as metadata.
    pub headers: Vec<(String, Secret)>,
    /// Whether services have spans of their own.
    pub server_spans: bool,
    /// `service.name` of callers that are no known service.
    pub callers: String,
    /// Spans of a request, at most.
    pub batch: usize,
    /// How long a span waits for others.
    pub every: Span,
    /// Calls that may wait.
    pub queue: usize,
    /// Requests that may be under way.
    pub requests: usize,
    /// How long a request is tried again.
    pub retry_for: Span,
}

impl Collector {
    /// What it said, without the secrets that it was shown.
    pub(crate) fn hide(&self, said: &str) -> String {
        self.door.login.hide(said, self.headers.iter().map(|(_, value)| value))
    }
}

/// What is to be done with traces; `None` if a mistake was noted.
pub(super) fn trace(gathered: &mut Gathered, draft: &Draft) -> Option<Trace> {
    let (draft, policy) = (&draft.trace, &draft.settings.trace);
    let link = draft.link.clone();
    if gathered.is_bad(ENDPOINT) {
        return None;
    }
    let Some(mut url) = draft.endpoint.as_deref().and_then(emqx::parse) else {
        refuse_unused(gathered, draft);
        return Some(Trace { link, collector: None });
    };
    let protocol = if draft.protocol == GRPC { Otlp::Grpc } else { Otlp::Http };
    match protocol {
        Otlp::Http if url.path() == "/" => url.set_path(PATH),
        Otlp::Http => {}
        Otlp::Grpc => only_a_place(gathered, &url)?,
    }
    let row = row(gathered, draft);
    let place = &mut Place { gathered, at: AT, row: &row };
    let (login, tls) = (login(place), place.encryption("endpoint", &url));
    let headers = headers(gathered, draft, protocol);
    let collector = Collector {
        protocol,
        door: Door { url, login: login?, tls: tls?, timeout: draft.timeout },
        headers: headers?,
        server_spans: policy.server_spans,
        callers: draft.callers.clone(),
        batch: draft.batch as usize,
        every: draft.every,
        queue: draft.queue as usize,
        requests: draft.requests as usize,
        retry_for: draft.retry_for,
    };
    Some(Trace { link, collector: Some(collector) })
}

/// Whether an address is one for gRPC, whose path is the service's; `None` is a mistake.
fn only_a_place(gathered: &mut Gathered, url: &url::Url) -> Option<()> {
    let allowed = if url.path() != "/" {
        "an address without a path where trace.protocol is \"grpc\""
    } else if url.scheme() == "https" && Tls::name(url).is_none() {
        "an address with a host that a certificate can name"
    } else {
        return Some(());
    };
    let spot = gathered.spot(ENDPOINT);
    gathered.mistake(spot, quoted(&masked(url.as_str())), allowed);
    None
}

/// What shows who lookout is, as tables that repeat have it. Of a password and its file the one from
/// the stronger source holds, as a variable is meant to cover what the file says.
fn row(gathered: &Gathered, draft: &TraceDraft) -> Row {
    let rank = |name: &str| gathered.rank(&format!("{AT}.{name}"));
    let (here, file) = (rank("password"), rank("password_file"));
    Row::of([
        ("user", draft.user.clone()),
        ("password", draft.password.clone().filter(|_| here >= file)),
        ("password_file", draft.password_file.clone().filter(|_| file >= here)),
        ("token_file", draft.token_file.clone()),
        ("ca_file", draft.ca_file.clone()),
    ])
}

/// Headers of the list and of the file; none of what is in them is told.
fn headers(
    gathered: &mut Gathered,
    draft: &TraceDraft,
    protocol: Otlp,
) -> Option<Vec<(String, Secret)>> {
    let mut all = Vec::new();
    for (index, line) in draft.headers.iter().enumerate() {
        if let Err(problem) = add(&mut all, line, protocol) {
            let spot = gathered.spot(&format!("{HEADERS}[{index}]"));
            gathered.mistake(spot, "***", problem);
            return None;
        }
    }
    let Some(path) = draft.headers_file.as_deref() else { return Some(all) };
    let text = password_from(gathered, HEADERS_FILE, path)?;
    for (at, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Err(problem) = add(&mut all, line, protocol) {
            let spot = gathered.spot(HEADERS_FILE);
            gathered.mistake(spot, quoted(path), format!("{problem}; see its line {at}"));
            return None;
        }
    }
    Some(all)
}

/// Adds a header, or tells what would be right.
fn add(all: &mut Vec<(String, Secret)>, line: &str, protocol: Otlp) -> Result<(), &'static str> {
    let (name, value) = split(line).ok_or("a header such as X-Scope-OrgID: shop")?;
    let name = name.to_ascii_lowercase();
    if is_own(&name, protocol) {
        return Err("another header: lookout sets this one itself");
    }
    if protocol == Otlp::Grpc {
        is_metadata(&name)?;
    }
    if all.iter().any(|(known, _)| *known == name) {
        return Err("each header once");
    }
    if all.len() == MOST {
        return Err("at most 32 headers");
    }
    all.push((name, Secret(value.to_owned())));
    Ok(())
}

/// Whether a header is what a protocol says itself, or says how a request is to be read.
fn is_own(name: &str, protocol: Otlp) -> bool {
    const HTTP: [&str; 7] = [
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "te",
        "transfer-encoding",
    ];
    // HTTP/2 has no headers about a connection, and refuses a request with one.
    const GRPC: [&str; 4] = ["keep-alive", "proxy-connection", "upgrade", "user-agent"];
    HTTP.contains(&name)
        || protocol == Otlp::Grpc && (GRPC.contains(&name) || name.starts_with("grpc-"))
}

/// Whether gRPC takes a header as metadata, or what would be right.
fn is_metadata(name: &str) -> Result<(), &'static str> {
    if name.ends_with("-bin") {
        return Err("a header for a text: gRPC takes bytes where a name ends with -bin");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.bytes().all(plain) {
        Ok(())
    } else {
        Err("a header for gRPC, whose name has letters, digits and - _ . only")
    }
}

/// A header's name and value.
fn split(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let shown = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let good = (1..=128).contains(&name.len())
        && name.bytes().all(token)
        && (1..=LONGEST).contains(&value.len())
        && value.bytes().all(shown);
    good.then_some((name, value))
}

/// Whether a text is a header.
pub(super) fn is_header(line: &str) -> bool {
    split(line).is_some()
}

/// Whether a text is an address where people see a trace.
pub(super) fn is_link(text: &str) -> bool {
    let filled = text.replace("{traceId}", "0af7651916cd43dd8448eb211c80319c");
    let url = super::check::parse(&filled);
    let plain = |url: url::Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
    };
    filled != text
        && text.len() <= 2_000
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && url.is_some_and(plain)
}

/// Notes settings that nobody has a use for: whoever wrote them expects traces.
fn refuse_unused(gathered: &mut Gathered, draft: &TraceDraft) {
    let text = |text: &Option<String>| text.as_deref().map(quoted);
    let secret = |it: bool| it.then(|| "***".to_owned());
    for (name, value) in [
        ("headers", secret(!draft.headers.is_empty())),
        ("headers_file", text(&draft.headers_file)),
        ("user", text(&draft.user)),
        ("password", secret(draft.password.is_some())),
        ("password_file", text(&draft.password_file)),
        ("token_file", text(&draft.token_file)),
        ("ca_file", text(&draft.ca_file)),
    ] {
        let key = format!("{AT}.{name}");
        if let Some(value) = value.filter(|_| !gathered.is_bad(&key)) {
            let spot = gathered.spot(&key);
            gathered.mistake(spot, value, format!("such a setting only beside {ENDPOINT}"));
        }
    }
}

//! From what was written of a component to what is looked at there.
//!
//! A setting that makes no sense for the kind is refused, as whoever wrote it expects an effect.
//! What is not set has the default of its kind. Of user and password a setting of its own wins over
//! the address.

use super::super::draft::Draft;
use super::super::gather::Gathered;
use super::super::mistake::quoted;
use super::super::row::{Place, Row};
use super::super::url::percent_decoded;
use super::super::{Emqx, Secret, table};
use super::{Check, Kind, Limits, Server, is_encrypted, parse};
use crate::observer::Span;
use crate::observer::settings::ComponentSettings;
use std::path::PathBuf;

/// All checks, and what the observer is told of them; `None` if a mistake was noted.
pub(in super::super) fn checks(
    gathered: &mut Gathered,
    draft: &Draft,
    emqx: Option<&Emqx>,
) -> Option<(Vec<Check>, Vec<ComponentSettings>)> {
    let (mut checks, mut settings) = (Vec::new(), Vec::new());
    let mut whole = true;
    for (index, draft) in draft.rows(table::CHECK).iter().enumerate() {
        let at = format!("{}[{index}]", table::CHECK);
        match check(&mut Place { gathered, at: &at, row: draft }, emqx) {
            Some(check) if checks.iter().any(|it: &Check| it.name == check.name) => {
                let spot = gathered.spot(&format!("{at}.name"));
                gathered.mistake(spot, quoted(&check.name), "a name that no other check has");
                whole = false;
            }
            Some(check) => {
                settings.push(component(draft, &check));
                checks.push(check);
            }
            None => whole = false,
        }
    }
    whole.then_some((checks, settings))
}

fn component(draft: &Row, check: &Check) -> ComponentSettings {
    let broker = matches!(check.kind, Kind::Emqx { .. } | Kind::Mosquitto);
    let all = || if broker { vec!["*".to_owned()] } else { Vec::new() };
    ComponentSettings {
        name: check.name.clone(),
        kind: check.kind.name().to_owned(),
        critical: check.critical,
        failure_threshold: draft.count("failure_threshold"),
        success_threshold: draft.count("success_threshold"),
        explains: draft.texts("explains").map_or_else(all, <[String]>::to_vec),
    }
}

fn check(place: &mut Place<'_>, emqx: Option<&Emqx>) -> Option<Check> {
    let name = place.needed("name", "a name by which the component is known");
    let kind = place.needed("kind", &format!("one of {}", table::KINDS.join(", ")))?;
    let fits = refuse_strange(place, &kind);
    let kind = self::kind(place, &kind, emqx);
    fits?;
    let draft = place.row;
    Some(Check {
        name: name?,
        critical: draft.flag("critical"),
        interval: draft.span("interval", Span::from_secs(30)),
        timeout: draft.span("timeout", Span::from_secs(10)),
        kind: kind?,
    })
}

/// Refuses settings that are for other kinds.
fn refuse_strange(place: &mut Place<'_>, kind: &str) -> Option<()> {
    let section = table::section(table::CHECK)?;
    let mut strange = Vec::new();
    for name in place.row.names() {
        let setting = section.setting(name);
        if let Some(table::Slot::Check(kinds)) = setting.map(|setting| setting.slot)
            && !kinds.contains(&kind)
        {
            strange.push((name, format!("such a setting only for {}", kinds.join(", "))));
        }
    }
    let none = strange.is_empty();
    for (name, allowed) in strange {
        place.mistake(name, format!("{name} of a check of kind {kind}"), allowed);
    }
    none.then_some(())
}

fn kind(place: &mut Place<'_>, kind: &str, emqx: Option<&Emqx>) -> Option<Kind> {
    let draft = place.row;
    let expect = draft.count("expect");
    let of = |slow, bytes| limits(draft, slow, bytes);
    let (mib, ms) = (1 << 20, Span::from_millis);
    let slow = |otherwise| draft.span("slow", ms(otherwise));
    let max_memory = draft.number("max_memory", if kind == "memory" { 0.85 } else { 0.9 });
    Some(match kind {
        "emqx" => Kind::Emqx { api: api(place, emqx)?, expect, max_memory },
        "mosquitto" => Kind::Mosquitto,
        "loopback" => Kind::Loopback { slow: slow(100) },
        "postgresql" => Kind::Postgresql {
            at: server(place, &["postgresql", "postgres"], 5432)?,
            limits: of(100, 1_024 * mib),
            replicas: draft.texts("replicas").unwrap_or_default().to_vec(),
            max_transaction: draft.span("max_transaction", Span::from_secs(600)),
        },
        "mongodb" => {
            Kind::Mongodb { at: server(place, &["mongodb"], 27_017)?, limits: of(100, 0), expect }
        }
        "redis" => {
            let at = server(place, &["redis", "rediss"], 6_379)?;
            Kind::Redis { at, limits: of(5, 64 * mib), max_memory, expect }
        }
        "kubernetes" => Kind::Kubernetes { expect },
        "docker" => {
            Kind::Docker { containers: draft.texts("containers").unwrap_or_default().to_vec() }
        }
        "http" => {
            let at = server(place, &["http", "https"], 80)?;
            let codes = draft.integers("status").unwrap_or_default();
            let status = codes.iter().filter_map(|code| u16::try_from(*code).ok()).collect();
            let contains = draft.text("contains").map(str::to_owned);
            Kind::Http { at, slow: slow(1_000), status, contains }
        }
        "tcp" => {
            let at = server(place, &["tcp"], 0)?;
            let host = at.url.host_str()?.trim_matches(['[', ']']).to_owned();
            Kind::Tcp { host, port: at.url.port()?, slow: slow(1_000) }
        }
        "disk" => {
            let path = place.needed("path", "a place on the file system that is looked at")?;
            Kind::Disk { path: path.into(), shares: shares(place)? }
        }
        _ => Kind::Memory { max_memory },
    })
}

fn limits(draft: &Row, slow: u64, bytes: u64) -> Limits {
    Limits {
        slow: draft.span("slow", Span::from_millis(slow)),
        max_lag: draft.span("max_lag", Span::from_secs(30)),
        max_lag_bytes: draft
            .integer("max_lag_bytes")
            .and_then(|it| u64::try_from(it).ok())
            .unwrap_or(bytes),
        max_connections: draft.number("max_connections", 0.9),
    }
}

/// When a disk is full.
fn shares(place: &mut Place<'_>) -> Option<(f64, f64)> {
    let (warn, fail) = (place.row.number("warn_at", 0.8), place.row.number("fail_at", 0.9));
    if warn > fail {
        place.mistake("warn_at", warn.to_string(), format!("at most fail_at ({fail})"));
        return None;
    }
    Some((warn, fail))
}

/// EMQX's interface: that of `[emqx]`, unless the check has an address of its own.
fn api(place: &mut Place<'_>, emqx: Option<&Emqx>) -> Option<Emqx> {
    if place.row.text("url").is_none() {
        if let Some(emqx) = emqx {
            return Some(emqx.clone());
        }
        if !place.is_bad("url") {
            place.mistake("url", "nothing", "an address here or in emqx.url");
        }
        return None;
    }
    let Server { url, user, password, tls, .. } = server(place, &["http", "https"], 80)?;
    let Some(key) = user.zip(password) else {
        place.mistake("user", "nothing", "an API key in user, its secret in password_file");
        return None;
    };
    Some(Emqx {
        url: url.as_str().trim_end_matches('/').to_owned(),
        key,
        tls,
        timeout: place.row.span("timeout", Span::from_secs(10)),
        look_every: Span::from_secs(5),
        onlookers: Vec::new(),
    })
}

/// Where a server is, by an address of one of these schemes.
fn server(place: &mut Place<'_>, schemes: &[&str], port: u16) -> Option<Server> {
    let allowed = format!("an address that begins with {}://", schemes.join(":// or "));
    let mut url = parse(&place.needed("url", &allowed)?)?;
    if !schemes.contains(&url.scheme()) {
        let found = format!("{}://", url.scheme());
        place.mistake("url", found, allowed);
        return None;
    }
    if port == 0 && url.port().is_none() {
        place.mistake("url", "an address without a port", "tcp://host:port");
        return None;
    }
    let name = percent_decoded(url.username()).filter(|name| !name.is_empty());
    let word = url.password().and_then(percent_decoded);
    // Neither can fail for an address that has a host.
    let _ = (url.set_username(""), url.set_password(None));
    let (password, tls) =
        (place.secret("password", "password_file"), place.encryption("url", &url));
    let user = place.row.text("user").map(str::to_owned).or(name);
    let (password, tls) = (password?.or(word.map(Secret)), tls?);
    let ca_file =
        is_encrypted(&url).then(|| place.row.text("ca_file").map(PathBuf::from)).flatten();
    Some(Server { url, user, password, tls, ca_file })
}

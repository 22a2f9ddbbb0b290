//! EMQX's interface: its address, the key to it, and whom it trusts.
//!
//! A secret over an open way is the operator's choice: inside a cluster it is the usual one. User
//! and password in the address are refused, as EMQX lets only API keys in.

use super::broker::password_from;
use super::draft::{Draft, EmqxDraft};
use super::gather::Gathered;
use super::mistake::quoted;
use super::{Secret, Tls, tls};
use crate::observer::Span;
use url::Url;

/// What an address looks like.
pub(super) const ALLOWED: &str =
    "an address such as http://127.0.0.1:18083 or https://emqx.example";

const URL: &str = "emqx.url";
const KEY: &str = "emqx.api_key";
const SECRET: &str = "emqx.api_secret";
const SECRET_FILE: &str = "emqx.api_secret_file";
const CA: &str = "emqx.ca_file";

/// EMQX's REST API, and what it is asked.
#[derive(Clone, Debug)]
pub struct Emqx {
    /// Its address, without `/api/v5` and without a slash at its end.
    pub url: String,
    /// API key and secret.
    pub key: (String, Secret),
    /// How to speak TLS with it; nobody is trusted if the address is `http://`.
    pub tls: Tls,
    /// How long an answer may take.
    pub timeout: Span,
    /// How often it is asked who listens, while a service lets calls wait.
    pub look_every: Span,
    /// Client identifiers of programs that only listen; `*` at the end stands for any ending.
    pub onlookers: Vec<String>,
}

/// Reads an address; `None` if it is none, or has more to it than a place and a path.
pub(super) fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none();
    let known = matches!(url.scheme(), "http" | "https") && url.has_host();
    (plain && nobody && known).then_some(url)
}

/// EMQX's interface, if one is set: `Some(None)` is none, `None` a mistake.
pub(super) fn emqx(gathered: &mut Gathered, draft: &Draft) -> Option<Option<Emqx>> {
    let draft = &draft.emqx;
    if gathered.is_bad(URL) {
        return None;
    }
    let Some(url) = draft.url.as_deref().and_then(parse) else {
        refuse_unused(gathered, draft);
        return Some(None);
    };
    let key = key(gathered, draft);
    let ca = draft.ca_file.as_deref();
    let tls = match (url.scheme(), ca) {
        ("https", ca) => tls::trusting(gathered, (CA, ca), URL)?,
        (_, None) => Tls::distrusting()?,
        (_, Some(path)) => {
            let spot = gathered.spot(CA);
            let allowed = format!("such a setting only where {URL} is https://");
            gathered.mistake(spot, quoted(path), allowed);
            return None;
        }
    };
    let mut onlookers = draft.onlookers.clone();
    onlookers.sort_unstable();
    Some(Some(Emqx {
        url: url.as_str().trim_end_matches('/').to_owned(),
        key: key?,
        tls,
        timeout: draft.timeout,
        look_every: draft.look_every,
        onlookers,
    }))
}

/// The API key and its secret.
fn key(gathered: &mut Gathered, draft: &EmqxDraft) -> Option<(String, Secret)> {
    let secret = match (&draft.api_secret, &draft.api_secret_file) {
        (Some(_), Some(_)) if gathered.rank(SECRET) == gathered.rank(SECRET_FILE) => {
            let spot = gathered.spot(SECRET_FILE);
            gathered.mistake(spot, format!("a secret here and in {SECRET}"), "only one of them");
            return None;
        }
        (Some(secret), file)
            if file.is_none() || gathered.rank(SECRET) > gathered.rank(SECRET_FILE) =>
        {
            Some(secret.clone())
        }
        (_, Some(path)) => Some(password_from(gathered, SECRET_FILE, path)?),
        (_, None) => None,
    };
    match (draft.api_key.clone(), secret) {
        (Some(key), Some(secret)) => Some((key, Secret(secret))),
        (key, _) => {
            let missing = if key.is_none() { KEY } else { SECRET };
            if !gathered.is_bad(missing) {
                let spot = gathered.spot(URL);
                let found = format!("an address without {missing}");
                gathered.mistake(
                    spot,
                    found,
                    format!("{KEY} and {SECRET} (or {SECRET_FILE}) beside it"),
                );
            }
            None
        }
    }
}

/// Notes settings that nobody has a use for: whoever wrote them expects an answer.
fn refuse_unused(gathered: &mut Gathered, draft: &EmqxDraft) {
    let onlookers = draft.onlookers.first().map(|name| quoted(name));
    for (key, value) in [
        (KEY, draft.api_key.as_deref().map(quoted)),
        (SECRET, draft.api_secret.as_ref().map(|_| "***".to_owned())),
        (SECRET_FILE, draft.api_secret_file.as_deref().map(quoted)),
        (CA, draft.ca_file.as_deref().map(quoted)),
        ("emqx.onlookers", onlookers),
    ] {
        if let Some(value) = value.filter(|_| !gathered.is_bad(key)) {
            let spot = gathered.spot(key);
            gathered.mistake(spot, value, format!("such a setting only beside {URL}"));
        }
    }
}

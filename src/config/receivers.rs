//! Those who are told of alerts: Alertmanagers and webhooks.

use super::broker::password_from;
use super::check::parse;
use super::draft::Draft;
use super::gather::Gathered;
use super::mistake::quoted;
use super::row::Place;
use super::{Secret, Tls, table};
use crate::observer::Span;
use crate::observer::alert::Severity;
use crate::observer::attack::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

/// What begins a secret that is written as base64, as Standard Webhooks has it.
const PREFIX: &str = "whsec_";
/// The shortest secret, in bytes: Standard Webhooks asks for 24 to 64.
const SHORTEST: usize = 24;

/// Somebody who is reached over HTTP.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where.
    pub url: Url,
    /// How lookout shows who it is.
    pub login: Login,
    /// How to speak TLS with it; nobody is trusted if the address is `http://`.
    pub tls: Tls,
    /// How long an answer may take.
    pub timeout: Span,
}

/// How lookout shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Not at all.
    None,
    /// HTTP's basic scheme.
    Basic(String, Secret),
    /// A bearer token.
    Bearer(Secret),
}

impl Login {
    /// What is not to be shown of it: the secret, and as it goes over the network.
    fn secrets(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Basic(user, Secret(password)) => {
                let both = STANDARD.encode(format!("{user}:{password}"));
                vec![both, password.clone()]
            }
            Self::Bearer(Secret(token)) => vec![token.clone()],
        }
    }

    /// What somebody said who was shown it, without what is secret in it or in `more`: some say what they do not
    /// like. Nothing shorter than six bytes is looked for, which could be a part of any word.
    pub(crate) fn hide<'s>(&self, said: &str, more: impl Iterator<Item = &'s Secret>) -> String {
        let mut all = self.secrets();
        all.extend(more.map(|it| it.0.clone()));
        // One can be a part of another.
        all.sort_by_key(|it| std::cmp::Reverse(it.len()));
        let all = all.iter().filter(|it| it.len() >= 6);
        all.fold(said.to_owned(), |said, secret| said.replace(secret, "***"))
    }
}

/// An Alertmanager.
#[derive(Clone, Debug)]
pub struct Alertmanager {
    /// Where it is, up to `/api/v2`.
    pub door: Door,
    /// How often alerts that fire are sent again.
    pub resend_every: Span,
}

/// A webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// By which it is known.
    pub name: String,
    /// Where it is.
    pub door: Door,
    /// What notifications are signed with.
    pub secret: Option<Key>,
    /// The mildest alerts it is told of.
    pub min_severity: Severity,
    /// How long the first alert of a group waits for others.
    pub group_wait: Span,
    /// How soon after a notification the next may follow.
    pub group_interval: Span,
    /// How often a group is told again while nothing changes.
    pub repeat_interval: Span,
    /// Whether it is told of alerts.
    pub alerts: bool,
    /// Responses to attacks that it does.
    pub actions: Vec<Response>,
}

/// The key of signatures; it does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// All Alertmanagers; `None` if a mistake was noted.
pub(super) fn alertmanagers(gathered: &mut Gathered, draft: &Draft) -> Option<Vec<Alertmanager>> {
    let mut all: Vec<Alertmanager> = Vec::new();
    let mut whole = Some(());
    for (index, row) in draft.rows(table::ALERTMANAGER).iter().enumerate() {
        let at = format!("{}[{index}]", table::ALERTMANAGER);
        let place = &mut Place { gathered, at: &at, row };
        let Some(door) = door(place) else {
            whole = None;
            continue;
        };
        if all.iter().any(|known| known.door.url == door.url) {
            place.mistake("url", quoted(door.url.as_str()), "an address that no other has");
            whole = None;
            continue;
        }
        let resend_every = row.span("resend_every", Span::from_secs(60));
        all.push(Alertmanager { door, resend_every });
    }
    whole.map(|()| all)
}

/// All webhooks; `None` if a mistake was noted.
pub(super) fn webhooks(gathered: &mut Gathered, draft: &Draft) -> Option<Vec<Webhook>> {
    let mut all: Vec<Webhook> = Vec::new();
    let mut whole = Some(());
    for (index, row) in draft.rows(table::WEBHOOK).iter().enumerate() {
        let at = format!("{}[{index}]", table::WEBHOOK);
        let place = &mut Place { gathered, at: &at, row };
        match webhook(place) {
            Some(hook) if all.iter().any(|known| known.name == hook.name) => {
                place.mistake("name", quoted(&hook.name), "a name that no other webhook has");
                whole = None;
            }
            Some(hook) => all.push(hook),
            None => whole = None,
        }
    }
    whole.map(|()| all)
}

fn webhook(place: &mut Place<'_>) -> Option<Webhook> {
    let name = place.needed("name", "a name by which it is known");
    let door = door(place);
    let secret = place.secret("secret", "secret_file")?;
    let secret = match secret {
        None => None,
        Some(Secret(text)) => Some(key(place, &text)?),
    };
    let row = place.row;
    let actions: Vec<_> = row
        .texts("actions")
        .iter()
        .copied()
        .flatten()
        .filter_map(|name| Response::read(name))
        .collect();
    if secret.is_none() && !actions.is_empty() {
        let allowed = "such a setting only where there is `secret` or `secret_file`: what acts has to know who wants it";
        place.mistake("actions", "actions without a secret", allowed);
        return None;
    }
    let alerts = !row.has("alerts") || row.flag("alerts");
    if !alerts && actions.is_empty() {
        place.mistake(
            "alerts",
            "false, and no actions",
            "something that it is told: alerts, or actions",
        );
        return None;
    }
    Some(Webhook {
        name: name?,
        door: door?,
        secret,
        min_severity: row
            .text("min_severity")
            .and_then(Severity::read)
            .unwrap_or(Severity::Warning),
        group_wait: row.span("group_wait", Span::from_secs(30)),
        group_interval: row.span("group_interval", Span::from_secs(60)),
        repeat_interval: row.span("repeat_interval", Span::from_secs(4 * 3_600)),
        alerts,
        actions,
    })
}

/// The bytes of a secret.
fn key(place: &mut Place<'_>, text: &str) -> Option<Key> {
    let bytes = match text.strip_prefix(PREFIX) {
        Some(base64) => STANDARD.decode(base64).ok(),
        None => Some(text.as_bytes().to_vec()),
    };
    let name = if place.row.has("secret") { "secret" } else { "secret_file" };
    match bytes {
        Some(bytes) if bytes.len() >= SHORTEST => Some(Key(bytes)),
        Some(_) => {
            place.mistake(name, "a secret that could be guessed", "at least 24 bytes");
            None
        }
        None => {
            place.mistake(name, "what is no base64", "whsec_ and base64, or any other text");
            None
        }
    }
}

/// Where somebody is, and how to get in.
fn door(place: &mut Place<'_>) -> Option<Door> {
    let url = address(place)?;
    let login = login(place)?;
    let tls = place.encryption("url", &url)?;
    Some(Door { url, login, tls, timeout: place.row.span("timeout", Span::from_secs(10)) })
}

/// How lookout shows who it is; `None` is a mistake.
pub(super) fn login(place: &mut Place<'_>) -> Option<Login> {
    let (user, password) =
        (place.row.text("user").map(str::to_owned), place.secret("password", "password_file")?);
    let token = match place.row.text("token_file") {
        Some(path) => {
            let key = place.key("token_file");
            Some(Secret(password_from(place.gathered, &key, path)?))
        }
        None => None,
    };
    Some(match (user, password, token) {
        (None, None, None) => Login::None,
        (Some(user), Some(password), None) => Login::Basic(user, password),
        (None, None, Some(token)) => Login::Bearer(token),
        (Some(_), None, _) => {
            place.mistake(
                "user",
                "a user without a password",
                "user and password_file, or token_file",
            );
            return None;
        }
        (None, Some(_), _) => {
            place.mistake(
                "password_file",
                "a password without a user",
                "user and password_file, or token_file",
            );
            return None;
        }
        (Some(_), Some(_), Some(_)) => {
            place.mistake(
                "token_file",
                "a token beside a user",
                "user and password_file, or token_file",
            );
            return None;
        }
    })
}

fn address(place: &mut Place<'_>) -> Option<Url> {
    const ALLOWED: &str =
        "an address that begins with http:// or https://, without user and password";
    let (name, text) = match (place.row.text("url"), place.row.text("url_file")) {
        (Some(_), Some(_)) => {
            place.mistake("url_file", "an address here and in url", "only one of them");
            return None;
        }
        (Some(text), None) => ("url", text.to_owned()),
        (None, Some(path)) => {
            let key = place.key("url_file");
            ("url_file", password_from(place.gathered, &key, path)?)
        }
        (None, None) => ("url", place.needed("url", ALLOWED)?),
    };
    let url = parse(&text).filter(|url| {
        let nobody = url.username().is_empty() && url.password().is_none();
        matches!(url.scheme(), "http" | "https") && nobody
    });
    if url.is_none() {
        place.mistake(name, "another address", ALLOWED);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::{Login, Secret};

    #[test]
    fn nobodys_words_show_what_they_were_shown() {
        let text = str::to_owned;
        let more = [Secret(text("a-key-of-mine")), Secret(text("shop"))];
        let basic = Login::Basic(text("lookout"), Secret(text("a-password")));
        let bearer = Login::Bearer(Secret(text("a-token")));
        for (login, said, shown) in [
            (&basic, "who is Basic bG9va291dDphLXBhc3N3b3Jk?", "who is Basic ***?"),
            (&basic, "shop: a-key-of-mine, a-password of lookout", "shop: ***, *** of lookout"),
            (&bearer, "a-token a-token", "*** ***"),
            (&Login::None, "a-token", "a-token"),
        ] {
            assert_eq!(login.hide(said, more.iter()), shown);
        }
    }
}

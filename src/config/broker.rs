//! The broker: its addresses, each with the user and password to log in with there, and TLS.
//!
//! User and password may stand in each URL or in settings of their own, for all addresses that
//! have none. The stronger source wins. Twice in one source is a mistake, unless some address has
//! none in its URL, as the setting is then for that one.
//!
//! All addresses have TLS or none has: whoever can cut the encrypted way would otherwise make
//! lookout take the open one, password and all.

use super::address::Address;
use super::draft::{BrokerDraft, Draft};
use super::gather::{Gathered, Rank};
use super::mistake::quoted;
use super::{Broker, Protocol, Secret, Tls, tls, url};
use std::io::Read;

/// Longest password, as MQTT carries it, in bytes.
const LONGEST_PASSWORD: u64 = 65_535;

const URL: &str = "broker.url";

/// A value and the setting it is from.
type Given = (&'static str, String);

/// The broker and how to reach it; `None` if a mistake was noted.
pub(super) fn broker(gathered: &mut Gathered, draft: &Draft, id: &str) -> Option<Broker> {
    let broker = &draft.broker;
    // They were read once already, and would have been refused then.
    let mut addresses: Vec<_> =
        broker.url.iter().filter_map(|text| url::parse(text).ok()).collect();
    let tls = tls_of(gathered, &addresses, broker);
    let protocol = if broker.protocol == "3.1.1" { Protocol::V311 } else { Protocol::V5 };
    let logged_in = log_in(gathered, &mut addresses, broker, protocol);
    let (tls, ()) = (tls?, logged_in?);
    Some(Broker {
        addresses,
        tls,
        protocol,
        client_id: broker.client_id.clone().unwrap_or_else(|| id.to_owned()),
        keep_alive: broker.keep_alive,
        connect_timeout: broker.connect_timeout,
        backoff_min: broker.backoff_min,
        backoff_max: broker.backoff_max,
        max_packet: broker.max_packet,
        qos: u8::from(broker.qos == 1),
    })
}

/// TLS, if the addresses ask for it; `None` if a mistake was noted.
fn tls_of(
    gathered: &mut Gathered,
    addresses: &[Address],
    draft: &BrokerDraft,
) -> Option<Option<Tls>> {
    if gathered.is_bad(URL) {
        // Nobody knows what was meant.
        return None;
    }
    let encrypted = addresses.iter().filter(|address| address.scheme.is_encrypted()).count();
    if encrypted == 0 {
        tls::refuse_unused(gathered, draft);
        return Some(None);
    }
    if encrypted < addresses.len() {
        let spot = gathered.spot(URL);
        let allowed = "mqtts:// and wss:// alone or not at all, as TLS that gives way is none";
        gathered.mistake(spot, "addresses with TLS and without", allowed);
        return None;
    }
    tls::tls(gathered, draft).map(Some)
}

/// Gives each address its user and password.
fn log_in(
    gathered: &mut Gathered,
    addresses: &mut [Address],
    draft: &BrokerDraft,
    protocol: Protocol,
) -> Option<()> {
    let all = |own: fn(&Address) -> Option<String>, addresses: &[Address]| {
        addresses.iter().map(own).collect::<Option<Vec<_>>>().and_then(|mut all| all.pop())
    };
    let in_urls = all(|address| address.user.clone(), addresses);
    let places = [(URL, in_urls), ("broker.user", draft.user.clone()), ("", None)];
    let user = chosen(gathered, "a user name", places);
    let in_urls = all(|address| address.password.as_ref().map(|it| it.0.clone()), addresses);
    let places = [
        (URL, in_urls),
        ("broker.password", draft.password.clone()),
        ("broker.password_file", draft.password_file.clone()),
    ];
    let mut password = chosen(gathered, "a password", places);
    if let Some((key @ "broker.password_file", path)) = &password {
        password = Some((key, password_from(gathered, key, path)?));
    }
    for address in addresses {
        let (name, word) = (address.user.take(), address.password.take());
        address.user = settled(gathered, name, user.as_ref()).map(|(_, user)| user);
        let word = settled(gathered, word.map(|word| word.0), password.as_ref());
        if let (Some((key, _)), None, Protocol::V311) = (&word, &address.user, protocol) {
            let spot = gathered.spot(key);
            gathered.mistake(
                spot,
                "a password without a user name",
                "a user name too, as MQTT 3.1.1 demands",
            );
            return None;
        }
        address.password = word.map(|(_, word)| Secret(word));
    }
    Some(())
}

/// What holds for one address: its own value, unless it has none or a stronger source has one.
fn settled(gathered: &Gathered, own: Option<String>, given: Option<&Given>) -> Option<Given> {
    match (own, given) {
        (None, Some((URL, _))) | (None, None) => None,
        (None, Some(given)) => Some(given.clone()),
        (Some(_), Some((key, value))) if gathered.rank(key) > gathered.rank(URL) => {
            Some((key, value.clone()))
        }
        (Some(own), _) => Some((URL, own)),
    }
}

/// The value from the strongest source; two in one source contradict each other.
fn chosen(
    gathered: &mut Gathered,
    what: &str,
    places: [(&'static str, Option<String>); 3],
) -> Option<Given> {
    let given =
        places.into_iter().filter_map(|(key, value)| Some((gathered.rank(key), key, value?)));
    let mut given: Vec<(Rank, &'static str, String)> = given.collect();
    given.sort_by_key(|(rank, ..)| std::cmp::Reverse(*rank));
    let mut given = given.into_iter();
    let (rank, first, value) = given.next()?;
    for (_, second, _) in given.filter(|(other, ..)| *other == rank) {
        let spot = gathered.spot(second);
        gathered.mistake(spot, format!("{what} here and in {first}"), "only one of them");
    }
    Some((first, value))
}

/// The password in a file, without the line break that most editors leave.
pub(super) fn password_from(gathered: &mut Gathered, key: &str, path: &str) -> Option<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_PASSWORD + 1).read_to_string(&mut text));
    let problem = match read {
        Err(error) => format!("a file that can be read: {error}"),
        Ok(_) if text.trim().is_empty() => "a file that is not empty".to_owned(),
        Ok(size) if size as u64 > LONGEST_PASSWORD => "a file of at most 65535 bytes".to_owned(),
        Ok(_) => return Some(text.trim().to_owned()),
    };
    let spot = gathered.spot(key);
    gathered.mistake(spot, quoted(path), problem);
    None
}

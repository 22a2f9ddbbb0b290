//! Who makes a call: the user and the address that it names, where it is configured to be read.

use super::envelope::Envelope;
use super::message::Message;
use super::pair::Outer;
use super::source::Members;
use super::traffic::Mistake;
use crate::observer::digest::{DigestKey, Kind};
use crate::observer::input::{Name, Who};
use std::borrow::Cow;

/// Longest name that is read, in bytes; what is longer is nobody.
const LONGEST: usize = 256;

/// Where calls say who makes them: `body.` and a path, or `property.` and a name, each tried in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhoSpec {
    /// The user.
    pub user: Vec<String>,
    /// The address that the call came from.
    pub address: Vec<String>,
}

/// The same, compiled.
#[derive(Clone, Debug)]
pub(super) struct Sources([Vec<Outer>; 2]);

impl Sources {
    /// Compiles it; every mistake is reported.
    pub(super) fn new(spec: &WhoSpec, members: &mut Members, mistakes: &mut Vec<Mistake>) -> Self {
        let lists = [("user", &spec.user), ("address", &spec.address)];
        Self(lists.map(|(name, list)| {
            let mut sources = Vec::new();
            for (at, text) in list.iter().enumerate() {
                match Outer::named(text, members) {
                    Ok(source) => sources.push(source),
                    Err(problem) => mistakes.push(Mistake {
                        key: format!("security.{name}[{at}]"),
                        found: text.clone(),
                        problem,
                    }),
                }
            }
            sources
        }))
    }

    /// What a call says of it.
    pub(super) fn read<'a>(
        &self,
        message: &Message<'a>,
        envelope: Option<&Envelope<'a>>,
    ) -> People<'a> {
        let Self(lists) = self;
        People(lists.each_ref().map(|list| {
            let mut said = list.iter().filter_map(|source| source.value(message, envelope));
            said.find(|text| is_name(text))
        }))
    }
}

/// User and address, as they are said.
#[derive(Debug)]
pub(super) struct People<'a>([Option<Cow<'a, str>>; 2]);

impl People<'_> {
    /// The same with their digests.
    pub(super) fn who<'n>(&'n self, key: &DigestKey) -> Who<'n> {
        let Self([user, address]) = self;
        Who {
            user: name(key, Kind::User, user.as_deref()),
            address: name(key, Kind::Address, address.as_deref().map(host)),
            ..Who::default()
        }
    }
}

/// A name with its digest, if it is one.
pub(super) fn name<'n>(key: &DigestKey, kind: Kind, text: Option<&'n str>) -> Option<Name<'n>> {
    let text = text.filter(|text| is_name(text))?;
    Some(Name { text, digest: key.digest(kind, text.as_bytes()) })
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
}

/// An address without the port that brokers and proxies write behind it.
pub(super) fn host(address: &str) -> &str {
    if let Some(rest) = address.strip_prefix('[')
        && let Some((inner, _)) = rest.split_once(']')
    {
        return inner;
    }
    match address.rsplit_once(':') {
        // More colons make an IPv6 address without brackets, which has no port.
        Some((host, port))
            if !host.contains(':')
                && !host.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit()) =>
        {
            host
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn ports_are_no_part_of_an_address() {
        for (said, address) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:51000", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]:51000", "2001:db8::7"),
            ("[2001:db8::7", "[2001:db8::7"),
            ("host:", "host"),
            (":80", ":80"),
        ] {
            assert_eq!(host(said), address, "{said}");
        }
    }
}

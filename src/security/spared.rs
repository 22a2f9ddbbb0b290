//! Who is never acted against: users by name, addresses by network.

use core::net::{IpAddr, Ipv6Addr};

/// A network: an address and how many of its first bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: u128,
    /// Of 128: an IPv4 address is the last 32 bits of an IPv6 one.
    bits: u32,
}

/// An IPv4 address as the IPv6 one that stands for it, so that both forms of one address are the same.
const fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

impl Network {
    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or one address; `None` if it is none, or if bits beyond the
    /// prefix are set, as then it is not plain what is meant.
    pub fn read(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let is_number =
            |text: &&str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        let prefix: u32 = match prefix {
            Some(text) => Some(text).filter(is_number)?.parse().ok()?,
            None => width,
        };
        let bits = (prefix <= width).then(|| 128 - width + prefix)?;
        let first = mapped(address).to_bits();
        (first & !mask(bits) == 0).then_some(Self { first, bits })
    }

    /// Whether an address is in it.
    pub fn has(&self, address: IpAddr) -> bool {
        mapped(address).to_bits() & mask(self.bits) == self.first
    }
}

/// The first so many bits.
const fn mask(bits: u32) -> u128 {
    if bits == 0 { 0 } else { u128::MAX << (128 - bits) }
}

/// Who is never acted against.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spared {
    /// Names of users; `*` at the end stands for any ending. Capitals count, as they do for brokers.
    pub users: Vec<String>,
    /// Networks.
    pub networks: Vec<Network>,
}

impl Spared {
    /// Whether a user is.
    pub fn has_user(&self, user: &str) -> bool {
        self.users.iter().any(|name| match name.strip_suffix('*') {
            Some(begin) => user.starts_with(begin),
            None => user == name,
        })
    }

    /// Whether an address is.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.has(address))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_and_hold_their_addresses() {
        for (network, inside, outside) in [
            (
                "192.0.2.0/24",
                &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.9"][..],
                &["192.0.3.0", "::1"][..],
            ),
            ("192.0.2.7", &["192.0.2.7"], &["192.0.2.6", "::7"]),
            ("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["2001:db8::1"]),
            ("::/0", &["::1", "192.0.2.1"], &[]),
            ("2001:db8::/32", &["2001:db8:ffff::1"], &["2001:db9::"]),
            ("10.0.0.0/8", &["10.255.0.1"], &["11.0.0.0"]),
            ("::1", &["::1"], &["::2", "127.0.0.1"]),
        ] {
            let network = Network::read(network).unwrap();
            for address in inside {
                assert!(network.has(address.parse().unwrap()), "{network:?} {address}");
            }
            for address in outside {
                assert!(!network.has(address.parse().unwrap()), "{network:?} {address}");
            }
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "a",
            "192.0.2.1/24",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "::/129",
            "1.2.3/8",
            "192.0.2.0/24/1",
        ] {
            assert_eq!(Network::read(text), None, "{text}");
        }
    }

    #[test]
    fn users_are_spared_by_name_or_by_its_beginning() {
        let spared = Spared { users: vec!["root".into(), "svc-*".into()], networks: Vec::new() };
        for (user, expected) in [
            ("root", true),
            ("Root", false),
            ("svc-", true),
            ("svc-7", true),
            ("sv", false),
            ("", false),
        ] {
            assert_eq!(spared.has_user(user), expected, "{user}");
        }
    }
}

//! Networks of the Internet, as a config names those that may connect.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use thiserror::Error;

/// All addresses that begin with the same bits.
///
/// An IPv4 address that comes in over an IPv6 socket (`::ffff:…`) counts as the IPv4 address that
/// it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

/// Why a text is not a network. The texts read after "`…` ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// No address stands before the slash.
    #[error("is not a network; write for example \"192.0.2.0/24\" or \"2001:db8::/32\"")]
    NoAddress,
    /// No number of bits stands behind the slash, or more than the address has.
    #[error("has no number of bits behind its slash, 32 at most for IPv4 and 128 for IPv6")]
    NoBits,
    /// Bits of the address that the network leaves open are set: which of the two is meant?
    #[error("has bits set behind its network")]
    BitsBehind,
}

impl Network {
    /// All IPv4 addresses.
    pub const ANY_IPV4: Self = Self {
        first: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        bits: 0,
    };

    /// All IPv6 addresses.
    pub const ANY_IPV6: Self = Self {
        first: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        bits: 0,
    };

    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                head(first.to_bits().into(), 32, self.bits)
                    == head(address.to_bits().into(), 32, self.bits)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                head(first.to_bits(), 128, self.bits) == head(address.to_bits(), 128, self.bits)
            }
            _ => false,
        }
    }
}

/// The first `bits` of an address that has `width` of them.
fn head(address: u128, width: u8, bits: u8) -> u128 {
    address.checked_shr(u32::from(width - bits)).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| NetworkError::NoAddress)?;
        let (width, address) = match first {
            IpAddr::V4(address) => (32, u128::from(address.to_bits())),
            IpAddr::V6(address) => (128, address.to_bits()),
        };
        let is_number = |text: &&str| text.bytes().all(|octet| octet.is_ascii_digit());
        let bits = match bits {
            None => width,
            Some(bits) => Some(bits)
                .filter(is_number)
                .and_then(|bits| bits.parse::<u8>().ok())
                .filter(|bits| *bits <= width)
                .ok_or(NetworkError::NoBits)?,
        };
        let open = u32::from(width - bits);
        if head(address, width, bits).checked_shl(open).unwrap_or(0) != address {
            return Err(NetworkError::BitsBehind);
        }
        Ok(Self { first, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_the_networks_that_begin_like_it() {
        for (network, address, lies) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("::1", "::1", true),
        ] {
            let parsed: Network = network.parse().unwrap();
            assert_eq!(
                parsed.contains(address.parse().unwrap()),
                lies,
                "{network} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for (text, error) in [
            ("", NetworkError::NoAddress),
            ("example.org/8", NetworkError::NoAddress),
            ("192.0.2.0/33", NetworkError::NoBits),
            ("192.0.2.0/", NetworkError::NoBits),
            ("192.0.2.0/+8", NetworkError::NoBits),
            ("::/129", NetworkError::NoBits),
            ("192.0.2.1/24", NetworkError::BitsBehind),
        ] {
            assert_eq!(text.parse::<Network>(), Err(error), "{text}");
        }
        assert_eq!(
            "10.0.0.0/8".parse::<Network>().unwrap().to_string(),
            "10.0.0.0/8"
        );
    }
}

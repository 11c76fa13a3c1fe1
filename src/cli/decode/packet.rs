//! The TCP segment in a captured packet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// Sequence number of its first octet.
    pub sequence: u32,
    /// Whether a connection begins with it.
    pub syn: bool,
    /// Its octets.
    pub payload: &'a [u8],
}

/// The segment in a packet of this link type; `None` if it holds none, or only a part.
pub fn segment(link: u32, packet: &[u8]) -> Option<Segment<'_>> {
    match link {
        // BSD loopback: an address family of four octets in the byte order of some machine.
        0 | 108 => ip(packet.get(4..)?),
        1 => tagged(word(packet, 12)?, packet.get(14..)?),
        12 | 14 | 101 | 228 | 229 => ip(packet),
        113 => tagged(word(packet, 14)?, packet.get(16..)?),
        276 => tagged(word(packet, 0)?, packet.get(20..)?),
        _ => None,
    }
}

/// Whether packets of this link type can be read.
pub fn is_known(link: u32) -> bool {
    matches!(link, 0 | 1 | 12 | 14 | 101 | 108 | 113 | 228 | 229 | 276)
}

/// Behind an EtherType, with VLAN tags in between.
fn tagged(mut kind: u16, mut rest: &[u8]) -> Option<Segment<'_>> {
    // Two tags are as many as there are in practice.
    for _ in 0..2 {
        if !matches!(kind, 0x8100 | 0x88A8) {
            break;
        }
        (kind, rest) = (word(rest, 2)?, rest.get(4..)?);
    }
    match kind {
        0x0800 | 0x86DD => ip(rest),
        _ => None,
    }
}

fn ip(packet: &[u8]) -> Option<Segment<'_>> {
    match packet.first()? >> 4 {
        4 => {
            let header = usize::from(packet[0] & 0xF) * 4;
            let (length, fragment) = (usize::from(word(packet, 2)?), word(packet, 6)?);
            // Only whole packets of TCP. A length of 0 is that of a packet which the network card
            // was to cut.
            if *packet.get(9)? != 6 || fragment & 0x3FFF != 0 || header < 20 {
                return None;
            }
            let end = if length == 0 { packet.len() } else { length };
            let address = |at: usize| -> Option<IpAddr> {
                Some(Ipv4Addr::from(*packet.get(at..)?.first_chunk::<4>()?).into())
            };
            tcp(address(12)?, address(16)?, packet.get(header..end)?)
        }
        6 => {
            let (length, next) = (usize::from(word(packet, 4)?), *packet.get(6)?);
            if next != 6 {
                return None;
            }
            let end = if length == 0 {
                packet.len()
            } else {
                40 + length
            };
            let address = |at: usize| -> Option<IpAddr> {
                Some(Ipv6Addr::from(*packet.get(at..)?.first_chunk::<16>()?).into())
            };
            tcp(address(8)?, address(24)?, packet.get(40..end)?)
        }
        _ => None,
    }
}

fn tcp(from: IpAddr, to: IpAddr, octets: &[u8]) -> Option<Segment<'_>> {
    let header = usize::from(octets.get(12)? >> 4) * 4;
    let flags = *octets.get(13)?;
    Some(Segment {
        from: SocketAddr::new(from, word(octets, 0)?),
        to: SocketAddr::new(to, word(octets, 2)?),
        sequence: u32::from(word(octets, 4)?) << 16 | u32::from(word(octets, 6)?),
        syn: flags & 0x02 != 0,
        payload: octets.get(header.max(20)..)?,
    })
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    octets
        .get(at..)?
        .first_chunk::<2>()
        .map(|octets| u16::from_be_bytes(*octets))
}

//! The PROXY protocol, versions 1 and 2: a balancer before us says whose connection it passes on.
//!
//! The header is read to its last octet and not one further: what follows is the peer's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Octets of the longest header of version 1, with its line end.
const TEXT_MAX: usize = 107;

/// Octets of the longest header of version 2 that we read: addresses and a few notes of the
/// balancer.
const BINARY_MAX: usize = 4_096;

/// The shortest header there is, `PROXY UNKNOWN` and its line end: so much may be read unseen.
const SHORTEST: usize = 15;

/// How every header of version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Octets of a header of version 2 before its addresses.
const BINARY_FIXED: usize = 16;

/// What the octets read so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// A beginning. So many more octets belong to the header for certain, one at least.
    More(usize),
    /// The whole header, with the address of the peer. There is none if the balancer speaks for
    /// itself or does not know.
    Whole(Option<SocketAddr>),
}

/// No header of the PROXY protocol begins so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Something else.
    #[error("the connection does not begin with a PROXY header, and must")]
    Other,
    /// A header that is not as the protocol has it.
    #[error("the PROXY header is malformed")]
    Malformed,
    /// A header for something else than TCP.
    #[error("the PROXY header is about no TCP connection")]
    NotTcp,
    /// A header beyond any that is needed.
    #[error("the PROXY header is too long")]
    TooLong,
}

/// Looks at the first octets of a connection.
pub fn parse(octets: &[u8]) -> Result<Header, Flaw> {
    let begins = |with: &[u8]| octets.iter().zip(with).all(|(octet, with)| octet == with);
    if octets.is_empty() {
        Ok(Header::More(SHORTEST))
    } else if begins(&SIGNATURE) {
        binary(octets)
    } else if begins(b"PROXY ") {
        text(octets)
    } else {
        Err(Flaw::Other)
    }
}

fn binary(octets: &[u8]) -> Result<Header, Flaw> {
    let Some((fixed, rest)) = octets.split_first_chunk::<BINARY_FIXED>() else {
        return Ok(Header::More(wanted(octets, BINARY_FIXED)));
    };
    let [.., command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if BINARY_FIXED + length > BINARY_MAX {
        return Err(Flaw::TooLong);
    }
    if rest.len() < length {
        return Ok(Header::More(length - rest.len()));
    }
    match command {
        0x20 => return Ok(Header::Whole(None)),
        0x21 => {}
        _ => return Err(Flaw::Malformed),
    }
    let address = match family {
        0x00 => return Ok(Header::Whole(None)),
        0x11 => {
            let octets: &[u8; 12] = rest.first_chunk().ok_or(Flaw::Malformed)?;
            let [a, b, c, d, .., high, low, _, _] = *octets;
            let port = u16::from_be_bytes([high, low]);
            SocketAddr::from((Ipv4Addr::new(a, b, c, d), port))
        }
        0x21 => {
            let octets: &[u8; 36] = rest.first_chunk().ok_or(Flaw::Malformed)?;
            let [.., high, low, _, _] = *octets;
            let source: &[u8; 16] = rest.first_chunk().ok_or(Flaw::Malformed)?;
            let port = u16::from_be_bytes([high, low]);
            SocketAddr::from((Ipv6Addr::from(*source), port))
        }
        _ => return Err(Flaw::NotTcp),
    };
    // An address beyond what the header says it holds would be read from the peer's octets.
    let needed = if address.is_ipv4() { 12 } else { 36 };
    if length < needed {
        return Err(Flaw::Malformed);
    }
    Ok(Header::Whole(Some(address)))
}

fn text(octets: &[u8]) -> Result<Header, Flaw> {
    let Some(end) = octets.windows(2).position(|pair| pair == b"\r\n") else {
        if octets.len() >= TEXT_MAX {
            return Err(Flaw::TooLong);
        }
        // A line end is two octets, of which one may be there.
        let certain = if octets.last() == Some(&b'\r') { 1 } else { 2 };
        return Ok(Header::More(
            wanted(octets, SHORTEST).max(certain.min(TEXT_MAX - octets.len())),
        ));
    };
    if end + 2 > TEXT_MAX {
        return Err(Flaw::TooLong);
    }
    let line = std::str::from_utf8(&octets[..end]).map_err(|_| Flaw::Malformed)?;
    let mut words = line.split(' ').skip(1);
    let address = match words.next() {
        // Whatever follows is to be ignored, says the protocol.
        Some("UNKNOWN") => return Ok(Header::Whole(None)),
        Some("TCP4") => addresses::<Ipv4Addr>(&mut words),
        Some("TCP6") => addresses::<Ipv6Addr>(&mut words),
        Some(_) => return Err(Flaw::NotTcp),
        None => None,
    };
    match (address, words.next()) {
        (Some(address), None) => Ok(Header::Whole(Some(address))),
        _ => Err(Flaw::Malformed),
    }
}

/// Source, destination, port of the source, port of the destination.
fn addresses<'a, A: FromStr + Into<IpAddr>>(
    words: &mut impl Iterator<Item = &'a str>,
) -> Option<SocketAddr> {
    let mut address = || words.next()?.parse::<A>().ok();
    let (source, _) = (address()?, address()?);
    let mut port = || {
        let digits = words.next()?;
        let are_digits = digits.bytes().all(|octet| octet.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| are_digits)
    };
    let (port, _) = (port()?, port()?);
    Some(SocketAddr::new(source.into(), port))
}

fn wanted(octets: &[u8], least: usize) -> usize {
    least.saturating_sub(octets.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads as a socket would be read: never an octet more than the header is certain to have.
    fn read(octets: &[u8]) -> (usize, Result<Header, Flaw>) {
        let mut count = 0;
        loop {
            match parse(&octets[..count]) {
                Ok(Header::More(more)) => {
                    assert!(more > 0);
                    if count + more > octets.len() {
                        return (count, Ok(Header::More(more)));
                    }
                    count += more;
                }
                other => return (count, other),
            }
        }
    }

    fn whole(address: &str) -> Result<Header, Flaw> {
        Ok(Header::Whole(Some(address.parse().unwrap())))
    }

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut octets = SIGNATURE.to_vec();
        octets.extend([command, family]);
        octets.extend((rest.len() as u16).to_be_bytes());
        octets.extend(rest);
        octets
    }

    #[test]
    fn a_header_in_text_is_read_to_its_line_end() {
        for (line, address) in [
            (
                "PROXY TCP4 203.0.113.7 10.0.0.1 5000 2775\r\n",
                "203.0.113.7:5000",
            ),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 0 1\r\n", "1.1.1.1:0"),
            (
                "PROXY TCP6 2001:db8::7 ::1 65535 2775\r\n",
                "[2001:db8::7]:65535",
            ),
        ] {
            let mut octets = line.as_bytes().to_vec();
            octets.extend([0, 0, 0, 16, 0, 0, 0, 0x15]);
            assert_eq!(read(&octets), (line.len(), whole(address)), "{line}");
        }
        for line in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f::ffff x y z\r\n"] {
            let mut octets = line.as_bytes().to_vec();
            octets.extend(b"\r\nmore");
            assert_eq!(read(&octets), (line.len(), Ok(Header::Whole(None))));
        }
    }

    #[test]
    fn a_binary_header_is_read_to_the_length_that_it_announces() {
        let mut v4 = vec![203, 0, 113, 7, 10, 0, 0, 1, 0x13, 0x88, 0x0A, 0xD7];
        let octets = v2(0x21, 0x11, &v4);
        assert_eq!(read(&octets), (28, whole("203.0.113.7:5000")));
        v4.extend([0x04, 0, 3, 1, 2, 3]);
        let mut octets = v2(0x21, 0x11, &v4);
        octets.extend([9; 40]);
        assert_eq!(read(&octets), (34, whole("203.0.113.7:5000")));
        let mut v6 = [0; 36];
        (v6[0], v6[15], v6[33]) = (0x20, 1, 9);
        assert_eq!(read(&v2(0x21, 0x21, &v6)), (52, whole("[2000::1]:9")));
        for (command, family) in [(0x20, 0x00), (0x20, 0x11), (0x21, 0x00)] {
            let octets = v2(command, family, &[]);
            assert_eq!(read(&octets), (16, Ok(Header::Whole(None))));
        }
    }

    #[test]
    fn what_is_no_header_is_refused_at_the_first_octet_that_says_so() {
        for (octets, flaw) in [
            (&b"\0\0\0\x2f\0\0\0\x09aaaaaaaaaaaaaaaa"[..], Flaw::Other),
            (
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03aaaaaaaa",
                Flaw::Other,
            ),
            (b"GET / HTTP/1.1\r\n\r\n", Flaw::Other),
            (b"PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", Flaw::NotTcp),
            (b"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", Flaw::Malformed),
            (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", Flaw::Malformed),
            (b"PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n", Flaw::Malformed),
            (b"PROXY TCP4 ::1 2.2.2.2 1 2\r\n", Flaw::Malformed),
            (b"PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n", Flaw::Malformed),
            (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n", Flaw::Malformed),
            (b"PROXY \xFF\xFF\xFF\xFF\xFF\xFF\xFF\r\n", Flaw::Malformed),
        ] {
            assert_eq!(read(octets).1, Err(flaw), "{}", octets.escape_ascii());
        }
        assert_eq!(
            read(&[b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat()),
            (107, Err(Flaw::TooLong))
        );
        assert_eq!(read(&v2(0x31, 0x11, &[0; 12])).1, Err(Flaw::Malformed));
        assert_eq!(read(&v2(0x21, 0x12, &[0; 12])).1, Err(Flaw::NotTcp));
        assert_eq!(read(&v2(0x21, 0x11, &[0; 11])).1, Err(Flaw::Malformed));
        assert_eq!(read(&v2(0x21, 0x21, &[0; 35])).1, Err(Flaw::Malformed));
        assert_eq!(read(&v2(0x21, 0x11, &[0; 5_000])), (16, Err(Flaw::TooLong)));
        // The octets behind a header that is too short are not its addresses.
        let mut short = v2(0x21, 0x11, &[0; 4]);
        short.extend([7; 40]);
        assert_eq!(parse(&short), Err(Flaw::Malformed));
    }

    #[test]
    fn a_beginning_waits_for_the_rest() {
        let line = b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 2775\r\n";
        for length in 0..line.len() {
            assert!(
                matches!(parse(&line[..length]), Ok(Header::More(_))),
                "{length}"
            );
        }
    }
}

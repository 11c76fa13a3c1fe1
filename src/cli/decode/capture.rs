//! The records of a capture file: pcap, in either byte order and with micro- or nanoseconds, and
//! pcapng.

use std::io::{self, Read};

/// Octets of a record at most: what capture tools write at most, and some room.
const RECORD_MAX: usize = 1 << 20;

/// Interfaces of a pcapng section that are remembered; packets of further ones are passed over.
const INTERFACES_MAX: usize = 1_024;

/// A capture file that is being read.
pub struct Capture<R> {
    input: R,
    format: Format,
    record: Vec<u8>,
}

/// One captured packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When, in nanoseconds since the Unix epoch.
    pub at_ns: u64,
    /// What kind of link it was seen on, by the numbers of tcpdump.
    pub link: u32,
    /// Its octets.
    pub octets: &'a [u8],
}

enum Format {
    Pcap {
        big: bool,
        /// Nanoseconds of one unit of the fraction.
        unit: u64,
        link: u32,
    },
    Pcapng {
        big: bool,
        interfaces: Vec<Interface>,
    },
}

#[derive(Clone, Copy)]
struct Interface {
    link: u32,
    /// Units of its time in a second.
    resolution: u64,
}

impl<R: Read> Capture<R> {
    /// Reads what stands at the start of the file.
    pub fn open(mut input: R) -> io::Result<Self> {
        let mut magic = [0; 4];
        input
            .read_exact(&mut magic)
            .map_err(|_| broken("it is no pcap or pcapng file"))?;
        let format = match u32::from_be_bytes(magic) {
            0xA1B2_C3D4 => (true, 1_000),
            0xD4C3_B2A1 => (false, 1_000),
            0xA1B2_3C4D => (true, 1),
            0x4D3C_B2A1 => (false, 1),
            0x0A0D_0D0A => {
                let mut capture = Self {
                    input,
                    format: Format::Pcapng {
                        big: false,
                        interfaces: Vec::new(),
                    },
                    record: Vec::new(),
                };
                capture.section()?;
                return Ok(capture);
            }
            _ => return Err(broken("it is no pcap or pcapng file")),
        };
        let (big, unit) = format;
        let mut rest = [0; 20];
        input.read_exact(&mut rest)?;
        let link = number(&rest, 16, big) & 0xFFFF;
        Ok(Self {
            input,
            format: Format::Pcap { big, unit, link },
            record: Vec::new(),
        })
    }

    /// The next packet, `None` at the end of the file. A record that is cut off there is the end.
    pub fn next(&mut self) -> io::Result<Option<Packet<'_>>> {
        match self.format {
            Format::Pcap { big, unit, link } => {
                let mut head = [0; 16];
                if !self.fill(&mut head)? {
                    return Ok(None);
                }
                let length = number(&head, 8, big);
                if !self.take(length)? {
                    return Ok(None);
                }
                let seconds = u64::from(number(&head, 0, big));
                let fraction = u64::from(number(&head, 4, big));
                Ok(Some(Packet {
                    at_ns: seconds * 1_000_000_000 + fraction * unit,
                    link,
                    octets: &self.record,
                }))
            }
            Format::Pcapng { .. } => self.next_block(),
        }
    }

    fn next_block(&mut self) -> io::Result<Option<Packet<'_>>> {
        loop {
            let mut head = [0; 4];
            if !self.fill(&mut head)? {
                return Ok(None);
            }
            if head == [0x0A, 0x0D, 0x0D, 0x0A] {
                self.section()?;
                continue;
            }
            let Format::Pcapng { big, .. } = self.format else {
                return Ok(None);
            };
            let kind = number(&head, 0, big);
            if !self.fill(&mut head)? {
                return Ok(None);
            }
            let length = number(&head, 0, big);
            let body = length
                .checked_sub(8)
                .filter(|body| body % 4 == 0 && *body >= 4)
                .ok_or_else(|| broken("a block has a length that cannot be"))?;
            if !self.take(body)? {
                return Ok(None);
            }
            self.record.truncate(body as usize - 4);
            let Format::Pcapng { interfaces, .. } = &mut self.format else {
                return Ok(None);
            };
            let block = &self.record[..];
            match kind {
                1 if block.len() >= 8 && interfaces.len() < INTERFACES_MAX => {
                    interfaces.push(Interface {
                        link: number(block, 0, big) & 0xFFFF,
                        resolution: resolution(&block[8..], big),
                    });
                }
                6 if block.len() >= 20 => {
                    let Some(&Interface { link, resolution }) =
                        interfaces.get(number(block, 0, big) as usize)
                    else {
                        continue;
                    };
                    let high = u64::from(number(block, 4, big));
                    let units = high << 32 | u64::from(number(block, 8, big));
                    let captured = number(block, 12, big) as usize;
                    let end = (20 + captured).min(block.len());
                    let at_ns = u128::from(units) * 1_000_000_000 / u128::from(resolution);
                    return Ok(Some(Packet {
                        at_ns: u64::try_from(at_ns).unwrap_or(u64::MAX),
                        link,
                        octets: &self.record[20..end],
                    }));
                }
                3 if block.len() >= 4 && !interfaces.is_empty() => {
                    let link = interfaces[0].link;
                    let end = (4 + number(block, 0, big) as usize).min(block.len());
                    return Ok(Some(Packet {
                        at_ns: 0,
                        link,
                        octets: &self.record[4..end],
                    }));
                }
                _ => {}
            }
        }
    }

    /// A section header behind its block type: the byte order of what follows.
    fn section(&mut self) -> io::Result<()> {
        let mut head = [0; 8];
        self.input.read_exact(&mut head)?;
        let big = match head[4..] {
            [0x1A, 0x2B, 0x3C, 0x4D] => true,
            [0x4D, 0x3C, 0x2B, 0x1A] => false,
            _ => return Err(broken("a section has no byte order")),
        };
        self.format = Format::Pcapng {
            big,
            interfaces: Vec::new(),
        };
        let rest = number(&head, 0, big)
            .checked_sub(12)
            .ok_or_else(|| broken("a section has a length that cannot be"))?;
        if !self.take(rest)? {
            return Err(broken("it ends in its first block"));
        }
        Ok(())
    }

    /// `false` if the file ends first.
    fn fill(&mut self, octets: &mut [u8]) -> io::Result<bool> {
        match self.input.read_exact(octets) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads a record of this length; `false` if the file ends first.
    fn take(&mut self, length: u32) -> io::Result<bool> {
        let length = length as usize;
        if length > RECORD_MAX {
            return Err(broken("a record is longer than 1 MiB"));
        }
        self.record.resize(length, 0);
        match self.input.read_exact(&mut self.record) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Units in a second by the option if_tsresol; microseconds without it.
fn resolution(mut options: &[u8], big: bool) -> u64 {
    while options.len() >= 4 {
        let half = |at: usize| {
            let octets = [options[at], options[at + 1]];
            if big {
                u16::from_be_bytes(octets)
            } else {
                u16::from_le_bytes(octets)
            }
        };
        let (code, length) = (half(0), usize::from(half(2)));
        match (code, options.get(4)) {
            (9, Some(&value)) if length >= 1 => {
                let exponent = u32::from(value & 0x7F);
                let base: u64 = if value & 0x80 == 0 { 10 } else { 2 };
                return base.checked_pow(exponent).unwrap_or(1_000_000);
            }
            (0, _) => break,
            _ => {}
        }
        options = options.get(4 + length.next_multiple_of(4)..).unwrap_or(&[]);
    }
    1_000_000
}

fn number(octets: &[u8], at: usize, big: bool) -> u32 {
    let octets = [octets[at], octets[at + 1], octets[at + 2], octets[at + 3]];
    if big {
        u32::from_be_bytes(octets)
    } else {
        u32::from_le_bytes(octets)
    }
}

fn broken(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::decode::packet;
    use proptest::prelude::*;

    const MAGIC: [[u8; 4]; 4] = [
        [0xA1, 0xB2, 0xC3, 0xD4],
        [0x4D, 0x3C, 0xB2, 0xA1],
        [0x0A, 0x0D, 0x0D, 0x0A],
        [0, 0, 0, 0],
    ];

    proptest! {
        #[test]
        fn any_file_is_read_to_its_end_or_refused(
            magic in prop::sample::select(&MAGIC[..]),
            // Small numbers make lengths that can be.
            rest in prop::collection::vec(prop_oneof![Just(0), 0..32u8, any::<u8>()], 0..400),
        ) {
            let file = [&magic[..], &rest].concat();
            let Ok(mut capture) = Capture::open(&file[..]) else {
                return Ok(());
            };
            while let Ok(Some(packet)) = capture.next() {
                let _ = packet::segment(packet.link, packet.octets);
            }
        }

        #[test]
        fn any_packet_holds_a_segment_or_none(
            link in prop::sample::select(&[0u32, 1, 101, 113, 276, 7][..]),
            mut octets in prop::collection::vec(any::<u8>(), 0..120),
            version in prop::sample::select(&[0x45u8, 0x4F, 0x60, 0x00][..]),
        ) {
            let at = match link { 0 => 4, 1 => 14, 113 => 16, 276 => 20, _ => 0 };
            for (place, octet) in [(at, version), (at + 9, 6), (at + 6, 6)] {
                if let Some(found) = octets.get_mut(place) {
                    *found = octet;
                }
            }
            let segment = packet::segment(link, &octets);
            prop_assert!(segment.is_none_or(|one| one.payload.len() < octets.len()));
        }
    }
}

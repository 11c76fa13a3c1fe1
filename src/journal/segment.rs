//! A segment: one file of the log, and the header at its beginning.
//!
//! `magic: 8 | version: u32 | number: u32 | before: u32 | node: u8, 3 × 0 | salt: 16 |
//! highest id: u64 | 8 × 0 | checksum: u64`, 64 octets in all.
//!
//! A header is synced before anything follows it, and it is written only once all that counts of
//! the segment before it is synced. So a sound header says of its predecessor: so many octets of it
//! count, each of them must be there, and whatever lies behind them does not count.

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

/// Octets of the header: here the first record lies.
pub const HEADER_OCTETS: u32 = 64;

/// The format that is written. It is counted up when an older smppgate could not read what is
/// written; what was written with the one before is still read.
pub const VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"smppgate";

/// The highest number of a segment that is read: those who write go on from there, and numbers do not
/// end under their hands. At a GiB a second it would be reached after two years.
pub const NUMBER_MAX: u32 = u32::MAX - (1 << 16);

/// The folder in which the segments lie.
pub const FOLDER: &str = "journal";

/// What stands at the beginning of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Of the segment; they are numbered without gaps.
    pub number: u32,
    /// How many octets of the segment before this one count.
    pub before: u32,
    /// Who has written it.
    pub node: u8,
    /// What its checksums are keyed with.
    pub salt: [u8; 16],
    /// No id of a message that was given out by then is higher: a clock that steps back while
    /// smppgate is down does not make ids repeat.
    pub highest_id: u64,
}

/// Why octets are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoHeader {
    /// Nothing was ever written there.
    #[error("no header, but zeros")]
    Blank,
    /// Something else.
    #[error("no header of a segment")]
    Other,
    /// One of a format that is not known yet.
    #[error("a header of format {0}")]
    Newer(u32),
    /// One that has changed since it was written.
    #[error("a header whose checksum is wrong")]
    Changed,
    /// One of another segment.
    #[error("the header of segment {0}")]
    Elsewhere(u32),
}

impl Header {
    /// The octets of it.
    pub fn octets(&self) -> [u8; HEADER_OCTETS as usize] {
        let mut octets = [0; HEADER_OCTETS as usize];
        octets[..8].copy_from_slice(&MAGIC);
        octets[8..12].copy_from_slice(&VERSION.to_le_bytes());
        octets[12..16].copy_from_slice(&self.number.to_le_bytes());
        octets[16..20].copy_from_slice(&self.before.to_le_bytes());
        octets[20] = self.node;
        octets[24..40].copy_from_slice(&self.salt);
        octets[40..48].copy_from_slice(&self.highest_id.to_le_bytes());
        let checksum = xxh3_64(&octets[..56]);
        octets[56..].copy_from_slice(&checksum.to_le_bytes());
        octets
    }

    /// The header that these octets are, in the file of the segment with this number.
    pub fn read(octets: &[u8; HEADER_OCTETS as usize], number: u32) -> Result<Self, NoHeader> {
        let u32_at = |at: usize| {
            octets[at..]
                .first_chunk()
                .map_or(0, |n| u32::from_le_bytes(*n))
        };
        let u64_at = |at: usize| {
            octets[at..]
                .first_chunk()
                .map_or(0, |n| u64::from_le_bytes(*n))
        };
        if octets.iter().all(|octet| *octet == 0) {
            return Err(NoHeader::Blank);
        }
        if octets[..8] != MAGIC {
            return Err(NoHeader::Other);
        }
        // Where the checksum of another format lies is not known: its number has to do.
        if u32_at(8) > VERSION {
            return Err(NoHeader::Newer(u32_at(8)));
        }
        if u64_at(56) != xxh3_64(&octets[..56]) {
            return Err(NoHeader::Changed);
        }
        if u32_at(12) != number {
            return Err(NoHeader::Elsewhere(u32_at(12)));
        }
        let mut salt = [0; 16];
        salt.copy_from_slice(&octets[24..40]);
        Ok(Self {
            number,
            before: u32_at(16),
            node: octets[20],
            salt,
            highest_id: u64_at(40),
        })
    }
}

/// The path of a segment below the data folder.
pub fn path(number: u32) -> String {
    format!("{FOLDER}/{number:010}.log")
}

/// The number of the segment whose file has this name; `None` for any other file.
pub fn number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".log")?;
    let number = digits.parse().ok()?;
    (format!("{number:010}") == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        number: 77,
        before: 4_095,
        node: 5,
        salt: *b"0123456789abcdef",
        highest_id: 1 << 62,
    };

    #[test]
    fn a_header_is_read_back_and_any_change_of_it_is_found() {
        let octets = HEADER.octets();
        assert_eq!(Header::read(&octets, 77), Ok(HEADER));
        assert_eq!(Header::read(&octets, 78), Err(NoHeader::Elsewhere(77)));
        for bit in 0..octets.len() * 8 {
            let mut changed = octets;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::read(&changed, 77).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn zeros_and_newer_formats_are_told_apart_from_damage() {
        assert_eq!(Header::read(&[0; 64], 1), Err(NoHeader::Blank));
        assert_eq!(Header::read(&[1; 64], 1), Err(NoHeader::Other));
        let mut newer = HEADER.octets();
        newer[8] = 2;
        assert_eq!(Header::read(&newer, 77), Err(NoHeader::Newer(2)));
    }

    #[test]
    fn only_files_with_the_name_of_a_segment_are_segments() {
        assert_eq!(path(7), "journal/0000000007.log");
        assert_eq!(number("0000000007.log"), Some(7));
        for name in [
            "7.log",
            "lock",
            "0000000007.log.old",
            "+000000007.log",
            "9999999999.log",
        ] {
            assert_eq!(number(name), None);
        }
    }
}

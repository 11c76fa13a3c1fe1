//! The segments of each direction of each connection, put in order and cut into PDUs.
//!
//! A capture may begin inside a connection, lack segments, and hold connections that are no SMPP at
//! all. So a direction counts only from a segment on that begins like a PDU, and after a gap it
//! counts from the next such segment.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use smppgate_codec::frame::{self, Frame, LENGTH_MAX};
use smppgate_codec::pdu::{HEADER_LEN, Header};

use super::packet::Segment;

/// Directions that are followed at once; segments of further ones are passed over.
const DIRECTIONS_MAX: usize = 65_536;

/// Octets that wait for a missing segment in one direction. A larger hole was not captured.
const AHEAD_MAX: usize = 1 << 20;

/// Segments that wait for a missing one.
const AHEAD_SEGMENTS_MAX: usize = 4_096;

/// All directions of a capture.
#[derive(Default)]
pub struct Streams {
    directions: HashMap<(SocketAddr, SocketAddr), Direction>,
}

/// What was found in a direction.
pub enum Found<'a> {
    /// A whole PDU.
    Pdu(Frame<'a>),
    /// Something that is none, in a direction that was SMPP up to here.
    Broken(String),
}

#[derive(Default)]
struct Direction {
    /// Sequence number of the octet behind the last one in order.
    next: Option<u32>,
    /// Segments ahead of a missing one, by their distance from `next` when the first of them came.
    ahead: BTreeMap<u64, Vec<u8>>,
    ahead_octets: usize,
    /// Octets in order since the stream began to be followed.
    position: u64,
    /// The start of a PDU that is not whole yet.
    buffer: Vec<u8>,
    /// Whether what comes next is the start of a PDU or goes on with one.
    in_step: bool,
}

impl Streams {
    /// Takes a segment and shows what it completes.
    pub fn add(&mut self, segment: &Segment<'_>, see: &mut dyn FnMut(Found<'_>)) {
        let key = (segment.from, segment.to);
        if !self.directions.contains_key(&key) && self.directions.len() >= DIRECTIONS_MAX {
            return;
        }
        let direction = self.directions.entry(key).or_default();
        if segment.syn {
            *direction = Direction {
                next: Some(segment.sequence.wrapping_add(1)),
                ..Direction::default()
            };
        }
        if !segment.payload.is_empty() {
            direction.add(segment.sequence, segment.payload, see);
        }
    }
}

impl Direction {
    fn add(&mut self, sequence: u32, payload: &[u8], see: &mut dyn FnMut(Found<'_>)) {
        let next = *self.next.get_or_insert(sequence);
        // How far the segment lies from where the stream stands: behind it if negative.
        let distance = sequence.wrapping_sub(next) as i32;
        if distance > 0 {
            self.keep(distance as u32, payload);
        } else if let Some(fresh) = payload.get(distance.unsigned_abs() as usize..) {
            self.take(fresh, see);
        }
        self.catch_up(see);
        if self.ahead_octets > AHEAD_MAX || self.ahead.len() > AHEAD_SEGMENTS_MAX {
            self.leap(see);
        }
    }

    fn keep(&mut self, distance: u32, payload: &[u8]) {
        let at = self.position + u64::from(distance);
        let known = self.ahead.get(&at).map_or(0, Vec::len);
        if payload.len() > known {
            self.ahead.insert(at, payload.to_vec());
            self.ahead_octets += payload.len() - known;
        }
    }

    /// Takes the segments that are not ahead any more.
    fn catch_up(&mut self, see: &mut dyn FnMut(Found<'_>)) {
        while let Some(first) = self.ahead.first_entry() {
            let Some(behind) = self.position.checked_sub(*first.key()) else {
                return;
            };
            let payload = first.remove();
            self.ahead_octets -= payload.len();
            if let Some(fresh) = payload.get(behind as usize..) {
                self.take(fresh, see);
            }
        }
    }

    /// Goes on behind a hole that nothing fills.
    fn leap(&mut self, see: &mut dyn FnMut(Found<'_>)) {
        let Some((&first, _)) = self.ahead.first_key_value() else {
            return;
        };
        let missing = first - self.position;
        if self.in_step {
            see(Found::Broken(format!(
                "{missing} octets are missing in the capture"
            )));
        }
        self.in_step = false;
        self.buffer.clear();
        self.position = first;
        self.next = self.next.map(|next| next.wrapping_add(missing as u32));
        self.catch_up(see);
    }

    /// Octets in order.
    fn take(&mut self, octets: &[u8], see: &mut dyn FnMut(Found<'_>)) {
        self.position += octets.len() as u64;
        self.next = self.next.map(|next| next.wrapping_add(octets.len() as u32));
        if octets.is_empty() || !self.in_step && !begins_like_a_pdu(octets) {
            return;
        }
        self.in_step = true;
        self.buffer.extend_from_slice(octets);
        let mut taken = 0;
        loop {
            match frame::next(&self.buffer[taken..], LENGTH_MAX) {
                Ok(Some(frame)) => {
                    taken += frame.octets.len();
                    see(Found::Pdu(frame));
                }
                Ok(None) => break,
                Err(error) => {
                    see(Found::Broken(error.to_string()));
                    self.in_step = false;
                    self.buffer.clear();
                    return;
                }
            }
        }
        self.buffer.drain(..taken);
    }
}

/// Whether octets may be the start of a PDU: a length that can be and a command that exists.
fn begins_like_a_pdu(octets: &[u8]) -> bool {
    octets.first_chunk::<HEADER_LEN>().is_some_and(|head| {
        let header = Header::read(head);
        (HEADER_LEN as u32..=LENGTH_MAX).contains(&header.length) && header.command.is_known()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENQUIRE_LINK: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1];

    /// Runs segments (sequence, octets) through a direction: what is seen, P for a PDU, B for
    /// something broken.
    fn seen(segments: &[(u32, &[u8])]) -> String {
        let mut streams = Streams::default();
        let mut seen = String::new();
        for &(sequence, payload) in segments {
            let segment = Segment {
                from: SocketAddr::from(([10, 0, 0, 1], 40_000)),
                to: SocketAddr::from(([10, 0, 0, 2], 2_775)),
                sequence,
                syn: false,
                payload,
            };
            streams.add(&segment, &mut |found| {
                seen.push(match found {
                    Found::Pdu(_) => 'P',
                    Found::Broken(_) => 'B',
                });
            });
        }
        seen
    }

    #[test]
    fn pdus_may_be_cut_and_joined_at_any_octet() {
        let two = [ENQUIRE_LINK, ENQUIRE_LINK].concat();
        for cut in 16..32 {
            let (first, second) = two.split_at(cut);
            assert_eq!(seen(&[(7, first), (7 + cut as u32, second)]), "PP", "{cut}");
        }
    }

    #[test]
    fn segments_count_once_and_in_order_also_where_numbers_wrap() {
        let start = u32::MAX - 20;
        let at = |octets: u32| start.wrapping_add(octets);
        let pdu = &ENQUIRE_LINK[..];
        let again = [
            (at(0), pdu),
            (at(32), pdu),
            (at(32), pdu),
            (at(16), pdu),
            (at(0), pdu),
            (at(8), &[&pdu[8..], pdu].concat()[..]),
            (at(48), pdu),
        ];
        assert_eq!(seen(&again), "PPPP");
    }

    #[test]
    fn what_is_no_smpp_is_passed_over() {
        let http = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n";
        assert_eq!(seen(&[(1, http), (34, &ENQUIRE_LINK)]), "P");
        assert_eq!(
            seen(&[(1, &ENQUIRE_LINK), (17, http), (50, &ENQUIRE_LINK)]),
            "PBP"
        );
    }

    #[test]
    fn a_hole_that_is_not_filled_is_told_and_left_behind() {
        let long = vec![0; 40_000];
        let mut segments: Vec<(u32, &[u8])> = vec![(0, &ENQUIRE_LINK), (100, &ENQUIRE_LINK)];
        segments.extend((0..27).map(|turn| (116 + turn * 40_000, &long[..])));
        let seen = seen(&segments);
        assert_eq!(&seen[..3], "PBP", "{seen}");
    }
}

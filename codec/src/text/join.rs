//! Segments put together again: one message while its segments come in, in any order.
//!
//! Which segments belong together (source, destination, reference, total) and how long to wait is
//! for whoever keeps these. Octets are joined before they are read as text: peers cut characters.

/// Octets that one message may have in all: 255 segments of 255 octets.
pub const OCTETS_MAX: usize = 255 * 255;

/// One message of which segments have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembly {
    total: u8,
    /// The segments that have come, by their number.
    parts: Vec<(u8, Box<[u8]>)>,
    octets: usize,
}

/// What became of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is kept, and others are missing.
    Waiting,
    /// It was the last one missing.
    Complete,
    /// It is not kept: its number is none of this message, or there would be more octets than
    /// [`OCTETS_MAX`].
    Refused,
}

impl Assembly {
    /// A message of `total` segments, of which none has come.
    pub fn new(total: u8) -> Self {
        Self {
            total,
            parts: Vec::new(),
            octets: 0,
        }
    }

    /// Takes a segment without its header; one that came before is replaced.
    pub fn add(&mut self, seqnum: u8, octets: &[u8]) -> Added {
        if !(1..=self.total).contains(&seqnum) {
            return Added::Refused;
        }
        let place = self
            .parts
            .binary_search_by_key(&seqnum, |&(known, _)| known);
        let replaced = place.map_or(0, |index| self.parts[index].1.len());
        let sum = self.octets - replaced + octets.len();
        if sum > OCTETS_MAX {
            return Added::Refused;
        }
        self.octets = sum;
        match place {
            Ok(index) => self.parts[index].1 = octets.into(),
            Err(index) => self.parts.insert(index, (seqnum, octets.into())),
        }
        if self.is_complete() {
            Added::Complete
        } else {
            Added::Waiting
        }
    }

    /// Whether all segments have come.
    pub fn is_complete(&self) -> bool {
        self.parts.len() == usize::from(self.total)
    }

    /// How many segments have come.
    pub fn received(&self) -> usize {
        self.parts.len()
    }

    /// The octets of the segments that have come, in order.
    pub fn join(&self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.octets);
        for (_, octets) in &self.parts {
            whole.extend_from_slice(octets);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_may_come_in_any_order_and_twice() {
        let mut message = Assembly::new(3);
        assert_eq!(message.add(3, b"c"), Added::Waiting);
        assert_eq!(message.add(1, b"x"), Added::Waiting);
        assert_eq!(message.add(1, b"a"), Added::Waiting);
        assert_eq!(message.received(), 2);
        assert_eq!(message.add(2, b"b"), Added::Complete);
        assert_eq!(message.join(), b"abc");
        assert_eq!(message.add(2, b"B"), Added::Complete);
        assert_eq!(message.join(), b"aBc");
    }

    #[test]
    fn a_number_that_is_none_of_the_message_is_refused() {
        let mut message = Assembly::new(2);
        assert_eq!(message.add(0, b"a"), Added::Refused);
        assert_eq!(message.add(3, b"a"), Added::Refused);
        assert_eq!(message.received(), 0);
    }

    #[test]
    fn a_message_has_a_bound() {
        let mut message = Assembly::new(2);
        assert_eq!(message.add(1, &vec![0; OCTETS_MAX]), Added::Waiting);
        assert_eq!(message.add(2, b"a"), Added::Refused);
        assert_eq!(message.add(1, b"a"), Added::Waiting);
        assert_eq!(message.add(2, b"b"), Added::Complete);
    }

    #[test]
    fn a_character_that_was_cut_is_whole_after_joining() {
        let mut message = Assembly::new(2);
        message.add(1, &[0xD8, 0x3D]);
        message.add(2, &[0xDE, 0x00]);
        assert_eq!(crate::text::ucs2::decode(&message.join()), "😀");
    }
}

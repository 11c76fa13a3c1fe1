//! Writing PDUs straight into the buffer that goes to the socket.

use crate::code::{Command, Status};
use crate::pdu::{HEADER_LEN, Header};
use crate::wire::{nul, nul_in};
use bytes::{BufMut, BytesMut};

/// Appends octets and the NUL that ends them; a NUL inside ends the string there.
#[inline]
pub fn put_c_octet_string(out: &mut impl BufMut, octets: &[u8]) {
    let end = nul(octets, octets.len()).unwrap_or(octets.len());
    out.put_slice(&octets[..end]);
    out.put_u8(0);
}

/// Octets that are gathered at once: the fields of a submit_sm before short_message take 94 at most,
/// and the steps of a string eight more.
const ROOM: usize = 104;

/// Gathers the short fields of a body, so that they go to the buffer in one piece.
///
/// Each piece that a buffer takes costs a check of its room and a call to copy, which for a field of
/// one octet is far more than the octet itself.
pub struct Gather<'a, B> {
    out: &'a mut B,
    octets: [u8; ROOM],
    length: usize,
}

impl<'a, B: BufMut> Gather<'a, B> {
    #[inline]
    pub fn new(out: &'a mut B) -> Self {
        Self {
            out,
            octets: [0; ROOM],
            length: 0,
        }
    }

    /// Integers, as octets.
    #[inline]
    pub fn octets<const N: usize>(&mut self, octets: [u8; N]) {
        self.make_room(N);
        self.octets[self.length..self.length + N].copy_from_slice(&octets);
        self.length += N;
    }

    /// A C-octet string and its NUL; a NUL inside ends the string there.
    #[inline]
    pub fn c_octet_string(&mut self, octets: &[u8]) {
        if octets.is_empty() {
            return self.octets([0]);
        }
        // Room for whole steps of eight, the last of which writes more than it needs to.
        self.make_room(octets.len() + 8);
        if octets.len() + 8 > ROOM {
            return put_c_octet_string(self.out, octets);
        }
        let mut rest = octets;
        while let Some((step, behind)) = rest.split_first_chunk::<8>() {
            self.octets[self.length..self.length + 8].copy_from_slice(step);
            if let Some(end) = nul_in(*step) {
                self.length += end + 1;
                return;
            }
            self.length += 8;
            rest = behind;
        }
        let step = last_step(octets, rest);
        self.octets[self.length..self.length + 8].copy_from_slice(&step);
        self.length += nul_in(step).unwrap_or(rest.len()) + 1;
    }

    /// Hands over what was gathered.
    #[inline]
    pub fn finish(self) {
        self.out.put_slice(&self.octets[..self.length]);
    }

    #[inline]
    fn make_room(&mut self, octets: usize) {
        if self.length + octets > ROOM {
            self.spill();
        }
    }

    #[cold]
    fn spill(&mut self) {
        self.out.put_slice(&self.octets[..self.length]);
        self.length = 0;
    }
}

/// The up to seven octets of `rest`, which ends `octets`, with zeros behind them.
#[inline]
fn last_step(octets: &[u8], rest: &[u8]) -> [u8; 8] {
    // What lies before `rest` is read along and shifted out: that is faster than octet by octet.
    let word = match (
        octets.last_chunk::<8>(),
        rest.first_chunk::<4>(),
        rest.last_chunk::<4>(),
    ) {
        _ if rest.is_empty() => 0,
        (Some(last), ..) => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
        (None, Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | u64::from(last) << (8 * (rest.len() - 4))
        }
        _ => rest
            .iter()
            .rev()
            .fold(0, |word, &octet| word << 8 | u64::from(octet)),
    };
    word.to_le_bytes()
}

/// A PDU that is being written; its command_length is set when it is dropped.
///
/// Until then the length field holds its greatest value, so that a PDU whose writing was broken
/// off can never be read as another one.
pub struct PduWriter<'a> {
    out: &'a mut BytesMut,
    start: usize,
}

impl<'a> PduWriter<'a> {
    /// Begins a PDU at the end of `out`.
    pub fn begin(out: &'a mut BytesMut, command: Command, status: Status, sequence: u32) -> Self {
        let start = out.len();
        Header {
            length: u32::MAX,
            command,
            status,
            sequence,
        }
        .put(out);
        Self { out, start }
    }

    /// The buffer, to append the body to.
    pub fn body(&mut self) -> &mut BytesMut {
        self.out
    }

    /// Appends a C-octet string.
    pub fn c_octet_string(&mut self, octets: &[u8]) -> &mut Self {
        put_c_octet_string(self.out, octets);
        self
    }

    /// Appends one octet.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.out.put_u8(value);
        self
    }

    /// Appends octets as they are.
    pub fn octets(&mut self, octets: &[u8]) -> &mut Self {
        self.out.put_slice(octets);
        self
    }
}

impl Drop for PduWriter<'_> {
    fn drop(&mut self) {
        let length = (self.out.len() - self.start) as u32;
        debug_assert!(length >= HEADER_LEN as u32);
        self.out[self.start..self.start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathered_fields_are_the_same_as_fields_written_one_by_one() {
        let long = vec![b'x'; 300];
        for before in 0..110 {
            for length in (0..30).chain([95, 96, 97, 103, 104, 105, 300]) {
                let mut octets = long[..length].to_vec();
                for nul in [None, Some(length / 2), Some(length.saturating_sub(1))] {
                    if let Some(octet) = nul.and_then(|at| octets.get_mut(at)) {
                        *octet = 0;
                    }
                    let (mut gathered, mut plain) = (Vec::new(), Vec::new());
                    let mut fields = Gather::new(&mut gathered);
                    (0..before).for_each(|octet| fields.octets([octet]));
                    fields.c_octet_string(&octets);
                    fields.octets([1, 2, 3]);
                    fields.finish();
                    plain.extend(0..before);
                    put_c_octet_string(&mut plain, &octets);
                    plain.extend([1, 2, 3]);
                    assert_eq!(gathered, plain);
                }
            }
        }
    }
}

//! Writing PDUs straight into the buffer that goes to the socket.

use crate::code::{Command, Status};
use crate::pdu::{HEADER_LEN, Header};
use crate::wire::nul;
use bytes::{BufMut, BytesMut};

/// Appends octets and the NUL that ends them; a NUL inside ends the string there.
#[inline]
pub fn put_c_octet_string(out: &mut impl BufMut, octets: &[u8]) {
    let end = nul(octets).unwrap_or(octets.len());
    out.put_slice(&octets[..end]);
    out.put_u8(0);
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

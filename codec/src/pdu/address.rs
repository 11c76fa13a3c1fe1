//! An address with its type of number and numbering plan (SMPP 3.4 §5.2.5–5.2.9).

use crate::wire::put_c_octet_string;
use bytes::BufMut;

/// TON, NPI and the address itself, without its NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Address<'a> {
    /// Type of number: 0 unknown, 1 international, 2 national, 5 alphanumeric, …
    pub ton: u8,
    /// Numbering plan indicator: 0 unknown, 1 E.164, …
    pub npi: u8,
    /// The octets of the address; 20 at most in submit_sm, 64 in data_sm.
    pub digits: &'a [u8],
}

impl<'a> Address<'a> {
    /// An address from its parts.
    pub fn new(ton: u8, npi: u8, digits: &'a [u8]) -> Self {
        Self { ton, npi, digits }
    }

    /// Appends TON, NPI and the C-octet string.
    pub fn put(&self, out: &mut impl BufMut) {
        out.put_u8(self.ton);
        out.put_u8(self.npi);
        put_c_octet_string(out, self.digits);
    }
}

//! The small reader and writer that every PDU is built on, and what can be wrong with bytes.

mod error;
mod read;
mod write;

pub use error::{Answer, DecodeError, Flaw};
pub(crate) use read::{Fault, Read, array, c_octet_string, last_string, nul, nul_in, octets, u8};
pub(crate) use write::Gather;
pub use write::{PduWriter, put_c_octet_string};

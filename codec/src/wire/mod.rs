//! The small reader and writer that every PDU is built on, and what can be wrong with bytes.

mod error;
mod read;
mod write;

pub use error::{Answer, DecodeError, Flaw};
pub(crate) use read::{Fault, Read, array, c_octet_string, octets, u8, u16, u32};
pub use write::{PduWriter, put_c_octet_string};

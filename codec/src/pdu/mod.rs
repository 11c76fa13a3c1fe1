//! One checked view per PDU: the octets stay where they are, the fields are read from them.

mod header;
mod tlv;
mod address;
mod submit;

pub use address::Address;
pub use header::{HEADER_LEN, Header};
pub use submit::{Data, Sm};
pub use tlv::{Tlv, Tlvs};

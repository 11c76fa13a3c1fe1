//! SMPP 3.4 on the wire.
//!
//! Bytes become PDUs and PDUs become bytes; nothing here opens a socket, reads a clock or keeps a
//! session. In reading order:
//!
//! * [`frame`] finds whole PDUs in a buffer and refuses bad lengths before anything is stored;
//! * [`pdu`] holds a checked view of each PDU, and writes them;
//! * [`code`] names the numbers (command, status, TLV tag, data coding) and lets unknown ones pass;
//! * [`wire`] is the small reader and writer below all of that, and what can be wrong with bytes;
//! * [`receipt`] reads and writes delivery receipts;
//! * [`time`] reads and writes the time format of §7.1.1;
//! * [`text`] knows the alphabets and how long text is cut into segments and joined again.

pub mod frame;
pub mod pdu;
pub mod code;
pub mod wire;
#[cfg(feature = "tokio")]
pub mod codec;
pub mod receipt;
pub mod time;
pub mod text;

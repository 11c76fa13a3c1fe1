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
//! * [`text`] knows the alphabets and how long text is cut into segments and joined again;
//! * `codec` is `Decoder` and `Encoder` of tokio-util, with the feature `tokio`.
//!
//! # Example
//!
//! A client writes a message; a server reads it, and answers.
//!
//! ```
//! use bytes::BytesMut;
//! use smppgate_codec::code::{RegisteredDelivery, Status};
//! use smppgate_codec::frame::{self, LENGTH_MAX};
//! use smppgate_codec::pdu::{Address, MessageResp, Pdu, Sm, check_submit};
//!
//! let message = Sm {
//!     source: Address::new(5, 0, b"MyBrand"),
//!     destination: Address::new(1, 1, b"447700900123"),
//!     registered_delivery: RegisteredDelivery::FINAL,
//!     short_message: b"hello",
//!     ..Sm::default()
//! };
//! let mut wire = BytesMut::new();
//! Pdu::SubmitSm(message).encode(&mut wire, Status::ESME_ROK, 1);
//!
//! // The octets may come in pieces: `None` means that more are needed.
//! let frame = frame::next(&wire, LENGTH_MAX)?.expect("the PDU is whole");
//! let mut answer = BytesMut::new();
//! match Pdu::decode(&frame) {
//!     Ok(Pdu::SubmitSm(sm)) => {
//!         assert_eq!(sm.destination.digits, b"447700900123");
//!         let status = check_submit(&sm).err().unwrap_or(Status::ESME_ROK);
//!         let resp = Pdu::SubmitSmResp(MessageResp::new(b"4711"));
//!         resp.encode(&mut answer, status, frame.header.sequence);
//!     }
//!     Ok(other) => println!("{} is for another day", other.command()),
//!     // The error knows what its sender is owed: a response, a generic_nack, or nothing.
//!     Err(error) => println!("{error}: {:?}", error.answer(&frame.header)),
//! }
//! assert_eq!(&answer[16..], b"4711\0");
//! # Ok::<(), frame::FrameError>(())
//! ```

pub mod frame;
pub mod pdu;
pub mod code;
pub mod wire;
#[cfg(feature = "tokio")]
pub mod codec;
pub mod receipt;
pub mod time;
pub mod text;

/// The examples of the README, which are to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

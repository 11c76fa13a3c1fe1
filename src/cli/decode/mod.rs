//! `smppgate decode`: octets become readable PDUs.
//!
//! * `command` is the command itself: what is given, line by line or packet by packet;
//! * `hex` reads hexadecimal digits;
//! * `capture` reads the records of a capture file, `packet` finds the TCP segment in each, and
//!   `stream` puts the segments of each direction in order and cuts them into PDUs;
//! * `shown` says what is in a PDU, and `readable` writes that for people.

mod command;
mod hex;
mod capture;
mod packet;
mod stream;
mod shown;
mod readable;

pub use command::{Args, run};

//! Alphabets, and how long text is cut into segments and joined again.
//!
//! * `coding` reads octets as text by their data_coding, and chooses the coding of a text;
//! * [`gsm7`], [`latin1`] and [`ucs2`] are the alphabets;
//! * [`udh`] is the user data header, which numbers segments and names ports;
//! * [`split`] cuts user data into segments, [`join`] puts them together again.

mod coding;
pub mod gsm7;
pub mod latin1;
pub mod ucs2;
pub mod udh;
pub mod split;
pub mod join;

pub use coding::{DefaultAlphabet, Encoded, decode, encode_auto};

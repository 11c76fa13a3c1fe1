//! The receipts that we send: Appendix B to the letter, written without allocating.

use super::state::State;
use crate::code::Tag;
use crate::pdu::{NetworkErrorCode, Tlv};
use crate::time::{Civil, put_minutes};
use bytes::BufMut;

/// Characters of the original message that a receipt repeats (SMPP 3.4 Appendix B).
pub const TEXT_CHARACTERS_MAX: usize = 20;

/// Longest id: message_id has 65 octets with its NUL.
const ID_MAX: usize = 64;

/// A receipt that goes to an ESME.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The id that the ESME got in submit_sm_resp; what is past 64 octets is not written.
    pub id: &'a [u8],
    /// When we took the message, in seconds since the Unix epoch.
    pub submitted: i64,
    /// When it came to its state, in seconds since the Unix epoch.
    pub done: i64,
    /// What the clock of the reader is ahead of UTC.
    pub offset_minutes: i32,
    /// The state.
    pub state: State,
    /// The error, 0 for none; a number above 999, which has no room, is written as 999.
    pub err: u16,
    /// The beginning of the message; empty keeps it private. Twenty characters are written, and
    /// `?` for what is not printable ASCII.
    pub text: &'a str,
    /// network_error_code, if known.
    pub network_error: Option<NetworkErrorCode>,
    /// user_message_reference of the message, if it had one.
    pub user_message_reference: Option<u16>,
}

impl Outgoing<'_> {
    /// Room that any text needs at most.
    pub const LENGTH_MAX: usize = ID_MAX + 92 + TEXT_CHARACTERS_MAX;

    /// Room that any optional parameters need at most.
    pub const TLVS_LENGTH_MAX: usize = 4 + ID_MAX + 1 + 5 + 7 + 6;

    /// Appends the text for short_message. An `out` that cannot grow needs
    /// [`Outgoing::LENGTH_MAX`] octets of room.
    pub fn put(&self, out: &mut impl BufMut) {
        out.put_slice(b"id:");
        out.put_slice(self.short_id());
        out.put_slice(match self.state {
            State::Delivered => b" sub:001 dlvrd:001 submit date:",
            _ => b" sub:001 dlvrd:000 submit date:",
        });
        out.put_slice(&self.minutes(self.submitted));
        out.put_slice(b" done date:");
        out.put_slice(&self.minutes(self.done));
        out.put_slice(b" stat:");
        out.put_slice(self.state.stat().as_bytes());
        out.put_slice(b" err:");
        let err = self.err.min(999);
        let digit = |value: u16| b'0' + (value % 10) as u8;
        out.put_slice(&[digit(err / 100), digit(err / 10), digit(err)]);
        out.put_slice(b" text:");
        for character in self.text.chars().take(TEXT_CHARACTERS_MAX) {
            out.put_u8(match character {
                ' '..='~' => character as u8,
                _ => b'?',
            });
        }
    }

    /// Appends the optional parameters; a client that bound with a version below 3.4 gets none.
    /// An `out` that cannot grow needs [`Outgoing::TLVS_LENGTH_MAX`] octets of room.
    pub fn put_tlvs(&self, out: &mut impl BufMut) {
        let id = self.short_id();
        out.put_u16(Tag::RECEIPTED_MESSAGE_ID.0);
        out.put_u16(id.len() as u16 + 1);
        out.put_slice(id);
        out.put_u8(0);
        Tlv {
            tag: Tag::MESSAGE_STATE,
            value: &[self.state.message_state().0],
        }
        .put(out);
        if let Some(error) = self.network_error {
            let [high, low] = error.code.to_be_bytes();
            let value = &[error.network, high, low];
            Tlv {
                tag: Tag::NETWORK_ERROR_CODE,
                value,
            }
            .put(out);
        }
        if let Some(reference) = self.user_message_reference {
            let value = &reference.to_be_bytes();
            Tlv {
                tag: Tag::USER_MESSAGE_REFERENCE,
                value,
            }
            .put(out);
        }
    }

    fn short_id(&self) -> &[u8] {
        &self.id[..self.id.len().min(ID_MAX)]
    }

    fn minutes(&self, unix: i64) -> [u8; 10] {
        let local = unix.saturating_add(i64::from(self.offset_minutes) * 60);
        let mut digits = [b'0'; 10];
        put_minutes(&mut digits, &Civil::from_unix(local));
        digits
    }
}

//! The whole PDUs of what has been read, one after the other.

use super::End;
use crate::moment::Moment;
use bytes::BytesMut;
use smppgate_codec::frame::{self, Frame};

/// Whoever takes PDUs one by one.
pub trait Frames {
    /// The longest PDU that is taken now.
    fn length_max(&self) -> u32;

    /// Whether the next PDU is welcome now.
    fn may_take(&self) -> bool;

    /// Takes one whole PDU.
    fn take(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) -> Result<(), End>;
}

/// Hands over the PDUs at the front of `octets` while they are welcome: how many octets they were,
/// and whether the session goes on. Behind its last word there may still be answers to ours: these
/// are handed over, and nothing else.
pub fn hand_over(
    taker: &mut impl Frames,
    octets: &[u8],
    now: Moment,
    out: &mut BytesMut,
) -> (usize, Result<(), End>) {
    let mut taken = 0;
    let mut end = Ok(());
    while end.is_ok() && taker.may_take() || end.is_err() && taken < octets.len() {
        match frame::next(&octets[taken..], taker.length_max()) {
            Ok(Some(frame)) => {
                taken += frame.octets.len();
                if end.is_ok() {
                    end = taker.take(&frame, now, out);
                } else if frame.header.command.is_response() {
                    let _ = taker.take(&frame, now, out);
                }
            }
            Ok(None) => break,
            Err(_) if end.is_err() => break,
            Err(error) => {
                error.nack().put(out);
                end = Err(End::Ended(
                    "framing was lost: the length of a PDU was impossible",
                ));
            }
        }
    }
    (taken, end)
}

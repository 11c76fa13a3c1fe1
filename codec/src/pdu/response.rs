//! The responses that carry a message id: submit_sm_resp, deliver_sm_resp and data_sm_resp
//! (SMPP 3.4 §4.4.2, §4.6.2, §4.7.2).

use super::Tlvs;
use crate::frame::Frame;
use crate::wire::{DecodeError, Read, last_string, put_c_octet_string};
use bytes::BufMut;

/// Octets of a message_id that are read in a response, NUL included: the specification has 65.
pub(super) const MESSAGE_ID_MAX: usize = 256;

/// The fields of a submit_sm_resp, deliver_sm_resp or data_sm_resp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageResp<'a> {
    /// message_id: 64 octets at most by the specification, 255 are read; empty if there is no body
    /// and in a deliver_sm_resp.
    pub message_id: &'a [u8],
    /// The optional parameters: defined for data_sm_resp, and for the others in SMPP 5.0.
    pub tlvs: Tlvs<'a>,
}

impl<'a> MessageResp<'a> {
    /// A response with this id and no optional parameters.
    pub fn new(message_id: &'a [u8]) -> Self {
        Self {
            message_id,
            tlvs: Tlvs::default(),
        }
    }

    /// Reads the body; a missing one and a missing NUL at the end are accepted, and so is any body
    /// beside an error. A body may also begin with an optional parameter, without an id and its
    /// NUL.
    #[inline]
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read_response(Self::read)
    }

    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        // An id is text, and no tag of the specification begins with an octet of text.
        if let Some(&first) = input.first()
            && !matches!(first, 0x20..=0x7E)
            && begins_with_parameter(input)
        {
            let tlvs = Tlvs::new(input);
            return Ok((
                &[],
                Self {
                    message_id: &[],
                    tlvs,
                },
            ));
        }
        let (input, message_id) = last_string("message_id", MESSAGE_ID_MAX)(input)?;
        Ok((
            &[],
            Self {
                message_id,
                tlvs: Tlvs::new(input),
            },
        ))
    }

    /// Appends the body.
    #[inline]
    pub fn put(&self, out: &mut impl BufMut) {
        put_c_octet_string(out, self.message_id);
        out.put_slice(self.tlvs.octets());
    }
}

/// Whether `body` is optional parameters and nothing else, and cannot be an empty id with
/// parameters behind its NUL: that is what the specification has.
#[inline(never)]
fn begins_with_parameter(body: &[u8]) -> bool {
    let is_area = |octets| Tlvs::new(octets).stray().is_empty();
    is_area(body) && !body.strip_prefix(&[0]).is_some_and(is_area)
}

//! PDUs on tokio's `Framed`, for those who build on it: whole PDUs out of a byte stream, and back.

use crate::code::Status;
use crate::frame::{self, FrameError, LENGTH_MAX, OwnedFrame};
use crate::pdu::{HEADER_LEN, Header, Pdu};
use bytes::BytesMut;
use std::{fmt, io};
use tokio_util::codec::{Decoder, Encoder};

/// Cuts a byte stream into PDUs and writes PDUs into it.
///
/// No memory is set aside because a length field asks for it: the buffer grows with the octets that
/// come, and a length that cannot be is refused as soon as its four octets are there.
#[derive(Debug, Clone)]
pub struct SmppCodec {
    /// The longest PDU that is accepted, in octets.
    pub length_max: u32,
}

impl Default for SmppCodec {
    fn default() -> Self {
        Self {
            length_max: LENGTH_MAX,
        }
    }
}

/// A PDU to be written: its body and the two numbers of the header that are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// command_status: 0 in requests.
    pub status: Status,
    /// sequence_number.
    pub sequence: u32,
    /// The PDU.
    pub pdu: Pdu<'a>,
}

/// Why a stream of PDUs ended.
#[derive(Debug)]
pub enum CodecError {
    /// A length that no PDU can have: answer with [`FrameError::nack`] and close.
    Frame(FrameError),
    /// The stream itself failed, or ended inside a PDU.
    Io(io::Error),
}

impl Decoder for SmppCodec {
    type Item = OwnedFrame;
    type Error = CodecError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<OwnedFrame>, CodecError> {
        match frame::next(buffer, self.length_max).map_err(CodecError::Frame)? {
            Some(found) => {
                let length = found.octets.len();
                Ok(OwnedFrame::new(buffer.split_to(length).freeze()))
            }
            None => Ok(None),
        }
    }
}

impl Encoder<Outgoing<'_>> for SmppCodec {
    type Error = CodecError;

    fn encode(&mut self, item: Outgoing<'_>, buffer: &mut BytesMut) -> Result<(), CodecError> {
        item.pdu.encode(buffer, item.status, item.sequence);
        Ok(())
    }
}

impl Encoder<OwnedFrame> for SmppCodec {
    type Error = CodecError;

    fn encode(&mut self, item: OwnedFrame, buffer: &mut BytesMut) -> Result<(), CodecError> {
        buffer.extend_from_slice(item.octets());
        Ok(())
    }
}

/// A PDU without a body, such as [`FrameError::nack`].
impl Encoder<Header> for SmppCodec {
    type Error = CodecError;

    fn encode(&mut self, item: Header, buffer: &mut BytesMut) -> Result<(), CodecError> {
        Header {
            length: HEADER_LEN as u32,
            ..item
        }
        .put(buffer);
        Ok(())
    }
}

impl From<io::Error> for CodecError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Frame(error) => Some(error),
            Self::Io(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Command;
    use crate::pdu::MessageResp;

    #[test]
    fn pdus_come_out_as_they_went_in_however_the_stream_is_cut() {
        let mut codec = SmppCodec::default();
        let mut stream = BytesMut::new();
        let answer = Pdu::SubmitSmResp(MessageResp::new(b"17"));
        for (sequence, pdu) in [(1, Pdu::EnquireLink), (2, answer)] {
            codec
                .encode(
                    Outgoing {
                        status: Status::ESME_ROK,
                        sequence,
                        pdu,
                    },
                    &mut stream,
                )
                .unwrap();
        }
        let mut arrived = BytesMut::new();
        let mut read = Vec::new();
        for octet in stream {
            arrived.extend_from_slice(&[octet]);
            read.extend(codec.decode(&mut arrived).unwrap());
        }
        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[0].header().sequence, read[0].pdu()),
            (1, Ok(Pdu::EnquireLink))
        );
        assert_eq!((read[1].header().sequence, read[1].pdu()), (2, Ok(answer)));
    }

    #[test]
    fn a_length_that_cannot_be_is_refused_at_its_fourth_octet_and_sets_no_memory_aside() {
        let mut codec = SmppCodec { length_max: 100 };
        let mut arrived = BytesMut::from(&[0, 0, 0, 101][..]);
        let Err(CodecError::Frame(error)) = codec.decode(&mut arrived) else {
            panic!("accepted")
        };
        assert_eq!(error.announced, 101);
        assert_eq!(error.nack().command, Command::GENERIC_NACK);
        let mut arrived = BytesMut::from(&[0, 0, 0, 100][..]);
        let before = arrived.capacity();
        assert!(codec.decode(&mut arrived).unwrap().is_none());
        assert_eq!(arrived.capacity(), before);
    }
}

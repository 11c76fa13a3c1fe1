//! A submit_sm or data_sm as far as a simulated carrier looks at it.

use smppgate_codec::code::{Command, RegisteredDelivery, Tag};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Address, Data, Sm, Tlvs};
use smppgate_codec::wire::DecodeError;

use super::behaviour::Accepted;

/// Octets of the user data that the ledger keeps.
const MARKER_LEN: usize = 32;

/// The fields that matter here.
pub(super) struct Message<'a> {
    pub source: Address<'a>,
    pub destination: Address<'a>,
    pub registered: RegisteredDelivery,
    pub user_data: &'a [u8],
    pub tlvs: Tlvs<'a>,
    /// The command that answers it.
    pub response: Command,
}

impl<'a> Message<'a> {
    #[inline]
    pub fn read(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        if frame.header.command == Command::DATA_SM {
            let data = Data::decode(frame)?;
            return Ok(Self {
                source: data.source,
                destination: data.destination,
                registered: data.registered_delivery,
                user_data: data.tlvs.find(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
                tlvs: data.tlvs,
                response: Command::DATA_SM_RESP,
            });
        }
        let sm = Sm::decode(frame)?;
        Ok(Self {
            source: sm.source,
            destination: sm.destination,
            registered: sm.registered_delivery,
            user_data: sm.user_data(),
            tlvs: sm.tlvs,
            response: Command::SUBMIT_SM_RESP,
        })
    }

    /// What the ledger keeps of it.
    pub fn accepted(&self, id: &[u8]) -> Accepted {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Accepted {
            id: text(id),
            source: text(self.source.digits),
            destination: text(self.destination.digits),
            reference: self.tlvs.number(Tag::USER_MESSAGE_REFERENCE),
            body: self.user_data[..self.user_data.len().min(MARKER_LEN)].to_vec(),
        }
    }
}

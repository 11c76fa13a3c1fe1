//! A submit_sm or data_sm as far as a simulated carrier looks at it.

use smppgate_codec::code::{Command, DataCoding, EsmClass, MessageState, RegisteredDelivery, Tag};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Address, Data, Sm, Tlvs};
use smppgate_codec::text::udh;
use smppgate_codec::wire::DecodeError;

use super::behaviour::Accepted;
use super::report::Receipt;

/// Octets of the user data that the ledger keeps.
const MARKER_LEN: usize = 32;

/// The fields that matter here.
pub(super) struct Message<'a> {
    pub source: Address<'a>,
    pub destination: Address<'a>,
    pub esm_class: EsmClass,
    pub registered: RegisteredDelivery,
    pub coding: DataCoding,
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
                esm_class: data.esm_class,
                registered: data.registered_delivery,
                coding: data.data_coding,
                user_data: data.tlvs.find(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
                tlvs: data.tlvs,
                response: Command::DATA_SM_RESP,
            });
        }
        let sm = Sm::decode(frame)?;
        Ok(Self {
            source: sm.source,
            destination: sm.destination,
            esm_class: sm.esm_class,
            registered: sm.registered_delivery,
            coding: sm.data_coding,
            user_data: sm.user_data(),
            tlvs: sm.tlvs,
            response: Command::SUBMIT_SM_RESP,
        })
    }

    /// Which segment this is, from 1, and of how many; `None` if it is whole.
    pub fn segment(&self) -> Option<(u8, u8)> {
        if let Some(sar) = self.tlvs.sar() {
            return Some((sar.seqnum, sar.total));
        }
        if !self.esm_class.has_udh() {
            return None;
        }
        let (udh, _) = udh::read(self.user_data).ok()?;
        udh.concat().map(|part| (part.seqnum, part.total))
    }

    /// What a receipt repeats of it; the rest is filled in when it is written.
    pub fn receipt(&self) -> Receipt<'a> {
        Receipt {
            id: &[],
            source: self.source,
            destination: self.destination,
            registered: self.registered,
            state: MessageState::DELIVERED,
            submitted: 0,
            done: 0,
            user_message_reference: self.tlvs.number(Tag::USER_MESSAGE_REFERENCE),
            coding: self.coding,
            user_data: self.user_data,
        }
    }

    /// What the ledger keeps of it.
    pub fn accepted(&self, id: &[u8], state: MessageState) -> Accepted {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Accepted {
            id: text(id),
            source: text(self.source.digits),
            destination: text(self.destination.digits),
            state,
            reference: self.tlvs.number(Tag::USER_MESSAGE_REFERENCE),
            body: self.user_data[..self.user_data.len().min(MARKER_LEN)].to_vec(),
        }
    }
}

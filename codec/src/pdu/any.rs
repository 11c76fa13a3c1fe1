//! Any PDU of SMPP 3.4: which one a frame holds, and the same back to octets.

use super::{
    AlertNotification, Bind, BindResp, CancelSm, Data, MessageResp, Outbind, QuerySm, QuerySmResp,
    ReplaceSm, Sm, SubmitMulti, SubmitMultiResp, Tlvs,
};
use crate::code::{Command, Status};
use crate::frame::Frame;
use crate::wire::{DecodeError, Flaw, PduWriter};
use bytes::{BufMut, BytesMut};

/// A PDU without its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the variants bear the names of the specification"
)]
pub enum Pdu<'a> {
    BindReceiver(Bind<'a>),
    BindReceiverResp(BindResp<'a>),
    BindTransmitter(Bind<'a>),
    BindTransmitterResp(BindResp<'a>),
    BindTransceiver(Bind<'a>),
    BindTransceiverResp(BindResp<'a>),
    Outbind(Outbind<'a>),
    Unbind,
    UnbindResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    SubmitSm(Sm<'a>),
    SubmitSmResp(MessageResp<'a>),
    SubmitMulti(SubmitMulti<'a>),
    SubmitMultiResp(SubmitMultiResp<'a>),
    DeliverSm(Sm<'a>),
    DeliverSmResp(MessageResp<'a>),
    DataSm(Data<'a>),
    DataSmResp(MessageResp<'a>),
    QuerySm(QuerySm<'a>),
    QuerySmResp(QuerySmResp<'a>),
    CancelSm(CancelSm<'a>),
    CancelSmResp,
    ReplaceSm(ReplaceSm<'a>),
    ReplaceSmResp,
    AlertNotification(AlertNotification<'a>),
}

impl<'a> Pdu<'a> {
    /// Reads the PDU that `frame` holds; a body where none belongs is ignored.
    #[inline]
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        let pdu = match frame.header.command {
            Command::SUBMIT_SM => Self::SubmitSm(Sm::decode(frame)?),
            Command::SUBMIT_SM_RESP => Self::SubmitSmResp(MessageResp::decode(frame)?),
            Command::DELIVER_SM => Self::DeliverSm(Sm::decode(frame)?),
            Command::DELIVER_SM_RESP => Self::DeliverSmResp(MessageResp::decode(frame)?),
            Command::DATA_SM => Self::DataSm(Data::decode(frame)?),
            Command::DATA_SM_RESP => Self::DataSmResp(MessageResp::decode(frame)?),
            Command::ENQUIRE_LINK => Self::EnquireLink,
            Command::ENQUIRE_LINK_RESP => Self::EnquireLinkResp,
            Command::BIND_RECEIVER => Self::BindReceiver(Bind::decode(frame)?),
            Command::BIND_RECEIVER_RESP => Self::BindReceiverResp(BindResp::decode(frame)?),
            Command::BIND_TRANSMITTER => Self::BindTransmitter(Bind::decode(frame)?),
            Command::BIND_TRANSMITTER_RESP => Self::BindTransmitterResp(BindResp::decode(frame)?),
            Command::BIND_TRANSCEIVER => Self::BindTransceiver(Bind::decode(frame)?),
            Command::BIND_TRANSCEIVER_RESP => Self::BindTransceiverResp(BindResp::decode(frame)?),
            Command::OUTBIND => Self::Outbind(Outbind::decode(frame)?),
            Command::UNBIND => Self::Unbind,
            Command::UNBIND_RESP => Self::UnbindResp,
            Command::GENERIC_NACK => Self::GenericNack,
            Command::SUBMIT_MULTI => Self::SubmitMulti(SubmitMulti::decode(frame)?),
            Command::SUBMIT_MULTI_RESP => Self::SubmitMultiResp(SubmitMultiResp::decode(frame)?),
            Command::QUERY_SM => Self::QuerySm(QuerySm::decode(frame)?),
            Command::QUERY_SM_RESP => Self::QuerySmResp(QuerySmResp::decode(frame)?),
            Command::CANCEL_SM => Self::CancelSm(CancelSm::decode(frame)?),
            Command::CANCEL_SM_RESP => Self::CancelSmResp,
            Command::REPLACE_SM => Self::ReplaceSm(ReplaceSm::decode(frame)?),
            Command::REPLACE_SM_RESP => Self::ReplaceSmResp,
            Command::ALERT_NOTIFICATION => {
                Self::AlertNotification(AlertNotification::decode(frame)?)
            }
            _ => {
                return Err(DecodeError {
                    offset: 4,
                    field: "command_id",
                    flaw: Flaw::UnknownCommand,
                });
            }
        };
        Ok(pdu)
    }

    /// Its command_id.
    pub fn command(&self) -> Command {
        match self {
            Self::BindReceiver(_) => Command::BIND_RECEIVER,
            Self::BindReceiverResp(_) => Command::BIND_RECEIVER_RESP,
            Self::BindTransmitter(_) => Command::BIND_TRANSMITTER,
            Self::BindTransmitterResp(_) => Command::BIND_TRANSMITTER_RESP,
            Self::BindTransceiver(_) => Command::BIND_TRANSCEIVER,
            Self::BindTransceiverResp(_) => Command::BIND_TRANSCEIVER_RESP,
            Self::Outbind(_) => Command::OUTBIND,
            Self::Unbind => Command::UNBIND,
            Self::UnbindResp => Command::UNBIND_RESP,
            Self::EnquireLink => Command::ENQUIRE_LINK,
            Self::EnquireLinkResp => Command::ENQUIRE_LINK_RESP,
            Self::GenericNack => Command::GENERIC_NACK,
            Self::SubmitSm(_) => Command::SUBMIT_SM,
            Self::SubmitSmResp(_) => Command::SUBMIT_SM_RESP,
            Self::SubmitMulti(_) => Command::SUBMIT_MULTI,
            Self::SubmitMultiResp(_) => Command::SUBMIT_MULTI_RESP,
            Self::DeliverSm(_) => Command::DELIVER_SM,
            Self::DeliverSmResp(_) => Command::DELIVER_SM_RESP,
            Self::DataSm(_) => Command::DATA_SM,
            Self::DataSmResp(_) => Command::DATA_SM_RESP,
            Self::QuerySm(_) => Command::QUERY_SM,
            Self::QuerySmResp(_) => Command::QUERY_SM_RESP,
            Self::CancelSm(_) => Command::CANCEL_SM,
            Self::CancelSmResp => Command::CANCEL_SM_RESP,
            Self::ReplaceSm(_) => Command::REPLACE_SM,
            Self::ReplaceSmResp => Command::REPLACE_SM_RESP,
            Self::AlertNotification(_) => Command::ALERT_NOTIFICATION,
        }
    }

    /// Its optional parameters; none where the specification has none.
    pub fn tlvs(&self) -> Tlvs<'a> {
        match self {
            Self::BindReceiverResp(resp)
            | Self::BindTransmitterResp(resp)
            | Self::BindTransceiverResp(resp) => resp.tlvs,
            Self::SubmitSm(sm) | Self::DeliverSm(sm) => sm.tlvs,
            Self::SubmitSmResp(resp) | Self::DeliverSmResp(resp) | Self::DataSmResp(resp) => {
                resp.tlvs
            }
            Self::SubmitMulti(multi) => multi.tlvs,
            Self::SubmitMultiResp(resp) => resp.tlvs,
            Self::DataSm(data) => data.tlvs,
            Self::AlertNotification(alert) => alert.tlvs,
            _ => Tlvs::default(),
        }
    }

    /// Appends the whole PDU, header included.
    ///
    /// A response that tells an error and has nothing to say besides goes without a body, as the
    /// specification wants it.
    pub fn encode(&self, out: &mut BytesMut, status: Status, sequence: u32) {
        let mut pdu = PduWriter::begin(out, self.command(), status, sequence);
        if status.is_ok() || !self.is_blank_response() {
            self.put(pdu.body());
        }
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        match self {
            Self::BindReceiver(bind)
            | Self::BindTransmitter(bind)
            | Self::BindTransceiver(bind) => bind.put(out),
            Self::BindReceiverResp(resp)
            | Self::BindTransmitterResp(resp)
            | Self::BindTransceiverResp(resp) => resp.put(out),
            Self::Outbind(outbind) => outbind.put(out),
            Self::SubmitSm(sm) | Self::DeliverSm(sm) => sm.put(out),
            Self::SubmitSmResp(resp) | Self::DeliverSmResp(resp) | Self::DataSmResp(resp) => {
                resp.put(out);
            }
            Self::SubmitMulti(multi) => multi.put(out),
            Self::SubmitMultiResp(resp) => resp.put(out),
            Self::DataSm(data) => data.put(out),
            Self::QuerySm(query) => query.put(out),
            Self::QuerySmResp(resp) => resp.put(out),
            Self::CancelSm(cancel) => cancel.put(out),
            Self::ReplaceSm(replace) => replace.put(out),
            Self::AlertNotification(alert) => alert.put(out),
            Self::Unbind
            | Self::UnbindResp
            | Self::EnquireLink
            | Self::EnquireLinkResp
            | Self::GenericNack
            | Self::CancelSmResp
            | Self::ReplaceSmResp => {}
        }
    }

    fn is_blank_response(&self) -> bool {
        match self {
            Self::BindReceiverResp(resp)
            | Self::BindTransmitterResp(resp)
            | Self::BindTransceiverResp(resp) => *resp == BindResp::default(),
            Self::SubmitSmResp(resp) | Self::DeliverSmResp(resp) | Self::DataSmResp(resp) => {
                *resp == MessageResp::default()
            }
            Self::SubmitMultiResp(resp) => *resp == SubmitMultiResp::default(),
            Self::QuerySmResp(resp) => *resp == QuerySmResp::default(),
            _ => false,
        }
    }
}

//! Ways in which a gateway could break its promises, acted out between the real one and its links: each
//! must be found, or the simulation proves nothing.

use super::wire::{End, Held};
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{Header, MessageResp, Sm, Tlvs};
use smppgate_codec::receipt::{Outgoing, State};
use smppgate_codec::wire::PduWriter;

/// What is done once in a world, to the first PDU that it can be done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A message that was accepted does not leave.
    MessageLost,
    /// A message leaves twice.
    MessageSentTwice,
    /// A message leaves with another text.
    TextChanged,
    /// A receipt that is due is not told.
    ReceiptLost,
    /// A receipt is told twice.
    ReceiptToldTwice,
    /// A receipt is told, and then another end.
    ReceiptContradicted,
    /// A receipt tells another end than the one that was reported.
    ReceiptForged,
    /// A receipt names another message.
    ReceiptMisnamed,
    /// A message is refused, and sent all the same.
    RefusedAndSent,
    /// A message that is refused is said to be accepted.
    AcceptedAndDropped,
    /// A message is answered twice.
    AnsweredTwice,
    /// Two messages are given the same id.
    IdGivenTwice,
    /// A message from a phone is taken and not delivered.
    PhoneLost,
    /// A message from a phone is delivered with another text.
    PhoneChanged,
}

impl Sabotage {
    pub const ALL: [Self; 14] = [
        Self::MessageLost,
        Self::MessageSentTwice,
        Self::TextChanged,
        Self::ReceiptLost,
        Self::ReceiptToldTwice,
        Self::ReceiptContradicted,
        Self::ReceiptForged,
        Self::ReceiptMisnamed,
        Self::RefusedAndSent,
        Self::AcceptedAndDropped,
        Self::AnsweredTwice,
        Self::IdGivenTwice,
        Self::PhoneLost,
        Self::PhoneChanged,
    ];
}

/// Who does it.
#[derive(Debug)]
pub struct Saboteur {
    what: Sabotage,
    is_done: bool,
    /// The last id that was given.
    id: Vec<u8>,
    sequence: u32,
}

impl Saboteur {
    pub fn new(what: Sabotage) -> Self {
        Self {
            what,
            is_done: false,
            id: Vec::new(),
            sequence: 0x7000_0000,
        }
    }

    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// What reaches the link of what the gateway writes.
    pub fn tamper(&mut self, octets: &[u8], held: &mut Held<'_>) -> Vec<u8> {
        let mut out = BytesMut::new();
        let mut rest = octets;
        while let Ok(Some(frame)) = frame::next(rest, frame::LENGTH_MAX) {
            rest = &rest[frame.octets.len()..];
            match self.is_done {
                true => out.extend_from_slice(frame.octets),
                false => self.write(&frame, &mut out, held),
            }
        }
        out.extend_from_slice(rest);
        out.to_vec()
    }

    fn write(&mut self, frame: &Frame<'_>, out: &mut BytesMut, held: &mut Held<'_>) {
        let header = frame.header;
        let sm = match header.command {
            Command::SUBMIT_SM | Command::DELIVER_SM => Sm::decode(frame).unwrap_or_default(),
            _ => Sm::default(),
        };
        let is_submit = header.command == Command::SUBMIT_SM;
        let is_delivery = header.command == Command::DELIVER_SM;
        let is_receipt = is_delivery && sm.esm_class.0 & 0x3C == 0x04;
        let is_phone = is_delivery && sm.esm_class.0 & 0x3C == 0;
        let is_answer = header.command == Command::SUBMIT_SM_RESP;
        let is_ok = header.status.is_ok();
        self.is_done = true;
        match self.what {
            Sabotage::MessageLost if is_submit => {
                self.respond(Command::SUBMIT_SM_RESP, &header, b"lost", held);
            }
            Sabotage::MessageSentTwice if is_submit => {
                out.extend_from_slice(frame.octets);
                self.again(frame.octets, out);
            }
            Sabotage::TextChanged if is_submit && !sm.short_message.is_empty() => {
                let short_message = b"something else";
                put(
                    &header,
                    Sm {
                        short_message,
                        ..sm
                    },
                    out,
                );
            }
            Sabotage::ReceiptLost if is_receipt => {
                self.respond(Command::DELIVER_SM_RESP, &header, b"", held);
            }
            Sabotage::ReceiptToldTwice if is_receipt => {
                out.extend_from_slice(frame.octets);
                self.again(frame.octets, out);
            }
            Sabotage::ReceiptContradicted if is_receipt => {
                out.extend_from_slice(frame.octets);
                let mut forged = BytesMut::new();
                forge(&header, sm, None, &mut forged);
                self.again(&forged, out);
            }
            Sabotage::ReceiptForged if is_receipt => forge(&header, sm, None, out),
            Sabotage::ReceiptMisnamed if is_receipt => {
                forge(&header, sm, Some(b"4711"), out);
            }
            Sabotage::RefusedAndSent if is_answer && is_ok => {
                let status = Status::ESME_RSYSERR;
                Header::bare(header.command, status, header.sequence).put(out);
            }
            Sabotage::AcceptedAndDropped if is_answer && !is_ok => {
                accept(&header, b"4711", out);
            }
            Sabotage::AnsweredTwice if is_answer => {
                out.extend_from_slice(frame.octets);
                out.extend_from_slice(frame.octets);
            }
            Sabotage::IdGivenTwice if is_answer && is_ok && !self.id.is_empty() => {
                accept(&header, &self.id, out);
            }
            Sabotage::PhoneLost if is_phone => {
                self.respond(Command::DELIVER_SM_RESP, &header, b"", held);
            }
            Sabotage::PhoneChanged if is_phone => {
                let short_message = b"something else";
                put(
                    &header,
                    Sm {
                        short_message,
                        ..sm
                    },
                    out,
                );
            }
            _ => {
                self.is_done = false;
                out.extend_from_slice(frame.octets);
            }
        }
        if is_answer && is_ok {
            let response = MessageResp::decode(frame).unwrap_or_default();
            self.id = response.message_id.to_vec();
        }
    }

    /// The gateway is given the answer that its peer never gave.
    fn respond(&self, command: Command, header: &Header, id: &[u8], held: &mut Held<'_>) {
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, command, Status::ESME_ROK, header.sequence);
        MessageResp::new(id).put(writer.body());
        drop(writer);
        held.carry(End::Gateway, &out);
    }

    /// The same PDU under another number.
    fn again(&mut self, octets: &[u8], out: &mut BytesMut) {
        let mut octets = octets.to_vec();
        octets[12..16].copy_from_slice(&self.sequence.to_be_bytes());
        self.sequence += 1;
        out.extend_from_slice(&octets);
    }
}

fn put(header: &Header, sm: Sm<'_>, out: &mut BytesMut) {
    let mut writer = PduWriter::begin(out, header.command, header.status, header.sequence);
    sm.put(writer.body());
}

fn accept(header: &Header, id: &[u8], out: &mut BytesMut) {
    let mut writer = PduWriter::begin(out, header.command, Status::ESME_ROK, header.sequence);
    MessageResp::new(id).put(writer.body());
}

/// A receipt with another end, or another id.
fn forge(header: &Header, sm: Sm<'_>, id: Option<&[u8]>, out: &mut BytesMut) {
    let is_delivered = sm.short_message.windows(7).any(|word| word == b"DELIVRD");
    let own = sm.tlvs.receipted_message_id().unwrap_or_default();
    let state = match (is_delivered, id) {
        (true, None) | (false, Some(_)) => State::Undeliverable,
        _ => State::Delivered,
    };
    let outgoing = Outgoing {
        id: id.unwrap_or(own),
        submitted: 0,
        done: 0,
        offset_minutes: 0,
        state,
        err: 0,
        text: "",
        network_error: None,
        user_message_reference: None,
    };
    let mut text = Vec::new();
    outgoing.put(&mut text);
    let mut writer = PduWriter::begin(out, header.command, header.status, header.sequence);
    Sm {
        short_message: &text,
        tlvs: Tlvs::default(),
        ..sm
    }
    .put(writer.body());
    outgoing.put_tlvs(writer.body());
}

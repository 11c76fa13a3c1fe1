//! What is to be delivered to an ESME: receipts, and messages from phones.

use super::promise::Promise;
use crate::message::{AccountId, Content, IdForm, MessageId, Zone};
use crate::moment::Moment;
use bytes::{BufMut, BytesMut};
use smppgate_codec::code::{Command, EsmClass, Status};
use smppgate_codec::frame;
use smppgate_codec::pdu::{Address, Data, HEADER_LEN, Header, NetworkErrorCode, Sm, Tlvs};
use smppgate_codec::receipt::{Outgoing, State};
use smppgate_codec::wire::PduWriter;

/// One thing to be delivered to an account.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Our id of the message that is receipted, or of the message from a phone.
    pub id: MessageId,
    /// Who is to have it.
    pub account: AccountId,
    /// What it is.
    pub parcel: Parcel,
    /// Since when it is to be delivered.
    pub since: Moment,
    /// It may leave once the response to its message was written.
    pub after: Option<Promise>,
    /// How often it has been tried in vain.
    pub tries: u8,
}

/// What is delivered.
#[derive(Debug, Clone)]
pub enum Parcel {
    /// What has become of a message that the ESME submitted.
    Receipt(Receipt),
    /// A message from a phone.
    Message(Content),
}

/// What has become of a message.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The message as the ESME submitted it.
    pub content: Content,
    /// The id that its sender knows it by: one for all destinations of a submit_multi.
    pub shown: MessageId,
    /// When it came to its state.
    pub done: Moment,
    /// Its state.
    pub state: State,
    /// Whether nothing more comes after it.
    pub last: bool,
    /// The error, 0 for none, three digits.
    pub error: u16,
    /// network_error_code, where the carrier gave one.
    pub network_error: Option<NetworkErrorCode>,
}

/// How a connection wants to see deliveries.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// The form of our ids.
    pub form: IdForm,
    /// False for a peer that bound with a version before 3.4.
    pub tlvs: bool,
    /// What the dates of receipts are written in.
    pub zone: &'a Zone,
}

/// What has become of one delivery.
#[derive(Debug)]
pub struct Delivered {
    /// What was to be delivered.
    pub delivery: Delivery,
    /// How it went.
    pub verdict: Verdict,
}

/// How a delivery went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The ESME has confirmed it.
    Taken,
    /// The ESME refuses it for good.
    Refused(Status),
    /// The ESME cannot take it now, or has not answered in time.
    Later(Status),
    /// The bind was lost before it was confirmed, or before it was sent.
    Lost,
}

impl Delivery {
    /// Whether it may be written now.
    pub fn is_due(&self) -> bool {
        self.after.as_ref().is_none_or(Promise::is_kept)
    }

    /// Appends the PDU under our sequence number.
    pub fn put(&self, style: Style<'_>, sequence: u32, out: &mut BytesMut) {
        match &self.parcel {
            Parcel::Receipt(receipt) => receipt.put(style, sequence, out),
            Parcel::Message(content) if !style.tlvs => put_plain(content, sequence, out),
            Parcel::Message(content) => {
                let header = Header {
                    length: content.pdu().len() as u32,
                    command: content.command(),
                    status: Status::ESME_ROK,
                    sequence,
                };
                header.put(out);
                out.put_slice(&content.pdu()[HEADER_LEN..]);
            }
        }
    }

    /// Whether nothing more is to be told about its message once this delivery is gone.
    pub fn ends(&self) -> bool {
        match &self.parcel {
            Parcel::Receipt(receipt) => receipt.last,
            Parcel::Message(_) => true,
        }
    }

    /// Places that it takes of its account's room.
    pub fn places(&self) -> usize {
        match &self.parcel {
            Parcel::Receipt(receipt) if receipt.last => receipt.content.places(),
            Parcel::Receipt(_) => 0,
            Parcel::Message(content) => content.places(),
        }
    }

    /// The command that [`Delivery::put`] writes.
    pub fn command(&self) -> Command {
        match &self.parcel {
            Parcel::Receipt(_) => Command::DELIVER_SM,
            Parcel::Message(content) => content.command(),
        }
    }
}

impl Receipt {
    fn put(&self, style: Style<'_>, sequence: u32, out: &mut BytesMut) {
        let id = self.shown.text(style.form);
        let local = |moment| {
            let unix = seconds(moment);
            unix.saturating_add(style.zone.ahead(unix))
        };
        let outgoing = Outgoing {
            id: id.as_bytes(),
            submitted: local(self.shown.accepted()),
            done: local(self.done),
            offset_minutes: 0,
            state: self.state,
            err: self.error,
            text: "",
            network_error: self.network_error,
            user_message_reference: self.content.reference(),
        };
        let intermediate = !self.last;
        let mut text = [0; Outgoing::LENGTH_MAX];
        let mut room = &mut text[..];
        outgoing.put(&mut room);
        let left = room.len();
        let length = text.len() - left;
        let mut writer = PduWriter::begin(out, Command::DELIVER_SM, Status::ESME_ROK, sequence);
        Sm {
            source: cut(self.content.destination()),
            destination: cut(self.content.written_source()),
            esm_class: EsmClass(if intermediate { 0x20 } else { 0x04 }),
            short_message: &text[..length],
            ..Sm::default()
        }
        .put(writer.body());
        if style.tlvs {
            outgoing.put_tlvs(writer.body());
        }
    }
}

/// Appends a message from a phone as a deliver_sm without optional parameters: what its sender put
/// into message_payload moves to short_message, as much of it as fits.
fn put_plain(content: &Content, sequence: u32, out: &mut BytesMut) {
    let Ok(Some(frame)) = frame::next(content.pdu(), frame::LENGTH_MAX) else {
        return;
    };
    let sm = match content.command() {
        Command::DATA_SM => Data::decode(&frame).map(|data| Sm {
            source: cut(data.source),
            destination: cut(data.destination),
            esm_class: data.esm_class,
            data_coding: data.data_coding,
            tlvs: data.tlvs,
            ..Sm::default()
        }),
        _ => Sm::decode(&frame),
    };
    let sm = sm.unwrap_or_default();
    let user_data = sm.user_data();
    let mut writer = PduWriter::begin(out, Command::DELIVER_SM, Status::ESME_ROK, sequence);
    Sm {
        short_message: &user_data[..user_data.len().min(254)],
        tlvs: Tlvs::default(),
        ..sm
    }
    .put(writer.body());
}

/// An address as deliver_sm can hold it: data_sm has room for 64 octets, deliver_sm for 20.
fn cut(address: Address<'_>) -> Address<'_> {
    Address {
        digits: &address.digits[..address.digits.len().min(20)],
        ..address
    }
}

fn seconds(moment: Moment) -> i64 {
    i64::try_from(moment.millis() / 1_000).unwrap_or(i64::MAX)
}

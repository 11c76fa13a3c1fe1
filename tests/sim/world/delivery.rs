//! What an operator delivers: reports of what became of messages, and messages from phones.

use super::book::{Book, Reported};
use super::gateway::short_code;
use super::plan::{IdHabit, OperatorPlan};
use super::scene::Scene;
use super::submission::put_segment;
use super::tale::About;
use bytes::BytesMut;
use smppgate_codec::code::{Command, EsmClass, Status};
use smppgate_codec::pdu::{Address, Sm};
use smppgate_codec::receipt::Outgoing;
use smppgate_codec::wire::PduWriter;

/// Something to be delivered until the gateway has taken it.
#[derive(Debug, Clone, Copy)]
pub struct Parcel {
    pub what: What,
    /// The session that it is to be delivered on, if that can.
    pub on: Option<usize>,
    pub is_out: bool,
    pub is_taken: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum What {
    Report { sending: usize, report: usize },
    Phone { number: usize, segment: usize },
}

impl IdHabit {
    pub fn in_response(self, number: u64) -> String {
        match self {
            Self::Decimal => number.to_string(),
            Self::Token => format!("tk-{number:x}-z"),
            Self::HexThenDecimal => format!("{number:X}"),
            Self::Padded => format!("{number:010}"),
        }
    }

    pub fn in_receipt(self, number: u64) -> String {
        match self {
            Self::Token => self.in_response(number),
            _ => number.to_string(),
        }
    }
}

/// What a parcel is about.
pub fn about(parcel: &Parcel, book: &Book) -> Vec<About> {
    match parcel.what {
        What::Report { sending, .. } => {
            let of = book.sendings[sending].of.iter();
            of.map(|number| About::Message(*number)).collect()
        }
        What::Phone { number, .. } => vec![About::Phone(number)],
    }
}

pub fn pdu(what: &What, sequence: u32, plan: &OperatorPlan, scene: &mut Scene) -> BytesMut {
    match what {
        What::Report { sending, report } => self::report(*sending, *report, sequence, plan, scene),
        What::Phone { number, segment } => from_phone(*number, *segment, sequence, &scene.book),
    }
}

fn report(
    sending: usize,
    report: usize,
    sequence: u32,
    plan: &OperatorPlan,
    scene: &mut Scene,
) -> BytesMut {
    let sending = &scene.book.sendings[sending];
    let Reported {
        state, is_final, ..
    } = sending.reports[report];
    let seconds = (scene.now.millis() / 1_000) as i64;
    let id = plan.ids.in_receipt(sending.number.unwrap_or_default());
    let outgoing = Outgoing {
        id: id.as_bytes(),
        submitted: seconds,
        done: seconds,
        offset_minutes: 0,
        state,
        err: 0,
        text: "",
        network_error: None,
        user_message_reference: None,
    };
    let mut text = Vec::new();
    outgoing.put(&mut text);
    let mut out = BytesMut::new();
    let mut writer = PduWriter::begin(&mut out, Command::DELIVER_SM, Status::ESME_ROK, sequence);
    Sm {
        source: Address::new(1, 1, &sending.destination),
        destination: Address::new(1, 1, b"4670000"),
        esm_class: EsmClass(if is_final { 0x04 } else { 0x20 }),
        short_message: &text,
        ..Sm::default()
    }
    .put(writer.body());
    if scene.chance.one_in(2) {
        outgoing.put_tlvs(writer.body());
    }
    drop(writer);
    out
}

fn from_phone(number: usize, segment: usize, sequence: u32, book: &Book) -> BytesMut {
    let phone = &book.phones[number];
    let from = Book::phone(number);
    let to = short_code(phone.account);
    let text = &phone.segments[segment].text;
    let total = phone.segments.len() as u8;
    let mut short_message = Vec::new();
    match total {
        1 => short_message.extend_from_slice(text),
        _ => put_segment(
            number as u8,
            total,
            segment as u8 + 1,
            text,
            &mut short_message,
        ),
    }
    let mut out = BytesMut::new();
    let mut writer = PduWriter::begin(&mut out, Command::DELIVER_SM, Status::ESME_ROK, sequence);
    Sm {
        source: Address::new(1, 1, from.as_bytes()),
        destination: Address::new(3, 0, to.as_bytes()),
        esm_class: EsmClass(if total > 1 { EsmClass::UDHI } else { 0 }),
        short_message: &short_message,
        ..Sm::default()
    }
    .put(writer.body());
    drop(writer);
    out
}

/// It was written to this wire, which was so far written with it.
pub fn is_written(what: &What, wire: usize, place: u64, scene: &mut Scene) {
    match what {
        What::Report { sending, report } => {
            let report = &mut scene.book.sendings[*sending].reports[*report];
            report.first.get_or_insert(scene.now);
            report.tries.push((wire, place));
        }
        What::Phone { number, segment } => {
            let segment = &mut scene.book.phones[*number].segments[*segment];
            segment.tries.push((wire, place));
        }
    }
}

pub fn is_taken(what: &What, scene: &mut Scene) {
    scene.busy_at = scene.now;
    let now = Some(scene.now);
    match what {
        What::Report { sending, report } => {
            scene.book.sendings[*sending].reports[*report].taken = now;
        }
        What::Phone { number, segment } => {
            scene.book.phones[*number].segments[*segment].taken = now;
        }
    }
}

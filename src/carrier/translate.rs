//! From a message to the PDU that its carrier wants, and from the PDU of a carrier to what it is.

use super::account::{Carrier, Numbering, Receipts};
use super::arrival::Parcel;
use crate::message::{CarrierId, Content, digits};
use crate::moment::Moment;
use crate::receipt::{NumberMark, Report};
use crate::session::Oddities;
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{Data, HEADER_LEN, Sm};
use smppgate_codec::receipt::{self, Kind, State};
use smppgate_codec::wire::{DecodeError, PduWriter};

/// Appends the PDU of a message under our sequence number.
///
/// The body is copied as it stands, and only what the carrier wants otherwise is changed in it:
/// TON, NPI and the leading `+` or `00` of the numbers, and the request for a receipt.
pub fn put(carrier: &Carrier, content: &Content, sequence: u32, out: &mut BytesMut) {
    let pdu = content.pdu();
    let start = out.len();
    let mut writer = PduWriter::begin(out, content.command(), Status::ESME_ROK, sequence);
    let written = content.destination().digits;
    let wanted = digits(written);
    let dropped = written.len() - wanted.len();
    let cut = content.destination_at() + 2;
    if dropped == 0 {
        writer.octets(&pdu[HEADER_LEN..]);
    } else {
        writer
            .octets(&pdu[HEADER_LEN..cut])
            .octets(&pdu[cut + dropped..]);
    }
    drop(writer);
    let pdu = &mut out[start..];
    set(pdu, content.source_at(), carrier.source_ton);
    set(pdu, content.source_at() + 1, carrier.source_npi);
    set(pdu, content.destination_at(), carrier.destination_ton);
    set(pdu, content.destination_at() + 1, carrier.destination_npi);
    let written = content.registered_delivery();
    let asked = match carrier.receipts {
        Receipts::Always => written.with_final(),
        Receipts::AsAsked => written.with_final_if_any(),
    };
    if asked != written
        && let Some(octet) = pdu.get_mut(content.registered_at() - dropped)
    {
        *octet = asked.0;
    }
}

fn set(pdu: &mut [u8], at: usize, numbering: Numbering) {
    if let Numbering::Set(value) = numbering
        && let Some(octet) = pdu.get_mut(at)
    {
        *octet = value;
    }
}

/// What a deliver_sm or data_sm brings that was kept.
pub fn reread(carrier: &Carrier, pdu: &[u8], at: Moment) -> Option<Parcel> {
    let frame = frame::next(pdu, frame::LENGTH_MAX).ok()??;
    arrival(carrier, &frame, at, &mut Oddities::default()).ok()
}

/// What a deliver_sm or data_sm brings.
pub fn arrival(
    carrier: &Carrier,
    frame: &Frame<'_>,
    now: Moment,
    oddities: &mut Oddities,
) -> Result<Parcel, DecodeError> {
    if frame.header.command == Command::DATA_SM {
        let data = Data::decode(frame)?;
        oddities.see_stray_octets(data.tlvs.stray());
        let sm = Sm {
            source: data.source,
            destination: data.destination,
            esm_class: data.esm_class,
            data_coding: data.data_coding,
            tlvs: data.tlvs,
            ..Sm::default()
        };
        Ok(parcel(carrier, frame, &sm, now, || {
            Content::of_data(frame, &data)
        }))
    } else {
        let sm = Sm::decode(frame)?;
        oddities.see_stray_octets(sm.tlvs.stray());
        Ok(parcel(carrier, frame, &sm, now, || {
            Content::of_sm(frame, &sm)
        }))
    }
}

fn parcel(
    carrier: &Carrier,
    frame: &Frame<'_>,
    sm: &Sm<'_>,
    now: Moment,
    content: impl FnOnce() -> Content,
) -> Parcel {
    let octets = receipt::octets(sm.esm_class, sm.data_coding, sm.user_data());
    let kind = receipt::classify(sm.esm_class, &octets, sm.tlvs, false);
    if !matches!(kind, Kind::Receipt | Kind::Intermediate) {
        return Parcel::Message(content().in_alphabet(carrier.alphabet));
    }
    let read = receipt::Report::read(kind, &octets, sm.tlvs);
    let mut ids = read
        .ids()
        .filter_map(|octets| carrier.message_id.of_receipt(octets));
    let Some(id) = ids.next() else {
        return Parcel::Nothing(frame.octets.into());
    };
    let other_id = ids.next().filter(|other| *other != id);
    // A notification never ends a message, whatever its text says; a receipt without any state
    // says no more than that there is one.
    let state = match (kind, read.state) {
        (Kind::Intermediate, Some(state)) if state.is_final() => State::EnRoute,
        (Kind::Intermediate, None) => State::EnRoute,
        (_, Some(state)) => state,
        (_, None) => State::Unknown,
    };
    Parcel::Report(Report {
        id,
        other_id,
        by: CarrierId::NONE,
        about: NumberMark::of(sm.source.digits),
        state,
        last: state.is_final()
            || state == State::Accepted && kind == Kind::Receipt && carrier.acceptd_final,
        error: read_error(carrier, &read),
        network_error: read.network_error,
        repeats: false,
        own_id: None,
        pdu: frame.octets.into(),
        at: now,
    })
}

/// The error as three digits: as the carrier's map has it, else as it is written, else as the
/// network says.
fn read_error(carrier: &Carrier, read: &receipt::Report<'_>) -> u16 {
    let map = &carrier.error_map;
    let written = read
        .err
        .and_then(|text| map.read(text).or_else(|| error(text)));
    written.unwrap_or_else(|| match read.network_error {
        Some(network) => map
            .read_code(network.code)
            .unwrap_or_else(|| network.code.min(999)),
        None => 0,
    })
}

/// The error of a receipt's text as three digits; what is no number of that size has no place in
/// the three digits that the sender sees.
fn error(text: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse::<u16>().ok().map(|number| number.min(999))
}

//! A message whose fields a carrier wants otherwise: taken apart and written anew.
//!
//! Most messages never come here: they are copied as they stand ([`super::translate`]).

use super::account::{Carrier, Numbering, Receipts};
use super::habit::{Long, Validity};
use super::long::{self, SHORT_MAX};
use crate::message::{Content, digits};
use crate::moment::Moment;
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::frame;
use smppgate_codec::pdu::{Address, Data, Sm, Tlv, Tlvs};
use smppgate_codec::time::Stamp;
use std::borrow::Cow;
use std::time::Duration;

/// Seconds of a quarter of an hour, in which time zones count.
const QUARTER: i64 = 15 * 60;

/// Whether this message cannot leave as it stands.
pub fn is_needed(carrier: &Carrier, content: &Content) -> bool {
    carrier.long != Long::Pass
        || carrier.is_old()
        || carrier.alphabet != content.alphabet()
        || !carrier.service_type.is_empty()
        || !carrier.tlvs.is_none()
        || content.has_times()
        || carrier.tells_validity && content.command() == Command::SUBMIT_SM
        || content.short_len() > SHORT_MAX
}

/// The command with which this carrier gets the message.
pub fn command(carrier: &Carrier, content: &Content) -> Command {
    match carrier.is_old() {
        true => Command::SUBMIT_SM,
        false => content.command(),
    }
}

/// The bodies of the PDUs in which this carrier wants the message, at least one, or the status that
/// says why it cannot leave. `accepted` is when we took it: what it has waited counts; `until` is when it
/// is over for us, whatever its sender has written. `reference` numbers it if it has to be cut.
pub fn bodies(
    carrier: &Carrier,
    content: &Content,
    (accepted, until): (Moment, Moment),
    now: Moment,
    reference: u16,
) -> Result<Vec<Vec<u8>>, Status> {
    let frame = match frame::next(content.pdu(), frame::LENGTH_MAX) {
        Ok(Some(frame)) => frame,
        _ => return Err(Status::ESME_RSYSERR),
    };
    // Only whole seconds that have passed are taken off.
    let waited = now.0.saturating_sub(accepted.0) / 1_000_000;
    let now = accepted + Duration::from_secs(waited);
    let is_data = content.command() == Command::DATA_SM;
    let sm = if is_data {
        let data = Data::decode(&frame).map_err(|error| error.status())?;
        Sm {
            service_type: data.service_type,
            source: data.source,
            destination: data.destination,
            esm_class: data.esm_class,
            registered_delivery: data.registered_delivery,
            data_coding: data.data_coding,
            tlvs: data.tlvs,
            ..Sm::default()
        }
    } else {
        Sm::decode(&frame).map_err(|error| error.status())?
    };
    let schedule = schedule(carrier, sm.schedule_delivery_time, accepted, now)?;
    let validity = match is_data {
        true => None,
        false => validity(carrier, sm.validity_period, (accepted, until), now)?,
    };
    let changed = Sm {
        service_type: service_type(carrier, sm.service_type),
        source: numbered(sm.source, carrier.source_ton, carrier.source_npi),
        destination: destination(carrier, sm.destination),
        schedule_delivery_time: schedule.as_ref().map_or(&[], |octets| &octets[..]),
        validity_period: validity.as_ref().map_or(&[], |octets| &octets[..]),
        registered_delivery: match carrier.receipts {
            Receipts::Always => sm.registered_delivery.with_final(),
            Receipts::AsAsked => sm.registered_delivery.with_final_if_any(),
        },
        ..sm
    };
    let is_data = is_data && !carrier.is_old();
    if carrier.long == Long::Pass && carrier.alphabet == content.alphabet() && !carrier.is_old() {
        return Ok(vec![body(carrier, &changed, is_data)]);
    }
    let pieces = long::pieces(carrier, content.alphabet(), &sm, is_data, reference)?;
    let too_long =
        |piece: &long::Piece| Tlvs::new(&piece.tlvs).find(Tag::MESSAGE_PAYLOAD).is_some();
    if carrier.is_old() && pieces.iter().any(too_long) {
        return Err(Status::ESME_RINVMSGLEN);
    }
    let bodies = pieces.iter().map(|piece| {
        let sm = Sm {
            esm_class: piece.esm_class,
            data_coding: piece.data_coding,
            short_message: &piece.short_message,
            tlvs: Tlvs::new(&piece.tlvs),
            ..changed
        };
        body(carrier, &sm, is_data)
    });
    Ok(bodies.collect())
}

fn body(carrier: &Carrier, sm: &Sm<'_>, is_data: bool) -> Vec<u8> {
    let mut tlvs = tlvs(carrier, sm.tlvs);
    let mut short_message = sm.short_message;
    if short_message.len() > SHORT_MAX {
        let value = std::mem::take(&mut short_message);
        let of_this = Tlv {
            tag: Tag::MESSAGE_PAYLOAD,
            value,
        };
        let others = Tlvs::new(&tlvs).iter();
        let others = others.filter(|tlv| tlv.tag != Tag::MESSAGE_PAYLOAD);
        let mut with_payload = Vec::with_capacity(tlvs.len() + 4 + value.len());
        others
            .chain([of_this])
            .for_each(|tlv| tlv.put(&mut with_payload));
        tlvs = Cow::Owned(with_payload);
    }
    let tlvs = Tlvs::new(&tlvs);
    let mut out = Vec::with_capacity(128 + sm.short_message.len() + tlvs.octets().len());
    if is_data {
        Data {
            service_type: sm.service_type,
            source: sm.source,
            destination: sm.destination,
            esm_class: sm.esm_class,
            registered_delivery: sm.registered_delivery,
            data_coding: sm.data_coding,
            tlvs,
        }
        .put(&mut out);
    } else {
        Sm {
            short_message,
            tlvs,
            ..*sm
        }
        .put(&mut out);
    }
    out
}

fn service_type<'a>(carrier: &'a Carrier, written: &'a [u8]) -> &'a [u8] {
    match carrier.service_type.as_bytes() {
        b"" => written,
        own => own,
    }
}

fn destination<'a>(carrier: &Carrier, address: Address<'a>) -> Address<'a> {
    let plain = Address {
        digits: digits(address.digits),
        ..address
    };
    numbered(plain, carrier.destination_ton, carrier.destination_npi)
}

fn numbered(address: Address<'_>, ton: Numbering, npi: Numbering) -> Address<'_> {
    let value = |numbering, written| match numbering {
        Numbering::Keep => written,
        Numbering::Set(value) => value,
    };
    Address {
        ton: value(ton, address.ton),
        npi: value(npi, address.npi),
        ..address
    }
}

/// The optional parameters that leave. If some change, octets behind them that are none do not leave.
fn tlvs<'a>(carrier: &Carrier, written: Tlvs<'a>) -> Cow<'a, [u8]> {
    if carrier.is_old() {
        return Cow::Borrowed(&[]);
    }
    if carrier.tlvs.is_none() {
        return Cow::Borrowed(written.octets());
    }
    let mut out = Vec::with_capacity(written.octets().len());
    let changes = &carrier.tlvs;
    let mut kept = written
        .iter()
        .filter(|tlv| !changes.drop.contains(&tlv.tag));
    kept.by_ref().for_each(|tlv| tlv.put(&mut out));
    for (tag, value) in &changes.add {
        let is_there = !changes.drop.contains(tag) && written.find(*tag).is_some();
        if !is_there {
            Tlv { tag: *tag, value }.put(&mut out);
        }
    }
    Cow::Owned(out)
}

type Field = Option<[u8; 16]>;

/// Until when the carrier may try, counted from when we took the message, and no longer than it may
/// live with us. A message whose time is over does not leave. Where nothing is written, the carrier's own
/// time holds unless it is to be told: there are those that refuse whatever they are told.
fn validity(
    carrier: &Carrier,
    written: &[u8],
    (accepted, until): (Moment, Moment),
    now: Moment,
) -> Result<Field, Status> {
    let most = seconds(until);
    let (stamp, until) = match Stamp::parse(written).ok().flatten() {
        Some(stamp) => match stamp.resolve(seconds(accepted)) {
            later if later > most => (at(most), most),
            until => (stamp, until),
        },
        None if carrier.tells_validity => (at(most), most),
        None => return Ok(None),
    };
    if until <= seconds(now) {
        return Err(Status::ESME_RINVEXPIRY);
    }
    Ok(match carrier.validity {
        Validity::None => None,
        form => Some(written_as(form, carrier, stamp, until, accepted, now)),
    })
}

/// When it is due; a time that has passed means now, and so does one of which less than a second
/// is left: the seconds of both have been cut off, and what was kept until it was due is due.
fn schedule(
    carrier: &Carrier,
    written: &[u8],
    accepted: Moment,
    now: Moment,
) -> Result<Field, Status> {
    let Some(stamp) = Stamp::parse(written).ok().flatten() else {
        return Ok(None);
    };
    let due = stamp.resolve(seconds(accepted));
    if due <= seconds(now) + 1 {
        return Ok(None);
    }
    let form = carrier.validity;
    Ok(Some(written_as(form, carrier, stamp, due, accepted, now)))
}

fn written_as(
    form: Validity,
    carrier: &Carrier,
    stamp: Stamp,
    at: i64,
    accepted: Moment,
    now: Moment,
) -> [u8; 16] {
    let waited = seconds(now) - seconds(accepted);
    match (form, stamp) {
        // Nothing has to be taken off, and months stay months.
        (Validity::Relative, Stamp::Relative(_)) if waited <= 0 => stamp.octets(),
        (Validity::Relative, _) => {
            let left = u64::try_from(at - seconds(now)).unwrap_or(0);
            smppgate_codec::time::relative(left)
        }
        (Validity::Absolute | Validity::None, _) => Stamp::Absolute {
            unix: at,
            tenths: 0,
            quarters: (carrier.timezone.ahead(at) / QUARTER).clamp(-48, 48) as i8,
        }
        .octets(),
    }
}

fn at(unix: i64) -> Stamp {
    Stamp::Absolute {
        unix,
        tenths: 0,
        quarters: 0,
    }
}

fn seconds(moment: Moment) -> i64 {
    i64::try_from(moment.millis() / 1_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::TlvChanges;
    use bytes::BytesMut;
    use smppgate_codec::code::EsmClass;
    use smppgate_codec::pdu::Pdu;

    /// 2026-12-24 18:30:00 UTC.
    const EVENING: Moment = Moment(1_798_137_000_000_000);

    fn content(sm: Sm<'_>) -> Content {
        let mut out = BytesMut::new();
        Pdu::SubmitSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Content::of_sm(&frame, &Sm::decode(&frame).unwrap())
    }

    fn rewritten(carrier: &Carrier, sm: Sm<'_>, waited: u64) -> Result<Vec<u8>, Status> {
        let content = content(sm);
        assert!(is_needed(carrier, &content));
        let now = EVENING + Duration::from_secs(waited);
        let until = EVENING + Duration::from_secs(3 * 24 * 3_600);
        let body = bodies(carrier, &content, (EVENING, until), now, 1)?.remove(0);
        let mut whole = (16 + body.len() as u32).to_be_bytes().to_vec();
        whole.extend([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1]);
        whole.extend(body);
        Ok(whole)
    }

    fn read(octets: &[u8]) -> Sm<'_> {
        let frame = frame::next(octets, frame::LENGTH_MAX).unwrap().unwrap();
        Sm::decode(&frame).unwrap()
    }

    fn validity(form: Validity, written: &[u8], waited: u64) -> Result<String, Status> {
        let carrier = Carrier {
            validity: form,
            // It makes no difference to what is written.
            tells_validity: written.is_empty(),
            timezone: "Europe/Paris".parse().unwrap(),
            ..Carrier::default()
        };
        let sm = Sm {
            destination: Address::new(1, 1, b"33612345678"),
            validity_period: written,
            ..Sm::default()
        };
        let octets = rewritten(&carrier, sm, waited)?;
        let field = read(&octets).validity_period.to_vec();
        Ok(String::from_utf8(field).unwrap())
    }

    #[test]
    fn what_has_waited_is_taken_off_a_span() {
        let relative = |written, waited| validity(Validity::Relative, written, waited).unwrap();
        assert_eq!(relative(b"000002000000000R", 0), "000002000000000R");
        assert_eq!(relative(b"000002000000000R", 3_600), "000001230000000R");
        assert_eq!(relative(b"261224190000000+", 0), "000000003000000R");
    }

    #[test]
    fn a_carrier_tries_no_longer_than_a_message_may_live() {
        let week = |form, waited| validity(form, b"000007000000000R", waited).unwrap();
        assert_eq!(week(Validity::Relative, 0), "000003000000000R");
        assert_eq!(week(Validity::Relative, 3_600), "000002230000000R");
        assert_eq!(week(Validity::Absolute, 3_600), "261227193000004+");
        // The same where nothing is written and the carrier is to be told all the same.
        let told = |form, waited| validity(form, b"", waited).unwrap();
        assert_eq!(told(Validity::Relative, 3_600), "000002230000000R");
        assert_eq!(told(Validity::Absolute, 3_600), "261227193000004+");
        assert_eq!(told(Validity::None, 3_600), "");
        let all = validity(Validity::Relative, b"000003000000000R", 0).unwrap();
        assert_eq!(all, "000003000000000R");
        let none = validity(Validity::Relative, b"270101000000000+", 60).unwrap();
        assert_eq!(none, "000002235900000R");
    }

    #[test]
    fn a_span_becomes_a_point_in_time_in_the_zone_of_the_carrier() {
        let absolute = |written| validity(Validity::Absolute, written, 60).unwrap();
        assert_eq!(absolute(b"000000010000000R"), "261224203000004+");
        assert_eq!(absolute(b"261224190000000+"), "261224200000004+");
        let none = validity(Validity::None, b"000000010000000R", 60);
        assert_eq!(none.unwrap(), "");
    }

    #[test]
    fn what_was_kept_until_it_was_due_leaves_as_due() {
        let schedule = |written: &[u8], accepted_ms, left_ms| {
            let carrier = Carrier::default();
            let sm = Sm {
                schedule_delivery_time: written,
                ..Sm::default()
            };
            let accepted = EVENING + Duration::from_millis(accepted_ms);
            let left = EVENING + Duration::from_millis(left_ms);
            let times = (accepted, Moment::NEVER);
            let body = bodies(&carrier, &content(sm), times, left, 1).unwrap();
            body[0].iter().any(|octet| b"R+".contains(octet))
        };
        assert!(!schedule(b"000000000002000R", 700, 2_700));
        assert!(!schedule(b"261224183002000+", 700, 2_001));
        assert!(schedule(b"261224183002000+", 700, 800));
    }

    #[test]
    fn what_is_stale_does_not_leave_in_any_form() {
        for form in [Validity::Relative, Validity::Absolute, Validity::None] {
            let stale = validity(form, b"000000000100000R", 60);
            assert_eq!(stale, Err(Status::ESME_RINVEXPIRY));
        }
    }

    #[test]
    fn a_segment_that_no_short_message_holds_does_not_leave_for_an_older_version() {
        let old = Carrier {
            interface_version: 0x33,
            ..Carrier::default()
        };
        for (length, fits) in [(254, true), (255, false)] {
            let mut segment = vec![5, 0, 3, 1, 2, 1];
            segment.resize(length, b'x');
            let sm = Sm {
                destination: Address::new(1, 1, b"33612345678"),
                esm_class: EsmClass(EsmClass::UDHI),
                short_message: &segment,
                ..Sm::default()
            };
            let left = rewritten(&old, sm, 0).map(|octets| read(&octets).short_message.len());
            let expected = if fits {
                Ok(length)
            } else {
                Err(Status::ESME_RINVMSGLEN)
            };
            assert_eq!(left, expected);
        }
    }

    #[test]
    fn parameters_are_added_where_they_are_missing_and_left_out_where_they_are_not_wanted() {
        let carrier = Carrier {
            tlvs: TlvChanges {
                add: vec![
                    (Tag(0x1400), b"one".to_vec()),
                    (Tag(0x1401), b"two".to_vec()),
                ],
                drop: vec![Tag::USER_MESSAGE_REFERENCE],
            },
            service_type: "OTP".to_owned(),
            ..Carrier::default()
        };
        let sm = Sm {
            service_type: b"CMT",
            destination: Address::new(0, 0, b"+33612345678"),
            short_message: b"hello",
            tlvs: Tlvs::new(b"\x02\x04\0\x02\x12\x34\x14\x01\0\x03own"),
            ..Sm::default()
        };
        let octets = rewritten(&carrier, sm, 0).unwrap();
        let sm = read(&octets);
        assert_eq!(sm.service_type, b"OTP");
        assert_eq!(sm.destination, Address::new(1, 1, b"33612345678"));
        assert_eq!(sm.registered_delivery.0, 1);
        assert_eq!(sm.short_message, b"hello");
        assert_eq!(sm.tlvs.find(Tag(0x1400)), Some(&b"one"[..]));
        assert_eq!(sm.tlvs.find(Tag(0x1401)), Some(&b"own"[..]));
        assert_eq!(sm.tlvs.find(Tag::USER_MESSAGE_REFERENCE), None);
    }
}

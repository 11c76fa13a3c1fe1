//! The text of a message in the alphabet and the number of PDUs that its carrier wants.

use super::account::Carrier;
use super::habit::Long;
use crate::message::transcoded;
use smppgate_codec::code::{DataCoding, EsmClass, Status, Tag};
use smppgate_codec::pdu::{Sm, Tlv, Tlvs};
use smppgate_codec::text::DefaultAlphabet;
use smppgate_codec::text::split::{Segments, Unit, Way};
use smppgate_codec::text::udh::{self, Concat};
use std::borrow::Cow;

/// Octets that short_message holds by the specification.
pub const SHORT_MAX: usize = 254;

/// Octets that message_payload holds, less the length of a user data header.
const PAYLOAD_MAX: usize = u16::MAX as usize - 1;

/// Segments of one message: a header numbers them in one octet.
const SEGMENTS_MAX: u8 = 255;

/// One PDU of a message: what differs from the others.
pub struct Piece {
    pub esm_class: EsmClass,
    pub data_coding: DataCoding,
    /// Empty if the user data lies in message_payload.
    pub short_message: Vec<u8>,
    /// All optional parameters.
    pub tlvs: Vec<u8>,
}

/// The PDUs that carry this message to this carrier. `is_data` says that there is no short_message;
/// `reference` numbers the message if it has to be cut.
pub fn pieces(
    carrier: &Carrier,
    written_in: DefaultAlphabet,
    sm: &Sm<'_>,
    is_data: bool,
    reference: u16,
) -> Result<Vec<Piece>, Status> {
    let user_data = sm.user_data();
    let (others, header, text) = match udh::read(user_data) {
        Ok((header, text)) if sm.esm_class.has_udh() => {
            (header.without_concat(), header.concat(), text)
        }
        _ => (Vec::new(), None, user_data),
    };
    let segment = header.or_else(|| of_parameters(sm.tlvs));
    let changed = transcoded(written_in, carrier.alphabet, sm.data_coding, text);
    let is_changed = changed.is_some();
    let (coding, octets) = match changed {
        Some((coding, octets)) => (coding, Cow::Owned(octets)),
        None => (sm.data_coding, Cow::Borrowed(text)),
    };
    if octets.len() + others.len() > PAYLOAD_MAX {
        return Err(Status::ESME_RINVMSGLEN);
    }
    let unit = Unit::of(coding, carrier.alphabet);
    if let Some(part) = segment.filter(|_| is_changed) {
        // A segment that grows beyond its place cannot leave: its characters are not thrown away.
        let header = 1 + Concat::element_len(part.wide) + others.len();
        if octets.len() > unit.capacity(header) {
            return Err(Status::ESME_RINVMSGLEN);
        }
    }
    let piece = |user_data: Vec<u8>, has_udh: bool, numbers: &[u8], by_payload: bool| {
        let mut tlvs = Vec::new();
        let is_rewritten = |tag| {
            matches!(
                tag,
                Tag::MESSAGE_PAYLOAD
                    | Tag::SAR_MSG_REF_NUM
                    | Tag::SAR_TOTAL_SEGMENTS
                    | Tag::SAR_SEGMENT_SEQNUM
            )
        };
        let kept = sm.tlvs.iter().filter(|tlv| !is_rewritten(tlv.tag));
        kept.for_each(|tlv| tlv.put(&mut tlvs));
        tlvs.extend_from_slice(numbers);
        let mut short_message = user_data;
        if is_data || by_payload || short_message.len() > SHORT_MAX {
            let value = std::mem::take(&mut short_message);
            Tlv {
                tag: Tag::MESSAGE_PAYLOAD,
                value: &value,
            }
            .put(&mut tlvs);
        }
        let class = sm.esm_class.0 & !EsmClass::UDHI;
        Piece {
            esm_class: EsmClass(if has_udh {
                class | EsmClass::UDHI
            } else {
                class
            }),
            data_coding: coding,
            short_message,
            tlvs,
        }
    };
    if let Some(part) = segment {
        return Ok(vec![renumbered(
            carrier, part, &others, &octets, unit, header, piece,
        )]);
    }
    let was_in_payload = sm.short_message.is_empty() && !user_data.is_empty();
    let way = match carrier.long {
        Long::Udh => Way::Udh8,
        Long::Sar => Way::Sar,
        Long::Payload => Way::Payload,
        // There is nothing else that could hold it.
        Long::Pass if carrier.is_old() => Way::Udh8,
        // What has become long only by its alphabet is cut.
        Long::Pass if octets.len() > text.len() && !was_in_payload => Way::Udh8,
        Long::Pass => {
            let mut user_data = Vec::with_capacity(octets.len() + 1 + others.len());
            if sm.esm_class.has_udh() && !others.is_empty() {
                user_data.push(others.len() as u8);
                user_data.extend_from_slice(&others);
            }
            user_data.extend_from_slice(&octets);
            let has_udh = sm.esm_class.has_udh() && !others.is_empty();
            return Ok(vec![piece(user_data, has_udh, &[], was_in_payload)]);
        }
    };
    let segments = Segments::new(&octets, unit, way, &others, reference, SEGMENTS_MAX)
        .map_err(|_| Status::ESME_RINVMSGLEN)?;
    let is_long = octets.len()
        > unit.capacity(if others.is_empty() {
            0
        } else {
            1 + others.len()
        });
    let pieces = segments.iter().map(|segment| {
        let (mut user_data, mut numbers) = (Vec::new(), Vec::new());
        segment.put_user_data(&mut user_data);
        segment.put_tlvs(&mut numbers);
        let by_payload = way == Way::Payload && is_long;
        piece(user_data, segment.has_udh(), &numbers, by_payload)
    });
    Ok(pieces.collect())
}

/// A segment that its sender has cut: it keeps its number, which is written as the carrier wants it
/// if there is room for that.
fn renumbered(
    carrier: &Carrier,
    part: Concat,
    others: &[u8],
    octets: &[u8],
    unit: Unit,
    header: Option<Concat>,
    piece: impl Fn(Vec<u8>, bool, &[u8], bool) -> Piece,
) -> Piece {
    let header_len = 1 + Concat::element_len(part.wide) + others.len();
    let fits = octets.len() <= unit.capacity(header_len);
    let by_header = match carrier.long {
        _ if carrier.is_old() => true,
        Long::Udh => header.is_some() || fits,
        Long::Sar => !others.is_empty(),
        Long::Pass | Long::Payload => header.is_some(),
    };
    let (mut user_data, mut numbers) = (Vec::new(), Vec::new());
    if by_header {
        part.put_header(others, &mut user_data);
    } else {
        for (tag, value) in [
            (Tag::SAR_MSG_REF_NUM, &part.reference.to_be_bytes()[..]),
            (Tag::SAR_TOTAL_SEGMENTS, &[part.total][..]),
            (Tag::SAR_SEGMENT_SEQNUM, &[part.seqnum][..]),
        ] {
            Tlv { tag, value }.put(&mut numbers);
        }
    }
    user_data.extend_from_slice(octets);
    piece(user_data, by_header, &numbers, false)
}

/// Which segment the parameters sar_… say that this is.
fn of_parameters(tlvs: Tlvs<'_>) -> Option<Concat> {
    let octet = |tag| {
        tlvs.number(tag)
            .and_then(|number| u8::try_from(number).ok())
    };
    let total = octet(Tag::SAR_TOTAL_SEGMENTS)?;
    let seqnum = octet(Tag::SAR_SEGMENT_SEQNUM)?;
    let reference = tlvs.number(Tag::SAR_MSG_REF_NUM)? as u16;
    let wide = reference > 0xFF;
    (total > 1 && (1..=total).contains(&seqnum)).then_some(Concat {
        reference,
        wide,
        total,
        seqnum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(long: Long, alphabets: (DefaultAlphabet, DefaultAlphabet), sm: Sm<'_>) -> Vec<Piece> {
        let carrier = Carrier {
            long,
            alphabet: alphabets.1,
            ..Carrier::default()
        };
        pieces(&carrier, alphabets.0, &sm, false, 0x1A5).unwrap()
    }

    const SAME: (DefaultAlphabet, DefaultAlphabet) = (DefaultAlphabet::Gsm, DefaultAlphabet::Gsm);

    fn payload(text: &[u8]) -> Vec<u8> {
        let mut tlvs = Vec::new();
        Tlv {
            tag: Tag::MESSAGE_PAYLOAD,
            value: text,
        }
        .put(&mut tlvs);
        tlvs
    }

    #[test]
    fn a_payload_is_cut_into_segments_with_a_header_or_with_parameters() {
        let tlvs = payload(&[b'a'; 307]);
        let sm = Sm {
            tlvs: Tlvs::new(&tlvs),
            ..Sm::default()
        };
        let lengths = |pieces: &[Piece]| -> Vec<usize> {
            pieces.iter().map(|one| one.short_message.len()).collect()
        };
        let by_header = cut(Long::Udh, SAME, sm);
        assert_eq!(lengths(&by_header), [159, 159, 7]);
        assert!(
            by_header
                .iter()
                .all(|one| one.esm_class.has_udh() && one.tlvs.is_empty())
        );
        assert_eq!(by_header[2].short_message, b"\x05\0\x03\xA5\x03\x03a");
        let by_parameters = cut(Long::Sar, SAME, sm);
        assert_eq!(lengths(&by_parameters), [153, 153, 1]);
        let last = Tlvs::new(&by_parameters[2].tlvs);
        assert_eq!(last.number(Tag::SAR_SEGMENT_SEQNUM), Some(3));
        assert_eq!(last.find(Tag::MESSAGE_PAYLOAD), None);
        assert_eq!(cut(Long::Payload, SAME, sm).len(), 1);
    }

    #[test]
    fn a_short_message_stays_one_whatever_the_carrier_wants_of_long_ones() {
        for long in [Long::Pass, Long::Udh, Long::Sar, Long::Payload] {
            let sm = Sm {
                short_message: b"hello",
                ..Sm::default()
            };
            let pieces = cut(long, SAME, sm);
            assert_eq!(pieces.len(), 1);
            assert_eq!(pieces[0].short_message, b"hello");
            assert!(pieces[0].tlvs.is_empty());
        }
    }

    #[test]
    fn a_segment_keeps_its_number_in_another_form() {
        let sm = Sm {
            esm_class: EsmClass(0x40),
            short_message: b"\x05\0\x03\xA5\x02\x01hello",
            ..Sm::default()
        };
        let by_parameters = cut(Long::Sar, SAME, sm);
        assert_eq!(by_parameters[0].short_message, b"hello");
        assert!(!by_parameters[0].esm_class.has_udh());
        let tlvs = by_parameters[0].tlvs.clone();
        assert_eq!(Tlvs::new(&tlvs).number(Tag::SAR_MSG_REF_NUM), Some(0xA5));
        let back = Sm {
            short_message: b"hello",
            tlvs: Tlvs::new(&tlvs),
            ..Sm::default()
        };
        let by_header = cut(Long::Udh, SAME, back);
        assert_eq!(by_header[0].short_message, sm.short_message);
        assert!(by_header[0].esm_class.has_udh());
    }

    #[test]
    fn a_text_changes_its_alphabet_and_becomes_ucs_2_where_it_must() {
        let latin = (DefaultAlphabet::Latin1, DefaultAlphabet::Gsm);
        let sm = |text| Sm {
            short_message: text,
            ..Sm::default()
        };
        let gsm = cut(Long::Pass, latin, sm(b"@\xE4[".as_slice()));
        assert_eq!(gsm[0].short_message, b"\0\x7B\x1B\x3C");
        assert_eq!(gsm[0].data_coding, DataCoding(0));
        let wide = cut(Long::Pass, latin, sm(b"\xE7".as_slice()));
        assert_eq!(
            (wide[0].data_coding, &wide[0].short_message[..]),
            (DataCoding::UCS2, &[0, 0xE7][..])
        );
        // What becomes long by it is cut.
        let long = cut(Long::Pass, latin, sm([0xE7; 150].as_slice()));
        assert_eq!(long.len(), 3);
        // A segment that becomes too long by it does not leave with characters missing.
        let carrier = Carrier {
            alphabet: DefaultAlphabet::Gsm,
            ..Carrier::default()
        };
        for (count, fits) in [(66, true), (68, false)] {
            let text = [&b"\x05\0\x03\xA5\x02\x01"[..], &vec![0xE7; count]].concat();
            let segment = Sm {
                esm_class: EsmClass(0x40),
                short_message: &text,
                ..Sm::default()
            };
            let cut = pieces(&carrier, latin.0, &segment, false, 1);
            assert_eq!(cut.is_ok(), fits, "{count}");
        }
        let none = cut(Long::Pass, SAME, sm(b"\0\x7B".as_slice()));
        assert_eq!(none[0].short_message, b"\0\x7B");
    }
}

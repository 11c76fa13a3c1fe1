//! Whether a message that reads well also makes sense: the rules of the fields for what an ESME
//! submits (SMPP 3.4 §5.2), each with the status that refuses it.

use super::{Address, Data, ReplaceSm, Sm, SubmitMulti, Tlv, Tlvs};
use crate::code::{EsmClass, Status, Tag};
use crate::text::udh;
use crate::time::Stamp;

/// Type of number of an address that is a name.
const ALPHANUMERIC: u8 = 5;

/// The last numbering plan of telephones: unknown is 0, E.164 is 1.
const E164: u8 = 1;

/// Judges a submit_sm of an ESME; an error is the status to refuse it with.
///
/// What a carrier delivers is not judged: there the fields that make no sense are ignored.
#[inline]
pub fn check_submit(sm: &Sm<'_>) -> Result<(), Status> {
    check_source(sm.source)?;
    check_destination(sm.destination)?;
    check_flags(sm.priority_flag, sm.replace_if_present_flag)?;
    check_times(sm.schedule_delivery_time, sm.validity_period)?;
    check_user_data(sm.esm_class, sm.short_message, sm.tlvs)
}

/// Judges what all destinations of a submit_multi share; each destination is for the caller, who
/// names the bad ones in the response.
pub fn check_multi(multi: &SubmitMulti<'_>) -> Result<(), Status> {
    check_source(multi.source)?;
    check_flags(multi.priority_flag, multi.replace_if_present_flag)?;
    check_times(multi.schedule_delivery_time, multi.validity_period)?;
    check_user_data(multi.esm_class, multi.short_message, multi.tlvs)
}

/// Judges a data_sm of an ESME; an error is the status to refuse it with.
#[inline]
pub fn check_data(data: &Data<'_>) -> Result<(), Status> {
    check_source(data.source)?;
    check_destination(data.destination)?;
    check_user_data(data.esm_class, &[], data.tlvs)
}

/// Judges a replace_sm of an ESME; an error is the status to refuse it with.
pub fn check_replace(replace: &ReplaceSm<'_>) -> Result<(), Status> {
    check_times(replace.schedule_delivery_time, replace.validity_period)
}

/// Judges one destination of an ESME (SMPP 3.4 §5.2.9): something must be left of it without `+` or
/// `00`, and a telephone number has no letters. Other characters are for the carrier to judge.
#[inline]
pub fn check_destination(destination: Address<'_>) -> Result<(), Status> {
    let Address { ton, npi, digits } = destination;
    let may_have_letters = ton == ALPHANUMERIC || npi > E164;
    let is_bad = |octet: &u8| is_control(octet) || !may_have_letters && octet.is_ascii_alphabetic();
    match digits {
        b"" | b"+" | b"00" => Err(Status::ESME_RINVDSTADR),
        _ if digits.iter().any(is_bad) => Err(Status::ESME_RINVDSTADR),
        _ => Ok(()),
    }
}

/// Judges the source: it may be anything, or absent, that can be read in one line.
#[inline]
fn check_source(source: Address<'_>) -> Result<(), Status> {
    match source.digits.iter().any(is_control) {
        true => Err(Status::ESME_RINVSRCADR),
        false => Ok(()),
    }
}

fn is_control(octet: &u8) -> bool {
    *octet < b' '
}

#[inline]
fn check_flags(priority: u8, replace: u8) -> Result<(), Status> {
    if priority > 3 {
        return Err(Status::ESME_RINVPRTFLG);
    }
    if replace > 1 {
        return Err(Status::ESME_RINVREPFLAG);
    }
    Ok(())
}

#[inline]
fn check_times(schedule: &[u8], validity: &[u8]) -> Result<(), Status> {
    if !schedule.is_empty() && Stamp::parse(schedule).is_err() {
        return Err(Status::ESME_RINVSCHED);
    }
    if !validity.is_empty() && Stamp::parse(validity).is_err() {
        return Err(Status::ESME_RINVEXPIRY);
    }
    Ok(())
}

/// User data header, segmentation and payload must not contradict each other (SMPP 3.4 §5.2.12,
/// §5.3.2.22–24, §5.3.2.32).
#[inline]
fn check_user_data(
    esm_class: EsmClass,
    short_message: &[u8],
    tlvs: Tlvs<'_>,
) -> Result<(), Status> {
    // Most messages carry none of these, and to see that is cheap.
    let concerned = |tlv: Tlv<'_>| {
        matches!(
            tlv.tag,
            Tag::MESSAGE_PAYLOAD
                | Tag::SAR_MSG_REF_NUM
                | Tag::SAR_TOTAL_SEGMENTS
                | Tag::SAR_SEGMENT_SEQNUM
        )
    };
    if !esm_class.has_udh() && !tlvs.iter().any(concerned) {
        return Ok(());
    }
    check_parts(esm_class, short_message, tlvs)
}

#[inline(never)]
fn check_parts(esm_class: EsmClass, short_message: &[u8], tlvs: Tlvs<'_>) -> Result<(), Status> {
    let mut payload = None;
    let (mut reference, mut total, mut seqnum) = (None, None, None);
    for tlv in tlvs {
        let first = match tlv.tag {
            Tag::MESSAGE_PAYLOAD => &mut payload,
            Tag::SAR_MSG_REF_NUM => &mut reference,
            Tag::SAR_TOTAL_SEGMENTS => &mut total,
            Tag::SAR_SEGMENT_SEQNUM => &mut seqnum,
            _ => continue,
        };
        // Of a parameter that is there twice the first one counts.
        first.get_or_insert(tlv);
    }
    let payload = payload.map_or(&[][..], |tlv: Tlv<'_>| tlv.value);
    if !short_message.is_empty() && !payload.is_empty() {
        return Err(Status::ESME_RINVMSGLEN);
    }
    if esm_class.has_udh() {
        if reference.or(total).or(seqnum).is_some() {
            return Err(Status::ESME_RINVOPTPARAMVAL);
        }
        let user_data = if short_message.is_empty() {
            payload
        } else {
            short_message
        };
        match udh::read(user_data) {
            Ok((header, _)) if !header.has_impossible_concat() => {}
            _ => return Err(Status::ESME_RINVESMCLASS),
        }
    }
    // The three go together; one or two of them alone mean nothing and are left alone.
    let number = |tlv: Option<Tlv<'_>>| tlv.and_then(|tlv| tlv.number());
    match (reference, number(total), number(seqnum)) {
        (Some(_), Some(total), Some(seqnum)) if !(1..=total).contains(&seqnum) => {
            Err(Status::ESME_RINVOPTPARAMVAL)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Sm<'static> {
        Sm {
            destination: Address::new(1, 1, b"447700900123"),
            short_message: b"hello",
            ..Sm::default()
        }
    }

    /// The verdict on an ordinary message after `change`.
    fn verdict(change: impl FnOnce(&mut Sm<'static>)) -> Status {
        let mut sm = message();
        change(&mut sm);
        check_submit(&sm).err().unwrap_or_default()
    }

    #[test]
    fn an_ordinary_message_passes() {
        assert_eq!(verdict(|_| ()), Status::ESME_ROK);
    }

    #[test]
    fn each_field_is_refused_by_the_status_that_names_it() {
        assert_eq!(
            verdict(|sm| sm.destination.digits = b""),
            Status::ESME_RINVDSTADR
        );
        assert_eq!(verdict(|sm| sm.priority_flag = 3), Status::ESME_ROK);
        assert_eq!(verdict(|sm| sm.priority_flag = 4), Status::ESME_RINVPRTFLG);
        assert_eq!(
            verdict(|sm| sm.replace_if_present_flag = 1),
            Status::ESME_ROK
        );
        assert_eq!(
            verdict(|sm| sm.replace_if_present_flag = 2),
            Status::ESME_RINVREPFLAG
        );
        assert_eq!(
            verdict(|sm| sm.schedule_delivery_time = b"2612"),
            Status::ESME_RINVSCHED
        );
        assert_eq!(
            verdict(|sm| sm.validity_period = b"2612"),
            Status::ESME_RINVEXPIRY
        );
    }

    #[test]
    fn an_address_is_one_that_somebody_can_have() {
        let to = |ton, npi, digits| verdict(|sm| sm.destination = Address::new(ton, npi, digits));
        let from = |digits| verdict(|sm| sm.source = Address::new(5, 0, digits));
        for digits in [
            &b"+447700900123"[..],
            b"00447700900123",
            b"0",
            b"000",
            b"*100#",
            b"44 7700",
        ] {
            assert_eq!(to(1, 1, digits), Status::ESME_ROK, "{digits:?}");
        }
        for digits in [
            &b"+"[..],
            b"00",
            b"4477\r\n",
            b"\x1b44",
            b"44\x0177",
            b"4477x",
            b"Shop",
        ] {
            assert_eq!(to(1, 1, digits), Status::ESME_RINVDSTADR, "{digits:?}");
            assert_eq!(to(0, 0, digits), Status::ESME_RINVDSTADR, "{digits:?}");
        }
        // A name, and an address of the internet.
        assert_eq!(to(5, 0, b"Shop"), Status::ESME_ROK);
        assert_eq!(to(0, 14, b"fe80::1"), Status::ESME_ROK);
        assert_eq!(to(5, 0, b"Sh\nop"), Status::ESME_RINVDSTADR);
        for digits in [&b""[..], b"+", b"My-Brand", b"caf\xe9"] {
            assert_eq!(from(digits), Status::ESME_ROK, "{digits:?}");
        }
        for digits in [&b"Sh\rop"[..], b"\x1b[31m", b"\x01"] {
            assert_eq!(from(digits), Status::ESME_RINVSRCADR, "{digits:?}");
        }
    }

    #[test]
    fn a_user_data_header_must_end_inside_the_user_data() {
        let with_header = |user_data| {
            verdict(|sm| {
                sm.esm_class = EsmClass(EsmClass::UDHI);
                sm.short_message = user_data;
            })
        };
        assert_eq!(
            with_header(b"\x05\x00\x03\x01\x02\x01text"),
            Status::ESME_ROK
        );
        assert_eq!(with_header(b"\x05\x00\x03\x01\x02\x01"), Status::ESME_ROK);
        assert_eq!(with_header(b"\x00"), Status::ESME_ROK);
        assert_eq!(
            with_header(b"\x05\x00\x03\x01\x02"),
            Status::ESME_RINVESMCLASS
        );
        assert_eq!(with_header(b""), Status::ESME_RINVESMCLASS);
    }

    #[test]
    fn a_user_data_header_numbers_segments_from_one_to_their_total() {
        let numbered = |narrow: bool, total: u8, seqnum: u8| {
            verdict(|sm| {
                sm.esm_class = EsmClass(EsmClass::UDHI);
                let mut user_data = match narrow {
                    true => b"\x05\x00\x03\x01".to_vec(),
                    false => b"\x06\x08\x04\x01\x01".to_vec(),
                };
                user_data.extend([total, seqnum, b'x']);
                sm.short_message = user_data.leak();
            })
        };
        for narrow in [true, false] {
            for (total, seqnum) in [(1, 1), (2, 2), (255, 255)] {
                assert_eq!(numbered(narrow, total, seqnum), Status::ESME_ROK);
            }
            for (total, seqnum) in [(0, 0), (0, 1), (2, 0), (2, 5)] {
                let refused = Status::ESME_RINVESMCLASS;
                assert_eq!(numbered(narrow, total, seqnum), refused);
            }
        }
    }

    #[test]
    fn segments_are_numbered_from_one_to_their_total() {
        let segment = |octets: &'static [u8]| verdict(|sm| sm.tlvs = Tlvs::new(octets));
        const REFERENCE: &[u8] = b"\x02\x0c\x00\x02\x12\x34";
        let sar = |total: u8, seqnum: u8| {
            let mut octets = REFERENCE.to_vec();
            octets.extend([0x02, 0x0E, 0, 1, total, 0x02, 0x0F, 0, 1, seqnum]);
            segment(octets.leak())
        };
        assert_eq!(sar(3, 1), Status::ESME_ROK);
        assert_eq!(sar(3, 3), Status::ESME_ROK);
        assert_eq!(sar(3, 4), Status::ESME_RINVOPTPARAMVAL);
        assert_eq!(sar(3, 0), Status::ESME_RINVOPTPARAMVAL);
        assert_eq!(sar(0, 0), Status::ESME_RINVOPTPARAMVAL);
        assert_eq!(segment(REFERENCE), Status::ESME_ROK);
        assert_eq!(segment(b"\x02\x0f\x00\x01\x00"), Status::ESME_ROK);
    }

    #[test]
    fn user_data_stands_in_one_place_and_segmentation_is_told_one_way() {
        let payload = Tlvs::new(b"\x04\x24\x00\x02hi");
        assert_eq!(verdict(|sm| sm.tlvs = payload), Status::ESME_RINVMSGLEN);
        let alone = |sm: &mut Sm<'static>| (sm.tlvs, sm.short_message) = (payload, b"");
        assert_eq!(verdict(alone), Status::ESME_ROK);
        let both_ways = |sm: &mut Sm<'static>| {
            sm.esm_class = EsmClass(EsmClass::UDHI);
            sm.short_message = b"\x05\x00\x03\x01\x02\x01text";
            sm.tlvs = Tlvs::new(b"\x02\x0e\x00\x01\x02");
        };
        assert_eq!(verdict(both_ways), Status::ESME_RINVOPTPARAMVAL);
    }

    #[test]
    fn times_are_real_moments_or_any_span() {
        let due = |time: &'static [u8]| verdict(|sm| sm.schedule_delivery_time = time);
        assert_eq!(due(b"280229235959948+"), Status::ESME_ROK);
        assert_eq!(due(b"000002000000000R"), Status::ESME_ROK);
        assert_eq!(due(b"270229183000004-"), Status::ESME_RINVSCHED);
        assert_eq!(due(b"261224183000000Z"), Status::ESME_RINVSCHED);
    }
}

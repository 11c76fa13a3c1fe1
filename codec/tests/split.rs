//! Long texts cut into segments, and joined again.

use proptest::prelude::*;
use smppgate_codec::pdu::Tlvs;
use smppgate_codec::text::join::{Added, Assembly};
use smppgate_codec::text::split::{Segments, TooManySegments, Unit, Way};
use smppgate_codec::text::{DefaultAlphabet, encode_auto, gsm7, ucs2, udh};

/// Units in each segment of a text: septets in the GSM alphabet, else pairs of octets.
fn units(text: &str, way: Way) -> Vec<usize> {
    let encoded = encode_auto(text);
    let unit = Unit::of(encoded.coding, DefaultAlphabet::Gsm);
    let size = if unit == Unit::Ucs2 { 2 } else { 1 };
    let segments = Segments::new(&encoded.octets, unit, way, &[], 7, 255).unwrap();
    segments
        .iter()
        .map(|segment| segment.octets.len() / size)
        .collect()
}

fn lengths(octets: &[u8], unit: Unit, way: Way, others: &[u8]) -> Vec<usize> {
    let segments = Segments::new(octets, unit, way, others, 7, 255).unwrap();
    segments
        .iter()
        .map(|segment| segment.octets.len())
        .collect()
}

#[test]
fn known_texts_have_known_segments() {
    let a = |count| "a".repeat(count);
    let euro = |count| "€".repeat(count);
    let zhe = |count| "ж".repeat(count);
    let smile = |count| "😀".repeat(count);
    let table: &[(String, &[usize], &[usize])] = &[
        (a(0), &[0], &[0]),
        (a(160), &[160], &[160]),
        (a(161), &[153, 8], &[152, 9]),
        (a(306), &[153, 153], &[152, 152, 2]),
        (a(307), &[153, 153, 1], &[152, 152, 3]),
        (a(460), &[153, 153, 153, 1], &[152, 152, 152, 4]),
        (euro(80), &[160], &[160]),
        (euro(81), &[152, 10], &[152, 10]),
        (a(158) + "€", &[160], &[160]),
        (a(159) + "€", &[153, 8], &[152, 9]),
        (a(152) + "€" + &a(10), &[152, 12], &[152, 12]),
        (zhe(70), &[70], &[70]),
        (zhe(71), &[67, 4], &[66, 5]),
        (zhe(134), &[67, 67], &[66, 66, 2]),
        (zhe(135), &[67, 67, 1], &[66, 66, 3]),
        (smile(35), &[70], &[70]),
        (smile(36), &[66, 6], &[66, 6]),
        (zhe(66) + "😀" + &zhe(10), &[66, 12], &[66, 12]),
        (a(159) + "\u{0C}", &[153, 8], &[152, 9]),
        (a(100) + "ç", &[67, 34], &[66, 35]),
        (a(100) + "`", &[67, 34], &[66, 35]),
    ];
    for (text, narrow, wide) in table {
        assert_eq!(units(text, Way::Udh8), *narrow, "{text}");
        assert_eq!(units(text, Way::Udh16), *wide, "{text}");
        assert_eq!(units(text, Way::Sar), *narrow, "{text}");
        assert_eq!(
            units(text, Way::Payload),
            [narrow.iter().sum::<usize>()],
            "{text}"
        );
    }
}

#[test]
fn what_fits_beside_a_header_depends_on_the_alphabet() {
    let table = [
        (0, 160, 140, 70),
        (4, 155, 136, 68),
        (6, 153, 134, 67),
        (7, 152, 133, 66),
        (9, 149, 131, 65),
        (12, 146, 128, 64),
    ];
    for (header, septets, octets, pairs) in table {
        assert_eq!(Unit::Gsm.capacity(header), septets);
        assert_eq!(Unit::Converted.capacity(header), septets);
        assert_eq!(Unit::Octet.capacity(header), octets);
        assert_eq!(Unit::Ucs2.capacity(header), pairs * 2);
    }
    assert_eq!(Unit::Gsm.capacity(300), 0);
}

#[test]
fn octets_on_the_air_and_octets_that_are_converted_count_differently() {
    let octets = [b'x'; 160];
    assert_eq!(lengths(&octets[..140], Unit::Octet, Way::Udh8, &[]), [140]);
    assert_eq!(lengths(&octets, Unit::Octet, Way::Udh8, &[]), [134, 26]);
    assert_eq!(lengths(&octets, Unit::Octet, Way::Udh16, &[]), [133, 27]);
    assert_eq!(lengths(&octets, Unit::Converted, Way::Udh8, &[]), [160]);
    assert_eq!(
        lengths(&[b'['; 81], Unit::Converted, Way::Udh8, &[]),
        [76, 5]
    );
}

#[test]
fn ports_go_into_every_segment_and_take_their_room() {
    let ports = b"\x05\x04\x0B\x84\x23\xF0";
    assert_eq!(lengths(&[0; 133], Unit::Octet, Way::Udh8, ports), [133]);
    assert_eq!(lengths(&[0; 134], Unit::Octet, Way::Udh8, ports), [128, 6]);
    for length in [133, 134] {
        let octets = vec![0; length];
        let segments = Segments::new(&octets, Unit::Octet, Way::Udh8, ports, 7, 9).unwrap();
        for segment in segments.iter() {
            let mut user_data = Vec::new();
            segment.put_user_data(&mut user_data);
            assert!(segment.has_udh() && user_data.len() <= 140);
            let (header, text) = udh::read(&user_data).unwrap();
            assert_eq!(header.ports().map(|ports| ports.destination), Some(2948));
            assert_eq!(text, segment.octets);
            assert_eq!(header.concat().is_some(), segments.total() > 1);
        }
    }
}

#[test]
fn more_segments_than_allowed_are_refused() {
    let count = |length: usize, most| {
        let octets = vec![b'a'; length];
        Segments::new(&octets, Unit::Gsm, Way::Udh8, &[], 7, most).map(|parts| parts.total())
    };
    assert_eq!(count(255 * 153, 255), Ok(255));
    assert_eq!(
        count(255 * 153 + 1, 255),
        Err(TooManySegments { most: 255 })
    );
    assert_eq!(count(306, 2), Ok(2));
    assert_eq!(count(307, 2), Err(TooManySegments { most: 2 }));
}

#[test]
fn elements_that_leave_no_room_are_refused() {
    let elements = [0; 139];
    let refused = Segments::new(b"ab", Unit::Octet, Way::Udh8, &elements, 7, 255);
    assert_eq!(
        refused.map(|parts| parts.total()),
        Err(TooManySegments { most: 255 })
    );
}

#[test]
fn parameters_do_not_number_segments_that_have_a_header() {
    let ports = b"\x05\x04\x0B\x84\x23\xF0";
    let segments = Segments::new(&[0; 200], Unit::Octet, Way::Sar, ports, 7, 9).unwrap();
    let segment = segments.iter().next().unwrap();
    let (mut user_data, mut tlvs) = (Vec::new(), Vec::new());
    segment.put_user_data(&mut user_data);
    segment.put_tlvs(&mut tlvs);
    let (header, _) = udh::read(&user_data).unwrap();
    assert!(segment.has_udh() && header.concat().is_some() && tlvs.is_empty());
}

#[test]
fn segments_are_numbered_in_header_or_parameters() {
    let octets = [b'a'; 200];
    let written = |way| {
        let segments = Segments::new(&octets, Unit::Gsm, way, &[], 0x1234, 255).unwrap();
        let segment = segments.iter().last().unwrap();
        let (mut user_data, mut tlvs) = (Vec::new(), Vec::new());
        segment.put_user_data(&mut user_data);
        segment.put_tlvs(&mut tlvs);
        (segment.has_udh(), user_data, tlvs)
    };
    let (has_udh, user_data, tlvs) = written(Way::Udh8);
    assert!(has_udh && user_data.starts_with(b"\x05\x00\x03\x34\x02\x02a") && tlvs.is_empty());
    let (has_udh, user_data, tlvs) = written(Way::Udh16);
    assert!(has_udh && user_data.starts_with(b"\x06\x08\x04\x12\x34\x02\x02a") && tlvs.is_empty());
    let (has_udh, user_data, tlvs) = written(Way::Sar);
    let sar = Tlvs::new(&tlvs).sar().unwrap();
    assert_eq!((sar.reference, sar.total, sar.seqnum), (0x34, 2, 2));
    assert_eq!((has_udh, user_data.len()), (false, 47));
    let (has_udh, user_data, tlvs) = written(Way::Payload);
    assert_eq!((has_udh, user_data.len(), tlvs.len()), (false, 200, 0));
}

/// Texts with characters of every cost.
fn text() -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        Just("aé€[\u{0C}\n"),
        Just("a"),
        Just("€"),
        Just("aжç😀€"),
        Just("😀"),
    ];
    (
        characters,
        proptest::collection::vec(any::<proptest::sample::Index>(), 0..900),
    )
        .prop_map(|(characters, picks)| {
            let characters: Vec<char> = characters.chars().collect();
            picks.iter().map(|pick| *pick.get(&characters)).collect()
        })
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Udh8), Just(Way::Udh16), Just(Way::Sar)]
}

proptest! {
    #[test]
    fn segments_hold_whole_characters_and_join_to_the_text(text in text(), way in way()) {
        let encoded = encode_auto(&text);
        let unit = Unit::of(encoded.coding, DefaultAlphabet::Gsm);
        let segments = Segments::new(&encoded.octets, unit, way, &[], 7, 255).unwrap();
        let mut message = Assembly::new(segments.total());
        let mut read = String::new();
        for segment in segments.iter() {
            let numbered = segments.total() > 1;
            let header = if numbered { 6 } else { 0 };
            prop_assert!(segment.octets.len() <= unit.capacity(header));
            prop_assert!(!segment.octets.is_empty() || text.is_empty());
            // Each segment reads as text by itself: no character was cut.
            match unit {
                Unit::Ucs2 => read.push_str(&ucs2::decode(segment.octets)),
                _ => read.push_str(&gsm7::decode(segment.octets)),
            }
            let last = segment.part.seqnum == segments.total();
            let added = message.add(segment.part.seqnum, segment.octets);
            prop_assert_eq!(added, if last { Added::Complete } else { Added::Waiting });
        }
        prop_assert_eq!(read, text);
        prop_assert_eq!(message.join(), encoded.octets);
    }

    #[test]
    fn any_octets_are_cut_and_joined_unchanged(
        octets in proptest::collection::vec(any::<u8>(), 0..2_000),
        unit in proptest::sample::select(vec![Unit::Gsm, Unit::Converted, Unit::Ucs2, Unit::Octet]),
        way in way(),
        others in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        if let Ok(segments) = Segments::new(&octets, unit, way, &others, 0xFFFF, 255) {
            let joined: Vec<u8> =
                segments.iter().flat_map(|segment| segment.octets.iter().copied()).collect();
            prop_assert_eq!(&joined, &octets);
            for segment in segments.iter() {
                let mut user_data = Vec::new();
                segment.put_user_data(&mut user_data);
                prop_assert!(user_data.len() <= 254);
            }
        }
    }
}

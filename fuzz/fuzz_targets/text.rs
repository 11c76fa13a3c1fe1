//! Any octets as text, headers and segments: reading never panics, what is cut joins to the same
//! octets, and text that is written reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smppgate_codec::code::DataCoding;
use smppgate_codec::text::join::{Added, Assembly};
use smppgate_codec::text::split::{Segments, Unit, Way};
use smppgate_codec::text::{DefaultAlphabet, decode, encode_auto, gsm7, udh};
use smppgate_codec::time::{schedule, validity};

fuzz_target!(|input: (u8, u8, u16, &[u8])| {
    let (coding, choice, reference, octets) = input;
    let coding = DataCoding(coding);
    let default = match choice % 3 {
        0 => DefaultAlphabet::Gsm,
        1 => DefaultAlphabet::Latin1,
        _ => DefaultAlphabet::Ascii,
    };
    if let Some(text) = decode(coding, default, octets) {
        let encoded = encode_auto(&text);
        // A mark of byte order at the start is obeyed, not shown.
        if !text.starts_with(['\u{FEFF}', '\u{FFFE}']) {
            let again = decode(encoded.coding, DefaultAlphabet::Gsm, &encoded.octets);
            assert_eq!(again.as_deref(), Some(&*text));
        }
    }
    gsm7::decode(&gsm7::unpack(octets, choice));
    let now = i64::from(reference) << 16;
    let due = schedule(octets, now).ok().flatten();
    if let Ok(Some(end)) = validity(octets, now, due) {
        assert!(end > now);
    }

    let (others, octets) = match udh::read(octets) {
        Ok((header, text)) => {
            assert_eq!(header.octets_len() + text.len(), octets.len());
            let _ = (header.concat(), header.ports());
            (header.without_concat(), text)
        }
        Err(_) => (Vec::new(), octets),
    };
    let way = match choice / 3 % 4 {
        0 => Way::Udh8,
        1 => Way::Udh16,
        2 => Way::Sar,
        _ => Way::Payload,
    };
    let unit = Unit::of(coding, default);
    let Ok(segments) = Segments::new(octets, unit, way, &others, reference, 255) else {
        return;
    };
    let mut message = Assembly::new(segments.total());
    for segment in segments.iter() {
        let mut user_data = Vec::new();
        segment.put_user_data(&mut user_data);
        assert!(way == Way::Payload || user_data.len() <= 254);
        let text = if segment.has_udh() {
            udh::read(&user_data).unwrap().1
        } else {
            &user_data
        };
        assert_eq!(text, segment.octets);
        assert_ne!(message.add(segment.part.seqnum, text), Added::Refused);
    }
    assert!(message.is_complete());
    assert_eq!(message.join(), octets);
});

//! What an account may submit: from whom, to whom, and how long.

use super::account::Account;
use crate::message::Content;
use smppgate_codec::code::{Alphabet, Command, DataCoding, Status, Tag};
use smppgate_codec::frame;
use smppgate_codec::pdu::{Data, Sm};
use smppgate_codec::text::split::{Segments, Unit, Way};
use smppgate_codec::text::{DefaultAlphabet, decode, gsm7, ucs2, udh};

/// Octets that fit into any segment, however they are written: beside the header that numbers it
/// there are 152 septets or 132 octets, and an octet of text takes two septets at most.
const SEGMENT_OCTETS_MIN: usize = 66;

/// A message that its account may submit.
#[derive(Debug)]
pub struct Admitted {
    /// The message, with the source that its account forces on it.
    pub content: Content,
    /// Segments that it becomes.
    pub segments: u32,
}

/// Holds a message to the terms of its account; the status that says what they do not allow.
pub fn held_to(account: &Account, content: Content) -> Result<Admitted, Status> {
    if !account.senders.is_empty() && !account.senders.contain(content.source().digits) {
        return Err(Status::ESME_RINVSRCADR);
    }
    let destination = content.destination().digits;
    if !account.destinations.is_empty() && !account.destinations.contain(destination) {
        return Err(Status::ESME_RINVDSTADR);
    }
    // Most messages are too short to be too long, and most accounts are not counted.
    let most = match account.max_segments {
        0 => u32::MAX,
        most => u32::from(most),
    };
    let is_short = content.pdu().len() <= SEGMENT_OCTETS_MIN.saturating_mul(most as usize);
    let segments = match is_short && !account.is_counted() && !content.esm_class().has_udh() {
        true => 1,
        false => segments(&content, account.alphabet),
    };
    if segments > most {
        return Err(Status::ESME_RINVMSGLEN);
    }
    let content = content.in_alphabet(account.alphabet);
    let content = match &account.force_source {
        Some(forced) => content.with_source(forced.ton, forced.npi, &forced.address),
        None => content,
    };
    Ok(Admitted { content, segments })
}

/// Whether a message has more segments than its account may submit.
pub fn is_too_long(account: &Account, content: &Content) -> bool {
    let most = u32::from(account.max_segments);
    most > 0 && segments(content, account.alphabet) > most
}

/// Segments that a message becomes on the air, 256 for all that are longer.
fn segments(content: &Content, alphabet: DefaultAlphabet) -> u32 {
    let Ok(Some(frame)) = frame::next(content.pdu(), frame::LENGTH_MAX) else {
        return 1;
    };
    let read = match content.command() {
        Command::DATA_SM => Data::decode(&frame).map(|data| {
            let payload = data.tlvs.find(Tag::MESSAGE_PAYLOAD);
            (data.data_coding, payload.unwrap_or_default())
        }),
        _ => Sm::decode(&frame).map(|sm| (sm.data_coding, sm.user_data())),
    };
    let Ok((coding, user_data)) = read else {
        return 1;
    };
    let (header, text) = match content.esm_class().has_udh() {
        true => udh::read(user_data).unwrap_or((udh::Udh::default(), user_data)),
        false => (udh::Udh::default(), user_data),
    };
    count(coding, alphabet, &header.without_concat(), text)
}

fn count(coding: DataCoding, alphabet: DefaultAlphabet, others: &[u8], text: &[u8]) -> u32 {
    let mut unit = Unit::of(coding, alphabet);
    // What the alphabet of phones does not hold reaches them in UCS-2.
    let wide = match (coding.alphabet(), alphabet) {
        (_, DefaultAlphabet::Gsm) => None,
        (Alphabet::Default, _) => decode(coding, alphabet, text)
            .filter(|text| gsm7::encode(text).is_none())
            .map(|text| ucs2::encode(&text)),
        _ => None,
    };
    if wide.is_some() {
        unit = Unit::Ucs2;
    }
    let text = wide.as_deref().unwrap_or(text);
    Segments::new(text, unit, Way::Udh8, others, 0, u8::MAX)
        .map_or(256, |segments| u32::from(segments.total()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esme::ForcedSource;
    use crate::route::Sources;
    use bytes::BytesMut;
    use smppgate_codec::code::EsmClass;
    use smppgate_codec::pdu::{Address, Tlv, Tlvs};
    use smppgate_codec::wire::PduWriter;

    fn content(sm: &Sm<'_>) -> Content {
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, 9);
        sm.put(writer.body());
        drop(writer);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Content::of_sm(&frame, &Sm::decode(&frame).unwrap())
    }

    fn message<'a>() -> Sm<'a> {
        Sm {
            source: Address::new(5, 0, b"ACME"),
            destination: Address::new(1, 1, b"+447700900123"),
            short_message: b"hello",
            ..Sm::default()
        }
    }

    fn patterns(texts: &[&str]) -> Sources {
        let patterns: Vec<_> = texts.iter().map(|text| text.parse().unwrap()).collect();
        Sources::new(&patterns)
    }

    /// Segments of a payload as an account whose segments are counted sees them.
    fn counted(coding: u8, alphabet: DefaultAlphabet, text: &[u8]) -> Result<u32, Status> {
        let mut payload = BytesMut::new();
        let tag = Tag::MESSAGE_PAYLOAD;
        Tlv { tag, value: text }.put(&mut payload);
        let sm = Sm {
            data_coding: DataCoding(coding),
            short_message: b"",
            tlvs: Tlvs::new(&payload),
            ..message()
        };
        let account = Account {
            alphabet,
            rate: 1,
            ..Account::default()
        };
        held_to(&account, content(&sm)).map(|admitted| admitted.segments)
    }

    #[test]
    fn a_payload_counts_its_segments_by_its_alphabet() {
        use DefaultAlphabet::{Gsm, Latin1};
        for (coding, alphabet, octet, length, segments) in [
            (0, Gsm, b'a', 160, 1),
            (0, Gsm, b'a', 161, 2),
            (0, Gsm, b'a', 306, 2),
            (0, Gsm, b'a', 307, 3),
            (0, Latin1, b'[', 80, 1),
            (0, Latin1, b'[', 81, 2),
            (0, Latin1, 0xEA, 70, 1),
            (0, Latin1, 0xEA, 71, 2),
            (0, Latin1, 0xE9, 160, 1),
            (3, Gsm, b'a', 140, 1),
            (3, Gsm, b'a', 141, 2),
            (8, Gsm, b'a', 140, 1),
            (8, Gsm, b'a', 142, 2),
            (4, Gsm, b'a', 1_340, 10),
        ] {
            let told = counted(coding, alphabet, &vec![octet; length]);
            assert_eq!(told, Ok(segments), "{coding} {alphabet:?} {length}");
        }
    }

    #[test]
    fn more_segments_than_the_account_may_send_are_refused_counted_or_not() {
        for length in [1_341, 1_531, 60_000] {
            let told = counted(4, DefaultAlphabet::Gsm, &vec![0; length]);
            assert_eq!(told, Err(Status::ESME_RINVMSGLEN), "{length}");
        }
        let long = [b'a'; 161];
        let sm = Sm {
            short_message: &long,
            ..message()
        };
        let one = |max_segments| Account {
            max_segments,
            ..Account::default()
        };
        let told = held_to(&one(1), content(&sm)).map(|admitted| admitted.segments);
        assert_eq!(told, Err(Status::ESME_RINVMSGLEN));
        assert!(held_to(&one(2), content(&sm)).is_ok());
        assert!(held_to(&one(0), content(&sm)).is_ok());
        // A segment of a longer message is one segment, header and all.
        let header = b"\x05\x00\x03\x01\x02\x01";
        let segment = [&header[..], &[b'a'; 153]].concat();
        let sm = Sm {
            esm_class: EsmClass(0x40),
            short_message: &segment,
            ..message()
        };
        assert!(held_to(&one(1), content(&sm)).is_ok());
    }

    #[test]
    fn senders_and_destinations_are_held_to_their_lists() {
        let account = Account {
            senders: patterns(&["ACME", "4477*"]),
            destinations: patterns(&["4477*"]),
            ..Account::default()
        };
        let told = |source, destination| {
            let sm = Sm {
                source: Address::new(0, 0, source),
                destination: Address::new(1, 1, destination),
                ..message()
            };
            held_to(&account, content(&sm)).err()
        };
        assert_eq!(told(b"ACME", b"+447700900123"), None);
        assert_eq!(told(b"00447700900555", b"447700900123"), None);
        assert_eq!(
            told(b"ACME2", b"447700900123"),
            Some(Status::ESME_RINVSRCADR)
        );
        assert_eq!(told(b"", b"447700900123"), Some(Status::ESME_RINVSRCADR));
        assert_eq!(told(b"ACME", b"33612345678"), Some(Status::ESME_RINVDSTADR));
    }

    #[test]
    fn a_forced_source_takes_the_place_of_the_one_that_was_written() {
        let account = Account {
            force_source: Some(ForcedSource::new("4477009")),
            ..Account::default()
        };
        let before = content(&message());
        let after = held_to(&account, before.clone()).unwrap().content;
        assert_eq!(after.source(), Address::new(1, 1, b"4477009"));
        assert_eq!(after.written_source(), before.source());
        assert_eq!(after.destination(), before.destination());
        assert_eq!(after.registered_delivery(), before.registered_delivery());
        let frame = frame::next(after.pdu(), frame::LENGTH_MAX)
            .unwrap()
            .unwrap();
        let sm = Sm::decode(&frame).unwrap();
        assert_eq!(sm.source, after.source());
        assert_eq!(sm.short_message, b"hello");
    }
}

//! The text of a message in another default alphabet than the one that it was written in.

use super::content::Content;
use super::long::{frame_of, put, view};
use smppgate_codec::code::{Alphabet, DataCoding};
use smppgate_codec::pdu::Sm;
use smppgate_codec::text::{DefaultAlphabet, decode, gsm7, latin1, ucs2, udh};

/// The text of these octets as somebody reads it for whom data_coding 0 means `to` and not `from`,
/// or in UCS-2 if that has not all of its characters; `None` if it stays as it is.
pub fn transcoded(
    from: DefaultAlphabet,
    to: DefaultAlphabet,
    coding: DataCoding,
    octets: &[u8],
) -> Option<(DataCoding, Vec<u8>)> {
    if to == from || coding.alphabet() != Alphabet::Default {
        return None;
    }
    let text = decode(coding, from, octets)?;
    let encoded = match to {
        DefaultAlphabet::Gsm => gsm7::encode(&text),
        DefaultAlphabet::Latin1 => latin1::encode(&text),
        DefaultAlphabet::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
    };
    Some(match encoded {
        Some(encoded) => (coding, encoded),
        None => {
            // A message class, such as flash, goes along.
            let wide = match coding.0 {
                0x10..=0x1F | 0xF0..=0xFF => DataCoding(0x18 | coding.0 & 3),
                _ => DataCoding::UCS2,
            };
            (wide, ucs2::encode(&text))
        }
    })
}

/// A message from a phone as its account reads it.
pub fn in_alphabet(content: Content, to: DefaultAlphabet) -> Content {
    if content.alphabet() == to {
        return content;
    }
    rewritten(&content, to).unwrap_or(content).in_alphabet(to)
}

fn rewritten(content: &Content, to: DefaultAlphabet) -> Option<Content> {
    let frame = frame_of(content)?;
    let sm = view(&frame)?;
    let user_data = sm.user_data();
    let header = match udh::read(user_data) {
        Ok((_, text)) if sm.esm_class.has_udh() => &user_data[..user_data.len() - text.len()],
        _ => &[],
    };
    let text = &user_data[header.len()..];
    let (data_coding, text) = transcoded(content.alphabet(), to, sm.data_coding, text)?;
    let user_data = [header, &text].concat();
    put(content, Sm { data_coding, ..sm }, &user_data, |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::code::{Command, EsmClass, Status, Tag};
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Tlvs};

    use DefaultAlphabet::{Ascii, Gsm, Latin1};

    fn content(sm: Sm<'_>) -> Content {
        let mut out = bytes::BytesMut::new();
        Pdu::DeliverSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Content::of_sm(&frame, &Sm::decode(&frame).unwrap())
    }

    fn read(content: &Content, check: impl FnOnce(Sm<'_>)) {
        let frame = frame_of(content).unwrap();
        assert_eq!(frame.header.command, Command::DELIVER_SM);
        check(Sm::decode(&frame).unwrap());
    }

    #[test]
    fn a_text_keeps_its_characters_and_its_header() {
        let written = Sm {
            esm_class: EsmClass(0x40),
            short_message: b"\x05\0\x03\x07\x02\x01\0\x7B\x1B\x3C",
            tlvs: Tlvs::new(b"\x02\x04\0\x02\x12\x34"),
            ..Sm::default()
        };
        let told = in_alphabet(content(written), Latin1);
        assert_eq!(told.alphabet(), Latin1);
        read(&told, |sm| {
            assert_eq!(sm.short_message, b"\x05\0\x03\x07\x02\x01@\xE4[");
            assert_eq!(
                (sm.esm_class, sm.data_coding),
                (written.esm_class, DataCoding(0))
            );
            assert_eq!(sm.tlvs.number(Tag::USER_MESSAGE_REFERENCE), Some(0x1234));
        });
    }

    #[test]
    fn what_the_alphabet_lacks_comes_in_ucs_2_and_in_a_payload_if_it_is_long() {
        let euros = b"\x1B\x65".repeat(70);
        for (text, in_payload) in [
            (&euros[..4], false),
            (&euros[..], false),
            (&[b'a'; 158][..], true),
        ] {
            let written = Sm {
                short_message: &[text, b"\x1B\x65"].concat(),
                ..Sm::default()
            };
            let told = in_alphabet(content(written), Latin1);
            read(&told, |sm| {
                assert_eq!(sm.data_coding, DataCoding::UCS2);
                assert_eq!(sm.short_message.is_empty(), in_payload);
                let text = decode(sm.data_coding, Latin1, sm.user_data())
                    .unwrap()
                    .into_owned();
                assert!(text.ends_with('€'), "{text}");
            });
        }
    }

    #[test]
    fn what_has_another_alphabet_or_none_stays_as_it_is() {
        for coding in [1, 3, 4, 8] {
            let data_coding = DataCoding(coding);
            assert_eq!(transcoded(Gsm, Latin1, data_coding, b"@"), None);
        }
        assert_eq!(transcoded(Gsm, Gsm, DataCoding(0), b"\0"), None);
        let flash = transcoded(Latin1, Ascii, DataCoding(0xF0), b"\xE4");
        assert_eq!(flash, Some((DataCoding(0x18), vec![0, 0xE4])));
    }
}

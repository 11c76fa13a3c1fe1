//! The word that a message from a phone begins with.

use super::content::Content;
use super::long::{frame_of, view};
use smppgate_codec::text::{decode, udh};

/// Characters of a keyword at most; a longer word is none.
pub const KEYWORD_MAX: usize = 32;

/// The first word of the text in lower case, without what stands around it; `None` if there is no
/// text or its first word is too long to be a keyword.
pub fn keyword(content: &Content) -> Option<String> {
    let frame = frame_of(content)?;
    let sm = view(&frame)?;
    let user_data = sm.user_data();
    let text = match udh::read(user_data) {
        Ok((_, text)) if sm.esm_class.has_udh() => text,
        _ => user_data,
    };
    let text = decode(sm.data_coding, content.alphabet(), text)?;
    let mut words = text.split(|character: char| !character.is_alphanumeric());
    let word = words.find(|word| !word.is_empty())?.to_lowercase();
    (word.chars().count() <= KEYWORD_MAX).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::code::{DataCoding, EsmClass, Status};
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};
    use smppgate_codec::text::ucs2;

    fn read(coding: u8, esm_class: u8, text: &[u8]) -> Option<String> {
        let mut out = bytes::BytesMut::new();
        let sm = Sm {
            data_coding: DataCoding(coding),
            esm_class: EsmClass(esm_class),
            short_message: text,
            ..Sm::default()
        };
        Pdu::DeliverSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        keyword(&Content::of_sm(&frame, &Sm::decode(&frame).unwrap()))
    }

    #[test]
    fn it_is_the_first_word_in_whatever_case_and_alphabet() {
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(read(0, 0, b"STOP"), is("stop"));
        assert_eq!(read(0, 0, b"  \"Stop!\" please"), is("stop"));
        assert_eq!(read(0, 0x40, b"\x05\0\x03\x07\x02\x01Join us"), is("join"));
        assert_eq!(read(8, 0, &ucs2::encode("СТОП сейчас")), is("стоп"));
        assert_eq!(read(0, 0, b" ... "), None);
        assert_eq!(read(4, 0, b"STOP"), None);
        assert_eq!(read(0, 0, &[b'a'; KEYWORD_MAX + 1]), None);
    }
}

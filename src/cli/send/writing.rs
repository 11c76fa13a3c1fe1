//! From what the user writes to the fields of a submit_sm.

use bytes::BytesMut;
use smppgate_codec::code::{Alphabet, DataCoding, EsmClass, RegisteredDelivery, Tag};
use smppgate_codec::pdu::{Address, Sm, Tlv, Tlvs};
use smppgate_codec::text::split::{Segments, Unit, Way};
use smppgate_codec::text::{DefaultAlphabet, encode_auto, gsm7, latin1, ucs2};

/// Segments that a message may have: what one octet can count.
const SEGMENTS_MAX: u8 = 255;

/// Longest address that submit_sm carries.
const ADDRESS_MAX: usize = 20;

/// Longest alphanumeric source that a phone shows.
const ALPHANUMERIC_MAX: usize = 11;

/// How a text becomes octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// The GSM alphabet if it has all characters, else UCS-2.
    Auto,
    /// This data_coding.
    Fixed(DataCoding),
}

/// Who a message is from or to, with type of number and numbering plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    ton: u8,
    npi: u8,
    digits: String,
}

/// A message, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    coding: DataCoding,
    octets: Vec<u8>,
}

/// Reads a data_coding by name or number.
pub fn coding(text: &str) -> Result<Coding, String> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    match (text, number) {
        ("auto", _) => Ok(Coding::Auto),
        ("gsm", _) => Ok(Coding::Fixed(DataCoding(0))),
        ("latin1", _) => Ok(Coding::Fixed(DataCoding(3))),
        ("ucs2", _) => Ok(Coding::Fixed(DataCoding::UCS2)),
        (_, Some(number)) => Ok(Coding::Fixed(DataCoding(number))),
        _ => Err("not auto, gsm, ucs2, latin1 or a number of 0 to 255".into()),
    }
}

/// Reads a destination: digits, perhaps with a + in front.
pub fn destination(text: &str) -> Result<Party, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err("not a phone number like +33612345678".into());
    }
    if digits.len() > ADDRESS_MAX {
        return Err(format!("longer than {ADDRESS_MAX} digits"));
    }
    Ok(Party {
        ton: 1,
        npi: 1,
        digits: digits.into(),
    })
}

/// Reads a source: a number, or a name of up to eleven characters.
pub fn source(text: &str) -> Result<Party, String> {
    if !text.is_empty()
        && let Ok(mut number) = destination(text)
    {
        // A short code is no international number.
        if number.digits.len() < 8 && !text.starts_with('+') {
            number.ton = 0;
        }
        return Ok(number);
    }
    if text.len() > ALPHANUMERIC_MAX || !text.bytes().all(|octet| (b' '..=b'~').contains(&octet)) {
        return Err(format!(
            "neither a number nor a name of {ALPHANUMERIC_MAX} ASCII characters at most"
        ));
    }
    Ok(Party {
        ton: if text.is_empty() { 0 } else { 5 },
        npi: 0,
        digits: text.into(),
    })
}

/// Reads how a long text goes.
pub fn way(text: &str) -> Result<Way, String> {
    match text {
        "udh" => Ok(Way::Udh8),
        "sar" => Ok(Way::Sar),
        "payload" => Ok(Way::Payload),
        _ => Err("not udh, sar or payload".into()),
    }
}

/// Reads an octet, as a decimal number.
pub fn octet(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| "not a number of 0 to 255".into())
}

/// Encodes a text; an error says why that coding cannot hold it.
pub fn encode(text: &str, coding: Coding) -> Result<Encoded, String> {
    let Coding::Fixed(coding) = coding else {
        let encoded = encode_auto(text);
        return Ok(Encoded {
            coding: encoded.coding,
            octets: encoded.octets,
        });
    };
    let (octets, alphabet) = match coding.alphabet() {
        Alphabet::Default => (gsm7::encode(text), "the GSM alphabet"),
        Alphabet::Ascii => (text.is_ascii().then(|| text.into()), "ASCII"),
        Alphabet::Latin1 => (latin1::encode(text), "ISO 8859-1"),
        Alphabet::Ucs2 => (Some(ucs2::encode(text)), "UCS-2"),
        Alphabet::Binary => {
            return Err(format!("data_coding {} is none for text", coding.0));
        }
    };
    match octets {
        Some(octets) => Ok(Encoded { coding, octets }),
        None => Err(format!("the text has characters that {alphabet} lacks")),
    }
}

/// Writes the bodies of the submit_sm, one for each segment.
pub fn bodies(
    from: &Party,
    to: &Party,
    text: &Encoded,
    receipt: bool,
    way: Way,
    reference: u16,
) -> Result<Vec<BytesMut>, String> {
    let unit = Unit::of(text.coding, DefaultAlphabet::Gsm);
    let segments = Segments::new(&text.octets, unit, way, &[], reference, SEGMENTS_MAX)
        .map_err(|error| error.to_string())?;
    let body = |segment: smppgate_codec::text::split::Segment<'_>| {
        let mut user_data = Vec::with_capacity(160);
        segment.put_user_data(&mut user_data);
        let mut tlvs = BytesMut::new();
        segment.put_tlvs(&mut tlvs);
        if way == Way::Payload {
            Tlv {
                tag: Tag::MESSAGE_PAYLOAD,
                value: &user_data,
            }
            .put(&mut tlvs);
            user_data.clear();
        }
        let class = if segment.has_udh() { EsmClass::UDHI } else { 0 };
        let sm = Sm {
            source: from.address(),
            destination: to.address(),
            esm_class: EsmClass(class),
            registered_delivery: RegisteredDelivery(u8::from(receipt)),
            data_coding: text.coding,
            short_message: &user_data,
            tlvs: Tlvs::new(&tlvs),
            ..Sm::default()
        };
        let mut body = BytesMut::new();
        sm.put(&mut body);
        body
    };
    Ok(segments.iter().map(body).collect())
}

impl Party {
    /// The same with another type of number or numbering plan.
    pub fn numbered(&self, ton: Option<u8>, npi: Option<u8>) -> Self {
        Self {
            ton: ton.unwrap_or(self.ton),
            npi: npi.unwrap_or(self.npi),
            digits: self.digits.clone(),
        }
    }

    fn address(&self) -> Address<'_> {
        Address::new(self.ton, self.npi, self.digits.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_short_codes_get_their_type_of_number() {
        let ton = |text| source(text).map(|party| (party.ton, party.npi));
        assert_eq!(ton("+4412"), Ok((1, 1)));
        assert_eq!(ton("447700900123"), Ok((1, 1)));
        assert_eq!(ton("36034"), Ok((0, 1)));
        assert_eq!(ton("MyBrand"), Ok((5, 0)));
        assert_eq!(ton(""), Ok((0, 0)));
        assert!(source("a name too long").is_err());
        for wrong in ["", "+", "MyBrand", "123456789012345678901"] {
            assert!(destination(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_is_refused_by_a_coding_that_cannot_hold_it() {
        let octets = |text, name| encode(text, coding(name).unwrap()).map(|text| text.octets);
        assert_eq!(octets("é", "latin1"), Ok(vec![0xE9]));
        assert_eq!(octets("é", "auto"), Ok(vec![0x05]));
        assert_eq!(octets("ж", "auto"), Ok(vec![0x04, 0x36]));
        assert!(octets("ж", "gsm").is_err());
        assert!(octets("é", "1").is_err());
        assert!(octets("x", "4").is_err());
        assert!(coding("256").is_err() && coding("utf8").is_err());
    }

    #[test]
    fn a_long_text_becomes_segments_with_a_header() {
        let text = encode(&"x".repeat(161), Coding::Auto).unwrap();
        let to = destination("+33612345678").unwrap();
        let from = source("Shop").unwrap();
        let written = |way| bodies(&from, &to, &text, true, way, 7).unwrap();
        let has = |body: &[u8], octets: &[u8]| body.windows(octets.len()).any(|w| w == octets);
        let udh = written(Way::Udh8);
        assert_eq!(udh.len(), 2);
        assert!(has(&udh[1], &[5, 0, 3, 7, 2, 2]));
        let sar = written(Way::Sar);
        assert_eq!(sar.len(), 2);
        assert!(has(&sar[1], &[0x02, 0x0F, 0, 1, 2]));
        let payload = written(Way::Payload);
        assert_eq!(payload.len(), 1);
        assert!(has(&payload[0], &[0x04, 0x24, 0, 161, b'x']));
    }
}

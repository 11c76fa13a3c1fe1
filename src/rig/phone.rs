//! Phones that write: single messages, and some that do so by themselves.

use smppgate_codec::code::DataCoding;
use smppgate_codec::text::split::{Segments, Unit, Way};
use smppgate_codec::text::{DefaultAlphabet, encode_auto};

/// A message from a phone, for a simulated carrier to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inbound {
    /// The system_id whose binds get it; `None`: the first that can receive.
    pub system_id: Option<String>,
    /// The phone.
    pub source: String,
    /// The number that it wrote to.
    pub destination: String,
    /// esm_class.
    pub esm_class: u8,
    /// data_coding.
    pub data_coding: u8,
    /// short_message, 254 octets at most.
    pub body: Vec<u8>,
    /// Optional parameters as they stand on the wire.
    pub tlvs: Vec<u8>,
}

/// Phones that write to a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Phones {
    /// Messages per second, above 0.
    pub rate: f64,
    /// The first digits of the phones; six digits follow.
    pub from: String,
    /// The number that they write to.
    pub to: String,
    /// The texts, in turn; at least one.
    pub texts: Vec<String>,
    /// The system_id whose binds get them; `None`: the first that can receive.
    pub system_id: Option<String>,
}

impl Phones {
    /// Time from one message to the next, in nanoseconds.
    pub(super) fn pause(&self) -> u64 {
        (1e9 / self.rate.max(1e-6)) as u64
    }

    /// The message of this number, in as many segments as its text needs.
    pub(super) fn message(&self, number: u64) -> Vec<Inbound> {
        let place = number as usize % self.texts.len().max(1);
        let text = self.texts.get(place).map_or("", String::as_str);
        let encoded = encode_auto(text);
        let unit = Unit::of(encoded.coding, DefaultAlphabet::Gsm);
        let reference = number as u16;
        let one = |esm_class, data_coding: DataCoding, body| Inbound {
            system_id: self.system_id.clone(),
            source: format!("{}{:06}", self.from, number % 1_000_000),
            destination: self.to.clone(),
            esm_class,
            data_coding: data_coding.0,
            body,
            tlvs: Vec::new(),
        };
        match Segments::new(&encoded.octets, unit, Way::Udh8, &[], reference, u8::MAX) {
            Ok(segments) => segments
                .iter()
                .map(|segment| {
                    let mut body = Vec::new();
                    segment.put_user_data(&mut body);
                    one(
                        if segment.has_udh() { 0x40 } else { 0 },
                        encoded.coding,
                        body,
                    )
                })
                .collect(),
            // No phone writes that much; what it could write is sent.
            Err(_) => vec![one(0, encoded.coding, encoded.octets[..140].to_vec())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_write_their_texts_in_turn_and_long_ones_in_segments() {
        let phones = Phones {
            rate: 10.0,
            from: "336".into(),
            to: "36034".into(),
            texts: vec!["STOP".into(), "ж".repeat(80)],
            system_id: None,
        };
        assert_eq!(phones.pause(), 100_000_000);
        let short = phones.message(0);
        assert_eq!((short.len(), &short[0].body[..]), (1, &b"STOP"[..]));
        assert_eq!(short[0].source, "336000000");
        let long = phones.message(1);
        assert_eq!(
            (long.len(), long[1].esm_class, long[1].data_coding),
            (2, 0x40, 8)
        );
        assert_eq!(phones.message(2)[0].body, b"STOP");
    }
}

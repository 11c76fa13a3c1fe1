//! Receipts as message centres write them that read Appendix B in their own way.

use bytes::{BufMut, BytesMut};
use smppgate_codec::code::{Command, DataCoding, EsmClass, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Data, Sm, Tlv, Tlvs};
use smppgate_codec::text::{self, DefaultAlphabet, latin1, ucs2};
use smppgate_codec::time::Civil;
use smppgate_codec::wire::PduWriter;

use super::named::Named;
use super::report::{Receipt, TEXT_MAX, stat};

/// How receipts look; the default is what the specification has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The words.
    pub text: Wording,
    /// How dates are written.
    pub dates: Dates,
    /// Minutes by which its clock is before UTC.
    pub zone_minutes: i32,
    /// The alphabet.
    pub alphabet: ReceiptAlphabet,
    /// How it repeats the beginning of the message.
    pub repeats: Repeats,
    /// The PDU and the field that carry the text.
    pub carriage: Carriage,
    /// The optional parameters.
    pub parameters: Parameters,
    /// esm_class.
    pub esm_class: u8,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            text: Wording::Full,
            dates: Dates::Ten,
            zone_minutes: 0,
            alphabet: ReceiptAlphabet::Ascii,
            repeats: Repeats::Masked,
            carriage: Carriage::ShortMessage,
            parameters: Parameters::Usual,
            esm_class: 0x04,
        }
    }
}

/// The words of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// As Appendix B has it.
    Full,
    /// id and stat alone.
    Short,
    /// Without err.
    WithoutErr,
    /// Everything in lower case.
    LowerCase,
    /// The state stands without the word before it.
    WithoutStatWord,
    /// A state that Appendix B does not have, unless it was delivered.
    OwnState,
    /// err has letters in it.
    LettersInErr,
    /// No text: the optional parameters say everything.
    Empty,
}

/// How a receipt writes its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// YYMMDDhhmm.
    Ten,
    /// YYMMDDhhmmss.
    Twelve,
    /// YYYYMMDDhhmmss.
    Fourteen,
}

/// The alphabet of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptAlphabet {
    /// ASCII beside data_coding 0.
    Ascii,
    /// ASCII beside data_coding 8.
    AsciiFlaggedUcs2,
    /// UCS-2 beside data_coding 8.
    Ucs2,
}

/// How a receipt repeats the beginning of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// Its octets, with dots for those that ASCII does not show.
    Masked,
    /// Its octets.
    Octets,
    /// Its characters in ISO 8859-1, with a question mark for what that does not show; data_coding 0
    /// is read as the GSM alphabet.
    Gsm,
    /// The same, and data_coding 0 is read as ISO 8859-1.
    Latin1,
    /// The same, and data_coding 0 is read as ASCII, which has nothing above 127.
    Ascii,
}

/// What carries a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    /// short_message of a deliver_sm.
    ShortMessage,
    /// message_payload of a deliver_sm.
    Payload,
    /// message_payload of a data_sm.
    DataSm,
}

/// The optional parameters of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameters {
    /// receipted_message_id and message_state.
    Usual,
    /// None.
    None,
    /// receipted_message_id without its NUL, message_state of two octets, network_error_code of
    /// four.
    WrongLengths,
    /// receipted_message_id announces more octets than are left.
    Overrun,
}

macro_rules! names {
    ($type:ty: $($name:literal = $variant:ident),+) => {
        impl Named for $type {
            const NAMES: &'static [(&'static str, Self)] = &[$(($name, Self::$variant)),+];
        }
    };
}

names!(Wording: "full" = Full, "short" = Short, "no-err" = WithoutErr, "lower-case" = LowerCase,
    "no-stat-word" = WithoutStatWord, "own-state" = OwnState, "letters-in-err" = LettersInErr,
    "empty" = Empty);
names!(Dates: "10" = Ten, "12" = Twelve, "14" = Fourteen);
names!(ReceiptAlphabet: "ascii" = Ascii, "ascii-flagged-ucs2" = AsciiFlaggedUcs2, "ucs2" = Ucs2);
names!(Repeats: "masked" = Masked, "octets" = Octets, "gsm" = Gsm, "latin1" = Latin1,
    "ascii" = Ascii);
names!(Carriage: "short_message" = ShortMessage, "payload" = Payload, "data_sm" = DataSm);
names!(Parameters: "usual" = Usual, "none" = None, "wrong-lengths" = WrongLengths,
    "overrun" = Overrun);

impl Shape {
    /// Appends the receipt under sequence number 0; its sender sets the true one.
    pub(super) fn put(&self, receipt: &Receipt<'_>, out: &mut BytesMut) {
        let text = self.words(receipt);
        let (octets, coding) = match self.alphabet {
            ReceiptAlphabet::Ascii => (text, DataCoding(0)),
            ReceiptAlphabet::AsciiFlaggedUcs2 => (text, DataCoding::UCS2),
            ReceiptAlphabet::Ucs2 => (ucs2::encode(&latin1::decode(&text)), DataCoding::UCS2),
        };
        let is_short = self.carriage == Carriage::ShortMessage && octets.len() <= 254;
        let mut tlvs = BytesMut::new();
        if !is_short {
            put(&mut tlvs, Tag::MESSAGE_PAYLOAD, &octets);
        }
        self.put_parameters(receipt, &mut tlvs);
        if self.carriage == Carriage::DataSm {
            let data = Data {
                source: receipt.destination,
                destination: receipt.source,
                esm_class: EsmClass(self.esm_class),
                registered_delivery: RegisteredDelivery(0),
                data_coding: coding,
                tlvs: Tlvs::new(&tlvs),
                ..Data::default()
            };
            let mut pdu = PduWriter::begin(out, Command::DATA_SM, Status::ESME_ROK, 0);
            return data.put(pdu.body());
        }
        let sm = Sm {
            source: receipt.destination,
            destination: receipt.source,
            esm_class: EsmClass(self.esm_class),
            data_coding: coding,
            short_message: if is_short { &octets } else { &[] },
            tlvs: Tlvs::new(&tlvs),
            ..Sm::default()
        };
        let mut pdu = PduWriter::begin(out, Command::DELIVER_SM, Status::ESME_ROK, 0);
        sm.put(pdu.body());
    }

    fn words(&self, receipt: &Receipt<'_>) -> Vec<u8> {
        let id = String::from_utf8_lossy(receipt.id);
        let delivered = receipt.is_delivered();
        let stat = match self.text {
            Wording::OwnState if !delivered => "FAILED".into(),
            _ => String::from_utf8_lossy(stat(receipt.state)).into_owned(),
        };
        let err = match (self.text, delivered) {
            (Wording::WithoutErr, _) => String::new(),
            (Wording::LettersInErr, _) => " err:0x1B".into(),
            (_, true) => " err:000".into(),
            (_, false) => " err:001".into(),
        };
        let stat_word = match self.text {
            Wording::WithoutStatWord => "",
            _ => "stat:",
        };
        let text = match self.text {
            Wording::Empty => return Vec::new(),
            Wording::Short => return format!("id:{id} stat:{stat}").into_bytes(),
            _ => format!(
                "id:{id} sub:001 dlvrd:00{} submit date:{} done date:{} {stat_word}{stat}{err} \
                 text:",
                u8::from(delivered),
                self.date(receipt.submitted),
                self.date(receipt.done),
            ),
        };
        let text = [text.as_bytes(), &self.repeated(receipt)].concat();
        match self.text {
            Wording::LowerCase => text.to_ascii_lowercase(),
            _ => text,
        }
    }

    fn repeated(&self, receipt: &Receipt<'_>) -> Vec<u8> {
        let start = |octets: &[u8]| octets[..octets.len().min(TEXT_MAX)].to_vec();
        let alphabet = match self.repeats {
            Repeats::Masked => return receipt.text(),
            Repeats::Octets => return start(receipt.user_data),
            Repeats::Gsm => DefaultAlphabet::Gsm,
            Repeats::Latin1 => DefaultAlphabet::Latin1,
            Repeats::Ascii => DefaultAlphabet::Ascii,
        };
        let Some(read) = text::decode(receipt.coding, alphabet, receipt.user_data) else {
            return start(receipt.user_data);
        };
        let most = match self.repeats {
            Repeats::Ascii => 0x7E,
            _ => 0xFF,
        };
        let shown = |one: char| match u8::try_from(one) {
            Ok(octet) if (0x20..=0x7E).contains(&octet) || (0xA0..=most).contains(&octet) => octet,
            _ => b'?',
        };
        read.chars().take(TEXT_MAX).map(shown).collect()
    }

    fn date(&self, unix: u64) -> String {
        let unix = i64::try_from(unix).unwrap_or(i64::MAX);
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = Civil::from_unix(unix.saturating_add(i64::from(self.zone_minutes) * 60));
        let minutes = format!("{month:02}{day:02}{hour:02}{minute:02}");
        match self.dates {
            Dates::Ten => format!("{:02}{minutes}", year % 100),
            Dates::Twelve => format!("{:02}{minutes}{second:02}", year % 100),
            Dates::Fourteen => format!("{year:04}{minutes}{second:02}"),
        }
    }

    fn put_parameters(&self, receipt: &Receipt<'_>, tlvs: &mut BytesMut) {
        let id = [receipt.id, &[0]].concat();
        let state = receipt.state.0;
        if let Some(reference) = receipt.user_message_reference {
            let reference = (reference as u16).to_be_bytes();
            put(tlvs, Tag::USER_MESSAGE_REFERENCE, &reference);
        }
        match self.parameters {
            Parameters::None => {}
            Parameters::Usual => {
                put(tlvs, Tag::RECEIPTED_MESSAGE_ID, &id);
                put(tlvs, Tag::MESSAGE_STATE, &[state]);
            }
            Parameters::WrongLengths => {
                put(tlvs, Tag::RECEIPTED_MESSAGE_ID, receipt.id);
                put(tlvs, Tag::MESSAGE_STATE, &[0, state]);
                put(tlvs, Tag::NETWORK_ERROR_CODE, b"\x03\x00\x00\x01");
            }
            Parameters::Overrun => {
                put(tlvs, Tag::MESSAGE_STATE, &[state]);
                tlvs.put_u16(Tag::RECEIPTED_MESSAGE_ID.0);
                tlvs.put_u16(65);
                tlvs.put_slice(&id);
            }
        }
    }
}

fn put(tlvs: &mut BytesMut, tag: Tag, value: &[u8]) {
    Tlv { tag, value }.put(tlvs);
}

#[cfg(test)]
mod tests {
    use smppgate_codec::code::MessageState;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Address, Pdu};
    use smppgate_codec::receipt::{self, Kind, Report, State};

    use super::*;

    /// Writes a receipt in this shape and reads it again: its id and its state.
    fn read_again(shape: Shape, state: MessageState) -> (Option<Vec<u8>>, Option<State>) {
        let receipt = Receipt {
            id: b"4711",
            source: Address::new(5, 0, b"acme"),
            destination: Address::new(1, 1, b"33612345678"),
            registered: RegisteredDelivery::FINAL,
            state,
            submitted: 1_798_156_800,
            done: 1_798_156_860,
            user_message_reference: None,
            coding: DataCoding(0),
            user_data: b"Hello",
        };
        let mut out = BytesMut::new();
        shape.put(&receipt, &mut out);
        let frame = frame::next(&out, 2_000).unwrap().expect("a whole PDU");
        let (class, coding, data, tlvs) = match Pdu::decode(&frame).unwrap() {
            Pdu::DeliverSm(sm) => (sm.esm_class, sm.data_coding, sm.user_data(), sm.tlvs),
            Pdu::DataSm(data) => {
                let payload = data.tlvs.find(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
                (data.esm_class, data.data_coding, payload, data.tlvs)
            }
            other => panic!("{other:?}"),
        };
        let octets = receipt::octets(class, coding, data);
        assert_eq!(
            receipt::classify(class, &octets, tlvs, false),
            Kind::Receipt
        );
        let report = Report::read(Kind::Receipt, &octets, tlvs);
        (report.ids().next().map(<[u8]>::to_vec), report.state)
    }

    #[test]
    fn whatever_the_shape_a_receipt_says_which_message_and_how_it_ended() {
        let mut told = 0;
        for &(word, text) in Wording::NAMES {
            for &(_, dates) in Dates::NAMES {
                for &(_, alphabet) in ReceiptAlphabet::NAMES {
                    for &(_, carriage) in Carriage::NAMES {
                        for &(with, parameters) in Parameters::NAMES {
                            let says_nothing =
                                text == Wording::Empty && parameters == Parameters::None;
                            if says_nothing {
                                continue;
                            }
                            let shape = Shape {
                                text,
                                dates,
                                alphabet,
                                carriage,
                                parameters,
                                ..Shape::default()
                            };
                            let (id, state) = read_again(shape, MessageState::UNDELIVERABLE);
                            assert_eq!(id.as_deref(), Some(&b"4711"[..]), "{word} {with}");
                            assert_eq!(state, Some(State::Undeliverable), "{shape:?}");
                            told += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(told, (8 * 4 - 1) * 3 * 3 * 3);
    }
}

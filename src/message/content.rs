//! The PDU of a message as it was received, and where its fields lie.

use smppgate_codec::code::{Command, EsmClass, RegisteredDelivery, Tag};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{Address, Data, HEADER_LEN, Header, Sm, Tlvs};
use smppgate_codec::text::DefaultAlphabet;
use std::sync::Arc;

/// A submit_sm, deliver_sm or data_sm, copied out of the read buffer once and shared from then on.
#[derive(Debug, Clone)]
pub struct Content {
    pdu: Arc<[u8]>,
    command: Command,
    /// Where source TON stands; NPI and the address follow.
    source_at: u8,
    source_len: u8,
    destination_len: u8,
    registered_at: u8,
    esm_class: EsmClass,
    /// Whether something in it may say which segment of a long message it is.
    may_be_segment: bool,
    /// user_message_reference, if the sender set it.
    reference: Option<u16>,
    /// What data_coding 0 means in it.
    alphabet: DefaultAlphabet,
    /// TON, NPI and address of the source that the sender wrote, if it bears another now.
    written: Option<Arc<Box<[u8]>>>,
}

// One octet is enough for every offset: before registered_delivery lie at most 16 octets of
// header, 6 + 23 + 23 + 3 + 17 + 17 octets of a submit_sm, or 6 + 67 + 67 + 1 of a data_sm.
#[expect(clippy::int_plus_one, reason = "it is the sum of the octets")]
const _: () = assert!(HEADER_LEN + 6 + 67 + 67 + 1 <= u8::MAX as usize);

impl Content {
    /// The message of a submit_sm or deliver_sm.
    pub fn of_sm(frame: &Frame<'_>, sm: &Sm<'_>) -> Self {
        Self {
            pdu: Arc::from(frame.octets),
            command: frame.header.command,
            source_at: (HEADER_LEN + sm.service_type.len() + 1) as u8,
            source_len: sm.source.digits.len() as u8,
            destination_len: sm.destination.digits.len() as u8,
            registered_at: sm.registered_delivery_offset() as u8,
            esm_class: sm.esm_class,
            may_be_segment: may_be_segment(sm.esm_class, &sm.tlvs),
            alphabet: DefaultAlphabet::Gsm,
            written: None,
            reference: reference(sm.tlvs.number(Tag::USER_MESSAGE_REFERENCE)),
        }
    }

    /// The message of a data_sm.
    pub fn of_data(frame: &Frame<'_>, data: &Data<'_>) -> Self {
        Self {
            pdu: Arc::from(frame.octets),
            command: frame.header.command,
            source_at: (HEADER_LEN + data.service_type.len() + 1) as u8,
            source_len: data.source.digits.len() as u8,
            destination_len: data.destination.digits.len() as u8,
            registered_at: data.registered_delivery_offset() as u8,
            esm_class: data.esm_class,
            may_be_segment: may_be_segment(data.esm_class, &data.tlvs),
            alphabet: DefaultAlphabet::Gsm,
            written: None,
            reference: reference(data.tlvs.number(Tag::USER_MESSAGE_REFERENCE)),
        }
    }

    /// The message of a PDU that was kept, as it was: with this alphabet, and with the source that
    /// its sender wrote, if the PDU bears another. `None` if it is no such PDU.
    pub fn kept(pdu: &[u8], alphabet: DefaultAlphabet, written: Option<&[u8]>) -> Option<Self> {
        let frame = frame::next(pdu, frame::LENGTH_MAX).ok()??;
        let content = match frame.header.command {
            Command::DATA_SM => Self::of_data(&frame, &Data::decode(&frame).ok()?),
            _ => Self::of_sm(&frame, &Sm::decode(&frame).ok()?),
        };
        Some(Self {
            alphabet,
            written: written.map(|octets| Arc::new(octets.into())),
            ..content
        })
    }

    /// The same with another meaning of data_coding 0 than that of the GSM alphabet.
    pub fn in_alphabet(self, alphabet: DefaultAlphabet) -> Self {
        Self { alphabet, ..self }
    }

    /// The same in the place of another: it has the alphabet of that, and the source that its
    /// sender wrote.
    pub fn in_place_of(self, before: &Self) -> Self {
        Self {
            alphabet: before.alphabet,
            written: before.written.clone(),
            ..self
        }
    }

    /// The same with another source, of 20 octets at most. What the sender wrote is kept for its
    /// receipts.
    pub fn with_source(self, ton: u8, npi: u8, address: &[u8]) -> Self {
        let address = &address[..address.len().min(20)];
        let (from, to) = (self.source_at(), self.destination_at() - 1);
        let (Some(head), Some(written), Some(rest)) = (
            self.pdu.get(..from),
            self.pdu.get(from..to),
            self.pdu.get(to..),
        ) else {
            return self;
        };
        let mut pdu = [head, &[ton, npi], address, rest].concat();
        let length = (pdu.len() as u32).to_be_bytes();
        pdu[..length.len()].copy_from_slice(&length);
        let registered_at = self.registered_at() + address.len() - usize::from(self.source_len);
        Self {
            written: Some(self.written.unwrap_or_else(|| Arc::new(written.into()))),
            pdu: pdu.into(),
            source_len: address.len() as u8,
            registered_at: registered_at as u8,
            ..self
        }
    }

    /// The whole PDU as it was received, but for a source that was put into it, header included.
    pub fn pdu(&self) -> &[u8] {
        &self.pdu
    }

    /// Places that it takes where room is bounded: one, and one more for each whole KiB of its PDU,
    /// so that a bound on places bounds memory too.
    pub fn places(&self) -> usize {
        1 + self.pdu.len() / 1_024
    }

    /// service_type as the sender wrote it.
    pub fn service_type(&self) -> &[u8] {
        self.pdu
            .get(HEADER_LEN..self.source_at() - 1)
            .unwrap_or_default()
    }

    /// Its command.
    pub fn command(&self) -> Command {
        self.command
    }

    /// The header as it was received.
    pub fn header(&self) -> Header {
        match self.pdu.first_chunk() {
            Some(octets) => Header::read(octets),
            None => Header::bare(self.command, Default::default(), 0),
        }
    }

    /// What data_coding 0 means in it.
    pub fn alphabet(&self) -> DefaultAlphabet {
        self.alphabet
    }

    /// The source as the sender wrote it, whichever the message bears now.
    pub fn written_source(&self) -> Address<'_> {
        match self.written_octets() {
            Some([ton, npi, digits @ ..]) => Address::new(*ton, *npi, digits),
            _ => self.source(),
        }
    }

    /// TON, NPI and address of the source that the sender wrote, if the message bears another.
    pub fn written_octets(&self) -> Option<&[u8]> {
        self.written.as_ref().map(|octets| &***octets)
    }

    /// The source that the message bears.
    pub fn source(&self) -> Address<'_> {
        self.address(usize::from(self.source_at), self.source_len)
    }

    /// The destination as the sender wrote it.
    pub fn destination(&self) -> Address<'_> {
        self.address(self.destination_at(), self.destination_len)
    }

    /// Where source TON stands in the PDU; NPI and the address follow.
    pub fn source_at(&self) -> usize {
        usize::from(self.source_at)
    }

    /// Where destination TON stands in the PDU; NPI and the address follow.
    pub fn destination_at(&self) -> usize {
        usize::from(self.source_at) + 3 + usize::from(self.source_len)
    }

    /// Where registered_delivery stands in the PDU.
    pub fn registered_at(&self) -> usize {
        usize::from(self.registered_at)
    }

    /// Whether the sender has set schedule_delivery_time or validity_period.
    pub fn has_times(&self) -> bool {
        let empty = self.destination_at() + 3 + usize::from(self.destination_len) + 5;
        self.command != Command::DATA_SM && self.registered_at() != empty
    }

    /// Octets of short_message; a data_sm has none.
    pub fn short_len(&self) -> usize {
        // Behind registered_delivery lie three octets, and then sm_length.
        let length = self.pdu.get(self.registered_at() + 4);
        match self.command {
            Command::DATA_SM => 0,
            _ => length.copied().map_or(0, usize::from),
        }
    }

    /// Which receipts the sender asked for.
    pub fn registered_delivery(&self) -> RegisteredDelivery {
        RegisteredDelivery(
            self.pdu
                .get(self.registered_at())
                .copied()
                .unwrap_or_default(),
        )
    }

    /// esm_class as the sender set it.
    pub fn esm_class(&self) -> EsmClass {
        self.esm_class
    }

    /// Whether it may be a segment of a long message: most are not, and need not be read for that.
    pub fn may_be_segment(&self) -> bool {
        self.may_be_segment
    }

    /// user_message_reference, which a receipt gives back.
    pub fn reference(&self) -> Option<u16> {
        self.reference
    }

    fn address(&self, at: usize, length: u8) -> Address<'_> {
        match self.pdu.get(at..at + 2 + usize::from(length)) {
            Some([ton, npi, digits @ ..]) => Address::new(*ton, *npi, digits),
            _ => Address::default(),
        }
    }
}

fn may_be_segment(esm_class: EsmClass, tlvs: &Tlvs<'_>) -> bool {
    esm_class.has_udh() || tlvs.number(Tag::SAR_MSG_REF_NUM).is_some()
}

fn reference(number: Option<u32>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use smppgate_codec::code::Status;
    use smppgate_codec::wire::PduWriter;

    #[test]
    fn the_fields_that_receipts_and_carriers_need_are_found_again() {
        let sm = Sm {
            service_type: b"CMT",
            source: Address::new(5, 0, b"MyBrand"),
            destination: Address::new(1, 1, b"447700900123"),
            validity_period: b"000002000000000R",
            registered_delivery: RegisteredDelivery(0x11),
            esm_class: EsmClass(0x40),
            short_message: b"\x05\x00\x03\x01\x02\x01hi",
            tlvs: Tlvs::new(&[0x02, 0x04, 0x00, 0x02, 0x12, 0x34]),
            ..Sm::default()
        };
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, 9);
        sm.put(writer.body());
        drop(writer);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        let content = Content::of_sm(&frame, &Sm::decode(&frame).unwrap());
        assert_eq!(content.source(), sm.source);
        assert_eq!(content.destination(), sm.destination);
        assert_eq!(content.registered_delivery(), RegisteredDelivery(0x11));
        assert_eq!(content.reference(), Some(0x1234));
        assert_eq!(content.header().sequence, 9);
        assert!(content.has_times());
        assert_eq!(content.short_len(), 8);
    }
}

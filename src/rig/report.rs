//! The receipt that the simulated carrier writes: the text of SMPP 3.4 Appendix B and its TLVs.

use bytes::{BufMut, BytesMut};
use smppgate_codec::code::{Command, DataCoding, MessageState, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Tlv};
use smppgate_codec::wire::PduWriter;

/// Characters of the message that a receipt repeats.
pub(super) const TEXT_MAX: usize = 20;

/// What a receipt says.
pub(super) struct Receipt<'a> {
    pub id: &'a [u8],
    /// The addresses as they were submitted; they leave swapped.
    pub source: Address<'a>,
    pub destination: Address<'a>,
    /// What was asked for.
    pub registered: RegisteredDelivery,
    pub state: MessageState,
    /// Unix time in seconds.
    pub submitted: u64,
    pub done: u64,
    pub user_message_reference: Option<u32>,
    pub coding: DataCoding,
    pub user_data: &'a [u8],
}

impl Receipt<'_> {
    /// Appends the deliver_sm with sequence number 0; its sender sets the true one.
    pub fn put(&self, out: &mut BytesMut) {
        let mut pdu = PduWriter::begin(out, Command::DELIVER_SM, Status::ESME_ROK, 0);
        let body = pdu.body();
        body.put_u8(0);
        self.destination.put(body);
        self.source.put(body);
        body.put_slice(&[0x04, 0, 0, 0, 0, 0, 0, 0, 0]);
        let length_at = body.len();
        body.put_u8(0);
        self.put_text(body);
        body[length_at] = (body.len() - length_at - 1) as u8;
        body.put_u16(Tag::RECEIPTED_MESSAGE_ID.0);
        body.put_u16(self.id.len() as u16 + 1);
        body.put_slice(self.id);
        body.put_u8(0);
        Tlv {
            tag: Tag::MESSAGE_STATE,
            value: &[self.state.0],
        }
        .put(body);
        if let Some(reference) = self.user_message_reference {
            let value = &(reference as u16).to_be_bytes();
            Tlv {
                tag: Tag::USER_MESSAGE_REFERENCE,
                value,
            }
            .put(body);
        }
    }

    fn put_text(&self, body: &mut BytesMut) {
        let delivered = self.is_delivered();
        body.put_slice(b"id:");
        body.put_slice(self.id);
        body.put_slice(if delivered {
            b" sub:001 dlvrd:001"
        } else {
            b" sub:001 dlvrd:000"
        });
        body.put_slice(b" submit date:");
        body.put_slice(&date(self.submitted));
        body.put_slice(b" done date:");
        body.put_slice(&date(self.done));
        body.put_slice(b" stat:");
        body.put_slice(stat(self.state));
        body.put_slice(if delivered {
            b" err:000 text:"
        } else {
            b" err:001 text:"
        });
        for octet in self.shown() {
            body.put_u8(octet);
        }
    }

    /// The start of the message, as far as it is repeated.
    pub fn text(&self) -> Vec<u8> {
        self.shown().collect()
    }

    fn shown(&self) -> impl Iterator<Item = u8> {
        let is_shown = |octet: &u8| (0x20..0x7F).contains(octet);
        let shown = move |&octet: &u8| if is_shown(&octet) { octet } else { b'.' };
        self.user_data.iter().take(TEXT_MAX).map(shown)
    }

    /// Whether it reports delivery.
    pub fn is_delivered(&self) -> bool {
        self.state == MessageState::DELIVERED
    }
}

/// The seven letters that Appendix B has for a state.
pub(super) fn stat(state: MessageState) -> &'static [u8; 7] {
    match state {
        MessageState::ENROUTE => b"ENROUTE",
        MessageState::DELIVERED => b"DELIVRD",
        MessageState::EXPIRED => b"EXPIRED",
        MessageState::DELETED => b"DELETED",
        MessageState::UNDELIVERABLE => b"UNDELIV",
        MessageState::ACCEPTED => b"ACCEPTD",
        MessageState::REJECTED => b"REJECTD",
        _ => b"UNKNOWN",
    }
}

/// `YYMMDDhhmm` in UTC of seconds since the Unix epoch.
pub(super) fn date(unix: u64) -> [u8; 10] {
    let (days, minutes) = (unix / 86_400, unix % 86_400 / 60);
    // Days since 1 March of year 0, in eras of 400 years that all have the same length.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let mut text = [0; 10];
    let pairs = [year % 100, month, day, minutes / 60, minutes % 60];
    for (two, pair) in text.chunks_exact_mut(2).zip(pairs) {
        two[0] = b'0' + (pair / 10) as u8;
        two[1] = b'0' + (pair % 10) as u8;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::Sm;

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(&date(0), b"7001010000");
        assert_eq!(&date(951_782_399), b"0002282359");
        assert_eq!(&date(951_782_400), b"0002290000");
        assert_eq!(&date(1_798_156_800), b"2612250000");
    }

    #[test]
    fn a_receipt_reads_as_appendix_b_has_it() {
        let receipt = Receipt {
            id: b"4711",
            source: Address::new(5, 0, b"acme"),
            destination: Address::new(1, 1, b"33612345678"),
            registered: RegisteredDelivery::FINAL,
            state: MessageState::UNDELIVERABLE,
            submitted: 0,
            done: 60,
            user_message_reference: Some(9),
            coding: DataCoding(0),
            user_data: b"A body that is longer than twenty",
        };
        let mut out = BytesMut::new();
        receipt.put(&mut out);
        let frame = frame::next(&out, 1_000).unwrap().expect("a whole PDU");
        let sm = Sm::decode(&frame).unwrap();
        assert_eq!(
            sm.short_message,
            b"id:4711 sub:001 dlvrd:000 submit date:7001010000 done date:7001010001 \
              stat:UNDELIV err:001 text:A body that is longe"
        );
        assert_eq!(
            (sm.source.digits, sm.destination.digits),
            (&b"33612345678"[..], &b"acme"[..])
        );
        assert_eq!(sm.esm_class.0, 4);
        assert_eq!(
            sm.tlvs.find(Tag::RECEIPTED_MESSAGE_ID),
            Some(&b"4711\0"[..])
        );
        assert_eq!(sm.tlvs.number(Tag::MESSAGE_STATE), Some(5));
        assert_eq!(sm.tlvs.number(Tag::USER_MESSAGE_REFERENCE), Some(9));
        assert!(sm.tlvs.stray().is_empty());
    }
}

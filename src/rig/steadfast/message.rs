//! What ESMEs write that stay: their bind and their messages.

use bytes::BytesMut;
use smppgate_codec::code::{Command, DataCoding, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Sm, Tlv, Tlvs};
use smppgate_codec::wire::PduWriter;

use super::account::Account;

/// Sequence number of a bind; requests follow it.
pub(super) const BIND_SEQUENCE: u32 = 1;

/// Appends the bind of an account.
pub(super) fn put_bind(out: &mut BytesMut, command: Command, account: &Account) {
    let mut pdu = PduWriter::begin(out, command, Status::ESME_ROK, BIND_SEQUENCE);
    pdu.c_octet_string(account.system_id.as_bytes());
    pdu.c_octet_string(account.password.as_bytes());
    pdu.c_octet_string(b"");
    // SMPP 3.4, and no address_range.
    pdu.octets(&[0x34, 0, 0, 0]);
}

/// A message that is about to be submitted.
pub(super) struct Message<'a> {
    pub number: u64,
    pub source: &'a str,
    pub to: &'a str,
    pub registered: u8,
    /// Octets of its text behind the number.
    pub octets: usize,
}

impl Message<'_> {
    /// Appends its submit_sm.
    pub fn put(&self, out: &mut BytesMut, sequence: u32) {
        let destination = format!("{}{:09}", self.to, self.number);
        let text = format!("{:09} {:.<2$}", self.number, "", self.octets);
        let mut tlvs = BytesMut::new();
        let reference = (self.number as u16).to_be_bytes();
        let tag = Tag::USER_MESSAGE_REFERENCE;
        let value = &reference;
        Tlv { tag, value }.put(&mut tlvs);
        let sm = Sm {
            source: Address::new(1, 1, self.source.as_bytes()),
            destination: Address::new(1, 1, destination.as_bytes()),
            registered_delivery: RegisteredDelivery(self.registered),
            data_coding: DataCoding(0),
            short_message: text.as_bytes(),
            tlvs: Tlvs::new(&tlvs),
            ..Sm::default()
        };
        let mut pdu = PduWriter::begin(out, Command::SUBMIT_SM, Status::ESME_ROK, sequence);
        sm.put(pdu.body());
    }
}

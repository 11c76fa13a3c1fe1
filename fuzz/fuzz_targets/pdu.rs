//! Arbitrary octets behind a header of any command: reading never panics, and what was read means
//! the same when it is written and read again.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{Header, Pdu, check_data, check_multi, check_replace, check_submit};
use std::hint::black_box;

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (which, failed, body) = input;
    let (command, _) = Command::KNOWN[usize::from(which) % Command::KNOWN.len()];
    let status = if failed {
        Status::ESME_RSYSERR
    } else {
        Status::ESME_ROK
    };
    let header = Header {
        length: 16 + body.len() as u32,
        command,
        status,
        sequence: 7,
    };
    let octets = [&header.to_octets()[..], body].concat();
    let frame = Frame {
        header,
        octets: &octets,
    };
    let pdu = match Pdu::decode(&frame) {
        Ok(pdu) => pdu,
        Err(error) => {
            assert!(error.offset as usize <= octets.len());
            black_box((error.status(), error.answer(&header), error.to_string()));
            return;
        }
    };
    pdu.each_field(&mut |name, field| {
        black_box((name, field));
    });
    for tlv in pdu.tlvs() {
        black_box(tlv.typed());
    }
    black_box((
        pdu.tlvs().overrun(),
        pdu.tlvs().sar(),
        pdu.tlvs().network_error_code(),
    ));
    let _ = black_box(match &pdu {
        Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => check_submit(sm),
        Pdu::SubmitMulti(multi) => check_multi(multi),
        Pdu::DataSm(data) => check_data(data),
        Pdu::ReplaceSm(replace) => check_replace(replace),
        _ => Ok(()),
    });
    let mut out = BytesMut::new();
    pdu.encode(&mut out, status, 7);
    let again = frame::next(&out, u32::MAX).unwrap().unwrap();
    assert_eq!(Pdu::decode(&again), Ok(pdu));
});

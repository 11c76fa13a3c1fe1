//! Any octets as the text and the optional parameters of a receipt: fields are whole words of the
//! text, and what we write about what we read says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smppgate_codec::code::{DataCoding, EsmClass};
use smppgate_codec::pdu::{NetworkErrorCode, Tlvs};
use smppgate_codec::receipt::{Outgoing, Report, State, classify, date, octets, parse};

fuzz_target!(|input: (u8, u8, &[u8], &[u8])| {
    let (esm_class, coding, user_data, area) = input;
    let (esm_class, tlvs) = (EsmClass(esm_class), Tlvs::new(area));
    let text = octets(esm_class, DataCoding(coding), user_data);
    let kind = classify(esm_class, &text, tlvs, true);
    let report = Report::read(kind, &text, tlvs);
    let fields = report.text;
    for field in [fields.id, fields.sub, fields.dlvrd, fields.stat, fields.err] {
        let Some(field) = field else { continue };
        assert!(!field.is_empty());
        assert!(!field.iter().any(|octet| b" \t\r\n\0".contains(octet)));
    }
    let dates = [fields.submit_date, fields.done_date].map(|raw| raw.and_then(|raw| date(raw, 60)));
    let Some(id) = fields.id else {
        return;
    };
    let id = &id[..id.len().min(64)];
    let sent = Outgoing {
        id,
        submitted: dates[0].unwrap_or(0),
        done: dates[1].unwrap_or(i64::MAX),
        offset_minutes: 60,
        state: report.state.unwrap_or(State::Unknown),
        err: u16::from_be_bytes([input.0, input.1]),
        text: str::from_utf8(user_data).unwrap_or_default(),
        network_error: report.network_error,
        user_message_reference: report.user_message_reference,
    };
    let (mut text, mut tlvs) = (Vec::new(), Vec::new());
    sent.put(&mut text);
    sent.put_tlvs(&mut tlvs);
    assert!(text.len() <= Outgoing::LENGTH_MAX && tlvs.len() <= Outgoing::TLVS_LENGTH_MAX);
    let again = Report::read(kind, &text, Tlvs::new(&tlvs));
    assert_eq!(again.state, Some(sent.state));
    assert_eq!(parse(&text).state(), Some(sent.state));
    // A network that is a digit may read as the first of three.
    let plain = |error: &NetworkErrorCode| !error.network.is_ascii_digit();
    if let Some(error) = sent.network_error.filter(plain) {
        assert_eq!(again.network_error, Some(error));
    }
    assert_eq!(again.user_message_reference, sent.user_message_reference);
});

//! Receipts as we write them: the text of SMPP 3.4 Appendix B, and the optional parameters beside
//! it.

use proptest::prelude::*;
use smppgate_codec::pdu::{NetworkErrorCode, Tlvs};
use smppgate_codec::receipt::{Kind, Outgoing, Report, State, date, parse};

fn outgoing(state: State) -> Outgoing<'static> {
    Outgoing {
        id: b"7231684500123",
        submitted: 1_798_137_000,
        done: 1_798_137_065,
        offset_minutes: 0,
        state,
        err: 0,
        text: "",
        network_error: None,
        user_message_reference: None,
    }
}

fn written(receipt: &Outgoing<'_>) -> String {
    let mut out = Vec::new();
    receipt.put(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn our_receipts_are_those_of_the_specification() {
    assert_eq!(
        written(&outgoing(State::Delivered)),
        "id:7231684500123 sub:001 dlvrd:001 submit date:2612241830 done date:2612241831 \
         stat:DELIVRD err:000 text:"
    );
    let failed = Outgoing {
        err: 21,
        offset_minutes: 330,
        text: "Schöner Gruß, and more than twenty",
        ..outgoing(State::Expired)
    };
    assert_eq!(
        written(&failed),
        "id:7231684500123 sub:001 dlvrd:000 submit date:2612250000 done date:2612250001 \
         stat:EXPIRED err:021 text:Sch?ner Gru?, and mo"
    );
    assert!(
        written(&Outgoing {
            err: 1_000,
            ..failed
        })
        .contains(" err:999 ")
    );
}

#[test]
fn our_parameters_say_what_the_text_says() {
    let receipt = Outgoing {
        network_error: Some(NetworkErrorCode {
            network: 3,
            code: 27,
        }),
        user_message_reference: Some(0xBEEF),
        ..outgoing(State::Undeliverable)
    };
    let (mut text, mut area) = (Vec::new(), Vec::new());
    receipt.put(&mut text);
    receipt.put_tlvs(&mut area);
    assert!(area.starts_with(b"\x00\x1E\x00\x0E7231684500123\0\x04\x27\x00\x01\x05"));
    assert!(Tlvs::new(&area).stray().is_empty());
    let report = Report::read(Kind::Receipt, &text, Tlvs::new(&area));
    assert_eq!(report.ids().collect::<Vec<_>>(), [b"7231684500123"]);
    assert_eq!(report.state, Some(State::Undeliverable));
    assert_eq!(report.network_error, receipt.network_error);
    assert_eq!(report.user_message_reference, Some(0xBEEF));
}

#[test]
fn the_longest_receipt_fits_the_room_that_is_promised_and_a_short_message() {
    let receipt = Outgoing {
        id: &[b'x'; 100],
        text: "ж".repeat(30).leak(),
        network_error: Some(NetworkErrorCode {
            network: 3,
            code: 27,
        }),
        user_message_reference: Some(1),
        ..outgoing(State::Delivered)
    };
    let mut room = [0; Outgoing::LENGTH_MAX];
    let mut left = &mut room[..];
    receipt.put(&mut left);
    assert_eq!(left.len(), 0);
    const { assert!(Outgoing::LENGTH_MAX <= 254) };
    let mut room = [0; Outgoing::TLVS_LENGTH_MAX];
    let mut left = &mut room[..];
    receipt.put_tlvs(&mut left);
    assert_eq!(left.len(), 0);
}

proptest! {
    #[test]
    fn a_receipt_that_is_written_reads_the_same(
        id in "[0-9A-Za-z._@-]{1,64}",
        submitted in 0i64..2_100_000_000,
        done in 0i64..2_100_000_000,
        state in proptest::sample::select(&State::ALL[..]),
        err in 0u16..1_000,
        text in "[ -~]{0,20}",
        offset_minutes in -720i32..=840,
    ) {
        let receipt = Outgoing {
            id: id.as_bytes(),
            submitted,
            done,
            offset_minutes,
            state,
            err,
            text: &text,
            network_error: None,
            user_message_reference: None,
        };
        let written = written(&receipt);
        let parsed = parse(written.as_bytes());
        prop_assert_eq!(parsed.id, Some(id.as_bytes()));
        prop_assert_eq!(parsed.state(), Some(state));
        let digits = format!("{err:03}");
        prop_assert_eq!(parsed.err, Some(digits.as_bytes()));
        prop_assert_eq!(parsed.text, Some(text.trim().as_bytes()));
        let to_the_minute = |unix: i64| unix - unix.rem_euclid(60);
        let read = parsed.submit_date.and_then(|raw| date(raw, offset_minutes));
        prop_assert!(read == Some(to_the_minute(submitted)) || parsed.submit_date == Some(b"0001010000"));
        let read = parsed.done_date.and_then(|raw| date(raw, offset_minutes));
        prop_assert!(read == Some(to_the_minute(done)) || parsed.done_date == Some(b"0001010000"));
    }
}

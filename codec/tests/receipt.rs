//! Receipts as peers send them: SMPP 3.4 Appendix B, and what has become of it.

use proptest::prelude::*;
use smppgate_codec::code::{DataCoding, EsmClass, Tag};
use smppgate_codec::pdu::{Tlv, Tlvs};
use smppgate_codec::receipt::{Kind, ReceiptText, Report, State, classify, date, octets, parse};
use smppgate_codec::time::Civil;

/// The fields that most receipts have, as text.
fn fields<'a>(text: &ReceiptText<'a>) -> [Option<&'a str>; 8] {
    let ReceiptText {
        id,
        sub,
        dlvrd,
        submit_date,
        done_date,
        stat,
        err,
        text,
    } = *text;
    [id, sub, dlvrd, submit_date, done_date, stat, err, text]
        .map(|field| field.map(|field| str::from_utf8(field).unwrap()))
}

fn check(text: &str, expected: [Option<&str>; 8], state: Option<State>) {
    let parsed = parse(text.as_bytes());
    assert_eq!(fields(&parsed), expected, "{text}");
    assert_eq!(parsed.state(), state, "{text}");
}

/// Optional parameters as they lie on the wire.
fn tlvs(parameters: &[(Tag, &[u8])]) -> Vec<u8> {
    let mut area = Vec::new();
    for &(tag, value) in parameters {
        Tlv { tag, value }.put(&mut area);
    }
    area
}

fn read<'a>(text: &'a [u8], area: &'a [u8]) -> Report<'a> {
    Report::read(Kind::Receipt, text, Tlvs::new(area))
}

const DATE: Option<&str> = Some("2612241830");
const DONE: Option<&str> = Some("2612241831");

#[test]
fn the_text_of_the_specification() {
    check(
        "id:0123456789 sub:001 dlvrd:001 submit date:2612241830 done date:2612241831 \
         stat:DELIVRD err:000 Text:Hello",
        [
            Some("0123456789"),
            Some("001"),
            Some("001"),
            DATE,
            DONE,
            Some("DELIVRD"),
            Some("000"),
            Some("Hello"),
        ],
        Some(State::Delivered),
    );
}

#[test]
fn dates_of_twelve_digits_and_an_error_with_a_letter() {
    check(
        "id:77 submit date:261224183000 done date:261224183105 stat:UNDELIV err:21b",
        [
            Some("77"),
            None,
            None,
            Some("261224183000"),
            Some("261224183105"),
            Some("UNDELIV"),
            Some("21b"),
            None,
        ],
        Some(State::Undeliverable),
    );
}

#[test]
fn labels_and_states_in_any_case() {
    check(
        "ID:ab-CD_9 SUB:001 DLVRD:000 SUBMIT DATE:2612241830 DONE DATE:2612241831 STAT:expired \
         ERR:0 TEXT:",
        [
            Some("ab-CD_9"),
            Some("001"),
            Some("000"),
            DATE,
            DONE,
            Some("expired"),
            Some("0"),
            Some(""),
        ],
        Some(State::Expired),
    );
}

#[test]
fn counts_of_any_length() {
    check(
        "id:5 sub:0 dlvrd:28 submit date:2612241830 done date:2612241831 stat:REJECTD err:21 \
         Text:*100#",
        [
            Some("5"),
            Some("0"),
            Some("28"),
            DATE,
            DONE,
            Some("REJECTD"),
            Some("21"),
            Some("*100#"),
        ],
        Some(State::Rejected),
    );
}

#[test]
fn an_id_and_a_state_are_enough() {
    check(
        "id:9 stat:DELIVRD err:0000",
        [
            Some("9"),
            None,
            None,
            None,
            None,
            Some("DELIVRD"),
            Some("0000"),
            None,
        ],
        Some(State::Delivered),
    );
}

#[test]
fn what_a_user_writes_is_not_read_as_a_field() {
    check(
        "id:9 sub:001 dlvrd:001 submit date:20261224183000 done date:20261224183001 stat:DELIVRD \
         err:000 text:id:1 stat:UNDELIV",
        [
            Some("9"),
            Some("001"),
            Some("001"),
            Some("20261224183000"),
            Some("20261224183001"),
            Some("DELIVRD"),
            Some("000"),
            Some("id:1 stat:UNDELIV"),
        ],
        Some(State::Delivered),
    );
}

#[test]
fn dates_of_sixteen_characters() {
    check(
        "id:A.1@2 sub:000 dlvrd:000 submit date:180711070003912+ done date:180711070003912+ \
         stat:UNDELIV err:000",
        [
            Some("A.1@2"),
            Some("000"),
            Some("000"),
            Some("180711070003912+"),
            Some("180711070003912+"),
            Some("UNDELIV"),
            Some("000"),
            None,
        ],
        Some(State::Undeliverable),
    );
}

#[test]
fn a_state_without_its_label() {
    check(
        "id:3 sub:001 dlvrd:001 submit date:2612241830 done date:2612241831 DELIVRD err:000 text:",
        [
            Some("3"),
            Some("001"),
            Some("001"),
            DATE,
            DONE,
            Some("DELIVRD"),
            Some("000"),
            Some(""),
        ],
        Some(State::Delivered),
    );
}

#[test]
fn a_state_of_the_message_centres_own_is_a_failure() {
    check(
        "id:3 sub:001 dlvrd:000 submit date:2612241830 done date:0000000000 stat:FAILED err:005",
        [
            Some("3"),
            Some("001"),
            Some("000"),
            DATE,
            Some("0000000000"),
            Some("FAILED"),
            Some("005"),
            None,
        ],
        Some(State::Undeliverable),
    );
    assert_eq!(
        parse(b"id:3 stat:NOROUTE").state(),
        Some(State::Undeliverable)
    );
    assert_eq!(date(b"0000000000", 0), None);
}

#[test]
fn accepted_is_not_the_end() {
    let text = b"id:3 sub:001 dlvrd:000 submit date:2612241830 done date:2612241831 stat:ACCEPTD \
                 err:000 text:";
    let report = read(text, b"");
    assert_eq!(
        (report.state, report.is_final()),
        (Some(State::Accepted), false)
    );
}

#[test]
fn fields_in_any_order() {
    check(
        "stat:DELIVRD id:42 err:000",
        [
            Some("42"),
            None,
            None,
            None,
            None,
            Some("DELIVRD"),
            Some("000"),
            None,
        ],
        Some(State::Delivered),
    );
}

#[test]
fn blanks_around_the_colon() {
    check(
        "id: 42 sub : 001 stat: DELIVRD",
        [
            Some("42"),
            Some("001"),
            None,
            None,
            None,
            Some("DELIVRD"),
            None,
            None,
        ],
        Some(State::Delivered),
    );
}

#[test]
fn the_text_is_any_octets() {
    let parsed = parse(
        b"id:42 sub:001 dlvrd:001 submit date:2612241830 done date:2612241831 stat:DELIVRD \
          err:000 text:\xD0\x9F",
    );
    assert_eq!(
        (parsed.id, parsed.text),
        (Some(&b"42"[..]), Some(&b"\xD0\x9F"[..]))
    );
}

#[test]
fn a_receipt_without_text_is_read_from_its_parameters() {
    let area = tlvs(&[
        (Tag::RECEIPTED_MESSAGE_ID, b"42\0"),
        (Tag::MESSAGE_STATE, &[2]),
    ]);
    let report = read(b"", &area);
    assert_eq!(report.ids().collect::<Vec<_>>(), [b"42"]);
    assert_eq!(
        (report.state, report.is_final()),
        (Some(State::Delivered), true)
    );
}

#[test]
fn a_message_that_reads_like_a_receipt_is_a_message() {
    let text = b"id:42 stat:DELIVRD";
    assert_eq!(
        classify(EsmClass(0), text, Tlvs::default(), false),
        Kind::Message
    );
}

#[test]
fn a_nul_at_the_end_is_no_text() {
    let parsed = parse(
        b"id:42 sub:001 dlvrd:001 submit date:2612241830 done date:2612241831 stat:DELIVRD \
          err:000 text:\0",
    );
    assert_eq!(
        (parsed.err, parsed.text),
        (Some(&b"000"[..]), Some(&b""[..]))
    );
}

#[test]
fn a_notification_on_the_way_is_not_the_end() {
    let text = b"id:42 sub:001 dlvrd:000 submit date:2612241830 done date:2612241831 \
                 stat:ENROUTE err:000 text:";
    let kind = classify(EsmClass(0x20), text, Tlvs::default(), false);
    let report = Report::read(kind, text, Tlvs::default());
    assert_eq!((kind, report.is_final()), (Kind::Intermediate, false));
    assert_eq!(report.state, Some(State::EnRoute));
    let report = Report::read(kind, b"id:42 stat:RETRY", Tlvs::default());
    assert_eq!(report.state, Some(State::EnRoute));
}

#[test]
fn both_ids_are_tried_and_that_of_the_parameter_first() {
    let area = tlvs(&[(Tag::RECEIPTED_MESSAGE_ID, b"0x2a\0")]);
    let report = read(b"id:42 stat:DELIVRD", &area);
    assert_eq!(report.ids().collect::<Vec<_>>(), [&b"0x2a"[..], b"42"]);
    let area = tlvs(&[(Tag::RECEIPTED_MESSAGE_ID, b"42")]);
    assert_eq!(read(b"id:42 stat:DELIVRD", &area).ids().count(), 1);
    let area = tlvs(&[(Tag::RECEIPTED_MESSAGE_ID, b"\0")]);
    assert_eq!(read(b"id:42", &area).ids().collect::<Vec<_>>(), [b"42"]);
    assert_eq!(read(b"id: sub:001", b"").ids().count(), 0);
}

#[test]
fn a_field_without_a_value_does_not_swallow_the_next() {
    check(
        "id: sub: dlvrd: submit date: done date: stat: err: text:stat:DELIVRD",
        [
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            Some("stat:DELIVRD"),
        ],
        None,
    );
    check(
        "id:7 err: Text:none",
        [Some("7"), None, None, None, None, None, None, Some("none")],
        None,
    );
}

#[test]
fn dates_with_other_labels_and_a_gap_inside() {
    check(
        "id:1 submitdate:261224 1830 done_date: 2612241831 stat:DELIVRD",
        [
            Some("1"),
            None,
            None,
            Some("261224 1830"),
            DONE,
            Some("DELIVRD"),
            None,
            None,
        ],
        Some(State::Delivered),
    );
    assert_eq!(date(b"261224 1830", 0), date(b"2612241830", 0));
}

#[test]
fn a_text_ahead_of_the_state_cannot_forge_it() {
    check(
        "id:1 text:stat:DELIVRD stat:UNDELIV err:001",
        [
            Some("1"),
            None,
            None,
            None,
            None,
            Some("UNDELIV"),
            Some("001"),
            Some("stat:DELIVRD stat:UNDELIV err:001"),
        ],
        Some(State::Undeliverable),
    );
    check(
        "id:1 sub:001 text:dlvrd:7 hello",
        [
            Some("1"),
            Some("001"),
            None,
            None,
            None,
            None,
            None,
            Some("dlvrd:7 hello"),
        ],
        None,
    );
}

#[test]
fn dates_are_read_in_the_zone_of_the_message_centre() {
    let at = Civil {
        year: 2026,
        month: 12,
        day: 24,
        hour: 18,
        minute: 30,
        second: 0,
    }
    .unix();
    for raw in [
        "2612241830",
        "261224183000",
        "202612241830",
        "20261224183000",
    ] {
        assert_eq!(date(raw.as_bytes(), 0), Some(at), "{raw}");
        assert_eq!(date(raw.as_bytes(), 330), Some(at - 330 * 60), "{raw}");
    }
    // Sixteen characters name their own zone.
    assert_eq!(date(b"261224183000004+", 330), Some(at - 3_600));
    for raw in [
        "",
        "0",
        "0000000000",
        "0001010000",
        "2613241830",
        "000000000000000R",
        "2612241830 18300000000",
    ] {
        assert_eq!(date(raw.as_bytes(), 0), None, "{raw}");
    }
}

#[test]
fn the_state_of_the_parameter_counts_if_it_is_one() {
    let state = |number: u8, text: &'static [u8]| {
        let area = tlvs(&[(Tag::MESSAGE_STATE, &[number])]);
        read(text, &area).state
    };
    assert_eq!(state(5, b"id:1 stat:DELIVRD"), Some(State::Undeliverable));
    assert_eq!(state(0, b"id:1 stat:BUFFRED"), Some(State::EnRoute));
    assert_eq!(state(9, b"id:1 stat:DELIVRD"), Some(State::Delivered));
    assert_eq!(state(9, b""), Some(State::Undeliverable));
    assert_eq!(state(77, b""), None);
    let twice = tlvs(&[(Tag::MESSAGE_STATE, &[2]), (Tag::MESSAGE_STATE, &[5])]);
    assert_eq!(read(b"", &twice).state, Some(State::Delivered));
}

#[test]
fn an_id_whose_length_runs_past_the_end_is_still_an_id() {
    let mut area = tlvs(&[(Tag::MESSAGE_STATE, &[5])]);
    area.extend_from_slice(b"\x00\x1E\x00\x413005\0");
    let report = read(b"id:74e02ee1 stat:UNDELIV", &area);
    assert_eq!(
        report.ids().collect::<Vec<_>>(),
        [&b"3005"[..], b"74e02ee1"]
    );
}

#[test]
fn a_receipt_in_utf_16_is_read_and_one_that_only_says_so_too() {
    let wide: Vec<u8> = "id:42 stat:DELIVRD text:ж"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let text = octets(EsmClass(4), DataCoding::UCS2, &wide);
    assert_eq!(fields(&parse(&text))[7], Some("ж"));
    assert_eq!(parse(&text).id, Some(&b"42"[..]));
    let plain = octets(EsmClass(4), DataCoding::UCS2, b"id:42 stat:DELIVRD");
    assert_eq!(parse(&plain).id, Some(&b"42"[..]));
}

#[test]
fn a_header_is_skipped_if_there_is_one() {
    let id = |user_data| {
        let text = octets(EsmClass(0x44), DataCoding(0), user_data);
        parse(&text).id.map(<[u8]>::to_vec)
    };
    assert_eq!(
        id(b"\x05\x00\x03\x01\x02\x01id:12 sub:001"),
        Some(b"12".to_vec())
    );
    assert_eq!(id(b"id:12 sub:001"), Some(b"12".to_vec()));
    assert_eq!(id(b"\x1Fid:12 sub:001"), None);
    assert_eq!(id(b""), None);
}

proptest! {
    #[test]
    fn no_octets_break_the_reading(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        for coding in [0, 8] {
            let text = octets(EsmClass(0x44), DataCoding(coding), &text);
            let report = Report::read(Kind::Receipt, &text, Tlvs::new(&text));
            let _ = report.text.submit_date.map(|raw| date(raw, 0));
        }
    }

    #[test]
    fn no_mixture_of_labels_breaks_the_reading(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "id", "sub", "dlvrd", "submit", "date", "done", "stat", "err", "text", ":", " ",
                "_", "\0", "DELIVRD", "7", "2612241830",
            ]),
            0..40,
        ),
    ) {
        let text = pieces.concat();
        let report = Report::read(Kind::Intermediate, text.as_bytes(), Tlvs::default());
        for field in [report.text.id, report.text.stat, report.text.err].into_iter().flatten() {
            prop_assert!(!field.is_empty());
            prop_assert!(!field.contains(&b' '));
        }
    }
}

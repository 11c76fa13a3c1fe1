//! The time format of SMPP 3.4 §7.1.1: what fields mean, what is refused, what is written.

use proptest::prelude::*;
use smppgate_codec::time::{
    Civil, RELATIVE_MAX_SECONDS, Span, Stamp, TimeError, absolute, relative, schedule, validity,
    without_zone,
};

fn unix(year: i32, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> i64 {
    Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
    }
    .unix()
}

/// 24 December 2026, 12:00 UTC.
fn noon() -> i64 {
    unix(2026, 12, 24, 12, 0, 0)
}

#[test]
fn absolute_times_are_read_in_the_zone_that_they_name() {
    let table = [
        ("261224183000000+", unix(2026, 12, 24, 18, 30, 0), 0),
        ("261224183000000-", unix(2026, 12, 24, 18, 30, 0), 0),
        ("261224183000004-", unix(2026, 12, 24, 19, 30, 0), 0),
        ("261224183000023+", unix(2026, 12, 24, 12, 45, 0), 0),
        ("280229235959948+", unix(2028, 2, 29, 11, 59, 59), 9),
        ("380101000000000+", unix(1938, 1, 1, 0, 0, 0), 0),
        ("371231235959000+", unix(2037, 12, 31, 23, 59, 59), 0),
    ];
    for (field, expected, expected_tenths) in table {
        match Stamp::parse(field.as_bytes()) {
            Ok(Some(Stamp::Absolute { unix, tenths, .. })) => {
                assert_eq!((unix, tenths), (expected, expected_tenths), "{field}");
            }
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn relative_times_begin_now() {
    let table = [
        ("000002000000000R", unix(2026, 12, 26, 12, 0, 0)),
        ("000000003000000R", unix(2026, 12, 24, 12, 30, 0)),
        ("000002030405000R", unix(2026, 12, 26, 15, 4, 5)),
        // From 24 December 2026: two years and six months on is 24 June 2029.
        ("020610233429000R", unix(2029, 7, 5, 11, 34, 29)),
        ("000100000000000R", unix(2027, 1, 24, 12, 0, 0)),
        // More months than a year has, tenths and a zone: tolerated.
        ("001300000000999R", unix(2028, 1, 24, 12, 0, 0)),
    ];
    for (field, expected) in table {
        let stamp = Stamp::parse(field.as_bytes()).unwrap().unwrap();
        assert_eq!(stamp.resolve(noon()), expected, "{field}");
    }
    let last_of_january = unix(2027, 1, 31, 0, 0, 0);
    let month = Span {
        months: 1,
        ..Span::default()
    };
    assert_eq!(month.after(last_of_january), unix(2027, 2, 28, 0, 0, 0));
}

#[test]
fn empty_and_all_zero_leave_the_choice_to_the_message_centre() {
    for field in ["", "000000000000000R"] {
        assert_eq!(Stamp::parse(field.as_bytes()), Ok(None));
        assert_eq!(schedule(field.as_bytes(), noon()), Ok(None));
        assert_eq!(validity(field.as_bytes(), noon(), None), Ok(None));
    }
}

#[test]
fn what_the_format_or_the_calendar_does_not_have_is_refused() {
    let table = [
        ("2612241830", TimeError::Length(10)),
        ("261224183000", TimeError::Length(12)),
        ("261224183000000", TimeError::Length(15)),
        ("261224183000000+0", TimeError::Length(17)),
        ("26122418300000x+", TimeError::Character(14)),
        (" 61224183000000+", TimeError::Character(0)),
        ("261224183000000r", TimeError::Character(15)),
        ("2612241830000000", TimeError::Character(15)),
        ("260024183000000+", TimeError::NoSuchTime),
        ("261324183000000+", TimeError::NoSuchTime),
        ("261200183000000+", TimeError::NoSuchTime),
        ("260230183000000+", TimeError::NoSuchTime),
        ("270229183000000+", TimeError::NoSuchTime),
        ("261224243000000+", TimeError::NoSuchTime),
        ("261224186000000+", TimeError::NoSuchTime),
        ("261224183060000+", TimeError::NoSuchTime),
        ("261224183000049+", TimeError::NoSuchTime),
        ("000000240000000R", TimeError::NoSuchTime),
        ("000000006000000R", TimeError::NoSuchTime),
        ("000000000060000R", TimeError::NoSuchTime),
    ];
    for (field, error) in table {
        assert_eq!(Stamp::parse(field.as_bytes()), Err(error), "{field}");
    }
}

#[test]
fn a_schedule_just_missed_means_now_and_one_long_past_is_refused() {
    let at = |seconds| absolute(noon() + seconds);
    assert_eq!(schedule(&at(1), noon()), Ok(Some(noon() + 1)));
    assert_eq!(schedule(&at(0), noon()), Ok(None));
    assert_eq!(schedule(&at(-60), noon()), Ok(None));
    assert_eq!(schedule(&at(-61), noon()), Err(TimeError::Past));
    assert_eq!(
        schedule(b"000000003000000R", noon()),
        Ok(Some(noon() + 1_800))
    );
}

#[test]
fn a_validity_must_end_after_now_and_after_the_schedule() {
    let at = |seconds| absolute(noon() + seconds);
    assert_eq!(validity(&at(1), noon(), None), Ok(Some(noon() + 1)));
    assert_eq!(validity(&at(0), noon(), None), Err(TimeError::Past));
    let due = Some(noon() + 600);
    assert_eq!(
        validity(&at(600), noon(), due),
        Err(TimeError::BeforeSchedule)
    );
    assert_eq!(validity(&at(601), noon(), due), Ok(Some(noon() + 601)));
}

#[test]
fn what_is_left_is_written_in_days_at_most_and_never_as_nothing() {
    let table = [
        (0, "000000000001000R"),
        (1, "000000000001000R"),
        (1_800, "000000003000000R"),
        (2 * 86_400 + 3 * 3_600 + 4 * 60 + 5, "000002030405000R"),
        (60 * 86_400, "000060000000000R"),
        (RELATIVE_MAX_SECONDS, "000099235959000R"),
        (u64::MAX, "000099235959000R"),
    ];
    for (left, field) in table {
        assert_eq!(relative(left), field.as_bytes(), "{left}");
    }
}

#[test]
fn absolute_times_are_written_in_utc_within_the_years_that_two_digits_can_say() {
    assert_eq!(
        absolute(unix(2026, 12, 24, 18, 30, 0)),
        *b"261224183000000+"
    );
    assert_eq!(absolute(i64::MAX), *b"371231235959000+");
    assert_eq!(absolute(i64::MIN), *b"380101000000000+");
}

#[test]
fn dates_without_a_zone_come_in_three_lengths() {
    let at = unix(2026, 12, 24, 18, 30, 0);
    let table: [(&str, Option<i64>); 11] = [
        ("2612241830", Some(at)),
        ("261224183005", Some(at + 5)),
        ("202612241830", Some(at)),
        ("20261224183007", Some(at + 7)),
        ("0000000000", None),
        ("2613241830", None),
        ("26122418", None),
        ("", None),
        ("26122418300", None),
        ("26122418x0", None),
        ("20261324183007", None),
    ];
    for (digits, expected) in table {
        assert_eq!(without_zone(digits.as_bytes(), 0), expected, "{digits}");
    }
    assert_eq!(without_zone(b"2612241830", 60), Some(at - 3_600));
}

proptest! {
    #[test]
    fn a_relative_time_that_is_written_reads_as_the_same_span(
        left in 1..=RELATIVE_MAX_SECONDS,
        now in 0i64..4_000_000_000,
    ) {
        let stamp = Stamp::parse(&relative(left)).unwrap().unwrap();
        prop_assert_eq!(stamp.resolve(now), now + left as i64);
    }

    #[test]
    fn an_absolute_time_that_is_written_reads_as_the_same_moment(
        unix in -1_009_000_000i64..2_145_000_000,
        tenths in 0u8..10,
        quarters in -48i8..=48,
    ) {
        let stamp = Stamp::Absolute { unix, tenths, quarters };
        prop_assert_eq!(Stamp::parse(&stamp.octets()), Ok(Some(stamp)));
    }

    #[test]
    fn no_octets_break_the_reading(octets in proptest::collection::vec(any::<u8>(), 0..20), now: i64) {
        let _ = schedule(&octets, now);
        let _ = validity(&octets, now, Some(now));
        let _ = without_zone(&octets, i32::MIN);
    }

    #[test]
    fn no_sixteen_digits_break_the_reading(field in "[0-9]{15}[+R-]", now: i64) {
        let _ = schedule(field.as_bytes(), now);
        let _ = validity(field.as_bytes(), now, None);
    }
}

//! Until when a certificate is valid: all that we read in our own certificates ourselves.
//!
//! A TLS library looks at the dates of what peers show, and at its own certificate never: with one that
//! has expired everything starts, and every handshake fails.

use smppgate_codec::time::Civil;

/// Tags of DER (ITU-T X.690 §8.1.2), as a certificate has them.
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;

/// The last second of its validity, counted from the Unix epoch (RFC 5280 §4.1.2.5). None if these
/// octets are not laid out like a certificate.
pub fn expires(certificate: &[u8]) -> Option<i64> {
    let (body, _) = element(certificate, SEQUENCE)?;
    let (signed, _) = element(body, SEQUENCE)?;
    // Certificates of version 1 do not name it.
    let rest = element(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_serial_number, rest) = element(rest, INTEGER)?;
    let (_signature, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_not_before, rest) = time(validity)?;
    let (not_after, _) = time(rest)?;
    Some(not_after)
}

/// The content of the element with this tag that these octets begin with, and what follows it.
fn element(octets: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = octets.split_first()?;
    if *found != tag {
        return None;
    }
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(*first), rest),
        // So many octets of length follow; no certificate needs more than three. 0x80 is a length
        // that is not told, which DER has not.
        0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            let add = |sum, octet: &u8| sum << 8 | usize::from(*octet);
            (length.iter().fold(0, add), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A point in time in either form, and what follows it.
fn time(octets: &[u8]) -> Option<(i64, &[u8])> {
    if let Some((text, rest)) = element(octets, UTC_TIME) {
        // "Where YY is greater than or equal to 50, the year SHALL be interpreted as 19YY"
        // (RFC 5280 §4.1.2.5.1).
        let (year, after) = text.split_at_checked(2)?;
        let year = number(year)?;
        let century = if year < 50 { 2_000 } else { 1_900 };
        return Some((point(century + year, after)?, rest));
    }
    let (text, rest) = element(octets, GENERALIZED_TIME)?;
    let (year, after) = text.split_at_checked(4)?;
    Some((point(number(year)?, after)?, rest))
}

/// The rest of it behind the year: MMDDHHMMSSZ, which RFC 5280 has without fractions and in UTC.
fn point(year: i32, after: &[u8]) -> Option<i64> {
    let digits = after.strip_suffix(b"Z").filter(|rest| rest.len() == 10)?;
    let mut parts = [0; 5];
    for (part, two) in parts.iter_mut().zip(digits.chunks(2)) {
        *part = u8::try_from(number(two)?).ok()?;
    }
    let [month, day, hour, minute, second] = parts;
    let civil = Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
    };
    civil.is_valid().then(|| civil.unix())
}

fn number(digits: &[u8]) -> Option<i32> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let add = |sum, digit: &u8| sum * 10 + i32::from(digit - b'0');
    is_number.then(|| digits.iter().fold(0, add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn valid_until(year: i32, month: u8, day: u8) -> Vec<u8> {
        let mut params = CertificateParams::new(["gate".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, month, day);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn both_forms_of_time_are_read() {
        for (year, month, day, unix) in [
            (1999, 12, 31, 946_598_400),
            (2026, 1, 15, 1_768_435_200),
            // The last year that UTCTime has, and the first that it has not.
            (2049, 12, 31, 2_524_521_600),
            (2050, 1, 1, 2_524_608_000),
            (9999, 12, 31, 253_402_214_400),
        ] {
            let certificate = valid_until(year, month, day);
            let generalized = format!("\x18\x0F{year}{month:02}{day:02}");
            let mut places = certificate.windows(generalized.len());
            let is_generalized = places.any(|place| place == generalized.as_bytes());
            assert_eq!(is_generalized, year >= 2050, "{year}");
            assert_eq!(expires(&certificate), Some(unix), "{year}");
        }
    }

    #[test]
    fn times_are_read_to_the_second_or_not_at_all() {
        let read = |tag, text: &str| {
            let octets = [&[tag, text.len() as u8], text.as_bytes()].concat();
            time(&octets).map(|(unix, _)| unix)
        };
        assert_eq!(read(UTC_TIME, "260115103059Z"), Some(1_768_473_059));
        assert_eq!(
            read(GENERALIZED_TIME, "20260115103059Z"),
            Some(1_768_473_059)
        );
        assert_eq!(read(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        for wrong in [
            "2601151030Z",
            "260115103059+0100",
            "261315103059Z",
            "26011510305xZ",
            "",
        ] {
            assert_eq!(read(UTC_TIME, wrong), None, "{wrong}");
        }
        assert_eq!(read(GENERALIZED_TIME, "20260115103059.5Z"), None);
    }

    #[test]
    fn what_is_cut_off_or_something_else_has_no_date() {
        let certificate = valid_until(2030, 1, 1);
        for length in 0..certificate.len() {
            assert_eq!(expires(&certificate[..length]), None, "{length}");
        }
        for at in 0..certificate.len() {
            // Whatever an octet becomes, it is read or it is not.
            for octet in [0, 0x30, 0x7F, 0x80, 0x84, 0xFF] {
                let mut other = certificate.clone();
                other[at] = octet;
                expires(&other);
            }
        }
        assert_eq!(expires(b"\x30\x84\xFF\xFF\xFF\xFF"), None);
        assert_eq!(expires(b"GET / HTTP/1.1"), None);
    }
}

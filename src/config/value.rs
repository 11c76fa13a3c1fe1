//! One value of the file, read as what it should be.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use toml::de::DeValue;

use super::finding::{Report, Spot, shown};
use super::nearest::did_you_mean;

/// A value, where it stands, and who hears what is wrong with it.
///
/// Each reader tells what is wrong and then answers `None`, so that the rest is read all the same.
#[derive(Clone)]
pub(super) struct Value<'a> {
    pub spot: Spot,
    pub raw: &'a DeValue<'a>,
    pub report: &'a Report<'a>,
}

impl<'a> Value<'a> {
    pub fn error(&self, message: impl Into<String>) {
        self.report.error(&self.spot, message);
    }

    pub fn warning(&self, message: impl Into<String>) {
        self.report.warning(&self.spot, message);
    }

    pub fn text(&self) -> Option<&'a str> {
        match self.raw {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type("a string"),
        }
    }

    /// Printable ASCII, as all the text fields of a bind PDU are.
    pub fn ascii(&self, octets: RangeInclusive<usize>) -> Option<&'a str> {
        let text = self.text()?;
        let is_printable = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
        if !text.bytes().all(is_printable) {
            self.error("holds a character that is not printable ASCII");
            return None;
        }
        let count = text.len();
        if !octets.contains(&count) {
            let (least, most) = (octets.start(), octets.end());
            self.error(format!(
                "has {count} characters; write {least} to {most} of them"
            ));
            return None;
        }
        Some(text)
    }

    /// A name that can stand in metrics, logs and addresses unquoted.
    pub fn name(&self) -> Option<&'a str> {
        let name = self.text()?;
        let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"_-.".contains(&octet);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_plain) {
            let told = shown(name);
            self.error(format!(
                "`{told}` is not a name; write 1 to 64 letters, digits, `_`, `-` or `.`"
            ));
            return None;
        }
        Some(name)
    }

    pub fn number<T>(&self, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        let (least, most) = (*range.start(), *range.end());
        let DeValue::Integer(integer) = self.raw else {
            return self.wrong_type(&format!("a number from {least} to {most}"));
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(|number| T::try_from(number).ok())
            .filter(|number| range.contains(number));
        if number.is_none() {
            self.error(format!(
                "{integer} is out of range; write {least} to {most}"
            ));
        }
        number
    }

    pub fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        self.bounded_duration(range, false)
    }

    /// A duration of which zero means never.
    pub fn duration_or_never(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        self.bounded_duration(range, true)
    }

    fn bounded_duration(
        &self,
        range: RangeInclusive<Duration>,
        may_be_never: bool,
    ) -> Option<Duration> {
        let DeValue::String(text) = self.raw else {
            return self.wrong_type("a duration, for example \"5s\" or \"500ms\"");
        };
        let Some(duration) = parse_duration(text) else {
            self.error(format!(
                "`{}` is not a duration; write for example \"5s\" or \"500ms\"",
                shown(text)
            ));
            return None;
        };
        if (may_be_never && duration.is_zero()) || range.contains(&duration) {
            return Some(duration);
        }
        let (least, most) = (show_duration(*range.start()), show_duration(*range.end()));
        let never = if may_be_never {
            ", or \"0s\" for never"
        } else {
            ""
        };
        self.error(format!(
            "{text} is out of range; write \"{least}\" to \"{most}\"{never}"
        ));
        None
    }

    /// A count of octets.
    pub fn size(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let DeValue::String(text) = self.raw else {
            return self.wrong_type("a size, for example \"256 MiB\" or \"20 GiB\"");
        };
        let Some(size) = parse_size(text) else {
            self.error(format!(
                "`{}` is not a size; write for example \"256 MiB\" or \"20 GiB\" \
                 (there are KiB, MiB, GiB and TiB)",
                shown(text)
            ));
            return None;
        };
        if range.contains(&size) {
            return Some(size);
        }
        let (least, most) = (show_size(*range.start()), show_size(*range.end()));
        self.error(format!(
            "{text} is out of range; write \"{least}\" to \"{most}\""
        ));
        None
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)], planned: &[&str]) -> Option<T> {
        let words = || choices.iter().map(|(word, _)| *word);
        let listed = listed(words());
        let DeValue::String(text) = self.raw else {
            return self.wrong_type(&listed);
        };
        let chosen = choices.iter().find(|(word, _)| word == text);
        if chosen.is_none() {
            let told = shown(text);
            self.error(match did_you_mean(text, words()) {
                _ if planned.contains(&&**text) => {
                    format!("`{told}` is planned and not built yet; write {listed}")
                }
                meant if meant.is_empty() => format!("`{told}` is unknown; write {listed}"),
                meant => format!("`{told}` is unknown{meant}"),
            });
        }
        chosen.map(|(_, value)| *value)
    }

    /// The address of a socket that we open.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        let text = self.text()?;
        let address = text.parse().ok();
        if address.is_none() {
            self.error(format!(
                "`{}` is not an IP address and a port; write for example \"127.0.0.1:2775\" or \"0.0.0.0:2775\"",
                shown(text)
            ));
        }
        address
    }

    /// A host (by name or IP address) and a port to dial.
    pub fn host_and_port(&self) -> Option<&'a str> {
        let text = self.text()?;
        if is_host_and_port(text) {
            return Some(text);
        }
        self.error(format!(
            "`{}` is not a host and a port; write for example \"smsc.example:2775\" or \"[2001:db8::1]:2775\"",
            shown(text)
        ));
        None
    }

    /// A text that something else knows how to read.
    pub fn parsed<T: FromStr<Err: Display>>(&self) -> Option<T> {
        let text = self.text()?;
        text.parse()
            .map_err(|error| self.error(format!("`{}` {error}", shown(text))))
            .ok()
    }

    /// The elements of an array, at least one of them.
    pub fn items(&self, example: &str) -> Option<Vec<Value<'a>>> {
        let items = self.items_if_any(example)?;
        if items.is_empty() {
            self.error(format!(
                "is an empty list; write for example {example}, or leave the key out"
            ));
            return None;
        }
        Some(items)
    }

    /// The elements of an array that may have none.
    pub fn items_if_any(&self, example: &str) -> Option<Vec<Value<'a>>> {
        let DeValue::Array(array) = self.raw else {
            return self.wrong_type(&format!("a list, for example {example}"));
        };
        let items = array.iter().enumerate().map(|(place, item)| Value {
            spot: Spot {
                at: item.span().start,
                key: format!("{}[{place}]", self.spot.key),
            },
            raw: item.get_ref(),
            report: self.report,
        });
        Some(items.collect())
    }

    /// The value itself is not told: it may be a password under a wrong key.
    pub fn wrong_type<T>(&self, right: &str) -> Option<T> {
        let (article, kind) = match self.raw.type_str() {
            kind @ ("integer" | "array") => ("an", kind),
            kind => ("a", kind),
        };
        self.error(format!("is {article} {kind}; write {right}"));
        None
    }
}

/// `"a", "b" or "c"`.
fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut quoted: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    let last = quoted.pop().unwrap_or_default();
    match quoted.is_empty() {
        true => last,
        false => format!("{} or {last}", quoted.join(", ")),
    }
}

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number: u64 = number.parse().ok()?;
    number.checked_mul(*millis).map(Duration::from_millis)
}

/// The duration in its largest whole unit, as an operator would write it.
pub(super) fn show_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let fits = |(_, unit): &&(&str, u64)| millis > 0 && millis % unit == 0;
    match UNITS.iter().rev().find(fits) {
        Some((name, unit)) => format!("{}{name}", millis / unit),
        None => "0s".to_owned(),
    }
}

const SIZES: [(&str, u64); 4] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// A number and a unit, with a space between them or none.
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, octets) = SIZES.iter().find(|(name, _)| *name == unit)?;
    let number: u64 = number.parse().ok()?;
    number.checked_mul(*octets)
}

/// The size in its largest whole unit, as an operator would write it.
fn show_size(octets: u64) -> String {
    let fits = |(_, unit): &&(&str, u64)| octets > 0 && octets.is_multiple_of(*unit);
    match SIZES.iter().rev().find(fits) {
        Some((name, unit)) => format!("{} {name}", octets / unit),
        None => format!("{octets} octets"),
    }
}

fn is_host_and_port(text: &str) -> bool {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return address.port() != 0;
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let is_of_name = |octet: u8| octet.is_ascii_alphanumeric() || b"-._".contains(&octet);
    let is_port = port.bytes().all(|octet| octet.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port != 0);
    is_port && (1..=253).contains(&host.len()) && host.bytes().all(is_of_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        let read = |text| parse_duration(text).map(|duration| duration.as_millis());
        assert_eq!(read("5s"), Some(5_000));
        assert_eq!(read("500ms"), Some(500));
        assert_eq!(read("24h"), Some(86_400_000));
        assert_eq!(read("0s"), Some(0));
        for wrong in [
            "",
            "5",
            "s",
            "5 s",
            "-5s",
            "5.5s",
            "5S",
            "99999999999999999d",
            "5é",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_are_shown_as_they_are_written() {
        for text in ["0s", "500ms", "90s", "2m", "36h", "3d"] {
            assert_eq!(show_duration(parse_duration(text).unwrap()), text);
        }
    }

    #[test]
    fn sizes_are_a_number_and_a_unit_of_1024() {
        assert_eq!(parse_size("1 KiB"), Some(1_024));
        assert_eq!(parse_size("64MiB"), Some(64 << 20));
        assert_eq!(parse_size("20 GiB"), Some(20 << 30));
        for wrong in [
            "",
            "20",
            "GiB",
            "20 GB",
            "20  GiB",
            "20 gib",
            "-1 GiB",
            "1.5 GiB",
            "20 GiB ",
            "99999999999 TiB",
        ] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_are_shown_as_they_are_written() {
        for text in ["1 KiB", "1536 MiB", "20 GiB", "16 TiB"] {
            assert_eq!(show_size(parse_size(text).unwrap()), text);
        }
    }

    #[test]
    fn a_carrier_is_dialled_by_host_and_port() {
        for right in ["smsc.example:2775", "10.0.0.1:1", "[::1]:65535", "a_b:2"] {
            assert!(is_host_and_port(right), "{right}");
        }
        for wrong in [
            "",
            "host",
            "host:",
            ":2775",
            "host:0",
            "host:65536",
            "::1:2775x",
            "a b:1",
            "h:+1",
        ] {
            assert!(!is_host_and_port(wrong), "{wrong}");
        }
    }
}

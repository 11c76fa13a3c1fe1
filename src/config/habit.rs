//! The keys of `[[carrier]]` that say how a carrier wants its messages.

use smppgate_codec::code::Tag;
use smppgate_codec::text::DefaultAlphabet;
use toml::de::DeValue;

use super::finding::shown;
use super::map;
use super::section::Section;
use super::surroundings::Context;
use super::value::Value;
use crate::carrier::{Carrier, Group, Long, SegmentReceipts, TlvChanges, Validity};
use crate::receipt::{IdForms, Written};

/// Octets of a parameter that is added to every message.
const ADDED_MAX: usize = 255;

pub(super) fn read(section: &mut Section<'_>, context: &Context<'_>, carrier: &mut Carrier) {
    let alphabets = [
        ("gsm", DefaultAlphabet::Gsm),
        ("latin1", DefaultAlphabet::Latin1),
        ("ascii", DefaultAlphabet::Ascii),
    ];
    if let Some(alphabet) = section
        .key("alphabet")
        .and_then(|value| value.choice(&alphabets, &[]))
    {
        carrier.alphabet = alphabet;
    }
    let ways = [
        ("pass", Long::Pass),
        ("udh", Long::Udh),
        ("sar", Long::Sar),
        ("payload", Long::Payload),
    ];
    if let Some(long) = section
        .key("long")
        .and_then(|value| value.choice(&ways, &[]))
    {
        carrier.long = long;
    }
    let policies = [
        ("each", SegmentReceipts::Each),
        ("any", SegmentReceipts::Any),
        ("last", SegmentReceipts::Last),
    ];
    if let Some(policy) = section
        .key("segment_receipts")
        .and_then(|value| value.choice(&policies, &[]))
    {
        carrier.segment_receipts = policy;
    }
    if let Some(forms) = section.key("message_id").and_then(|value| ids(&value)) {
        carrier.message_id = forms;
    }
    if let Some(value) = section.key("status_map")
        && let Some(map) = map::statuses(&value, context)
    {
        carrier.status_map = map;
    }
    if let Some(value) = section.key("error_map")
        && let Some(map) = map::errors(&value, context)
    {
        carrier.error_map = map;
    }
    if let Some(text) = section
        .key("service_type")
        .and_then(|value| value.ascii(0..=5))
    {
        carrier.service_type = text.to_owned();
    }
    if let Some(changes) = section.key("tlv").and_then(|value| tlvs(&value)) {
        carrier.tlvs = changes;
    }
    let forms = [
        ("relative", Validity::Relative),
        ("absolute", Validity::Absolute),
        ("none", Validity::None),
    ];
    if let Some(form) = section
        .key("validity")
        .and_then(|value| value.choice(&forms, &[]))
    {
        carrier.validity = form;
    }
    let told = [("as-asked", false), ("always", true)];
    if let Some(is_told) = section
        .key("tell_validity")
        .and_then(|value| value.choice(&told, &[]))
    {
        carrier.tells_validity = is_told;
    }
    if let Some(zone) = section.key("timezone").and_then(|value| value.parsed()) {
        carrier.timezone = zone;
    }
    if let Some(is_final) = section
        .key("acceptd_final")
        .and_then(|value| boolean(&value))
    {
        carrier.acceptd_final = is_final;
    }
}

/// `[[group]]`: bounds over the carriers of one operator's account.
pub(super) fn group(mut section: Section<'_>) -> Group {
    let name = section
        .required("name", "name = \"north\"")
        .and_then(|value| value.name())
        .unwrap_or_default()
        .to_owned();
    let mut number = |key, most| {
        let value = section.key(key);
        value
            .and_then(|value| value.number(0..=most))
            .unwrap_or_default()
    };
    let (window, rate) = (number("window", 1_000_000), number("rate", 1_000_000));
    section.finish();
    Group { name, window, rate }
}

/// How ids are written, in responses and in receipts.
fn ids(value: &Value<'_>) -> Option<IdForms> {
    if let DeValue::String(text) = value.raw
        && text == "auto"
    {
        return Some(IdForms::Auto);
    }
    let mut section = Section::of(
        value,
        "\"auto\", or for example { response = \"hex\", receipt = \"decimal\" }",
    )?;
    let forms = [
        ("literal", Written::Literal),
        ("hex", Written::Hex),
        ("decimal", Written::Decimal),
    ];
    let mut form = |key| {
        let value = section.key(key);
        value
            .and_then(|value| value.choice(&forms, &[]))
            .unwrap_or_default()
    };
    let (response, receipt) = (form("response"), form("receipt"));
    let mut switch = |key| {
        let value = section.key(key);
        value.and_then(|value| boolean(&value)).unwrap_or(false)
    };
    let (fold_case, strip_zeros) = (switch("fold_case"), switch("strip_zeros"));
    section.finish();
    Some(IdForms::Known {
        response,
        receipt,
        fold_case,
        strip_zeros,
    })
}

pub(super) fn boolean(value: &Value<'_>) -> Option<bool> {
    match value.raw {
        DeValue::Boolean(boolean) => Some(*boolean),
        _ => value.wrong_type("true or false"),
    }
}

fn tlvs(value: &Value<'_>) -> Option<TlvChanges> {
    let mut section = Section::of(
        value,
        "a table, for example { add = { 0x1400 = \"1201\" }, drop = [\"0x1401\"] }",
    )?;
    let mut changes = TlvChanges::default();
    if let Some(value) = section.key("add")
        && let Some(pairs) = pairs(&value)
    {
        for (name, value) in pairs {
            let added = tag(&name, &value);
            if let (Some(tag), Some(octets)) = (added, octets(&value)) {
                changes.add.push((tag, octets));
            }
        }
    }
    if let Some(value) = section.key("drop") {
        // An empty list drops nothing, which is the default.
        let is_empty = matches!(value.raw, DeValue::Array(items) if items.is_empty());
        let items = if is_empty {
            None
        } else {
            value.items("[\"0x1401\"]")
        };
        for item in items.unwrap_or_default() {
            if let Some(found) = item.text().and_then(|text| tag(text, &item)) {
                changes.drop.push(found);
            }
        }
    }
    section.finish();
    Some(changes)
}

/// The keys of a table whose names are not known beforehand.
fn pairs<'a>(value: &Value<'a>) -> Option<Vec<(String, Value<'a>)>> {
    let DeValue::Table(table) = value.raw else {
        return value.wrong_type("a table, for example { 0x1400 = \"1201\" }");
    };
    let pair = |(name, found): (&toml::Spanned<_>, &'a toml::Spanned<DeValue<'a>>)| {
        let name: &std::borrow::Cow<'_, str> = name.get_ref();
        let spot = super::finding::Spot {
            at: found.span().start,
            key: format!("{}.{}", value.spot.key, shown(name)),
        };
        let value = Value {
            spot,
            raw: found.get_ref(),
            report: value.report,
        };
        (name.to_string(), value)
    };
    Some(table.iter().map(pair).collect())
}

/// A tag by its name or number. What we number ourselves cannot be changed here.
fn tag(text: &str, value: &Value<'_>) -> Option<Tag> {
    let number = text
        .strip_prefix("0x")
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .map(Tag);
    let named = || {
        let named = Tag::KNOWN.iter().find(|(_, name)| *name == text);
        named.map(|(tag, _)| *tag)
    };
    let found = number.or_else(named);
    match found {
        None => value.error(format!(
            "`{}` is no parameter; write its tag, for example 0x1400, or its name",
            shown(text)
        )),
        Some(Tag::MESSAGE_PAYLOAD) => {
            value.error("message_payload is the message itself; leave it out");
            return None;
        }
        Some(Tag::SAR_MSG_REF_NUM | Tag::SAR_TOTAL_SEGMENTS | Tag::SAR_SEGMENT_SEQNUM) => {
            value.error("numbers the segments of a message; leave it out, and see `long`");
            return None;
        }
        Some(_) => {}
    }
    found
}

/// A text as its octets, or octets as `0x…`.
fn octets(value: &Value<'_>) -> Option<Vec<u8>> {
    let text = value.text()?;
    let octets = match text.strip_prefix("0x") {
        None => Some(text.as_bytes().to_vec()),
        Some(digits) => hex(digits.as_bytes()),
    };
    let fitting = octets.filter(|octets| octets.len() <= ADDED_MAX);
    if fitting.is_none() {
        value.error(format!(
            "is no value of a parameter; write a text, or octets as \"0x0A1B\", {ADDED_MAX} at most"
        ));
    }
    fitting
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let octet = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        let is_hex = pair.iter().all(u8::is_ascii_hexdigit);
        is_hex.then(|| u8::from_str_radix(text, 16).ok()).flatten()
    };
    digits.chunks(2).map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_pairs_of_hexadecimal_digits() {
        assert_eq!(hex(b"0aFF"), Some(vec![0x0A, 0xFF]));
        assert_eq!(hex(b""), Some(Vec::new()));
        assert_eq!(hex(b"0a1"), None);
        assert_eq!(hex(b"+a"), None);
    }
}

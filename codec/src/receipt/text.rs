//! The text of a receipt (SMPP 3.4 Appendix B), read as peers write it: fields in any order and
//! case, some missing, dates in several lengths.
//!
//! Nothing is ever an error here: what cannot be read is missing. The fields are slices of the
//! text, and nothing is allocated.

use crate::code::{Alphabet, DataCoding, EsmClass};
use crate::time::{Stamp, without_zone};
use std::borrow::Cow;

use super::state::State;

/// The fields of a receipt's text, as they were written; `None` where the label is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReceiptText<'a> {
    /// `id`, the message id of the message centre.
    pub id: Option<&'a [u8]>,
    /// `sub`, how many messages were submitted.
    pub sub: Option<&'a [u8]>,
    /// `dlvrd`, how many were delivered.
    pub dlvrd: Option<&'a [u8]>,
    /// `submit date`; [`date`] reads it.
    pub submit_date: Option<&'a [u8]>,
    /// `done date`; [`date`] reads it.
    pub done_date: Option<&'a [u8]>,
    /// `stat`, or a word that is one where the label is missing.
    pub stat: Option<&'a [u8]>,
    /// `err`.
    pub err: Option<&'a [u8]>,
    /// `text`, the beginning of the message; any octets.
    pub text: Option<&'a [u8]>,
}

impl<'a> ReceiptText<'a> {
    /// The state that the text names; a word that is not in use says that delivery failed.
    pub fn state(&self) -> Option<State> {
        self.stat
            .map(|stat| State::from_stat(stat).unwrap_or(State::Undeliverable))
    }

    /// Whether this is a receipt beyond doubt: it has an id and a state.
    pub fn is_complete(&self) -> bool {
        self.id.is_some() && self.stat.is_some()
    }
}

/// The octets in which to look for fields: user data without a header, and UTF-16 made readable.
///
/// Peers flag plain text as UCS-2, and receipts as having a user data header when they have none;
/// both show in the first octet, which is a letter then.
pub fn octets(esm_class: EsmClass, coding: DataCoding, user_data: &[u8]) -> Cow<'_, [u8]> {
    let text = match user_data.first() {
        Some(&length @ 0..0x20) if esm_class.has_udh() => user_data
            .get(1 + usize::from(length)..)
            .unwrap_or(user_data),
        _ => user_data,
    };
    if coding.alphabet() == Alphabet::Ucs2 && is_utf16(text) {
        Cow::Owned(crate::text::ucs2::decode(text).into_bytes())
    } else {
        Cow::Borrowed(text)
    }
}

fn is_utf16(text: &[u8]) -> bool {
    text.len().is_multiple_of(2) && matches!(text, [0, ..] | [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..])
}

/// Reads the text of a receipt.
///
/// Where a field is there twice, the first counts: what a user writes comes last. Only a `text:`
/// that stands before any state or error may hold words of the user ahead of true fields, so that
/// the last counts behind it.
pub fn parse(octets: &[u8]) -> ReceiptText<'_> {
    let octets = trim(octets);
    let mut fields = ReceiptText::default();
    // A known word that stands alone serves as the state if no label says one.
    let mut word = None;
    // Whether a state or an error came by: `text:` behind it is the last field.
    let mut judged = false;
    // Where the first `text:` was that came before that.
    let mut early = None;
    let mut at = 0;
    while at < octets.len() {
        let rest = &octets[at..];
        if is_blank(rest[0]) {
            at += 1;
            continue;
        }
        let Some((label, start)) = label(rest) else {
            let end = token(rest);
            if State::from_stat(&rest[..end]).is_some() {
                judged = true;
                if word.is_none() || early.is_some() {
                    word = Some(&rest[..end]);
                }
            }
            at += end;
            continue;
        };
        let value = &rest[start..];
        let end = value_end(label, value);
        let field = match label {
            Label::Id => &mut fields.id,
            Label::Sub => &mut fields.sub,
            Label::Dlvrd => &mut fields.dlvrd,
            Label::SubmitDate => &mut fields.submit_date,
            Label::DoneDate => &mut fields.done_date,
            Label::Stat => &mut fields.stat,
            Label::Err => &mut fields.err,
            Label::Text if judged => {
                fields.text = Some(value);
                break;
            }
            Label::Text => {
                early.get_or_insert((at, value));
                at += start;
                continue;
            }
        };
        judged |= matches!(label, Label::Stat | Label::Err);
        if end > 0 && (field.is_none() || early.is_some()) {
            *field = Some(&value[..end]);
        }
        at += start + end;
    }
    if let (None, Some((cut, value))) = (fields.text, early) {
        if !judged {
            // There is neither state nor error: what was found behind `text:` is the user's.
            fields = parse(&octets[..cut]);
        }
        fields.text = Some(value);
    }
    fields.stat = fields.stat.or(word);
    fields
}

/// A date of a receipt in seconds since the Unix epoch; `None` if it cannot be read or is the
/// zero that peers write for "unknown".
///
/// `offset_minutes` is what the clock of the message centre is ahead of UTC: receipts name no
/// zone, except in the sixteen characters that some take over from the time fields.
pub fn date(raw: &[u8], offset_minutes: i32) -> Option<i64> {
    /// 1 January 2000, 00:00: small servers write it for "unknown".
    const ZERO: &[u8] = b"0001010000";
    if raw.len() == 16 {
        return match Stamp::parse(raw) {
            Ok(Some(Stamp::Absolute { unix, .. })) => Some(unix),
            _ => None,
        };
    }
    if !raw.iter().any(|&octet| is_blank(octet)) {
        return without_zone(raw, offset_minutes).filter(|_| raw != ZERO);
    }
    let mut digits = [0; 14];
    let mut count = 0;
    for &octet in raw.iter().filter(|&&octet| !is_blank(octet)) {
        *digits.get_mut(count)? = octet;
        count += 1;
    }
    date(&digits[..count], offset_minutes)
}

/// The labels of Appendix B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Id,
    Sub,
    Dlvrd,
    SubmitDate,
    DoneDate,
    Stat,
    Err,
    Text,
}

/// The label that `rest` begins with, and where its value starts.
#[inline]
fn label(rest: &[u8]) -> Option<(Label, usize)> {
    let (label, length) = match rest.first()? | 0x20 {
        b'i' if begins(rest, b"id") => (Label::Id, 2),
        b's' if begins(rest, b"stat") => (Label::Stat, 4),
        b's' if begins(rest, b"submit") => (Label::SubmitDate, dated(rest, 6)?),
        b's' if begins(rest, b"sub") => (Label::Sub, 3),
        b'd' if begins(rest, b"dlvrd") => (Label::Dlvrd, 5),
        b'd' if begins(rest, b"done") => (Label::DoneDate, dated(rest, 4)?),
        b'e' if begins(rest, b"err") => (Label::Err, 3),
        b't' if begins(rest, b"text") => (Label::Text, 4),
        _ => return None,
    };
    let colon = length + blanks(&rest[length..]);
    if rest.get(colon) != Some(&b':') {
        return None;
    }
    let start = colon + 1;
    Some((label, start + blanks(&rest[start..])))
}

#[inline]
fn begins(rest: &[u8], word: &[u8]) -> bool {
    rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word)
}

/// The length of a label that ends in "date", given that of what comes before.
#[inline]
fn dated(rest: &[u8], before: usize) -> Option<usize> {
    let gap = match rest.get(before)? {
        b' ' | b'_' => 1,
        _ => 0,
    };
    begins(&rest[before + gap..], b"date").then_some(before + gap + 4)
}

/// Where the value ends: at the next blank, and before it begins if another label stands there.
///
/// A date may have a gap inside if digits follow it.
#[inline]
fn value_end(name: Label, value: &[u8]) -> usize {
    if label(value).is_some() {
        return 0;
    }
    let first = token(value);
    if matches!(name, Label::SubmitDate | Label::DoneDate) {
        let gap = first + blanks(&value[first..]);
        let more = token(&value[gap..]);
        if more > 0 && value[gap..gap + more].iter().all(u8::is_ascii_digit) {
            return gap + more;
        }
    }
    first
}

/// How many octets lie before the next blank.
#[inline]
fn token(rest: &[u8]) -> usize {
    rest.iter()
        .position(|&octet| is_blank(octet))
        .unwrap_or(rest.len())
}

/// How many blanks lie at the start.
#[inline]
fn blanks(rest: &[u8]) -> usize {
    rest.iter()
        .position(|&octet| !is_blank(octet))
        .unwrap_or(rest.len())
}

/// Spaces, line ends and NUL, which some pad with.
#[inline]
fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | 0)
}

fn trim(octets: &[u8]) -> &[u8] {
    let start = blanks(octets);
    let end = octets
        .iter()
        .rposition(|&octet| !is_blank(octet))
        .map_or(start, |last| last + 1);
    &octets[start..end]
}

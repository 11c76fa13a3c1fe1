//! What its account makes of a message before any route is asked, as the gateway would.

use bytes::BytesMut;
use smppgate_codec::code::{Alphabet, Command, DataCoding, Status, Tag};
use smppgate_codec::frame;
use smppgate_codec::pdu::{Address, Sm, Tlv, Tlvs};
use smppgate_codec::text::{DefaultAlphabet, Encoded, encode_auto, latin1};
use smppgate_codec::wire::PduWriter;

use super::shown::{Refusal, TextSize};
use crate::esme::{self, Account, ForcedSource};
use crate::message::Content;
use crate::session::Oddities;

/// Segments that a user data header can number.
const SEGMENTS_MAX: usize = 255;

/// Octets that short_message has room for.
const SHORT_MAX: usize = 254;

/// A message as its account sends it.
pub struct Heard {
    /// Source that routes and carriers see.
    pub source: String,
    /// What its text takes.
    pub text: Option<TextSize>,
    /// Why it goes no further.
    pub refusal: Option<Refusal>,
}

/// Writes the message as an ESME of this account would, and holds it to the account's terms.
pub fn heard(account: &Account, from: &str, to: &str, text: Option<&str>) -> Result<Heard, String> {
    let encoded = encoded(text.unwrap_or_default(), account.alphabet);
    if encoded.octets.len() > usize::from(u16::MAX) {
        return Err("--text: longer than a PDU has room for".into());
    }
    let pdu = written(from, to, &encoded);
    let frame = match frame::next(&pdu, frame::LENGTH_MAX) {
        Ok(Some(frame)) => frame,
        Ok(None) | Err(_) => return Err("--text: longer than a PDU has room for".into()),
    };
    let stopped = |text, refusal| Heard {
        source: from.to_owned(),
        text,
        refusal: Some(refusal),
    };
    let content = match esme::submission(&frame, &mut Oddities::default()) {
        Ok(content) => content,
        Err(status) => {
            let why = "the specification forbids what a field of it holds".into();
            let key = None;
            return Ok(stopped(None, Refusal { key, why, status }));
        }
    };
    let size = text.map(|_| size(&encoded, account.alphabet, &content));
    Ok(match esme::held_to(account, content) {
        Ok(admitted) => Heard {
            source: String::from_utf8_lossy(admitted.content.source().digits).into_owned(),
            text: size,
            refusal: None,
        },
        Err(status) => {
            let key = key(status);
            let why = why(account, status, from, to, size.as_ref());
            stopped(size, Refusal { key, why, status })
        }
    })
}

/// The key of the account that refuses with this status.
fn key(status: Status) -> Option<&'static str> {
    match status {
        Status::ESME_RINVSRCADR => Some("senders"),
        Status::ESME_RINVDSTADR => Some("destinations"),
        Status::ESME_RINVMSGLEN => Some("max_segments"),
        _ => None,
    }
}

fn why(account: &Account, status: Status, from: &str, to: &str, size: Option<&TextSize>) -> String {
    match status {
        Status::ESME_RINVSRCADR if from.is_empty() => "there is no source".into(),
        Status::ESME_RINVSRCADR => format!("{from} is none of them"),
        Status::ESME_RINVDSTADR => format!("{to} is none of them"),
        Status::ESME_RINVMSGLEN => {
            let most = account.max_segments;
            match size.and_then(|size| size.segments) {
                Some(count) => format!("the text becomes {count} segments, and {most} may be"),
                None => format!("the text becomes more segments than the {most} that may be"),
            }
        }
        _ => "its account may not send it".into(),
    }
}

/// A text as an ESME of this alphabet writes it: in its own alphabet if that has all of its
/// characters, else in UCS-2.
fn encoded(text: &str, alphabet: DefaultAlphabet) -> Encoded {
    let own = match alphabet {
        DefaultAlphabet::Gsm => return encode_auto(text),
        DefaultAlphabet::Latin1 => latin1::encode(text),
        DefaultAlphabet::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
    };
    match own {
        Some(octets) => Encoded {
            coding: DataCoding(0),
            octets,
        },
        None => Encoded {
            coding: DataCoding::UCS2,
            octets: smppgate_codec::text::ucs2::encode(text),
        },
    }
}

/// What a text takes when it is sent, its segments counted as the gateway counts them.
fn size(encoded: &Encoded, alphabet: DefaultAlphabet, content: &Content) -> TextSize {
    let counting = Account {
        alphabet,
        rate: 1,
        max_segments: 0,
        ..Account::default()
    };
    let counted = esme::held_to(&counting, content.clone());
    let segments = counted.map_or(0, |admitted| admitted.segments as usize);
    TextSize {
        alphabet: match (encoded.coding.alphabet(), alphabet) {
            (Alphabet::Ucs2, _) => "UCS-2",
            (_, DefaultAlphabet::Gsm) => "GSM",
            (_, DefaultAlphabet::Latin1) => "Latin-1",
            (_, DefaultAlphabet::Ascii) => "ASCII",
        },
        octets: encoded.octets.len(),
        segments: (1..=SEGMENTS_MAX).contains(&segments).then_some(segments),
    }
}

/// The submit_sm.
fn written(from: &str, to: &str, encoded: &Encoded) -> BytesMut {
    let source = ForcedSource::new(from);
    let (ton, npi) = match from {
        "" => (0, 0),
        _ => (source.ton, source.npi),
    };
    let mut payload = BytesMut::new();
    let short_message = match encoded.octets.as_slice() {
        short if short.len() <= SHORT_MAX => short,
        value => {
            let tag = Tag::MESSAGE_PAYLOAD;
            Tlv { tag, value }.put(&mut payload);
            &[]
        }
    };
    let sm = Sm {
        source: Address::new(ton, npi, from.as_bytes()),
        destination: Address::new(1, 1, to.as_bytes()),
        data_coding: encoded.coding,
        short_message,
        tlvs: Tlvs::new(&payload),
        ..Sm::default()
    };
    let mut pdu = BytesMut::new();
    let mut writer = PduWriter::begin(&mut pdu, Command::SUBMIT_SM, Status::ESME_ROK, 1);
    sm.put(writer.body());
    drop(writer);
    pdu
}

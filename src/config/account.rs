//! `[[account]]`: an ESME that may bind.

use std::ops::RangeInclusive;
use std::time::Duration;

use smppgate_codec::text::DefaultAlphabet;

use super::credentials;
use super::habit::boolean;
use super::section::Section;
use super::surroundings::Context;
use super::value::{Value, show_duration};
use crate::esme::{Account, ForcedSource, ReceiptBind};
use crate::link::Network;
use crate::message::{AckMode, Class, IdForm, LateReport, OnUnknown, UnknownOutcome};
use crate::route::{Pattern, Sources};
use crate::session::BindKind;

/// Octets of system_id by the specification (SMPP 3.4 §5.2.1, without the NUL).
pub(super) const SYSTEM_ID_SPECIFIED: usize = 15;

/// Octets of system_id that we take from peers who use more.
pub(super) const SYSTEM_ID_MAX: usize = 64;

/// Octets of an address in a submit_sm (SMPP 3.4 §4.4.1, without the NUL).
const ADDRESS_MAX: usize = 20;

/// Characters of an alphanumeric address (3GPP TS 23.040 §9.1.2.5).
const ALPHANUMERIC_MAX: usize = 11;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// The shortest and the longest validity: a message that is over sooner than carriers are asked
/// again, or that nobody remembers any more, is a mistake of whoever wrote it.
const VALIDITY: RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(7 * 24 * 3_600);

pub(super) fn account(mut section: Section<'_>, context: &Context<'_>) -> Account {
    let default = Account::default();
    let (validity, max_validity) = validities(&mut section, &default);
    let account = Account {
        system_id: section
            .required("system_id", "system_id = \"acme\"")
            .and_then(|value| system_id(&value))
            .unwrap_or(default.system_id),
        password: credentials::password(&mut section, context).unwrap_or(default.password),
        password_next: credentials::password_next(&mut section),
        allow: section
            .key("allow")
            .and_then(|value| allow(&value))
            .unwrap_or(default.allow),
        bind_types: section
            .key("bind_types")
            .and_then(|value| bind_types(&value))
            .unwrap_or(default.bind_types),
        binds: section
            .key("binds")
            .and_then(|value| value.number(1..=1_000))
            .unwrap_or(default.binds),
        window: section
            .key("window")
            .and_then(|value| value.number(1..=10_000))
            .unwrap_or(default.window),
        deliver_window: section
            .key("deliver_window")
            .and_then(|value| value.number(1..=10_000))
            .unwrap_or(default.deliver_window),
        deliver_timeout: section
            .key("deliver_timeout")
            .and_then(|value| value.duration(SECOND..=HOUR))
            .unwrap_or(default.deliver_timeout),
        enquire_link: section
            .key("enquire_link")
            .and_then(|value| value.duration_or_never(SECOND..=HOUR))
            .unwrap_or(default.enquire_link),
        idle_timeout: section
            .key("idle_timeout")
            .and_then(|value| value.duration_or_never(SECOND..=24 * HOUR))
            .unwrap_or(default.idle_timeout),
        ack: section
            .key("ack")
            .and_then(|value| {
                value.choice(
                    &[("stored", AckMode::Stored), ("carrier", AckMode::Carrier)],
                    &[],
                )
            })
            .unwrap_or(default.ack),
        on_unknown: section
            .key("on_unknown")
            .and_then(|value| {
                value.choice(
                    &[("accept", OnUnknown::Accept), ("refuse", OnUnknown::Refuse)],
                    &[],
                )
            })
            .unwrap_or(default.on_unknown),
        respond_within: section
            .key("respond_within")
            .and_then(|value| value.duration(Duration::from_millis(100)..=10 * 60 * SECOND))
            .unwrap_or(default.respond_within),
        class: section
            .key("class")
            .and_then(|value| value.choice(&Class::WORDS, &[]))
            .unwrap_or(default.class),
        validity,
        max_validity,
        ordered: section
            .key("ordered")
            .and_then(|value| boolean(&value))
            .unwrap_or(default.ordered),
        unknown_outcome: section
            .key("unknown_outcome")
            .and_then(|value| unknown_outcome(&value)),
        late_report: section
            .key("late_report")
            .and_then(|value| {
                let ways = [("send", LateReport::Send), ("drop", LateReport::Drop)];
                value.choice(&ways, &[])
            })
            .unwrap_or(default.late_report),
        message_id: section
            .key("message_id")
            .and_then(|value| {
                value.choice(&[("decimal", IdForm::Decimal), ("hex", IdForm::Hex)], &[])
            })
            .unwrap_or(default.message_id),
        reassemble: section
            .key("reassemble")
            .and_then(|value| boolean(&value))
            .unwrap_or(default.reassemble),
        receipt_bind: section
            .key("receipt_bind")
            .and_then(|value| {
                let binds = [("any", ReceiptBind::Any), ("same", ReceiptBind::Same)];
                value.choice(&binds, &[])
            })
            .unwrap_or(default.receipt_bind),
        timezone: section
            .key("timezone")
            .and_then(|value| value.parsed())
            .unwrap_or(default.timezone),
        alphabet: section
            .key("alphabet")
            .and_then(|value| alphabet(&value))
            .unwrap_or(default.alphabet),
        rate: section
            .key("rate")
            .and_then(|value| value.number(0..=1_000_000))
            .unwrap_or(default.rate),
        daily_segments: section
            .key("daily_segments")
            .and_then(|value| value.number(0..=1_000_000_000_000))
            .unwrap_or(default.daily_segments),
        max_segments: section
            .key("max_segments")
            .and_then(|value| value.number(0..=255))
            .unwrap_or(default.max_segments),
        senders: section
            .key("senders")
            .and_then(|value| addresses(&value, "[\"ACME\", \"4477*\"]"))
            .unwrap_or(default.senders),
        destinations: section
            .key("destinations")
            .and_then(|value| addresses(&value, "[\"33*\", \"4477*\"]"))
            .unwrap_or(default.destinations),
        force_source: section.key("force_source").and_then(|value| forced(&value)),
    };
    section.planned("tls", None);
    section.finish();
    account
}

/// How long messages are valid that do not say so, and how long any may be.
fn validities(section: &mut Section<'_>, default: &Account) -> (Duration, Duration) {
    let (validity, most) = (section.key("validity"), section.key("max_validity"));
    let read = |written: &Option<Value<'_>>, default| match written {
        Some(value) => value.duration(VALIDITY),
        None => Some(default),
    };
    let (Some(usual), Some(longest)) = (
        read(&validity, default.validity),
        read(&most, default.max_validity),
    ) else {
        return (default.validity, default.max_validity);
    };
    if usual > longest {
        let (usual, longest) = (show_duration(usual), show_duration(longest));
        match (&validity, &most) {
            (Some(validity), most) => {
                let default = match most {
                    Some(_) => "",
                    None => " by default",
                };
                validity.error(format!(
                    "{usual} is longer than max_validity, which is {longest}{default}; \
                     write validity = \"{longest}\", or max_validity = \"{usual}\""
                ));
            }
            (None, Some(most)) => most.error(format!(
                "{longest} is shorter than validity, which is {usual} by default; \
                 write validity = \"{longest}\" beside it"
            )),
            // What is not written is right.
            (None, None) => {}
        }
    }
    (usual, longest)
}

/// What becomes of a message whose outcome is unknown, for accounts and routes alike.
pub(super) fn unknown_outcome(value: &Value<'_>) -> Option<UnknownOutcome> {
    value.choice(&UnknownOutcome::WORDS, &[])
}

/// The name of a bind, for accounts and carriers alike.
pub(super) fn system_id(value: &Value<'_>) -> Option<String> {
    let name = value.ascii(1..=SYSTEM_ID_MAX)?;
    if name.len() > SYSTEM_ID_SPECIFIED {
        value.report.warning(
            &value.spot,
            format!(
                "has {} characters; SMPP 3.4 has {SYSTEM_ID_SPECIFIED} at most, \
                 and some peers cut or refuse what is longer",
                name.len()
            ),
        );
    }
    Some(name.to_owned())
}

/// What data_coding 0 means, for accounts and carriers alike.
pub(super) fn alphabet(value: &Value<'_>) -> Option<DefaultAlphabet> {
    let alphabets = [
        ("gsm", DefaultAlphabet::Gsm),
        ("latin1", DefaultAlphabet::Latin1),
        ("ascii", DefaultAlphabet::Ascii),
    ];
    value.choice(&alphabets, &[])
}

fn allow(value: &Value<'_>) -> Option<Vec<Network>> {
    let items = value.items("[\"192.0.2.0/24\", \"2001:db8::/32\"]")?;
    Some(items.iter().filter_map(Value::parsed).collect())
}

fn addresses(value: &Value<'_>, example: &str) -> Option<Sources> {
    let items = value.items_if_any(example)?;
    let patterns: Vec<Pattern> = items.iter().filter_map(Value::parsed).collect();
    Some(Sources::new(&patterns))
}

/// An empty text forces nothing.
fn forced(value: &Value<'_>) -> Option<ForcedSource> {
    let text = value.ascii(0..=ADDRESS_MAX)?;
    let forced = ForcedSource::new(text);
    if forced.ton == 5 && text.len() > ALPHANUMERIC_MAX {
        value.report.warning(
            &value.spot,
            format!(
                "has {} characters; phones show {ALPHANUMERIC_MAX} of a name at most, and some carriers refuse what is longer",
                text.len()
            ),
        );
    }
    (!text.is_empty()).then_some(forced)
}

fn bind_types(value: &Value<'_>) -> Option<Vec<BindKind>> {
    let kinds = [
        ("tx", BindKind::Transmitter),
        ("rx", BindKind::Receiver),
        ("trx", BindKind::Transceiver),
    ];
    let mut bind_types = Vec::new();
    for item in value.items("[\"tx\", \"rx\", \"trx\"]")? {
        match item.choice(&kinds, &[]) {
            Some(kind) if bind_types.contains(&kind) => item.error("stands in the list twice"),
            Some(kind) => bind_types.push(kind),
            None => {}
        }
    }
    Some(bind_types)
}

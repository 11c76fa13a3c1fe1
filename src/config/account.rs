//! `[[account]]`: an ESME that may bind.

use std::time::Duration;

use super::habit::boolean;
use super::secret;
use super::section::Section;
use super::surroundings::Context;
use super::value::Value;
use crate::esme::{Account, Password};
use crate::message::{AckMode, IdForm, OnUnknown};
use crate::session::BindKind;

/// Octets of system_id by the specification (SMPP 3.4 §5.2.1, without the NUL).
pub(super) const SYSTEM_ID_SPECIFIED: usize = 15;

/// Octets of system_id that we take from peers who use more.
pub(super) const SYSTEM_ID_MAX: usize = 64;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Keys that are planned, and what will be their defaults.
const PLANNED: [(&str, Option<&str>); 19] = [
    ("password_hash", None),
    ("password_next", None),
    ("tls", None),
    ("allow", Some("[\"0.0.0.0/0\", \"::/0\"]")),
    ("receipt_bind", Some("\"any\"")),
    ("rate", Some("0")),
    ("class", Some("\"transactional\"")),
    ("timezone", Some("\"UTC\"")),
    ("alphabet", Some("\"gsm\"")),
    ("senders", Some("[]")),
    ("force_source", Some("\"\"")),
    ("destinations", Some("[]")),
    ("validity", Some("\"24h\"")),
    ("max_validity", Some("\"72h\"")),
    ("ordered", Some("false")),
    ("daily_segments", Some("0")),
    ("max_segments", Some("10")),
    ("unknown_outcome", None),
    ("late_report", Some("\"send\"")),
];

pub(super) fn account(mut section: Section<'_>, context: &Context<'_>) -> Account {
    let default = Account::default();
    let account = Account {
        system_id: section
            .required("system_id", "system_id = \"acme\"")
            .and_then(|value| system_id(&value))
            .unwrap_or(default.system_id),
        password: password(&mut section, context).unwrap_or(default.password),
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
    };
    for (key, default) in PLANNED {
        section.planned(key, default);
    }
    section.finish();
    account
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

fn password(section: &mut Section<'_>, context: &Context<'_>) -> Option<Password> {
    let secret = secret::password(section, context)?;
    if secret.octets.is_empty() {
        secret
            .from
            .error("the password is empty, so that anybody could bind; write one");
    }
    Some(Password(secret.octets))
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

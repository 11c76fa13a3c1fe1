//! `[[carrier]]`: binds that we open.

use std::net::IpAddr;
use std::time::Duration;

use toml::de::DeValue;

use super::account::system_id;
use super::finding::shown;
use super::habit;
use super::names::Names;
use super::secret;
use super::section::Section;
use super::surroundings::Context;
use super::tls;
use super::value::{Value, show_duration};
use crate::carrier::{
    AddressRange, Binding, Carrier, Long, Numbering, Outbind, Password, Receipts, Reconnect,
    Unmatched,
};
use crate::link::tls::ClientTls;

/// Octets of a password by the specification (SMPP 3.4 §5.2.2, without the NUL).
const PASSWORD_SPECIFIED: usize = 8;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// The longest that a report may take after its message is over: no carrier is known to report later.
const RECEIPT_TIMEOUT_MOST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Keys that are planned, and what will be their defaults.
const PLANNED: [(&str, Option<&str>); 2] = [("senders", Some("[]")), ("countries", Some("[]"))];

pub(super) fn carrier(
    mut section: Section<'_>,
    accounts: &Names,
    context: &Context<'_>,
) -> Carrier {
    let default = Carrier::default();
    let name = section
        .required("name", "name = \"north\"")
        .and_then(|value| value.name())
        .unwrap_or_default();
    let (source_ton, source_npi) = numbers(
        &mut section,
        "source",
        (default.source_ton, default.source_npi),
    );
    let (destination_ton, destination_npi) = numbers(
        &mut section,
        "destination",
        (default.destination_ton, default.destination_npi),
    );
    let outbind = section
        .key("outbind")
        .and_then(|value| outbind(&value, context));
    let version = section.key("interface_version");
    let mut carrier = Carrier {
        name: name.to_owned(),
        addresses: addresses(&mut section, outbind.as_ref()),
        outbind,
        local_address: section
            .key("local_address")
            .and_then(|value| local_address(&value)),
        tls: dial_tls(&mut section, context),
        system_id: section
            .required("system_id", "system_id = \"smppgate\"")
            .and_then(|value| system_id(&value))
            .unwrap_or(default.system_id),
        password: password(&mut section, context).unwrap_or(default.password),
        group: section
            .key("group")
            .and_then(|value| value.name())
            .unwrap_or(name)
            .to_owned(),
        bind: section
            .key("bind")
            .and_then(|value| bind(&value))
            .unwrap_or(default.bind),
        binds: section
            .key("binds")
            .and_then(|value| value.number(1..=100))
            .unwrap_or(default.binds),
        window: section
            .key("window")
            .and_then(|value| value.number(1..=10_000))
            .unwrap_or(default.window),
        rate: section
            .key("rate")
            .and_then(|value| value.number(0..=1_000_000))
            .unwrap_or(default.rate),
        system_type: section
            .key("system_type")
            .and_then(|value| value.ascii(0..=12))
            .map_or(default.system_type, str::to_owned),
        interface_version: version
            .as_ref()
            .and_then(interface_version)
            .unwrap_or(default.interface_version),
        address_range: section
            .key("address_range")
            .and_then(|value| address_range(&value))
            .unwrap_or(default.address_range),
        source_ton,
        source_npi,
        destination_ton,
        destination_npi,
        enquire_link: section
            .key("enquire_link")
            .and_then(|value| value.duration_or_never(SECOND..=HOUR))
            .unwrap_or(default.enquire_link),
        response_timeout: section
            .key("response_timeout")
            .and_then(|value| value.duration(SECOND..=HOUR))
            .unwrap_or(default.response_timeout),
        reconnect: section
            .key("reconnect")
            .and_then(|value| reconnect(&value))
            .unwrap_or(default.reconnect),
        receipts: section
            .key("receipts")
            .and_then(|value| {
                value.choice(
                    &[
                        ("always", Receipts::Always),
                        ("as-asked", Receipts::AsAsked),
                    ],
                    &[],
                )
            })
            .unwrap_or(default.receipts),
        receipt_timeout: section
            .key("receipt_timeout")
            .and_then(|value| value.duration(SECOND..=RECEIPT_TIMEOUT_MOST))
            .unwrap_or(default.receipt_timeout),
        unmatched: section
            .key("unmatched")
            .and_then(|value| unmatched(&value, accounts))
            .unwrap_or(default.unmatched),
        ..default
    };
    habit::read(&mut section, context, &mut carrier);
    if let Some(version) = version.filter(|_| carrier.is_old()) {
        older(&version, &carrier);
    }
    for (key, default) in PLANNED {
        section.planned(key, default);
    }
    section.finish();
    carrier
}

/// Where a carrier calls us, and what it must show.
fn outbind(value: &Value<'_>, context: &Context<'_>) -> Option<Outbind> {
    let example = "a table, for example { address = \"0.0.0.0:2790\", system_id = \"smsc\", password = \"…\" }";
    let mut section = Section::of(value, example)?;
    let address = section
        .required("address", "address = \"0.0.0.0:2790\"")
        .and_then(|value| value.socket_address());
    let system_id = section
        .required("system_id", "system_id = \"smsc\"")
        .and_then(|value| system_id(&value));
    let password = secret::password(
        &mut section,
        context,
        "password, password_file or password_env",
    );
    let tls = section.key("tls").map(|value| tls::server(&value, context));
    section.finish();
    Some(Outbind {
        tls: tls.flatten(),
        address: address?,
        system_id: system_id?,
        password: Password(password?.octets),
    })
}

fn addresses(section: &mut Section<'_>, outbind: Option<&Outbind>) -> Vec<String> {
    let one = section.key("address");
    let many = section.key("addresses");
    match (one, many) {
        (Some(address), _) | (None, Some(address)) if section.has("outbind") => {
            address.error("stands beside `outbind`; a carrier that calls us is not dialled");
            Vec::new()
        }
        (None, None) if section.has("outbind") => outbind
            .map(|outbind| outbind.address.to_string())
            .into_iter()
            .collect(),
        (Some(_), Some(many)) => {
            many.error("stands beside `address`; write `address` or `addresses`");
            Vec::new()
        }
        (Some(one), None) => one.host_and_port().map(str::to_owned).into_iter().collect(),
        (None, Some(many)) => many
            .items("[\"smsc1.example:2775\", \"smsc2.example:2775\"]")
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.host_and_port().map(str::to_owned))
            .collect(),
        (None, None) => {
            section.absent(
                "address",
                "is missing; write for example address = \"127.0.0.1:2776\"",
            );
            Vec::new()
        }
    }
}

fn dial_tls(section: &mut Section<'_>, context: &Context<'_>) -> Option<ClientTls> {
    let value = section.key("tls")?;
    if section.has("outbind") {
        value.error(
            "stands beside `outbind`; who is called shows the certificate, so write it in there: \
             outbind = { …, tls = { certificate = \"gw.pem\", key = \"gw.key\" } }",
        );
        return None;
    }
    tls::client(&value, context)
}

fn local_address(value: &Value<'_>) -> Option<IpAddr> {
    let text = value.text().filter(|text| !text.is_empty())?;
    let address = text.parse().ok();
    if address.is_none() {
        value.error(format!(
            "`{}` is not an IP address; write for example \"192.0.2.1\"",
            shown(text)
        ));
    }
    address
}

fn password(section: &mut Section<'_>, context: &Context<'_>) -> Option<Password> {
    let secret = secret::password(section, context, "password, password_file or password_env")?;
    let count = secret.octets.len();
    if count > PASSWORD_SPECIFIED {
        secret.from.report.warning(
            &secret.from.spot,
            format!(
                "the password has {count} octets; SMPP 3.4 has {PASSWORD_SPECIFIED} at most, \
                 and some carriers cut or refuse what is longer"
            ),
        );
    }
    Some(Password(secret.octets))
}

fn bind(value: &Value<'_>) -> Option<Binding> {
    let kinds = [
        ("transceiver", Binding::Transceiver),
        ("transmitter", Binding::Transmitter),
        ("receiver", Binding::Receiver),
        ("pair", Binding::Pair),
    ];
    value.choice(&kinds, &[])
}

fn interface_version(value: &Value<'_>) -> Option<u8> {
    let version: u8 = value.number(0..=255)?;
    if !matches!(version, 0x33 | 0x34) {
        value.error(format!(
            "0x{version:02x} is not spoken here; write 0x34 (or 0x33)"
        ));
        return None;
    }
    Some(version)
}

/// What a carrier does not know that speaks a version before 3.4.
fn older(version: &Value<'_>, carrier: &Carrier) {
    if carrier.bind == Binding::Transceiver {
        version.warning(
            "bind_transceiver came with 0x34: most carriers of older versions refuse it; \
             write bind = \"pair\"",
        );
    }
    if matches!(carrier.long, Long::Sar | Long::Payload) || !carrier.tlvs.add.is_empty() {
        version.error(
            "knows no optional parameters; write long = \"udh\" (or leave it out), and leave tlv.add out",
        );
    }
}

fn address_range(value: &Value<'_>) -> Option<AddressRange> {
    let mut section = Section::of(
        value,
        "a table, for example { ton = 1, npi = 1, range = \"^33\" }",
    )?;
    let default = AddressRange::default();
    let range = AddressRange {
        ton: section
            .key("ton")
            .and_then(|value| value.number(0..=255))
            .unwrap_or(default.ton),
        npi: section
            .key("npi")
            .and_then(|value| value.number(0..=255))
            .unwrap_or(default.npi),
        range: section
            .key("range")
            .and_then(|value| value.ascii(0..=40))
            .map_or(default.range, str::to_owned),
    };
    section.finish();
    Some(range)
}

/// TON and NPI of one side.
fn numbers(
    section: &mut Section<'_>,
    key: &'static str,
    default: (Numbering, Numbering),
) -> (Numbering, Numbering) {
    let table = section
        .key(key)
        .and_then(|value| Section::of(&value, "a table, for example { ton = 1, npi = 1 }"));
    let Some(mut section) = table else {
        return default;
    };
    let ton = section.key("ton").and_then(|value| numbering(&value));
    let npi = section.key("npi").and_then(|value| numbering(&value));
    section.finish();
    (ton.unwrap_or(default.0), npi.unwrap_or(default.1))
}

fn numbering(value: &Value<'_>) -> Option<Numbering> {
    match value.raw {
        DeValue::Integer(_) => value.number(0..=255).map(Numbering::Set),
        DeValue::String(text) if text == "keep" => Some(Numbering::Keep),
        _ => {
            value.error("is neither a number nor \"keep\"; write for example 1 or \"keep\"");
            None
        }
    }
}

/// Who gets the receipts that match nothing of ours.
fn unmatched(value: &Value<'_>, accounts: &Names) -> Option<Unmatched> {
    let mut section = Section::of(value, "a table, for example { forward = \"acme\" }")?;
    let forward = section
        .required("forward", "forward = \"acme\", or leave `unmatched` out")
        .and_then(|value| accounts.reference(&value));
    section.finish();
    forward.map(Unmatched::Forward)
}

fn reconnect(value: &Value<'_>) -> Option<Reconnect> {
    let mut section = Section::of(
        value,
        "a table, for example { first = \"1s\", most = \"60s\" }",
    )?;
    let default = Carrier::default().reconnect;
    let range = Duration::from_millis(100)..=HOUR;
    let first = section
        .key("first")
        .and_then(|value| value.duration(range.clone()))
        .unwrap_or(default.first);
    let most = section
        .key("most")
        .and_then(|value| value.duration(range))
        .unwrap_or(default.most);
    section.finish();
    if first > most {
        value.error(format!(
            "the first pause ({}) is longer than the longest ({})",
            show_duration(first),
            show_duration(most)
        ));
        return None;
    }
    Some(Reconnect { first, most })
}

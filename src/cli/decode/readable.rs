//! A PDU for people: one line for its header, one for each field.

use std::fmt::Write;

use smppgate_codec::code::{Alphabet, DataCoding, EsmClass, MessageState, MessageType, Status};

use super::shown::{Entry, Named};

/// Width of the names: the longest one of a field that is often seen.
const NAME_WIDTH: usize = 24;

/// Writes a PDU, or why it could not be read.
pub fn readable(shown: &Named) -> String {
    let mut out = String::new();
    for (name, value) in shown {
        match (*name, value) {
            ("error", Entry::Text(text)) => {
                let _ = write!(out, "error: {text}");
            }
            ("command", Entry::Text(command)) => out.push_str(command),
            ("command_id", Entry::Text(id)) => {
                let _ = write!(out, " {id}");
            }
            ("status", Entry::Number(status)) => {
                let status = Status(*status as u32);
                // In requests it says nothing.
                if out.ends_with("_resp") || out == "generic_nack" || !status.is_ok() {
                    let _ = write!(out, "  {}", named_status(status));
                }
            }
            ("sequence", Entry::Number(sequence)) => {
                let _ = write!(out, "  sequence {sequence}");
            }
            ("offset", Entry::Number(_)) => {}
            ("fields", Entry::Named(fields)) => lines(fields, 1, &mut out),
            ("tlvs", Entry::List(tlvs)) => tlvs.iter().for_each(|tlv| parameter(tlv, &mut out)),
            (name, value) => line(name, value, 1, &mut out),
        }
    }
    out.push('\n');
    out
}

fn lines(named: &Named, depth: usize, out: &mut String) {
    for (name, value) in named {
        line(name, value, depth, out);
    }
}

fn line(name: &str, value: &Entry, depth: usize, out: &mut String) {
    let indent = depth * 2;
    match value {
        Entry::List(list) => {
            for value in list {
                line(name, value, depth, out);
            }
        }
        Entry::Named(named) => {
            let _ = write!(out, "\n{:indent$}{name}", "");
            lines(named, depth + 1, out);
        }
        value => {
            let width = NAME_WIDTH + 2 - indent.min(NAME_WIDTH);
            let _ = write!(out, "\n{:indent$}{name:width$}{}", "", plain(value));
            if let Entry::Number(number) = value
                && let Some(meaning) = meaning(name, *number)
            {
                let _ = write!(out, " ({meaning})");
            }
        }
    }
}

/// A TLV by its name, or by its tag if it has none.
fn parameter(tlv: &Entry, out: &mut String) {
    let Entry::Named(parts) = tlv else { return };
    let [(_, tag), (_, name), (_, value), overrun @ ..] = &parts[..] else {
        return;
    };
    match (name, tag) {
        (Entry::Text(name), _) => line(name, value, 1, out),
        (_, Entry::Text(tag)) => line(tag, value, 1, out),
        _ => {}
    }
    for (_, announced) in overrun {
        let announced = plain(announced);
        let _ = write!(
            out,
            " (it announces {announced} octets and runs past the end)"
        );
    }
}

/// Texts stand in quotes, so that an empty one and a blank at the end can be seen; what is no
/// printable character is escaped, so that nothing can steer the terminal.
fn plain(value: &Entry) -> String {
    match value {
        Entry::Number(number) => number.to_string(),
        Entry::Text(text) => format!("{text:?}"),
        _ => "-".to_owned(),
    }
}

fn named_status(status: Status) -> String {
    match status.name() {
        Some(name) => name.to_owned(),
        None => format!("status {status}"),
    }
}

/// What a number means, where it has a meaning that is not in its name.
fn meaning(name: &str, number: u64) -> Option<String> {
    let octet = u8::try_from(number).ok();
    match name {
        "esm_class" => of_esm_class(EsmClass(octet?)),
        "data_coding" => Some(of_coding(DataCoding(octet?)).to_owned()),
        "message_state" => MessageState(octet?).name().map(str::to_owned),
        "error_status_code" => Some(Status(number as u32).to_string()),
        "interface_version" | "sc_interface_version" => {
            let octet = octet?;
            Some(format!("{}.{}", octet >> 4, octet & 0xF))
        }
        "source_addr_ton" | "dest_addr_ton" | "addr_ton" | "esme_addr_ton" => {
            let known = [
                "unknown",
                "international",
                "national",
                "network specific",
                "subscriber number",
                "alphanumeric",
                "abbreviated",
            ];
            known.get(usize::from(octet?)).map(|&name| name.to_owned())
        }
        "registered_delivery" => match number & 3 {
            1 => Some("receipt".to_owned()),
            2 => Some("receipt if it fails".to_owned()),
            3 => Some("receipt if it is delivered".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

fn of_esm_class(class: EsmClass) -> Option<String> {
    let mut meanings = Vec::new();
    match class.message_type() {
        MessageType::Default => {}
        MessageType::DeliveryReceipt => meanings.push("receipt"),
        MessageType::DeliveryAcknowledgement => meanings.push("delivery acknowledgement"),
        MessageType::UserAcknowledgement => meanings.push("user acknowledgement"),
        MessageType::ConversationAbort => meanings.push("conversation abort"),
        MessageType::IntermediateNotification => meanings.push("intermediate notification"),
        MessageType::Reserved(_) => meanings.push("reserved message type"),
    }
    if class.has_udh() {
        meanings.push("user data header");
    }
    if class.0 & EsmClass::REPLY_PATH != 0 {
        meanings.push("reply path");
    }
    (!meanings.is_empty()).then(|| meanings.join(", "))
}

fn of_coding(coding: DataCoding) -> &'static str {
    match coding.alphabet() {
        Alphabet::Default => "default alphabet",
        Alphabet::Ascii => "ASCII",
        Alphabet::Latin1 => "ISO 8859-1",
        Alphabet::Ucs2 => "UCS-2",
        Alphabet::Binary => "no text that we read",
    }
}

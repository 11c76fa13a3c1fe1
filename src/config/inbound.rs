//! `[[inbound]]`: who gets messages from phones.

use super::finding::shown;
use super::names::{Carriers, Names};
use super::section::Section;
use super::value::Value;
use crate::message::{AccountId, CarrierId, KEYWORD_MAX};
use crate::route::{InboundRule, Pattern};

/// An inbound rule, with account and carrier by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Numbers that phones write to; none is any.
    pub to: Vec<String>,
    /// The carrier that brings the message; none is any.
    pub carrier: Option<String>,
    /// The word that the message begins with, in lower case; none is any.
    pub keyword: Option<String>,
    /// The system_id of the account that gets it.
    pub account: String,
}

impl Inbound {
    /// The rule for the inbound table, with the numbers of account and carrier.
    pub fn rule(
        &self,
        account_id: &impl Fn(&str) -> AccountId,
        carrier_id: &impl Fn(&str) -> CarrierId,
    ) -> InboundRule {
        InboundRule {
            to: self.to.iter().map(|to| to.as_bytes().to_vec()).collect(),
            carrier: self.carrier.as_deref().map(carrier_id),
            keyword: self.keyword.clone(),
            account: account_id(&self.account),
        }
    }
}

pub(super) fn inbound(
    mut section: Section<'_>,
    accounts: &Names,
    carriers: &Carriers,
) -> Option<Inbound> {
    let to = section
        .key("to")
        .and_then(|value| value.items("[\"36034\"]"))
        .unwrap_or_default()
        .iter()
        .filter_map(number)
        .collect();
    let carrier = section
        .key("carrier")
        .and_then(|value| carriers.receiver(&value));
    let account = section
        .required("account", "account = \"acme\"")
        .and_then(|value| accounts.reference(&value));
    let keyword = section.key("keyword").and_then(|value| keyword(&value));
    section.finish();
    Some(Inbound {
        to,
        carrier,
        keyword,
        account: account?,
    })
}

/// One word; phones write it in any case.
fn keyword(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    let is_word = !text.is_empty() && text.chars().all(char::is_alphanumeric);
    let word = text.to_lowercase();
    if !is_word || word.chars().count() > KEYWORD_MAX {
        value.error(format!(
            "`{}` is no keyword; write one word of {KEYWORD_MAX} letters and digits at most, \
             for example \"STOP\"",
            shown(text)
        ));
        return None;
    }
    Some(word)
}

/// A number that phones write to, whole.
fn number(value: &Value<'_>) -> Option<String> {
    let number = value.ascii(1..=Pattern::OCTETS_MAX)?;
    if number.contains('*') {
        value.error(format!(
            "`{number}` is a pattern; write each number whole, for example \"36034\""
        ));
        return None;
    }
    Some(number.to_owned())
}

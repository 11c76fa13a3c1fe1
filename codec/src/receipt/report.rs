//! What a receipt reports, its text and its optional parameters taken together.

use super::kind::Kind;
use super::state::State;
use super::text::{ReceiptText, parse};
use crate::code::{MessageState, Tag};
use crate::pdu::{NetworkErrorCode, Tlv, Tlvs};

/// Longest `err` that is taken over: the longest seen is four characters, and it becomes a label
/// of what others count.
const ERR_MAX: usize = 16;

/// A receipt or notification, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// The id in receipted_message_id, without its NUL.
    pub tlv_id: Option<&'a [u8]>,
    /// The fields of the text, its id among them.
    pub text: ReceiptText<'a>,
    /// The state: message_state where it is one of 3.4, else what the text says. `None` if the
    /// receipt names none at all.
    pub state: Option<State>,
    /// `err` of the text, at least one character and 16 at most.
    pub err: Option<&'a [u8]>,
    /// network_error_code.
    pub network_error: Option<NetworkErrorCode>,
    /// user_message_reference of the message that is receipted.
    pub user_message_reference: Option<u16>,
}

impl<'a> Report<'a> {
    /// Reads a receipt from the octets that [`super::octets`] made of its user data, and its
    /// optional parameters; of each of those the first counts.
    pub fn read(kind: Kind, octets: &'a [u8], tlvs: Tlvs<'a>) -> Self {
        let text = parse(octets);
        let mut report = Self {
            tlv_id: None,
            text,
            state: None,
            err: text.err.map(|err| &err[..err.len().min(ERR_MAX)]),
            network_error: None,
            user_message_reference: None,
        };
        let mut number = None;
        for tlv in tlvs {
            match tlv.tag {
                Tag::RECEIPTED_MESSAGE_ID if report.tlv_id.is_none() => {
                    report.tlv_id = id(&tlv);
                }
                Tag::MESSAGE_STATE if number.is_none() => {
                    number = tlv.number().and_then(|number| u8::try_from(number).ok());
                }
                Tag::NETWORK_ERROR_CODE if report.network_error.is_none() => {
                    report.network_error = tlv.network_error_code();
                }
                Tag::USER_MESSAGE_REFERENCE if report.user_message_reference.is_none() => {
                    let number = tlv.number().and_then(|number| u16::try_from(number).ok());
                    report.user_message_reference = number;
                }
                _ => {}
            }
        }
        if report.tlv_id.is_none() {
            // A length that runs past the end leaves an id that is whole all the same.
            report.tlv_id = match tlvs.overrun() {
                Some((tlv, _)) if tlv.tag == Tag::RECEIPTED_MESSAGE_ID => id(&tlv),
                _ => None,
            };
        }
        let number = number.map(MessageState);
        report.state = number
            .and_then(State::from_message_state)
            .or_else(|| match text.stat {
                Some(stat) => State::from_stat(stat).or(Some(match kind {
                    // A word of the message centre's own cannot end a message in a notification.
                    Kind::Intermediate => State::EnRoute,
                    _ => State::Undeliverable,
                })),
                None => number.and_then(of_version_5),
            });
        report
    }

    /// The ids to look the message up by, the better one first; none if the receipt has none.
    pub fn ids(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let text_id = self.text.id.filter(|&id| self.tlv_id != Some(id));
        self.tlv_id.into_iter().chain(text_id)
    }

    /// Whether the message has come to its end, as far as the receipt says.
    pub fn is_final(&self) -> bool {
        self.state.is_some_and(State::is_final)
    }
}

/// receipted_message_id without NUL and padding; `None` if nothing is left.
fn id<'a>(tlv: &Tlv<'a>) -> Option<&'a [u8]> {
    let id = tlv.c_octet_string().trim_ascii();
    (!id.is_empty()).then_some(id)
}

/// The states that 5.0 adds, for a receipt without a text.
fn of_version_5(state: MessageState) -> Option<State> {
    match state {
        MessageState::SCHEDULED => Some(State::EnRoute),
        MessageState::SKIPPED => Some(State::Undeliverable),
        _ => None,
    }
}

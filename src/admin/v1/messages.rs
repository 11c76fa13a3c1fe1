//! `/v1/messages`: what has happened to a message, found by our id, by a carrier's id, or by the
//! number that it goes to.

use super::wait::told;
use crate::admin::State;
use crate::admin::answer::{Refusal, Shown, time};
use crate::admin::query::Query;
use crate::flow::{Accounts, Carriers, Kind, Searched, Sought, Timeline, Whereabouts};
use crate::message::{AccountId, AckMode, CarrierId, IdForm, MessageId};
use crate::receipt::CarrierMessageId;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State as Shared};
use serde::Serialize;
use std::sync::Arc;

/// Messages in one answer where nothing is said.
const LIMIT: u64 = 20;

/// The most messages in one answer.
const LIMIT_MOST: u64 = 100;

/// What has happened to some messages.
#[derive(Serialize)]
pub struct Messages {
    messages: Vec<Message>,
    /// Whether there are more of them than are shown.
    more: bool,
}

/// What has happened to one message.
#[derive(Serialize)]
pub struct Message {
    id: String,
    /// The id that its sender knows it by: that of the first destination of a submit_multi.
    shown: String,
    /// Others that were accepted under the id of this one.
    beside: Vec<String>,
    kind: Option<&'static str>,
    account: Option<String>,
    /// The carrier that it has come from.
    from_carrier: Option<String>,
    source: Option<String>,
    destination: Option<String>,
    accepted: String,
    due: Option<String>,
    until: Option<String>,
    ack: Option<&'static str>,
    stage: &'static str,
    /// The carrier that has it, may have it, or is to have it.
    carrier: Option<String>,
    attempts: Vec<Attempt>,
    carrier_message_ids: Option<Vec<CarrierMessage>>,
    ended: Option<Ended>,
    dead_letter: Option<&'static str>,
    told: Option<String>,
    /// How much of the journal was read for it.
    journal: Option<&'static str>,
}

#[derive(Serialize)]
struct Attempt {
    carrier: Option<String>,
    /// When it was answered, or began where it was not.
    at: String,
    /// The name of the carrier's status; nothing where none came.
    status: Option<String>,
}

#[derive(Serialize)]
struct CarrierMessage {
    carrier: Option<String>,
    id: String,
}

#[derive(Serialize)]
struct Ended {
    at: String,
    stat: &'static str,
    error: u16,
    network_error: Option<NetworkError>,
}

#[derive(Serialize)]
struct NetworkError {
    network: u8,
    code: u16,
}

/// The message of this id.
pub async fn one(
    Shared(state): Shared<Arc<State>>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Shown<Message>, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let text = id.map(|Path(text)| text).unwrap_or_default();
    let Some(id) = MessageId::read(text.as_bytes()) else {
        let text = text.escape_debug();
        return Err(Refusal::wrong(format!(
            "`{text}` is no id; write decimal digits, or 16 hexadecimal ones"
        )));
    };
    let found = told(|asker| state.board.clerk().look_into(id, asker)).await?;
    let Some(timeline) = found else {
        return Err(unknown(&format!("message {text}")));
    };
    let beside = state.board.clerk().beside(id);
    let names = Names::of(&state);
    let form = names.form(timeline.account);
    let mut message = names.message(timeline);
    message.beside = beside.into_iter().map(|id| written(id, form)).collect();
    Ok(Shown(message))
}

/// The messages with a carrier's id, or to a number.
pub async fn list(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Shown<Messages>, Refusal> {
    let known = ["carrier_id", "carrier", "to", "limit"];
    let query = Query::read(query.as_deref(), &known)?;
    let limit = query.number("limit", 1..=LIMIT_MOST)?.unwrap_or(LIMIT);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (carrier_id, carrier) = (query.text("carrier_id")?, query.text("carrier")?);
    let (mut sought, what) = match (carrier_id, query.text("to")?, carrier) {
        (Some(id), None, carrier) => (
            meant_by(&state, &id, carrier.as_deref())?,
            format!("a message with the carrier's id `{}`", id.escape_debug()),
        ),
        (None, Some(number), None) => (
            sent_to(&state, &number)?,
            format!("a message to {}", number.escape_debug()),
        ),
        _ => {
            return Err(Refusal::wrong(
                "say what to look for: carrier_id=…, with carrier=… if only one is meant, or to=…",
            ));
        }
    };
    let more = sought.len() > limit;
    sought.truncate(limit);
    let found = told(|asker| state.board.clerk().look_up(sought, asker)).await?;
    if found.is_empty() {
        return Err(unknown(&what));
    }
    let names = Names::of(&state);
    let messages = found.into_iter().map(|timeline| names.message(timeline));
    Ok(Shown(Messages {
        messages: messages.collect(),
        more,
    }))
}

/// The messages that one carrier may mean by this id, or any of them.
fn meant_by(state: &State, id: &str, carrier: Option<&str>) -> Result<Vec<Sought>, Refusal> {
    let settings = state.carriers.load();
    let carriers = state.board.carriers.current();
    if let Some(name) = carrier
        && !settings.iter().any(|one| one.name == name)
    {
        let name = name.escape_debug();
        return Err(Refusal::wrong(format!(
            "no carrier is named `{name}`; GET /v1/carriers shows those that there are"
        )));
    }
    let mut clerk = state.board.clerk();
    let mut sought: Vec<Sought> = Vec::new();
    for settings in settings
        .iter()
        .filter(|one| carrier.is_none_or(|name| one.name == name))
    {
        let Some((carrier, _)) = carriers.iter().find(|(_, slot)| slot.name == settings.name)
        else {
            continue;
        };
        // It may have been copied from a response or from a receipt.
        let forms = settings.message_id;
        let mut ids: Vec<CarrierMessageId> = Vec::new();
        ids.extend(forms.of_response(id.as_bytes()));
        let other = forms.of_receipt(id.as_bytes());
        ids.extend(other.filter(|other| !ids.contains(other)));
        for one in clerk.meant_by(carrier, &ids) {
            // Carriers of one group have their ids in common.
            if !sought.iter().any(|other| other.id == one.id) {
                sought.push(one);
            }
        }
    }
    Ok(sought)
}

fn sent_to(state: &State, number: &str) -> Result<Vec<Sought>, Refusal> {
    let found = state
        .board
        .clerk()
        .sent_to(number.as_bytes(), state.clock.now());
    let Some(ids) = found else {
        return Err(Refusal::too_often(
            "so many messages are looked through only once a second; try again in a second",
        ));
    };
    Ok(ids.into_iter().map(Sought::from).collect())
}

fn unknown(what: &str) -> Refusal {
    Refusal::unknown(format!(
        "nothing is known of {what}: it was not accepted here, or it came to its end before those \
         that are remembered, 100,000 of them at least"
    ))
}

/// Who the numbers of accounts and carriers stand for now.
struct Names {
    accounts: Arc<Accounts>,
    carriers: Arc<Carriers>,
}

impl Names {
    fn of(state: &State) -> Self {
        Self {
            accounts: state.board.accounts.current(),
            carriers: state.board.carriers.current(),
        }
    }

    fn carrier(&self, id: CarrierId) -> Option<String> {
        self.carriers.slot(id).map(|slot| slot.name.clone())
    }

    /// How our ids are written for this account.
    fn form(&self, account: Option<AccountId>) -> IdForm {
        let account = account.and_then(|id| self.accounts.account(id));
        account.map_or(IdForm::Decimal, |account| account.message_id)
    }

    fn message(&self, timeline: Timeline) -> Message {
        let account = timeline.account.and_then(|id| self.accounts.account(id));
        let form = self.form(timeline.account);
        let (stage, carrier) = stage(timeline.whereabouts);
        let attempts = timeline.attempts.iter().map(|attempt| Attempt {
            carrier: self.carrier(attempt.carrier),
            at: time(attempt.at),
            status: attempt.status.map(|status| status.to_string()),
        });
        let ids = timeline.carrier_ids.map(|ids| {
            let ids = ids.into_iter().map(|(carrier, id)| CarrierMessage {
                carrier: self.carrier(carrier),
                id: id.to_string(),
            });
            ids.collect()
        });
        let ended = timeline.ended.map(|(ending, at)| Ended {
            at: time(at),
            stat: ending.state.stat(),
            error: ending.error,
            network_error: ending.network_error.map(|error| NetworkError {
                network: error.network,
                code: error.code,
            }),
        });
        let number = |octets: Box<[u8]>| String::from_utf8_lossy(&octets).into_owned();
        Message {
            id: written(timeline.id, form),
            shown: written(timeline.shown, form),
            beside: Vec::new(),
            kind: timeline.kind.map(kind),
            account: account.map(|account| account.system_id.clone()),
            from_carrier: timeline.from.and_then(|id| self.carrier(id)),
            source: timeline.source.map(number),
            destination: timeline.destination.map(number),
            accepted: time(timeline.accepted),
            due: timeline.due.map(time),
            until: timeline.until.map(time),
            ack: timeline.ack.map(ack),
            stage,
            carrier: carrier.and_then(|id| self.carrier(id)),
            attempts: attempts.collect(),
            carrier_message_ids: ids,
            ended,
            dead_letter: timeline.dead.map(|(reason, _)| reason.text()),
            told: timeline.told.map(time),
            journal: timeline.searched.map(searched),
        }
    }
}

fn written(id: MessageId, form: IdForm) -> String {
    String::from_utf8_lossy(id.text(form).as_bytes()).into_owned()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Submitted => "submitted",
        Kind::FromPhone => "from-phone",
        Kind::Report => "report",
    }
}

fn searched(searched: Searched) -> &'static str {
    match searched {
        Searched::Whole => "whole",
        Searched::InPart => "in-part",
    }
}

fn ack(ack: AckMode) -> &'static str {
    match ack {
        AckMode::Stored => "stored",
        AckMode::Carrier => "carrier",
    }
}

/// The word for where a message is, and the carrier that belongs to it.
fn stage(whereabouts: Whereabouts) -> (&'static str, Option<CarrierId>) {
    match whereabouts {
        Whereabouts::Waits => ("waits-for-bind", None),
        Whereabouts::Rests => ("waits-for-time", None),
        Whereabouts::Behind => ("waits-for-turn", None),
        Whereabouts::With(carrier) => ("with-carrier", Some(carrier)),
        Whereabouts::TakenBack => ("being-cancelled", None),
        Whereabouts::Unknown(carrier) => ("unknown", Some(carrier)),
        Whereabouts::Taken(carrier) => ("awaits-report", Some(carrier)),
        Whereabouts::LaidDown => ("awaits-report", None),
        Whereabouts::Seeks => ("seeks-message", None),
        Whereabouts::ToBeTold => ("to-be-told", None),
        Whereabouts::Dead => ("dead-letter", None),
        Whereabouts::Ended => ("ended", None),
        Whereabouts::Told => ("told", None),
    }
}

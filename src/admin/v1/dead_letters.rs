//! `/v1/dead-letters`: what found nobody, in portions, the oldest first; each can be delivered again
//! or let go.

use super::wait::told;
use crate::admin::State;
use crate::admin::answer::{Begun, Refusal, Shown, time};
use crate::admin::query::Query;
use crate::flow::{self, Obstacle, Redelivery};
use crate::message::{AccountId, IdForm, MessageId};
use crate::moment::Moment;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, RawQuery, State as Shared};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Letters in one answer where nothing is said.
const LIMIT: u64 = 100;

/// The most letters in one answer: whoever wants all of them asks several times, and keeps nobody
/// waiting meanwhile who has one to add.
const LIMIT_MOST: u64 = 1_000;

/// A portion of the dead letters.
#[derive(Serialize)]
pub struct DeadLetters {
    dead_letters: Vec<DeadLetter>,
    /// Where to go on, if there are more.
    next: Option<String>,
}

/// What found nobody.
#[derive(Serialize)]
pub struct DeadLetter {
    /// Our id of it, by which it can be delivered again.
    id: String,
    at: String,
    reason: &'static str,
    /// The system_id of the account that should have had it.
    account: Option<String>,
    /// The carrier that it came from.
    carrier: Option<String>,
    /// The number that it was about or for.
    address: String,
    carrier_message_id: Option<String>,
}

/// Those that came after the one that is named, or the oldest that are kept.
pub async fn list(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Shown<DeadLetters>, Refusal> {
    let query = Query::read(query.as_deref(), &["limit", "after"])?;
    let limit = query.number("limit", 1..=LIMIT_MOST)?.unwrap_or(LIMIT);
    let after = query.place("after")?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found: Vec<flow::DeadLetter> = {
        let kept = state.board.dead_letters.lock();
        // One more than are shown tells whether there are more.
        kept.after((Moment(after.0), MessageId(after.1)))
            .take(limit + 1)
            .cloned()
            .collect()
    };
    let are_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| are_more);
    let next = next.map(|letter| format!("{}-{}", letter.at.0, letter.id.0));
    let dead_letters = found.into_iter().map(|letter| shown(&state, letter));
    Ok(Shown(DeadLetters {
        dead_letters: dead_letters.collect(),
        next,
    }))
}

/// Who is to get a letter.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// The system_id of the account.
    account: Option<String>,
}

/// A letter is delivered again.
#[derive(Serialize)]
pub struct Redelivered {
    id: String,
    /// The system_id of the account that gets it.
    account: Option<String>,
}

/// Delivers one of them again; the body may name who gets it.
pub async fn redeliver(
    Shared(state): Shared<Arc<State>>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Result<Begun<Redelivered>, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let id = read_id(id)?;
    let to = match wish(body)?.account {
        Some(name) => Some(account_named(&state, &name)?),
        None => None,
    };
    let said = told(|asker| {
        let mut clerk = state.board.clerk();
        clerk.redeliver(id, Redelivery { to, asker }, state.clock.now());
    });
    let account = said.await?.map_err(refusal)?;
    let accounts = state.board.accounts.current();
    let account = accounts.account(account);
    let form = account.map_or(IdForm::Decimal, |account| account.message_id);
    Ok(Begun(Redelivered {
        id: written(id, form),
        account: account.map(|account| account.system_id.clone()),
    }))
}

/// Lets one of them go, and shows it for the last time.
pub async fn let_go(
    Shared(state): Shared<Arc<State>>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Shown<DeadLetter>, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let id = read_id(id)?;
    let said = told(|asker| {
        let mut clerk = state.board.clerk();
        clerk.let_go(id, asker, state.clock.now());
    });
    let letter = said.await?.map_err(refusal)?;
    Ok(Shown(shown(&state, letter)))
}

fn read_id(path: Result<Path<String>, PathRejection>) -> Result<MessageId, Refusal> {
    let text = path.map(|Path(text)| text).unwrap_or_default();
    MessageId::read(text.as_bytes()).ok_or_else(|| {
        let text = text.escape_debug();
        Refusal::wrong(format!(
            "`{text}` is no id; write one as GET /v1/dead-letters shows it"
        ))
    })
}

/// No body is a wish for nobody in particular.
fn wish(body: Result<Bytes, BytesRejection>) -> Result<Wish, Refusal> {
    let body = body.map_err(|error| Refusal::wrong(format!("the body cannot be read: {error}")))?;
    if body.trim_ascii().is_empty() {
        return Ok(Wish::default());
    }
    serde_json::from_slice(&body).map_err(|error| {
        Refusal::wrong(format!(
            "the body does not say who gets it ({error}); send {{\"account\": \"acme\"}}, or nothing"
        ))
    })
}

fn account_named(state: &State, name: &str) -> Result<AccountId, Refusal> {
    let accounts = state.board.accounts.current();
    let account = accounts.named(name.as_bytes()).map(|(id, _)| *id);
    account.ok_or_else(|| {
        let name = name.escape_debug();
        Refusal::wrong(format!(
            "no account is named `{name}`; GET /v1/accounts shows those that there are"
        ))
    })
}

fn refusal(obstacle: Obstacle) -> Refusal {
    let sentence = obstacle.to_string();
    match obstacle {
        Obstacle::Unknown => Refusal::unknown(sentence),
        Obstacle::Memory => Refusal::impossible(sentence),
        Obstacle::NoRoom | Obstacle::Journal => Refusal::busy(sentence),
        Obstacle::Gone
        | Obstacle::NotIts
        | Obstacle::NoAccount
        | Obstacle::NoRule
        | Obstacle::Nobody => Refusal::conflict(sentence),
    }
}

fn written(id: MessageId, form: IdForm) -> String {
    String::from_utf8_lossy(id.text(form).as_bytes()).into_owned()
}

fn shown(state: &State, letter: flow::DeadLetter) -> DeadLetter {
    let (accounts, carriers) = (
        state.board.accounts.current(),
        state.board.carriers.current(),
    );
    let account = letter.account.and_then(|id| accounts.account(id));
    let form = account.map_or(IdForm::Decimal, |account| account.message_id);
    let carrier = letter.carrier.and_then(|id| carriers.slot(id));
    DeadLetter {
        id: written(letter.id, form),
        at: time(letter.at),
        reason: letter.reason.text(),
        account: account.map(|account| account.system_id.clone()),
        carrier: carrier.map(|slot| slot.name.clone()),
        address: String::from_utf8_lossy(&letter.number).into_owned(),
        carrier_message_id: letter.carrier_message_id.map(String::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::v1::paths::OPENAPI;
    use crate::flow::Reason;

    #[test]
    fn the_document_has_all_reasons() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let reasons = "/components/schemas/DeadLetter/properties/reason/enum";
        let texts = Reason::ALL.map(Reason::text);
        assert_eq!(document.pointer(reasons), Some(&serde_json::json!(texts)));
    }

    #[test]
    fn who_gets_a_letter_is_named_in_json_or_not_at_all() {
        let wish = |body: &'static str| {
            let wish = wish(Ok(Bytes::from_static(body.as_bytes())));
            wish.map(|wish| wish.account)
        };
        for nobody in ["", " \n", "{}", "{\"account\": null}"] {
            assert_eq!(wish(nobody), Ok(None), "{nobody}");
        }
        assert_eq!(wish("{\"account\":\"acme\"}"), Ok(Some("acme".to_owned())));
        for wrong in [
            "acme",
            "\"acme\"",
            "{\"acount\":\"acme\"}",
            "{\"account\":7}",
        ] {
            assert!(wish(wrong).is_err(), "{wrong}");
        }
    }
}

//! `/v1/dead-letters`: what found nobody, in portions, the oldest first.

use crate::admin::State;
use crate::admin::answer::{Refusal, Shown, time};
use crate::admin::query::Query;
use crate::flow;
use crate::message::{IdForm, MessageId};
use crate::moment::Moment;
use axum::extract::{RawQuery, State as Shared};
use serde::Serialize;
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

#[derive(Serialize)]
struct DeadLetter {
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

fn shown(state: &State, letter: flow::DeadLetter) -> DeadLetter {
    let (accounts, carriers) = (
        state.board.accounts.current(),
        state.board.carriers.current(),
    );
    let account = letter.account.and_then(|id| accounts.account(id));
    let form = account.map_or(IdForm::Decimal, |account| account.message_id);
    let carrier = letter.carrier.and_then(|id| carriers.slot(id));
    DeadLetter {
        id: String::from_utf8_lossy(letter.id.text(form).as_bytes()).into_owned(),
        at: time(letter.at),
        reason: letter.reason.text(),
        account: account.map(|account| account.system_id.clone()),
        carrier: carrier.map(|slot| slot.name.clone()),
        address: String::from_utf8_lossy(&letter.number).into_owned(),
        carrier_message_id: letter.carrier_message_id.map(String::from),
    }
}

//! `/v1/accounts`: ESMEs that may bind, and what each of them takes up.

use crate::admin::State;
use crate::admin::answer::{Refusal, Shown};
use crate::admin::query::Query;
use crate::esme::OPEN_MAX;
use crate::message::AckMode;
use axum::extract::{RawQuery, State as Shared};
use serde::Serialize;
use std::sync::Arc;

/// All accounts, by their names.
#[derive(Serialize)]
pub struct Accounts {
    accounts: Vec<Account>,
}

#[derive(Serialize)]
struct Account {
    system_id: String,
    class: &'static str,
    ack: &'static str,
    /// Connections that are bound.
    binds: usize,
    binds_max: u32,
    window: u32,
    deliver_window: u32,
    /// Places that are taken by messages that no carrier has, and by what is to be delivered to it.
    places_taken: usize,
    places_max: usize,
    /// Deliveries that wait for a bind.
    deliveries_waiting: usize,
}

/// All accounts.
pub async fn list(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Shown<Accounts>, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let in_force = state.board.accounts.current();
    let mut accounts: Vec<Account> = in_force
        .iter()
        .map(|(id, account)| {
            let desk = state.board.roster.desk(id);
            Account {
                system_id: account.system_id.clone(),
                class: account.class.word(),
                ack: ack(account.ack),
                binds: desk.bound(),
                binds_max: account.binds,
                window: account.window,
                deliver_window: account.deliver_window,
                places_taken: desk.open(),
                places_max: OPEN_MAX,
                deliveries_waiting: desk.backlog(),
            }
        })
        .collect();
    accounts.sort_unstable_by(|left, right| left.system_id.cmp(&right.system_id));
    Ok(Shown(Accounts { accounts }))
}

fn ack(ack: AckMode) -> &'static str {
    match ack {
        AckMode::Stored => "stored",
        AckMode::Carrier => "carrier",
    }
}

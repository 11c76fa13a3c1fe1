//! `/v1/sessions`: connections of ESMEs that are bound.

use crate::admin::State;
use crate::admin::answer::{Refusal, Shown, time};
use crate::admin::query::Query;
use crate::session::BindKind;
use axum::extract::{RawQuery, State as Shared};
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;

/// All connections that are bound, by their numbers.
#[derive(Serialize)]
pub struct Sessions {
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct Session {
    /// The number of the connection, as it stands in the log.
    connection: u64,
    /// The system_id of its account.
    account: String,
    bind: &'static str,
    peer: IpAddr,
    since: String,
    /// Whether the peer has bound with a version that knows optional parameters.
    optional_parameters: bool,
    /// Deliveries that wait in its box.
    deliveries_waiting: usize,
}

/// All connections that are bound.
pub async fn list(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Shown<Sessions>, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let accounts = state.board.accounts.current();
    let mut sessions: Vec<Session> = state
        .board
        .roster
        .seats()
        .iter()
        .filter_map(|seat| {
            // One whose account has just been taken out of the config is on its way out.
            let account = accounts.account(seat.account)?;
            Some(Session {
                connection: seat.number,
                account: account.system_id.clone(),
                bind: kind(seat.kind),
                peer: seat.peer,
                since: time(seat.since),
                optional_parameters: seat.tlvs,
                deliveries_waiting: seat.waiting(),
            })
        })
        .collect();
    sessions.sort_unstable_by_key(|session| session.connection);
    Ok(Shown(Sessions { sessions }))
}

fn kind(kind: BindKind) -> &'static str {
    match kind {
        BindKind::Transmitter => "transmitter",
        BindKind::Receiver => "receiver",
        BindKind::Transceiver => "transceiver",
    }
}

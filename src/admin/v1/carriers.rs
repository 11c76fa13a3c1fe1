//! `/v1/carriers`: binds that we keep up, and what waits for them.

use crate::admin::State;
use crate::admin::answer::{Refusal, Shown};
use crate::admin::query::Query;
use crate::carrier::{Binding, Carrier as Settings};
use crate::flow::CarrierSlot;
use axum::extract::{RawQuery, State as Shared};
use serde::Serialize;
use std::sync::Arc;

/// All carriers, by their names.
#[derive(Serialize)]
pub struct Carriers {
    carriers: Vec<Carrier>,
}

#[derive(Serialize)]
struct Carrier {
    name: String,
    /// Carriers of one group share ids and reports.
    group: String,
    addresses: Vec<String>,
    bind: &'static str,
    /// Connections that are bound.
    binds: usize,
    /// Connections that are to be bound: a pair is two of them.
    binds_wanted: usize,
    /// Requests that may be unanswered on each bind.
    window: u32,
    /// Requests that are unanswered over all binds.
    in_flight: usize,
    /// Segments a second over all binds; 0 is no limit.
    rate: u32,
    /// Messages that wait for a free place in a window, or for their other segments.
    waiting: usize,
    /// Messages that would go here first and wait until one of their carriers is bound.
    parked: usize,
    /// Messages of the group whose report has not come.
    reports_awaited: usize,
    /// Reports of the group that have not found their message yet.
    reports_parked: usize,
}

/// All carriers.
pub async fn list(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Shown<Carriers>, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let settings = state.carriers.load();
    let mut carriers: Vec<Carrier> = state
        .board
        .carriers
        .current()
        .iter()
        .filter(|(_, slot)| slot.open)
        .filter_map(|(id, slot)| {
            let settings = settings.iter().find(|one| one.name == slot.name)?;
            let parked = state.board.parked.lock().count(id);
            Some(carrier(settings, slot, parked))
        })
        .collect();
    carriers.sort_unstable_by(|left, right| left.name.cmp(&right.name));
    Ok(Shown(Carriers { carriers }))
}

fn carrier(settings: &Settings, slot: &CarrierSlot, parked: usize) -> Carrier {
    let correlator = slot.correlator.lock();
    let (reports_awaited, reports_parked) = (correlator.open(), correlator.parked());
    drop(correlator);
    Carrier {
        name: settings.name.clone(),
        group: settings.group.clone(),
        addresses: settings.addresses.clone(),
        bind: binding(settings.bind),
        binds: slot.queue.bound(),
        binds_wanted: settings.binds as usize * settings.bind.kinds().len(),
        window: settings.window,
        in_flight: slot.queue.in_flight(),
        rate: settings.rate,
        waiting: slot.waiting(),
        parked,
        reports_awaited,
        reports_parked,
    }
}

fn binding(binding: Binding) -> &'static str {
    match binding {
        Binding::Transceiver => "transceiver",
        Binding::Transmitter => "transmitter",
        Binding::Receiver => "receiver",
        Binding::Pair => "pair",
    }
}

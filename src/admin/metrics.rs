//! What has been counted, in the text format of Prometheus.
//!
//! The counters live where they are counted; here they are read and given their names. Labels are
//! names of the config: never a number or an id, and never what somebody unknown has sent.

use super::Certificate;
use crate::flow::{Switchboard, UNDER_WAY_MAX};
use prometheus::{Encoder, IntCounter, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

/// Everything that there is to be seen, as one text.
pub fn render(
    board: &Switchboard,
    connections: usize,
    shown: &[Certificate],
) -> prometheus::Result<Vec<u8>> {
    let registry = Registry::new();
    for (name, help, total) in board.counters.all() {
        let counter = IntCounter::new(format!("smppgate_{name}_total"), help)?;
        counter.inc_by(total);
        registry.register(Box::new(counter))?;
    }
    let gauge = |name: &str, help: &str, value: usize| -> prometheus::Result<()> {
        let gauge = IntGauge::new(format!("smppgate_{name}"), help)?;
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(Box::new(gauge))
    };
    gauge(
        "connections",
        "Connections of ESMEs, bound or not.",
        connections,
    )?;
    gauge(
        "messages_under_way",
        "Messages that have been accepted and not come to their end.",
        board.ledger.len(),
    )?;
    gauge(
        "places_taken",
        "Places that these messages take: one, and one more for each KiB.",
        board.ledger.places(),
    )?;
    gauge(
        "places",
        "Places that there are; beyond them new messages are refused.",
        UNDER_WAY_MAX,
    )?;
    gauge(
        "messages_parked",
        "Messages that wait until one of their carriers is bound.",
        board.parked.lock().total(),
    )?;
    gauge(
        "journal_failed",
        "1 once the journal has failed.",
        usize::from(board.has_failed()),
    )?;
    accounts(board, &registry)?;
    carriers(board, &registry)?;
    certificates(shown, &registry)?;
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text)?;
    Ok(text)
}

fn accounts(board: &Switchboard, registry: &Registry) -> prometheus::Result<()> {
    let bound = labelled(registry, "account_binds", "Binds of an account.", "account")?;
    let open = labelled(
        registry,
        "account_places_taken",
        "Places that an account takes: for messages that no carrier has, and for what is to be delivered to it.",
        "account",
    )?;
    let waiting = labelled(
        registry,
        "account_deliveries_waiting",
        "Deliveries that wait for a bind of an account.",
        "account",
    )?;
    for (id, account) in board.accounts.current().iter() {
        let desk = board.roster.desk(id);
        let label = &[account.system_id.as_str()];
        set(&bound, label, desk.bound());
        set(&open, label, desk.open());
        set(&waiting, label, desk.backlog());
    }
    Ok(())
}

fn carriers(board: &Switchboard, registry: &Registry) -> prometheus::Result<()> {
    let bound = labelled(
        registry,
        "carrier_binds",
        "Binds with a carrier.",
        "carrier",
    )?;
    let queue = labelled(
        registry,
        "carrier_messages_waiting",
        "Messages that wait for a free place in the window of a carrier.",
        "carrier",
    )?;
    let open = labelled(
        registry,
        "carrier_reports_awaited",
        "Messages of a carrier's group whose report has not come.",
        "carrier",
    )?;
    let parked = labelled(
        registry,
        "carrier_reports_parked",
        "Reports of a carrier's group that have not found their message yet.",
        "carrier",
    )?;
    for (_, slot) in board
        .carriers
        .current()
        .iter()
        .filter(|(_, slot)| slot.open)
    {
        let label = &[slot.name.as_str()];
        set(&bound, label, slot.queue.bound());
        set(&queue, label, slot.queue.len());
        let correlator = slot.correlator.lock();
        set(&open, label, correlator.open());
        set(&parked, label, correlator.parked());
    }
    Ok(())
}

/// One of the labels is empty, which to Prometheus is a label that is not there.
fn certificates(shown: &[Certificate], registry: &Registry) -> prometheus::Result<()> {
    let name = "smppgate_certificate_expires_timestamp_seconds";
    let help = "When a certificate expires that we show ESMEs or a carrier, since the Unix epoch.";
    let gauges = IntGaugeVec::new(Opts::new(name, help), &["listener", "carrier"])?;
    registry.register(Box::new(gauges.clone()))?;
    for one in shown {
        gauges
            .with_label_values(&[&one.listener, &one.carrier])
            .set(one.expires);
    }
    Ok(())
}

fn labelled(
    registry: &Registry,
    name: &str,
    help: &str,
    label: &str,
) -> prometheus::Result<IntGaugeVec> {
    let gauges = IntGaugeVec::new(Opts::new(format!("smppgate_{name}"), help), &[label])?;
    registry.register(Box::new(gauges.clone()))?;
    Ok(gauges)
}

fn set(gauges: &IntGaugeVec, label: &[&str], value: usize) {
    gauges
        .with_label_values(label)
        .set(i64::try_from(value).unwrap_or(i64::MAX));
}

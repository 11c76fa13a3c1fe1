//! A carrier says that a phone can be reached again: whoever asked to be told is told.

use super::switchboard::Clerk;
use crate::message::CarrierId;
use std::sync::Arc;

impl Clerk {
    /// An alert_notification goes to the account that its esme_addr belongs to. It has no answer
    /// and is worth nothing later: who is not bound to receive misses it, and that is counted.
    pub(super) fn alerted(&mut self, carrier: CarrierId, esme: &[u8], pdu: Arc<[u8]>) {
        let counters = &self.board.counters;
        counters.alerts.add(1);
        let account = self.inbound.table().choose(carrier, esme, None);
        let is_told = account.is_some_and(|account| self.board.roster.desk(account).notify(&pdu));
        counters.alerts_missed.add(usize::from(!is_told));
    }
}

//! A message from a phone comes in: whose it is, and whether there is room.

use super::after::Place;
use super::switchboard::Clerk;
use crate::message::{CarrierId, Content};
use crate::moment::Moment;

impl Clerk {
    /// Where a message from a phone belongs. Its account gives it room and it gets an id.
    ///
    /// An account that takes nothing fills up its own room: then the carrier is to keep the
    /// message, and other accounts do not feel it.
    pub(super) fn place(&mut self, carrier: CarrierId, content: Content, now: Moment) -> Place {
        let to = content.destination().digits;
        let Some(account) = self.inbound.table().choose(carrier, to) else {
            self.board.counters.inbound_unrouted.add(1);
            return Place::Nowhere("a message from a phone that no rule is for", to.to_vec());
        };
        let desk = self.board.roster.desk(account);
        let places = content.places();
        let granted = desk.open_up(places);
        if granted < places {
            desk.close(granted);
            self.board.counters.inbound_refused.add(1);
            return Place::Full;
        }
        self.board.counters.inbound.add(1);
        match self.board.ids().take(1, now).next() {
            Some(id) => Place::Account(account, id, content),
            None => Place::Full,
        }
    }
}

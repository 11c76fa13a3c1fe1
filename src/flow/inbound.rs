//! A message from a phone comes in and goes to its account.

use super::deadletter::DeadLetter;
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::esme::{Delivery, Parcel};
use crate::message::{CarrierId, Content};
use crate::moment::Moment;
use smppgate_codec::code::Status;

impl Clerk {
    /// Hands the message over, and says what the carrier is told.
    ///
    /// An account that takes nothing fills up its own room: then the carrier is to keep the
    /// message, and other accounts do not feel it.
    pub(super) fn from_phone(
        &mut self,
        carrier: CarrierId,
        content: Content,
        now: Moment,
        telling: &mut Telling,
        letters: &mut Vec<DeadLetter>,
    ) -> Status {
        let chosen = self
            .inbound
            .table()
            .choose(carrier, content.destination().digits);
        let Some(account) = chosen else {
            self.board.counters.inbound_unrouted.add(1);
            letters.push(DeadLetter {
                at: now,
                reason: "a message from a phone that no rule is for",
                message: None,
                account: None,
                carrier: Some(carrier),
                number: content.destination().digits.to_vec(),
                carrier_message_id: None,
            });
            return Status::ESME_ROK;
        };
        if self.board.roster.desk(account).open_up(1) == 0 {
            self.board.counters.inbound_refused.add(1);
            return Status::ESME_RX_T_APPN;
        }
        self.board.counters.inbound.add(1);
        let Some(id) = self.board.ids().take(1, now).next() else {
            return Status::ESME_RX_T_APPN;
        };
        telling.deliver(Delivery {
            id,
            account,
            parcel: Parcel::Message(content),
            since: now,
            after: None,
            tries: 0,
        });
        Status::ESME_ROK
    }
}

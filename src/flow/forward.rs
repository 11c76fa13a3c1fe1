//! A receipt matches nothing of ours: it is passed on unchanged, if the settings of its carrier say
//! to whom, else it is a dead letter.
//!
//! While customers move from another gateway to this one, both are bound to the same carrier, which
//! reports on any of these binds about the messages of both.

use super::deadletter::{DeadLetter, Reason};
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::esme::{Delivery, Parcel};
use crate::message::{AccountId, CarrierId, Content, MessageId};
use crate::moment::Moment;
use smppgate_codec::text::DefaultAlphabet;
use std::sync::Arc;

/// A receipt that matches nothing of ours.
pub(super) struct Stray {
    /// The whole PDU, as the carrier sent it.
    pub pdu: Arc<[u8]>,
    /// What becomes of it if nobody gets it.
    pub letter: DeadLetter,
}

impl Clerk {
    /// Passes on what matches nothing of ours, or puts it aside.
    pub(super) fn stray(&mut self, carrier: CarrierId, strays: Vec<Stray>, now: Moment) {
        let slot = self.carriers.table().slot(carrier);
        let to = slot.and_then(|slot| slot.unmatched);
        let mut telling = Telling::default();
        let mut letters = Vec::new();
        let mut forwarded = 0;
        for Stray { pdu, mut letter } in strays {
            let content = Content::kept(&pdu, DefaultAlphabet::Gsm, None);
            if let (Some(account), Some(content)) = (to, content) {
                match self.as_it_is(account, letter.id, content, now) {
                    Ok(delivery) => {
                        forwarded += 1;
                        telling.deliver(delivery);
                        continue;
                    }
                    Err(reason) => {
                        letter.account = Some(account);
                        letter.reason = reason;
                    }
                }
            }
            letters.push(letter);
        }
        self.board.counters.unmatched_forwarded.add(forwarded);
        self.tell(telling);
        self.give_up(letters);
    }

    /// A delivery of what a carrier has sent, not a single octet of its body changed. It takes room
    /// of its account.
    fn as_it_is(
        &mut self,
        account: AccountId,
        id: MessageId,
        content: Content,
        now: Moment,
    ) -> Result<Delivery, Reason> {
        if self.accounts.table().account(account).is_none() {
            return Err(Reason::NoAccount);
        }
        let desk = self.board.roster.desk(account);
        if !desk.open_whole(content.places()) {
            return Err(Reason::NoRoom);
        }
        Ok(Delivery {
            id,
            account,
            parcel: Parcel::Message(content),
            since: now,
            after: None,
            tries: 0,
        })
    }
}

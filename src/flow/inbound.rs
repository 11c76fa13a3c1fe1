//! A message from a phone comes in: whose it is, and whether there is room.

use super::after::{After, Place};
use super::deadletter::Reason;
use super::segments::{Part, Sorted};
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::esme::{Delivery, Parcel};
use crate::journal::{Inbound, Record, Refusal};
use crate::message::{
    AccountId, CarrierId, Content, MessageId, SegmentOf, in_alphabet, joined, keyword,
};
use crate::moment::Moment;

impl Clerk {
    /// Where a message from a phone belongs. Its account gives it room and it gets an id.
    ///
    /// An account that takes nothing fills up its own room: then the carrier is to keep the
    /// message, and other accounts do not feel it.
    pub(super) fn place(
        &mut self,
        carrier: CarrierId,
        content: Content,
        now: Moment,
    ) -> (Option<MessageId>, Place) {
        let Some(account) = self.addressed(carrier, &content, now) else {
            self.board.counters.inbound_unrouted.add(1);
            let id = self.board.ids().take(1, now).next();
            return (id, Place::Nowhere(Reason::NoRule, content.pdu().into()));
        };
        let desk = self.board.roster.desk(account);
        if !desk.open_whole(content.places()) {
            self.board.counters.inbound_refused.add(1);
            return (None, Place::Full);
        }
        self.board.counters.inbound.add(1);
        let id = self.board.ids().take(1, now).next();
        (id, Place::Account(account, content))
    }

    /// Who a message from a phone is for. Where its first word matters, the segments of a long one
    /// follow the first of them.
    pub(super) fn addressed(
        &mut self,
        carrier: CarrierId,
        content: &Content,
        now: Moment,
    ) -> Option<AccountId> {
        let board = self.board.clone();
        let table = self.inbound.table();
        let to = content.destination().digits;
        if !table.asks_for_keyword(to) {
            return table.choose(carrier, to, None);
        }
        let segment = SegmentOf::read(content);
        if let Some(of) = segment.filter(|of| of.seqnum > 1) {
            let found = board.openings.lock().find(content, of, now);
            return found.or_else(|| table.choose(carrier, to, None));
        }
        let account = table.choose(carrier, to, keyword(content).as_deref());
        if let (Some(of), Some(account)) = (segment, account) {
            board.openings.lock().keep(content, of, account, now);
        }
        account
    }

    /// A message from a phone is durable and goes to its account. A segment of a long one waits for
    /// the others if the account wants it whole.
    pub(super) fn phone_wrote(
        &mut self,
        account: AccountId,
        part: Part,
        now: Moment,
        telling: &mut Telling,
    ) {
        let account_now = self.accounts.table().account(account);
        let wants_whole = account_now.is_some_and(|account| account.reassemble);
        let segment = wants_whole.then(|| SegmentOf::read(&part.1)).flatten();
        let Some(segment) = segment else {
            return telling.deliver(self.delivery(account, part, now));
        };
        let sorted = self.board.segments.lock().add(account, segment, part, now);
        match sorted {
            Sorted::Waiting(None) => {}
            // The carrier has sent it twice: the account's room for one of them is free.
            Sorted::Waiting(Some((id, twice))) => {
                telling.give_back(account, twice.places());
                telling.close(id, now);
            }
            Sorted::Alone(part) => {
                self.board.counters.inbound_incomplete.add(1);
                telling.deliver(self.delivery(account, part, now));
            }
            Sorted::Whole(parts) => self.whole(account, parts, now, telling),
        }
    }

    /// All segments of a message have come.
    fn whole(&mut self, account: AccountId, parts: Vec<Part>, now: Moment, telling: &mut Telling) {
        let message = joined(parts.iter().map(|(_, content)| content));
        let (Some((id, _)), Some(message)) = (parts.first(), message) else {
            // It is too long to be one.
            self.board.counters.inbound_incomplete.add(parts.len());
            let alone = parts.into_iter();
            return alone.for_each(|part| telling.deliver(self.delivery(account, part, now)));
        };
        let whole = Record::Inbound(Inbound {
            id: *id,
            account: Some(account),
            carrier: CarrierId::NONE,
            at: now,
            alphabet: message.alphabet(),
            pdu: message.pdu(),
        });
        let parts_of_it = parts.iter().map(|(id, _)| *id).filter(|part| part != id);
        let closed = parts_of_it.map(|id| Record::over(id, now));
        let records: Vec<Record<'_>> = std::iter::once(whole).chain(closed).collect();
        // Whether this is durable changes nothing for anybody but us: at worst they are put
        // together again. But what is never to be cannot be told as one: once its account has
        // confirmed that, the other segments would still be kept, and come again after a restart.
        if let Err((_, Refusal::Full)) = self.journal(&records, After::Nothing) {
            self.board.counters.inbound_incomplete.add(parts.len());
            let alone = parts.into_iter();
            return alone.for_each(|part| telling.deliver(self.delivery(account, part, now)));
        }
        let places: usize = parts.iter().map(|(_, content)| content.places()).sum();
        telling.give_back(account, places.saturating_sub(message.places()));
        self.board.counters.inbound_joined.add(1);
        telling.deliver(self.delivery(account, (*id, message), now));
    }

    /// Segments whose others have not come in time go on as they are.
    pub(super) fn sweep_segments(&mut self, now: Moment) {
        let over = self.board.segments.lock().sweep(now);
        if over.is_empty() {
            return;
        }
        self.board.counters.inbound_incomplete.add(over.len());
        let mut telling = Telling::default();
        for (account, part) in over {
            telling.deliver(self.delivery(account, part, now));
        }
        self.tell(telling);
    }

    /// The delivery of a message, in the alphabet of its account.
    pub(super) fn delivery(
        &mut self,
        account: AccountId,
        (id, content): Part,
        now: Moment,
    ) -> Delivery {
        let alphabet = self
            .accounts
            .table()
            .account(account)
            .map(|one| one.alphabet);
        let content = match alphabet {
            Some(alphabet) if alphabet != content.alphabet() => {
                let before = content.places();
                let content = in_alphabet(content, alphabet);
                let desk = self.board.roster.desk(account);
                desk.open_anyway(content.places());
                desk.close(before);
                content
            }
            _ => content,
        };
        Delivery {
            id,
            account,
            parcel: Parcel::Message(content),
            since: now,
            after: None,
            tries: 0,
        }
    }
}

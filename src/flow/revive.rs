//! Somebody asks to deliver a dead letter once more, or to let it go.

use super::after::After;
use super::asker::Asker;
use super::dead::closed;
use super::deadletter::DeadLetter;
use super::redelivery::{Obstacle, Redelivery};
use super::switchboard::Clerk;
use crate::esme::{Delivery, Parcel, Receipt};
use crate::journal::{Accepted, Inbound, Kept, Record, Refusal, Reported};
use crate::message::{AccountId, CarrierId, Content, MessageId};
use crate::moment::Moment;
use smallvec::SmallVec;
use smppgate_codec::text::DefaultAlphabet;

/// What is to be delivered again, and what the journal has to know for it.
struct Again<'a> {
    delivery: Delivery,
    /// Another main record than before, if it goes to somebody else.
    main: Option<Record<'a>>,
}

impl Clerk {
    /// Delivers a dead letter again: to its account, to the one that was named, or to the one that
    /// the rules name now.
    pub fn redeliver(&mut self, id: MessageId, redelivery: Redelivery, now: Moment) {
        let board = self.board.clone();
        // Whoever takes it first has it: nobody delivers it twice.
        let Some(letter) = board.dead_letters.lock().take(id) else {
            return redelivery.asker.tell(Err(Obstacle::Unknown));
        };
        if !board.keeps() {
            return self.stays(letter, redelivery.asker, Obstacle::Memory, now);
        }
        let then = After::Unearthed {
            letter: Box::new(letter),
            redelivery,
            at: now,
        };
        if let Err(After::Unearthed {
            letter, redelivery, ..
        }) = board.journal().fetch(vec![id], then)
        {
            self.stays(*letter, redelivery.asker, Obstacle::Journal, now);
        }
    }

    /// What was kept of a dead letter has been read.
    pub(super) fn unearthed(
        &mut self,
        letter: Box<DeadLetter>,
        redelivery: Redelivery,
        kept: Option<Kept>,
        now: Moment,
    ) {
        let Redelivery { to, asker } = redelivery;
        let again = match &kept {
            Some(kept) => self.once_more(&letter, kept.record(), to, now),
            None => Err(Obstacle::Gone),
        };
        let Again { delivery, main } = match again {
            Ok(again) => again,
            Err(obstacle) => return self.stays(*letter, asker, obstacle, now),
        };
        let id = letter.id;
        let revived = Record::Revived { id, at: now };
        let records: SmallVec<[Record<'_>; 2]> = main.into_iter().chain([revived]).collect();
        let then = After::Revived {
            letter,
            delivery: Box::new(delivery),
            asker,
            at: now,
        };
        match self.journal(&records, then) {
            Ok(Some(then)) => self.revived(then, Ok(())),
            Ok(None) => {}
            Err((then, refusal)) => self.revived(then, Err(refusal)),
        }
    }

    /// The journal knows that a letter is delivered again, or that it is let go; or it does not.
    pub(super) fn revived(&mut self, then: After, outcome: Result<(), Refusal>) {
        match (then, outcome) {
            (
                After::Revived {
                    delivery, asker, ..
                },
                Ok(()),
            ) => {
                let account = delivery.account;
                self.board.counters.dead_letters_revived.add(1);
                self.hand_out(vec![*delivery]);
                asker.tell(Ok(account));
            }
            (
                After::Revived {
                    letter,
                    delivery,
                    asker,
                    at,
                },
                Err(_),
            ) => {
                let desk = self.board.roster.desk(delivery.account);
                desk.close(delivery.places());
                self.stays(*letter, asker, Obstacle::Journal, at);
            }
            (After::LetGo { letter, asker, .. }, Ok(())) => {
                self.board.counters.dead_letters_forgotten.add(1);
                asker.tell(Ok(*letter));
            }
            (After::LetGo { letter, asker, at }, Err(_)) => {
                self.stays(*letter, asker, Obstacle::Journal, at);
            }
            _ => {}
        }
    }

    /// Lets a dead letter go: nothing of it is kept any longer.
    pub fn let_go(
        &mut self,
        id: MessageId,
        asker: Asker<Result<DeadLetter, Obstacle>>,
        now: Moment,
    ) {
        let Some(letter) = self.board.dead_letters.lock().take(id) else {
            return asker.tell(Err(Obstacle::Unknown));
        };
        let record = closed(&letter, now);
        let then = After::LetGo {
            letter: Box::new(letter),
            asker,
            at: now,
        };
        match self.journal(&[record], then) {
            Ok(Some(then)) => self.revived(then, Ok(())),
            Ok(None) => {}
            Err((then, refusal)) => self.revived(then, Err(refusal)),
        }
    }

    /// It stays a dead letter.
    fn stays<T>(
        &mut self,
        letter: DeadLetter,
        asker: Asker<Result<T, Obstacle>>,
        obstacle: Obstacle,
        now: Moment,
    ) {
        self.put_aside(letter, now);
        asker.tell(Err(obstacle));
    }

    /// The delivery of what was kept of a letter. It takes room of its account.
    fn once_more<'a>(
        &mut self,
        letter: &DeadLetter,
        record: Record<'a>,
        to: Option<AccountId>,
        now: Moment,
    ) -> Result<Again<'a>, Obstacle> {
        match record {
            Record::Accepted(accepted) => self.receipt_once_more(letter, &accepted, to, now),
            Record::Inbound(inbound) => self.message_once_more(inbound, to, now),
            Record::Reported(reported) => self.report_once_more(reported, to, now),
            _ => Err(Obstacle::Gone),
        }
    }

    /// The receipt of a message of ours.
    fn receipt_once_more<'a>(
        &mut self,
        letter: &DeadLetter,
        accepted: &Accepted<'_>,
        to: Option<AccountId>,
        now: Moment,
    ) -> Result<Again<'a>, Obstacle> {
        let Accepted {
            id,
            shown,
            account,
            alphabet,
            pdu,
            written_source,
            ..
        } = *accepted;
        if to.is_some_and(|to| to != account) {
            return Err(Obstacle::NotIts);
        }
        let content = Content::kept(pdu, alphabet, written_source);
        let (Some(content), Some((ending, done))) = (content, letter.ended) else {
            return Err(Obstacle::Gone);
        };
        self.has_room_for(account, &content)?;
        let receipt = Receipt {
            content,
            shown,
            done,
            state: ending.state,
            last: true,
            error: ending.error,
            network_error: ending.network_error,
        };
        let delivery = delivery(id, account, Parcel::Receipt(receipt), now);
        Ok(Again {
            delivery,
            main: None,
        })
    }

    /// A message from a phone.
    fn message_once_more<'a>(
        &mut self,
        inbound: Inbound<'a>,
        to: Option<AccountId>,
        now: Moment,
    ) -> Result<Again<'a>, Obstacle> {
        let Inbound {
            id,
            account: before,
            carrier,
            alphabet,
            pdu,
            ..
        } = inbound;
        let content = Content::kept(pdu, alphabet, None).ok_or(Obstacle::Gone)?;
        let account = match to.or_else(|| before.filter(|before| self.is_there(*before))) {
            Some(account) => account,
            None => {
                let named = self.addressed(carrier, &content, now);
                named.ok_or(Obstacle::NoRule)?
            }
        };
        self.has_room_for(account, &content)?;
        let delivery = self.delivery(account, (id, content), now);
        let main = (before != Some(account)).then_some(Record::Inbound(Inbound {
            account: Some(account),
            ..inbound
        }));
        Ok(Again { delivery, main })
    }

    /// A report that matches nothing of ours.
    fn report_once_more<'a>(
        &mut self,
        reported: Reported<'a>,
        to: Option<AccountId>,
        now: Moment,
    ) -> Result<Again<'a>, Obstacle> {
        let Reported {
            id,
            carrier,
            at,
            pdu,
        } = reported;
        let account = match to.or_else(|| self.forwarded_to(carrier)) {
            Some(account) => account,
            None => return Err(Obstacle::Nobody),
        };
        let content = Content::kept(pdu, DefaultAlphabet::Gsm, None).ok_or(Obstacle::Gone)?;
        self.has_room_for(account, &content)?;
        // It is written down for that account, in whose alphabet it counts as it is: so nothing of
        // it is changed, after a restart either.
        let alphabet = self.accounts.table().account(account);
        let main = Record::Inbound(Inbound {
            id,
            account: Some(account),
            carrier,
            at,
            alphabet: alphabet.map_or(DefaultAlphabet::Gsm, |account| account.alphabet),
            pdu,
        });
        Ok(Again {
            delivery: delivery(id, account, Parcel::Message(content), now),
            main: Some(main),
        })
    }

    /// Who gets what matches nothing of ours from this carrier.
    fn forwarded_to(&mut self, carrier: CarrierId) -> Option<AccountId> {
        let slot = self.carriers.table().slot(carrier)?;
        slot.unmatched
    }

    fn is_there(&mut self, account: AccountId) -> bool {
        self.accounts.table().account(account).is_some()
    }

    fn has_room_for(&mut self, account: AccountId, content: &Content) -> Result<(), Obstacle> {
        if !self.is_there(account) {
            return Err(Obstacle::NoAccount);
        }
        let desk = self.board.roster.desk(account);
        match desk.open_whole(content.places()) {
            true => Ok(()),
            false => Err(Obstacle::NoRoom),
        }
    }
}

fn delivery(id: MessageId, account: AccountId, parcel: Parcel, now: Moment) -> Delivery {
    Delivery {
        id,
        account,
        parcel,
        since: now,
        after: None,
        tries: 0,
    }
}

//! A bound ESME connection as others see it: a box to leave things in, and a bell.

use super::account::Account;
use super::delivery::Delivery;
use super::promise::Promises;
use super::submission::Answer;
use crate::link::Bell;
use crate::message::AccountId;
use crate::moment::Moment;
use crate::session::BindKind;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Alerts that wait in the box of one connection; what comes on top is not told.
const NOTICES_MAX: usize = 100;

/// One bound connection of an account.
#[derive(Debug)]
pub struct Seat {
    /// Its number, never given out again.
    pub number: u64,
    /// Whose it is.
    pub account: AccountId,
    /// How it is bound.
    pub kind: BindKind,
    /// Whether the peer knows optional parameters, and PDUs that came with them.
    pub tlvs: bool,
    /// Where it has come from.
    pub peer: IpAddr,
    /// Since when it is bound.
    pub since: Moment,
    /// Rung when something has been left.
    pub bell: Arc<Bell>,
    /// The responses that it owes.
    pub promises: Arc<Promises>,
    /// Places that messages of its account take from acceptance to their end.
    pub under_way: Arc<AtomicUsize>,
    inbox: Mutex<Inbox>,
    /// Deliveries that wait in the box, to be read without its lock.
    waiting: AtomicUsize,
}

/// Who takes a seat, and how.
#[derive(Debug, Clone, Copy)]
pub struct Occupant {
    /// The number of its connection.
    pub number: u64,
    /// Whose it is.
    pub account: AccountId,
    /// How it is bound.
    pub kind: BindKind,
    /// Whether the peer knows optional parameters, and PDUs that came with them.
    pub tlvs: bool,
    /// Where it has come from.
    pub peer: IpAddr,
    /// Since when it is bound.
    pub since: Moment,
}

#[derive(Debug, Default)]
struct Inbox {
    answers: Vec<Answer>,
    deliveries: VecDeque<Delivery>,
    notices: Vec<Arc<[u8]>>,
    account: Option<Arc<Account>>,
    unbind: bool,
    left: bool,
}

/// What a connection takes out of its box at one time.
#[derive(Debug, Default)]
pub struct Collected {
    /// Responses that have become due.
    pub answers: Vec<Answer>,
    /// PDUs that have no answer.
    pub notices: Vec<Arc<[u8]>>,
    /// The settings of its account have changed to these.
    pub account: Option<Arc<Account>>,
    /// The connection is to unbind.
    pub unbind: bool,
}

impl Seat {
    /// A seat for a connection that has just bound.
    pub fn new(occupant: Occupant, bell: Arc<Bell>, under_way: Arc<AtomicUsize>) -> Self {
        let Occupant {
            number,
            account,
            kind,
            tlvs,
            peer,
            since,
        } = occupant;
        Self {
            under_way,
            number,
            account,
            kind,
            tlvs,
            peer,
            since,
            bell,
            inbox: Mutex::default(),
            waiting: AtomicUsize::new(0),
            promises: Arc::new(Promises::new(number)),
        }
    }

    /// The seat of a connection that was there before this process: nothing can be left in it, and
    /// nothing waits for it.
    pub fn gone(account: AccountId, under_way: Arc<AtomicUsize>) -> Self {
        let bell = Arc::new(Bell::default());
        let occupant = Occupant {
            number: 0,
            account,
            kind: BindKind::Transmitter,
            tlvs: false,
            peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            since: Moment::default(),
        };
        let seat = Self::new(occupant, bell, under_way);
        seat.leave();
        seat
    }

    /// Leaves responses. The box of a connection that has gone is no place for them, and nobody
    /// waits for them any more.
    pub fn answer(&self, answers: Vec<Answer>) {
        let mut inbox = self.inbox.lock();
        if !inbox.left {
            self.promises.make(answers.len());
            inbox.answers.extend(answers);
            drop(inbox);
            self.bell.ring();
        }
    }

    /// Leaves deliveries, unless the connection has gone: then they stay with the caller.
    pub fn deliver(&self, deliveries: &mut Vec<Delivery>) -> bool {
        let mut inbox = self.inbox.lock();
        if inbox.left {
            return false;
        }
        inbox.deliveries.extend(deliveries.drain(..));
        self.waiting
            .store(inbox.deliveries.len(), Ordering::Relaxed);
        drop(inbox);
        self.bell.ring();
        true
    }

    /// Leaves an alert_notification, unless the peer receives nothing or does not know it, too many
    /// of them wait, or the connection has gone.
    pub fn notify(&self, pdu: &Arc<[u8]>) -> bool {
        if !self.kind.receives() || !self.tlvs {
            return false;
        }
        let mut inbox = self.inbox.lock();
        if inbox.left || inbox.notices.len() >= NOTICES_MAX {
            return false;
        }
        inbox.notices.push(pdu.clone());
        drop(inbox);
        self.bell.ring();
        true
    }

    /// Tells the connection that its account has these settings now.
    pub fn renew(&self, account: Arc<Account>) {
        self.inbox.lock().account = Some(account);
        self.bell.ring();
    }

    /// Asks the connection to unbind.
    pub fn unbind(&self) {
        self.inbox.lock().unbind = true;
        self.bell.ring();
    }

    /// Takes the responses out of the box; `into` gives its emptied room in exchange.
    pub fn collect(&self, into: &mut Collected) {
        let mut inbox = self.inbox.lock();
        into.answers.clear();
        std::mem::swap(&mut inbox.answers, &mut into.answers);
        into.notices = std::mem::take(&mut inbox.notices);
        into.account = inbox.account.take();
        into.unbind = std::mem::take(&mut inbox.unbind);
    }

    /// Takes up to `count` deliveries out of the box: as many as the connection can send. The rest
    /// stays where everybody sees that it waits.
    pub fn take(&self, count: usize, into: &mut Vec<Delivery>) {
        if count == 0 || self.waiting() == 0 {
            return;
        }
        let mut inbox = self.inbox.lock();
        if !inbox.answers.is_empty() {
            // They were left since the last look, and a receipt behind them may be for one of them:
            // the bell has been rung, and the next look takes them first.
            return;
        }
        let count = count.min(inbox.deliveries.len());
        into.extend(inbox.deliveries.drain(..count));
        self.waiting
            .store(inbox.deliveries.len(), Ordering::Relaxed);
    }

    /// The connection has gone: nothing can be left any more, and what was is given back.
    pub fn leave(&self) -> Vec<Delivery> {
        let mut inbox = self.inbox.lock();
        inbox.left = true;
        self.promises.leave();
        inbox.answers = Vec::new();
        inbox.notices = Vec::new();
        std::mem::take(&mut inbox.deliveries).into()
    }

    /// Deliveries that wait in the box.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esme::delivery::Parcel;
    use crate::message::{Content, MessageId};
    use smppgate_codec::code::{Command, Status};
    use smppgate_codec::frame;
    use smppgate_codec::pdu::Sm;
    use smppgate_codec::wire::PduWriter;

    fn seat() -> Seat {
        let occupant = Occupant {
            number: 1,
            account: AccountId(0),
            kind: BindKind::Transceiver,
            tlvs: true,
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            since: Moment::default(),
        };
        Seat::new(occupant, Arc::default(), Arc::default())
    }

    fn delivery() -> Delivery {
        let mut pdu = bytes::BytesMut::new();
        let mut writer = PduWriter::begin(&mut pdu, Command::DELIVER_SM, Status::ESME_ROK, 0);
        Sm::default().put(writer.body());
        drop(writer);
        let frame = frame::next(&pdu, 1_000).unwrap().expect("a whole PDU");
        Delivery {
            id: MessageId(1),
            account: AccountId(0),
            parcel: Parcel::Message(Content::of_sm(&frame, &Sm::decode(&frame).unwrap())),
            since: Moment::default(),
            after: None,
            tries: 0,
        }
    }

    #[test]
    fn a_receipt_is_not_taken_before_the_response_that_was_left_in_front_of_it() {
        let (seat, mut collected, mut taken) = (seat(), Collected::default(), Vec::new());
        seat.collect(&mut collected);
        // Left between the two looks of the connection.
        seat.answer(vec![Answer {
            ordinal: 0,
            sequence: 1,
            command: Command::SUBMIT_SM,
            status: Status::ESME_ROK,
            id: Some(MessageId(1)),
        }]);
        assert!(seat.deliver(&mut vec![delivery()]));
        seat.take(10, &mut taken);
        assert!(taken.is_empty());
        seat.collect(&mut collected);
        assert_eq!(collected.answers.len(), 1);
        seat.take(10, &mut taken);
        assert_eq!((taken.len(), seat.waiting()), (1, 0));
    }
}

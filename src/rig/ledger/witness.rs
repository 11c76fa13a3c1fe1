//! The book as the peers hold it: with a clock, and a lock that each takes for an entry.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use smppgate_codec::code::{MessageType, Status};
use smppgate_codec::frame;
use smppgate_codec::pdu::Sm;

use super::audit::Audit;
use super::book::{Book, Standing};
use super::breaks::BreakKind;
use super::entry::{Event, ReportedState};
use super::terms::Terms;
use crate::rig::marked::{Report, err, is_marked_with, marker};

/// A book that several threads write.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    opened: Instant,
    book: Mutex<Book>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger")
    }
}

impl Ledger {
    /// An empty ledger, whose time begins now.
    pub fn open(terms: Terms) -> Self {
        Self(Arc::new(Inner {
            opened: Instant::now(),
            book: Mutex::new(Book::new(terms)),
        }))
    }

    /// Nanoseconds since it was opened.
    pub fn now(&self) -> u64 {
        u64::try_from(self.0.opened.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Writes in the book; the time is taken once nobody else writes, so that entries are in the
    /// order of their times.
    fn write<T>(&self, what: impl FnOnce(&mut Book, u64) -> T) -> T {
        let mut book = self.0.book.lock();
        let now = self.now();
        what(&mut book, now)
    }

    /// The number of a message that is about to be submitted; `None` if the book is full.
    pub fn submit(&self, account: u8, bind: u32, registered: u8) -> Option<u64> {
        self.write(|book, now| book.submit(now, account, bind, registered))
    }

    /// The number of a message that a phone is about to send to `account`.
    pub fn phone(&self, account: u8) -> Option<u64> {
        self.write(|book, _| book.phone(account))
    }

    /// Notes what happened to a message.
    pub(in crate::rig) fn note(&self, number: u64, event: Event) {
        self.write(|book, now| book.note(number, now, event));
    }

    /// Notes the response to a message of `account`, with its message id as it stands there.
    pub(in crate::rig) fn note_answer(
        &self,
        number: u64,
        account: u8,
        bind: u32,
        status: Status,
        id: &[u8],
    ) {
        self.write(|book, now| {
            let id = book.id(account, id);
            book.note(number, now, Event::Answered { bind, status, id });
        });
    }

    /// Notes a PDU that a peer cannot make anything of: a response to nothing, or the second one.
    pub(in crate::rig) fn note_stray(&self, bind: u32, status: Status) {
        let id = None;
        self.note(NO_NUMBER, Event::Answered { bind, status, id });
    }

    /// Notes what happens to the gateway.
    pub fn break_off(&self, kind: BreakKind) {
        self.write(|book, now| book.break_off(now, kind));
    }

    /// Lets go of some stories that are over.
    pub fn look(&self) {
        self.write(|book, now| book.look(now));
    }

    /// How far the messages are; looks at every story.
    pub fn standing(&self) -> Standing {
        self.write(|book, _| book.standing())
    }

    /// The same without counting the open ones.
    pub fn at_a_glance(&self) -> Standing {
        self.write(|book, _| book.at_a_glance())
    }

    /// The disk of the gateway has needed so long to sync a few octets.
    pub fn synced_in(&self, sync: Duration) {
        self.write(|book, _| book.synced_in(sync));
    }

    /// The stories that were found broken first, in words.
    pub fn offenders(&self) -> Vec<String> {
        self.write(|book, _| book.offenders())
    }

    /// The numbers of messages in doubt of which a report was taken and nothing told: dead letters have
    /// to be about them.
    pub fn without_word(&self) -> Vec<u64> {
        self.write(|book, _| book.without_word())
    }

    /// Judges all that is left, and leaves an empty book to peers that still write. `dead_letters` are
    /// the numbers of the messages that the gateway has put something aside about; `None` if it was not
    /// asked.
    pub fn close(&self, dead_letters: Option<&HashSet<u64>>) -> Audit {
        let book = self.write(|book, _| {
            let empty = Book::new(book.terms().clone());
            std::mem::replace(book, empty)
        });
        book.close(dead_letters)
    }

    /// Notes a receipt or a message from a phone that an ESME has read, before it answers.
    pub(in crate::rig) fn read_by_esme(&self, sm: &Sm<'_>, account: u8, bind: u32, answer: Status) {
        let text = sm.user_data();
        if sm.esm_class.message_type() != MessageType::DeliveryReceipt {
            let number = marker(sm.source.digits).unwrap_or(NO_NUMBER);
            let event = Event::Arrived {
                account,
                bind,
                answer,
            };
            self.note(number, event);
            return self.check_text(number, text);
        }
        let (number, reported, id) = match Report::read(sm) {
            Ok(report) => (report.number, reported(&report, text), report.id),
            // A receipt that contradicts itself is one for nothing.
            Err(_) => (NO_NUMBER, ReportedState::default(), &b""[..]),
        };
        self.write(|book, now| {
            let id = book.id(account, id);
            let event = Event::Told {
                account,
                bind,
                id,
                reported,
                answer,
            };
            book.note(number, now, event);
        });
    }

    fn check_text(&self, number: u64, text: &[u8]) {
        if !is_marked_with(number, text) {
            self.note(number, Event::Garbled);
        }
    }
}

/// The number of what bears none: nobody ever gets that far.
const NO_NUMBER: u64 = super::book::NUMBERS_END;

fn reported(report: &Report<'_>, text: &[u8]) -> ReportedState {
    ReportedState {
        state: report.state,
        err: err(text),
    }
}

/// A carrier's hand in the ledger.
#[derive(Debug, Clone)]
pub struct Witness {
    ledger: Ledger,
    carrier: u8,
}

impl Witness {
    /// The carrier with this place in the terms.
    pub fn new(ledger: Ledger, carrier: u8) -> Self {
        Self { ledger, carrier }
    }

    /// It accepted a message as `id`; the number of the message.
    pub(in crate::rig) fn took(&self, destination: &[u8], text: &[u8], id: u64) -> u64 {
        let number = marker(destination).unwrap_or(NO_NUMBER);
        let carrier = self.carrier;
        self.ledger.note(number, Event::Taken { carrier, id });
        self.ledger.check_text(number, text);
        number
    }

    /// It refused a message.
    pub(in crate::rig) fn refused(&self, destination: &[u8], status: Status) {
        let number = marker(destination).unwrap_or(NO_NUMBER);
        let carrier = self.carrier;
        self.ledger.note(number, Event::Refused { carrier, status });
    }

    /// It wrote the response to a message that it had accepted.
    pub(in crate::rig) fn responded(&self, number: u64) {
        let carrier = self.carrier;
        self.ledger.note(number, Event::Responded { carrier });
    }

    /// It wrote this deliver_sm.
    pub(in crate::rig) fn delivers(&self, pdu: &[u8]) {
        let carrier = self.carrier;
        self.note_delivery(pdu, |reported| match reported {
            Some(reported) => Event::Reported { carrier, reported },
            None => Event::Phoned { carrier },
        });
    }

    /// This deliver_sm was answered.
    pub(in crate::rig) fn delivered(&self, pdu: &[u8], status: Status) {
        let carrier = self.carrier;
        self.note_delivery(pdu, |reported| match reported {
            Some(reported) => Event::ReportAnswered {
                carrier,
                reported,
                status,
            },
            None => Event::PhoneAnswered { carrier, status },
        });
    }

    fn note_delivery(&self, pdu: &[u8], event: impl FnOnce(Option<ReportedState>) -> Event) {
        // It is the carrier's own deliver_sm, so it can be read.
        let Ok(Some(frame)) = frame::next(pdu, frame::LENGTH_MAX) else {
            return;
        };
        let Ok(sm) = Sm::decode(&frame) else {
            return;
        };
        if sm.esm_class.message_type() != MessageType::DeliveryReceipt {
            let number = marker(sm.source.digits).unwrap_or(NO_NUMBER);
            return self.ledger.note(number, event(None));
        }
        if let Ok(report) = Report::read(&sm) {
            let reported = reported(&report, sm.user_data());
            self.ledger.note(report.number, event(Some(reported)));
        }
    }
}

//! Each kind of broken promise is found, and nothing is where none was broken.

mod phones;

use std::collections::HashSet;
use std::time::Duration;

use smppgate_codec::code::{MessageState, Status};

use super::audit::Audit;
use super::book::Book;
use super::breaks::BreakKind;
use super::entry::{Event, ReportedState};
use super::offence::Offence;
use super::terms::{Account, Terms};

const ACME: u8 = 0;
/// An account with `ack = "carrier"`.
const PASSING: u8 = 1;
const QUICK: u8 = 0;
const SLOW: u8 = 1;
const OK: Status = Status::ESME_ROK;
const DELIVERED: ReportedState = end(MessageState::DELIVERED, 0);
const UNDELIVERED: ReportedState = end(MessageState::UNDELIVERABLE, 1);

const fn end(state: MessageState, err: u16) -> ReportedState {
    let err = Some(err);
    ReportedState { state, err }
}

/// A run in which something is noted every ten milliseconds.
struct Run {
    book: Book,
    at: u64,
}

impl Run {
    fn new() -> Self {
        let account = |name: &str, never_again| Account {
            name: name.into(),
            is_hex: false,
            never_again,
        };
        let book = Book::new(Terms {
            accounts: vec![account("acme", false), account("passing", true)],
            carriers: vec!["quick".into(), "slow".into()],
            windows: 2,
            settled_after: Duration::from_millis(250),
            may_be_queued: false,
        });
        let mut run = Self { book, at: 0 };
        run.breaks(BreakKind::Started);
        run
    }

    fn note(&mut self, number: u64, event: Event) -> &mut Self {
        self.at += 10_000_000;
        self.book.note(number, self.at, event);
        self
    }

    fn waits(&mut self, ms: u64) -> &mut Self {
        self.at += ms * 1_000_000;
        self
    }

    fn breaks(&mut self, kind: BreakKind) -> &mut Self {
        self.at += 10_000_000;
        self.book.break_off(self.at, kind);
        self
    }

    /// Killed and started again.
    fn is_killed(&mut self) -> &mut Self {
        self.breaks(BreakKind::Killed).breaks(BreakKind::Started)
    }

    fn submits(&mut self, account: u8, registered: u8) -> u64 {
        self.at += 10_000_000;
        let number = self.book.submit(self.at, account, 7, registered);
        number.expect("the book has room")
    }

    fn is_answered(&mut self, number: u64, status: Status, id: u64) -> &mut Self {
        let id = status.is_ok().then_some(id);
        let bind = 7;
        self.note(number, Event::Answered { bind, status, id })
    }

    fn is_taken(&mut self, number: u64, carrier: u8) -> &mut Self {
        self.note(number, Event::Taken { carrier, id: 1 })
    }

    fn is_taken_and_responded(&mut self, number: u64, carrier: u8) -> &mut Self {
        self.is_taken(number, carrier)
            .note(number, Event::Responded { carrier })
    }

    fn is_reported(&mut self, number: u64, carrier: u8, reported: ReportedState) -> &mut Self {
        let status = OK;
        self.note(number, Event::Reported { carrier, reported })
            .note(
                number,
                Event::ReportAnswered {
                    carrier,
                    reported,
                    status,
                },
            )
    }

    fn is_told(&mut self, number: u64, id: u64, reported: ReportedState) -> &mut Self {
        self.note(number, told(ACME, Some(id), reported))
    }

    /// An accepted message up to the report of its carrier.
    fn begins(&mut self, id: u64) -> u64 {
        let number = self.submits(ACME, 1);
        self.is_answered(number, OK, id)
            .is_taken_and_responded(number, QUICK)
            .is_reported(number, QUICK, DELIVERED);
        number
    }

    fn phone_writes(&mut self) -> u64 {
        let number = self.book.phone(ACME).expect("the book has room");
        self.note(number, Event::Phoned { carrier: QUICK });
        number
    }

    fn phone_is_answered(&mut self, number: u64) -> &mut Self {
        let status = OK;
        let carrier = QUICK;
        self.note(number, Event::PhoneAnswered { carrier, status })
    }

    fn arrives(&mut self, number: u64, account: u8) -> &mut Self {
        let bind = 7;
        let answer = OK;
        self.note(
            number,
            Event::Arrived {
                account,
                bind,
                answer,
            },
        )
    }

    /// Closes the book; `looks` first lets the story be over.
    fn closes(mut self, looks: bool) -> Audit {
        if looks {
            self.book.look(self.at + 600_000_000_000);
        }
        self.book.close(None)
    }
}

fn told(account: u8, id: Option<u64>, reported: ReportedState) -> Event {
    Event::Told {
        account,
        bind: 7,
        id,
        reported,
        answer: OK,
    }
}

/// The offences of a run, whether or not it was looked at before the end.
fn offences(story: impl Fn(&mut Run)) -> Vec<Offence> {
    let [early, late] = [true, false].map(|looks| {
        let mut run = Run::new();
        story(&mut run);
        let audit = run.closes(looks);
        assert_eq!(audit.first.len() as u64, audit.broken(), "{audit}");
        audit.offences.into_keys().collect::<Vec<_>>()
    });
    assert_eq!(early, late);
    early
}

#[track_caller]
fn is_clean(story: impl Fn(&mut Run)) {
    assert_eq!(offences(story), []);
}

#[track_caller]
fn is(offence: Offence, story: impl Fn(&mut Run)) {
    assert_eq!(offences(story), [offence]);
}

/// Where one fault breaks several promises.
#[track_caller]
fn is_among(offence: Offence, story: impl Fn(&mut Run)) {
    assert!(offences(story).contains(&offence), "{offence}");
}

#[test]
fn a_message_that_is_told_once_is_clean_and_summed_up() {
    let mut run = Run::new();
    let number = run.begins(100);
    run.is_told(number, 100, DELIVERED);
    let standing = run.book.standing();
    assert_eq!((standing.submitted, standing.open), (1, 0));
    run.book.look(run.at + 20_000_000_000);
    assert_eq!(run.book.at_a_glance().kept, 0, "it is over");
    let audit = run.closes(false);
    assert!(audit.is_clean(), "{audit}");
    let counts = audit.counts;
    assert_eq!((counts.accepted, counts.sent, counts.told), (1, 1, 1));
}

#[test]
fn an_accepted_message_has_to_be_told() {
    is(Offence::NotTold, |run| {
        run.begins(100);
    });
    is(Offence::NotTold, |run| {
        let number = run.submits(ACME, 1);
        run.is_answered(number, OK, 100).is_killed();
    });
    // What its ESME did not take has not been told.
    is(Offence::NotTold, |run| {
        let number = run.begins(100);
        run.note(
            number,
            Event::Told {
                account: ACME,
                bind: 7,
                id: Some(100),
                reported: DELIVERED,
                answer: Status(0x64),
            },
        );
    });
}

#[test]
fn what_is_still_on_its_way_may_be_allowed() {
    let mut run = Run::new();
    run.book = Book::new(Terms {
        may_be_queued: true,
        ..run.book.terms().clone()
    });
    run.begins(100);
    let audit = run.closes(false);
    assert_eq!((audit.is_clean(), audit.queued), (true, 1));
}

#[test]
fn what_nobody_asked_for_is_not_told() {
    is_clean(|run| {
        let number = run.submits(ACME, 0);
        run.is_answered(number, OK, 100).is_taken(number, QUICK);
    });
    is(Offence::NotSent, |run| {
        let number = run.submits(ACME, 0);
        run.is_answered(number, OK, 100);
    });
    is(Offence::ToldUnasked, |run| {
        let number = run.submits(ACME, 0);
        run.is_answered(number, OK, 100)
            .is_taken_and_responded(number, QUICK)
            .is_reported(number, QUICK, DELIVERED)
            .is_told(number, 100, DELIVERED);
    });
    let failures_only = |reported, is_told: bool| {
        move |run: &mut Run| {
            let number = run.submits(ACME, 2);
            run.is_answered(number, OK, 100)
                .is_taken_and_responded(number, QUICK)
                .is_reported(number, QUICK, reported);
            if is_told {
                run.is_told(number, 100, reported);
            }
        }
    };
    is_clean(failures_only(DELIVERED, false));
    is_clean(failures_only(UNDELIVERED, true));
    is(Offence::NotTold, failures_only(UNDELIVERED, false));
    is(Offence::ToldUnasked, failures_only(DELIVERED, true));
    // Sent twice over a crash, it has two ends: the first that is taken counts.
    is_clean(|run| {
        let number = run.submits(ACME, 2);
        run.is_answered(number, OK, 100)
            .is_taken(number, QUICK)
            .is_killed()
            .is_taken_and_responded(number, SLOW)
            .is_reported(number, QUICK, DELIVERED)
            .is_reported(number, SLOW, UNDELIVERED);
    });
}

#[test]
fn a_receipt_may_come_again_only_over_a_crash() {
    is_clean(|run| {
        let number = run.begins(100);
        run.is_told(number, 100, DELIVERED)
            .is_killed()
            .is_told(number, 100, DELIVERED);
    });
    is(Offence::ToldAgain, |run| {
        let number = run.begins(100);
        run.is_told(number, 100, DELIVERED)
            .is_told(number, 100, DELIVERED);
    });
    is(Offence::ToldAgain, |run| {
        let number = run.begins(100);
        run.is_told(number, 100, DELIVERED)
            .waits(400)
            .is_killed()
            .is_told(number, 100, DELIVERED);
    });
    is(Offence::ToldAgain, |run| {
        let number = run.begins(100);
        run.is_told(number, 100, DELIVERED)
            .breaks(BreakKind::Drained)
            .breaks(BreakKind::Started)
            .is_told(number, 100, DELIVERED);
    });
    is(Offence::ToldOtherwise, |run| {
        let number = run.begins(100);
        run.is_reported(number, QUICK, UNDELIVERED)
            .is_told(number, 100, DELIVERED)
            .is_killed()
            .is_told(number, 100, UNDELIVERED);
    });
}

#[test]
fn a_message_may_be_sent_again_only_if_it_was_in_flight_at_a_crash() {
    let sent_twice = |account, responded: bool, waits, kind: BreakKind| {
        move |run: &mut Run| {
            let number = run.submits(account, 0);
            run.is_answered(number, OK, 100).is_taken(number, QUICK);
            if responded {
                run.note(number, Event::Responded { carrier: QUICK });
            }
            run.waits(waits)
                .breaks(kind)
                .breaks(BreakKind::Started)
                .is_taken(number, SLOW);
        }
    };
    is_clean(sent_twice(ACME, false, 500, BreakKind::Killed));
    is_clean(sent_twice(ACME, true, 50, BreakKind::Killed));
    is_clean(sent_twice(ACME, false, 500, BreakKind::Hurried));
    is(
        Offence::SentAgain,
        sent_twice(ACME, true, 500, BreakKind::Killed),
    );
    is(
        Offence::SentAgain,
        sent_twice(ACME, false, 0, BreakKind::Drained),
    );
    is(
        Offence::SentAgain,
        sent_twice(ACME, false, 0, BreakKind::Started),
    );
    is(
        Offence::SentAgain,
        sent_twice(PASSING, false, 500, BreakKind::Killed),
    );
}

#[test]
fn no_more_may_be_sent_again_after_a_crash_than_the_windows_hold() {
    let sent_again = |count: u64| {
        let mut run = Run::new();
        let numbers: Vec<u64> = (0..count)
            .map(|id| {
                let number = run.submits(ACME, 0);
                run.is_answered(number, OK, id).is_taken(number, QUICK);
                number
            })
            .collect();
        run.is_killed();
        for number in numbers {
            run.is_taken(number, QUICK);
        }
        run.closes(false)
    };
    let audit = sent_again(2);
    assert_eq!((audit.is_clean(), audit.sent_again_most), (true, 2));
    let audit = sent_again(3);
    assert_eq!(audit.offences.get(&Offence::TooManyAgain), Some(&1));
}

#[test]
fn an_end_is_told_only_as_a_carrier_has_reported_it() {
    is(Offence::WrongState, |run| {
        let number = run.begins(100);
        run.is_told(number, 100, UNDELIVERED);
    });
    is(Offence::WrongState, |run| {
        let number = run.begins(100);
        run.is_told(number, 100, end(MessageState::DELIVERED, 9));
    });
    is(Offence::WrongState, |run| {
        let number = run.begins(100);
        run.is_told(number, 100, end(MessageState::UNKNOWN, 0));
    });
    is(Offence::WrongState, |run| {
        let number = run.begins(100);
        run.is_told(number, 100, end(MessageState::EXPIRED, 0));
    });
    is_clean(|run| {
        let number = run.submits(ACME, 1);
        let status = Status::ESME_RINVDSTADR;
        run.is_answered(number, OK, 100)
            .note(
                number,
                Event::Refused {
                    carrier: QUICK,
                    status,
                },
            )
            .is_told(number, 100, UNDELIVERED);
    });
    // In flight at a crash, and refused when it was sent again.
    let refused_at_last = |waits| {
        move |run: &mut Run| {
            let number = run.submits(ACME, 1);
            let (carrier, status) = (QUICK, Status::ESME_RINVDSTADR);
            run.is_answered(number, OK, 100)
                .is_taken_and_responded(number, SLOW)
                .waits(waits)
                .is_killed()
                .note(number, Event::Refused { carrier, status })
                .is_told(number, 100, UNDELIVERED)
                .is_reported(number, SLOW, DELIVERED);
        }
    };
    is_clean(refused_at_last(50));
    is(Offence::WrongState, refused_at_last(500));
    // What nobody reported is unknown, and may be corrected once.
    is_clean(|run| {
        let number = run.submits(ACME, 1);
        run.is_answered(number, OK, 100)
            .is_taken_and_responded(number, QUICK)
            .is_told(number, 100, end(MessageState::UNKNOWN, 0))
            .is_reported(number, QUICK, DELIVERED)
            .is_told(number, 100, DELIVERED);
    });
}

#[test]
fn a_receipt_is_for_the_message_of_its_account_with_its_id() {
    is(Offence::WrongId, |run| {
        let number = run.begins(100);
        run.is_told(number, 101, DELIVERED);
    });
    is(Offence::WrongId, |run| {
        let number = run.begins(100);
        run.note(number, told(ACME, None, DELIVERED));
    });
    is(Offence::ToldElsewhere, |run| {
        let number = run.begins(100);
        run.note(number, told(PASSING, Some(100), DELIVERED));
    });
    is(Offence::ToldForeign, |run| {
        run.note(4_711, told(ACME, Some(100), DELIVERED));
    });
    is(Offence::ToldTooEarly, |run| {
        let number = run.submits(ACME, 1);
        run.is_taken_and_responded(number, QUICK)
            .is_reported(number, QUICK, DELIVERED)
            .is_told(number, 100, DELIVERED)
            .is_answered(number, OK, 100);
    });
}

#[test]
fn ids_are_given_once_and_as_promised() {
    is(Offence::IdReused, |run| {
        for _ in 0..2 {
            let number = run.begins(100);
            run.is_told(number, 100, DELIVERED).is_killed();
        }
    });
    is(Offence::IdOdd, |run| {
        let number = run.submits(ACME, 0);
        let bind = 7;
        let (status, id) = (OK, None);
        run.note(number, Event::Answered { bind, status, id })
            .is_taken(number, QUICK);
    });
}

#[test]
fn every_message_is_answered_once() {
    is(Offence::NeverAnswered, |run| {
        run.submits(ACME, 1);
    });
    is(Offence::AnsweredTwice, |run| {
        let number = run.begins(100);
        run.is_answered(number, OK, 100)
            .is_told(number, 100, DELIVERED);
    });
    is_clean(|run| {
        let number = run.submits(ACME, 1);
        run.note(number, Event::Unanswered { bind: 7 });
    });
}

#[test]
fn what_was_refused_goes_nowhere() {
    let throttled = Status::ESME_RTHROTTLED;
    is_clean(|run| {
        let number = run.submits(ACME, 1);
        run.is_answered(number, throttled, 0);
    });
    is(Offence::RefusedAndSent, |run| {
        let number = run.submits(ACME, 1);
        run.is_answered(number, throttled, 0).is_taken(number, SLOW);
    });
    is_among(Offence::RefusedAndTold, |run| {
        let number = run.submits(ACME, 1);
        run.is_answered(number, throttled, 0)
            .note(
                number,
                Event::Refused {
                    carrier: QUICK,
                    status: throttled,
                },
            )
            .note(number, told(ACME, None, UNDELIVERED));
    });
}

#[test]
fn carriers_get_what_was_submitted_and_nothing_else() {
    is(Offence::SentForeign, |run| {
        run.is_taken(4_711, QUICK);
    });
    is(Offence::Garbled, |run| {
        let number = run.begins(100);
        run.note(number, Event::Garbled)
            .is_told(number, 100, DELIVERED);
    });
    is(Offence::Endless, |run| {
        let number = run.begins(100);
        run.is_told(number, 100, DELIVERED);
        for _ in 0..100 {
            run.is_reported(number, QUICK, DELIVERED);
        }
    });
}

#[test]
fn a_message_in_doubt_may_be_told_and_what_was_taken_of_it_is_a_dead_letter_otherwise() {
    let doubtful = |is_told: bool| {
        let mut run = Run::new();
        let number = run.submits(ACME, 1);
        run.is_taken_and_responded(number, QUICK)
            .is_killed()
            .note(number, Event::Unanswered { bind: 7 })
            .is_reported(number, QUICK, DELIVERED);
        if is_told {
            run.is_told(number, 100, DELIVERED);
        }
        run.book
    };
    let (none, it) = (HashSet::new(), HashSet::from([0]));
    assert!(doubtful(true).close(Some(&none)).is_clean());
    assert!(doubtful(false).close(None).is_clean());
    assert!(doubtful(false).close(Some(&it)).is_clean());
    assert_eq!(doubtful(false).without_word(), [0]);
    let audit = doubtful(false).close(Some(&none));
    assert_eq!(audit.offences.get(&Offence::ReportLost), Some(&1));
}

#[test]
fn what_happened_after_a_cut_binds_nobody() {
    // Answered after the cut: the copy of the disk knows nothing of it.
    is_clean(|run| {
        let number = run.submits(ACME, 1);
        run.breaks(BreakKind::Cut)
            .is_answered(number, OK, 100)
            .breaks(BreakKind::Started);
        // And its id may be given again.
        let number = run.begins(100);
        run.is_told(number, 100, DELIVERED);
    });
    // Its report was taken after the cut: it will not be repeated.
    is_clean(|run| {
        let number = run.submits(ACME, 1);
        run.is_answered(number, OK, 100)
            .is_taken_and_responded(number, QUICK)
            .breaks(BreakKind::Cut)
            .is_reported(number, QUICK, DELIVERED)
            .breaks(BreakKind::Started);
    });
    // Answered before the cut: it has to be there.
    is(Offence::NotTold, |run| {
        let number = run.submits(ACME, 1);
        run.is_answered(number, OK, 100)
            .breaks(BreakKind::Cut)
            .breaks(BreakKind::Started);
    });
    is(Offence::PhoneLost, |run| {
        let number = run.phone_writes();
        run.phone_is_answered(number)
            .breaks(BreakKind::Cut)
            .breaks(BreakKind::Started);
    });
    is_clean(|run| {
        let number = run.phone_writes();
        run.breaks(BreakKind::Cut)
            .phone_is_answered(number)
            .breaks(BreakKind::Started);
    });
}

#[test]
fn what_is_over_stays_over() {
    let over = |event: Event| {
        let mut run = Run::new();
        let number = run.begins(100);
        run.is_told(number, 100, DELIVERED);
        run.book.look(run.at + 20_000_000_000);
        run.waits(20_000).note(number, event);
        run.closes(false)
    };
    let carrier = QUICK;
    let audit = over(Event::Taken { carrier, id: 2 });
    assert_eq!(audit.offences.get(&Offence::AfterItsEnd), Some(&1));
    let audit = over(told(ACME, Some(100), DELIVERED));
    assert_eq!(audit.offences.get(&Offence::AfterItsEnd), Some(&1));
    // A carrier may repeat itself at any time.
    let reported = DELIVERED;
    assert!(over(Event::Reported { carrier, reported }).is_clean());
}

#[test]
fn a_story_is_kept_as_long_as_a_crash_may_bring_it_back() {
    let mut run = Run::new();
    let number = run.begins(100);
    run.is_told(number, 100, DELIVERED).is_killed();
    run.book.look(run.at + 60_000_000_000);
    assert_eq!(run.book.at_a_glance().kept, 1);
    run.book.look(run.at + 200_000_000_000);
    assert_eq!(run.book.at_a_glance().kept, 0);
}

#[test]
fn an_offender_tells_its_whole_story() {
    let mut run = Run::new();
    let number = run.submits(ACME, 1);
    run.is_answered(number, OK, 100)
        .is_taken_and_responded(number, SLOW)
        .is_killed();
    let audit = run.closes(false);
    let story = audit.first.first().expect("one offender");
    for words in [
        "accepted and its end never told: message 000000000",
        "acme submits it on bind 7, registered_delivery 1",
        "id 100",
        "slow accepts it as 1",
        "slow writes that response",
        "-- the gateway is killed",
    ] {
        assert!(story.contains(words), "{words} is not in {story}");
    }
}

/// A message whose acceptance a crash follows after so many milliseconds, and then this.
fn crashed_after(ms: u64, sync: u64, then: Event) -> Audit {
    let mut run = Run::new();
    run.book.synced_in(Duration::from_millis(sync));
    let number = run.submits(ACME, 1);
    run.is_answered(number, OK, 7)
        .is_taken_and_responded(number, QUICK);
    run.waits(ms).is_killed().note(number, then).is_killed();
    run.closes(false)
}

#[test]
fn what_was_in_flight_at_a_crash_and_refused_after_it_may_be_held() {
    let (carrier, status) = (SLOW, Status::ESME_RINVDSTADR);
    let ends = |ms| crashed_after(ms, 0, Event::Refused { carrier, status });
    assert_eq!((ends(0).is_clean(), ends(0).counts.held), (true, 1));
    assert!(ends(500).offences.contains_key(&Offence::NotTold));
}

#[test]
fn on_a_disk_that_needs_long_to_sync_more_may_come_again() {
    let again = Event::Taken {
        carrier: QUICK,
        id: 2,
    };
    let is_again = |sync| {
        crashed_after(600, sync, again)
            .offences
            .contains_key(&Offence::SentAgain)
    };
    assert!(!is_again(300) && is_again(30));
    // In flight both times, and not sent a third time.
    assert_eq!(crashed_after(0, 0, again).counts.held, 1);
}

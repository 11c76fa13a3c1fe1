//! What phones have written.

use super::*;

#[test]
fn messages_from_phones_arrive_once_at_their_account() {
    is_clean(|run| {
        let number = run.phone_writes();
        run.phone_is_answered(number).arrives(number, ACME);
    });
    is(Offence::PhoneLost, |run| {
        let number = run.phone_writes();
        run.phone_is_answered(number);
    });
    is(Offence::NeverAnswered, |run| {
        run.phone_writes();
    });
    is(Offence::PhoneElsewhere, |run| {
        let number = run.phone_writes();
        run.phone_is_answered(number).arrives(number, PASSING);
    });
    is(Offence::PhoneForeign, |run| {
        run.arrives(500_000_009, ACME);
    });
    is(Offence::PhoneAgain, |run| {
        let number = run.phone_writes();
        run.phone_is_answered(number)
            .arrives(number, ACME)
            .arrives(number, ACME);
    });
    is_clean(|run| {
        let number = run.phone_writes();
        run.phone_is_answered(number)
            .arrives(number, ACME)
            .is_killed()
            .arrives(number, ACME);
    });
    // Its carrier had no answer and sent it again: nobody can know that it is the same.
    is_clean(|run| {
        let number = run.phone_writes();
        run.arrives(number, ACME)
            .waits(1_000)
            .note(number, Event::Phoned { carrier: QUICK })
            .phone_is_answered(number)
            .arrives(number, ACME);
    });
}

//! The promises that can be broken, each with its words.

use std::fmt;

use serde::Serialize;

/// A promise that was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Offence {
    /// Neither an answer nor the loss of its bind.
    NeverAnswered,
    /// Answered more than once.
    AnsweredTwice,
    /// A PDU that a peer cannot make anything of, such as a response to nothing.
    StrayPdu,
    /// Status 0 with an id that is not written as promised.
    IdOdd,
    /// An id that another message was given before.
    IdReused,
    /// Accepted, and no carrier was ever asked to take it.
    NotSent,
    /// A carrier has it twice though nothing was in flight.
    SentAgain,
    /// A carrier has a message that nobody submitted.
    SentForeign,
    /// Refused, and a carrier has it all the same.
    RefusedAndSent,
    /// Accepted, and its end was never told.
    NotTold,
    /// Its end was told again though no crash came between.
    ToldAgain,
    /// Another end was told than before.
    ToldOtherwise,
    /// Nobody had asked for this receipt.
    ToldUnasked,
    /// A receipt for a message that nobody submitted.
    ToldForeign,
    /// Its end was told to another account.
    ToldElsewhere,
    /// Its end was told before its response.
    ToldTooEarly,
    /// Refused, and an end was told all the same.
    RefusedAndTold,
    /// A receipt with another id than the response.
    WrongId,
    /// A receipt with an end that no carrier reported.
    WrongState,
    /// A message from a phone that was taken and never arrived.
    PhoneLost,
    /// A message from a phone that arrived again though no crash came between.
    PhoneAgain,
    /// A message from a phone that arrived at another account.
    PhoneElsewhere,
    /// A message from a phone that no carrier sent.
    PhoneForeign,
    /// A message with the text of another.
    Garbled,
    /// A message that goes round in circles.
    Endless,
    /// Something about a message that was over long ago.
    AfterItsEnd,
    /// More messages went out again after one break than were in flight.
    TooManyAgain,
    /// A receipt was taken, and is neither told nor a dead letter.
    ReportLost,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverAnswered => "never answered",
            Self::AnsweredTwice => "answered twice",
            Self::StrayPdu => "PDU that means nothing to its peer",
            Self::IdOdd => "id of another form than promised",
            Self::IdReused => "id given before",
            Self::NotSent => "accepted and never sent",
            Self::SentAgain => "sent again without need",
            Self::SentForeign => "sent and never submitted",
            Self::RefusedAndSent => "refused and sent",
            Self::NotTold => "accepted and its end never told",
            Self::ToldAgain => "end told again without need",
            Self::ToldOtherwise => "another end told than before",
            Self::ToldUnasked => "receipt that nobody asked for",
            Self::ToldForeign => "receipt for nothing",
            Self::ToldElsewhere => "end told to another account",
            Self::ToldTooEarly => "end told before the response",
            Self::RefusedAndTold => "refused and an end told",
            Self::WrongId => "receipt with another id",
            Self::WrongState => "end told that no carrier reported",
            Self::PhoneLost => "from a phone and never arrived",
            Self::PhoneAgain => "from a phone and arrived again without need",
            Self::PhoneElsewhere => "from a phone and arrived elsewhere",
            Self::PhoneForeign => "from no phone",
            Self::Garbled => "with the text of another",
            Self::Endless => "goes round in circles",
            Self::AfterItsEnd => "something of it after its end",
            Self::TooManyAgain => "more sent again after a break than were in flight",
            Self::ReportLost => "receipt taken, neither told nor a dead letter",
        })
    }
}

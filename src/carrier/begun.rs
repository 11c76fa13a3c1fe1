//! What of a long message has left already, and what is still to leave: it goes along with the
//! message from one bind of its carrier to the next.

use super::maps::Refusal;
use super::outcome::{Verdict, Verdicts};
use crate::moment::Moment;
use crate::receipt::CarrierMessageId;
use smallvec::smallvec;
use smppgate_codec::code::{Command, Status};
use std::time::Duration;

/// How long the rest of a message waits for another bind of the carrier that has its beginning.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A message of which some parts have left.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The command of its parts.
    pub command: Command,
    /// After this nothing more of it leaves.
    pub until: Moment,
    /// Since when it waits for a bind.
    pub since: Moment,
    /// Whether it was said that it has left.
    pub is_noted: bool,
    /// Whether it was said that its outcome is unknown.
    pub is_told: bool,
    /// Whether its time was over before all of it had left.
    pub is_stale: bool,
    /// The body of each part that is to leave, or to leave again if it is throttled.
    bodies: Vec<Option<Vec<u8>>>,
    /// The carrier's ids of those that it has accepted.
    ids: Vec<CarrierMessageId>,
    accepted: usize,
    /// Whether the outcome of a part is unknown for good.
    has_unknown: bool,
}

impl Begun {
    /// A message in these parts, of which none has left.
    pub fn new(command: Command, bodies: Vec<Vec<u8>>, until: Moment) -> Self {
        Self {
            command,
            until,
            since: Moment::NEVER,
            is_noted: false,
            is_told: false,
            is_stale: false,
            bodies: bodies.into_iter().map(Some).collect(),
            ids: Vec::new(),
            accepted: 0,
            has_unknown: false,
        }
    }

    /// The numbers of the parts that are to leave.
    pub fn unsent(&self) -> impl Iterator<Item = u8> + '_ {
        let numbered = (0..=u8::MAX).zip(&self.bodies);
        numbered.filter_map(|(part, body)| body.is_some().then_some(part))
    }

    /// The body of a part that is to leave.
    pub fn body(&self, part: u8) -> Option<&[u8]> {
        self.bodies.get(usize::from(part))?.as_deref()
    }

    /// The carrier has this part. Whether it is the last one of the message.
    pub fn accepted(&mut self, part: u8, id: Option<CarrierMessageId>) -> bool {
        self.is_over(part);
        self.accepted += 1;
        self.ids.extend(id);
        usize::from(part) + 1 == self.bodies.len()
    }

    /// This part does not leave again.
    pub fn is_over(&mut self, part: u8) {
        if let Some(body) = self.bodies.get_mut(usize::from(part)) {
            *body = None;
        }
    }

    /// Whether the carrier has this part will never be known.
    pub fn is_unknown(&mut self, part: u8) {
        self.is_over(part);
        self.has_unknown = true;
    }

    /// Its bind is lost: all but the parts that had not left are unknown.
    pub fn lost(&mut self, is_unsent: impl Fn(u8) -> bool) {
        let sent: Vec<u8> = self.unsent().filter(|part| !is_unsent(*part)).collect();
        sent.into_iter().for_each(|part| self.is_unknown(part));
    }

    /// Whether for certain the carrier has nothing of it.
    pub fn is_untouched(&self) -> bool {
        self.accepted == 0 && !self.has_unknown && !self.is_told
    }

    /// Nothing more of it leaves on this carrier: what that makes of the whole.
    pub fn end(self, refused: Option<Refusal>) -> Verdicts {
        if self.is_stale && refused.is_none() {
            let over = Verdict::Unfit(Status::ESME_RINVEXPIRY);
            return match self.ids.is_empty() {
                true => smallvec![over],
                false => smallvec![Verdict::GivenUp(self.ids), over],
            };
        }
        match refused {
            Some(refusal) if self.ids.is_empty() => smallvec![Verdict::Refused(refusal)],
            Some(refusal) => {
                smallvec![Verdict::GivenUp(self.ids), Verdict::Refused(refusal)]
            }
            None if self.has_unknown && self.is_told => Verdicts::new(),
            None if self.has_unknown => smallvec![Verdict::Unknown],
            None => smallvec![Verdict::AcceptedInParts(self.ids)],
        }
    }

    /// It goes on as if nothing of it had left.
    fn not_sent(&self) -> Verdict {
        match self.is_noted {
            true => Verdict::Recalled,
            false => Verdict::Returned,
        }
    }

    /// No bind has come for the rest of it. If it may be sent again as a whole, that is what is
    /// said; what may be with the carrier is never sent twice.
    pub fn forsaken(self) -> Verdicts {
        if self.is_told {
            Verdicts::new()
        } else if self.has_unknown {
            smallvec![Verdict::Unknown]
        } else if self.ids.is_empty() {
            smallvec![self.not_sent()]
        } else {
            let not_sent = self.not_sent();
            smallvec![Verdict::GivenUp(self.ids), not_sent]
        }
    }
}

//! How a record is written: a number for its kind, then its fields one after another.
//!
//! Numbers are little-endian and of fixed length; the one field of open length stands last or has
//! its length before it. A kind whose fields change becomes another kind: what was written by an
//! older version is read by its number. Whatever octets are read, the answer is a record or an
//! error.

use super::record::{Accepted, Inbound, Part, Record, Reported};
use crate::message::{AccountId, AckMode, CarrierId, GroupId, MessageId};
use crate::moment::Moment;
use smppgate_codec::text::DefaultAlphabet;
use thiserror::Error;

/// Kinds of records. Zero is not among them: it is the mark at the head of a group.
mod kind {
    pub const ACCEPTED: u8 = 1;
    pub const INBOUND: u8 = 2;
    pub const REPORTED: u8 = 3;
    pub const ATTEMPTED: u8 = 4;
    pub const RETURNED: u8 = 5;
    pub const REFUSED: u8 = 6;
    pub const UNKNOWN: u8 = 7;
    pub const CORRELATED: u8 = 8;
    pub const ENDED: u8 = 9;
    pub const DEAD: u8 = 10;
    pub const REVIVED: u8 = 11;
    pub const DOUBTED: u8 = 16;
    pub const REFUSED_LATE: u8 = 17;
    pub const TOLD: u8 = 12;
    pub const CLOSED: u8 = 13;
}

/// What an accepted message has beyond the ordinary, one bit each.
mod flag {
    pub const CARRIER_ACK: u8 = 1;
    pub const SHOWN_APART: u8 = 2;
    pub const DUE_LATER: u8 = 4;
    pub const SOURCE_REWRITTEN: u8 = 8;
    pub const ALL: u8 = 15;
}

/// Why octets are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// A kind that this version does not know.
    #[error("a record of the unknown kind {0}: a newer version of smppgate may have written it")]
    Kind(u8),
    /// It ends too early, or something follows.
    #[error("a record of kind {0} that is too short or too long")]
    Length(u8),
    /// A field that holds what it cannot hold.
    #[error("a record of kind {0} with an impossible field")]
    Field(u8),
}

impl Record<'_> {
    /// Appends kind and fields to these octets.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let head = |out: &mut Vec<u8>, kind: u8| {
            out.push(kind);
            out.extend_from_slice(&self.id().0.to_le_bytes());
            out.extend_from_slice(&self.at().0.to_le_bytes());
        };
        match self {
            Self::Accepted(accepted) => {
                head(out, kind::ACCEPTED);
                accepted.encode(out);
            }
            Self::Inbound(inbound) => {
                head(out, kind::INBOUND);
                out.push(alphabet_number(inbound.alphabet));
                out.push(u8::from(inbound.account.is_some()));
                let account = inbound.account.map_or(0, |account| account.0);
                out.extend_from_slice(&account.to_le_bytes());
                out.extend_from_slice(&inbound.carrier.0.to_le_bytes());
                out.extend_from_slice(inbound.pdu);
            }
            Self::Reported(reported) => {
                head(out, kind::REPORTED);
                out.extend_from_slice(&reported.carrier.0.to_le_bytes());
                out.extend_from_slice(reported.pdu);
            }
            Self::Attempted { carrier, .. } => {
                head(out, kind::ATTEMPTED);
                out.extend_from_slice(&carrier.0.to_le_bytes());
            }
            Self::Returned { carrier, .. } => {
                head(out, kind::RETURNED);
                out.extend_from_slice(&carrier.0.to_le_bytes());
            }
            Self::Refused {
                carrier,
                status,
                is_late,
                ..
            } => {
                head(
                    out,
                    match is_late {
                        true => kind::REFUSED_LATE,
                        false => kind::REFUSED,
                    },
                );
                out.extend_from_slice(&carrier.0.to_le_bytes());
                out.extend_from_slice(&status.to_le_bytes());
            }
            Self::Unknown { carrier, .. } => {
                head(out, kind::UNKNOWN);
                out.extend_from_slice(&carrier.0.to_le_bytes());
            }
            Self::Correlated {
                carrier,
                group,
                carrier_message_id,
                part,
                ..
            } => {
                head(out, kind::CORRELATED);
                out.extend_from_slice(&carrier.0.to_le_bytes());
                out.extend_from_slice(&group.0.to_le_bytes());
                let (tag, count) = match part {
                    Part::Whole => (0, 0),
                    Part::Speaking => (1, 0),
                    Part::Silent => (2, 0),
                    Part::With => (4, 0),
                    Part::All(count) => (3, *count),
                };
                out.extend_from_slice(&[tag, count]);
                out.extend_from_slice(carrier_message_id);
            }
            Self::Ended {
                state,
                error,
                network_error,
                ..
            } => {
                head(out, kind::ENDED);
                out.push(*state);
                out.extend_from_slice(&error.to_le_bytes());
                if let Some((network, code)) = network_error {
                    out.push(*network);
                    out.extend_from_slice(&code.to_le_bytes());
                }
            }
            Self::Dead { reason, .. } => {
                head(out, kind::DEAD);
                out.push(*reason);
            }
            Self::Revived { .. } => head(out, kind::REVIVED),
            Self::Doubted { .. } => head(out, kind::DOUBTED),
            Self::Told { .. } => head(out, kind::TOLD),
            Self::Closed { state, error, .. } => {
                head(out, kind::CLOSED);
                out.push(*state);
                out.extend_from_slice(&error.to_le_bytes());
            }
        }
    }
}

impl Accepted<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut flags = 0;
        for (holds, bit) in [
            (self.ack == AckMode::Carrier, flag::CARRIER_ACK),
            (self.shown != self.id, flag::SHOWN_APART),
            (self.due != self.at, flag::DUE_LATER),
            (self.written_source.is_some(), flag::SOURCE_REWRITTEN),
        ] {
            if holds {
                flags |= bit;
            }
        }
        out.push(flags);
        out.push(alphabet_number(self.alphabet));
        out.extend_from_slice(&self.account.0.to_le_bytes());
        out.extend_from_slice(&self.until.0.to_le_bytes());
        if self.shown != self.id {
            out.extend_from_slice(&self.shown.0.to_le_bytes());
        }
        if self.due != self.at {
            out.extend_from_slice(&self.due.0.to_le_bytes());
        }
        if let Some(source) = self.written_source {
            let length = u16::try_from(source.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&source[..usize::from(length)]);
        }
        out.extend_from_slice(self.pdu);
    }
}

impl<'a> Record<'a> {
    /// Whether these octets of a record belong to this life; the others need not be decoded.
    pub(super) fn is_about(octets: &[u8], id: MessageId) -> bool {
        octets.get(1..9) == Some(&id.0.to_le_bytes())
    }

    /// The record that these octets are, all of them.
    pub fn decode(octets: &'a [u8]) -> Result<Self, Unreadable> {
        let mut fields = Fields::of(octets)?;
        let kind = fields.kind;
        let id = MessageId(fields.u64()?);
        let at = Moment(fields.u64()?);
        let record = match kind {
            kind::ACCEPTED => Self::Accepted(Accepted::decode(id, at, &mut fields)?),
            kind::INBOUND => {
                let alphabet = fields.alphabet()?;
                let is_known = fields.is()?;
                let account = AccountId(fields.u32()?);
                Self::Inbound(Inbound {
                    id,
                    account: is_known.then_some(account),
                    carrier: CarrierId(fields.u16()?),
                    at,
                    alphabet,
                    pdu: fields.rest(),
                })
            }
            kind::REPORTED => Self::Reported(Reported {
                id,
                carrier: CarrierId(fields.u16()?),
                at,
                pdu: fields.rest(),
            }),
            kind::ATTEMPTED => {
                let carrier = CarrierId(fields.u16()?);
                Self::Attempted { id, carrier, at }
            }
            kind::RETURNED => {
                let carrier = CarrierId(fields.u16()?);
                Self::Returned { id, carrier, at }
            }
            kind::REFUSED | kind::REFUSED_LATE => Self::Refused {
                id,
                carrier: CarrierId(fields.u16()?),
                status: fields.u32()?,
                is_late: kind == kind::REFUSED_LATE,
                at,
            },
            kind::UNKNOWN => {
                let carrier = CarrierId(fields.u16()?);
                Self::Unknown { id, carrier, at }
            }
            kind::CORRELATED => Self::Correlated {
                id,
                carrier: CarrierId(fields.u16()?),
                group: GroupId(fields.u16()?),
                part: fields.part()?,
                carrier_message_id: fields.rest(),
                at,
            },
            kind::ENDED => Self::Ended {
                id,
                state: fields.u8()?,
                error: fields.u16()?,
                network_error: match fields.left() {
                    0 => None,
                    _ => Some((fields.u8()?, fields.u16()?)),
                },
                at,
            },
            kind::DEAD => {
                let reason = fields.u8()?;
                Self::Dead { id, reason, at }
            }
            kind::REVIVED => Self::Revived { id, at },
            kind::DOUBTED => Self::Doubted { id, at },
            kind::TOLD => Self::Told { id, at },
            kind::CLOSED => Self::Closed {
                id,
                state: fields.u8()?,
                error: fields.u16()?,
                at,
            },
            other => return Err(Unreadable::Kind(other)),
        };
        match fields.left() {
            0 => Ok(record),
            _ => Err(Unreadable::Length(kind)),
        }
    }
}

impl<'a> Accepted<'a> {
    fn decode(id: MessageId, at: Moment, fields: &mut Fields<'a>) -> Result<Self, Unreadable> {
        let flags = fields.u8()?;
        if flags & !flag::ALL != 0 {
            return Err(Unreadable::Field(fields.kind));
        }
        let has = |bit: u8| flags & bit != 0;
        let alphabet = fields.alphabet()?;
        let account = AccountId(fields.u32()?);
        let until = Moment(fields.u64()?);
        let shown = match has(flag::SHOWN_APART) {
            true => MessageId(fields.u64()?),
            false => id,
        };
        let due = match has(flag::DUE_LATER) {
            true => Moment(fields.u64()?),
            false => at,
        };
        let written_source = match has(flag::SOURCE_REWRITTEN) {
            true => {
                let length = fields.u16()?;
                Some(fields.take(usize::from(length))?)
            }
            false => None,
        };
        Ok(Self {
            id,
            shown,
            account,
            ack: match has(flag::CARRIER_ACK) {
                true => AckMode::Carrier,
                false => AckMode::Stored,
            },
            at,
            due,
            until,
            alphabet,
            pdu: fields.rest(),
            written_source,
        })
    }
}

fn alphabet_number(alphabet: DefaultAlphabet) -> u8 {
    match alphabet {
        DefaultAlphabet::Gsm => 0,
        DefaultAlphabet::Latin1 => 1,
        DefaultAlphabet::Ascii => 2,
    }
}

/// What is left of a record that is being read.
struct Fields<'a> {
    kind: u8,
    octets: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(octets: &'a [u8]) -> Result<Self, Unreadable> {
        let (kind, octets) = octets.split_first().ok_or(Unreadable::Length(0))?;
        Ok(Self {
            kind: *kind,
            octets,
        })
    }

    fn left(&self) -> usize {
        self.octets.len()
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.octets)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let parts = self.octets.split_at_checked(length);
        let (taken, rest) = parts.ok_or(Unreadable::Length(self.kind))?;
        self.octets = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let parts = self.octets.split_first_chunk();
        let (taken, rest) = parts.ok_or(Unreadable::Length(self.kind))?;
        self.octets = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, Unreadable> {
        self.array::<1>().map(|[octet]| octet)
    }

    fn u16(&mut self) -> Result<u16, Unreadable> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Unreadable> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Unreadable> {
        self.array().map(u64::from_le_bytes)
    }

    fn is(&mut self) -> Result<bool, Unreadable> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable::Field(self.kind)),
        }
    }

    fn alphabet(&mut self) -> Result<DefaultAlphabet, Unreadable> {
        match self.u8()? {
            0 => Ok(DefaultAlphabet::Gsm),
            1 => Ok(DefaultAlphabet::Latin1),
            2 => Ok(DefaultAlphabet::Ascii),
            _ => Err(Unreadable::Field(self.kind)),
        }
    }

    fn part(&mut self) -> Result<Part, Unreadable> {
        match (self.u8()?, self.u8()?) {
            (0, 0) => Ok(Part::Whole),
            (1, 0) => Ok(Part::Speaking),
            (2, 0) => Ok(Part::Silent),
            (4, 0) => Ok(Part::With),
            (3, count) => Ok(Part::All(count)),
            _ => Err(Unreadable::Field(self.kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..most)
    }

    fn accepted<'a>(fields: &'a Fields5, pdu: &'a [u8], source: Option<&'a [u8]>) -> Accepted<'a> {
        let (id, shown, at, due, until) = *fields;
        Accepted {
            id: MessageId(id),
            shown: MessageId(if shown % 2 == 0 { id } else { shown }),
            account: AccountId(shown as u32),
            ack: if at % 2 == 0 {
                AckMode::Stored
            } else {
                AckMode::Carrier
            },
            at: Moment(at),
            due: Moment(if due % 2 == 0 { at } else { due }),
            until: Moment(until),
            alphabet: match until % 3 {
                0 => DefaultAlphabet::Gsm,
                1 => DefaultAlphabet::Latin1,
                _ => DefaultAlphabet::Ascii,
            },
            pdu,
            written_source: source,
        }
    }

    type Fields5 = (u64, u64, u64, u64, u64);

    /// One of each kind.
    fn all<'a>(fields: &'a Fields5, pdu: &'a [u8], text: &'a [u8]) -> Vec<Record<'a>> {
        let (id, b, at, c, d) = *fields;
        let (id, at) = (MessageId(id), Moment(at));
        let (carrier, group) = (CarrierId(b as u16), GroupId(c as u16));
        let (state, error) = (c as u8, d as u16);
        let inbound = |account| {
            Record::Inbound(Inbound {
                id,
                account,
                carrier,
                at,
                alphabet: DefaultAlphabet::Latin1,
                pdu,
            })
        };
        let correlated = |part| Record::Correlated {
            id,
            carrier,
            group,
            carrier_message_id: text,
            part,
            at,
        };
        let ended = |network_error| Record::Ended {
            id,
            state,
            error,
            network_error,
            at,
        };
        vec![
            Record::Accepted(accepted(fields, pdu, Some(text))),
            Record::Accepted(accepted(fields, pdu, None)),
            inbound(None),
            inbound(Some(AccountId(d as u32))),
            Record::Reported(Reported {
                id,
                carrier,
                at,
                pdu,
            }),
            Record::Attempted { id, carrier, at },
            Record::Returned { id, carrier, at },
            Record::Refused {
                id,
                carrier,
                status: b as u32,
                is_late: d % 2 == 1,
                at,
            },
            Record::Unknown { id, carrier, at },
            correlated(Part::Whole),
            correlated(Part::Speaking),
            correlated(Part::Silent),
            correlated(Part::With),
            correlated(Part::All(state)),
            ended(None),
            ended(Some((state, error))),
            Record::Dead {
                id,
                reason: state,
                at,
            },
            Record::Revived { id, at },
            Record::Doubted { id, at },
            Record::Told { id, at },
            Record::Closed {
                id,
                state,
                error,
                at,
            },
        ]
    }

    proptest! {
        #[test]
        fn every_record_is_read_back_as_it_was_written(
            fields: Fields5, pdu in octets(400), text in octets(60),
        ) {
            for record in all(&fields, &pdu, &text) {
                let mut written = Vec::new();
                record.encode(&mut written);
                prop_assert_eq!(Record::decode(&written), Ok(record));
                // Cut short it may be another record of open length, but it is never out of bounds.
                for length in 0..written.len() {
                    let _ = Record::decode(&written[..length]);
                }
            }
        }

        #[test]
        fn whatever_octets_are_read_the_answer_is_a_record_or_an_error(kind in 0_u8..20, octets in octets(100)) {
            let octets = [&[kind], &octets[..]].concat();
            if let Ok(record) = Record::decode(&octets) {
                let mut written = Vec::new();
                record.encode(&mut written);
                prop_assert_eq!(Record::decode(&written), Ok(record));
            }
        }
    }

    #[test]
    fn what_is_no_record_is_told() {
        assert_eq!(Record::decode(&[]), Err(Unreadable::Length(0)));
        assert_eq!(Record::decode(&[0; 40]), Err(Unreadable::Kind(0)));
        assert_eq!(Record::decode(&[14; 40]), Err(Unreadable::Kind(14)));
        assert_eq!(Record::decode(&[12; 16]), Err(Unreadable::Length(12)));
        assert_eq!(Record::decode(&[12; 18]), Err(Unreadable::Length(12)));
        let mut flags_that_are_none = [1; 40];
        flags_that_are_none[17] = 0x80;
        assert_eq!(
            Record::decode(&flags_that_are_none),
            Err(Unreadable::Field(1))
        );
    }
}

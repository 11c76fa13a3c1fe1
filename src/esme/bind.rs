//! An ESME binds: it is asked for, decided above, at once or later, and gets its seat or a refusal.

use super::account::Account;
use super::connection::{Bound, Connection, ended};
use super::door::{Admission, Asked, Deciding, Decision, Refused, Waits};
use super::held::Held;
use super::intake::Intake;
use super::outbox::Outbox;
use super::seat::{Occupant, Seat};
use super::unanswered::Unanswered;
use super::unread::Unread;
use crate::link::End;
use crate::message::AccountId;
use crate::moment::Moment;
use crate::session::{BindKind, Reason, Settings};
use bytes::BytesMut;
use smppgate_codec::code::Status;
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::Bind;
use std::collections::HashMap;
use std::sync::Arc;

/// The name that we bear towards ESMEs.
const SYSTEM_ID: &[u8] = b"smppgate";

impl<I: Intake> Connection<I> {
    pub(super) fn bind(
        &mut self,
        kind: BindKind,
        frame: &Frame<'_>,
        now: Moment,
        out: &mut BytesMut,
    ) -> Result<(), End> {
        let sequence = frame.header.sequence;
        let bind = match Bind::decode(frame) {
            Ok(bind) => bind,
            Err(error) => {
                let refused = self
                    .machine
                    .refuse_bind(kind, sequence, error.status(), out);
                return Err(ended(refused.unwrap_or(Reason::BindRefused)));
            }
        };
        let asked = Asked {
            kind,
            sequence,
            version: bind.interface_version,
        };
        self.ask_in(asked, bind.system_id, bind.password, false, now, out)
    }

    /// Asks above whether this bind may be, a second time if it had to wait for its turn.
    fn ask_in(
        &mut self,
        asked: Asked,
        system_id: &[u8],
        password: &[u8],
        has_waited: bool,
        now: Moment,
        out: &mut BytesMut,
    ) -> Result<(), End> {
        let from = self.place.peer();
        let waits = match self
            .intake
            .admit(system_id, password, from, has_waited, &self.bell, now)
        {
            Admission::Decided(decision) => {
                if let Err(Refused { status, .. }) = decision {
                    self.log_refusal(system_id, status);
                }
                return self.decided(asked, decision, now, out);
            }
            Admission::Pending(door) => Waits::Verdict {
                door,
                system_id: system_id.into(),
            },
            Admission::Later(at) => Waits::Turn {
                at,
                system_id: system_id.into(),
                password: password.into(),
            },
        };
        self.deciding = Some(Deciding { asked, waits });
        Ok(())
    }

    /// A bind that took its time may be decided by now.
    pub(super) fn let_in(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        let over = self.deciding.take_if(|one| one.waits.is_over(now));
        let Some(Deciding { asked, waits }) = over else {
            return Ok(());
        };
        let decision = match waits {
            Waits::Turn {
                system_id,
                password,
                ..
            } => return self.ask_in(asked, &system_id, &password, true, now, out),
            Waits::Verdict { door, system_id } => {
                let decision = door.decision();
                let decision = decision.unwrap_or(Err(Status::ESME_RBINDFAIL.into()));
                if let Err(Refused { status, .. }) = decision {
                    self.log_refusal(&system_id, status);
                }
                decision
            }
            Waits::Told(refused) => Err(refused),
        };
        self.decided(asked, decision, now, out)
    }

    fn log_refusal(&self, system_id: &[u8], status: Status) {
        // In quotes, since blanks in it could be taken for fields of ours.
        let system_id = system_id.escape_ascii().to_string();
        let (peer, connection) = (self.place.peer(), self.place.number());
        match status {
            // Who floods us floods no log.
            Status::ESME_RTHROTTLED => {
                tracing::debug!(system_id, %peer, connection, "bind turned away");
            }
            _ => tracing::warn!(system_id, %peer, connection, %status, "bind refused"),
        }
    }

    fn decided(
        &mut self,
        asked: Asked,
        decision: Decision,
        now: Moment,
        out: &mut BytesMut,
    ) -> Result<(), End> {
        let Asked {
            kind,
            sequence,
            version,
        } = asked;
        let seated = decision.and_then(|(id, account)| Ok(self.seat(asked, id, account, now)?));
        match seated {
            Ok(bound) => {
                let account = &bound.account;
                tracing::info!(
                    system_id = %account.system_id, kind = ?kind, connection = self.place.number(), "bound"
                );
                self.machine.adopt(Settings {
                    window: account.deliver_window,
                    peer_window: account.window,
                    response_timeout: account.deliver_timeout,
                    enquire_link: account.enquire_link,
                    idle_timeout: account.idle_timeout,
                    ..self.machine.settings().clone()
                });
                let is_bound = self
                    .machine
                    .accept_bind(kind, sequence, SYSTEM_ID, version, now, out);
                debug_assert!(is_bound, "nothing is read while a bind is decided");
                self.bound = Some(bound);
                self.place.bound();
                // What waited for this account is fetched as soon as the response is on its way.
                self.bell.ring();
                Ok(())
            }
            Err(refused) if refused.not_before > now => {
                let waits = Waits::Told(refused);
                self.deciding = Some(Deciding { asked, waits });
                Ok(())
            }
            Err(Refused { status, .. }) => {
                match self.machine.refuse_bind(kind, sequence, status, out) {
                    Some(reason) => Err(ended(reason)),
                    None => Ok(()),
                }
            }
        }
    }

    fn seat(
        &self,
        asked: Asked,
        id: AccountId,
        account: Arc<Account>,
        now: Moment,
    ) -> Result<Bound, Status> {
        let Asked { kind, version, .. } = asked;
        let desk = self.roster.desk(id);
        let under_way = desk.under_way().clone();
        let occupant = Occupant {
            number: self.place.number(),
            account: id,
            kind,
            tlvs: version >= 0x34,
            peer: self.place.peer(),
            since: now,
        };
        let seat = Arc::new(Seat::new(occupant, self.bell.clone(), under_way));
        if !account.bind_types.contains(&kind) || !desk.sit(&seat, account.binds as usize) {
            let system_id = &account.system_id;
            tracing::warn!(%system_id, connection = self.place.number(), ?kind, "bind not allowed");
            return Err(Status::ESME_RBINDFAIL);
        }
        if account.reassemble && version < 0x34 {
            let system_id = &account.system_id;
            tracing::warn!(%system_id, "long messages are cut for who binds with an old version: leave reassemble off");
        }
        Ok(Bound {
            unanswered: Unanswered::new(account.respond_within),
            outbox: Outbox::default(),
            unread: Unread::default(),
            multis: HashMap::new(),
            held: Held::default(),
            recheck: Moment::NEVER,
            clogged: false,
            account,
            seat,
            desk,
        })
    }
}

//! An ESME binds: it is asked for, decided above, at once or later, and gets its seat or a refusal.

use super::account::Account;
use super::connection::{Bound, Connection, ended};
use super::door::{Admission, Asked, Deciding, Decision};
use super::held::Held;
use super::intake::Intake;
use super::outbox::Outbox;
use super::seat::Seat;
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
        let (name, shown) = (bind.system_id, bind.password);
        match self
            .intake
            .admit(name, shown, self.place.peer(), &self.bell)
        {
            Admission::Decided(decision) => {
                if let Err(status) = decision {
                    let system_id = name.escape_ascii();
                    tracing::warn!(%system_id, connection = self.place.number(), %status, "bind refused");
                }
                self.decided(asked, decision, now, out)
            }
            Admission::Pending(door) => {
                self.deciding = Some(Deciding { asked, door });
                Ok(())
            }
        }
    }

    /// A bind that took its time is decided.
    pub(super) fn let_in(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        let waiting = self.deciding.take_if(|deciding| deciding.door.is_decided());
        let Some(Deciding { asked, door }) = waiting else {
            return Ok(());
        };
        let decision = door.decision().unwrap_or(Err(Status::ESME_RBINDFAIL));
        if let Err(status) = decision {
            tracing::warn!(connection = self.place.number(), %status, "bind refused");
        }
        self.decided(asked, decision, now, out)
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
        match decision.and_then(|(id, account)| self.seat(asked, id, account)) {
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
            Err(status) => match self.machine.refuse_bind(kind, sequence, status, out) {
                Some(reason) => Err(ended(reason)),
                None => Ok(()),
            },
        }
    }

    fn seat(&self, asked: Asked, id: AccountId, account: Arc<Account>) -> Result<Bound, Status> {
        let Asked { kind, version, .. } = asked;
        let desk = self.roster.desk(id);
        let under_way = desk.under_way().clone();
        let seat = Seat::new(self.place.number(), id, kind, self.bell.clone(), under_way);
        let seat = Arc::new(seat);
        if !account.bind_types.contains(&kind) || !desk.sit(&seat, account.binds as usize) {
            let system_id = &account.system_id;
            tracing::warn!(%system_id, connection = self.place.number(), ?kind, "bind not allowed");
            return Err(Status::ESME_RBINDFAIL);
        }
        Ok(Bound {
            unanswered: Unanswered::new(account.respond_within),
            outbox: Outbox::default(),
            tlvs: version >= 0x34,
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

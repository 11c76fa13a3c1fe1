//! An ESME wants to bind: whether it may, at once or once its password has been verified.

use super::doorkeeper::{Trial, Waiter, passwords};
use super::switchboard::Clerk;
use crate::esme::{Account, Admission, Asked, Decision, Door, Hash, Password};
use crate::link::Bell;
use crate::message::AccountId;
use smppgate_codec::code::Status;
use std::net::IpAddr;
use std::sync::Arc;

impl Clerk {
    /// Decides about a bind, or has its password verified. Somebody unknown is compared as well,
    /// and answered alike and as late: nobody can find out by asking which names exist.
    pub(super) fn asked_in(
        &mut self,
        system_id: &[u8],
        shown: &[u8],
        from: IpAddr,
        bell: &Arc<Bell>,
    ) -> Admission {
        let accounts = self.accounts.table().clone();
        let found = accounts.named(system_id).cloned();
        let passwords = found.as_ref().map(|(_, account)| passwords(account));
        let is_plainly_right = match &passwords {
            Some(passwords) => passwords
                .iter()
                .flatten()
                .fold(false, |right, password| right | password.is(shown)),
            None => {
                std::hint::black_box(Password::Plain(b"no such account".to_vec()).is(shown));
                false
            }
        };
        let Some((decoy, most)) = accounts.decoy() else {
            // No account has a hash.
            let found = found.filter(|_| is_plainly_right);
            return Admission::Decided(self.let_in(found, from));
        };
        if is_plainly_right {
            return Admission::Decided(self.let_in(found, from));
        }
        let hashes: Vec<Hash> = passwords
            .iter()
            .flatten()
            .flatten()
            .filter_map(|password| password.hash().cloned())
            .collect();
        let decoys = vec![decoy.clone(); most - hashes.len().min(most)];
        let door = Arc::new(Door::new(bell.clone()));
        let doorkeeper = &self.board.doorkeeper;
        let mut verified = doorkeeper.verified.lock();
        let texts: Vec<String> = hashes.iter().map(Hash::text).collect();
        let mark = verified.mark(system_id, texts.iter().map(String::as_str), shown);
        let asked = verified.ask(mark, || Waiter {
            door: door.clone(),
            found: found.clone(),
            from,
        });
        drop(verified);
        match asked {
            Asked::Known => return Admission::Decided(self.let_in(found, from)),
            Asked::Joined => {}
            Asked::First => {
                let trial = Trial {
                    hashes,
                    decoys,
                    shown: shown.to_vec(),
                };
                let mut clerk = self.board.clerk();
                doorkeeper.workshop.take(move || {
                    let is_right = trial.passes();
                    clerk.board.counters.passwords_verified.add(1);
                    let settled = clerk
                        .board
                        .doorkeeper
                        .verified
                        .lock()
                        .settle(mark, is_right);
                    for Waiter { door, found, from } in settled {
                        let found = found.filter(|_| is_right);
                        door.decide(clerk.let_in(found, from));
                    }
                });
            }
        }
        Admission::Pending(door)
    }

    /// The decision about somebody whose password was right, or about somebody else.
    fn let_in(&mut self, found: Option<(AccountId, Arc<Account>)>, from: IpAddr) -> Decision {
        let (id, account) = found.ok_or(Status::ESME_RINVPASWD)?;
        if self.board.is_closed() || !account.allows(from) {
            return Err(Status::ESME_RBINDFAIL);
        }
        // While its password was verified the account may have changed.
        match self.accounts.table().account(id) {
            Some(now) if passwords(now) == passwords(&account) => Ok((id, now.clone())),
            _ => Err(Status::ESME_RINVPASWD),
        }
    }
}

//! An ESME wants to bind: whether it may, at once or once it has its turn and is verified.

use super::doorkeeper::{Trial, Waiter, passwords};
use super::switchboard::Clerk;
use crate::esme::{Account, Admission, Asked, Decision, Door, Hash, Mark, Password, Refused, Turn};
use crate::link::Bell;
use crate::message::AccountId;
use crate::moment::Moment;
use smppgate_codec::code::Status;
use std::net::IpAddr;
use std::sync::Arc;

type Found = Option<(AccountId, Arc<Account>)>;

impl Clerk {
    /// Decides about a bind, or has its password verified. Somebody unknown is compared as well,
    /// and answered alike and as late: nobody can find out by asking which names exist.
    pub(super) fn asked_in(
        &mut self,
        system_id: &[u8],
        shown: &[u8],
        from: IpAddr,
        has_waited: bool,
        bell: &Arc<Bell>,
        now: Moment,
    ) -> Admission {
        let accounts = self.accounts.table().clone();
        let found = accounts.named(system_id).cloned();
        let passwords = found.as_ref().map(|(_, account)| passwords(account));
        let decoy = accounts.decoy();
        let hashes: Vec<Hash> = passwords
            .iter()
            .flatten()
            .flatten()
            .filter_map(|password| password.hash().cloned())
            .collect();
        let board = self.board.clone();
        let doorkeeper = &board.doorkeeper;
        let door = Arc::new(Door::new(bell.clone()));
        let waiter = || Waiter {
            door: door.clone(),
            system_id: system_id.into(),
            found: found.clone(),
            from,
            at: now,
        };
        let mark = decoy.map(|_| {
            let texts: Vec<String> = hashes.iter().map(Hash::text).collect();
            let texts = texts.iter().map(String::as_str);
            doorkeeper.verified.lock().mark(system_id, texts, shown)
        });
        // The same password for the same name is one guess, however many show it at a time.
        if let Some(mark) = mark
            && doorkeeper.verified.lock().join(mark, waiter)
        {
            return Admission::Pending(door);
        }
        let is_expected = found
            .as_ref()
            .is_some_and(|(_, account)| account.expects(from));
        if !has_waited {
            let turn = doorkeeper
                .guesses
                .lock()
                .turn(from, system_id, is_expected, now);
            match turn {
                Turn::At(at) if at > now => {
                    board.counters.binds_slowed.add(1);
                    return Admission::Later(at);
                }
                Turn::At(_) => {}
                Turn::TooMany => {
                    board.counters.binds_turned_away.add(1);
                    return Admission::Decided(Err(Status::ESME_RTHROTTLED.into()));
                }
            }
        }
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
        let (Some((decoy, most)), Some(mark)) = (decoy, mark) else {
            // No account has a hash.
            let found = found.filter(|_| is_plainly_right);
            return Admission::Decided(self.let_in(found, system_id, from, now));
        };
        if is_plainly_right {
            return Admission::Decided(self.let_in(found, system_id, from, now));
        }
        let asked = doorkeeper.verified.lock().ask(mark, waiter);
        match asked {
            Asked::Known => return Admission::Decided(self.let_in(found, system_id, from, now)),
            Asked::Joined => {}
            Asked::First => {
                let trial = Trial {
                    mark,
                    decoys: vec![decoy.clone(); most - hashes.len().min(most)],
                    hashes,
                    shown: shown.to_vec(),
                };
                let is_familiar = is_expected || doorkeeper.guesses.lock().knows(from, system_id);
                let waits = |trial: &Trial| {
                    let verified = doorkeeper.verified.lock();
                    verified.is_wanted(trial.mark, Waiter::waits)
                };
                let mut waiting = doorkeeper.waiting.lock();
                if waiting.add(from, is_familiar, trial, waits).is_err() {
                    drop(waiting);
                    board.counters.binds_turned_away.add(1);
                    let refused = Refused::from(Status::ESME_RTHROTTLED);
                    let settled = doorkeeper.verified.lock().settle(mark, false);
                    for waiter in settled {
                        waiter.door.decide(Err(refused));
                    }
                    return Admission::Decided(Err(refused));
                }
                drop(waiting);
                let clerk = board.clerk();
                doorkeeper.workshop.take(move || clerk.verify_next());
            }
        }
        Admission::Pending(door)
    }

    /// Verifies the password whose turn it is, if anybody waits for that any more.
    fn verify_next(self) {
        let board = self.board.clone();
        let doorkeeper = &board.doorkeeper;
        let Some(trial) = doorkeeper.waiting.lock().call_next() else {
            return;
        };
        let mark = trial.mark;
        let mut verified = doorkeeper.verified.lock();
        if !verified.is_wanted(mark, Waiter::waits) {
            verified.settle(mark, false);
            return;
        }
        drop(verified);
        let is_right = trial.passes();
        self.verified(mark, is_right);
    }

    /// A password has been verified: all who have shown it are told.
    fn verified(mut self, mark: Mark, is_right: bool) {
        let board = self.board.clone();
        board.counters.passwords_verified.add(1);
        let settled = board.doorkeeper.verified.lock().settle(mark, is_right);
        for waiter in settled {
            let found = waiter.found.filter(|_| is_right);
            let decision = self.let_in(found, &waiter.system_id, waiter.from, waiter.at);
            waiter.door.decide(decision);
        }
    }

    /// The decision about somebody whose password was right, or about somebody else.
    fn let_in(&mut self, found: Found, system_id: &[u8], from: IpAddr, now: Moment) -> Decision {
        let board = self.board.clone();
        let guesses = &board.doorkeeper.guesses;
        let Some((id, account)) = found else {
            board.counters.binds_wrong.add(1);
            return Err(Refused {
                status: Status::ESME_RINVPASWD,
                not_before: guesses.lock().wrong(from, system_id, now),
            });
        };
        if board.is_closed() || !account.allows(from) {
            return Err(Status::ESME_RBINDFAIL.into());
        }
        guesses.lock().right(from, system_id, now);
        // While its password was verified the account may have changed.
        match self.accounts.table().account(id) {
            Some(now) if passwords(now) == passwords(&account) => Ok((id, now.clone())),
            _ => Err(Status::ESME_RINVPASWD.into()),
        }
    }
}

//! Verifies passwords of which only hashes are known, a few at a time, and knows who has guessed.

use crate::esme::{Account, Door, Guesses, Hash, Mark, Password, Verified, WaitingRoom};
use crate::link::Workshop;
use crate::message::AccountId;
use crate::moment::Moment;
use parking_lot::Mutex;
use std::net::IpAddr;
use std::sync::Arc;

/// Passwords that are verified at one time: each takes a core for tens of milliseconds and up to
/// 256 MiB, and messages are to go on meanwhile.
const VERIFIED_AT_ONCE: usize = 2;

/// Verifies passwords of which only hashes are known, and knows who has guessed.
#[derive(Debug)]
pub struct Doorkeeper {
    pub(super) guesses: Mutex<Guesses>,
    pub(super) verified: Mutex<Verified<Waiter>>,
    pub(super) waiting: Mutex<WaitingRoom<Trial>>,
    pub(super) workshop: Workshop,
}

/// Who waits for a verdict about a password.
#[derive(Debug)]
pub(super) struct Waiter {
    pub door: Arc<Door>,
    pub system_id: Box<[u8]>,
    pub found: Option<(AccountId, Arc<Account>)>,
    pub from: IpAddr,
    /// When it asked.
    pub at: Moment,
}

impl Doorkeeper {
    /// A doorkeeper that has seen nobody yet; the key is random.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            guesses: Mutex::default(),
            verified: Mutex::new(Verified::new(key)),
            waiting: Mutex::default(),
            workshop: Workshop::new(VERIFIED_AT_ONCE),
        }
    }
}

impl Waiter {
    /// Whether its connection is still there.
    pub fn waits(&self) -> bool {
        // The connection holds the door as well.
        Arc::strong_count(&self.door) > 1
    }
}

/// What one bind has to be compared with.
#[derive(Debug)]
pub(super) struct Trial {
    pub mark: Mark,
    pub hashes: Vec<Hash>,
    /// Verified in vain after the others, so that every refusal takes as long as every other.
    pub decoys: Vec<Hash>,
    pub shown: Vec<u8>,
}

impl Trial {
    /// Whether the password is right. Takes its time, on purpose.
    pub fn passes(self) -> bool {
        let Self {
            hashes,
            decoys,
            shown,
            ..
        } = self;
        if hashes.iter().any(|hash| hash.is_of(&shown)) {
            return true;
        }
        decoys.iter().for_each(|decoy| {
            std::hint::black_box(decoy.is_of(&shown));
        });
        false
    }
}

/// The passwords of an account.
pub(super) fn passwords(account: &Account) -> [Option<&Password>; 2] {
    [Some(&account.password), account.password_next.as_ref()]
}

/// The costliest hash of all accounts, and how many an account has at most; `None` if there
/// is none at all.
pub(super) fn costliest<'a>(
    accounts: impl Iterator<Item = &'a Arc<Account>>,
) -> Option<(Hash, usize)> {
    let mut costliest: Option<(Hash, usize)> = None;
    for account in accounts {
        let hashes = passwords(account).into_iter().flatten();
        let hashes: Vec<&Hash> = hashes.filter_map(Password::hash).collect();
        for hash in &hashes {
            costliest = match costliest {
                Some((known, most)) if known.work() >= hash.work() => {
                    Some((known, most.max(hashes.len())))
                }
                other => {
                    let most = other.map_or(0, |(_, most)| most);
                    Some(((*hash).clone(), most.max(hashes.len())))
                }
            };
        }
    }
    costliest
}

//! Records, settings and small questions that the proofs share.

use parking_lot::Mutex;
use smppgate::journal::disk::Disk;
use smppgate::journal::{
    Accepted, Completion, Completions, Journal, OpenError, Record, Recovered, Refusal, Settings,
    recover,
};
use smppgate::message::{AccountId, AckMode, CarrierId, MessageId};
use smppgate::moment::Moment;
use smppgate_codec::text::DefaultAlphabet;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

/// Another state of the disk is looked at.
pub fn looked() {
    LOOKS.set(LOOKS.get() + 1);
}

/// States that this thread has looked at since it was asked last.
pub fn looks() -> u64 {
    LOOKS.replace(0)
}

/// What was confirmed or refused, in order.
pub type Settled = Arc<Mutex<Vec<(u32, Result<(), Refusal>)>>>;

pub fn accepted(id: u64, pdu: &[u8]) -> Record<'_> {
    Record::Accepted(Accepted {
        id: MessageId(id),
        shown: MessageId(id),
        account: AccountId(1),
        ack: AckMode::Stored,
        at: Moment(id),
        due: Moment(id),
        until: Moment::NEVER,
        alphabet: DefaultAlphabet::Gsm,
        pdu,
        written_source: None,
    })
}

pub fn attempted(id: u64, at: u64) -> Record<'static> {
    Record::Attempted {
        id: MessageId(id),
        carrier: CarrierId(7),
        at: Moment(at),
    }
}

pub fn told(id: u64) -> Record<'static> {
    Record::Told {
        id: MessageId(id),
        at: Moment(id),
    }
}

/// Small segments, and salts of which each is used once.
pub fn settings(segment_octets: u32, segments: u64) -> Settings {
    static SALTS: AtomicU64 = AtomicU64::new(1);
    let salt = || {
        let number = SALTS.fetch_add(1, Ordering::Relaxed);
        u128::from(number)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
            .to_le_bytes()
    };
    Settings {
        segment_octets,
        octets_max: u64::from(segment_octets) * segments,
        node: 1,
        salt: Box::new(salt),
    }
}

/// Reads what lies there, and says what was read, in order.
pub fn read_all(disk: Arc<dyn Disk>) -> Result<(Recovered, Vec<String>), OpenError> {
    let mut seen = Vec::new();
    let recovered = recover(disk, &mut |_, _, record| seen.push(format!("{record:?}")))?;
    Ok((recovered, seen))
}

/// Notes what comes back.
pub fn noting() -> (Completions<u32>, Settled) {
    let settled = Settled::default();
    let notes = settled.clone();
    let completions: Completions<u32> = Box::new(move |group| {
        notes.lock().extend(group.into_iter().map(|one| match one {
            Completion::Written(then, outcome) => (then, outcome),
            Completion::Fetched(then, _) | Completion::Gathered(then, _) => (then, Ok(())),
        }));
    });
    (completions, settled)
}

/// Appends, and waits for nothing.
pub fn append(journal: &dyn Journal<u32>, records: &[Record<'_>], then: u32) -> bool {
    matches!(
        journal.append(records, then),
        smppgate::journal::Appended::Pending
    )
}

//! What must survive: records handed over in batches, confirmed in batches.
//!
//! * [`record`] is what is written, `encoding` its octets, `frame` how they lie in a `segment`;
//! * [`holdings`] says where each life lies that has not ended, `slots` hold that;
//! * [`disk`] is the little that is asked of a disk, and one in memory that fails;
//! * `head` gives each record its place, `writer` writes, [`log`] holds both and the segments;
//! * `scan` reads a segment, [`recover`] reads all of them after a start, `reader` one record,
//!   [`history`] those of one life;
//! * [`carry`] copies what is held to the end of the log when that is `worth` it, and makes room;
//! * [`file`] is the journal on a disk, with its threads; [`stepped`] the same one step at a time;
//! * [`memory`] keeps the same order of steps without a disk, and promises nothing across a crash;
//! * [`names`] keeps the numbers of accounts, carriers and groups.
//!
//! Whoever appends hands over what is to be done once the batch is durable. It comes back at once
//! where no waiting is needed, or later, in the order of the batches. So the same code runs over
//! memory and over a disk that takes its time.

pub mod record;
pub mod encoding;
mod frame;
mod segment;
mod position;
mod slots;
pub mod holdings;
pub mod disk;
mod kept;
mod head;
mod writer;
pub mod log;
mod scan;
pub mod recover;
mod reader;
pub mod history;
mod worth;
pub mod carry;
pub mod file;
pub mod stepped;
pub mod memory;
pub mod names;

pub use carry::Carried;
pub use file::File;
pub use history::History;
pub use holdings::{Holdings, Laid};
pub use kept::Kept;
pub use log::Settings;
pub use memory::Memory;
pub use names::Names;
pub use position::Position;
pub use record::{Accepted, Inbound, Part, Record, Reported, Role};
pub use recover::{Claimed, OpenError, Recovered, Visit, claim, recover};
pub use stepped::Stepped;

use crate::message::MessageId;

/// Takes batches of records; `T` is what is to be done once a batch is durable.
///
/// What is read after a start, of each life that has not ended: its main record, the one that was
/// written last, and each of its facts, at least once. They are read in the order in which they were
/// written, but for what was carried on: that stands behind what was written later, so that a fact
/// may be read before the main record and before older facts, which [`Record::at`] tells. If the
/// process ended while it was carried on, it is read twice. Of a life that has ended facts may be
/// read, but no main record without a last one behind it.
pub trait Journal<T>: Send + Sync {
    /// Hands over one batch.
    fn append(&self, records: &[Record<'_>], then: T) -> Appended<T>;

    /// Whether there is room for what begins now. Work that is journalled only once a carrier has
    /// answered asks here before it begins.
    fn has_room(&self) -> bool;

    /// Waits until all that was handed over is durable, or never will be; for the end, when nothing
    /// has to be quick.
    fn flush(&self) {}

    /// Where what has not ended lies, if it can be read again. Then it need not stay in memory.
    fn holdings(&self) -> Option<&Holdings> {
        None
    }

    /// Reads the main record of this message now; for the start, when nothing has to be quick.
    fn read(&self, id: MessageId) -> Option<Kept> {
        let _ = id;
        None
    }

    /// Reads the main records of these, which come back through the [`Completions`] in this order.
    /// `Err` says that nothing can be read.
    fn fetch(&self, ids: Vec<MessageId>, then: T) -> Result<(), T> {
        let _ = ids;
        Err(then)
    }

    /// Gathers what has happened in the life of this message from the log, which comes back through the
    /// [`Completions`]. It takes its time, and keeps nobody waiting meanwhile. `Err` says that
    /// nothing can be read, or that enough others are being gathered.
    fn history(&self, id: MessageId, then: T) -> Result<(), T> {
        let _ = id;
        Err(then)
    }
}

/// What has become of a batch that was handed over.
#[derive(Debug)]
pub enum Appended<T> {
    /// It is durable: go on.
    Durable(T),
    /// It will be: what is to be done comes back through the [`Completions`].
    Pending,
    /// It is not, and never will be: nothing of it may be acknowledged.
    Refused(T, Refusal),
}

/// Why a batch was not made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no room: it may be tried again later.
    Full,
    /// A write or sync has failed: nothing is acknowledged until a restart.
    Failed,
}

/// Something that was pending and has been done.
#[derive(Debug)]
pub enum Completion<T> {
    /// One batch: what is to be done, and whether it has become durable.
    Written(T, Result<(), Refusal>),
    /// What was to be read, in the order in which it was asked for; `None` where nothing is kept
    /// any more, or where it cannot be read.
    Fetched(T, Vec<Option<Kept>>),
    /// What has happened in one life.
    Gathered(T, History),
}

/// Where pending batches come back, several at a time and in order.
pub type Completions<T> = Box<dyn Fn(Vec<Completion<T>>) + Send + Sync>;

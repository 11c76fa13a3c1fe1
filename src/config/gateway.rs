//! `[gateway]`: the process itself.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::section::Section;
use super::surroundings::Context;

/// Octets of the disk that the journal may use where nothing is said.
const JOURNAL_OCTETS: u64 = 20 << 30;

/// The least that a journal can live in: a few of its segments, of which some are always kept free
/// for the ends of messages.
const JOURNAL_OCTETS_LEAST: u64 = 256 << 20;

/// The largest file system that is common.
const JOURNAL_OCTETS_MOST: u64 = 16 << 40;

/// The process itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Where what must outlive the process is kept.
    pub data_dir: PathBuf,
    /// Where what is accepted is kept until it has come to its end.
    pub journal: JournalKind,
    /// Octets of the disk that the journal may use; beyond them nothing new is accepted.
    pub journal_octets_max: u64,
    /// The part of our message ids that no other node has, 0 to 63.
    pub node: u8,
    /// Threads that drive sockets; none is one less than cores, and one at least.
    pub workers: Option<NonZeroUsize>,
}

/// Where what is accepted is kept until it has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JournalKind {
    /// On disk, in `data_dir`: it is there after a crash.
    #[default]
    File,
    /// In memory: the same steps, and nothing is there after a crash.
    Memory,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            journal: JournalKind::default(),
            journal_octets_max: JOURNAL_OCTETS,
            node: 1,
            workers: None,
        }
    }
}

pub(super) fn gateway(mut section: Section<'_>, context: &Context<'_>) -> Gateway {
    let default = Gateway::default();
    let journal = section
        .key("journal")
        .and_then(|value| {
            let kinds = [("file", JournalKind::File), ("memory", JournalKind::Memory)];
            value.choice(&kinds, &[])
        })
        .unwrap_or_default();
    let gateway = Gateway {
        data_dir: section
            .required("data_dir", "data_dir = \"data\"")
            .and_then(|value| Some((value.text()?, value)))
            .map_or(default.data_dir, |(text, value)| {
                if text.is_empty() {
                    value.error("is empty; write for example \"data\"");
                }
                context.path(text)
            }),
        journal,
        journal_octets_max: section
            .key("journal_max")
            .and_then(|value| {
                if journal == JournalKind::Memory {
                    value.warning(
                        "stands beside journal = \"memory\", which uses no disk; leave it out, \
                         or write journal = \"file\"",
                    );
                }
                value.size(JOURNAL_OCTETS_LEAST..=JOURNAL_OCTETS_MOST)
            })
            .unwrap_or(default.journal_octets_max),
        node: section
            .key("node")
            .and_then(|value| value.number(0..=63))
            .unwrap_or(default.node),
        workers: section
            .key("workers")
            .and_then(|value| value.number(1..=1024_i64))
            .and_then(|count| NonZeroUsize::new(usize::try_from(count).ok()?)),
    };
    section.finish();
    gateway
}

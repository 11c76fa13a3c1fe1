//! What outlives the process: opened and read at the start, before anybody binds.

use super::directory::Directory;
use super::start_error::StartError;
use crate::config::{Config, JournalKind};
use crate::flow::{After, Recovery};
use crate::journal::disk::{Disk, Real};
use crate::journal::memory::Trouble;
use crate::journal::{
    Completions, File, Journal, Memory, Names, OpenError, Recovered, Settings, claim,
};
use crate::message::{CarrierId, IdSource};
use crate::moment::Moment;
use crate::receipt::Marks;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the report of a message may take whose carrier is not in the config any more.
const REPORT_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// What was read, if anything is kept.
pub(super) struct Store {
    read: Option<(Recovered, Recovery)>,
}

/// What messages are kept in from now on.
pub(super) struct Opened {
    /// Gives no id that was given out before.
    pub ids: Arc<IdSource>,
    /// Where messages are kept.
    pub journal: Box<dyn Journal<After>>,
    /// What was under way when the process ended the last time.
    pub recovery: Option<Recovery>,
}

impl Store {
    /// Opens what is kept and reads it.
    pub fn open(config: &Config, marks: Marks) -> Result<(Self, Directory), StartError> {
        if config.gateway.journal == JournalKind::Memory {
            return Ok((Self { read: None }, Directory::default()));
        }
        let folder = &config.gateway.data_dir;
        let disk: Arc<dyn Disk> = Arc::new(Real::new(folder).map_err(|error| OpenError::Disk {
            doing: "make",
            path: folder.display().to_string(),
            error,
            advice: None,
        })?);
        // Before the names are looked at: those of another process must not be changed under it.
        let claimed = claim(disk.clone())?;
        let mut directory = Directory::kept(Names::open(disk)?);
        directory.number(config)?;
        let timeouts: HashMap<CarrierId, Duration> = config
            .carriers
            .iter()
            .map(|carrier| (directory.carrier(&carrier.name), carrier.receipt_timeout))
            .collect();
        let timeout =
            move |carrier: CarrierId| timeouts.get(&carrier).copied().unwrap_or(REPORT_TIMEOUT);
        let mut recovery = Recovery::new(marks, Box::new(timeout));
        let began = Instant::now();
        let recovered = claimed.read(&mut |holdings, _, record| {
            recovery.read(holdings, &record);
        })?;
        tracing::info!(
            records = recovered.records(),
            octets = recovered.octets(),
            held = recovered.holdings().len(),
            torn = recovered.torn(),
            ms = began.elapsed().as_millis() as u64,
            "the journal was read"
        );
        if recovered.torn() > 0 {
            tracing::warn!(
                octets = recovered.torn(),
                "the end of the journal is cut off: it was being written when the process or the \
                 machine ended, and was confirmed to nobody"
            );
        }
        let read = Some((recovered, recovery));
        Ok((Self { read }, directory))
    }

    /// When the last of what is kept happened.
    pub fn latest(&self) -> Moment {
        let read = self.read.as_ref();
        read.map_or(Moment::default(), |(recovered, _)| recovered.latest())
    }

    /// From now on messages are kept.
    pub fn start(
        self,
        config: &Config,
        trouble: Arc<Trouble>,
        completions: Completions<After>,
    ) -> Result<Opened, StartError> {
        let node = config.gateway.node;
        let Some((recovered, recovery)) = self.read else {
            return Ok(Opened {
                ids: Arc::new(IdSource::new(node, 0)),
                journal: Box::new(Memory::new(trouble, completions)),
                recovery: None,
            });
        };
        let ids = Arc::new(IdSource::new(node, recovered.highest_id()));
        let settings = Settings::new(config.gateway.journal_octets_max, node);
        let given_out = ids.clone();
        let highest = Box::new(move || given_out.highest());
        let journal = File::start(recovered, settings, highest, completions)?;
        Ok(Opened {
            ids,
            journal: Box::new(journal),
            recovery: Some(recovery),
        })
    }
}

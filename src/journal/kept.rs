//! A record that was read again.

use super::encoding::Unreadable;
use super::record::Record;

/// A record that was read again; usually the main record of a life.
#[derive(Debug, Clone)]
pub struct Kept {
    octets: Box<[u8]>,
}

impl Kept {
    /// Keeps these octets if they are a record.
    pub(super) fn new(octets: &[u8]) -> Result<Self, Unreadable> {
        Record::decode(octets)?;
        let octets = octets.into();
        Ok(Self { octets })
    }

    /// What it says.
    pub fn record(&self) -> Record<'_> {
        Record::decode(&self.octets).expect("what is kept was decoded before")
    }
}

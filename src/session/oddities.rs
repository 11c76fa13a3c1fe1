//! What a peer does against the specification and is not refused for, counted for a batch.

/// What a peer does against the specification and is not refused for, counted for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Oddities {
    /// Responses that nothing waits for: to nothing, for the second time, or too late.
    pub stray_responses: usize,
    /// PDUs of which the optional parameters end in octets that are none.
    pub broken_parameters: usize,
}

impl Oddities {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These are the octets of a PDU that no parameter was made of.
    #[inline]
    pub fn see_stray_octets(&mut self, octets: &[u8]) {
        self.broken_parameters += usize::from(!octets.is_empty());
    }
}

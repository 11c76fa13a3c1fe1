//! A certificate that we show to those who connect to a listener, or to a carrier.

/// Whom it is shown to, and when it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The listener; empty if it is shown to a carrier.
    pub listener: String,
    /// The carrier; empty if it is shown at a listener.
    pub carrier: String,
    /// Seconds since the Unix epoch.
    pub expires: i64,
}

//! The one noun that all share: a message, its id, and who it comes from and goes to.
//!
//! * `id`: our ids and how they are written;
//! * `names`: accounts, carriers and groups by number, the class of messages, and the ways in which an
//!   account is told;
//! * `number`: phone numbers as routing compares them and as a log may show them;
//! * `zone`: what a peer's clock is ahead of UTC;
//! * `content`: the PDU as it was received, and where its fields lie; `long`: its segments;
//!   `times`: when it may leave; `alphabet`: its text for those who read it otherwise, `keyword`: the word that it begins with.

mod id;
mod names;
mod number;
mod zone;
mod content;
mod long;
mod times;
mod alphabet;
mod keyword;

pub use alphabet::{in_alphabet, transcoded};
pub use content::Content;
pub use id::{IdForm, IdSource, IdText, MessageId, MessageIds, mix};
pub use keyword::{KEYWORD_MAX, keyword};
pub use long::{LongOf, SegmentKind, SegmentOf, joined};
pub use names::{
    AccountId, AckMode, CarrierId, Class, GroupId, LateReport, OnUnknown, UnknownOutcome,
};
pub use number::{Masked, digits};
pub use times::Times;
pub use zone::{Zone, ZoneError};

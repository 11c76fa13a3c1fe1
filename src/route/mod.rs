//! Where to: rules compiled once into a table that is never changed, only replaced.
//!
//! In reading order:
//!
//! * `rule` is what an operator writes: conditions, and what follows when all of them hold;
//! * `prefix` is the head of a number, and a table that finds every prefix a number has;
//! * `source` is a list of addresses by pattern;
//! * `table` holds all rules and chooses the first of them for each message;
//! * `explain` tells why each rule was chosen or passed over;
//! * `inbound` is the way back: which account gets a message from a phone;
//! * `live` holds the table that is in force, and swaps it under load.

mod rule;
mod prefix;
mod source;
mod table;
mod explain;
mod inbound;
mod live;

pub use explain::{Tried, Verdict};
pub use inbound::{InboundRule, InboundTable};
pub use live::{Live, Reader};
pub use prefix::{Prefix, PrefixError};
pub use rule::{Action, Candidate, Pattern, PatternError, Rule};
pub use source::Sources;
pub use table::{Choice, Flaw, Query, RuleIndex, Table};

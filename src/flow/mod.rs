//! The life of a message, one file a step.
//!
//! * `switchboard`: what all steps share; `clerk`: where the two sides of the gateway meet;
//! * `admit`: an ESME wants to bind; `doorkeeper`: verifies its password;
//! * `submit`: a message comes in; `turn`: it goes after those before it; `dispatch`: it goes to its carrier; `answered`, `outcome`: the carrier has
//!   answered, or has not, `consequences`: what that leads to; `doubt`: nobody knows, or nobody takes it; `facts`: what the journal
//!   keeps of that; `attempt`: of what leaves;
//!   `overdue`: its answer does not come in time;
//! * `report`: the carrier says what became of it; `forward`: of a message that is not ours,
//!   `quiet`: which can be known before its time, `unsettled`: unless answers are on their way, which it may be about; `inbound`: a phone has
//!   written;
//!   `alerts`: a phone can be reached again;
//! * `manage`: its sender asks for it; `cancel`, `replace`: takes it back, writes it anew, `anew`: as it is to be then;
//! * `tell`: the ESME is told; `told`: it has heard;
//! * `dead`: nobody takes it; `revive`: somebody asks to deliver it again, `redelivery`: what he is told;
//! * `lookup`: somebody looks for messages; `sought`: one of those, `timeline`: what has happened to it;
//! * `housekeeping`: what time brings;
//! * `asker`: who looks in and waits to be told; `after`: the rest of a step that waits for the journal; `settle`: goes on with it;
//! * `siblings`: segments that one report is about; `openings`: segments that follow a first word;
//!   `gathering`: segments that leave as one; `together`: what becomes of them;
//! * `ordered`: who goes, and who waits behind; `way`: the carrier of a long message;
//! * `shelf`: where the messages of the `ledger` lie; `via`, `tries`: who may carry one, and who was tried;
//! * `ledger`, `agenda`, `parked`, `segments`, `remembered`, `deadletter`, `counters`: what is under way, what waits, what
//!   has come to its end, what found nobody, and how much of it all there was.

mod switchboard;
mod clerk;
mod doorkeeper;
mod admit;
mod submit;
mod tries;
mod via;
mod dispatch;
mod consequences;
mod doubt;
mod attempt;
mod overdue;
mod turn;
mod answered;
mod outcome;
mod facts;
mod retry;
mod report;
mod forward;
mod unsettled;
mod quiet;
mod inbound;
mod alerts;
mod manage;
mod cancel;
mod anew;
mod replace;
mod tell;
mod told;
mod housekeeping;
mod asker;
mod after;
mod settle;
mod ledger;
mod agenda;
mod ordered;
mod way;
mod parked;
mod segments;
mod shelf;
mod siblings;
mod openings;
mod gathering;
mod together;
mod remembered;
mod timeline;
mod sought;
mod lookup;
mod deadletter;
mod dead;
mod redelivery;
mod revive;
mod laid;
mod recovery;
mod counters;

pub use after::After;
pub use asker::Asker;
pub use counters::Counters;
pub use deadletter::{DeadLetter, DeadLetters, Reason};
pub use doorkeeper::Doorkeeper;
pub use gathering::Gathering;
pub use ledger::{Ending, Stage, UNDER_WAY_MAX};
pub use parked::{PARKED_MAX, Parked};
pub use recovery::Recovery;
pub use redelivery::{Obstacle, Redelivery};
pub use sought::Sought;
pub use switchboard::{Accounts, CarrierSlot, Carriers, Clerk, Switchboard};
pub use timeline::{Kind, Searched, Timeline, Whereabouts};
pub use tries::Attempt;

//! A world for the gateway: ESMEs, carriers, phones and links that follow from a seed, on a clock of
//! its own.
//!
//! * `chance`: numbers from a seed; `agenda`: what is to come, in the order of time; `plan`, `faults`:
//!   what a seed stands for;
//! * `wire`, `session`: how octets travel, and PDUs are told in them; `scene`: what all share;
//! * `gateway`, `talk`, `paper`, `vault`: what is tried: all of the gateway's logic, its connections and
//!   its journal, in memory or on a disk;
//! * `esme`, `submission`: those who submit; `operator`, `verdict`, `delivery`: those who deliver;
//! * `book`: the ledger outside; `witness`: enters what the gateway writes; `tale`: the story; `audit`:
//!   whether what was promised was kept, by `judge`, `sent`, `phones`, `bounds` and `leftovers`;
//!   `tally`: in numbers;
//! * `run`: a world from its first event to its last; `campaign`: many of them.

pub mod chance;
pub mod agenda;
pub mod faults;
pub mod plan;
pub mod wire;
pub mod tale;
pub mod book;
pub mod sabotage;
pub mod scene;
pub mod session;
pub mod paper;
pub mod vault;
pub mod talk;
pub mod gateway;
pub mod submission;
pub mod esme;
pub mod delivery;
pub mod verdict;
pub mod operator;
pub mod witness;
pub mod tally;
pub mod judge;
pub mod sent;
pub mod phones;
pub mod bounds;
pub mod leftovers;
pub mod audit;
pub mod run;
pub mod campaign;

//! The journal: what it promises, and the proofs of it, on a disk in memory that does whatever a
//! disk may do, and on a real one.

mod support;
mod model;
mod oracle;
mod crashes;
mod differential;
mod ring;
mod history;
mod faults;
mod damage;
mod real;

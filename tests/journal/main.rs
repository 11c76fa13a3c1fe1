//! The journal: what it promises, and the proofs of it, on a disk in memory that does whatever a
//! disk may do, and on a real one.

mod support;
mod model;
mod crashes;
mod ring;
mod faults;
mod damage;
mod real;

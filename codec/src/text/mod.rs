//! Alphabets, and how long text is cut into segments and joined again.

pub mod ucs2;

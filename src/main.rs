//! The smppgate binary.

fn main() {}

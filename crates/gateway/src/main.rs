//! The gigdesk binary.
fn main() {}

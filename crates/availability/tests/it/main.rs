//! Shifts, commitments and presence, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod commitments;
mod presence;
mod races;
mod sequences;
mod shifts;
mod support;

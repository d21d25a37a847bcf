//! Shifts, commitments and presence, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod admission;
mod commitments;
mod limits;
mod presence;
mod races;
mod sequences;
mod shifts;
mod support;
mod working_time;

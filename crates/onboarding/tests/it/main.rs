//! Tests of the way from customer to active agent, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod agreements;
mod applications;
mod arrange;
mod assessments;
mod conflicts;
mod decisions;
mod email_codes;
mod imports;
mod qualifications;
mod races;

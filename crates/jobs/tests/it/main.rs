//! The queue, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod queue;
mod races;
mod support;

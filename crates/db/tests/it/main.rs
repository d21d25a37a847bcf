//! Tests of the database layer, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be arranged should stop"
)]

mod batcher;
mod feed;
mod idempotency;
mod schema_files;
mod transactions;

//! Tests of the views, each in a transaction that is never committed.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod agents;
mod day;
mod floor;
mod metrics;
mod payout_items;
mod world;

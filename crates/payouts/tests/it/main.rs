//! Tests of the payouts domain, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod earnings;
mod export;
mod ledger;
mod payees;
mod properties;
mod races;
mod rate_cards;
mod runs;
mod world;

//! Tests of the payouts domain, on a real PostgreSQL.

mod earnings;
mod export;
mod ledger;
mod payees;
mod properties;
mod races;
mod rate_cards;
mod runs;
mod world;

//! Tests of the views, each in a transaction that is never committed.

mod agents;
mod floor;
mod payout_items;
mod world;

//! Tests of dispatch, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "what arranges a test may stop it, too")]

mod arrange;
mod engagements;
mod masking;
mod messages;
mod offers;
mod races;
mod random_walk;
mod tickets;

//! Tests of dispatch, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "what arranges a test may stop it, too")]

mod arrange;
mod dead_letters;
mod engagements;
mod masking;
mod messages;
mod offers;
mod policies;
mod races;
mod random_walk;
mod records;
mod several_offers;
mod tickets;

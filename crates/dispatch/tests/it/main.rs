//! Tests of dispatch, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "what arranges a test may stop it, too")]

mod arrange;
mod control;
mod dead_letters;
mod deadlines;
mod engagements;
mod masking;
mod messages;
mod offers;
mod partings;
mod policies;
mod races;
mod random_walk;
mod records;
mod reopening;
mod several_offers;
mod tickets;
mod together;

//! Tests of dispatch, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "what arranges a test may stop it, too")]

mod arrange;
mod control;
mod deadlines;
mod engagements;
mod masking;
mod matching;
mod messages;
mod offers;
mod partings;
mod races;
mod random_walk;
mod reopening;
mod tickets;

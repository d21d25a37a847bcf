//! Tests of dispatch, on a real PostgreSQL.

mod arrange;
mod engagements;
mod masking;
mod matching;
mod messages;
mod offers;
mod races;
mod random_walk;
mod tickets;

//! The private server against a real PostgreSQL, which has to be installed.

#![expect(clippy::unwrap_used, reason = "what a test does not expect ends it")]

mod exec;
mod recovery;
mod refusals;
mod sharing;
mod starting;
mod support;

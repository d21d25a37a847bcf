//! The one door to PostgreSQL.
//!
//! - A write happens only inside [`Db::write`]: the closure gets a [`Tx`], which carries the
//!   connection and one `now`, and is committed as a whole or not at all.
//! - A read happens inside [`Db::read`], in a READ ONLY transaction, or is a single query in
//!   [`Db::look`]; a connection is READ ONLY until a write begins.
//! - What changed is told to other tasks and other nodes by ringing a [`Topic`]; bells ring after
//!   the commit, and nothing depends on hearing one.
//! - Every transaction names its actor and action to the database, where triggers write the audit
//!   rows (`audit.events`). The same rows are the [`feed`] that streams follow.

mod batcher;
mod bell;
mod clock;
mod connect;
mod contention;
pub mod feed;
pub mod idempotency;
mod lock;
pub mod migrations;
mod prepared;
mod rows;
mod schema;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
pub mod verify;

pub use batcher::Batcher;
pub use bell::{Bell, Ring, Topic};
pub use clock::Clock;
pub use connect::{Db, Settings};
pub use contention::{CONTENTION, OnConstraint, class_of, code_of};
pub use lock::try_lock;
pub use prepared::{AnyOf, Listed, Update, Writes};
pub use rows::Rows;
pub use tx::Tx;

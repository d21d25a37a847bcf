//! A queue in PostgreSQL: enqueue in the transaction, claim with a lease, retry, discard, prune.
//!
//! A job is queued in the transaction of the change that asks for it, so that there is one if, and
//! only if, the change was committed. A worker claims it in a short transaction, does the work
//! outside of any, and then reports in another how it went.
//!
//! ```text
//! queued ──claim──▶ leased ──finish──▶ done ──prune──▶ (gone after a day)
//!   ▲                 │ │
//!   └──────fail───────┘ └──discard, or the twelfth fail──▶ discarded ──prune──▶ (after 30 days)
//! ```
//!
//! - A job is in at most one worker's hands for as long as its lease lasts. A worker that dies
//!   leaves a lease that runs out; then the job is claimed again. So handlers may see a job twice
//!   and must be idempotent.
//! - A worker whose lease went to another can no longer change the job.
//! - A job is tried at most [`MAX_ATTEMPTS`] times, a try that its worker did not survive included.

mod error;
mod job;
pub mod queries;
mod schema;
mod store;

pub use error::Error;
pub use job::{
    Claimed, Failed, JobStatus, LEASE_SECONDS, MAX_ATTEMPTS, Payload, claim, discard, enqueue,
    enqueue_at, fail, finish, prune,
};
pub use queries::{Counts, counts, next_due};

//! When agents work: shifts, commitments, presence.
//!
//! ```text
//! shift        published ──cancel──▶ canceled          (before its start)
//! commitment   committed ──release──▶ released         (by the agent, before the start)
//!                        ──cancel of the shift──▶ canceled
//! presence     offline ──go──▶ available ◀──go──▶ away
//!                 ▲────────────go, or a lease that ran out────────┘
//! ```
//!
//! - A shift never holds more commitments than seats: each takes a seat of its own.
//! - The commitments of one agent never overlap.
//! - Who is present says so again every [`HEARTBEAT_SECONDS`]; after [`LEASE_SECONDS`] of silence
//!   the agent counts as gone at once, and is made offline a moment later.

mod commitment;
mod error;
mod presence;
pub mod queries;
mod schema;
mod shift;
mod store;

pub use commitment::{Commitment, CommitmentStatus, commit, release};
pub use error::Error;
pub use presence::{
    HEARTBEAT_SECONDS, LEASE_SECONDS, Presence, PresenceStatus, go, heartbeat, hold_present,
    lose_expired, step_away,
};
pub use queries::{
    CommittedShift, ShiftWithSeats, commitments, gone_since, presence, presences, present_agents,
    present_of, shift, upcoming_shifts,
};
pub use shift::{Canceled, Shift, ShiftInput, ShiftStatus, cancel_shift, publish_shift};

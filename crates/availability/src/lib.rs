//! When agents work: shifts, commitments, presence, admission, working time.
//!
//! ```text
//! shift        published ──cancel──▶ canceled          (before its start)
//! commitment   committed ──release──▶ released         (by the agent, before the start)
//!                        ──cancel of the shift──▶ canceled
//! presence     offline ──go──▶ available ◀──go──▶ away
//!                 ▲────────────go, or a lease that ran out────────┘
//! connection   connected ──a heartbeat is missing──▶ unstable ──the lease ends──▶ lost
//!                  ▲──────────────a heartbeat────────────┘
//! ```
//!
//! - A shift never holds more commitments than seats: each takes a seat of its own.
//! - The commitments of one agent never overlap.
//! - Who is present says so again every [`HEARTBEAT_SECONDS`]; after [`LEASE_SECONDS`] of silence
//!   the agent counts as gone at once, and is made offline a moment later. A loss is nobody's fault.
//! - An agent is as present as the best of their devices and tabs.
//! - Whenever an agent is available, a span of working time is open, and never otherwise. Spans of
//!   one agent never overlap.
//! - Nobody becomes or stays available, or promises to work, beyond the limits of working time.
//! - The presence is the agent's lock: whatever depends on what else they promised takes it first.

mod admission;
mod commitment;
mod error;
mod presence;
pub mod queries;
mod rules;
mod schema;
mod shift;
mod store;
mod working_time;

pub use admission::{
    Admission, Admitted, Basis, EARLY, QueueAdmission, admitted, hold_admitted, set_on_demand,
};
pub use commitment::{Commitment, CommitmentStatus, commit, release};
pub use error::Error;
pub use presence::{
    CONNECTED_SECONDS, CONNECTIONS, Cause, Connection, ConnectionState, Going, HEARTBEAT_SECONDS,
    LEASE_SECONDS, Presence, PresenceStatus, end_overlong, go, heartbeat, hold_present, leave,
    lose_expired, step_away,
};
pub use queries::{
    CommittedShift, ShiftWithSeats, StartedShift, begun_between, closed_queues, commitments,
    decided_rules, gone_since, presence, presences, present_agents, present_of, queue_admissions,
    rules, shift, started_shifts, time_left, upcoming_shifts, work_ends,
};
pub use rules::{DecidedRules, Rules, drop_rules, refresh_limits, save_rules};
pub use shift::{Canceled, Shift, ShiftInput, ShiftStatus, cancel_shift, publish_shift};
pub use working_time::{Limit, Span, TimeLeft, WARNING_MINUTES};

//! Plays real conversations through the public API, as the company's systems, its customers,
//! agents, operations and finance would. It knows nothing of Gigdesk but its address.
//!
//! - [`set_up`] opens a marketplace: staff, skills, queues, rates, shifts, and agents who apply,
//!   qualify and are approved. What is there already is left as it is.
//! - [`replay`] plays a file of conversations to its end: escalated, matched, answered turn by
//!   turn, resolved, rated, accrued, paid out; and reports whether anything was lost or doubled.
//! - [`live`] keeps a marketplace alive for somebody who looks around.
//!
//! All of it survives a server or a worker that is stopped and started again: every request is
//! sent until it is answered, every message has a name of its own so that it is stored once, and
//! whatever events were missed are asked for. The platform's time is taken from its answers.

mod arrivals;
mod caller;
mod client;
mod desk;
mod escalation;
mod feed;
mod finance;
mod iban;
mod letters;
mod live;
mod marketplace;
mod part;
mod patience;
mod people;
mod percentile;
mod performance;
mod recruitment;
mod replay;
mod report;
mod script;
mod skills;
mod sse;
mod stable;
#[cfg(test)]
mod testing;

pub use caller::Credentials;
pub use client::{Failure, Refusal};
pub use finance::{BrokenPromise, Earnings, Payout, Verification};
pub use live::live;
pub use marketplace::{Marketplace, Target, Wanted, set_up};
pub use percentile::Spread;
pub use replay::{Replay, replay};
pub use report::Report;

//! Plays real conversations through the public API, as customers, agents and finance would.
mod arrivals;
mod caller;
mod client;
mod iban;
mod letters;
mod marketplace;
mod patience;
mod people;
mod percentile;
mod recruitment;
mod script;
mod skills;
mod sse;
mod stable;

pub use caller::Credentials;
pub use client::{Failure, Refusal};
pub use marketplace::{Marketplace, Target, Wanted, set_up};
mod desk;
mod escalation;
mod feed;
mod part;

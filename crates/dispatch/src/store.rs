//! The SQL of dispatch: writes and locks, and no decisions. One file for each noun.

mod bulk;
mod changes;
mod engagements;
mod messages;
mod offers;
mod queues;
mod records;
mod tickets;
mod workloads;

pub(crate) use changes::{Change, save};
pub(crate) use engagements::*;
pub(crate) use messages::*;
pub(crate) use offers::*;
pub(crate) use queues::*;
pub(crate) use records::*;
pub(crate) use tickets::*;
pub(crate) use workloads::*;

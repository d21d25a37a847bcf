//! Read-only views across domains, for applicants, operations and finance.
//!
//! A domain sees its own tables only. What needs the rows of several at once is here: a join over
//! their schemas, or several domains' own queries in one snapshot. Nothing here writes, decides
//! or computes what a domain should; words such as [`dispatch::TicketStatus`] are the domains'.
//!
//! Every list has an end, and whatever is counted is counted by an index.

mod agents;
mod day;
mod floor;
mod metrics;
mod names;
mod payout_items;
mod schema;
mod tickets;

pub use agents::{
    AgentDetail, AgentLine, Application, NamedDecision, agent_detail, agent_line, agent_lines,
    application,
};
pub use day::{DAY_LIMIT, Day, DayOffer, DaySpan, DayTicket, day};
pub use floor::{Floor, FloorTicket, PresentAgent, QueueLoad, floor};
pub use metrics::{
    Metrics, Occupancy, Offers, PresenceMetrics, QueueMetrics, Service, Spread, metrics,
};
pub use names::{agent_names, names};
pub use payout_items::{NamedItem, payout_items};
pub use tickets::TicketBrief;

//! Which agent gets which ticket, and what is said.
//!
//! A ticket is one escalated conversation:
//!
//! ```text
//! waiting ⇄ offered → engaged → wrapping → resolved
//!    │ claim ─────────────↑  ╰──────────────↑
//!    ╰────────┴─→ abandoned        (an engaged ticket whose agent is lost waits again)
//! ```
//!
//! An offer puts it to one agent for a limited time:
//! `pending → accepted | declined | timed_out | rescinded | canceled`, each exactly once.
//! An engagement is an accepted ticket in one agent's hands: `talking → wrapping → resolved`,
//! or `lost` where the agent disappeared before the first reply.
//!
//! Invariants, each kept by a constraint:
//! - one pending offer and one live engagement per ticket;
//! - an agent's load, pending offers included, never exceeds the agent's capacity;
//! - messages are numbered from 1 without a gap, and never change;
//! - a ticket keeps its place in the queue (`waiting_since`), whatever happens to its offers.
//!
//! Locks are taken in the order workload (agent) → ticket → offer → engagement.

mod candidate;
mod engagement;
mod error;
mod link;
mod mask;
mod matching;
mod message;
mod offer;
pub mod queries;
mod queue;
mod rating;
mod schema;
mod store;
mod ticket;
mod workload;

pub use candidate::Candidate;
pub use engagement::{
    Disposition, Engagement, EngagementStatus, Resolved, WrapUp, close_wrap_up, resolve, wrap_up,
    wrap_up_all,
};
pub use error::Error;
pub use link::{ConversationLink, LINK_LIFETIME};
pub use mask::{Kind as MaskedKind, Masked, mask};
pub use matching::{Match, Seat, Waiting, assign};
pub use message::{Author, Message, NewMessage, Sent, say_as_agent, say_as_customer};
pub use offer::{
    DeclineReason, Missed, Offer, OfferKind, OfferStatus, accept, claim, decline, expire_offers,
    match_tickets, release_lost, rescind_offers,
};
pub use queue::{Queue, QueueInput, save_queue};
pub use rating::{Rating, rate};
pub use ticket::{
    Customer, Escalation, Reason, Ticket, TicketStatus, TranscriptAuthor, TranscriptTurn, escalate,
    leave,
};
pub use workload::{DEFAULT_CAPACITY, MAX_CAPACITY, Workload, open_workload, set_capacity};

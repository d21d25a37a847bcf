//! Which agent gets which ticket, and what is said.
//!
//! A ticket is one escalated conversation:
//!
//! ```text
//! waiting ⇄ offered → engaged → wrapping → resolved ──→ waiting (reopened)
//!    │ claim ─────────────↑ │╰──────────────↑
//!    │←── lost, released, handed on
//!    ├────────┴─→ abandoned │
//!    ╰────────┴─────────────┴─→ returned ⇄ waiting (the assistant has it, and offers it again)
//! ```
//!
//! An offer puts it to one agent for a limited time:
//! `pending → accepted | declined | timed_out | rescinded | canceled`, each exactly once.
//! An engagement is an accepted ticket in one agent's hands: `talking → wrapping → resolved`,
//! or it ends while the conversation goes on: `lost | transferred | released | returned`.
//!
//! Invariants, each kept by a constraint:
//! - one pending offer and one live engagement per ticket;
//! - an agent's load, pending offers included, never exceeds the agent's capacity;
//! - messages are numbered from 1 without a gap, and never change;
//! - a ticket keeps its place in the queue (`waiting_since`), whatever happens to its offers;
//! - an open ticket has a next action and a deadline for it;
//! - the control epoch rises by one with each change of who may speak, and only then.
//!
//! Locks are taken in the order workload (agent) → ticket → offer → engagement.

mod board;
mod candidate;
mod claim;
mod control;
mod dead_letter;
mod deadline;
mod engagement;
mod error;
mod intake;
mod link;
mod mask;
mod matcher;
mod message;
mod note;
mod offer;
mod parting;
mod policy;
pub mod queries;
mod queue;
mod rating;
mod record;
mod reopening;
mod rules;
mod schema;
mod standing;
mod store;
mod ticket;
mod transfer;
mod workload;

pub use board::Board;
pub use candidate::{AskedOf, Candidate, agent_key, agent_of, ticket_key, ticket_of};
pub use claim::claim;
pub use control::{Control, ControlChange, ControlVerb, Holder, control};
pub use dead_letter::{DeadLetter, Settlement, discard_dead_letter, put_aside, replay_dead_letter};
pub use deadline::{Kept, keep_deadline};
pub use engagement::{
    Disposition, Engagement, EngagementStatus, LostReason, ReleaseReason, Resolved, Taken, WrapUp,
    close_wrap_up, extend_wrap_up, resolve, wrap_up,
};
pub use error::Error;
pub use intake::escalate;
pub use link::{ConversationLink, LINK_LIFETIME};
pub use mask::{Kind as MaskedKind, Masked, mask};
pub use matcher::{Plan, make_offers, plan};
pub use message::{
    Author, Message, NewMessage, Sent, say_as_agent, say_as_assistant, say_as_customer,
};
pub use offer::{
    DeclineReason, Missed, Offer, OfferKind, OfferStatus, accept, decline, expire_offers,
    release_lost, rescind_offers,
};
pub use parting::{HandedBack, Parted, hand_back, hand_back_for_all, lose_talk, release};
pub use policy::{NewPolicy, PolicyVersion, publish_policy};
pub use queue::{Queue, QueueInput, TalkRules, save_queue};
pub use rating::{Rating, rate};
pub use record::{MatchRecord, Replayed, prune};
pub use reopening::reopen;
pub use ticket::{
    Channel, Customer, Escalation, Need, NextAction, Reason, Ticket, TicketStatus,
    TranscriptAuthor, TranscriptTurn, leave,
};
pub use transfer::{Destination, hand_over, transfer_to_agent, transfer_to_queue};
pub use workload::{
    Capacity, DEFAULT_CAPACITY, MOST_CAPACITY, Workload, open_workload, set_capacity,
};

//! What one sees of a ticket at a glance.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use dispatch::{Reason, TicketStatus};
use kernel::TicketId;

use crate::schema::tickets;

/// What one sees of a ticket at a glance.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = tickets, check_for_backend(diesel::pg::Pg))]
pub struct TicketBrief {
    /// Its id here.
    pub id: TicketId,
    /// The system it came from.
    pub source: String,
    /// Its id there.
    pub external_id: String,
    /// The code of its queue.
    pub queue: String,
    /// ISO 639-1.
    pub language: String,
    /// What to call the customer.
    pub customer_name: String,
    /// The customer's standing with the company.
    pub customer_tier: String,
    /// Why it was handed over.
    pub reason: Reason,
    /// What it is about, masked.
    pub summary: String,
    /// What the assistant took the customer to want.
    pub intent: Option<String>,
    /// 0 to 9, 9 first.
    pub priority: i32,
    /// Codes of the skills it needs.
    pub required_skills: Vec<String>,
    /// Where it stands.
    pub status: TicketStatus,
    /// Its place in the queue.
    pub waiting_since: DateTime<Utc>,
    /// When the customer should have a first reply.
    pub first_reply_due_at: DateTime<Utc>,
}

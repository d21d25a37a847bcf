//! A ticket and who has it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use dispatch::{EngagementStatus, Reason, TicketStatus};
use kernel::{AgentId, EngagementId, TicketId};

use crate::schema::{agents, engagements, tickets};

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
    /// Where it stands.
    pub status: TicketStatus,
    /// Its place in the queue.
    pub waiting_since: DateTime<Utc>,
    /// When the customer should have a first reply.
    pub first_reply_due_at: DateTime<Utc>,
}

/// Who has, or last had, a ticket.
#[derive(Clone, Debug, Queryable)]
pub struct TicketHolder {
    /// Their engagement.
    pub engagement_id: EngagementId,
    /// The agent.
    pub agent_id: AgentId,
    /// What the agent is called.
    pub agent_name: String,
    /// Where the engagement stands.
    pub status: EngagementStatus,
}

/// A ticket as the system that escalated it sees it.
#[derive(Clone, Debug)]
pub struct TicketView {
    /// The ticket.
    pub brief: TicketBrief,
    /// When it was escalated.
    pub created_at: DateTime<Utc>,
    /// When it was resolved or abandoned.
    pub closed_at: Option<DateTime<Utc>>,
    /// Its latest engagement; none before an agent took it.
    pub holder: Option<TicketHolder>,
}

/// The ticket with this id, and who has it.
pub fn ticket_view(conn: &mut PgConnection, id: TicketId) -> QueryResult<Option<TicketView>> {
    let found = tickets::table
        .find(id)
        .select((
            TicketBrief::as_select(),
            tickets::created_at,
            tickets::closed_at,
        ))
        .first(conn)
        .optional()?;
    let Some((brief, created_at, closed_at)) = found else {
        return Ok(None);
    };
    let holder = engagements::table
        .inner_join(agents::table.on(agents::id.eq(engagements::agent_id)))
        .filter(engagements::ticket_id.eq(id))
        .order(engagements::id.desc())
        .select((
            engagements::id,
            agents::id,
            agents::display_name,
            engagements::status,
        ))
        .first(conn)
        .optional()?;
    Ok(Some(TicketView {
        brief,
        created_at,
        closed_at,
        holder,
    }))
}

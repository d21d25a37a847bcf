//! Engagements.

use db::Tx;
use diesel::prelude::*;
use kernel::{AgentId, EngagementId, TicketId};

use crate::{
    engagement::{Engagement, EngagementStatus},
    schema::{engagements, tickets},
};

/// Which ticket the agent's engagement is about; locks nothing.
pub(crate) fn find_engaged_ticket(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
) -> QueryResult<Option<TicketId>> {
    engagements::table
        .find(id)
        .filter(engagements::agent_id.eq(agent))
        .select(engagements::ticket_id)
        .first(tx.conn())
        .optional()
}

pub(crate) fn lock_engagement(
    tx: &mut Tx<'_>,
    id: EngagementId,
) -> QueryResult<Option<Engagement>> {
    engagements::table
        .find(id)
        .for_update()
        .select(Engagement::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn find_live_agent_of(
    tx: &mut Tx<'_>,
    ticket: TicketId,
) -> QueryResult<Option<AgentId>> {
    engagements::table
        .filter(engagements::ticket_id.eq(ticket))
        .filter(engagements::ended_at.is_null())
        .select(engagements::agent_id)
        .first(tx.conn())
        .optional()
}

/// Locks the engagement that has the ticket, where there is one.
pub(crate) fn lock_live_engagement_of(
    tx: &mut Tx<'_>,
    ticket: TicketId,
) -> QueryResult<Option<Engagement>> {
    engagements::table
        .filter(engagements::ticket_id.eq(ticket))
        .filter(engagements::ended_at.is_null())
        .for_update()
        .select(Engagement::as_select())
        .first(tx.conn())
        .optional()
}

/// Which engagement has the ticket, and whose it is; locks nothing.
pub(crate) fn find_live_engagement_of(
    tx: &mut Tx<'_>,
    ticket: TicketId,
) -> QueryResult<Option<(EngagementId, AgentId)>> {
    engagements::table
        .filter(engagements::ticket_id.eq(ticket))
        .filter(engagements::ended_at.is_null())
        .select((engagements::id, engagements::agent_id))
        .first(tx.conn())
        .optional()
}

/// The agent's talks, each with its queue, in the order in which tickets are locked.
pub(crate) fn list_talks(
    tx: &mut Tx<'_>,
    agent: AgentId,
) -> QueryResult<Vec<(EngagementId, String)>> {
    engagements::table
        .inner_join(tickets::table.on(tickets::id.eq(engagements::ticket_id)))
        .filter(engagements::agent_id.eq(agent))
        .filter(engagements::status.eq(EngagementStatus::Talking))
        .order(engagements::ticket_id)
        .select((engagements::id, tickets::queue))
        .limit(100)
        .load(tx.conn())
}

/// Who had which of the tickets, and handed it on or gave it back.
pub(crate) fn list_partings(
    tx: &mut Tx<'_>,
    tickets: &[TicketId],
) -> QueryResult<Vec<(TicketId, AgentId)>> {
    let parted = [EngagementStatus::Transferred, EngagementStatus::Released];
    engagements::table
        .filter(engagements::ticket_id.eq_any(tickets))
        .filter(engagements::status.eq_any(parted))
        .select((engagements::ticket_id, engagements::agent_id))
        .load(tx.conn())
}

pub(crate) fn find_last_engagement_of(
    tx: &mut Tx<'_>,
    ticket: TicketId,
) -> QueryResult<Option<Engagement>> {
    engagements::table
        .filter(engagements::ticket_id.eq(ticket))
        .order(engagements::id.desc())
        .select(Engagement::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn list_unanswered_engagements(
    tx: &mut Tx<'_>,
    agent: AgentId,
) -> QueryResult<Vec<EngagementId>> {
    engagements::table
        .filter(engagements::agent_id.eq(agent))
        .filter(engagements::ended_at.is_null())
        .filter(engagements::first_reply_at.is_null())
        .order(engagements::ticket_id)
        .select(engagements::id)
        .limit(100)
        .load(tx.conn())
}

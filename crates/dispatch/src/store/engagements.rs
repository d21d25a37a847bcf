//! Engagements.

use db::{OnConstraint as _, Tx};
use diesel::prelude::*;
use kernel::{AgentId, EngagementId, TicketId};

use crate::{
    engagement::{Engagement, EngagementStatus},
    error::Error,
    schema::engagements,
};

pub(crate) fn insert_engagement(tx: &mut Tx<'_>, engagement: &Engagement) -> Result<(), Error> {
    diesel::insert_into(engagements::table)
        .values(engagement)
        .execute(tx.conn())
        .on_constraint("engagements_one_live_per_ticket", Error::TicketTaken)?;
    Ok(())
}

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

pub(crate) fn list_talking_engagements(
    tx: &mut Tx<'_>,
    agent: AgentId,
) -> QueryResult<Vec<EngagementId>> {
    engagements::table
        .filter(engagements::agent_id.eq(agent))
        .filter(engagements::status.eq(EngagementStatus::Talking))
        .order(engagements::ticket_id)
        .select(engagements::id)
        .limit(100)
        .load(tx.conn())
}

pub(crate) fn update_engagement(tx: &mut Tx<'_>, engagement: &Engagement) -> QueryResult<()> {
    diesel::update(engagements::table.find(engagement.id))
        .set(engagement)
        .execute(tx.conn())
        .map(drop)
}

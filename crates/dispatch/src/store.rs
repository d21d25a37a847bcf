//! The SQL of dispatch: writes and locks, and no decisions.

use chrono::{DateTime, Utc};
use db::{OnConstraint as _, Tx};
use diesel::{dsl::max, prelude::*};
use kernel::{AgentId, EngagementId, OfferId, TicketId};

use crate::{
    engagement::{Engagement, EngagementStatus},
    error::Error,
    message::{Author, Message},
    offer::{Offer, OfferStatus},
    queue::Queue,
    rating::Rating,
    schema::{engagements, messages, offers, queues, ratings, tickets, workloads},
    ticket::{Ticket, TicketStatus},
    workload::Workload,
};

// --- queues

pub(crate) fn upsert_queue(tx: &mut Tx<'_>, queue: &Queue) -> QueryResult<usize> {
    diesel::insert_into(queues::table)
        .values(queue)
        .on_conflict(queues::code)
        .do_update()
        .set(queue)
        .execute(tx.conn())
}

pub(crate) fn find_queue(tx: &mut Tx<'_>, code: &str) -> QueryResult<Option<Queue>> {
    queues::table
        .find(code)
        .select(Queue::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn list_queues(tx: &mut Tx<'_>) -> QueryResult<Vec<Queue>> {
    queues::table
        .select(Queue::as_select())
        .limit(1_000)
        .load(tx.conn())
}

// --- workloads

pub(crate) fn insert_workload(tx: &mut Tx<'_>, workload: &Workload) -> QueryResult<usize> {
    diesel::insert_into(workloads::table)
        .values(workload)
        .on_conflict_do_nothing()
        .execute(tx.conn())
}

/// Locks the agent against every other change of the agent's load.
pub(crate) fn lock_workload(tx: &mut Tx<'_>, agent: AgentId) -> QueryResult<Option<Workload>> {
    workloads::table
        .find(agent)
        .for_update()
        .select(Workload::as_select())
        .first(tx.conn())
        .optional()
}

/// Locks those of the agents who have room, in the order of their ids. Who is being changed at
/// this moment is left out, and will ring the matcher again.
pub(crate) fn lock_free_workloads(
    tx: &mut Tx<'_>,
    agents: &[AgentId],
) -> QueryResult<Vec<Workload>> {
    workloads::table
        .filter(workloads::agent_id.eq_any(agents))
        .filter(workloads::load.lt(workloads::capacity))
        .order(workloads::agent_id)
        .for_update()
        .skip_locked()
        .select(Workload::as_select())
        .load(tx.conn())
}

pub(crate) fn update_workload(tx: &mut Tx<'_>, workload: &Workload) -> Result<(), Error> {
    diesel::update(workloads::table.find(workload.agent_id))
        .set(workload)
        .execute(tx.conn())
        .on_constraint("workloads_within_capacity", Error::AtCapacity)?;
    Ok(())
}

// --- tickets

pub(crate) fn insert_ticket(tx: &mut Tx<'_>, ticket: &Ticket) -> Result<(), Error> {
    diesel::insert_into(tickets::table)
        .values(ticket)
        .execute(tx.conn())
        .on_constraint("tickets_one_per_external_id", Error::TicketExists)?;
    Ok(())
}

pub(crate) fn lock_ticket(tx: &mut Tx<'_>, id: TicketId) -> QueryResult<Option<Ticket>> {
    tickets::table
        .find(id)
        .for_update()
        .select(Ticket::as_select())
        .first(tx.conn())
        .optional()
}

/// Locks what waits, the most urgent first. What somebody is claiming at this moment is left out.
pub(crate) fn lock_waiting_tickets(tx: &mut Tx<'_>, limit: i64) -> QueryResult<Vec<Ticket>> {
    tickets::table
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .order((
            tickets::priority.desc(),
            tickets::waiting_since,
            tickets::id,
        ))
        .limit(limit)
        .for_update()
        .skip_locked()
        .select(Ticket::as_select())
        .load(tx.conn())
}

pub(crate) fn update_ticket(tx: &mut Tx<'_>, ticket: &Ticket) -> QueryResult<()> {
    diesel::update(tickets::table.find(ticket.id))
        .set((
            tickets::status.eq(ticket.status),
            tickets::closed_at.eq(ticket.closed_at),
        ))
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn update_message_count(tx: &mut Tx<'_>, ticket: &Ticket) -> QueryResult<()> {
    diesel::update(tickets::table.find(ticket.id))
        .set(tickets::message_count.eq(ticket.message_count))
        .execute(tx.conn())
        .map(drop)
}

// --- offers

pub(crate) fn insert_offer(tx: &mut Tx<'_>, offer: &Offer) -> Result<(), Error> {
    diesel::insert_into(offers::table)
        .values(offer)
        .execute(tx.conn())
        .on_constraint("offers_one_open_per_ticket", Error::TicketOnOffer)?;
    Ok(())
}

/// Which ticket the agent's offer is about; locks nothing.
pub(crate) fn find_offered_ticket(
    tx: &mut Tx<'_>,
    id: OfferId,
    agent: AgentId,
) -> QueryResult<Option<TicketId>> {
    offers::table
        .find(id)
        .filter(offers::agent_id.eq(agent))
        .select(offers::ticket_id)
        .first(tx.conn())
        .optional()
}

/// Finds the agent's offer and locks it, so that two answers cannot race.
pub(crate) fn lock_offer(
    tx: &mut Tx<'_>,
    id: OfferId,
    agent: AgentId,
) -> QueryResult<Option<Offer>> {
    offers::table
        .find(id)
        .filter(offers::agent_id.eq(agent))
        .for_update()
        .select(Offer::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn find_open_offer_of(tx: &mut Tx<'_>, ticket: TicketId) -> QueryResult<Option<Offer>> {
    offers::table
        .filter(offers::ticket_id.eq(ticket))
        .filter(offers::status.eq(OfferStatus::Pending))
        .select(Offer::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn lock_open_offer_of(tx: &mut Tx<'_>, ticket: TicketId) -> QueryResult<Option<Offer>> {
    offers::table
        .filter(offers::ticket_id.eq(ticket))
        .filter(offers::status.eq(OfferStatus::Pending))
        .for_update()
        .select(Offer::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn list_open_offers_to(tx: &mut Tx<'_>, agent: AgentId) -> QueryResult<Vec<OfferId>> {
    offers::table
        .filter(offers::agent_id.eq(agent))
        .filter(offers::status.eq(OfferStatus::Pending))
        .order(offers::ticket_id)
        .select(offers::id)
        .limit(100)
        .load(tx.conn())
}

pub(crate) fn list_expired_offers(
    tx: &mut Tx<'_>,
    limit: i64,
) -> QueryResult<Vec<(OfferId, AgentId)>> {
    offers::table
        .filter(offers::status.eq(OfferStatus::Pending))
        .filter(offers::expires_at.le(tx.now()))
        .order((offers::agent_id, offers::ticket_id))
        .select((offers::id, offers::agent_id))
        .limit(limit)
        .load(tx.conn())
}

pub(crate) fn list_declines(
    tx: &mut Tx<'_>,
    tickets: &[TicketId],
) -> QueryResult<Vec<(TicketId, AgentId)>> {
    offers::table
        .filter(offers::ticket_id.eq_any(tickets))
        .filter(offers::status.eq(OfferStatus::Declined))
        .select((offers::ticket_id, offers::agent_id))
        .load(tx.conn())
}

pub(crate) fn update_offer(tx: &mut Tx<'_>, offer: &Offer) -> QueryResult<()> {
    diesel::update(offers::table.find(offer.id))
        .set(offer)
        .execute(tx.conn())
        .map(drop)
}

// --- engagements

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

// --- messages and ratings

pub(crate) fn insert_messages(tx: &mut Tx<'_>, said: &[Message]) -> QueryResult<()> {
    diesel::insert_into(messages::table)
        .values(said)
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn find_said(
    tx: &mut Tx<'_>,
    ticket: TicketId,
    author: Author,
    client_id: &str,
) -> QueryResult<Option<Message>> {
    messages::table
        .filter(messages::ticket_id.eq(ticket))
        .filter(messages::author.eq(author))
        .filter(messages::client_id.eq(client_id))
        .select(Message::as_select())
        .first(tx.conn())
        .optional()
}

/// When the agent last wrote in an engagement.
pub(crate) fn find_last_said_in(
    tx: &mut Tx<'_>,
    engagement: EngagementId,
) -> QueryResult<Option<DateTime<Utc>>> {
    messages::table
        .filter(messages::engagement_id.eq(engagement))
        .select(max(messages::sent_at))
        .first(tx.conn())
}

pub(crate) fn insert_rating(tx: &mut Tx<'_>, rating: &Rating) -> Result<(), Error> {
    diesel::insert_into(ratings::table)
        .values(rating)
        .execute(tx.conn())
        .on_constraint("ratings_pkey", Error::AlreadyRated)?;
    Ok(())
}

//! Offers.

use db::Tx;
use diesel::prelude::*;
use kernel::{AgentId, OfferId, TicketId};

use crate::{
    offer::{Offer, OfferStatus},
    schema::offers,
};

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

/// Who is asked about a ticket at this moment; locks nothing.
pub(crate) fn list_asked_agents(tx: &mut Tx<'_>, ticket: TicketId) -> QueryResult<Vec<AgentId>> {
    offers::table
        .filter(offers::ticket_id.eq(ticket))
        .filter(offers::status.eq(OfferStatus::Pending))
        .order(offers::agent_id)
        .select(offers::agent_id)
        .load(tx.conn())
}

pub(crate) fn lock_open_offers_of(tx: &mut Tx<'_>, ticket: TicketId) -> QueryResult<Vec<Offer>> {
    offers::table
        .filter(offers::ticket_id.eq(ticket))
        .filter(offers::status.eq(OfferStatus::Pending))
        .order(offers::agent_id)
        .for_update()
        .select(Offer::as_select())
        .load(tx.conn())
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

/// All offers of a ticket, the oldest first; at most 1,000.
pub(crate) fn list_offers_of(tx: &mut Tx<'_>, ticket: TicketId) -> QueryResult<Vec<Offer>> {
    offers::table
        .filter(offers::ticket_id.eq(ticket))
        .order(offers::id)
        .limit(1_000)
        .select(Offer::as_select())
        .load(tx.conn())
}

//! Offers.

use db::{OnConstraint as _, Tx};
use diesel::prelude::*;
use kernel::{AgentId, OfferId, TicketId};

use crate::{
    error::Error,
    offer::{Offer, OfferStatus},
    schema::offers,
};

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

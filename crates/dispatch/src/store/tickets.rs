//! Tickets.

use db::{OnConstraint as _, Tx};
use diesel::prelude::*;
use kernel::TicketId;

use crate::{
    error::Error,
    schema::tickets,
    ticket::{Ticket, TicketStatus},
};

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

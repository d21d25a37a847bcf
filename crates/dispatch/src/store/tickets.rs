//! Tickets.

use chrono::{DateTime, Utc};
use db::{OnConstraint as _, Tx};
use diesel::{
    dsl::{count_star, min},
    prelude::*,
};
use kernel::TicketId;

use crate::{
    error::Error,
    schema::tickets,
    ticket::{NextAction, Ticket, TicketStatus},
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

/// Which classes of tickets wait, each with how many; at most so many classes.
pub(crate) fn list_waiting_classes(tx: &mut Tx<'_>, limit: i64) -> QueryResult<Vec<(i64, i64)>> {
    tickets::table
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .group_by(tickets::class)
        .select((tickets::class, count_star()))
        .order(min(tickets::rank_at))
        .limit(limit)
        .load(tx.conn())
}

/// The first tickets of a class that wait, in the order in which they are served; locks nothing.
pub(crate) fn list_waiting_of_class(
    tx: &mut Tx<'_>,
    class: i64,
    limit: i64,
) -> QueryResult<Vec<Ticket>> {
    tickets::table
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .filter(tickets::class.eq(class))
        .order((tickets::rank_at, tickets::id))
        .limit(limit)
        .select(Ticket::as_select())
        .load(tx.conn())
}

/// Locks those of these tickets that still wait, in the order of their ids. What somebody is
/// claiming at this moment is left out.
pub(crate) fn lock_waiting_tickets(tx: &mut Tx<'_>, ids: &[TicketId]) -> QueryResult<Vec<Ticket>> {
    tickets::table
        .filter(tickets::id.eq_any(ids))
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .order(tickets::id)
        .for_update()
        .skip_locked()
        .select(Ticket::as_select())
        .load(tx.conn())
}

/// Open tickets for which an action is overdue, the longest overdue first; locks nothing.
pub(crate) fn list_overdue_tickets(
    tx: &mut Tx<'_>,
    action: NextAction,
    limit: i64,
) -> QueryResult<Vec<TicketId>> {
    tickets::table
        .filter(tickets::closed_at.is_null())
        .filter(tickets::deadline_at.le(tx.now()))
        .filter(tickets::next_action.eq(action))
        .order(tickets::deadline_at)
        .limit(limit)
        .select(tickets::id)
        .load(tx.conn())
}

/// Puts tickets on offer until an instant, all at once.
pub(crate) fn update_tickets_offered(
    tx: &mut Tx<'_>,
    ids: &[TicketId],
    expires_at: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(tickets::table.filter(tickets::id.eq_any(ids)))
        .set((
            tickets::status.eq(TicketStatus::Offered),
            tickets::next_action.eq(NextAction::ExpireOffer),
            tickets::deadline_at.eq(expires_at),
        ))
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn update_ticket(tx: &mut Tx<'_>, ticket: &Ticket) -> QueryResult<()> {
    diesel::update(tickets::table.find(ticket.id))
        .set((
            (
                tickets::status.eq(ticket.status),
                tickets::closed_at.eq(ticket.closed_at),
                tickets::next_action.eq(ticket.next_action),
                tickets::deadline_at.eq(ticket.deadline_at),
                tickets::message_count.eq(ticket.message_count),
                tickets::taken_at.eq(ticket.taken_at),
                tickets::reopened_count.eq(ticket.reopened_count),
            ),
            (
                tickets::put_aside_at.eq(ticket.put_aside_at),
                tickets::preferred_agent_id.eq(ticket.preferred_agent_id),
                tickets::preferred_until.eq(ticket.preferred_until),
                tickets::waiting_since.eq(ticket.waiting_since),
                tickets::rank_at.eq(ticket.rank_at),
                tickets::first_reply_due_at.eq(ticket.first_reply_due_at),
            ),
            (
                tickets::queue.eq(&ticket.queue),
                tickets::required_skills.eq(&ticket.required_skills),
                tickets::skill_levels.eq(&ticket.skill_levels),
                tickets::weight.eq(ticket.weight),
                tickets::class.eq(ticket.class),
            ),
            (
                tickets::holder.eq(ticket.control.holder),
                tickets::control_epoch.eq(ticket.control.epoch),
                tickets::seen_by_assistant.eq(ticket.control.resume_after),
                tickets::control_requested_at.eq(ticket.control.requested_at),
            ),
        ))
        .execute(tx.conn())
        .map(drop)
}

/// How many tickets of the same queue wait and are served before this one, counted to a limit.
pub(crate) fn count_ahead(tx: &mut Tx<'_>, ticket: &Ticket, limit: i64) -> QueryResult<i64> {
    let ahead = tickets::table
        .filter(tickets::queue.eq(&ticket.queue))
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .filter(tickets::closed_at.is_null())
        .filter(tickets::rank_at.lt(ticket.rank_at))
        .filter(tickets::id.ne(ticket.id))
        .limit(limit)
        .select(tickets::priority)
        .load::<i32>(tx.conn())?;
    Ok(i64::try_from(ahead.len()).unwrap_or(limit))
}

/// When the last tickets of a queue were taken by agents, since an instant, the latest first.
pub(crate) fn list_taken(
    tx: &mut Tx<'_>,
    queue: &str,
    since: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<DateTime<Utc>>> {
    tickets::table
        .filter(tickets::queue.eq(queue))
        .filter(tickets::taken_at.ge(since))
        .order(tickets::taken_at.desc())
        .limit(limit)
        .select(tickets::taken_at.assume_not_null())
        .load(tx.conn())
}

/// The place of the first ticket that waits in a queue.
pub(crate) fn find_first_place(tx: &mut Tx<'_>, queue: &str) -> QueryResult<Option<DateTime<Utc>>> {
    tickets::table
        .filter(tickets::queue.eq(queue))
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .filter(tickets::closed_at.is_null())
        .select(min(tickets::rank_at))
        .first(tx.conn())
}

//! Tickets.

use chrono::{DateTime, Utc};
use db::{Tx, push_few};
use diesel::{
    dsl::{count_star, min},
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment},
    sql_types::{BigInt, Nullable, Text, Timestamptz},
};
use kernel::TicketId;

use crate::{
    schema::tickets,
    standing::{COUNTED, SAMPLE},
    ticket::{NextAction, Ticket, TicketStatus},
};

pub(crate) fn lock_ticket(tx: &mut Tx<'_>, id: TicketId) -> QueryResult<Option<Ticket>> {
    tickets::table
        .find(id)
        .for_update()
        .select(Ticket::as_select())
        .first(tx.conn())
        .optional()
}

/// Locks these tickets in the order of their ids.
pub(crate) fn lock_tickets(tx: &mut Tx<'_>, ids: &[TicketId]) -> QueryResult<Vec<Ticket>> {
    let ordered = tickets::table
        .order(tickets::id)
        .for_update()
        .select(Ticket::as_select());
    db::among!(tickets::id, ids, |asked| ordered
        .filter(asked)
        .load(tx.conn()))
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

/// How many people are served before one, and how fast the queue moves.
#[derive(Clone, Copy, Debug, Queryable)]
pub(crate) struct Ahead {
    /// How many tickets of the queue wait and are served before this one.
    pub(crate) count: i64,
    /// How many of the queue were taken of late.
    pub(crate) taken: i64,
    /// When the first of those was.
    pub(crate) first_taken_at: Option<DateTime<Utc>>,
}

/// Looks at what is before each of these places of queues, counted to a limit, and at what agents
/// took there of late.
pub(crate) fn find_ahead(
    tx: &mut Tx<'_>,
    places: &[(&str, DateTime<Utc>)],
    since: DateTime<Utc>,
) -> QueryResult<Vec<Ahead>> {
    let (queues, ranks) = places.iter().copied().unzip();
    let look = LookAhead {
        queues,
        ranks,
        since,
    };
    look.load(tx.conn())
}

/// Both counts of all in one round trip. States and limits are written out, so that the one plan
/// for all values uses the indexes of what waits; the instant is hidden, so that there is one plan.
struct LookAhead<'t> {
    queues: Vec<&'t str>,
    ranks: Vec<DateTime<Utc>>,
    since: DateTime<Utc>,
}

db::fixed!(LookAhead<'_>, LookAhead<'static>);

impl Query for LookAhead<'_> {
    type SqlType = (BigInt, BigInt, Nullable<Timestamptz>);
}

impl RunQueryDsl<PgConnection> for LookAhead<'_> {}

impl QueryFragment<Pg> for LookAhead<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ahead.count, taken.count, taken.first_at FROM unnest(");
        push_few!(out, Text => self.queues, Timestamptz => self.ranks);
        out.push_sql(
            ") WITH ORDINALITY AS asked (queue, rank_at, number) \
             CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT FROM dispatch.tickets t \
             WHERE status = 'waiting' AND closed_at IS NULL AND t.queue = asked.queue \
             AND t.rank_at < asked.rank_at LIMIT ",
        );
        out.push_sql(&(COUNTED + 1).to_string());
        out.push_sql(
            ") one) AS ahead CROSS JOIN LATERAL \
             (SELECT count(*), min(taken_at) AS first_at FROM (SELECT taken_at \
             FROM dispatch.tickets t WHERE t.queue = asked.queue AND taken_at >= (SELECT ",
        );
        out.push_bind_param::<Timestamptz, _>(&self.since)?;
        out.push_sql(") ORDER BY taken_at DESC LIMIT ");
        out.push_sql(&SAMPLE.to_string());
        out.push_sql(") one) AS taken ORDER BY asked.number");
        Ok(())
    }
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
